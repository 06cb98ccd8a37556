"""Agents and their versions."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import anthropic

from suite import MODEL, NotExercised, Suite, check, equal, refused

LOOKUP: dict[str, Any] = {
    "type": "custom",
    "name": "lookup_order",
    "description": "Finds an order.",
    "input_schema": {"type": "object", "properties": {"id": {"type": "string"}}, "required": ["id"]},
}


@check
def an_agent_is_created_with_defaults(suite: Suite) -> None:
    agent = suite.client.beta.agents.create(model=MODEL, name="plain")
    equal((agent.version, agent.description, agent.system, agent.archived_at), (1, None, None, None))
    equal((agent.tools, agent.mcp_servers, agent.skills, agent.metadata), ([], [], [], {}))
    equal((agent.model.id, agent.model.speed), (MODEL, "standard"))
    equal((agent.multiagent, agent.execution_identity.type), (None, "service_account"))
    equal(agent.created_at, agent.updated_at, "updated_at of a new agent")


@check
def an_agent_keeps_every_field_that_it_was_created_with(suite: Suite) -> None:
    lookup: Any = LOOKUP
    agent = suite.client.beta.agents.create(
        model={"id": MODEL, "effort": "high", "speed": "standard"},
        name="full",
        description="Does everything.",
        system="You are terse.",
        execution_identity={"type": "service_account"},
        metadata={"suite": "conformance", "empty": ""},
        skills=[{"type": "anthropic", "skill_id": "xlsx", "version": "latest"}],
        mcp_servers=[{"type": "url", "name": "tickets", "url": "https://tickets.example.com/mcp"}],
        tools=[
            {
                "type": "agent_toolset_20260401",
                "default_config": {"enabled": True, "permission_policy": {"type": "always_allow"}},
                "configs": [
                    {"name": "web_search", "enabled": False},
                    {"name": "bash", "permission_policy": {"type": "always_ask"}},
                ],
            },
            {"type": "mcp_toolset", "mcp_server_name": "tickets"},
            lookup,
        ],
    )
    equal(agent.model.effort and agent.model.effort.type, "high", "effort")
    equal((agent.description, agent.system), ("Does everything.", "You are terse."))
    equal(agent.metadata, {"suite": "conformance", "empty": ""}, "metadata")
    equal([each.skill_id for each in agent.skills], ["xlsx"], "skills")
    equal([each.name for each in agent.mcp_servers], ["tickets"], "mcp_servers")
    toolset, mcp, custom = agent.tools
    assert toolset.type == "agent_toolset_20260401" and mcp.type == "mcp_toolset" and custom.type == "custom"
    changed = {each.name: (each.enabled, each.permission_policy.type) for each in toolset.configs}
    equal(changed, {"web_search": (False, "always_allow"), "bash": (True, "always_ask")}, "configs")
    equal(mcp.default_config.permission_policy.type, "always_ask", "the default policy of MCP tools")
    equal((custom.name, custom.input_schema.required), ("lookup_order", ["id"]))
    equal(suite.client.beta.agents.retrieve(agent.id), agent, "the agent that is read back")


@check
def an_agent_may_coordinate_others(suite: Suite) -> None:
    worker = suite.agent()
    try:
        agent = suite.agent(multiagent={"type": "coordinator", "agents": [worker.id, {"type": "self"}]})
    except anthropic.BadRequestError as error:
        raise NotExercised("the server takes no sub-agents") from error
    assert agent.multiagent is not None
    equal(agent.multiagent.type, "coordinator")
    equal(suite.client.beta.agents.update(agent.id, multiagent=None).multiagent, None)


@check
def an_update_changes_what_it_names_and_counts_a_version(suite: Suite) -> None:
    agent = suite.agent(system="Old.", description="Stays.", tools=[LOOKUP], metadata={"keep": "1", "drop": "2"})
    changed = suite.client.beta.agents.update(
        agent.id, version=1, system="New.", metadata={"drop": None, "add": "3"}, model={"id": MODEL, "effort": "low"}
    )
    equal((changed.version, changed.system, changed.description), (2, "New.", "Stays."))
    equal(changed.metadata, {"keep": "1", "add": "3"}, "metadata is a patch")
    equal(len(changed.tools), 1, "tools that were left out")
    equal(changed.created_at, agent.created_at, "created_at")
    assert changed.updated_at >= agent.updated_at, "updated_at goes back"
    cleared = suite.client.beta.agents.update(
        agent.id,
        description=None,
        system=None,
        tools=[],
        mcp_servers=None,
        skills=None,
        multiagent=None,
        execution_identity=None,
        name="renamed",
    )
    equal((cleared.version, cleared.description, cleared.system, cleared.tools), (3, None, None, []))
    equal(cleared.name, "renamed")


@check
def an_update_that_changes_nothing_makes_no_version(suite: Suite) -> None:
    agent = suite.agent(system="Same.")
    same = suite.client.beta.agents.update(agent.id, system="Same.", name=agent.name)
    equal((same.version, same.updated_at), (1, agent.updated_at))


@check
def an_update_of_an_old_version_is_a_conflict(suite: Suite) -> None:
    agent = suite.agent()
    suite.client.beta.agents.update(agent.id, version=1, system="Second.")
    with refused(409, "conflict_error"):
        suite.client.beta.agents.update(agent.id, version=1, system="Third.")
    equal(suite.client.beta.agents.retrieve(agent.id).system, "Second.", "after the conflict")


@check
def versions_stay_readable_newest_first(suite: Suite) -> None:
    agent = suite.agent(system="1")
    for number in (2, 3):
        suite.client.beta.agents.update(agent.id, system=str(number))
    equal(suite.client.beta.agents.retrieve(agent.id, version=1).system, "1", "version 1")
    equal(suite.client.beta.agents.retrieve(agent.id).version, 3, "the latest version")
    with refused(404, "not_found_error"):
        suite.client.beta.agents.retrieve(agent.id, version=4)
    equal([each.version for each in suite.client.beta.agents.versions.list(agent.id).data], [3, 2, 1])
    first = suite.client.beta.agents.versions.list(agent.id, limit=2)
    equal([each.version for each in first.data], [3, 2], "the first page")
    assert first.next_page is not None
    second = suite.client.beta.agents.versions.list(agent.id, limit=2, page=first.next_page)
    equal(([each.version for each in second.data], second.next_page), ([1], None), "the last page")


@check
def agents_are_listed_newest_first_in_pages(suite: Suite) -> None:
    begin = datetime.now(UTC) - timedelta(seconds=1)
    made = [suite.agent().id for _ in range(5)]
    listed = [each.id for each in suite.client.beta.agents.list(limit=2, created_at_gte=begin)]
    equal([each for each in listed if each in made], made[::-1])
    equal(len(listed), len(set(listed)), "an agent is on two pages")
    equal(suite.client.beta.agents.list(created_at_lte="2020-01-01T00:00:00Z").data, [], "agents of another time")


@check
def archiving_an_agent_is_for_good_and_hides_it(suite: Suite) -> None:
    agent = suite.agent()
    archived = suite.client.beta.agents.archive(agent.id)
    assert archived.archived_at is not None
    equal(suite.client.beta.agents.retrieve(agent.id).archived_at, archived.archived_at)
    assert agent.id not in [each.id for each in suite.client.beta.agents.list(limit=100)]
    assert agent.id in [each.id for each in suite.client.beta.agents.list(limit=100, include_archived=True)]
    with refused(400, "invalid_request_error"):
        suite.client.beta.agents.update(agent.id, name="too late")
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.create(agent=agent.id, environment_id=suite.environment().id)


@check
def fields_of_an_agent_have_limits(suite: Suite) -> None:
    suite.agent(name="n" * 256, description="d" * 2048, metadata={f"{n:064}": "v" * 512 for n in range(16)})
    too_much: dict[str, dict[str, Any]] = {
        "an empty name": {"name": ""},
        "a long name": {"name": "n" * 257},
        "a long description": {"description": "d" * 2049},
        "a long system prompt": {"system": "s" * 100_001},
        "17 pairs": {"metadata": {str(n): "v" for n in range(17)}},
        "a long key": {"metadata": {"k" * 65: "v"}},
        "a long value": {"metadata": {"k": "v" * 513}},
        "a tool's name with a space": {"tools": [{**LOOKUP, "name": "look up"}]},
        "a tool's long name": {"tools": [{**LOOKUP, "name": "t" * 129}]},
        "an unknown kind of tool": {"tools": [{"type": "no_such_tool"}]},
        "21 servers": {
            "mcp_servers": [{"type": "url", "name": f"s{n}", "url": "https://a.example.com"} for n in range(21)],
            "tools": [{"type": "mcp_toolset", "mcp_server_name": f"s{n}"} for n in range(21)],
        },
        "a toolset without its server": {"tools": [{"type": "mcp_toolset", "mcp_server_name": "nowhere"}]},
    }
    for what, changes in too_much.items():
        with refused(400, "invalid_request_error", what):
            suite.agent(**changes)


@check
def an_unknown_agent_is_not_found(suite: Suite) -> None:
    with refused(404, "not_found_error"):
        suite.client.beta.agents.retrieve("agent_unknown")
    with refused(404, "not_found_error"):
        suite.client.beta.agents.update("agent_unknown", name="a")
    with refused(404, "not_found_error"):
        suite.client.beta.agents.archive("agent_unknown")
    with refused(404, "not_found_error"):
        suite.client.beta.agents.versions.list("agent_unknown")
