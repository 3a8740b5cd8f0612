"""In which language the desk speaks to whom (RFC 9110 §12.5.4)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from distributor.desk import words

TAGS = st.sampled_from(
    ["en", "EN", "en-GB", "ru", "RU-ru", "zh", "ZH-tw", "zh-Hant-HK", "ja", "it-CH", "*", "xx", ""]
)
QUALITIES = st.sampled_from(
    ["", ";q=0", ";q=1", ";q=0.5", " ; q=0.9", ";q=-1", ";q=nan", ";q=inf", ";q=x", ";v=1"]
)


@pytest.mark.parametrize(
    ("accepted", "tag"),
    [
        pytest.param("ru; q=0.4, it ;q=0.5", "it", id="white space around the weight"),
        pytest.param("ru;Q=0.4,it;Q=0.5", "it", id="a weight of either case"),
        pytest.param("IT", "it", id="a tag of either case"),
        pytest.param("RU-ru", "ru", id="and of a country"),
        pytest.param("ZH-Hant", "zh-Hans", id="and of a script"),
        pytest.param("it;q=0,ru", "ru", id="what is not wanted"),
        pytest.param("it;q=0", "en", id="nothing else said"),
        pytest.param("it;q=nan,ru;q=x,ja;q=0.1", "ja", id="weights that are none"),
        pytest.param("*", "en", id="anything"),
        pytest.param("<script>,ru", "ru", id="no tag"),
        pytest.param(",".join(["xx"] * 20 + ["ru"]), "en", id="only so many are read"),
    ],
)
def test_the_best_of_what_is_accepted(accepted: str, tag: str) -> None:
    assert words.chosen("", accepted) == tag


@given(st.text(), st.text() | st.lists(st.tuples(TAGS, QUALITIES).map("".join)).map(",".join))
def test_whatever_is_said_a_language_is_chosen_that_is_spoken(wish: str, accepted: str) -> None:
    assert words.chosen(wish, accepted) in words.languages()


@pytest.mark.parametrize("wish", words.languages())
def test_a_persons_own_wish_comes_first(wish: str) -> None:
    assert words.chosen(wish, "fr, en;q=0.9, ru;q=0.8") == wish


def test_a_tag_is_spelt_as_its_file_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """However it was asked for: the name is looked up."""
    (tmp_path / "pt-BR.po").touch()
    monkeypatch.setattr(words, "FOLDER", tmp_path)
    assert words.chosen("", "PT-br") == words.chosen("", "pt-BR") == "pt-BR"
