"""Records every HTTP exchange of the SDK below its own reading of it."""

from __future__ import annotations

import json
import re
import threading
import time
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, field

import httpx2

import methods

MULTIPART_NAME = re.compile(rb'; name="([^"]+)"')


class StreamTooLong(Exception):
    """A stream went on past the time that the suite gives it."""


@dataclass
class Exchange:
    """One request and what was answered, as bytes."""

    verb: str
    path: str
    query: str
    method: str | None
    parameters: frozenset[str]
    """Names of what was sent in the query and in the body, as the SDK calls them."""
    asynchronous: bool
    status: int
    headers: dict[str, str]
    body: bytearray = field(default_factory=bytearray)

    @property
    def content_type(self) -> str:
        """The media type, without its parameters."""
        return self.headers.get("content-type", "").partition(";")[0].strip()

    @property
    def is_stream(self) -> bool:
        """Whether events were sent."""
        return self.content_type == "text/event-stream"

    def __str__(self) -> str:
        return f"{self.verb} {self.path}{'?' + self.query if self.query else ''} -> {self.status}"


class Recorder:
    """Where the exchanges of all clients are kept, in the order of their answers."""

    def __init__(self, stream_seconds: float) -> None:
        self.exchanges: list[Exchange] = []
        self.drivers: list[str] = []
        self._stream_seconds = stream_seconds
        self._lock = threading.Lock()

    def keep(self, request: httpx2.Request, response: httpx2.Response, asynchronous: bool) -> Exchange:
        """Notes an answer whose body is still to come."""
        path = request.url.path
        exchange = Exchange(
            verb=request.method,
            path=path,
            query=request.url.query.decode("ascii"),
            method=methods.route_of(request.method, path),
            parameters=_parameters(request),
            asynchronous=asynchronous,
            status=response.status_code,
            headers={name.lower(): value for name, value in response.headers.items()},
        )
        with self._lock:
            self.exchanges.append(exchange)
        return exchange

    def ran(self, driver: str) -> None:
        """Notes a call of a method that makes its requests through other methods."""
        self.drivers.append(driver)

    def deadline(self) -> float:
        """Until when a body that begins now may go on."""
        return time.monotonic() + self._stream_seconds


class RecordingTransport(httpx2.HTTPTransport):
    """The transport of the synchronous client."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        request.read()
        response = super().handle_request(request)
        exchange = self._recorder.keep(request, response, asynchronous=False)
        assert isinstance(response.stream, httpx2.SyncByteStream)
        response.stream = _Copied(response.stream, exchange, self._recorder.deadline())
        return response


class AsyncRecordingTransport(httpx2.AsyncHTTPTransport):
    """The transport of the asynchronous client."""

    def __init__(self, recorder: Recorder) -> None:
        super().__init__()
        self._recorder = recorder

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await request.aread()
        response = await super().handle_async_request(request)
        exchange = self._recorder.keep(request, response, asynchronous=True)
        assert isinstance(response.stream, httpx2.AsyncByteStream)
        response.stream = _AsyncCopied(response.stream, exchange, self._recorder.deadline())
        return response


class _Copied(httpx2.SyncByteStream):
    def __init__(self, inner: httpx2.SyncByteStream, exchange: Exchange, deadline: float) -> None:
        self._inner = inner
        self._exchange = exchange
        self._deadline = deadline

    def __iter__(self) -> Iterator[bytes]:
        for chunk in self._inner:
            _copy(chunk, self._exchange, self._deadline)
            yield chunk

    def close(self) -> None:
        self._inner.close()


class _AsyncCopied(httpx2.AsyncByteStream):
    def __init__(self, inner: httpx2.AsyncByteStream, exchange: Exchange, deadline: float) -> None:
        self._inner = inner
        self._exchange = exchange
        self._deadline = deadline

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for chunk in self._inner:
            _copy(chunk, self._exchange, self._deadline)
            yield chunk

    async def aclose(self) -> None:
        await self._inner.aclose()


def _parameters(request: httpx2.Request) -> frozenset[str]:
    names = {name.removesuffix("[]").replace("[", "_").removesuffix("]") for name in request.url.params}
    if request.headers.get("content-type", "").startswith("multipart/"):
        names |= {name.decode() for name in MULTIPART_NAME.findall(request.content)}
    elif request.content:
        names |= set(json.loads(request.content))
    return frozenset(names)


def _copy(chunk: bytes, exchange: Exchange, deadline: float) -> None:
    exchange.body.extend(chunk)
    if time.monotonic() > deadline:
        raise StreamTooLong(str(exchange))
