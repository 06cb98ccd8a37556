"""Outcomes: a description, a rubric, and a grader within the session."""

from __future__ import annotations

from typing import Any

import conversation
from suite import Suite, check, equal, refused

TERMINAL = ("satisfied", "max_iterations_reached", "failed", "interrupted")


def outcome(**changes: Any) -> Any:
    """An outcome to work for."""
    return {
        "type": "user.define_outcome",
        "description": conversation.TASK,
        "rubric": {"type": "text", "content": "# Answer\n\n- The deadline is 2026-03-16.\n- It is short.\n"},
        "max_iterations": 2,
        **changes,
    }


@check
def an_outcome_is_graded_to_the_end(suite: Suite) -> None:
    session = conversation.open_session(suite)
    events = conversation.converse(suite, session.id, outcome(), answer=_received)
    echo = events[0]
    assert echo.type == "user.define_outcome" and echo.max_iterations == 2, echo
    starts = [event for event in events if event.type == "span.outcome_evaluation_start"]
    ends = [event for event in events if event.type == "span.outcome_evaluation_end"]
    assert ends, f"no evaluation ended; {conversation.kinds(events)}"
    equal([event.iteration for event in ends], list(range(len(ends))), "iterations")
    equal([event.outcome_evaluation_start_id for event in ends], [event.id for event in starts], "pairs of spans")
    named = {event.outcome_id for event in starts} | {event.outcome_id for event in ends}
    equal(named, {echo.outcome_id}, "the outcome that spans name")
    equal([event.result for event in ends[:-1]], ["needs_revision"] * (len(ends) - 1), "results before the last")
    assert ends[-1].result in TERMINAL, f"the last result is {ends[-1].result}"
    assert all(event.explanation for event in ends if event.result != "interrupted"), "an evaluation explains nothing"


@check
def the_session_keeps_step_with_its_outcomes(suite: Suite) -> None:
    session = conversation.open_session(suite)
    events = conversation.converse(suite, session.id, outcome(max_iterations=1), answer=_received)
    last = [event for event in events if event.type == "span.outcome_evaluation_end"][-1]
    evaluation = suite.client.beta.sessions.retrieve(session.id).outcome_evaluations[0]
    equal((evaluation.outcome_id, evaluation.result), (last.outcome_id, last.result))
    equal((evaluation.iteration, evaluation.explanation), (last.iteration, last.explanation))
    assert evaluation.completed_at is not None
    conversation.converse(suite, session.id, outcome(max_iterations=1), answer=_received)
    equal(len(suite.client.beta.sessions.retrieve(session.id).outcome_evaluations), 2, "after a second outcome")


@check
def an_outcome_that_is_never_met_ends_with_its_iterations(suite: Suite) -> None:
    session = conversation.open_session(suite)
    rubric = {"type": "text", "content": "# Answer\n\n- It quotes the number 918273645 from the annex.\n"}
    events = conversation.converse(suite, session.id, outcome(rubric=rubric, max_iterations=2), answer=_received)
    ends = [event for event in events if event.type == "span.outcome_evaluation_end"]
    assert ends[-1].result in ("max_iterations_reached", "failed"), ends[-1].result
    assert len(ends) <= 3, f"{len(ends)} evaluations with two iterations"
    if ends[-1].result == "max_iterations_reached":
        after = events[events.index(ends[-1]) :]
        assert any(event.type == "span.model_request_start" for event in after), "no final turn of the agent"


@check
def an_outcome_is_processed_at_once(suite: Suite) -> None:
    session = conversation.open_session(suite)
    sent = suite.client.beta.sessions.events.send(session.id, events=[outcome()])
    assert sent.data is not None and sent.data[0].type == "user.define_outcome"
    assert sent.data[0].outcome_id.startswith("outc_") and sent.data[0].processed_at is not None


@check
def one_outcome_is_worked_for_at_a_time(suite: Suite) -> None:
    session = conversation.open_session(suite)
    suite.client.beta.sessions.events.send(session.id, events=[outcome()])
    conversation.settled(suite, session.id)
    conversation.custom_tool_uses(conversation.history(suite, session.id))
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.events.send(session.id, events=[outcome()])


@check
def an_interrupt_ends_the_outcome(suite: Suite) -> None:
    session = conversation.open_session(suite)
    suite.client.beta.sessions.events.send(session.id, events=[outcome()])
    conversation.settled(suite, session.id)
    conversation.custom_tool_uses(conversation.history(suite, session.id))
    interrupt: Any = {"type": "user.interrupt"}
    conversation.converse(suite, session.id, interrupt)
    equal(suite.client.beta.sessions.retrieve(session.id).outcome_evaluations[0].result, "interrupted")


@check
def an_outcome_may_be_an_initial_event(suite: Suite) -> None:
    session = conversation.open_session(suite, initial_events=[outcome()])
    equal(session.status, "running")
    conversation.settled(suite, session.id)
    assert "user.define_outcome" in conversation.kinds(conversation.history(suite, session.id))


@check
def fields_of_an_outcome_have_limits(suite: Suite) -> None:
    session = conversation.open_session(suite)
    for changes in (
        {"max_iterations": 21},
        {"max_iterations": 0},
        {"rubric": {"type": "text", "content": "r" * 262_145}},
        {"rubric": {"type": "no_such_rubric"}},
    ):
        with refused(400, "invalid_request_error", str(changes)[:80]):
            suite.client.beta.sessions.events.send(session.id, events=[outcome(**changes)])


def _received(use: Any) -> Any:
    """Hands-in are only received: the grader of the service decides about them."""
    result = conversation.answer(use)
    if use.name == "submit":
        result["content"] = [{"type": "text", "text": "Received."}]
    return result
