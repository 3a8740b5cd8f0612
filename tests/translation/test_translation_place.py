from __future__ import annotations

import pytest

from distributor.translation.documents.align import Tie
from distributor.translation.documents.place import place
from distributor.translation.documents.spans import Ground, Placed, Span


def placed(source: str, target: str, marked: str, *ties: tuple[str, str, float]) -> str:
    """What of `target` the stretch `marked` of `source` is placed on, with ties between words."""
    known = [
        Tie(source.index(a), source.index(a) + len(a), target.index(b), target.index(b) + len(b), weight)
        for a, b, weight in ties
    ]
    ground = Ground(source, target, known, [((0, len(source)), (0, len(target)))])
    start = source.index(marked)
    (only,) = place([Span(start, start + len(marked))], ground)
    return target[only.start : only.end]


def test_a_span_is_on_the_words_that_attended_to_it() -> None:
    assert placed(
        "a red car here", "qui una macchina rossa", "red car", ("car", "macchina", 1), ("red", "rossa", 1)
    ) == ("macchina rossa")


def test_a_stray_word_far_away_does_not_widen_it() -> None:
    ties = [("car", "macchina", 1.0), ("here", "qui oggi", 1.0), ("car", "sempre", 0.5), ("a", "sempre", 0.5)]
    assert placed("a car is here", "macchina blu molto vecchia qui oggi sempre", "car", *ties) == "macchina"


def test_a_word_that_is_not_sure_of_itself_is_still_the_best_there_is() -> None:
    ties = [
        ("worked", "вместе", 0.6),
        ("together", "вместе", 0.3),
        ("worked", "работали", 1.0),
        ("it", "ним", 1.0),
    ]
    assert placed("they worked on it together", "вместе работали над ним", "together", *ties) == "вместе"


def test_a_number_outweighs_attention_that_went_astray() -> None:
    ties = [("45", "45", 1.0), ("percent", "がある", 1.0), ("fall", "減らす必要", 1.0)]
    assert placed("must fall by 45 percent", "約45%減らす必要がある", "45 percent", *ties) == "45"


def test_the_percent_sign_belongs_to_its_number() -> None:
    ties = [("45", "45", 1.0), ("percent", "%", 1.0), ("about", "около", 1.0)]
    assert placed("about 45 percent", "около 45 %", "45 percent", *ties) == "45 %"


def test_quotation_marks_stay_in_pairs() -> None:
    ties = [("Daily News", "газетой", 1.0), ("Daily News", "Жибао", 1.0), ("with", "вместе с", 1.0)]
    assert placed("with Daily News", "вместе с газетой «Жибао».", "Daily News", *ties) == "газетой «Жибао»"


def test_punctuation_stays_outside_unless_it_was_inside() -> None:
    ties = [("word", "слово", 1.0), (".", ".", 1.0), ("my", "моё", 1.0)]
    assert placed("my word.", "моё слово.", "word", *ties) == "слово"
    assert placed("my word.", "моё слово.", "word.", *ties) == "слово."


def test_what_the_engine_wrote_in_one_piece_is_not_cut() -> None:
    assert placed(
        "our science news", "我们的科学新闻", "news", ("news", "科学新闻", 0.6), ("science", "科学新闻", 0.4)
    ) == ("科学新闻")


def test_katakana_words_are_not_cut() -> None:
    assert (
        placed("a download page", "ダウンロードの頁", "download", ("download", "ロード", 1.0))
        == "ダウンロード"
    )


@pytest.mark.parametrize("target", ["好 的", "ab", "a b c"])
def test_two_spans_share_what_little_there_is_and_none_is_empty(target: str) -> None:
    source = "one two"
    ground = Ground(source, target, (), [((0, 7), (0, len(target)))])
    found: tuple[Placed, ...] = place([Span(0, 3), Span(4, 7)], ground)
    assert len(found) == 2
    assert all(target[p.start : p.end].strip() for p in found)
    assert found[0].end <= found[1].start
