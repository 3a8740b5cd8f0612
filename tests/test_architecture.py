"""The layout holds: imports go one way, and in no circle."""

from __future__ import annotations

import ast
from graphlib import TopologicalSorter
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
FILES = sorted([*ROOT.glob("channels/**/*.py"), *ROOT.glob("distributor/**/*.py")])

# The floors of the house, the ground first; a room imports from lower floors, and from its own.
FLOORS = [
    ("channels",),
    ("errors", "clock", "hours", "bcp47", "links", "scripts", "markup"),
    ("article",),
    ("settings", "language", "corrections"),
    ("config",),
    ("routing", "naming"),
    ("ledger",),
    ("events",),
    ("log",),
    ("sources", "translation", "delivery"),
    ("web",),
    ("desk",),
    ("service",),
    ("probe", "demo"),
    ("cli",),
    ("__main__",),
]
FLOOR = {room: height for height, rooms in enumerate(FLOORS) for room in rooms}


def name(path: Path) -> str:
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {name(path): path for path in FILES}


def imports(path: Path) -> set[str]:
    """The modules of ours that a file imports."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {module for module in found if module in MODULES and module not in ("distributor",)} - {name(path)}


def room(module: str) -> str:
    parts = module.split(".")
    return parts[0] if parts[0] == "channels" else "".join(parts[1:2])


def test_every_room_has_its_floor() -> None:
    assert {room(module) for module in MODULES} - {""} <= FLOOR.keys()


@pytest.mark.parametrize("module", sorted(set(MODULES) - {"distributor"}))
def test_a_room_imports_only_from_lower_floors_or_itself(module: str) -> None:
    mine = room(module)
    above = {other for other in imports(MODULES[module])
             if room(other) != mine and FLOOR[room(other)] >= FLOOR[mine]}  # fmt: skip
    assert not above


def test_no_import_goes_in_a_circle() -> None:
    graph = {module: imports(path) for module, path in MODULES.items()}
    packages = {m for m in MODULES if MODULES[m].name == "__init__.py"}
    order = TopologicalSorter({m: i - packages for m, i in graph.items()}).static_order()
    assert set(order) >= MODULES.keys() - packages  # a circle raises CycleError
