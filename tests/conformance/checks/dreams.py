"""Dreams: creating, waiting, cancelling, archiving, and what they leave behind."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from anthropic.types.beta import BetaDream, BetaManagedAgentsMemoryStore

import conversation
from suite import DREAM_MODEL, NotExercised, Suite, check, equal, refused, until

FINAL = ("completed", "failed", "canceled")


def inputs(store_id: str, session_ids: list[str]) -> list[Any]:
    """What a dream reads."""
    return [
        {"type": "memory_store", "memory_store_id": store_id},
        {"type": "sessions", "session_ids": session_ids},
    ]


def material(suite: Suite, sessions: int = 1) -> tuple[BetaManagedAgentsMemoryStore, list[str]]:
    """A store and finished sessions."""
    store = suite.store(clients="Northwind is addressed as Dear Northwind team.\n", copy="The deadline is March.\n")
    ids = []
    for _ in range(sessions):
        session = conversation.open_session(suite)
        conversation.converse(suite, session.id, conversation.text(conversation.TASK))
        ids.append(session.id)
    return store, ids


def finished(suite: Suite, dream_id: str) -> BetaDream:
    """The dream, once it has ended."""
    retrieve = suite.client.beta.dreams.retrieve
    until(lambda: retrieve(dream_id).status in FINAL, suite.settings.dream_seconds, f"the end of {dream_id}")
    return retrieve(dream_id)


def contents(suite: Suite, store_id: str) -> dict[str, str | None]:
    """The paths and contents of a store."""
    listed = suite.client.beta.memory_stores.memories.list(store_id, view="full")
    return {each.path: each.content for each in listed if each.type == "memory"}


@check
def a_dream_begins_pending(suite: Suite) -> None:
    store, sessions = material(suite, sessions=2)
    dream = suite.client.beta.dreams.create(
        inputs=inputs(store.id, sessions[::-1]), model=DREAM_MODEL, instructions="Merge duplicates."
    )
    equal((dream.status, dream.outputs, dream.session_id), ("pending", [], None))
    equal((dream.error, dream.ended_at, dream.archived_at), (None, None, None))
    equal((dream.model.id, dream.model.speed, dream.instructions), (DREAM_MODEL, "standard", "Merge duplicates."))
    equal(dream.output_behavior.type, "create_new")
    equal((dream.usage.input_tokens, dream.usage.output_tokens), (0, 0), "usage of a pending dream")
    read = next(each for each in dream.inputs if each.type == "sessions")
    equal(read.session_ids, sorted(sessions), "session ids, sorted")
    finished(suite, dream.id)


@check
def a_dream_writes_a_new_store_and_leaves_its_input_alone(suite: Suite) -> None:
    store, sessions = material(suite)
    before = contents(suite, store.id)
    dream = suite.client.beta.dreams.create(
        inputs=inputs(store.id, sessions), model={"id": DREAM_MODEL, "speed": "standard"}, instructions=None
    )
    dream = finished(suite, dream.id)
    equal((dream.status, dream.error), ("completed", None))
    assert dream.ended_at is not None and dream.ended_at >= dream.created_at
    output = dream.outputs[0]
    assert output.type == "memory_store" and output.memory_store_id != store.id
    equal(suite.client.beta.memory_stores.retrieve(output.memory_store_id).archived_at, None)
    contents(suite, output.memory_store_id)
    equal(contents(suite, store.id), before, "the input store")
    assert dream.usage.input_tokens > 0, "a dream that read nothing"


@check
def the_session_of_a_dream_can_be_inspected(suite: Suite) -> None:
    store, sessions = material(suite)
    dream = suite.client.beta.dreams.create(inputs=inputs(store.id, sessions), model=DREAM_MODEL)
    dream = finished(suite, dream.id)
    assert dream.session_id is not None
    session = suite.client.beta.sessions.retrieve(dream.session_id)
    assert session.archived_at is not None, "the session of a dream that has ended is archived"
    assert conversation.history(suite, dream.session_id), "it has no events"


@check
def a_dream_may_write_into_its_input(suite: Suite) -> None:
    store, sessions = material(suite)
    behaviour: Any = {"type": "update_existing", "memory_store_id": store.id}
    dream = suite.client.beta.dreams.create(
        inputs=inputs(store.id, sessions), model=DREAM_MODEL, output_behavior=behaviour
    )
    equal(dream.output_behavior.type, "update_existing")
    dream = finished(suite, dream.id)
    equal((dream.status, [each.memory_store_id for each in dream.outputs]), ("completed", [store.id]))
    with refused(400, "invalid_request_error"):
        other: Any = {"type": "update_existing", "memory_store_id": suite.store().id}
        suite.client.beta.dreams.create(inputs=inputs(store.id, sessions), model=DREAM_MODEL, output_behavior=other)


@check
def two_dreams_do_not_write_into_one_store(suite: Suite) -> None:
    store, sessions = material(suite)
    behaviour: Any = {"type": "update_existing", "memory_store_id": store.id}
    arguments: Any = {
        "inputs": inputs(store.id, sessions),
        "model": DREAM_MODEL,
        "output_behavior": behaviour,
    }
    for _ in range(10):
        first = suite.client.beta.dreams.create(**arguments)
        answer = suite.send("POST", "/v1/dreams", beta="dreaming-2026-04-21", value=arguments)
        if answer.status != 200:
            equal((answer.status, answer.error_type), (409, "conflict_error"))
            finished(suite, first.id)
            return
        finished(suite, first.id)
        finished(suite, answer.value()["id"])
    raise NotExercised("no dream was still running when the next request came")


@check
def inputs_of_a_dream_are_checked(suite: Suite) -> None:
    store, sessions = material(suite)
    memory, transcripts = inputs(store.id, sessions)
    archived = suite.store()
    suite.client.beta.memory_stores.archive(archived.id)
    bad: dict[str, dict[str, Any]] = {
        "no inputs": {"inputs": []},
        "no sessions": {"inputs": [memory]},
        "no store": {"inputs": [transcripts]},
        "two stores": {"inputs": [memory, memory, transcripts]},
        "two lists of sessions": {"inputs": [memory, transcripts, transcripts]},
        "an empty list": {"inputs": inputs(store.id, [])},
        "a session twice": {"inputs": inputs(store.id, [*sessions, *sessions])},
        "101 sessions": {"inputs": inputs(store.id, [f"sesn_{number}" for number in range(101)])},
        "an archived store": {"inputs": inputs(archived.id, sessions)},
        "empty instructions": {"instructions": ""},
        "long instructions": {"instructions": "i" * 4097},
        "another speed": {"model": {"id": DREAM_MODEL, "speed": "fast"}},
    }
    for what, changes in bad.items():
        arguments: Any = {"inputs": [memory, transcripts], "model": DREAM_MODEL, **changes}
        with refused(400, "invalid_request_error", what):
            suite.client.beta.dreams.create(**arguments)


@check
def inputs_of_a_dream_must_exist(suite: Suite) -> None:
    store, sessions = material(suite)
    for arguments in (inputs("memstore_unknown", sessions), inputs(store.id, ["sesn_unknown"])):
        answer = suite.send(
            "POST", "/v1/dreams", beta="dreaming-2026-04-21", value={"inputs": arguments, "model": DREAM_MODEL}
        )
        assert answer.status in (400, 404), f"{arguments} -> {answer.status}"


@check
def instructions_of_4096_characters_fit(suite: Suite) -> None:
    store, sessions = material(suite)
    dream = suite.client.beta.dreams.create(
        inputs=inputs(store.id, sessions), model=DREAM_MODEL, instructions="é" * 4096
    )
    equal(len(dream.instructions or ""), 4096)
    finished(suite, dream.id)


@check
def a_dream_is_cancelled_until_it_has_ended(suite: Suite) -> None:
    store, sessions = material(suite)
    create, cancel = suite.client.beta.dreams.create, suite.client.beta.dreams.cancel
    dream = create(inputs=inputs(store.id, sessions), model=DREAM_MODEL)
    if finished(suite, dream.id).status == "completed":
        with refused(400, "invalid_request_error"):
            cancel(dream.id)
    for _ in range(20):
        dream = create(inputs=inputs(store.id, sessions), model=DREAM_MODEL)
        answer = suite.send("POST", f"/v1/dreams/{dream.id}/cancel", beta="dreaming-2026-04-21")
        if answer.status == 200:
            cancelled = cancel(dream.id)
            equal(cancelled.status, "canceled", "a cancel that is sent twice")
            assert cancelled.ended_at is not None
            return
    raise NotExercised("every dream had ended before it could be cancelled")


@check
def a_dream_fails_when_what_it_reads_goes_away(suite: Suite) -> None:
    for _ in range(10):
        store, sessions = material(suite)
        dream = suite.client.beta.dreams.create(inputs=inputs(store.id, sessions), model=DREAM_MODEL)
        suite.client.beta.memory_stores.archive(store.id)
        dream = finished(suite, dream.id)
        if dream.status == "failed":
            assert dream.error is not None
            equal(dream.error.type, "input_memory_store_unavailable")
            assert dream.ended_at is not None
            return
    raise NotExercised("every dream had ended before its store was archived")


@check
def a_dream_is_archived_once_it_has_ended(suite: Suite) -> None:
    store, sessions = material(suite)
    create, archive = suite.client.beta.dreams.create, suite.client.beta.dreams.archive
    dream = create(inputs=inputs(store.id, sessions), model=DREAM_MODEL)
    early = suite.send("POST", f"/v1/dreams/{dream.id}/archive", beta="dreaming-2026-04-21")
    assert early.status in (200, 400), f"archive of a dream that may be running -> {early.status}"
    status = finished(suite, dream.id).status
    archived = archive(dream.id)
    assert archived.archived_at is not None
    equal(archived.status, status, "the status of an archived dream")
    equal(archive(dream.id).archived_at, archived.archived_at, "an archive that is sent twice")
    equal(suite.client.beta.dreams.retrieve(dream.id).archived_at, archived.archived_at)
    listed = suite.client.beta.dreams.list
    assert dream.id not in [each.id for each in listed(limit=100)]
    assert dream.id in [each.id for each in listed(limit=100, include_archived=True)]


@check
def dreams_are_listed_newest_first_by_filter(suite: Suite) -> None:
    store, sessions = material(suite)
    dreams = []
    for _ in range(4):
        dream = suite.client.beta.dreams.create(inputs=inputs(store.id, sessions), model=DREAM_MODEL)
        dreams.append(finished(suite, dream.id))
    # The first one marks the time: dreams of other checks may be as young as a moment.
    begin = dreams[0].created_at
    made = [each.id for each in dreams[1:]]
    listed = suite.client.beta.dreams.list
    equal([each.id for each in listed(limit=1, created_at_gt=begin)], made[::-1], "over all pages")
    equal(listed(created_at_lt=begin - timedelta(hours=1)).data, [], "dreams of another time")
    ended = [each.id for each in listed(statuses=["completed", "failed"], limit=100)]
    assert set(made) <= set(ended), "by status"
    assert not set(made) & {each.id for each in listed(statuses=["pending", "running"], limit=100)}


@check
def an_unknown_dream_is_not_found(suite: Suite) -> None:
    dreams = suite.client.beta.dreams
    for call in (dreams.retrieve, dreams.cancel, dreams.archive):
        with refused(404, "not_found_error"):
            call("drm_unknown")
