from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.translation.documents.align import Tie, Translation
from distributor.translation.documents.typography import typeset


@pytest.mark.parametrize(
    ("was", "language", "now"),
    [
        ("报告发布了,很重要.", "zh-Hans", "报告发布了，很重要。"),
        ("報告書が公開された,重要だ.", "ja", "報告書が公開された、重要だ。"),
        ("真的吗?是的!", "zh", "真的吗？是的！"),
        ("科学 新闻 每天", "zh-Hans", "科学新闻每天"),
        ("减少了3.5%, 到2030年", "zh-Hans", "减少了3.5%, 到2030年"),
        ("二氧化碳(CO2)很多", "zh-Hans", "二氧化碳（CO2）很多"),
        ("CO2 (二氧化碳) 很多", "zh-Hans", "CO2（二氧化碳）很多"),
        ("见 https://e.example/a,b.html 。", "zh-Hans", "见 https://e.example/a,b.html。"),
        ("使用 Clarivate 的数据", "zh-Hans", "使用 Clarivate 的数据"),
        ("时间:12:30", "zh-Hans", "时间：12:30"),
        ("Doklad, vypusk.", "ru", "Doklad, vypusk."),
        ("报告, 发布", "", "报告, 发布"),
    ],
)
def test_punctuation_is_that_of_the_language(was: str, language: str, now: str) -> None:
    assert typeset(Translation(was), language).text == now


def test_ties_stay_on_their_characters() -> None:
    was = "科学 新闻, 每天"
    ties = tuple(Tie(i, i + 1, i, i + 1, 1.0) for i in range(len(was)))
    now = typeset(Translation(was, ties), "zh-Hans")
    assert now.text == "科学新闻，每天"
    for tie in now.ties:
        assert now.text[tie.to_start : tie.to_end] in (was[tie.start : tie.end], "，")


@given(
    st.text(alphabet="科学新ー a1.,!?:;()（）。、  ", max_size=40),
    st.sampled_from(["zh-Hans", "ja", "zh-Hant"]),
)
def test_nothing_but_punctuation_and_spaces_changes_and_a_second_time_nothing(
    text: str, language: str
) -> None:
    ties = tuple(Tie(i, i + 1, i, i + 1, 1.0) for i in range(len(text)))
    once = typeset(Translation(text, ties), language)
    assert [c for c in once.text if c.isalnum()] == [c for c in text if c.isalnum()]
    assert all(0 <= t.to_start < t.to_end <= len(once.text) for t in once.ties)
    assert typeset(once, language).text == once.text
