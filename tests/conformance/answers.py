"""Judges recorded answers: their type, their events, their errors and their ids."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import checker
from methods import Method
from recorder import Exchange
from server_sent_events import frame_problems, frames

ERROR_TYPES: Mapping[int, Sequence[str]] = {
    400: ("invalid_request_error",),
    401: ("authentication_error",),
    402: ("billing_error",),
    403: ("permission_error",),
    404: ("not_found_error",),
    405: ("invalid_request_error", "not_found_error"),
    409: ("conflict_error", "memory_path_conflict_error", "memory_precondition_failed_error"),
    413: ("request_too_large",),
    429: ("rate_limit_error",),
    500: ("api_error",),
    504: ("timeout_error",),
    529: ("overloaded_error",),
}
"""Which `error.type` goes with which status."""

ERROR_FIELDS: Mapping[str, Sequence[str]] = {
    "memory_path_conflict_error": ("conflicting_memory_id", "conflicting_path"),
}
"""What further fields an error of a type has."""

REQUEST_ID = re.compile(r"req_\w+")

ID_PREFIXES: Mapping[str, str] = {
    "agent": "agent_",
    "environment": "env_",
    "environment_deleted": "env_",
    "session": "sesn_",
    "session_deleted": "sesn_",
    "session_thread": "sthr_",
    "session_resource_deleted": "sesrsc_",
    "memory_store": "memstore_",
    "memory_store_deleted": "memstore_",
    "memory": "mem_",
    "memory_deleted": "mem_",
    "memory_version": "memver_",
    "dream": "drm_",
    "file_deleted": "file_",
}
"""How the `id` of an object begins, by its `type`. Events are told by the dot in theirs."""

REFERENCE_PREFIXES: Mapping[str, str] = {
    "memory_store_id": "memstore_",
    "memory_version_id": "memver_",
    "memory_id": "mem_",
    "environment_id": "env_",
    "session_id": "sesn_",
    "session_thread_id": "sthr_",
    "parent_thread_id": "sthr_",
    "outcome_id": "outc_",
    "api_key_id": "apikey_",
}
"""How the ids in other fields begin."""


@dataclass(frozen=True)
class Judgement:
    """What was found in one exchange."""

    type_name: str | None
    """The type that was checked; `None` for an error, or a body without a type."""
    values: int
    """How many values were checked against it."""
    problems: list[str]


def judge(exchange: Exchange, method: Method | None) -> Judgement:
    """Checks one exchange of the SDK."""
    if exchange.status >= 400:
        return Judgement(None, 1, error_problems(exchange.status, exchange.headers, bytes(exchange.body)))
    found = _header_problems(exchange.headers)
    if method is None:
        return Judgement(None, 0, [*found, "no method of the SDK is known to make this request"])
    if exchange.status != 200:
        found.append(f"the status is {exchange.status}, not 200")
    if method.streams:
        return _judge_stream(exchange, method, found)
    if method.returns is None:
        return Judgement(None, 1, found)
    if exchange.content_type != "application/json":
        found.append(f"the content type is {exchange.content_type!r}, not application/json")
    try:
        value = json.loads(exchange.body)
    except ValueError:
        return Judgement(checker.type_name(method.returns), 1, [*found, "the body is no JSON"])
    found.extend(map(str, checker.problems(value, method.returns)))
    found.extend(_id_problems(value))
    return Judgement(checker.type_name(method.returns), 1, found)


def error_problems(status: int, headers: Mapping[str, str], body: bytes) -> list[str]:
    """What is wrong with an answer that is an error."""
    found = _header_problems(headers)
    try:
        value = json.loads(body)
    except ValueError:
        return [*found, f"the body of an error is no JSON: {body[:200]!r}"]
    found.extend(_envelope_problems(value))
    if found:
        return found
    kind = value["error"]["type"]
    if status not in ERROR_TYPES:
        found.append(f"the status {status} is not one that the service answers with")
    elif kind not in ERROR_TYPES[status]:
        found.append(f"the error type of a {status} is {kind!r}, not {' or '.join(ERROR_TYPES[status])}")
    if value["request_id"] != headers.get("request-id"):
        found.append(f"request_id {value['request_id']!r} is not the header {headers.get('request-id')!r}")
    if status == 409 and headers.get("x-should-retry") != "false":
        found.append("a 409 does not say `x-should-retry: false`, so that clients send it again")
    if status == 429 and "retry-after" not in headers and "details" not in value["error"]:
        found.append("a 429 has no `retry-after`")
    return found


def _envelope_problems(value: Any) -> list[str]:
    if not isinstance(value, dict) or set(value) != {"type", "error", "request_id"} or value["type"] != "error":
        return [f"an error is not {{type: error, error, request_id}}: {value!r}"]
    error = value["error"]
    if not isinstance(error, dict) or not isinstance(error.get("type"), str):
        return [f"`error` has no type: {error!r}"]
    found: list[str] = []
    if not isinstance(error.get("message"), str) or not error["message"]:
        found.append("`error.message` is not a text")
    if not isinstance(value["request_id"], str):
        found.append("`request_id` is not a text")
    extra = ERROR_FIELDS.get(error["type"], ())
    found.extend(f"`error.{name}` is missing" for name in extra if not isinstance(error.get(name), str))
    unknown = set(error) - {"type", "message", "details", *extra}
    found.extend(f"the field `error.{name}` is unknown" for name in sorted(unknown))
    return found


def _judge_stream(exchange: Exchange, method: Method, found: list[str]) -> Judgement:
    if not exchange.is_stream:
        found.append(f"the content type is {exchange.content_type!r}, not text/event-stream")
    name = f"{method.name} event"
    count = 0
    for frame in frames(bytes(exchange.body)):
        found.extend(frame_problems(frame))
        if frame.event == "ping" or not frame.data:
            continue
        try:
            value = frame.value()
        except ValueError:
            continue
        if frame.event == "error":
            found.extend(_envelope_problems(value))
            continue
        count += 1
        found.extend(f"{value.get('type')}: {problem}" for problem in checker.problems(value, method.returns))
        found.extend(_id_problems(value))
    return Judgement(name, count, found)


def _header_problems(headers: Mapping[str, str]) -> list[str]:
    request_id = headers.get("request-id")
    if request_id is None:
        return ["there is no `request-id` header"]
    return [] if REQUEST_ID.fullmatch(request_id) else [f"the `request-id` is {request_id!r}, not `req_…`"]


def _id_problems(value: Any) -> list[str]:
    found: list[str] = []
    for each in _objects(value):
        kind, own = each.get("type"), each.get("id")
        if isinstance(kind, str) and isinstance(own, str):
            prefix = "sevt_" if "." in kind else ID_PREFIXES.get(kind)
            if prefix is not None and not own.startswith(prefix):
                found.append(f"the id {own!r} of type {kind} does not begin with `{prefix}`")
        for name, prefix in REFERENCE_PREFIXES.items():
            other = each.get(name)
            if isinstance(other, str) and not other.startswith(prefix):
                found.append(f"{name} {other!r} does not begin with `{prefix}`")
    return found


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for key, each in value.items():
            if key not in ("input", "input_schema", "metadata"):
                yield from _objects(each)
    elif isinstance(value, list):
        for each in value:
            yield from _objects(each)
