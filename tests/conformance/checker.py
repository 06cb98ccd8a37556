"""Checks a JSON value against a type of the SDK, strictly.

The SDK itself reads answers leniently: it keeps unknown fields, accepts missing ones and guesses the
variant of a union. Here all of that is a problem. Each value is read twice: by pydantic, and by a walk
over the type that pydantic's lax mode cannot soften.
"""

from __future__ import annotations

import re
import types
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import pydantic

DISCRIMINATOR = "type"
TIMESTAMP = re.compile(r"\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?Z")

# Fields that the SDK's types leave optional, while the service always sends them, as null if need be.
ALWAYS_PRESENT: Mapping[str, Sequence[str]] = {
    "BetaManagedAgentsAgent": ("archived_at", "description", "multiagent", "system"),
    "BetaManagedAgentsModelConfig": ("effort", "speed"),
    "BetaEnvironment": ("archived_at", "description", "scope"),
    "BetaManagedAgentsSession": ("archived_at", "budget", "deployment_id", "title"),
    "BetaManagedAgentsSessionAgent": ("description", "multiagent", "system"),
    "BetaManagedAgentsSessionUsage": ("input_tokens", "output_tokens", "cache_read_input_tokens", "cache_creation"),
    "BetaManagedAgentsSessionStats": ("active_seconds", "duration_seconds"),
    "BetaManagedAgentsSessionThread": ("archived_at", "parent_thread_id", "stats", "usage"),
    "BetaManagedAgentsMemoryStoreResource": ("access", "description", "mount_path", "name"),
    "BetaManagedAgentsMemoryStore": ("archived_at", "description", "metadata"),
    "BetaManagedAgentsMemory": ("content",),
    "BetaManagedAgentsMemoryVersion": (
        "content",
        "content_sha256",
        "content_size_bytes",
        "created_by",
        "path",
        "redacted_at",
        "redacted_by",
    ),
    "BetaDream": ("archived_at", "ended_at", "error", "instructions", "session_id"),
    "SyncPageCursor": ("next_page",),
    "SyncBidirectionalPageCursor": ("next_page", "prev_page"),
}


@dataclass(frozen=True)
class Problem:
    """What is wrong with a value, and where in it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}"


def problems(value: object, expected: Any) -> list[Problem]:
    """Everything that keeps `value` from being what the service would send for the type `expected`."""
    found = _walk(value, expected, "$")
    try:
        pydantic.TypeAdapter(expected).validate_python(value)
    except pydantic.ValidationError as error:
        if not found:
            found.append(Problem("$", f"pydantic: {error}"))
    return found


def type_name(expected: Any) -> str:
    """A short name of a type, for tables."""
    if get_origin(expected) is Annotated:
        return type_name(get_args(expected)[0])
    if _is_union(expected):
        names = [type_name(variant) for variant in get_args(expected)]
        return " | ".join(names) if len(names) < 4 else f"union of {len(names)}"
    if isinstance(expected, type) and issubclass(expected, pydantic.BaseModel):
        metadata = expected.__pydantic_generic_metadata__
        if metadata["args"]:
            inner = ", ".join(type_name(argument) for argument in metadata["args"])
            return f"{_own_name(expected)}[{inner}]"
        return expected.__name__
    arguments = get_args(expected)
    if arguments:
        origin = get_origin(expected)
        return f"{getattr(origin, '__name__', origin)}[{', '.join(type_name(argument) for argument in arguments)}]"
    return getattr(expected, "__name__", str(expected))


def _walk(value: object, expected: Any, path: str) -> list[Problem]:
    origin = get_origin(expected)
    if origin is Annotated:
        return _walk(value, get_args(expected)[0], path)
    if hasattr(expected, "__value__"):
        return _walk(value, expected.__value__, path)
    if expected is Any or expected is object:
        return []
    if _is_union(expected):
        return _walk_union(value, expected, path)
    if origin is Literal:
        allowed = get_args(expected)
        if any(value == option and type(value) is type(option) for option in allowed):
            return []
        return [Problem(path, f"{value!r} is none of {', '.join(map(repr, allowed))}")]
    if origin in (list, Sequence):
        return _walk_list(value, get_args(expected)[0], path)
    if origin in (dict, Mapping):
        return _walk_mapping(value, get_args(expected)[1], path)
    if isinstance(expected, type) and issubclass(expected, pydantic.BaseModel):
        return _walk_model(value, expected, path)
    return _walk_scalar(value, expected, path)


def _walk_union(value: object, expected: Any, path: str) -> list[Problem]:
    variants = get_args(expected)
    if value is None:
        return [] if type(None) in variants else [Problem(path, "null is not allowed")]
    variants = tuple(_bare(variant) for variant in variants if variant is not type(None))
    if len(variants) == 1:
        return _walk(value, variants[0], path)
    if all(_is_model(variant) and DISCRIMINATOR in variant.model_fields for variant in variants):
        return _walk_discriminated(value, variants, path)
    attempts = [_walk(value, variant, path) for variant in variants]
    return min(attempts, key=len)


def _walk_discriminated(value: object, variants: Sequence[Any], path: str) -> list[Problem]:
    if not isinstance(value, dict):
        return [Problem(path, f"an object is expected, not {_kind(value)}")]
    if DISCRIMINATOR not in value:
        return [Problem(path, f"the required field `{DISCRIMINATOR}` is missing")]
    tag = value[DISCRIMINATOR]
    for variant in variants:
        if tag in _tags(variant):
            return _walk_model(value, variant, path)
    known = sorted(tag for variant in variants for tag in _tags(variant))
    return [Problem(path, f"the type {tag!r} is none of {', '.join(known)}")]


def _walk_model(value: object, model: type[pydantic.BaseModel], path: str) -> list[Problem]:
    if not isinstance(value, dict):
        return [Problem(path, f"an object is expected, not {_kind(value)}")]
    model.model_rebuild()
    found: list[Problem] = []
    always = ALWAYS_PRESENT.get(_own_name(model), ())
    known: set[str] = set()
    for name, field in model.model_fields.items():
        key = field.alias or name
        known.add(key)
        if key in value:
            found.extend(_walk(value[key], field.annotation, f"{path}.{key}"))
        elif field.is_required():
            found.append(Problem(path, f"the required field `{key}` is missing"))
        elif name in always:
            found.append(Problem(path, f"the field `{key}` is missing; without a value it is sent as null"))
    if not _is_open(model):
        found.extend(Problem(path, f"the field `{key}` is unknown") for key in value if key not in known)
    return found


def _walk_list(value: object, item: Any, path: str) -> list[Problem]:
    if not isinstance(value, list):
        return [Problem(path, f"an array is expected, not {_kind(value)}")]
    return [problem for index, each in enumerate(value) for problem in _walk(each, item, f"{path}[{index}]")]


def _walk_mapping(value: object, item: Any, path: str) -> list[Problem]:
    if not isinstance(value, dict):
        return [Problem(path, f"an object is expected, not {_kind(value)}")]
    return [problem for key, each in value.items() for problem in _walk(each, item, f"{path}.{key}")]


def _walk_scalar(value: object, expected: Any, path: str) -> list[Problem]:
    if expected is datetime:
        return _timestamp(value, path)
    if expected is type(None):
        return [] if value is None else [Problem(path, f"null is expected, not {_kind(value)}")]
    if expected is float:
        right = isinstance(value, (int, float)) and not isinstance(value, bool)
    elif expected is int:
        right = isinstance(value, int) and not isinstance(value, bool)
    elif expected in (str, bool):
        right = isinstance(value, expected)
    else:
        return [Problem(path, f"the checker does not know the type {expected!r}")]
    if not right:
        return [Problem(path, f"{expected.__name__} is expected, not {_kind(value)}")]
    if expected is str and path.endswith("_at"):
        return _timestamp(value, path)
    return []


def _timestamp(value: object, path: str) -> list[Problem]:
    if isinstance(value, str) and TIMESTAMP.fullmatch(value):
        return []
    return [Problem(path, f"{value!r} is no RFC 3339 time in UTC with `Z`")]


def _is_union(expected: Any) -> bool:
    return get_origin(expected) in (Union, types.UnionType)


def _is_model(expected: Any) -> bool:
    return isinstance(expected, type) and issubclass(expected, pydantic.BaseModel)


def _bare(expected: Any) -> Any:
    return get_args(expected)[0] if get_origin(expected) is Annotated else expected


def _tags(model: type[pydantic.BaseModel]) -> tuple[Any, ...]:
    return get_args(model.model_fields[DISCRIMINATOR].annotation)


def _is_open(model: type[pydantic.BaseModel]) -> bool:
    """Whether the SDK declares that a model takes any further field."""
    return "__pydantic_extra__" in model.__dict__.get("__annotations__", {})


def _own_name(model: type[pydantic.BaseModel]) -> str:
    origin = model.__pydantic_generic_metadata__["origin"]
    name = (origin or model).__name__
    return "Sync" + name.removeprefix("Async") if name.endswith("PageCursor") and name.startswith("Async") else name


def _kind(value: object) -> str:
    names = {dict: "an object", list: "an array", str: "a string", bool: "a boolean", type(None): "null"}
    return names.get(type(value), f"the number {value!r}")
