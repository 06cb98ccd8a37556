"""Puts the findings together, as a table and as JSON."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Any

import methods
from answers import judge
from methods import Method
from suite import Suite


INDEX = re.compile(r"\[\d+\]")


@dataclass
class CheckResult:
    """How a check of behaviour ended."""

    name: str
    outcome: str
    """`passed`, `failed` or `not exercised`."""
    detail: str = ""


@dataclass
class MethodResult:
    """What was seen of one method of the SDK."""

    name: str
    calls: int = 0
    asynchronous_calls: int = 0
    refused: int = 0
    type_name: str = ""
    values: int = 0
    problems: list[str] = field(default_factory=list)
    note: str = ""


@dataclass
class Report:
    """Everything that a run of the suite found."""

    sdk: str
    checks: list[CheckResult]
    methods: list[MethodResult]
    excluded: dict[str, str]
    other_problems: list[str]

    @property
    def failures(self) -> int:
        """How many checks, methods and raw answers failed."""
        failed = sum(check.outcome == "failed" for check in self.checks)
        return failed + sum(bool(method.problems) for method in self.methods) + len(self.other_problems)

    def as_json(self) -> dict[str, Any]:
        """The report for machines."""
        return {**asdict(self), "failures": self.failures}

    def __str__(self) -> str:
        return "\n".join(_lines(self))


def make(suite: Suite, checks: list[CheckResult], sdk: str, whole: bool) -> Report:
    """Judges every recorded exchange and, after a whole run, accounts for every method."""
    known = methods.find_methods()
    results = {name: MethodResult(name) for name in known if name not in methods.EXCLUDED}
    other = _counted(suite.raw_problems)
    sent: defaultdict[str, set[str]] = defaultdict(set)
    seen: defaultdict[str, Counter[str]] = defaultdict(Counter)
    examples: dict[tuple[str, str], str] = {}
    for exchange in suite.recorder.exchanges:
        method = known.get(exchange.method or "")
        sent[exchange.method or ""] |= exchange.parameters
        judgement = judge(exchange, method)
        if method is None or method.name not in results:
            other.extend(f"{exchange}: {problem}" for problem in judgement.problems)
            continue
        result = results[method.name]
        result.calls += not exchange.asynchronous
        result.asynchronous_calls += exchange.asynchronous
        result.refused += exchange.status >= 400
        seen[method.name].update(INDEX.sub("[]", problem) for problem in judgement.problems)
        for problem in judgement.problems:
            examples.setdefault((method.name, INDEX.sub("[]", problem)), str(exchange))
        if exchange.status < 400:
            result.values += judgement.values
            result.type_name = judgement.type_name or "(bytes)"
    for name in suite.recorder.drivers:
        results[name].asynchronous_calls += 1
        results[name].note = "its requests are counted with the methods that make them"
    for result in results.values():
        for problem, count in seen[result.name].items():
            times = "" if count == 1 else f", and {count - 1} more"
            result.problems.append(f"{problem} ({examples[result.name, problem]}{times})")
        if whole:
            _account(result, suite, known[result.name], sent[result.name])
    return Report(sdk, checks, list(results.values()), dict(methods.EXCLUDED), other)


def _account(result: MethodResult, suite: Suite, method: Method, sent: set[str]) -> None:
    if result.calls + result.asynchronous_calls == 0:
        result.problems.append("the suite does not call this method")
    elif result.values == 0 and not result.note:
        excuse = methods.REFUSED_ONLY.get(method.name)
        if excuse is None and method.name in methods.NEEDS_FILES and not suite.has_files:
            excuse = methods.WITHOUT_FILES
        if excuse is None:
            result.problems.append("no answer of the right type was ever seen")
        else:
            result.note = f"only refusals were checked: {excuse}"
            return
    unsent = method.options - sent - methods.UNSENT.get(method.name, frozenset())
    if result.calls and unsent:
        result.problems.append(f"the suite never sends {', '.join(sorted(unsent))}")


def _counted(texts: Iterable[str]) -> list[str]:
    return [text if count == 1 else f"{text} ({count} times)" for text, count in Counter(texts).items()]


def _lines(report: Report) -> Iterable[str]:
    width = max(len(method.name) for method in report.methods)
    yield f"{'method':{width}}  sync  async  refused  values  failures  type"
    for method in report.methods:
        yield (
            f"{method.name:{width}}  {method.calls:4}  {method.asynchronous_calls:5}  {method.refused:7}"
            f"  {method.values:6}  {len(method.problems):8}  {method.type_name or method.note}"
        )
    for title, texts in (
        ("Excluded methods", [f"{name}: {reason}" for name, reason in report.excluded.items()]),
        ("Methods", [f"{method.name}: {text}" for method in report.methods for text in method.problems]),
        ("Raw requests", report.other_problems),
        ("Failed checks", [f"{each.name}: {each.detail}" for each in report.checks if each.outcome == "failed"]),
        ("Not exercised", [f"{each.name}: {each.detail}" for each in report.checks if each.outcome == "not exercised"]),
    ):
        if texts:
            yield f"\n{title}"
            yield from (f"  {text}" for text in texts)
    outcomes = Counter(each.outcome for each in report.checks)
    types = {method.type_name for method in report.methods if method.type_name}
    calls = sum(method.calls + method.asynchronous_calls for method in report.methods)
    yield (
        f"\nanthropic {report.sdk}: {len(report.methods)} methods, {calls} calls, {len(types)} types, "
        f"{sum(method.values for method in report.methods)} values; "
        f"{len(report.checks)} checks: {outcomes['passed']} passed, {outcomes['failed']} failed, "
        f"{outcomes['not exercised']} not exercised; {report.failures} failures"
    )
