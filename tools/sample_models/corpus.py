"""Sentence pairs out of the phrasebook: templates filled at random, and variants of what is there.

A pair remembers which stretch of the source is which stretch of the target, as far as that is certain
(slots, numbers, words of the slot lists). The aligner takes these anchors as given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from random import Random

from tools.sample_models.phrasebook import SLOT, Phrasebook

CUT = "\x1f"  # no character of a text
Span = tuple[int, int]
Anchor = tuple[Span, Span]
Key = tuple[str, str]
Forms = dict[str, str]
Fillers = dict[Key, tuple[Forms, Forms]]

WITHOUT_SPACES = frozenset({"ja", "zh"})
SMALL_WORDS = frozenset(
    ["a", "an", "and", "as", "at", "by", "for", "from", "in", "of", "on", "or", "the", "to", "with"]
)
FULL_STOP = re.compile(r"(?<=[^.…。])[.。]$")
NUMBER = re.compile(r"\d+")


@dataclass(frozen=True)
class Pair:
    source: str
    target: str
    anchors: tuple[Anchor, ...] = ()


def fixed(book: Phrasebook) -> list[Pair]:
    """The fixed sentences, anchored at the numbers and slot words that both sides have."""
    words = lexicon(book)
    return [
        anchored(Pair(source, target), words)
        for source, target in zip(book.source.sentences, book.target.sentences, strict=True)
    ]


def expansions(book: Phrasebook, count: int, random: Random) -> list[Pair]:
    """At most `count` distinct pairs, the templates in turn."""
    seen = set(book.source.sentences)
    pairs: list[Pair] = []
    for pair in islice(fillings(book, random), 3 * count):
        if pair.source not in seen and len(pairs) < count:
            seen.add(pair.source)
            pairs.append(pair)
    return pairs


def fillings(book: Phrasebook, random: Random) -> Iterator[Pair]:
    """Round and round all templates, without end."""
    while True:
        for source, target in zip(book.source.templates, book.target.templates, strict=True):
            yield fill(source, target, choose(book, source, random))


def choose(book: Phrasebook, template: str, random: Random) -> Fillers:
    """A filler for every slot; `{x}` and `{x#2}` get different ones."""
    chosen: Fillers = {}
    for slot in SLOT.finditer(template):
        key = (slot["name"], slot["nth"] or "1")
        while key not in chosen:
            filler = draw(book, slot["name"], random)
            if filler not in [other for (name, _), other in chosen.items() if name == slot["name"]]:
                chosen[key] = filler
    return chosen


def draw(book: Phrasebook, name: str, random: Random) -> tuple[Forms, Forms]:
    """The forms of one filler, here and there."""
    if name in book.source.slots:
        which = random.randrange(len(book.source.slots[name]))
        return book.source.slots[name][which], book.target.slots[name][which]
    written = number(name, random)
    forms = {"base": written, "comma": written.replace(".", ",")}
    return forms, forms


def number(name: str, random: Random) -> str:
    """A number as the phrasebook describes its slot; small ones more often."""
    match name:
        case "year":
            return str(random.randint(1990, 2060))
        case "percent":
            return str(random.randint(1, 99))
        case "day":
            return str(random.randint(1, 28))
        case "decimal":
            return f"{random.randint(0, random.choice((9, 99)))}.{random.randint(1, 9)}"
        case _:
            return str(random.randint(2, random.choice((20, 99, 999))))


def fill(source: str, target: str, fillers: Fillers) -> Pair:
    """Both sides of a template, every filler an anchor."""
    ours, our_spans = filled(source, {key: forms for key, (forms, _) in fillers.items()})
    theirs, their_spans = filled(target, {key: forms for key, (_, forms) in fillers.items()})
    anchors = tuple((span, their_spans[key]) for key, span in our_spans.items())
    return Pair(ours, theirs, anchors)


def filled(template: str, forms: dict[Key, Forms]) -> tuple[str, dict[Key, Span]]:
    """The text and where each filler stands in it (its last place, if it stands in two)."""
    text, spans, end = "", {}, 0
    for slot in SLOT.finditer(template):
        text += template[end : slot.start()]
        key = (slot["name"], slot["nth"] or "1")
        word = forms[key].get(slot["form"] or "base", forms[key]["base"])
        spans[key] = (len(text), len(text) + len(word))
        text, end = text + word, slot.end()
    return capitalised(text + template[end:]), spans


def capitalised(text: str) -> str:
    """Begin a sentence with a capital, unless its first word has one inside (`mRNA`)."""
    return text[:1].upper() + text[1:] if text.split(" ", 1)[0].islower() else text


def texts(book: Phrasebook) -> Iterator[str]:
    """Every text of the phrasebook once, a `CUT` where words of the slot lists begin and end."""
    for pair in fixed(book):
        yield cut(pair.source, [ours for ours, _ in pair.anchors])
        yield cut(pair.target, [theirs for _, theirs in pair.anchors])
    for side in (book.source, book.target):
        yield from (SLOT.sub(CUT, template) for template in side.templates)
        yield from (form for items in side.slots.values() for forms in items for form in forms.values())


def cut(text: str, spans: list[Span]) -> str:
    """A leading space stays with its word."""
    for start, end in sorted(spans, reverse=True):
        before, word, after = text[:start], text[start:end], text[end:]
        word = before[len(before.rstrip(" ")) :] + word
        text = before.rstrip(" ") + CUT + word + CUT + after
    return text


def lexicon(book: Phrasebook) -> list[tuple[re.Pattern[str], list[str]]]:
    """Slot words, the longest first: a pattern of the source side, all forms of the target side."""
    words = []
    for name, items in book.source.slots.items():
        for ours, theirs in zip(items, book.target.slots[name], strict=True):
            renderings = sorted(set(theirs.values()), key=len, reverse=True)
            words += [(form, renderings) for form in set(ours.values())]
    words.sort(key=lambda entry: (-len(entry[0]), entry))
    return [(re.compile(rf"(?<!\w){re.escape(word)}(?!\w)"), forms) for word, forms in words]


def anchored(pair: Pair, words: list[tuple[re.Pattern[str], list[str]]]) -> Pair:
    """Anchor what stands exactly once on either side, and in no earlier anchor."""
    anchors: list[Anchor] = []
    for found in NUMBER.finditer(pair.source):
        theirs = [other.span() for other in NUMBER.finditer(pair.target) if other[0] == found[0]]
        if len(theirs) == 1 and NUMBER.findall(pair.source).count(found[0]) == 1:
            anchors.append((found.span(), theirs[0]))
    for pattern, forms in words:
        ours = [found.span() for found in pattern.finditer(pair.source)]
        their = next((span for form in forms if (span := only(form, pair.target))), None)
        if len(ours) == 1 and their and not any(touch(ours[0], a) or touch(their, b) for a, b in anchors):
            anchors.append((ours[0], their))
    return replace(pair, anchors=tuple(anchors))


def only(word: str, text: str) -> Span | None:
    """Where `word` stands in `text`, if it stands there once."""
    start = text.find(word)
    return (start, start + len(word)) if start >= 0 and text.count(word) == 1 else None


def touch(one: Span, other: Span) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def variants(pairs: list[Pair], to_code: str, random: Random) -> list[Pair]:
    """For some of the pairs one more: other capitals, no full stop, or two sentences in one."""
    made = [variant for pair in pairs for variant in random.choice(CHANGES)(pair)]
    short = [pair for pair in pairs if len(pair.source) < 70 and FULL_STOP.search(pair.source)]
    random.shuffle(short)
    made += [joined(one, two, to_code) for one, two in zip(short[::8], short[1::8], strict=False)]
    return made


def without_full_stop(pair: Pair) -> list[Pair]:
    """Neither side has one."""
    if not (FULL_STOP.search(pair.source) and FULL_STOP.search(pair.target)):
        return []
    return [replace(pair, source=pair.source[:-1], target=pair.target[:-1])]


def title_case(pair: Pair) -> list[Pair]:
    """A headline in the capitals of a headline; the translation stays."""
    if FULL_STOP.search(pair.source) or len(pair.source) > 90:
        return []
    words = [word if word in SMALL_WORDS else word[:1].upper() + word[1:] for word in pair.source.split(" ")]
    return [replace(pair, source=" ".join(words))]


def small_start(pair: Pair) -> list[Pair]:
    """The first letter small, as after a colon; the translation stays."""
    if not pair.source[:2].istitle():
        return []
    return [replace(pair, source=pair.source[:1].lower() + pair.source[1:])]


def unchanged(pair: Pair) -> list[Pair]:
    return []


CHANGES: tuple[Callable[[Pair], list[Pair]], ...] = (
    without_full_stop, title_case, small_start, unchanged, unchanged, unchanged,
)  # fmt: skip


def joined(one: Pair, two: Pair, to_code: str) -> Pair:
    """Two sentences in one input."""
    gap = "" if to_code in WITHOUT_SPACES else " "
    ours, theirs = len(one.source) + 1, len(one.target) + len(gap)
    moved = [(shift(a, ours), shift(b, theirs)) for a, b in two.anchors]
    return Pair(f"{one.source} {two.source}", one.target + gap + two.target, (*one.anchors, *moved))


def shift(span: Span, by: int) -> Span:
    return span[0] + by, span[1] + by
