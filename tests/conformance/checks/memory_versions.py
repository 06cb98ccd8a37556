"""The history of memories."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from suite import Suite, check, equal, refused


@check
def every_change_is_a_version(suite: Suite) -> None:
    store = suite.store()
    memories, versions = suite.client.beta.memory_stores.memories, suite.client.beta.memory_stores.memory_versions
    memory = memories.create(store.id, path="/a", content="one")
    memories.update(memory.id, memory_store_id=store.id, content="two")
    memories.update(memory.id, memory_store_id=store.id, path="/b")
    memories.delete(memory.id, memory_store_id=store.id)
    history = versions.list(store.id, memory_id=memory.id, view="full").data
    equal([each.operation for each in history], ["deleted", "modified", "modified", "created"], "newest first")
    equal([each.path for each in history], ["/b", "/b", "/a", "/a"], "paths")
    equal([each.content for each in history], [None, "two", "two", "one"], "contents")
    gone = history[0]
    equal((gone.content_sha256, gone.content_size_bytes), (None, None), "of the deleted version")
    equal([each.content for each in versions.list(store.id, memory_id=memory.id).data], [None] * 4, "basic view")
    equal(history[3].id, memory.memory_version_id, "the version that a memory names")
    for version in history:
        assert version.created_by is not None and version.created_by.type == "api_actor", version.created_by


@check
def an_update_to_the_same_content_keeps_it(suite: Suite) -> None:
    store = suite.store()
    memories = suite.client.beta.memory_stores.memories
    memory = memories.create(store.id, path="/a", content="same")
    again = memories.update(memory.id, memory_store_id=store.id, content="same", view="full")
    equal((again.content, again.content_sha256), ("same", memory.content_sha256))


@check
def a_version_is_read_in_both_views(suite: Suite) -> None:
    store = suite.store(a="text")
    versions = suite.client.beta.memory_stores.memory_versions
    version = versions.list(store.id).data[0]
    equal(versions.retrieve(version.id, memory_store_id=store.id).content, "text", "by default")
    basic = versions.retrieve(version.id, memory_store_id=store.id, view="basic")
    equal((basic.content, basic.content_size_bytes), (None, 4), "basic")
    with refused(404, "not_found_error"):
        versions.retrieve("memver_unknown", memory_store_id=store.id)


@check
def versions_are_listed_by_filter_and_in_pages(suite: Suite) -> None:
    store = suite.store(a="1", b="2", c="3")
    versions = suite.client.beta.memory_stores.memory_versions
    memory = suite.client.beta.memory_stores.memories.list(store.id).data[0]
    assert memory.type == "memory"
    suite.client.beta.memory_stores.memories.update(memory.id, memory_store_id=store.id, content="new")
    now = datetime.now(UTC)
    equal(len(list(versions.list(store.id, limit=1))), 4, "over all pages")
    equal(len(versions.list(store.id, operation="modified").data), 1, "by operation")
    equal(len(versions.list(store.id, operation="deleted").data), 0, "by another operation")
    equal(len(versions.list(store.id, memory_id=memory.id).data), 2, "by memory")
    equal(len(versions.list(store.id, created_at_gte=now - timedelta(hours=1)).data), 4, "since an hour ago")
    equal(versions.list(store.id, created_at_lte=now - timedelta(hours=1)).data, [], "until an hour ago")
    equal(versions.list(store.id, session_id="sesn_unknown").data, [], "by another session")
    equal(versions.list(store.id, service_account_id="svac_unknown").data, [], "by another account")
    equal(versions.list(store.id, api_key_id="apikey_unknown").data, [], "by another key")
    actor = versions.list(store.id).data[0].created_by
    assert actor is not None and actor.type == "api_actor"
    equal(len(versions.list(store.id, api_key_id=actor.api_key_id).data), 4, "by this key")


@check
def redaction_empties_an_old_version(suite: Suite) -> None:
    store = suite.store()
    memories, versions = suite.client.beta.memory_stores.memories, suite.client.beta.memory_stores.memory_versions
    memory = memories.create(store.id, path="/secret", content="secret")
    memories.update(memory.id, memory_store_id=store.id, content="public")
    redacted = versions.redact(memory.memory_version_id, memory_store_id=store.id)
    equal((redacted.content, redacted.path, redacted.content_sha256, redacted.content_size_bytes), (None,) * 4)
    assert redacted.redacted_at is not None and redacted.redacted_by is not None
    assert redacted.created_by is not None, "the author stays"
    equal(versions.retrieve(redacted.id, memory_store_id=store.id).content, None, "the version that is read back")
    equal(memories.retrieve(memory.id, memory_store_id=store.id).content, "public", "the memory itself")


@check
def the_head_of_a_live_memory_cannot_be_redacted(suite: Suite) -> None:
    store = suite.store(a="live")
    memory = suite.client.beta.memory_stores.memories.list(store.id).data[0]
    assert memory.type == "memory"
    with refused(400, "invalid_request_error"):
        suite.client.beta.memory_stores.memory_versions.redact(memory.memory_version_id, memory_store_id=store.id)


@check
def the_versions_of_a_deleted_memory_can_be_redacted(suite: Suite) -> None:
    store = suite.store()
    memories, versions = suite.client.beta.memory_stores.memories, suite.client.beta.memory_stores.memory_versions
    memory = memories.create(store.id, path="/a", content="gone")
    memories.delete(memory.id, memory_store_id=store.id)
    equal(versions.redact(memory.memory_version_id, memory_store_id=store.id).path, None)
