"""The phrasebook on disk: fixed sentences, templates with slots, and what fills the slots.

Line N of one language translates line N of the other. A slot is `{name}`, `{name.form}`, `{name#2}` or
`{name#2.form}`; `README.md` has the details.
"""

from __future__ import annotations

import html
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path

SLOT = re.compile(r"\{(?P<name>\w+)(?:#(?P<nth>\d+))?(?:\.(?P<form>\w+))?\}")
NUMBERS = frozenset({"n", "year", "percent", "day", "decimal"})


class PhrasebookError(Exception):
    """The two sides do not match: every fault, one a line."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))


@dataclass(frozen=True)
class Side:
    """One language of the phrasebook."""

    code: str
    sentences: list[str]
    templates: list[str]
    slots: dict[str, list[dict[str, str]]]


@dataclass(frozen=True)
class Phrasebook:
    """Two sides that have been checked against each other."""

    source: Side
    target: Side


def load(folder: Path, from_code: str, to_code: str) -> Phrasebook:
    """Read both sides. Raises: PhrasebookError."""
    source, target = read(folder, from_code), read(folder, to_code)
    if faults := [*uneven(source, target), *unmatched(source, target), *unknown(source), *unknown(target)]:
        raise PhrasebookError(faults)
    return Phrasebook(source, target)


def read(folder: Path, code: str) -> Side:
    tables = tomllib.loads((folder / f"slots.{code}.toml").read_text("utf-8"))
    return Side(
        code,
        lines(folder / f"sentences.{code}.txt"),
        lines(folder / f"templates.{code}.txt"),
        {name: table["items"] for name, table in tables.items()},
    )


def lines(path: Path) -> list[str]:
    return path.read_text("utf-8").removesuffix("\n").split("\n")


def uneven(source: Side, target: Side) -> list[str]:
    """Files and slot lists that are not equally long."""
    sizes = {"sentences": (len(source.sentences), len(target.sentences))}
    sizes["templates"] = (len(source.templates), len(target.templates))
    for name, items in source.slots.items():
        sizes[f"slot {name}"] = (len(items), len(target.slots.get(name, [])))
    return [
        f"{what}: {source.code} has {ours}, {target.code} has {theirs}"
        for what, (ours, theirs) in sizes.items()
        if ours != theirs
    ]


def unmatched(source: Side, target: Side) -> list[str]:
    """Templates whose two sides do not ask for the same slots."""
    return [
        f"templates line {number}: the slots differ between {source.code} and {target.code}"
        for number, (ours, theirs) in enumerate(zip(source.templates, target.templates, strict=False), 1)
        if slot_keys(ours) != slot_keys(theirs)
    ]


def unknown(side: Side) -> list[str]:
    """Slots that nothing fills, and braces that are no slot."""
    faults = []
    for number, template in enumerate(side.templates, 1):
        for name, _ in sorted(slot_keys(template)):
            if name not in NUMBERS and name not in side.slots:
                faults.append(f"templates.{side.code}.txt line {number}: nothing fills {{{name}}}")
        if re.search(r"[{}]", SLOT.sub("", template)):
            faults.append(f"templates.{side.code}.txt line {number}: a brace that is no slot")
    return faults


def slot_keys(template: str) -> set[tuple[str, str]]:
    """The fillers a template asks for: name and ordinal, whatever the form."""
    return {(slot["name"], slot["nth"] or "1") for slot in SLOT.finditer(template)}


def within(sentences: list[str], edition: Path) -> list[bool]:
    """Which sentences are segments of the edition: its text (tags gone) or an attribute has them."""
    markup = html.unescape(html.unescape(edition.read_text("utf-8")))
    texts = [" ".join(text.split()) for text in (re.sub(r"<[^>]*>", "", markup), markup)]
    return [any(sentence in text for text in texts) for sentence in sentences]
