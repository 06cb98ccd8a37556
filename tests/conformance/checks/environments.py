"""Environments. The work queue of self-hosted ones is left out."""

from __future__ import annotations

from suite import Suite, check, equal, refused


@check
def an_environment_is_created_with_defaults(suite: Suite) -> None:
    environment = suite.client.beta.environments.create(name="plain")
    equal((environment.description, environment.metadata, environment.archived_at), (None, {}, None))
    equal(environment.scope, "organization")
    assert environment.config.type == "cloud"
    equal(environment.config.networking.type, "unrestricted")
    equal(environment.config.packages.pip, [], "packages")


@check
def an_environment_keeps_every_field_that_it_was_created_with(suite: Suite) -> None:
    environment = suite.client.beta.environments.create(
        name="full",
        description="With packages.",
        metadata={"suite": "conformance"},
        scope="organization",
        config={
            "type": "cloud",
            "networking": {
                "type": "limited",
                "allowed_hosts": ["example.com"],
                "allow_mcp_servers": True,
                "allow_package_managers": True,
            },
            "packages": {"pip": ["numpy==2.3.0"], "apt": ["git"]},
        },
    )
    assert environment.config.type == "cloud" and environment.config.networking.type == "limited"
    equal(environment.config.networking.allowed_hosts, ["example.com"])
    equal((environment.config.networking.allow_mcp_servers, environment.config.packages.apt), (True, ["git"]))
    equal(environment.config.packages.npm, [], "packages that were left out")
    equal(suite.client.beta.environments.retrieve(environment.id), environment, "the environment that is read back")


@check
def a_self_hosted_environment_can_be_described(suite: Suite) -> None:
    environment = suite.client.beta.environments.create(name="own machines", config={"type": "self_hosted"})
    equal(environment.config.type, "self_hosted")


@check
def an_environment_of_an_account_is_refused(suite: Suite) -> None:
    with refused(400, "invalid_request_error"):
        suite.client.beta.environments.create(name="mine alone", scope="account")


@check
def an_update_of_an_environment_changes_what_it_names(suite: Suite) -> None:
    environment = suite.client.beta.environments.create(
        name="before",
        description="Stays.",
        metadata={"keep": "1", "drop": "2"},
        config={"type": "cloud", "packages": {"pip": ["numpy"]}},
    )
    changed = suite.client.beta.environments.update(
        environment.id,
        name="after",
        metadata={"drop": None},
        scope="organization",
        config={"type": "cloud", "networking": {"type": "limited", "allow_package_managers": True}},
    )
    equal((changed.name, changed.description, changed.metadata), ("after", "Stays.", {"keep": "1"}))
    assert changed.config.type == "cloud"
    equal((changed.config.networking.type, changed.config.packages.pip), ("limited", ["numpy"]))
    cleared = suite.client.beta.environments.update(environment.id, description=None)
    equal(cleared.description, None)


@check
def environments_are_listed_in_pages(suite: Suite) -> None:
    made = [suite.environment().id for _ in range(3)]
    listed = [each.id for each in suite.client.beta.environments.list(limit=2)]
    assert set(made) <= set(listed), "an environment is on no page"
    equal(len(listed), len(set(listed)), "an environment is on two pages")


@check
def an_archived_environment_is_hidden_and_takes_no_sessions(suite: Suite) -> None:
    environment = suite.environment()
    archived = suite.client.beta.environments.archive(environment.id)
    assert archived.archived_at is not None
    assert environment.id not in [each.id for each in suite.client.beta.environments.list(limit=100)]
    assert environment.id in [each.id for each in suite.client.beta.environments.list(limit=100, include_archived=True)]
    with refused(400, "invalid_request_error"):
        suite.client.beta.sessions.create(agent=suite.agent().id, environment_id=environment.id)


@check
def a_deleted_environment_is_gone(suite: Suite) -> None:
    environment = suite.environment()
    deleted = suite.client.beta.environments.delete(environment.id)
    equal((deleted.id, deleted.type), (environment.id, "environment_deleted"))
    with refused(404, "not_found_error"):
        suite.client.beta.environments.retrieve(environment.id)
    with refused(404, "not_found_error"):
        suite.client.beta.environments.delete(environment.id)
