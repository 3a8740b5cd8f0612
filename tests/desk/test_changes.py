"""What changed between two versions, for a person to see."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.story import Media
from distributor.article import Content
from distributor.desk import changes as module
from distributor.desk.changes import Change, changes


def text(body: str, headline: str = "Union opens", **more: str) -> Content:
    return Content(headline=headline, body=body, language="en", **more)  # type: ignore[arg-type]


def only(kind: str, told: list[Change]) -> list[str]:
    return [words.strip() for of, words in told if of == kind]


@pytest.mark.parametrize(
    ("before", "after", "gone", "new"),
    [
        pytest.param("<p>It met.</p>", "<p>It met twice.</p>", [], ["twice"], id="a word more"),
        pytest.param("<p>It met twice.</p>", "<p>It met.</p>", ["twice"], [], id="a word less"),
        pytest.param("<p>10 fronts.</p>", "<p>11 fronts.</p>", ["10"], ["11"], id="another number"),
        pytest.param("<p>会议开幕。</p>", "<p>会议闭幕。</p>", ["会议开幕"], ["会议闭幕"], id="Chinese"),
        pytest.param("<p>A.</p><p>B.</p>", "<p>A.</p><p>C.</p><p>B.</p>", [], ["C."], id="a paragraph more"),
        pytest.param("<p>It <b>met</b>.</p>", "<p>It met.</p>", [], [], id="markup that nobody sees"),
    ],
)
def test_the_words_that_came_and_went(before: str, after: str, gone: list[str], new: list[str]) -> None:
    told = changes(text(before), text(after))
    assert (only("gone", told), only("new", told)) == (gone, new)


def test_headline_summary_and_captions_count_too() -> None:
    before = Content(
        headline="Union opens", summary="In Beijing", media=(Media(url="https://a/1", caption="A hall"),)
    )
    after = Content(
        headline="Union closes", summary="In Paris", media=(Media(url="https://a/1", caption="A tower"),)
    )
    told = changes(before, after)
    assert only("gone", told) == ["opens", "Beijing", "hall"]
    assert only("new", told) == ["closes", "Paris", "tower"]


def test_what_a_reader_does_not_see_is_no_change() -> None:
    assert changes(text("<p>It met.</p>"), text("<p>It met.</p>", url="https://other.example/")) == []


def test_long_runs_of_the_same_are_cut() -> None:
    words = " ".join(f"word{n}" for n in range(200))
    first, change, last = changes(text(f"<p>{words} old {words}</p>"), text(f"<p>{words} {words}</p>"))
    assert (first[0], change, last[0]) == ("same", ("gone", " old"), "same")
    assert first[1].startswith("Union opens")
    assert first[1].endswith("word198 word199")
    assert last[1].startswith(" word0 word1")
    assert " … " in first[1]
    assert len(first[1].split()) < 20


WORDS = st.lists(st.sampled_from(["a", "b", "the", ".", ",", "气", "x y", ""]), max_size=12).map(" ".join)


@given(WORDS, WORDS)
def test_nothing_is_lost(before: str, after: str) -> None:
    """What is the same and what went is the old text; the same and what came is the new."""
    told = changes(text("", before), text("", after))
    for kind, whole in (("gone", before), ("new", after)):
        if told:
            assert "".join(words for of, words in told if of in ("same", kind)).strip() == whole.strip()
        else:
            assert before.strip() == after.strip()


@pytest.mark.parametrize("unit", [". ", "a ", "<p>a</p>"])
def test_texts_that_would_take_minutes_are_told_more_roughly(
    unit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the pairs that are weighed, not by a clock; the same words over and over are the worst."""
    weighed: list[int] = []

    class Counting(module.SequenceMatcher):  # type: ignore[type-arg, name-defined]
        def __init__(self, junk: None, old: list[str], new: list[str], **more: bool) -> None:
            weighed.append(sum(new.count(part) for part in old))
            super().__init__(junk, old, new, **more)

    monkeypatch.setattr(module, "SequenceMatcher", Counting)
    told = changes(text(unit * 900, "Old"), text(f"{unit}b " * 2000, "New"))
    assert all(pairs <= module.MOST for pairs in weighed)
    assert {kind for kind, _ in told} >= {"gone", "new"}


def test_a_long_text_with_one_change_is_told_to_the_word() -> None:
    words = "the union of science media met in the hall . " * 2000
    told = changes(text(words + "It opened. " + words), text(words + "It closed. " + words))
    assert (only("gone", told), only("new", told)) == (["opened"], ["closed"])
