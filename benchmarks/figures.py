"""How benchmarks tell their figures: a table, or one JSON object a line."""

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
    for result in results:
        if as_json:
            sys.stdout.write(json.dumps(result) + "\n")
            continue
        bar = "" if result["bar"] is None else f"bar {result['bar']}: {'met' if result['met'] else 'NOT met'}"
        sys.stdout.write(f"{result['name']:<44} {result['value']:>10} {result['unit']:<14} {bar}\n")
