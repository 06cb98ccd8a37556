"""Reads the bytes of an event stream as the standard says, and finds what this API does not send."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Frame:
    """One event as it stood on the wire."""

    event: str | None = None
    data: list[str] = field(default_factory=list)
    other: list[str] = field(default_factory=list)
    """Names of further fields, such as `id` and `retry`."""

    def value(self) -> Any:
        """What the data lines hold."""
        return json.loads("\n".join(self.data))


def frames(body: bytes) -> list[Frame]:
    """The finished frames of a body. Comments are left out, and so is a frame that was cut off."""
    found: list[Frame] = []
    current = Frame()
    for line in body.decode("utf-8", errors="replace").replace("\r\n", "\n").split("\n")[:-1]:
        if not line:
            if current != Frame():
                found.append(current)
            current = Frame()
        elif not line.startswith(":"):
            name, _, text = line.partition(":")
            text = text.removeprefix(" ")
            if name == "event":
                current.event = text
            elif name == "data":
                current.data.append(text)
            else:
                current.other.append(name)
    return found


def frame_problems(frame: Frame) -> list[str]:
    """What is wrong with a frame, before its value is looked at."""
    if frame.event == "ping":
        return []
    found: list[str] = []
    if frame.event is None:
        found.append("a frame has no `event:` line; SDKs drop it")
    if len(frame.data) != 1:
        found.append(f"a frame has {len(frame.data)} `data:` lines, not one")
    found.extend(f"a frame has a field `{name}`, which this API does not send" for name in frame.other)
    try:
        value = frame.value()
    except ValueError:
        return [*found, f"the data of a frame is no JSON: {frame.data}"]
    if frame.event is not None and (not isinstance(value, dict) or value.get("type") != frame.event):
        found.append(f"the event line `{frame.event}` is not the type of its data")
    return found
