"""Threads of a session. Without sub-agents there is one, the primary thread."""

from __future__ import annotations

import conversation
from suite import Suite, check, equal, refused


@check
def a_session_has_a_primary_thread(suite: Suite) -> None:
    session = conversation.open_session(suite)
    events = conversation.converse(suite, session.id, conversation.text("Hello."))
    threads = suite.client.beta.sessions.threads
    listed = threads.list(session.id, limit=10).data
    equal(len(listed), 1, "threads")
    thread = listed[0]
    equal((thread.parent_thread_id, thread.session_id, thread.status), (None, session.id, "idle"))
    equal(threads.retrieve(thread.id, session_id=session.id).id, thread.id)
    named = {
        event.session_thread_id
        for event in events
        if event.type == "session.thread_status_running" or event.type == "session.thread_status_idle"
    }
    equal(named, {thread.id}, "the thread that events name")


@check
def threads_are_listed_by_status(suite: Suite) -> None:
    session = conversation.open_session(suite)
    conversation.converse(suite, session.id, conversation.text("Hello."))
    threads = suite.client.beta.sessions.threads
    equal(len(threads.list(session.id, statuses=["idle", "running"]).data), 1, "idle or running")
    equal(threads.list(session.id, statuses=["terminated"]).data, [], "terminated")


@check
def a_thread_has_the_events_of_its_session(suite: Suite) -> None:
    session = conversation.open_session(suite)
    conversation.converse(suite, session.id, conversation.text("Hello."))
    thread = suite.client.beta.sessions.threads.list(session.id).data[0]
    listed = suite.client.beta.sessions.threads.events.list
    ids = [event.id for event in listed(thread.id, session_id=session.id)]
    assert ids, "the primary thread has no events"
    equal([event.id for event in listed(thread.id, session_id=session.id, limit=2)], ids, "over all pages")
    stored = [event.id for event in conversation.history(suite, session.id)]
    assert set(ids) <= set(stored), "events that the session does not have"


@check
def a_thread_streams_its_events(suite: Suite) -> None:
    session = conversation.open_session(suite)
    thread = suite.client.beta.sessions.threads.list(session.id).data[0]
    seen: list[str] = []
    with suite.client.beta.sessions.threads.events.stream(
        thread.id, session_id=session.id, event_deltas=["agent.message"]
    ) as stream:
        suite.client.beta.sessions.events.send(session.id, events=[conversation.text("Hello.")])
        for event in stream:
            seen.append(event.type)
            if event.type == "session.thread_status_idle":
                break
    assert "agent.message" in seen, f"no message in {seen}"


@check
def the_primary_thread_is_archived_or_kept(suite: Suite) -> None:
    session = conversation.open_session(suite)
    thread = suite.client.beta.sessions.threads.list(session.id).data[0]
    answer = suite.send("POST", f"/v1/sessions/{session.id}/threads/{thread.id}/archive")
    if answer.status == 400:
        with refused(400, "invalid_request_error"):
            suite.client.beta.sessions.threads.archive(thread.id, session_id=session.id)
    else:
        assert suite.client.beta.sessions.threads.archive(thread.id, session_id=session.id).archived_at is not None


@check
def an_unknown_thread_is_not_found(suite: Suite) -> None:
    session, other = conversation.open_session(suite), conversation.open_session(suite)
    threads = suite.client.beta.sessions.threads
    elsewhere = threads.list(other.id).data[0].id
    for thread in ("sthr_unknown", elsewhere):
        with refused(404, "not_found_error"):
            threads.retrieve(thread, session_id=session.id)
        with refused(404, "not_found_error"):
            threads.events.list(thread, session_id=session.id)
        with refused(404, "not_found_error"):
            threads.events.stream(thread, session_id=session.id)
