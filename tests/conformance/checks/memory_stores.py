"""Memory stores."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from suite import Suite, check, equal, refused


@check
def a_store_is_created_with_defaults(suite: Suite) -> None:
    store = suite.client.beta.memory_stores.create(name="plain")
    equal((store.description, store.metadata, store.archived_at), ("", {}, None))


@check
def a_store_keeps_every_field_and_is_read_back(suite: Suite) -> None:
    store = suite.client.beta.memory_stores.create(name="full", description="Notes.", metadata={"user": "ada"})
    equal((store.name, store.description, store.metadata), ("full", "Notes.", {"user": "ada"}))
    equal(suite.client.beta.memory_stores.retrieve(store.id), store)


@check
def an_update_of_a_store_changes_what_it_names(suite: Suite) -> None:
    store = suite.client.beta.memory_stores.create(name="before", description="Stays.", metadata={"a": "1", "b": "2"})
    changed = suite.client.beta.memory_stores.update(store.id, name="after", metadata={"a": None, "c": "3"})
    equal((changed.name, changed.description, changed.metadata), ("after", "Stays.", {"b": "2", "c": "3"}))
    equal(suite.client.beta.memory_stores.update(store.id, description="").description, "")


@check
def a_store_is_not_touched_by_its_memories(suite: Suite) -> None:
    store = suite.store(note="text")
    equal(suite.client.beta.memory_stores.retrieve(store.id).updated_at, store.updated_at)


@check
def fields_of_a_store_have_limits(suite: Suite) -> None:
    create = suite.client.beta.memory_stores.create
    create(name="n" * 255, description="d" * 1024)
    for name, description in (("", ""), ("n" * 256, ""), ("a\nb", ""), ("ok", "d" * 1025)):
        with refused(400, "invalid_request_error", f"{name[:9]!r}, {description[:9]!r}"):
            create(name=name, description=description)
    with refused(400, "invalid_request_error", "17 pairs"):
        create(name="ok", metadata={str(number): "" for number in range(17)})


@check
def stores_are_listed_newest_first_in_pages(suite: Suite) -> None:
    begin = datetime.now(UTC) - timedelta(seconds=1)
    made = [suite.store().id for _ in range(5)]
    listed = [each.id for each in suite.client.beta.memory_stores.list(limit=2, created_at_gte=begin)]
    equal([each for each in listed if each in made], made[::-1])
    equal(suite.client.beta.memory_stores.list(created_at_lte="2020-01-01T00:00:00Z").data, [])


@check
def an_archived_store_can_be_read_and_emptied_only(suite: Suite) -> None:
    store = suite.store(first="1", second="2")
    memories = suite.client.beta.memory_stores.memories
    archived = suite.client.beta.memory_stores.archive(store.id)
    assert archived.archived_at is not None
    listed = [each for each in memories.list(store.id) if each.type == "memory"]
    equal(len(listed), 2, "memories of an archived store")
    with refused(400, "invalid_request_error"):
        memories.create(store.id, path="/third.md", content="3")
    with refused(400, "invalid_request_error"):
        memories.update(listed[0].id, memory_store_id=store.id, content="other")
    with refused(400, "invalid_request_error"):
        suite.client.beta.memory_stores.update(store.id, name="other")
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.create(
            agent=suite.agent().id,
            environment_id=suite.environment().id,
            resources=[{"type": "memory_store", "memory_store_id": store.id}],
        )
    memories.delete(listed[0].id, memory_store_id=store.id)
    assert store.id not in [each.id for each in suite.client.beta.memory_stores.list(limit=100)]
    assert store.id in [each.id for each in suite.client.beta.memory_stores.list(limit=100, include_archived=True)]
    equal(suite.client.beta.memory_stores.delete(store.id).type, "memory_store_deleted")


@check
def a_deleted_store_is_gone_with_what_it_held(suite: Suite) -> None:
    store = suite.store(note="text")
    memory = suite.client.beta.memory_stores.memories.list(store.id).data[0]
    assert memory.type == "memory"
    deleted = suite.client.beta.memory_stores.delete(store.id)
    equal((deleted.id, deleted.type), (store.id, "memory_store_deleted"))
    with refused(404, "not_found_error"):
        suite.client.beta.memory_stores.retrieve(store.id)
    with refused(404, "not_found_error"):
        suite.client.beta.memory_stores.memories.retrieve(memory.id, memory_store_id=store.id)
    with refused(404, "not_found_error"):
        suite.client.beta.memory_stores.memory_versions.list(store.id)
