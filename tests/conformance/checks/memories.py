"""Memories: paths, views, hashes, conflicts and listing."""

from __future__ import annotations

import hashlib
from typing import Any

from suite import AGENT_MEMORY, Suite, check, equal, refused

GOOD_PATHS = (
    "/a",
    "/Notes/To Do.md",
    "/é/ü.md",
    "/a/.hidden",
    "/a/..b",
    "/" + "/".join("s" * 20),
    "/" + "x" * 1023,
)
BAD_PATHS = (
    "",
    "/",
    "a",
    "//a",
    "/a/",
    "/a//b",
    "/./a",
    "/a/..",
    "/a/../b",
    "/a\nb",
    "/a\x00b",
    "/a\x7fb",
    "/a\u200bb",
    "/a\u202eb",
    "/a\u2028b",
    "/a\u2029b",
    "/e\u0301",
    "/" + "/".join("s" * 21),
    "/" + "x" * 1024,
)


def digest(text: str) -> str:
    """The hash of a content as the API writes it."""
    return hashlib.sha256(text.encode()).hexdigest()


@check
def a_memory_has_the_hash_and_size_of_its_bytes(suite: Suite) -> None:
    store = suite.store()
    for number, content in enumerate(("", "tabs", "é\r\n\u200b\n", "e\u0301")):
        memory = suite.client.beta.memory_stores.memories.create(store.id, path=f"/{number}", content=content)
        equal((memory.content_sha256, memory.content_size_bytes), (digest(content), len(content.encode())))
        read = suite.client.beta.memory_stores.memories.retrieve(memory.id, memory_store_id=store.id)
        equal(read.content, content, "the content that is read back")


@check
def content_is_shown_in_the_full_view_only(suite: Suite) -> None:
    store = suite.store()
    memories = suite.client.beta.memory_stores.memories
    memory = memories.create(store.id, path="/a", content="text")
    equal(memory.content, None, "create, by default")
    equal(memories.create(store.id, path="/b", content="text", view="full").content, "text", "create, full")
    equal(memories.retrieve(memory.id, memory_store_id=store.id).content, "text", "retrieve, by default")
    equal(memories.retrieve(memory.id, memory_store_id=store.id, view="basic").content, None, "retrieve, basic")
    equal(memories.update(memory.id, memory_store_id=store.id, content="new").content, None, "update, by default")
    changed = memories.update(memory.id, memory_store_id=store.id, content="newer", view="full")
    equal(changed.content, "newer", "update, full")
    shown = [each.content for each in memories.list(store.id) if each.type == "memory"]
    equal(shown, [None, None], "list, by default")
    shown = [each.content for each in memories.list(store.id, view="full") if each.type == "memory"]
    equal(sorted(map(str, shown)), ["newer", "text"], "list, full")
    with refused(400, "invalid_request_error"):
        memories.list(store.id, view=_odd("everything"))


@check
def paths_follow_the_rules(suite: Suite) -> None:
    store = suite.store()
    create = suite.client.beta.memory_stores.memories.create
    for path in GOOD_PATHS:
        equal(create(store.id, path=path, content="x").path, path)
    for path in BAD_PATHS:
        with refused(400, "invalid_request_error", repr(path[:40])):
            create(store.id, path=path, content="x")


@check
def paths_are_told_apart_by_case(suite: Suite) -> None:
    store = suite.store()
    for path in ("/note", "/Note"):
        suite.client.beta.memory_stores.memories.create(store.id, path=path, content=path)
    equal(len(suite.client.beta.memory_stores.memories.list(store.id).data), 2)


@check
def content_has_a_limit_in_bytes(suite: Suite) -> None:
    store = suite.store()
    create = suite.client.beta.memory_stores.memories.create
    equal(create(store.id, path="/full", content="x" * 102_400).content_size_bytes, 102_400)
    for content in ("x" * 102_401, "é" * 51_201):
        with refused(400, "invalid_request_error"):
            create(store.id, path="/over", content=content)
    answer = suite.send("POST", f"/v1/memory_stores/{store.id}/memories", beta=AGENT_MEMORY, value={"path": "/none"})
    equal((answer.status, answer.error_type), (400, "invalid_request_error"), "no content at all")


@check
def create_never_overwrites(suite: Suite) -> None:
    store = suite.store()
    memory = suite.client.beta.memory_stores.memories.create(store.id, path="/a", content="first")
    with refused(409, "memory_path_conflict_error") as bodies:
        suite.client.beta.memory_stores.memories.create(store.id, path="/a", content="second")
    error = bodies[0]["error"]
    equal((error["conflicting_memory_id"], error["conflicting_path"]), (memory.id, "/a"))
    read = suite.client.beta.memory_stores.memories.retrieve(memory.id, memory_store_id=store.id)
    equal(read.content, "first", "after the conflict")


@check
def a_rename_keeps_the_id_and_overwrites_nothing(suite: Suite) -> None:
    store = suite.store(taken="here")
    memories = suite.client.beta.memory_stores.memories
    memory = memories.create(store.id, path="/a", content="text")
    moved = memories.update(memory.id, memory_store_id=store.id, path="/b/c", view="full")
    equal((moved.id, moved.path, moved.content), (memory.id, "/b/c", "text"))
    assert moved.memory_version_id != memory.memory_version_id, "a rename makes a version"
    with refused(409, "memory_path_conflict_error"):
        memories.update(memory.id, memory_store_id=store.id, path="/taken.md")
    with refused(400, "invalid_request_error"):
        memories.update(memory.id, memory_store_id=store.id, path="no slash")
    again = memories.create(store.id, path="/a", content="the old path is free")
    assert again.id != memory.id


@check
def an_update_may_ask_for_the_content_that_it_saw(suite: Suite) -> None:
    store = suite.store()
    memories = suite.client.beta.memory_stores.memories
    memory = memories.create(store.id, path="/a", content="one")
    seen: Any = {"type": "content_sha256", "content_sha256": digest("one")}
    changed = memories.update(memory.id, memory_store_id=store.id, content="two", precondition=seen)
    equal(changed.content_sha256, digest("two"))
    with refused(409, "memory_precondition_failed_error"):
        memories.update(memory.id, memory_store_id=store.id, content="three", precondition=seen)
    repeated = memories.update(memory.id, memory_store_id=store.id, content="two", precondition=seen)
    equal(repeated.content_sha256, digest("two"), "an update that is sent twice")


@check
def a_delete_may_ask_for_the_content_that_it_saw(suite: Suite) -> None:
    store = suite.store()
    memories = suite.client.beta.memory_stores.memories
    memory = memories.create(store.id, path="/a", content="one")
    with refused(409, "memory_precondition_failed_error"):
        memories.delete(memory.id, memory_store_id=store.id, expected_content_sha256=digest("other"))
    deleted = memories.delete(memory.id, memory_store_id=store.id, expected_content_sha256=digest("one"))
    equal((deleted.id, deleted.type), (memory.id, "memory_deleted"))
    with refused(404, "not_found_error"):
        memories.retrieve(memory.id, memory_store_id=store.id)
    with refused(404, "not_found_error"):
        memories.delete(memory.id, memory_store_id=store.id)


@check
def a_conflict_is_not_worth_a_retry(suite: Suite) -> None:
    store = suite.store(a="1")
    patient = suite.client.with_options(max_retries=2)
    before = len(suite.recorder.exchanges)
    with refused(409, "memory_path_conflict_error"):
        patient.beta.memory_stores.memories.create(store.id, path="/a.md", content="2")
    equal(len(suite.recorder.exchanges) - before, 1, "requests of a client that retries")


@check
def a_prefix_matches_whole_segments(suite: Suite) -> None:
    store = suite.store()
    memories = suite.client.beta.memory_stores.memories
    for path in ("/notes/a", "/notes/deep/b", "/notes-archive/c", "/notes", "/z"):
        memories.create(store.id, path=path, content="x")
    equal(sorted(each.path for each in memories.list(store.id, path_prefix="/notes/")), ["/notes/a", "/notes/deep/b"])
    equal(len(list(memories.list(store.id, path_prefix="/"))), 5, "below the root")
    equal(list(memories.list(store.id, path_prefix="/none/")), [], "below nothing")
    with refused(400, "invalid_request_error"):
        memories.list(store.id, path_prefix="/notes")


@check
def depth_one_rolls_deeper_memories_up(suite: Suite) -> None:
    store = suite.store()
    memories = suite.client.beta.memory_stores.memories
    for path in ("/a", "/notes/a", "/notes/deep/b", "/notes/deep/c", "/other/d"):
        memories.create(store.id, path=path, content="x")
    top = sorted((each.type, each.path) for each in memories.list(store.id, depth=1))
    equal(top, [("memory", "/a"), ("memory_prefix", "/notes/"), ("memory_prefix", "/other/")])
    below = sorted((each.type, each.path) for each in memories.list(store.id, depth=1, path_prefix="/notes/"))
    equal(below, [("memory", "/notes/a"), ("memory_prefix", "/notes/deep/")])
    equal(len(list(memories.list(store.id, depth=0))), 5, "depth 0")
    with refused(400, "invalid_request_error"):
        memories.list(store.id, depth=2)


@check
def memories_are_listed_once_over_all_pages(suite: Suite) -> None:
    store = suite.store()
    memories = suite.client.beta.memory_stores.memories
    made = {memories.create(store.id, path=f"/{number:02}/x", content="x").path for number in range(25)}
    for limit in (1, 7, 100):
        listed = [each.path for each in memories.list(store.id, limit=limit)]
        equal((len(listed), set(listed)), (25, made), f"limit {limit}")
    equal(len(memories.list(store.id).data), 20, "a page by default")
    equal(len(memories.list(store.id, limit=100, view="full").data), 20, "a page in the full view")
    rolled = memories.list(store.id, limit=10, depth=1)
    equal(len(rolled.data), 10, "prefixes count toward the limit")
    equal(len(list(rolled)), 25, "prefixes over all pages")


@check
def a_store_holds_two_thousand_memories(suite: Suite) -> None:
    store = suite.store()
    create = suite.client.beta.memory_stores.memories.create
    for number in range(2000):
        create(store.id, path=f"/{number}", content="")
    with refused(400, "invalid_request_error"):
        create(store.id, path="/2000", content="")


def _odd(value: str) -> Any:
    return value
