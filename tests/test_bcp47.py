from __future__ import annotations

import pytest

from distributor import bcp47


@pytest.mark.parametrize(
    ("tag", "usual"),
    [("EN", "en"), ("en_us", "en-US"), ("ZH-hans", "zh-Hans"), ("pt-br", "pt-BR"), ("es-419", "es-419")],
)
def test_a_tag_is_put_into_its_usual_form(tag: str, usual: str) -> None:
    assert bcp47.canonical(tag) == usual


@pytest.mark.parametrize("tag", ["", "english", "e", "en-", "en-GB-oed-x"])
def test_what_is_no_tag_is_refused_with_examples(tag: str) -> None:
    with pytest.raises(ValueError, match="zh-Hans"):
        bcp47.canonical(tag)


@pytest.mark.parametrize(
    ("a", "b", "same"),
    [
        ("en", "en-GB", True),
        ("pt-BR", "pt-PT", True),
        ("zh", "zh-Hans", True),
        ("zh-CN", "zh-Hans", True),
        ("zh-TW", "zh-Hant", True),
        ("zh-Hans", "zh-Hant", False),
        ("en", "de", False),
        ("und!", "und!", False),
    ],
)
def test_a_region_needs_no_translation_and_a_script_does(a: str, b: str, same: bool) -> None:
    assert bcp47.same(a, b) is same
