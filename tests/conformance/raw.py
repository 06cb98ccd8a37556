"""Requests that the SDK would not make: wrong headers, broken bodies, unknown routes."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

VERSION = "2026-10-21"


@dataclass(frozen=True)
class Answer:
    """What a raw request was answered with."""

    status: int
    headers: dict[str, str]
    body: bytes

    def value(self) -> Any:
        """The body, read as JSON."""
        return json.loads(self.body)

    @property
    def error_type(self) -> str | None:
        """The type of the error, if it is one."""
        try:
            return str(self.value()["error"]["type"])
        except (ValueError, KeyError, TypeError):
            return None


def headers_for(key: str, beta: str | None, **others: str | None) -> dict[str, str]:
    """The headers of a good request, and changes to them; `None` leaves a header out."""
    found: dict[str, str | None] = {
        "x-api-key": key,
        "anthropic-version": VERSION,
        "anthropic-beta": beta,
        "content-type": "application/json",
    }
    found.update({name.replace("_", "-"): value for name, value in others.items()})
    return {name: value for name, value in found.items() if value is not None}


def request(base_url: str, verb: str, path: str, headers: Mapping[str, str], body: bytes | None = None) -> Answer:
    """Sends one request on a connection of its own."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=30)
    try:
        connection.putrequest(verb, path)
        for name, value in headers.items():
            connection.putheader(name, value)
        if body is not None:
            connection.putheader("content-length", str(len(body)))
        connection.endheaders()
        try:
            if body is not None:
                connection.send(body)
        except (BrokenPipeError, ConnectionResetError):
            pass  # A server may refuse a large body before it has read it; the answer is there all the same.
        response = connection.getresponse()
        found = {name.lower(): value for name, value in response.getheaders()}
        return Answer(response.status, found, response.read())
    finally:
        connection.close()


def first_bytes(base_url: str, path: str, headers: Mapping[str, str], seconds: float) -> bytes:
    """The first line that a stream sends, or nothing if it is silent for that long."""
    parts = urlsplit(base_url)
    assert parts.hostname is not None
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=seconds)
    try:
        connection.request("GET", path, headers=dict(headers))
        return connection.getresponse().readline()
    except TimeoutError:
        return b""
    finally:
        connection.close()
