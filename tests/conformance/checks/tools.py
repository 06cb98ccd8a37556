"""Custom tools, built-in tools and what an agent writes into memory."""

from __future__ import annotations

import asyncio
from typing import Any

from anthropic.lib.tools import beta_async_tool

import conversation
from conversation import kinds
from suite import NotExercised, Suite, check, equal, refused

CLOSING = (
    "The session is over. You will not remember any of it but what stands in your memory. Write what will help in "
    "later sessions with `write_memory`, then stop. If nothing is worth keeping, stop at once."
)


@check
def a_custom_tool_makes_the_session_wait(suite: Suite) -> None:
    session = conversation.open_session(suite)
    suite.client.beta.sessions.events.send(session.id, events=[conversation.text(conversation.TASK)])
    equal(conversation.settled(suite, session.id).status, "idle")
    events = conversation.history(suite, session.id)
    uses = conversation.custom_tool_uses(events)
    last = events[-1]
    assert last.type == "session.status_idle" and last.stop_reason.type == "requires_action", last
    equal(last.stop_reason.event_ids, [use.id for use in uses], "what the session waits for")
    assert all(use.name in conversation.ANSWERS for use in uses), "a tool that the agent does not have"


@check
def a_custom_tool_result_goes_on_with_the_turn(suite: Suite) -> None:
    session = conversation.open_session(suite)
    events = conversation.converse(suite, session.id, conversation.text(conversation.TASK))
    used = {use.id for use in conversation.custom_tool_uses(events)}
    answered = [event.custom_tool_use_id for event in events if event.type == "user.custom_tool_result"]
    equal(sorted(answered), sorted(used), "uses and results")
    for index, event in enumerate(events):
        if event.type == "user.custom_tool_result" and events[index + 1].type != "user.custom_tool_result":
            equal(events[index + 1].type, "session.status_running", "what comes after a result")
    last = events[-1]
    assert last.type == "session.status_idle" and last.stop_reason.type == "end_turn", last


@check
def a_custom_tool_result_is_processed_at_once(suite: Suite) -> None:
    session = conversation.open_session(suite)
    suite.client.beta.sessions.events.send(session.id, events=[conversation.text(conversation.TASK)])
    conversation.settled(suite, session.id)
    use = conversation.custom_tool_uses(conversation.history(suite, session.id))[-1]
    sent = suite.client.beta.sessions.events.send(session.id, events=[conversation.answer(use)])
    assert sent.data is not None and sent.data[0].type == "user.custom_tool_result"
    assert sent.data[0].processed_at is not None, "processed_at is null"
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.events.send(session.id, events=[conversation.answer(use)])


@check
def the_runner_of_the_sdk_drives_a_session(suite: Suite) -> None:
    session = conversation.open_session(suite)

    @beta_async_tool
    async def read_document(name: str) -> str:
        """Reads a document."""
        del name
        return conversation.ANSWERS["read_document"]

    @beta_async_tool
    async def ask_user(questions: list[str]) -> str:
        """Asks the user."""
        del questions
        return conversation.ANSWERS["ask_user"]

    @beta_async_tool
    async def submit(fields: dict[str, str], body: str) -> str:
        """Hands in."""
        del fields, body
        return conversation.ANSWERS["submit"]

    async def run() -> list[str]:
        async with suite.asynchronous_client() as client:
            await client.beta.sessions.events.send(session.id, events=[conversation.text(conversation.TASK)])
            runner = client.beta.sessions.events.tool_runner(
                session.id, tools=[read_document, ask_user, submit], max_idle=0.5
            )
            return [call.name async for call in runner]

    async def limited() -> list[str]:
        return await asyncio.wait_for(run(), suite.settings.stream_seconds)

    called = asyncio.run(limited())
    suite.recorder.ran("sessions.events.tool_runner")
    used = [use.name for use in conversation.custom_tool_uses(conversation.history(suite, session.id))]
    equal(called, used, "tools that the runner called")


@check
def results_of_built_in_tools_name_the_event_of_their_use(suite: Suite) -> None:
    events, _, _ = _session_with_memory(suite, "read_write")
    used = [event.id for event in events if event.type == "agent.tool_use"]
    answered = [event.tool_use_id for event in events if event.type == "agent.tool_result"]
    if not used:
        raise NotExercised("the agent did not use any built-in tool")
    equal(answered, used)


@check
def what_an_agent_writes_is_a_version_of_its_session(suite: Suite) -> None:
    events, session_id, store_id = _session_with_memory(suite, "read_write")
    written = [each for each in events if each.type == "agent.tool_use" and each.name in ("write", "edit")]
    if not written:
        raise NotExercised("the agent wrote nothing into its memory")
    versions = suite.client.beta.memory_stores.memory_versions.list(store_id, session_id=session_id).data
    assert versions, "no version by this session"
    for version in versions:
        assert version.created_by is not None and version.created_by.type == "session_actor", version.created_by
        equal(version.created_by.session_id, session_id)
    paths = {f"/mnt/memory/team-notes{version.path}" for version in versions}
    assert {str(each.input["file_path"]) for each in written} <= paths, f"writes outside of {paths}"


@check
def a_read_only_store_stays_as_it_is(suite: Suite) -> None:
    events, session_id, store_id = _session_with_memory(suite, "read_only")
    versions = suite.client.beta.memory_stores.memory_versions.list(store_id, session_id=session_id).data
    equal(versions, [], "versions by the session")
    failed = [each.tool_use_id for each in events if each.type == "agent.tool_result" and each.is_error]
    writes = [each.id for each in events if each.type == "agent.tool_use" and each.name in ("write", "edit")]
    assert set(writes) <= set(failed), "a write into a read-only store succeeded"


@check
def a_tool_that_must_ask_waits_for_its_confirmation(suite: Suite) -> None:
    events, _, _ = _session_with_memory(suite, "read_write", policy="always_ask")
    asked = [event for event in events if event.type == "agent.tool_use"]
    if not asked:
        raise NotExercised("the agent did not use any built-in tool")
    equal({event.evaluated_permission for event in asked}, {"ask"}, "permissions")
    confirmed = [event.tool_use_id for event in events if event.type == "user.tool_confirmation"]
    equal(sorted(confirmed), sorted(event.id for event in asked), "confirmations")


def _session_with_memory(suite: Suite, access: str, policy: str = "always_allow") -> tuple[list[Any], str, str]:
    """A whole session with a memory store: its events, its id, and the id of the store."""
    store = suite.client.beta.memory_stores.create(name="Team Notes")
    suite.client.beta.memory_stores.memories.create(
        store.id, path="/clients.md", content="Northwind is addressed as Dear Northwind team.\n"
    )
    toolset: Any = {
        "type": "agent_toolset_20260401",
        "default_config": {"enabled": True, "permission_policy": {"type": policy}},
    }
    session = conversation.open_session(
        suite,
        agent=suite.agent(tools=[toolset, *conversation.TOOLS]).id,
        resources=[{"type": "memory_store", "memory_store_id": store.id, "access": access}],
    )
    events = conversation.converse(suite, session.id, conversation.text(conversation.TASK))
    events += conversation.converse(suite, session.id, conversation.text(CLOSING))
    assert "session.error" not in kinds(events), "an error within the session"
    return events, session.id, store.id
