"""Sessions: creating, listing, changing and ending them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import conversation
from suite import MODEL, NotExercised, Suite, check, equal, refused

BUDGET: Any = {"type": "limit", "max_list_cost": {"amount": "500", "currency": "USD"}}


@check
def a_session_is_created_idle_with_defaults(suite: Suite) -> None:
    agent = suite.agent(system="You are terse.")
    session = suite.client.beta.sessions.create(agent=agent.id, environment_id=suite.environment().id)
    equal((session.status, session.title, session.metadata, session.budget), ("idle", None, {}, None))
    equal((session.resources, session.vault_ids, session.outcome_evaluations), ([], [], []))
    equal((session.archived_at, session.deployment_id), (None, None))
    equal((session.agent.id, session.agent.version, session.agent.system), (agent.id, 1, "You are terse."))
    equal((session.usage.input_tokens, session.usage.output_tokens), (0, 0), "usage of a new session")
    equal(suite.client.beta.sessions.retrieve(session.id).id, session.id)


@check
def a_session_keeps_every_field_that_it_was_created_with(suite: Suite) -> None:
    session = conversation.open_session(
        suite, title="case 17", metadata={"arm": "dream", "case": "17"}, budget=BUDGET, vault_ids=[]
    )
    equal((session.title, session.metadata), ("case 17", {"arm": "dream", "case": "17"}))
    assert session.budget is not None
    equal(session.budget.max_list_cost.amount, "500")


@check
def a_session_pins_the_version_of_its_agent(suite: Suite) -> None:
    agent, environment = suite.agent(system="1"), suite.environment()
    suite.client.beta.agents.update(agent.id, system="2")
    create = suite.client.beta.sessions.create
    latest = create(agent=agent.id, environment_id=environment.id)
    equal((latest.agent.version, latest.agent.system), (2, "2"), "by id")
    first = create(agent={"type": "agent", "id": agent.id, "version": 1}, environment_id=environment.id)
    equal((first.agent.version, first.agent.system), (1, "1"), "by id and version")
    suite.client.beta.agents.update(agent.id, system="3")
    equal(suite.client.beta.sessions.retrieve(latest.id).agent.system, "2", "after a later version")
    with refused(404, "not_found_error"):
        create(agent={"type": "agent", "id": agent.id, "version": 9}, environment_id=environment.id)


@check
def a_session_may_override_its_agent(suite: Suite) -> None:
    agent = suite.agent(system="1", tools=conversation.TOOLS)
    session = suite.client.beta.sessions.create(
        agent={
            "type": "agent_with_overrides",
            "id": agent.id,
            "version": 1,
            "system": "other",
            "model": MODEL,
            "tools": [],
            "mcp_servers": [],
            "skills": [],
        },
        environment_id=suite.environment().id,
    )
    equal((session.agent.system, session.agent.tools), ("other", []))
    equal(suite.client.beta.agents.retrieve(agent.id).system, "1", "the agent itself")


@check
def a_session_needs_what_it_names(suite: Suite) -> None:
    agent, environment = suite.agent(), suite.environment()
    with refused(404, "not_found_error"):
        suite.client.beta.sessions.create(agent="agent_unknown", environment_id=environment.id)
    with refused(404, "not_found_error"):
        suite.client.beta.sessions.create(agent=agent.id, environment_id="env_unknown")
    with refused(404, "not_found_error"):
        suite.client.beta.sessions.retrieve("sesn_unknown")


@check
def initial_events_set_a_session_running(suite: Suite) -> None:
    session = conversation.open_session(suite, initial_events=[conversation.text("Hello.")])
    equal(session.status, "running", "status in the answer to create")
    conversation.settled(suite, session.id)
    equal(conversation.kinds(conversation.history(suite, session.id))[0], "user.message", "the first event")


@check
def initial_events_are_few_and_of_two_kinds(suite: Suite) -> None:
    outcome: Any = {
        "type": "user.define_outcome",
        "description": "Write.",
        "rubric": {"type": "text", "content": "- a"},
    }
    for events in (
        [conversation.text("Hello.")] * 51,
        [outcome, outcome],
        [{"type": "user.interrupt"}],
    ):
        with refused(400, "invalid_request_error"):
            conversation.open_session(suite, initial_events=events)


@check
def fields_of_a_session_have_limits(suite: Suite) -> None:
    bad: list[dict[str, Any]] = [
        {"metadata": {str(number): "" for number in range(17)}},
        {"budget": {"type": "limit", "max_list_cost": {"amount": "0", "currency": "USD"}}},
        {"budget": {"type": "limit", "max_list_cost": {"amount": "1.5", "currency": "USD"}}},
        {"resources": [{"type": "memory_store", "memory_store_id": suite.store().id} for _ in range(9)]},
    ]
    for changes in bad:
        with refused(400, "invalid_request_error", str(changes)[:80]):
            conversation.open_session(suite, **changes)


@check
def an_update_of_a_session_changes_what_it_names(suite: Suite) -> None:
    session = conversation.open_session(suite, title="before", metadata={"keep": "1", "drop": "2"}, budget=BUDGET)
    update = suite.client.beta.sessions.update
    changed = update(session.id, title="after", metadata={"drop": None, "add": "3"})
    equal((changed.title, changed.metadata), ("after", {"keep": "1", "add": "3"}))
    assert changed.budget is not None, "a budget that was left out"
    equal(update(session.id, title=None).title, None)
    equal(update(session.id, agent={"tools": [], "mcp_servers": []}).agent.tools, [])
    raised = update(session.id, budget={"type": "limit", "max_list_cost": {"amount": "900", "currency": "USD"}})
    assert raised.budget is not None
    equal(raised.budget.max_list_cost.amount, "900")
    equal(update(session.id, budget=None).budget, None)
    with refused(400, "invalid_request_error"):
        update(session.id, budget=BUDGET)


@check
def a_session_cannot_get_a_budget_or_vaults_later(suite: Suite) -> None:
    session = conversation.open_session(suite)
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.update(session.id, budget=BUDGET)
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.update(session.id, vault_ids=["vlt_unknown"])


@check
def sessions_are_listed_by_filter(suite: Suite) -> None:
    store, environment = suite.store(), suite.environment()
    agent = suite.agent()
    suite.client.beta.agents.update(agent.id, system="2")
    create, listed = suite.client.beta.sessions.create, suite.client.beta.sessions.list
    first = create(agent={"type": "agent", "id": agent.id, "version": 1}, environment_id=environment.id)
    suite.pause()
    second = create(
        agent=agent.id,
        environment_id=environment.id,
        resources=[{"type": "memory_store", "memory_store_id": store.id}],
    )
    now, hour = datetime.now(UTC), timedelta(hours=1)
    found = {
        "agent": listed(agent_id=agent.id),
        "version": listed(agent_id=agent.id, agent_version=1),
        "store": listed(memory_store_id=store.id),
        "status": listed(agent_id=agent.id, statuses=["idle"]),
        "other status": listed(agent_id=agent.id, statuses=["terminated", "rescheduling"]),
        "since": listed(agent_id=agent.id, created_at_gte=now - hour, created_at_gt=now - hour),
        "until": listed(agent_id=agent.id, created_at_lte=now - hour, created_at_lt=now - hour),
        "to the instant": listed(agent_id=agent.id, created_at_gte=second.created_at),
        "after the instant": listed(agent_id=agent.id, created_at_gt=second.created_at),
        "deployment": listed(deployment_id="depl_unknown"),
        "ascending": listed(agent_id=agent.id, order="asc"),
        "descending": listed(agent_id=agent.id, order="desc"),
    }
    both = [second.id, first.id]
    expected = {
        "agent": both,
        "version": [first.id],
        "store": [second.id],
        "status": both,
        "other status": [],
        "since": both,
        "until": [],
        "to the instant": [second.id],
        "after the instant": [],
        "deployment": [],
        "ascending": both[::-1],
        "descending": both,
    }
    for what, page in found.items():
        equal([each.id for each in page.data], expected[what], what)


@check
def sessions_are_paged_both_ways(suite: Suite) -> None:
    agent, environment = suite.agent(), suite.environment()
    made = [suite.client.beta.sessions.create(agent=agent.id, environment_id=environment.id).id for _ in range(5)]
    listed = suite.client.beta.sessions.list
    equal([each.id for each in listed(agent_id=agent.id, limit=2)], made[::-1], "over all pages")
    first = listed(agent_id=agent.id, limit=2)
    equal(first.prev_page, None, "before the first page")
    assert first.next_page is not None
    second = listed(agent_id=agent.id, limit=2, page=first.next_page)
    assert second.prev_page is not None, "the second page names no page before it"
    back = listed(agent_id=agent.id, limit=2, page=second.prev_page)
    equal([each.id for each in back.data], [each.id for each in first.data], "one page on and one back")


@check
def an_archived_session_is_terminated_and_hidden(suite: Suite) -> None:
    session = conversation.open_session(suite)
    conversation.converse(suite, session.id, conversation.text("Hello."))
    archived = suite.client.beta.sessions.archive(session.id)
    equal(archived.status, "terminated")
    assert archived.archived_at is not None
    listed = suite.client.beta.sessions.list
    assert session.id not in [each.id for each in listed(agent_id=session.agent.id)]
    assert session.id in [each.id for each in listed(agent_id=session.agent.id, include_archived=True)]
    assert conversation.history(suite, session.id), "the history of an archived session"
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.events.send(session.id, events=[conversation.text("Too late.")])


@check
def a_deleted_session_is_gone(suite: Suite) -> None:
    session = conversation.open_session(suite)
    deleted = suite.client.beta.sessions.delete(session.id)
    equal((deleted.id, deleted.type), (session.id, "session_deleted"))
    for call in (
        suite.client.beta.sessions.retrieve,
        suite.client.beta.sessions.delete,
        suite.client.beta.sessions.archive,
        suite.client.beta.sessions.events.list,
    ):
        with refused(404, "not_found_error"):
            call(session.id)


@check
def a_running_session_is_neither_archived_nor_deleted(suite: Suite) -> None:
    for _ in range(20):
        session = conversation.open_session(suite, initial_events=[conversation.text(conversation.TASK)])
        answer = suite.send("DELETE", f"/v1/sessions/{session.id}")
        if answer.status != 200:
            equal((answer.status, answer.error_type), (400, "invalid_request_error"), "delete")
            answer = suite.send("POST", f"/v1/sessions/{session.id}/archive")
            assert answer.status in (200, 400), f"archive -> {answer.status}"
            return
    raise NotExercised("no session was still running when the next request came")


@check
def a_budget_stops_the_work_until_it_is_raised(suite: Suite) -> None:
    budget: Any = {"type": "limit", "max_list_cost": {"amount": "1", "currency": "USD"}}
    session = conversation.open_session(suite, budget=budget)
    for _ in range(10):
        last = conversation.converse(suite, session.id, conversation.text(conversation.TASK))[-1]
        assert last.type == "session.status_idle", last
        if last.stop_reason.type == "budget_reached":
            break
    else:
        raise NotExercised("ten tasks cost less than a cent")
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.events.send(session.id, events=[conversation.text("More.")])
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.update(session.id, budget=budget)
    suite.client.beta.sessions.update(session.id, budget=BUDGET)
    conversation.settled(suite, session.id)
    last_idle = [each for each in conversation.history(suite, session.id) if each.type == "session.status_idle"][-1]
    assert last_idle.stop_reason.type != "budget_reached", "the work did not go on"


@check
def usage_and_times_of_a_session_add_up(suite: Suite) -> None:
    session = conversation.open_session(suite)
    events = conversation.converse(suite, session.id, conversation.text(conversation.TASK))
    session = suite.client.beta.sessions.retrieve(session.id)
    ends = [each.model_usage for each in events if each.type == "span.model_request_end"]
    equal(session.usage.input_tokens, sum(each.input_tokens for each in ends), "input tokens of all spans")
    equal(session.usage.output_tokens, sum(each.output_tokens for each in ends), "output tokens of all spans")
    equal(session.usage.cache_read_input_tokens, sum(each.cache_read_input_tokens for each in ends), "cache reads")
    created = session.usage.cache_creation
    assert created is not None
    equal(
        (created.ephemeral_5m_input_tokens or 0) + (created.ephemeral_1h_input_tokens or 0),
        sum(each.cache_creation_input_tokens for each in ends),
        "cache writes",
    )
    assert session.stats.active_seconds is not None and session.stats.duration_seconds is not None
    assert session.usage.active_seconds is not None and session.usage.active_seconds >= 0
    equal(session.usage.active_seconds, session.stats.active_seconds, "active seconds of a single thread")
    assert session.usage.list_cost is None or session.usage.list_cost.amount.isdecimal(), "cents are whole"


@check
def active_seconds_stand_still_while_idle(suite: Suite) -> None:
    session = conversation.open_session(suite)
    conversation.converse(suite, session.id, conversation.text("Hello."))
    first = suite.client.beta.sessions.retrieve(session.id)
    suite.pause()
    second = suite.client.beta.sessions.retrieve(session.id)
    equal(second.usage.active_seconds, first.usage.active_seconds, "active seconds")
    assert first.stats.duration_seconds is not None and second.stats.duration_seconds is not None
    assert second.stats.duration_seconds > first.stats.duration_seconds, "duration_seconds stands still"
