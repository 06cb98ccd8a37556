"""Runs the official SDK against a server that speaks the Managed Agents API, and judges every answer.

python conformance.py --base-url http://127.0.0.1:8787
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from pathlib import Path

import anthropic

import checks
import report
from report import CheckResult
from suite import CHECKS, Check, NotExercised, Settings, Suite


def main() -> int:
    """The suite as a command; the exit code is 1 if anything failed."""
    arguments = _arguments()
    suite = Suite(
        Settings(
            base_url=arguments.base_url.rstrip("/"),
            api_key=arguments.api_key,
            other_key=arguments.other_key,
            limited_base_url=arguments.limited_base_url,
            stream_seconds=arguments.stream_seconds,
            dream_seconds=arguments.dream_seconds,
        )
    )
    results = [_run(suite, each) for each in CHECKS if arguments.only in name_of(each)]
    found = report.make(suite, results, anthropic.__version__, whole=not arguments.only)
    print(found)
    if arguments.json is not None:
        arguments.json.write_text(json.dumps(found.as_json(), indent=2) + "\n", encoding="utf-8")
    incomplete = arguments.complete and any(each.outcome == "not exercised" for each in results)
    return 1 if found.failures or incomplete else 0


def name_of(check: Check) -> str:
    """The part of the API and the sentence that a check is called by."""
    return f"{check.__module__.removeprefix(checks.__name__ + '.')}.{check.__name__}"


def _run(suite: Suite, check: Check) -> CheckResult:
    name = name_of(check)
    begin = time.monotonic()
    try:
        check(suite)
        result = CheckResult(name, "passed")
    except NotExercised as reason:
        result = CheckResult(name, "not exercised", str(reason))
    except Exception as error:  # Whatever a server makes the SDK raise is a failure of the check, not of the suite.
        result = CheckResult(name, "failed", f"{type(error).__name__}: {error}")
    print(f"{result.outcome:13}  {time.monotonic() - begin:6.2f} s  {name}", file=sys.stderr)
    return result


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--base-url", required=True, help="where the server is, such as http://127.0.0.1:8787")
    parser.add_argument("--limited-base-url", help="a second server whose rate limits are on")
    parser.add_argument("--api-key", default="conformance", help="the key that the suite uses")
    parser.add_argument("--other-key", default="conformance-other", help="a key that must see nothing of it")
    parser.add_argument("--stream-seconds", type=float, default=30.0, help="how long a stream or a turn may take")
    parser.add_argument("--dream-seconds", type=float, default=60.0, help="how long a dream may take")
    parser.add_argument("--only", default="", metavar="TEXT", help="run the checks whose name has this text")
    parser.add_argument("--complete", action="store_true", help="fail if any check was not exercised")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the findings to a file as well")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
