"""Events and their streams."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from anthropic.lib.sessions import accumulate_managed_agents_event

import conversation
import raw
from conversation import kinds
from suite import MANAGED_AGENTS, NotExercised, Suite, check, equal, refused


@check
def sent_events_come_back_with_ids(suite: Suite) -> None:
    session = conversation.open_session(suite)
    sent = suite.client.beta.sessions.events.send(
        session.id, events=[conversation.text("One."), conversation.text("Two.")]
    )
    assert sent.data is not None
    equal(kinds(sent.data), ["user.message", "user.message"])
    conversation.settled(suite, session.id)
    stored = {each.id for each in conversation.history(suite, session.id)}
    assert {each.id for each in sent.data} <= stored, "the ids of the answer are not those of the history"


@check
def all_events_of_a_request_are_checked_before_any_is_taken(suite: Suite) -> None:
    session = conversation.open_session(suite)
    bad: Sequence[Any] = (
        {"type": "user.no_such_event"},
        {"type": "agent.message", "content": []},
        {"type": "user.message"},
        {"type": "user.message", "content": [{"type": "no_such_block"}]},
        {"type": "user.custom_tool_result", "custom_tool_use_id": "sevt_unknown"},
        {"type": "user.tool_confirmation", "tool_use_id": "sevt_unknown", "result": "allow"},
        {"type": "user.tool_result", "tool_use_id": "sevt_unknown", "content": []},
        {"type": "user.define_outcome", "description": "No rubric."},
        {"type": "user.interrupt", "session_thread_id": "sthr_unknown"},
    )
    for event in bad:
        answer = suite.send(
            "POST", f"/v1/sessions/{session.id}/events", value={"events": [conversation.text("Good."), event]}
        )
        assert answer.status in (400, 404), f"{event} -> {answer.status}"
    nothing: Sequence[Any] = ([], None)
    for events in nothing:
        answer = suite.send("POST", f"/v1/sessions/{session.id}/events", value={"events": events})
        equal((answer.status, answer.error_type), (400, "invalid_request_error"), f"events: {events}")
    equal(conversation.history(suite, session.id), [], "the history after refusals")


@check
def a_turn_has_the_documented_order(suite: Suite) -> None:
    session = conversation.open_session(suite)
    seen = kinds(conversation.converse(suite, session.id, conversation.text("Hello.")))
    equal(seen[:3], ["user.message", "session.status_running", "session.thread_status_running"], "the beginning")
    equal(seen[3], "span.model_request_start", "what comes first in a turn")
    equal(seen[-3:], ["session.thread_status_idle", "session.usage", "session.status_idle"], "the end")
    assert "agent.message" in seen, f"no message in {seen}"


@check
def usage_comes_right_before_idle(suite: Suite) -> None:
    session = conversation.open_session(suite)
    seen = kinds(conversation.converse(suite, session.id, conversation.text(conversation.TASK)))
    idle = [index for index, kind in enumerate(seen) if kind == "session.status_idle"]
    equal([seen[index - 1] for index in idle], ["session.usage"] * len(idle))


@check
def every_model_request_is_a_pair_of_spans(suite: Suite) -> None:
    session = conversation.open_session(suite)
    events = conversation.converse(suite, session.id, conversation.text(conversation.TASK))
    opened: set[str] = set()
    for event in events:
        if event.type == "span.model_request_start":
            assert not opened, "a model request begins within another of the same thread"
            opened.add(event.id)
        elif event.type == "span.model_request_end":
            assert event.model_request_start_id in opened, f"no start {event.model_request_start_id}"
            opened.remove(event.model_request_start_id)
        elif event.type in ("agent.message", "agent.custom_tool_use", "agent.tool_use"):
            assert opened, f"{event.type} outside of a model request"
    equal(opened, set(), "model requests without an end")


@check
def the_history_holds_what_the_stream_showed(suite: Suite) -> None:
    session = conversation.open_session(suite)
    seen = conversation.converse(suite, session.id, conversation.text("Hello."))
    stored = conversation.history(suite, session.id)
    equal([getattr(each, "id") for each in seen], [each.id for each in stored], "ids")
    assert all(each.processed_at is not None for each in stored), "an event of the past is not processed"
    times = [each.processed_at for each in stored if each.processed_at is not None]
    equal(times, sorted(times), "times")


@check
def the_history_is_listed_by_filter_and_in_pages(suite: Suite) -> None:
    session = conversation.open_session(suite)
    conversation.converse(suite, session.id, conversation.text("Hello."))
    listed = suite.client.beta.sessions.events.list
    events = conversation.history(suite, session.id)
    ids = [each.id for each in events]
    equal([each.id for each in listed(session.id, order="desc")], ids[::-1], "descending")
    equal([each.id for each in listed(session.id, limit=2)], ids, "over all pages")
    equal([each.id for each in listed(session.id, limit=2, order="desc")], ids[::-1], "over all pages, descending")
    messages = listed(session.id, types=["user.message", "agent.message"]).data
    equal(kinds(messages), [kind for kind in kinds(events) if kind.endswith(".message")], "by type")
    first = events[0].processed_at
    assert first is not None
    second = timedelta(seconds=1)
    equal(len(list(listed(session.id, created_at_gte=first))), len(ids), "since the first")
    equal(list(listed(session.id, created_at_lt=first)), [], "before the first")
    hour = timedelta(hours=1)
    equal(list(listed(session.id, created_at_gt=first + hour)), [], "in an hour")
    equal(len(list(listed(session.id, created_at_lte=first + hour))), len(ids), "within an hour")
    assert len(list(listed(session.id, created_at_gt=first - second))) == len(ids), "since a second before the first"


@check
def a_stream_shows_only_what_comes_after_it(suite: Suite) -> None:
    session = conversation.open_session(suite)
    before = conversation.converse(suite, session.id, conversation.text("One."))
    after = conversation.converse(suite, session.id, conversation.text("Two."))
    old = {getattr(each, "id") for each in before}
    assert not any(getattr(each, "id") in old for each in after), "a stream repeats what was before it"


@check
def a_stream_stays_open_when_the_session_is_idle(suite: Suite) -> None:
    session = conversation.open_session(suite)
    turns = 0
    with suite.client.beta.sessions.events.stream(session.id) as stream:
        suite.client.beta.sessions.events.send(session.id, events=[conversation.text("One.")])
        for event in stream:
            if conversation.is_end(event):
                turns += 1
                if turns == 2:
                    break
                suite.client.beta.sessions.events.send(session.id, events=[conversation.text("Two.")])
    equal(turns, 2, "turns on one stream")


@check
def an_idle_stream_is_kept_alive(suite: Suite) -> None:
    session = conversation.open_session(suite)
    headers = raw.headers_for(suite.settings.api_key, MANAGED_AGENTS, accept="text/event-stream")
    line = raw.first_bytes(suite.settings.base_url, f"/v1/sessions/{session.id}/events/stream", headers, 20)
    if not line:
        raise NotExercised("the stream was silent for 20 seconds")
    assert line.startswith((b":", b"event: ping")), f"an idle stream sent {line!r}"


@check
def a_stream_ends_with_the_deletion_of_its_session(suite: Suite) -> None:
    session = conversation.open_session(suite)
    with suite.client.beta.sessions.events.stream(session.id) as stream:
        suite.client.beta.sessions.delete(session.id)
        seen = [event.type for event in stream]
    equal(seen[-1:], ["session.deleted"], "the last event")


@check
def two_streams_show_the_same(suite: Suite) -> None:
    session = conversation.open_session(suite)
    stream = suite.client.beta.sessions.events.stream
    with stream(session.id) as first, stream(session.id) as second:
        suite.client.beta.sessions.events.send(session.id, events=[conversation.text("Hello.")])
        both = [_ids_of_a_turn(each) for each in (first, second)]
    equal(both[0], both[1])


@check
def previews_are_sent_to_who_asks_for_them(suite: Suite) -> None:
    session = conversation.open_session(suite)
    plain = kinds(conversation.converse(suite, session.id, conversation.text("One.")))
    assert not {"event_start", "event_delta"} & set(plain), "previews that nobody asked for"
    events = conversation.converse(
        suite, session.id, conversation.text("Two."), deltas=("agent.message", "agent.thinking")
    )
    stored = kinds(conversation.history(suite, session.id))
    assert not {"event_start", "event_delta"} & set(stored), "previews in the history"
    started = [event.event.id for event in events if event.type == "event_start"]
    if not started:
        raise NotExercised("the server sends no previews")
    snapshot: Any = None
    for event in events:
        if event.type == "agent.message" and event.id in started and snapshot is not None:
            fragments = [block.text for block in snapshot.content if block.type == "text"]
            whole = [block.text for block in event.content if block.type == "text"]
            assert "".join(whole).startswith("".join(fragments)), f"{fragments} is no start of {whole}"
            snapshot = None
        else:
            snapshot = accumulate_managed_agents_event(snapshot, event)


@check
def the_asynchronous_client_streams_as_well(suite: Suite) -> None:
    session = conversation.open_session(suite)

    async def turn() -> list[str]:
        async with suite.asynchronous_client() as client:
            seen: list[str] = []
            async with await client.beta.sessions.events.stream(session.id, event_deltas=["agent.message"]) as stream:
                await client.beta.sessions.events.send(session.id, events=[conversation.text("Hello.")])
                async for event in stream:
                    seen.append(event.type)
                    if conversation.is_end(event):
                        break
            stored = [event.type async for event in client.beta.sessions.events.list(session.id, limit=2)]
            equal([kind for kind in seen if not kind.startswith("event_")], stored, "the stream and the history")
            return seen

    equal(asyncio.run(turn())[-1], "session.status_idle")


@check
def an_interrupt_ends_the_turn(suite: Suite) -> None:
    session = conversation.open_session(suite)
    waiting = _until_a_tool_is_used(suite, session.id)
    interrupt: Any = {"type": "user.interrupt"}
    events = conversation.converse(suite, session.id, interrupt)
    last = events[-1]
    assert last.type == "session.status_idle" and last.stop_reason.type == "end_turn", last
    equal(suite.client.beta.sessions.retrieve(session.id).status, "idle")
    answer = suite.send("POST", f"/v1/sessions/{session.id}/events", value={"events": [conversation.answer(waiting)]})
    assert answer.status in (200, 400), f"a late tool result -> {answer.status}"


@check
def an_interrupt_may_be_followed_by_a_message(suite: Suite) -> None:
    session = conversation.open_session(suite)
    _until_a_tool_is_used(suite, session.id)
    interrupt: Any = {"type": "user.interrupt"}
    suite.client.beta.sessions.events.send(session.id, events=[interrupt, conversation.text("Hello instead.")])
    conversation.settled(suite, session.id)
    equal(kinds(conversation.history(suite, session.id)).count("user.message"), 2)


@check
def a_tool_result_of_a_client_is_for_self_hosted_environments(suite: Suite) -> None:
    session = conversation.open_session(suite)
    result: Any = {"type": "user.tool_result", "tool_use_id": "sevt_unknown", "content": []}
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.events.send(session.id, events=[result])


@check
def a_system_message_stands_last_and_alone(suite: Suite) -> None:
    session = conversation.open_session(suite)
    system: Any = {"type": "system.message", "content": [{"type": "text", "text": "Be brief."}]}
    for events in ([system, conversation.text("Hello.")], [conversation.text("Hello."), system, system]):
        with refused(400, "invalid_request_error"):
            suite.client.beta.sessions.events.send(session.id, events=events)
    answer = suite.send(
        "POST", f"/v1/sessions/{session.id}/events", value={"events": [conversation.text("Hello."), system]}
    )
    if answer.status == 400:
        raise NotExercised("the model of the session takes no system messages")
    conversation.settled(suite, session.id)
    assert "system.message" in kinds(conversation.history(suite, session.id))


@check
def a_change_of_the_session_is_an_event(suite: Suite) -> None:
    session = conversation.open_session(suite, title="before", metadata={"key": "1"})
    with suite.client.beta.sessions.events.stream(session.id) as stream:
        suite.client.beta.sessions.update(session.id, title="after")
        event = next(iter(stream))
    assert event.type == "session.updated", event
    equal((event.title, event.metadata, event.agent), ("after", None, None), "changed fields only")


@check
def events_of_an_unknown_session_are_not_found(suite: Suite) -> None:
    for call in (suite.client.beta.sessions.events.list, suite.client.beta.sessions.events.stream):
        with refused(404, "not_found_error"):
            call("sesn_unknown")
    with refused(404, "not_found_error"):
        suite.client.beta.sessions.events.send("sesn_unknown", events=[conversation.text("Hello.")])


@check
def an_unknown_kind_of_preview_is_refused(suite: Suite) -> None:
    session = conversation.open_session(suite)
    answer = suite.send("GET", f"/v1/sessions/{session.id}/events/stream?event_deltas[]=agent.tool_use")
    equal((answer.status, answer.error_type), (400, "invalid_request_error"))


def _ids_of_a_turn(stream: Any) -> list[str]:
    found = []
    for event in stream:
        found.append(event.id)
        if conversation.is_end(event):
            break
    return found


def _until_a_tool_is_used(suite: Suite, session_id: str) -> Any:
    """Leaves a session waiting for the result of a custom tool, and gives the use."""
    suite.client.beta.sessions.events.send(session_id, events=[conversation.text(conversation.TASK)])
    conversation.settled(suite, session_id)
    return conversation.custom_tool_uses(conversation.history(suite, session_id))[-1]
