"""The methods of the SDK that the suite must call, and the requests that they make.

The methods are found by reflection, so that one which a later SDK adds is missed by the suite's own
account until the suite calls it. The routes are written out: they are the wire's side of the matter.
"""

from __future__ import annotations

import inspect
import re
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import anthropic
from anthropic import AsyncAnthropic, AsyncStream, Stream

FAMILIES = ("agents", "environments", "sessions", "memory_stores", "dreams", "files")

_SELF_HOSTED = "the work queue of self-hosted environments, which a local server has no workers for"
EXCLUDED: Mapping[str, str] = {
    **{
        f"environments.work.{name}": _SELF_HOSTED
        for name in (
            "ack",
            "heartbeat",
            "list",
            "poll",
            "poller",
            "retrieve",
            "stats",
            "stop",
            "update",
            "worker",
        )
    },
}
"""Methods that the suite leaves out, and why."""

REFUSED_ONLY: Mapping[str, str] = {
    "sessions.resources.update": "it rotates the token of a repository, and the suite has no repository",
    "sessions.threads.archive": "a session without sub-agents has only its primary thread, which a server may keep",
}
"""Methods that are called, and that may answer with a refusal only."""

COMMON = frozenset(("betas", "workspace_id", "extra_headers", "extra_query", "extra_body", "timeout"))
"""Optional parameters that all methods have."""

UNSENT: Mapping[str, frozenset[str]] = {
    "sessions.threads.list": frozenset(("page",)),
}
"""Optional parameters that the suite has no use for: one thread makes no second page."""

WITHOUT_FILES = "the server has no files"
NEEDS_FILES = frozenset(
    (
        "files.delete",
        "files.download",
        "files.list",
        "files.retrieve_metadata",
        "files.upload",
        "sessions.resources.add",
        "sessions.resources.delete",
        "sessions.resources.retrieve",
    )
)
"""Methods that are called all the same, and may be refused, where the server has no files."""

ROUTES: Mapping[str, str] = {
    "agents.archive": "POST /v1/agents/{}/archive",
    "agents.create": "POST /v1/agents",
    "agents.list": "GET /v1/agents",
    "agents.retrieve": "GET /v1/agents/{}",
    "agents.update": "POST /v1/agents/{}",
    "agents.versions.list": "GET /v1/agents/{}/versions",
    "environments.archive": "POST /v1/environments/{}/archive",
    "environments.create": "POST /v1/environments",
    "environments.delete": "DELETE /v1/environments/{}",
    "environments.list": "GET /v1/environments",
    "environments.retrieve": "GET /v1/environments/{}",
    "environments.update": "POST /v1/environments/{}",
    "sessions.archive": "POST /v1/sessions/{}/archive",
    "sessions.create": "POST /v1/sessions",
    "sessions.delete": "DELETE /v1/sessions/{}",
    "sessions.list": "GET /v1/sessions",
    "sessions.retrieve": "GET /v1/sessions/{}",
    "sessions.update": "POST /v1/sessions/{}",
    "sessions.events.list": "GET /v1/sessions/{}/events",
    "sessions.events.send": "POST /v1/sessions/{}/events",
    "sessions.events.stream": "GET /v1/sessions/{}/events/stream",
    "sessions.resources.add": "POST /v1/sessions/{}/resources",
    "sessions.resources.delete": "DELETE /v1/sessions/{}/resources/{}",
    "sessions.resources.list": "GET /v1/sessions/{}/resources",
    "sessions.resources.retrieve": "GET /v1/sessions/{}/resources/{}",
    "sessions.resources.update": "POST /v1/sessions/{}/resources/{}",
    "sessions.threads.archive": "POST /v1/sessions/{}/threads/{}/archive",
    "sessions.threads.list": "GET /v1/sessions/{}/threads",
    "sessions.threads.retrieve": "GET /v1/sessions/{}/threads/{}",
    "sessions.threads.events.list": "GET /v1/sessions/{}/threads/{}/events",
    "sessions.threads.events.stream": "GET /v1/sessions/{}/threads/{}/stream",
    "memory_stores.archive": "POST /v1/memory_stores/{}/archive",
    "memory_stores.create": "POST /v1/memory_stores",
    "memory_stores.delete": "DELETE /v1/memory_stores/{}",
    "memory_stores.list": "GET /v1/memory_stores",
    "memory_stores.retrieve": "GET /v1/memory_stores/{}",
    "memory_stores.update": "POST /v1/memory_stores/{}",
    "memory_stores.memories.create": "POST /v1/memory_stores/{}/memories",
    "memory_stores.memories.delete": "DELETE /v1/memory_stores/{}/memories/{}",
    "memory_stores.memories.list": "GET /v1/memory_stores/{}/memories",
    "memory_stores.memories.retrieve": "GET /v1/memory_stores/{}/memories/{}",
    "memory_stores.memories.update": "POST /v1/memory_stores/{}/memories/{}",
    "memory_stores.memory_versions.list": "GET /v1/memory_stores/{}/memory_versions",
    "memory_stores.memory_versions.redact": "POST /v1/memory_stores/{}/memory_versions/{}/redact",
    "memory_stores.memory_versions.retrieve": "GET /v1/memory_stores/{}/memory_versions/{}",
    "dreams.archive": "POST /v1/dreams/{}/archive",
    "dreams.cancel": "POST /v1/dreams/{}/cancel",
    "dreams.create": "POST /v1/dreams",
    "dreams.list": "GET /v1/dreams",
    "dreams.retrieve": "GET /v1/dreams/{}",
    "files.delete": "DELETE /v1/files/{}",
    "files.download": "GET /v1/files/{}/content",
    "files.list": "GET /v1/files",
    "files.retrieve_metadata": "GET /v1/files/{}",
    "files.upload": "POST /v1/files",
}

_PATTERNS = {
    name: re.compile(re.escape(route).replace(re.escape("{}"), "[^/]+").replace(r"\ ", " "))
    for name, route in ROUTES.items()
}


@dataclass(frozen=True)
class Method:
    """One method of the SDK."""

    name: str
    returns: Any
    """The type of its JSON answer, or of each event if it streams; `None` if it answers with neither."""
    streams: bool
    options: frozenset[str]
    """Its optional parameters, without those that all methods have."""


def find_methods() -> dict[str, Method]:
    """All methods of the families, with those that only the asynchronous client has."""
    client = AsyncAnthropic(api_key="unused", base_url="http://127.0.0.1:9")
    found: dict[str, Method] = {}
    for family in FAMILIES:
        for method in _methods_below(family, getattr(client.beta, family)):
            found[method.name] = method
    return found


def route_of(verb: str, path: str) -> str | None:
    """The method that makes a request, if any does."""
    line = f"{verb} {path}"
    return next((name for name, pattern in _PATTERNS.items() if pattern.fullmatch(line)), None)


def _methods_below(path: str, resource: Any) -> Iterator[Method]:
    for name in sorted(dir(type(resource))):
        if name.startswith("_") or name in ("with_raw_response", "with_streaming_response"):
            continue
        member = getattr(type(resource), name)
        if inspect.isfunction(member):
            yield _method(f"{path}.{name}", member)
        else:
            yield from _methods_below(f"{path}.{name}", getattr(resource, name))


def _method(name: str, function: Any) -> Method:
    parameters = inspect.signature(function).parameters.values()
    options = frozenset(each.name for each in parameters if each.default is not inspect.Parameter.empty)
    returns, streams = _returned(function)
    return Method(name, returns, streams, options - COMMON)


def _returned(function: Any) -> tuple[Any, bool]:
    # A method whose annotations only a type checker can resolve wraps other methods; its answers are theirs.
    try:
        annotation = typing.get_type_hints(function)["return"]
    except NameError:
        return None, False
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    if origin in (Stream, AsyncStream):
        return arguments[0], True
    if getattr(annotation, "__pydantic_generic_metadata__", {}).get("args"):
        return annotation, False
    if "Paginator" in getattr(origin, "__name__", ""):
        return arguments[1], False
    if isinstance(annotation, type) and not issubclass(annotation, anthropic.BaseModel):
        return None, False
    return annotation, False
