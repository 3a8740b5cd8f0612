from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.translation.documents.align import Tie, Translation, anchored, attended, composed, unchanged
from distributor.translation.engines.pieces import ranges


def shown(text: str, found: list[tuple[int, int] | None]) -> list[str]:
    return [text[at[0] : at[1]] if at else "" for at in found]


@pytest.mark.parametrize(
    ("pieces", "text", "expected"),
    [
        (["▁the", "▁c", "at", "s"], "the cats", ["the", "c", "at", "s"]),
        (["▁", "新", "闻", "很多"], "新闻很多", ["", "新", "闻", "很多"]),
        (["▁a", "...", "▁b"], "a… b", ["a", "…", "b"]),
        (["▁", "<0xE4>", "<0xBD>", "<0xA0>", "好"], "你好", ["", "你", "", "", "好"]),
        (["▁a", "<0x5F>", "b"], "a b", ["a", "", "b"]),
        (["hel@@", "lo", "&amp;", "you"], "hello & you", ["hel", "lo", "&", "you"]),
        (["▁a", "<unk>", "b"], "a ⁇ b", ["a", "⁇", "b"]),
        ([], "", []),
        (["▁a", "▁b"], "", ["", ""]),
    ],
)
def test_pieces_are_found_in_the_text(pieces: list[str], text: str, expected: list[str]) -> None:
    assert shown(text, ranges(pieces, text)) == expected


@given(st.lists(st.text(max_size=5), max_size=8), st.text(max_size=20))
def test_places_are_in_order_and_within_the_text_whatever_the_pieces(pieces: list[str], text: str) -> None:
    found = [at for at in ranges(pieces, text) if at]
    assert all(0 <= start < end <= len(text) for start, end in found)
    assert found == sorted(found)


def test_attention_becomes_ties_between_characters_and_blank_pieces_have_none() -> None:
    ties = list(attended([(0, 3), None], [(0, 2), (2, 4)], [[0.5, 0.5], [0.0, 1.0]]))
    assert ties == [Tie(0, 3, 0, 2, 1.0)]


def test_a_number_that_both_sides_have_is_tied_to_itself() -> None:
    loose = Translation("45 процентов в 2030", (Tie(12, 14, 0, 2, 1.0), Tie(0, 2, 15, 19, 1.0)))
    tied = anchored("45 percent in 2030", loose).ties
    assert {(t.start, t.to_start) for t in tied} == {(0, 0), (1, 1), (14, 15), (15, 16), (16, 17), (17, 18)}


def test_the_attention_says_which_of_two_equal_numbers_is_which() -> None:
    crossed = Translation("B 7 A 7", (Tie(2, 3, 6, 7, 0.9), Tie(6, 7, 2, 3, 0.9)))
    tied = {(t.start, t.to_start) for t in anchored("A 7 B 7", crossed).ties}
    assert tied >= {(2, 6), (6, 2)}


def test_small_words_are_not_taken_for_names() -> None:
    assert anchored("come here", Translation("come qui")).ties == ()


def test_a_chain_of_two_translations_ties_the_first_text_to_the_last() -> None:
    first = Translation("mid dle", (Tie(0, 2, 4, 7, 1.0), Tie(3, 5, 0, 3, 1.0)))
    second = Translation("end", (Tie(4, 7, 0, 3, 1.0),))
    assert composed(first, second) == Translation("end", (Tie(0, 2, 0, 3, 1.0),))


def test_what_stays_as_it_is_is_tied_to_itself() -> None:
    assert unchanged("a b").ties == (Tie(0, 1, 0, 1, 1.0), Tie(2, 3, 2, 3, 1.0))
