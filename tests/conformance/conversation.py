"""Drives a session: says something, answers the agent's tools, and waits until the agent is done."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from anthropic.types.beta import BetaManagedAgentsSession
from anthropic.types.beta.sessions import (
    BetaManagedAgentsAgentCustomToolUseEvent,
    BetaManagedAgentsSessionEvent,
    BetaManagedAgentsStreamSessionEvents,
)

from suite import NotExercised, Suite, equal

TASK = (Path(__file__).parent / "task.txt").read_text(encoding="utf-8")
LETTER = "Dear Dana,\n\nplease answer by 2026-03-16. We like to be addressed as Dear Northwind team.\n"

TOOLS: list[Any] = [
    {
        "type": "custom",
        "name": "read_document",
        "description": "Reads a document of the session.",
        "input_schema": {"type": "object", "properties": {"name": {"type": "string"}}, "required": ["name"]},
    },
    {
        "type": "custom",
        "name": "ask_user",
        "description": "Sends the user one message with one or more questions, and waits for the answer.",
        "input_schema": {
            "type": "object",
            "properties": {"questions": {"type": "array", "items": {"type": "string"}}},
            "required": ["questions"],
        },
    },
    {
        "type": "custom",
        "name": "submit",
        "description": "Hands in the deliverable: the fields by name, and the body.",
        "input_schema": {
            "type": "object",
            "properties": {
                "fields": {"type": "object", "additionalProperties": {"type": "string"}},
                "body": {"type": "string"},
            },
            "required": ["fields", "body"],
        },
    },
]
ANSWERS = {
    "read_document": LETTER,
    "ask_user": "The deadline is 2026-03-16. The client is addressed as Dear Northwind team.",
    "submit": "The user took it. This task is done.",
}

Answer = Callable[[BetaManagedAgentsAgentCustomToolUseEvent], Any]
Event = BetaManagedAgentsStreamSessionEvents


def text(words: str) -> Any:
    """A user's message."""
    return {"type": "user.message", "content": [{"type": "text", "text": words}]}


def answer(use: BetaManagedAgentsAgentCustomToolUseEvent) -> Any:
    """The result of a custom tool."""
    words = ANSWERS.get(use.name, "There is no such tool.")
    return {
        "type": "user.custom_tool_result",
        "custom_tool_use_id": use.id,
        "content": [{"type": "text", "text": words}],
        "is_error": use.name not in ANSWERS,
    }


def open_session(suite: Suite, **changes: Any) -> BetaManagedAgentsSession:
    """A session of an agent that has the tools of this module."""
    agent = changes.pop("agent", None) or suite.agent(tools=TOOLS).id
    environment = changes.pop("environment_id", None) or suite.environment().id
    return suite.client.beta.sessions.create(agent=agent, environment_id=environment, **changes)


def converse(suite: Suite, session_id: str, *events: Any, deltas: Any = (), answer: Answer = answer) -> list[Event]:
    """Sends events and gives everything that the stream shows until the agent has ended its turn."""
    seen: list[Event] = []
    with suite.client.beta.sessions.events.stream(session_id, event_deltas=list(deltas)) as stream:
        suite.client.beta.sessions.events.send(session_id, events=events)
        for event in stream:
            seen.append(event)
            if is_end(event):
                return seen
            answer_tools(suite, session_id, seen, answer)
    raise AssertionError(f"the stream ended before the turn did, after {kinds(seen)}")


def answer_tools(suite: Suite, session_id: str, seen: list[Event], answer: Answer) -> None:
    """Answers the tools that the session waits for, once it has said so."""
    last = seen[-1]
    if last.type != "session.status_idle" or last.stop_reason.type != "requires_action":
        return
    waiting = set(last.stop_reason.event_ids)
    answers: dict[str, Any] = {}
    for event in seen:
        if event.type == "agent.custom_tool_use" and event.id in waiting:
            answers[event.id] = answer(event)
        elif event.type == "agent.tool_use" and event.id in waiting:
            answers[event.id] = {"type": "user.tool_confirmation", "tool_use_id": event.id, "result": "allow"}
    equal(set(answers), waiting, "tool uses that the stream showed, of those that the session waits for")
    suite.client.beta.sessions.events.send(session_id, events=answers.values())


def is_end(event: Event) -> bool:
    """Whether an event ends the agent's turn."""
    if event.type == "session.status_idle":
        return event.stop_reason.type != "requires_action"
    return event.type in ("session.status_terminated", "session.deleted")


def settled(suite: Suite, session_id: str) -> BetaManagedAgentsSession:
    """The session, once it does not run any more."""
    deadline = time.monotonic() + suite.settings.stream_seconds
    while True:
        session = suite.client.beta.sessions.retrieve(session_id)
        if session.status not in ("running", "rescheduling"):
            return session
        assert time.monotonic() < deadline, f"{session_id} is still {session.status}"
        time.sleep(0.05)


def history(suite: Suite, session_id: str) -> list[BetaManagedAgentsSessionEvent]:
    """All events of a session."""
    return list(suite.client.beta.sessions.events.list(session_id))


def kinds(events: Any) -> list[str]:
    """The types of events."""
    return [event.type for event in events]


def custom_tool_uses(events: Any) -> list[BetaManagedAgentsAgentCustomToolUseEvent]:
    """The uses of custom tools; an agent that makes none leaves nothing to check."""
    found = [event for event in events if event.type == "agent.custom_tool_use"]
    if not found:
        raise NotExercised("the agent did not use any custom tool")
    return found
