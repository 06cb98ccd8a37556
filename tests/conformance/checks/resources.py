"""What is mounted into sessions: memory stores and files; and the files themselves."""

from __future__ import annotations

import conversation
from suite import NotExercised, Suite, check, equal, refused

CONTENT = b"# Letter\n\nPlease answer.\n"


@check
def a_memory_store_is_mounted_below_its_slug(suite: Suite) -> None:
    store = suite.client.beta.memory_stores.create(name="Demo -- Memory (2026)!", description="What we know.")
    session = conversation.open_session(
        suite,
        resources=[
            {
                "type": "memory_store",
                "memory_store_id": store.id,
                "access": "read_only",
                "instructions": "Look here first.",
            }
        ],
    )
    resource = session.resources[0]
    assert resource.type == "memory_store"
    equal(resource.mount_path, "/mnt/memory/demo-memory-2026")
    equal((resource.name, resource.description), ("Demo -- Memory (2026)!", "What we know."))
    equal((resource.access, resource.instructions), ("read_only", "Look here first."))
    suite.client.beta.memory_stores.update(store.id, name="Other", description="Changed.")
    listed = suite.client.beta.sessions.resources.list(session.id).data[0]
    assert listed.type == "memory_store"
    equal((listed.name, listed.description), (resource.name, "What we know."), "snapshots at attachment")


@check
def a_memory_store_is_writable_by_default(suite: Suite) -> None:
    store = suite.store()
    session = conversation.open_session(suite, resources=[{"type": "memory_store", "memory_store_id": store.id}])
    resource = session.resources[0]
    assert resource.type == "memory_store"
    equal(resource.access, "read_write")


@check
def two_stores_of_one_name_have_two_mounts(suite: Suite) -> None:
    stores = [suite.client.beta.memory_stores.create(name="Twin").id for _ in range(2)]
    session = conversation.open_session(
        suite, resources=[{"type": "memory_store", "memory_store_id": each} for each in stores]
    )
    mounts = {each.mount_path for each in session.resources if each.type == "memory_store"}
    equal(len(mounts), 2, f"mounts in {mounts}")


@check
def eight_memory_stores_fit(suite: Suite) -> None:
    session = conversation.open_session(
        suite, resources=[{"type": "memory_store", "memory_store_id": suite.store().id} for _ in range(8)]
    )
    equal(len(session.resources), 8)
    listed = suite.client.beta.sessions.resources.list(session.id, limit=3)
    equal(len(listed.data), 3, "the first page")
    equal(len(list(listed)), 8, "over all pages")


@check
def instructions_of_a_mount_have_a_limit(suite: Suite) -> None:
    for length, good in ((4096, True), (4097, False)):
        resource = {"type": "memory_store", "memory_store_id": suite.store().id, "instructions": "i" * length}
        if good:
            conversation.open_session(suite, resources=[resource])
        else:
            with refused(400, "invalid_request_error"):
                conversation.open_session(suite, resources=[resource])


@check
def memory_stores_are_attached_at_creation_only(suite: Suite) -> None:
    session = conversation.open_session(suite)
    answer = suite.send(
        "POST",
        f"/v1/sessions/{session.id}/resources",
        value={"type": "memory_store", "memory_store_id": suite.store().id},
    )
    equal((answer.status, answer.error_type), (400, "invalid_request_error"))


@check
def an_unknown_resource_is_not_found(suite: Suite) -> None:
    session = conversation.open_session(suite)
    resources = suite.client.beta.sessions.resources
    with refused(404, "not_found_error"):
        resources.retrieve("sesrsc_unknown", session_id=session.id)
    with refused(404, "not_found_error"):
        resources.update("sesrsc_unknown", session_id=session.id, authorization_token="token")
    with refused(404, "not_found_error"):
        resources.delete("sesrsc_unknown", session_id=session.id)
    with refused(404, "not_found_error"):
        resources.add(session.id, file_id="file_unknown", type="file", mount_path="/mnt/session/uploads/a.md")


@check
def an_unknown_file_is_not_found(suite: Suite) -> None:
    files = suite.client.beta.files
    for call in (files.retrieve_metadata, files.download, files.delete):
        with refused(404, "not_found_error"):
            call("file_unknown")


@check
def a_file_is_uploaded_read_and_deleted(suite: Suite) -> None:
    files = suite.client.beta.files
    if not suite.has_files:
        with refused(404, "not_found_error"):
            files.upload(file=("letter.md", CONTENT, "text/markdown"))
        raise NotExercised("the server has no files")
    file = files.upload(file=("letter.md", CONTENT, "text/markdown"), expires_in_seconds=86_400)
    equal((file.filename, file.mime_type, file.size_bytes), ("letter.md", "text/markdown", len(CONTENT)))
    assert file.expires_at is not None
    equal(files.retrieve_metadata(file.id).id, file.id)
    files.upload(file=("other.md", CONTENT, "text/markdown"))
    assert file.id in [each.id for each in files.list(limit=1)], "the file is on no page"
    equal([each.id for each in files.list(ids=[file.id]).data], [file.id], "by id")
    if file.downloadable:
        equal(files.download(file.id).read(), CONTENT)
    equal(files.delete(file.id).id, file.id)
    with refused(404, "not_found_error"):
        files.retrieve_metadata(file.id)


@check
def a_file_is_added_to_a_session_and_taken_away(suite: Suite) -> None:
    if not suite.has_files:
        raise NotExercised("the server has no files")
    file = suite.client.beta.files.upload(file=("letter.md", CONTENT, "text/markdown"))
    session = conversation.open_session(suite)
    resources = suite.client.beta.sessions.resources
    added = resources.add(session.id, file_id=file.id, type="file")
    equal(added.mount_path, f"/mnt/session/uploads/{file.id}", "the default mount")
    equal(resources.retrieve(added.id, session_id=session.id), added)
    placed = resources.add(session.id, file_id=file.id, type="file", mount_path="/mnt/session/uploads/letter.md")
    equal(placed.mount_path, "/mnt/session/uploads/letter.md")
    equal(len(resources.list(session.id).data), 2)
    with refused(400, "invalid_request_error"):
        resources.update(added.id, session_id=session.id, authorization_token="token")
    equal(resources.delete(added.id, session_id=session.id).type, "session_resource_deleted")
    equal(len(resources.list(session.id).data), 1)
