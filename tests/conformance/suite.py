"""What a check has at hand, and how it says what it found."""

from __future__ import annotations

import itertools
import json
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import anthropic
from anthropic import Anthropic, AsyncAnthropic
from anthropic.types.beta import BetaEnvironment, BetaManagedAgentsAgent, BetaManagedAgentsMemoryStore

import answers
import raw
from recorder import AsyncRecordingTransport, Recorder, RecordingTransport

MANAGED_AGENTS = "managed-agents-2026-04-01"
AGENT_MEMORY = "agent-memory-2026-07-22"
DREAMING = "dreaming-2026-04-21"
MODEL = "claude-sonnet-5-5"
DREAM_MODEL = "claude-opus-5"

Check = Callable[["Suite"], None]
CHECKS: list[Check] = []


def check(function: Check) -> Check:
    """Registers a check; its name is the sentence that it tests, its module the part of the API."""
    CHECKS.append(function)
    return function


class NotExercised(Exception):
    """The server gave no occasion to see what a check is about."""


@dataclass
class Settings:
    """How the server is reached, and how patient the suite is."""

    base_url: str
    api_key: str
    other_key: str
    limited_base_url: str | None
    stream_seconds: float
    dream_seconds: float


@dataclass
class Suite:
    """The clients of one run of the suite."""

    settings: Settings
    recorder: Recorder = field(init=False)
    client: Anthropic = field(init=False)
    raw_problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.recorder = Recorder(self.settings.stream_seconds)
        self.client = self.client_for(self.settings.api_key)
        self._names = itertools.count(1)

    def client_for(self, api_key: str, base_url: str | None = None) -> Anthropic:
        """A client of the SDK whose exchanges are recorded. It repeats nothing by itself."""
        return Anthropic(
            api_key=api_key,
            base_url=base_url or self.settings.base_url,
            max_retries=0,
            timeout=self.settings.stream_seconds,
            default_headers={"accept-encoding": "identity"},
            http_client=anthropic.DefaultHttpxClient(transport=RecordingTransport(self.recorder)),
        )

    def asynchronous_client(self) -> AsyncAnthropic:
        """The same, asynchronous."""
        return AsyncAnthropic(
            api_key=self.settings.api_key,
            base_url=self.settings.base_url,
            max_retries=0,
            timeout=self.settings.stream_seconds,
            default_headers={"accept-encoding": "identity"},
            http_client=anthropic.DefaultAsyncHttpxClient(transport=AsyncRecordingTransport(self.recorder)),
        )

    def name(self, what: str = "conformance") -> str:
        """A name that nothing else has in this run."""
        return f"{what} {next(self._names)}"

    def send(
        self,
        verb: str,
        path: str,
        *,
        beta: str | None = MANAGED_AGENTS,
        value: Any = None,
        body: bytes | None = None,
        **headers: str | None,
    ) -> raw.Answer:
        """A raw request; `headers` are changes to the usual ones, with `_` for `-`."""
        if value is not None:
            body = json.dumps(value).encode()
        if body is None and verb == "POST":
            body = b""
        sent = raw.headers_for(self.settings.api_key, beta, **headers)
        answer = raw.request(self.settings.base_url, verb, path, sent, body)
        if answer.status >= 400:
            found = answers.error_problems(answer.status, answer.headers, answer.body)
            self.raw_problems.extend(f"raw {verb} {path} -> {answer.status}: {problem}" for problem in found)
        return answer

    @cached_property
    def has_files(self) -> bool:
        """Whether the server knows the route of files at all."""
        try:
            self.client.beta.files.list(scope_id="sesn_unknown", betas=[MANAGED_AGENTS])
        except anthropic.APIError as error:
            return not isinstance(error, anthropic.NotFoundError)
        return True

    def pause(self) -> None:
        """Lets the server's clock go on, whether it counts in seconds or less."""
        time.sleep(1.1)

    def agent(self, **changes: Any) -> BetaManagedAgentsAgent:
        """A plain agent."""
        return self.client.beta.agents.create(**{"model": MODEL, "name": self.name("agent"), **changes})

    def environment(self) -> BetaEnvironment:
        """A plain environment."""
        return self.client.beta.environments.create(name=self.name("environment"))

    def store(self, **memories: str) -> BetaManagedAgentsMemoryStore:
        """A memory store with a few memories, whose paths are `/<name>.md`."""
        store = self.client.beta.memory_stores.create(name=self.name("Memory"))
        for name, content in memories.items():
            self.client.beta.memory_stores.memories.create(store.id, path=f"/{name}.md", content=content)
        return store


@contextmanager
def refused(status: int, kind: str, what: str = "this") -> Iterator[list[Mapping[str, Any]]]:
    """Expects that the SDK raises an error; the list receives the error's body."""
    bodies: list[Mapping[str, Any]] = []
    try:
        yield bodies
    except anthropic.APIStatusError as error:
        assert error.status_code == status, f"{what}: {error.status_code} instead of {status}: {error.message}"
        assert error.type == kind, f"{what}: {error.type} instead of {kind}"
        assert isinstance(error.body, dict), error.body
        bodies.append(error.body)
    else:
        raise AssertionError(f"{what} was not refused; {status} {kind} is expected")


def equal(found: object, expected: object, what: str = "found") -> None:
    """Says both sides when they differ."""
    assert found == expected, f"{what}: {found!r} instead of {expected!r}"


def until(condition: Callable[[], bool], seconds: float, what: str) -> None:
    """Waits for something that the server does by itself."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"{what} did not happen within {seconds} seconds"
        time.sleep(0.05)
