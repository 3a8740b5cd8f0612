"""How much a change matters, and where it is."""

from __future__ import annotations

import pytest

from channels.story import Media
from distributor.article import Content
from distributor.corrections import graded

BODY = "<p>The union of science media met in Beijing and agreed on a plan that all its members follow.</p>"
BEFORE = Content(headline="Union opens", summary="It met.", body=BODY, language="en")


@pytest.mark.parametrize(
    ("after", "expected"),
    [
        ({"body": BODY.replace("all its", "all")}, ("refile", ("text",))),
        ({"body": BODY.replace("Beijing", "Paris")}, ("correction", ("text",))),
        ({"body": BODY.replace("a plan", "2 plans")}, ("correction", ("text",))),
        ({"body": "<p>Something else was said there altogether.</p>"}, ("correction", ("text",))),
        ({"headline": "Union closes"}, ("correction", ("headline",))),
        ({"summary": "It  met.", "authors": ("Ada",)}, ("refile", ("details",))),
        ({"media": (Media(url="https://e.example/a.jpg"),)}, ("correction", ("pictures",))),
        ({"media": (Media(url="https://e.example/a.pdf", role="document"),)}, ("correction", ("documents",))),
        ({"headline": "Union opens", "body": BODY.replace("<p>", "<p><em>").replace("</p>", "</em></p>")},
         ("refile", ("details",))),
    ],
)  # fmt: skip
def test_a_change(after: dict[str, object], expected: object) -> None:
    assert graded(BEFORE, BEFORE.having(**after)) == expected


def test_where_there_are_no_capitals_any_word_may_be_a_name() -> None:
    before = Content(headline="気候報告書", language="ja")
    assert graded(before, before.having(headline="気象報告書")) == ("correction", ("headline",))
