"""Tests of the strict checker, on examples of the wire and on what must be refused.

python -m unittest test_checker
"""

from __future__ import annotations

import copy
import json
import re
import unittest
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import anthropic.types.beta
import pydantic
from anthropic.pagination import SyncPageCursor
from anthropic.types.beta import BetaDream, BetaManagedAgentsAgent, BetaManagedAgentsSession, sessions
from anthropic.types.beta.memory_stores import BetaManagedAgentsMemory, BetaManagedAgentsMemoryListItem

import checker
import methods
from answers import judge
from recorder import Exchange
from server_sent_events import Frame, frame_problems, frames

FENCE = re.compile(r"```json sdk:(?P<type>[\w.]+)(?P<many>\[\])?\n(?P<body>.*?)```", re.DOTALL)
EXAMPLES = Path(__file__).parent / "examples.md"


def examples() -> Iterator[tuple[str, Any, Any]]:
    """The name, the type and the value of each example."""
    for match in FENCE.finditer(EXAMPLES.read_text(encoding="utf-8")):
        expected: Any = anthropic.types.beta
        for part in match["type"].split("."):
            expected = getattr(expected, part)
        if match["many"]:
            expected = list[expected]
        yield match["type"], expected, json.loads(match["body"])


def example(expected: type[pydantic.BaseModel]) -> Any:
    """A fresh copy of the example of a type."""
    return next(copy.deepcopy(value) for _, each, value in examples() if each is expected)


def said(value: object, expected: Any) -> str:
    """All problems, as one text."""
    return "\n".join(map(str, checker.problems(value, expected)))


class Examples(unittest.TestCase):
    def test_every_example_is_accepted(self) -> None:
        seen = 0
        for name, expected, value in examples():
            with self.subTest(name):
                self.assertEqual(said(value, expected), "")
            seen += 1
        self.assertGreaterEqual(seen, 10)

    def test_every_required_field_that_is_taken_away_is_missed(self) -> None:
        for name, expected, value in examples():
            if not isinstance(value, dict):
                continue
            for field, declared in expected.model_fields.items():
                always = checker.ALWAYS_PRESENT.get(name.split(".")[-1], ())
                if declared.is_required() or field in always:
                    with self.subTest(f"{name}.{field}"):
                        less = {key: each for key, each in value.items() if key != field}
                        self.assertIn(f"`{field}` is missing", said(less, expected))

    def test_an_unknown_field_is_found_at_any_depth(self) -> None:
        for name, expected, value in examples():
            for path in objects(value):
                changed = copy.deepcopy(value)
                place = changed
                for step in path:
                    place = place[step]
                place["surplus"] = 1
                if is_free(path):
                    continue
                with self.subTest(f"{name} at {path}"):
                    self.assertIn("surplus", said(changed, expected))


def objects(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The paths of all objects in a value."""
    if isinstance(value, dict):
        yield path
        for key, each in value.items():
            yield from objects(each, (*path, key))
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from objects(each, (*path, index))


def is_free(path: tuple[Any, ...]) -> bool:
    """Whether any field may stand in an object: a tool's input and its schema."""
    return "input" in path or "input_schema" in path


class Refusals(unittest.TestCase):
    def test_a_variant_that_no_union_has(self) -> None:
        event = {"type": "agent.invented", "id": "sevt_1", "processed_at": "2026-11-20T09:00:00Z"}
        self.assertIn("'agent.invented' is none of", said(event, sessions.BetaManagedAgentsSessionEvent))

    def test_a_variant_without_its_type(self) -> None:
        self.assertIn("`type` is missing", said({"path": "/a/"}, BetaManagedAgentsMemoryListItem))

    def test_a_required_field_is_not_excused_by_another_variant(self) -> None:
        event = {"type": "agent.message", "id": "sevt_1", "processed_at": "2026-11-20T09:00:00Z"}
        self.assertIn("`content` is missing", said(event, sessions.BetaManagedAgentsSessionEvent))

    def test_a_number_is_no_string(self) -> None:
        session = example(BetaManagedAgentsSession)
        session["budget"]["max_list_cost"]["amount"] = 50
        self.assertIn("str is expected, not the number 50", said(session, BetaManagedAgentsSession))

    def test_a_boolean_is_no_number(self) -> None:
        memory = example(BetaManagedAgentsMemory)
        memory["content_size_bytes"] = True
        self.assertIn("int is expected, not a boolean", said(memory, BetaManagedAgentsMemory))

    def test_a_time_with_an_offset(self) -> None:
        agent = example(BetaManagedAgentsAgent)
        agent["created_at"] = "2026-11-20T09:00:00+00:00"
        self.assertIn("no RFC 3339 time", said(agent, BetaManagedAgentsAgent))

    def test_null_where_null_is_not_allowed(self) -> None:
        dream = example(BetaDream)
        dream["usage"] = None
        self.assertIn("$.usage: an object is expected, not null", said(dream, BetaDream))

    def test_a_word_outside_of_its_list(self) -> None:
        dream = example(BetaDream)
        dream["status"] = "done"
        self.assertIn("'done' is none of", said(dream, BetaDream))

    def test_a_page_without_its_cursor(self) -> None:
        page = {"data": [example(BetaDream)]}
        self.assertIn("`next_page` is missing", said(page, SyncPageCursor[BetaDream]))

    def test_an_item_of_a_page(self) -> None:
        dream = example(BetaDream)
        del dream["model"]
        page = {"data": [dream], "next_page": None}
        self.assertIn("$.data[0]: the required field `model` is missing", said(page, SyncPageCursor[BetaDream]))


class ServerSentEvents(unittest.TestCase):
    def test_frames_are_told_apart_and_an_unfinished_one_is_left_out(self) -> None:
        text = b': keep-alive\n\nevent: a\ndata: {"type":"a"}\n\nevent: b\ndata: {"ty'
        self.assertEqual(frames(text), [Frame("a", ['{"type":"a"}'], [])])

    def test_a_good_frame(self) -> None:
        self.assertEqual(frame_problems(Frame("a", ['{"type":"a"}'], [])), [])

    def test_a_frame_without_an_event_line(self) -> None:
        self.assertIn("no `event:` line", frame_problems(Frame(None, ['{"type":"a"}'], []))[0])

    def test_a_frame_whose_event_is_not_its_type(self) -> None:
        self.assertIn("is not the type", frame_problems(Frame("message", ['{"type":"a"}'], []))[0])

    def test_a_frame_over_two_data_lines(self) -> None:
        self.assertIn("2 `data:` lines", frame_problems(Frame("a", ['{"type":', '"a"}'], []))[0])

    def test_a_frame_with_an_id_line(self) -> None:
        self.assertIn("`id`", frame_problems(Frame("a", ['{"type":"a"}'], ["id"]))[0])


def exchange(method: str, status: int, body: bytes, content_type: str = "application/json", **headers: str) -> Exchange:
    """An answer to a method, as the transport would have recorded it."""
    return Exchange(
        verb="GET",
        path="/",
        query="",
        method=method,
        parameters=frozenset(),
        asynchronous=False,
        status=status,
        headers={"content-type": content_type, "request-id": "req_1", **headers},
        body=bytearray(body),
    )


class Answers(unittest.TestCase):
    def setUp(self) -> None:
        self.methods = methods.find_methods()

    def judged(self, method: str, status: int, body: Any, **headers: str) -> list[str]:
        """What is wrong with an answer."""
        answer = exchange(method, status, json.dumps(body).encode(), **headers)
        return judge(answer, self.methods[method]).problems

    def error(self, kind: str, **further: str) -> dict[str, Any]:
        """The body of an error."""
        return {"type": "error", "error": {"type": kind, "message": "No.", **further}, "request_id": "req_1"}

    def test_every_method_has_a_route_or_a_reason(self) -> None:
        driver = {"sessions.events.tool_runner"}
        self.assertEqual(set(self.methods), set(methods.ROUTES) | set(methods.EXCLUDED) | driver)

    def test_requests_are_told_apart(self) -> None:
        for name, route in methods.ROUTES.items():
            verb, path = route.split(" ")
            with self.subTest(name):
                self.assertEqual(methods.route_of(verb, path.replace("{}", "sevt_0a")), name)
        self.assertIsNone(methods.route_of("PUT", "/v1/agents"))

    def test_a_good_answer(self) -> None:
        self.assertEqual(self.judged("agents.retrieve", 200, example(BetaManagedAgentsAgent)), [])

    def test_an_answer_of_another_type(self) -> None:
        self.assertIn("missing", "".join(self.judged("dreams.retrieve", 200, example(BetaManagedAgentsAgent))))

    def test_an_id_with_another_prefix(self) -> None:
        agent = {**example(BetaManagedAgentsAgent), "id": "agt_1"}
        self.assertIn("does not begin with `agent_`", self.judged("agents.retrieve", 200, agent)[0])

    def test_a_good_error(self) -> None:
        self.assertEqual(self.judged("agents.retrieve", 404, self.error("not_found_error")), [])

    def test_an_error_of_another_status(self) -> None:
        self.assertIn("the error type of a 400", self.judged("agents.retrieve", 400, self.error("not_found_error"))[0])

    def test_an_error_with_another_request_id(self) -> None:
        found = self.judged("agents.retrieve", 404, {**self.error("not_found_error"), "request_id": "req_2"})
        self.assertIn("is not the header", found[0])

    def test_an_error_without_its_envelope(self) -> None:
        self.assertIn("an error is not", self.judged("agents.retrieve", 404, {"message": "No."})[0])

    def test_a_conflict_of_paths_names_the_other_memory(self) -> None:
        method = "memory_stores.memories.create"
        body = self.error("memory_path_conflict_error", conflicting_memory_id="mem_1", conflicting_path="/a")
        self.assertEqual(self.judged(method, 409, body, **{"x-should-retry": "false"}), [])
        self.assertIn("x-should-retry", self.judged(method, 409, body)[0])
        bare = self.error("memory_path_conflict_error")
        self.assertIn("conflicting_memory_id", self.judged(method, 409, bare)[0])

    def test_events_of_a_stream(self) -> None:
        good = example_events()
        body = "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in good)
        answer = exchange("sessions.events.stream", 200, body.encode(), "text/event-stream")
        judgement = judge(answer, self.methods["sessions.events.stream"])
        self.assertEqual((judgement.problems, judgement.values), ([], len(good)))
        answer.body.extend(b'event: ping\ndata: {}\n\nevent: agent.thinking\ndata: {"type":"agent.thinking"}\n\n')
        found = judge(answer, self.methods["sessions.events.stream"]).problems
        self.assertEqual(len(found), 2, found)


def example_events() -> list[Any]:
    """All events among the examples."""
    return [event for name, _, value in examples() if name.endswith("SessionEvent") for event in value]


if __name__ == "__main__":
    unittest.main()
