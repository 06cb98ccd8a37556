"""Headers, keys, errors, queries and cursors: what all endpoints have in common."""

from __future__ import annotations

from urllib.parse import quote

from suite import AGENT_MEMORY, DREAMING, MANAGED_AGENTS, NotExercised, Suite, check, equal, refused

FAMILIES = {
    "/v1/agents": MANAGED_AGENTS,
    "/v1/environments": MANAGED_AGENTS,
    "/v1/sessions": MANAGED_AGENTS,
    "/v1/memory_stores": AGENT_MEMORY,
    "/v1/dreams": DREAMING,
}
LISTS = tuple(FAMILIES)


@check
def a_key_is_taken_as_bearer_and_as_x_api_key(suite: Suite) -> None:
    for path, beta in FAMILIES.items():
        equal(suite.send("GET", path, beta=beta).status, 200, f"{path} with x-api-key")
        bearer = suite.send("GET", path, beta=beta, x_api_key=None, authorization=f"Bearer {suite.settings.api_key}")
        equal(bearer.status, 200, f"{path} with a bearer token")


@check
def a_request_without_a_key_is_not_authenticated(suite: Suite) -> None:
    answer = suite.send("GET", "/v1/agents", x_api_key=None)
    equal((answer.status, answer.error_type), (401, "authentication_error"))


@check
def both_versions_are_taken_and_none_is_refused(suite: Suite) -> None:
    for version in ("2026-10-21", "2023-06-01"):
        equal(suite.send("GET", "/v1/agents", anthropic_version=version).status, 200, version)
    answer = suite.send("GET", "/v1/agents", anthropic_version=None)
    equal((answer.status, answer.error_type), (400, "invalid_request_error"))


@check
def the_beta_query_parameter_is_ignored(suite: Suite) -> None:
    for path, beta in FAMILIES.items():
        equal(suite.send("GET", f"{path}?beta=true", beta=beta).status, 200, path)


@check
def an_endpoint_without_its_beta_header_does_not_exist(suite: Suite) -> None:
    for path in FAMILIES:
        answer = suite.send("GET", path, beta=None)
        equal((answer.status, answer.error_type), (404, "not_found_error"), path)


@check
def the_header_of_managed_agents_does_not_open_dreams(suite: Suite) -> None:
    answer = suite.send("GET", "/v1/dreams", beta=MANAGED_AGENTS)
    equal((answer.status, answer.error_type), (404, "not_found_error"))


@check
def dreams_take_both_headers_in_one_list(suite: Suite) -> None:
    equal(suite.send("GET", "/v1/dreams", beta=f"{MANAGED_AGENTS},{DREAMING}").status, 200)
    suite.client.beta.dreams.list(betas=[MANAGED_AGENTS])


@check
def memory_stores_take_either_header_but_not_both(suite: Suite) -> None:
    for beta in (AGENT_MEMORY, MANAGED_AGENTS):
        equal(suite.send("GET", "/v1/memory_stores", beta=beta).status, 200, beta)
    answer = suite.send("GET", "/v1/memory_stores", beta=f"{AGENT_MEMORY},{MANAGED_AGENTS}")
    equal((answer.status, answer.error_type), (400, "invalid_request_error"))


@check
def an_unknown_beta_value_is_refused(suite: Suite) -> None:
    for path, beta in FAMILIES.items():
        answer = suite.send("GET", path, beta=f"{beta},no-such-feature-2020-01-01")
        equal((answer.status, answer.error_type), (400, "invalid_request_error"), path)


@check
def an_unknown_route_is_not_found(suite: Suite) -> None:
    for verb, path in (("GET", "/v1/no_such_things"), ("POST", "/v1/agents/agent_0/no_such_verb"), ("GET", "/")):
        answer = suite.send(verb, path)
        equal((answer.status, answer.error_type), (404, "not_found_error"), f"{verb} {path}")


@check
def there_is_no_put_and_no_patch(suite: Suite) -> None:
    agent = suite.agent()
    for verb in ("PUT", "PATCH"):
        answer = suite.send(verb, f"/v1/agents/{agent.id}", value={"name": "other"})
        assert answer.status in (404, 405), f"{verb} -> {answer.status}"


@check
def a_body_that_is_no_json_is_refused(suite: Suite) -> None:
    for body in (b"{", b"", b"[]", b'"text"', b"\xff\xfe", b'{"name":"a"}{"name":"b"}'):
        answer = suite.send("POST", "/v1/agents", body=body)
        equal((answer.status, answer.error_type), (400, "invalid_request_error"), repr(body))


@check
def a_field_of_a_wrong_type_is_refused_by_name(suite: Suite) -> None:
    bodies = {
        "name": {"model": "claude-sonnet-5-5", "name": 7},
        "tools": {"model": "claude-sonnet-5-5", "name": "a", "tools": {"type": "custom"}},
        "metadata": {"model": "claude-sonnet-5-5", "name": "a", "metadata": {"key": 1}},
    }
    for field, value in bodies.items():
        answer = suite.send("POST", "/v1/agents", value=value)
        equal((answer.status, answer.error_type), (400, "invalid_request_error"), field)
        assert field in answer.value()["error"]["message"], f"the message does not name `{field}`: {answer.body!r}"


@check
def a_required_field_that_is_missing_is_refused_by_name(suite: Suite) -> None:
    paths = {
        "/v1/agents": ("model", {"name": "a"}),
        "/v1/environments": ("name", {}),
        "/v1/memory_stores": ("name", {}),
    }
    for path, (field, value) in paths.items():
        answer = suite.send("POST", path, beta=FAMILIES[path], value=value)
        equal((answer.status, answer.error_type), (400, "invalid_request_error"), path)
        assert field in answer.value()["error"]["message"], f"the message does not name `{field}`: {answer.body!r}"


@check
def a_body_over_32_megabytes_is_too_large(suite: Suite) -> None:
    answer = suite.send("POST", "/v1/agents", body=b" " * (32 * 1024 * 1024 + 1))
    equal((answer.status, answer.error_type), (413, "request_too_large"))


@check
def every_answer_has_a_request_id_of_its_own(suite: Suite) -> None:
    seen = [suite.send("GET", "/v1/agents").headers.get("request-id") for _ in range(3)]
    equal(len(set(seen)), 3, f"different ids in {seen}")


@check
def objects_of_one_key_are_hidden_from_another(suite: Suite) -> None:
    other = suite.client_for(suite.settings.other_key)
    agent, environment, store = suite.agent(), suite.environment(), suite.store(note="mine")
    session = suite.client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    memory = suite.client.beta.memory_stores.memories.list(store.id).data[0]
    assert memory.type == "memory"
    with refused(404, "not_found_error"):
        other.beta.agents.retrieve(agent.id)
    with refused(404, "not_found_error"):
        other.beta.agents.update(agent.id, name="taken")
    with refused(404, "not_found_error"):
        other.beta.environments.retrieve(environment.id)
    with refused(404, "not_found_error"):
        other.beta.sessions.retrieve(session.id)
    with refused(404, "not_found_error"):
        other.beta.sessions.events.list(session.id)
    with refused(404, "not_found_error"):
        other.beta.memory_stores.memories.retrieve(memory.id, memory_store_id=store.id)
    with refused(404, "not_found_error"):
        other.beta.memory_stores.memory_versions.list(store.id)
    for page in (other.beta.agents.list(), other.beta.sessions.list(), other.beta.memory_stores.list()):
        mine = {agent.id, session.id, store.id}
        assert not any(each.id in mine for each in page), "a list shows what belongs to another key"


@check
def an_object_is_not_found_below_another_parent(suite: Suite) -> None:
    store, other = suite.store(note="here"), suite.store()
    memory = suite.client.beta.memory_stores.memories.list(store.id).data[0]
    assert memory.type == "memory"
    with refused(404, "not_found_error"):
        suite.client.beta.memory_stores.memories.retrieve(memory.id, memory_store_id=other.id)
    with refused(404, "not_found_error"):
        suite.client.beta.memory_stores.memory_versions.retrieve(memory.memory_version_id, memory_store_id=other.id)


@check
def array_parameters_are_read_plain_and_percent_encoded(suite: Suite) -> None:
    session = suite.client.beta.sessions.create(agent=suite.agent().id, environment_id=suite.environment().id)
    for key in ("statuses[]", quote("statuses[]", safe="")):
        found = suite.send("GET", f"/v1/sessions?{key}=idle&{key}=running&limit=100").value()["data"]
        assert session.id in [each["id"] for each in found], f"{key}=idle leaves an idle session out"
        found = suite.send("GET", f"/v1/sessions?{key}=terminated&limit=100").value()["data"]
        assert session.id not in [each["id"] for each in found], f"{key}=terminated shows an idle session"


@check
def date_ranges_are_read_plain_and_percent_encoded(suite: Suite) -> None:
    store = suite.store()
    for key in ("created_at[gte]", quote("created_at[gte]", safe="")):
        answer = suite.send("GET", f"/v1/memory_stores?{key}=2999-01-01T00:00:00Z", beta=AGENT_MEMORY)
        equal(answer.value()["data"], [], key)
        answer = suite.send("GET", f"/v1/memory_stores?{key}=2020-01-01T00:00:00Z&limit=100", beta=AGENT_MEMORY)
        assert store.id in [each["id"] for each in answer.value()["data"]], key


@check
def a_date_that_is_none_is_refused(suite: Suite) -> None:
    answer = suite.send("GET", "/v1/memory_stores?created_at[gte]=yesterday", beta=AGENT_MEMORY)
    equal((answer.status, answer.error_type), (400, "invalid_request_error"))


@check
def a_limit_out_of_range_is_refused(suite: Suite) -> None:
    for path in ("/v1/agents", "/v1/memory_stores", "/v1/dreams"):
        for limit in ("0", "101", "-1", "many"):
            answer = suite.send("GET", f"{path}?limit={limit}", beta=FAMILIES[path])
            equal((answer.status, answer.error_type), (400, "invalid_request_error"), f"{path}?limit={limit}")


@check
def a_cursor_that_the_server_did_not_give_is_refused(suite: Suite) -> None:
    for path in LISTS:
        for page in ("no-cursor", "AAAA", quote("✗")):
            answer = suite.send("GET", f"{path}?page={page}", beta=FAMILIES[path])
            equal((answer.status, answer.error_type), (400, "invalid_request_error"), f"{path}?page={page}")


@check
def a_cursor_keeps_its_order(suite: Suite) -> None:
    agent, environment = suite.agent(), suite.environment()
    for _ in range(3):
        suite.client.beta.sessions.create(agent=agent.id, environment_id=environment.id)
    first = suite.client.beta.sessions.list(agent_id=agent.id, limit=1, order="desc")
    assert first.next_page, "three sessions do not fit a page of one"
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.list(agent_id=agent.id, limit=1, order="asc", page=first.next_page)


@check
def the_rate_limit_says_when_to_come_back(suite: Suite) -> None:
    if suite.settings.limited_base_url is None:
        raise NotExercised("no --limited-base-url was given")
    client = suite.client_for(suite.settings.api_key, suite.settings.limited_base_url)
    with refused(429, "rate_limit_error"):
        for _ in range(600):
            client.beta.memory_stores.create(name="one too many")
    answer = suite.recorder.exchanges[-1]
    assert int(answer.headers["retry-after"]) > 0, f"retry-after is {answer.headers['retry-after']}"
