"""Which piece of a translation comes from which piece of its source.

IBM model 1 (Brown et al. 1993, "The mathematics of statistical machine translation") with the diagonal
prior of fast_align (Dyer et al. 2013, "A simple, fast, and effective reparameterization of IBM model 2"),
learnt in both directions and symmetrised by grow-diag (Koehn et al. 2003, "Statistical phrase-based
translation"), all over words, not pieces. What is in an anchor may only come from that anchor.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from tools.sample_models.pieces import Encoded, Ids
from tools.sample_models.words import Links, Words

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]

TENSION = 4.0
NULL = 0.08
NEIGHBOURS = [(-1, 0), (0, -1), (1, 0), (0, 1), (-1, -1), (-1, 1), (1, -1), (1, 1)]


def flipped(pair: Encoded) -> Encoded:
    return Encoded(pair.target, pair.source, pair.target_marks, pair.source_marks)


def prior(pair: Encoded) -> Matrix:
    """How likely target piece j comes from source piece i, before looking at them. Columns sum to 1."""
    distance = np.abs(spread(pair.source_marks)[:, None] - spread(pair.target_marks)[None, :])
    chance: Matrix = np.exp(-TENSION * distance) * allowed(pair)
    chance /= chance.sum(axis=0, keepdims=True)
    return chance


def spread(marks: Ids) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Where each piece stands, 0 to 1, within its anchor or, outside of one, within the sentence."""
    place = (np.arange(len(marks)) + 0.5) / len(marks)
    for number in range(1, int(marks.max(initial=0)) + 1):
        inside = np.flatnonzero(marks == number)
        place[inside] = (np.arange(len(inside)) + 0.5) / max(len(inside), 1)
    return place


def allowed(pair: Encoded) -> Links:
    """What may come from what: the same anchor, or no anchor on either side; a name from itself only."""
    ours, theirs = pair.source_marks[:, None], pair.target_marks[None, :]
    same: Links = (ours == theirs) | (ours < 0) | (theirs < 0)
    alike: Links = same & (pair.source[:, None] == pair.target[None, :])
    alike &= (alike.sum(axis=0) == 1) & (alike.sum(axis=1, keepdims=True) == 1)
    links: Links = alike | (same & ~alike.any(axis=0) & ~alike.any(axis=1, keepdims=True))
    links |= ~links.any(axis=0, keepdims=True)
    return links


def learn(pairs: list[Encoded], size: int, rounds: int = 5) -> Matrix:
    """Expectation maximisation. The table's last row is the empty word."""
    table = np.full((size + 1, size), 1.0 / size)
    priors = [prior(pair) for pair in pairs]
    cells = np.concatenate([np.ravel_multi_index(grid(pair, size), table.shape).ravel() for pair in pairs])
    for _ in range(rounds):
        shares = [posterior(pair, table, chance).ravel() for pair, chance in zip(pairs, priors, strict=True)]
        counts = np.bincount(cells, np.concatenate(shares), table.size).reshape(table.shape)
        table = (counts + 1e-6) / (counts + 1e-6).sum(axis=1, keepdims=True)
    return table


def grid(pair: Encoded, size: int) -> tuple[Ids, Ids]:
    """Row and column of the table for every two pieces, the empty word last."""
    rows, columns = np.broadcast_arrays(np.append(pair.source, size)[:, None], pair.target[None, :])
    return rows, columns


def posterior(pair: Encoded, table: Matrix, chance: Matrix) -> Matrix:
    """How likely each target word comes from each source word. An anchor's words do not come from nowhere."""
    empty = np.where(pair.target_marks > 0, 1e-9, NULL)[None, :]
    weight: Matrix = table[grid(pair, len(table) - 1)] * np.vstack([chance * (1 - empty), empty])
    weight /= weight.sum(axis=0, keepdims=True)
    return weight


def best(pair: Encoded, table: Matrix) -> Links:
    """The best source piece of every target piece; none where the empty word is better."""
    choice = posterior(pair, table, prior(pair)).argmax(axis=0)
    links: Links = np.arange(len(pair.source))[:, None] == choice[None, :]
    return links


def align(pairs: list[Encoded], vocabulary: list[str], sample: list[int]) -> list[Links]:
    """Links of all pairs, source pieces down, target pieces across, as a sample of the pairs teaches them."""
    words = Words(vocabulary)
    worded = [words.of(pair) for pair in pairs]
    taught = [worded[number] for number in sample]
    forth = learn(taught, len(words.known))
    back = learn([flipped(pair) for pair in taught], len(words.known))
    return [
        words.spread(symmetrised(pair, forth, back), whole) for pair, whole in zip(worded, pairs, strict=True)
    ]


def symmetrised(pair: Encoded, forth: Matrix, back: Matrix) -> Links:
    """Links that both directions know, and what grows from them."""
    ours, theirs = best(pair, forth), best(flipped(pair), back).T
    return complete(grow(ours & theirs, ours | theirs), ours)


def grow(links: Links, union: Links) -> Links:
    """Take links of either direction that touch a link and cover a piece that has none."""
    links = links.copy()
    while fresh := [place for place in touching(links, union) if is_free(links, *place)]:
        links[fresh[0]] = True
        for place in fresh[1:]:
            links[place] = links[place] or is_free(links, *place)
    return links


def is_free(links: Links, i: int, j: int) -> bool:
    """One of the two words has no link yet."""
    return not (links[i].any() and links[:, j].any())


def touching(links: Links, union: Links) -> Iterable[tuple[int, int]]:
    """Links of the union next to a link, also across a corner."""
    near = np.zeros_like(links)
    padded = np.pad(links, 1)
    rows, columns = links.shape
    for down, right in NEIGHBOURS:
        near |= padded[1 + down : 1 + down + rows, 1 + right : 1 + right + columns]
    return [(int(i), int(j)) for i, j in np.argwhere(near & union & ~links)]


def complete(links: Links, forth: Links) -> Links:
    """A target piece that nobody explains takes the forward direction's word for it."""
    return links | (forth & ~links.any(axis=0, keepdims=True))
