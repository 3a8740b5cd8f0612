"""How benchmarks tell their figures: a table, or one JSON object a line; what was skipped is told apart."""

from __future__ import annotations

import json
import sys
from typing import Any


def figure(
    name: str, value: float, unit: str, bar: float | None = None, *, at_most: bool = False
) -> dict[str, Any]:
    """One line of the result; `met` where there is a bar: at least that, or with `at_most` no more."""
    met = None if bar is None else value <= bar if at_most else value >= bar
    return {"name": name, "value": value, "unit": unit, "bar": bar, "met": met}


def show(results: list[dict[str, Any]], as_json: bool) -> None:
    """One object a line, or a table."""
    width = max(44, *(len(result["name"]) for result in results))
    for result in results:
        if as_json:
            sys.stdout.write(json.dumps(result) + "\n")
            continue
        bar = "" if result["bar"] is None else f"bar {result['bar']}: {'met' if result['met'] else 'NOT met'}"
        sys.stdout.write(f"{result['name']:<{width}} {result['value']:>10} {result['unit']:<14} {bar}\n")


def skipped(name: str, reason: str) -> None:
    """Say on the standard error output what is not measured here, and why."""
    sys.stderr.write(f"skipped: {name}: {reason}\n")
