"""The sample edition through the sample models, markup and all: what must not get lost does not."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import feedparser
import lxml.html
import pytest

from distributor.translation.documents.document import Document
from distributor.translation.engines.engine import Engine
from distributor.translation.engines.packages import SAMPLES, Packages, samples

EDITION = SAMPLES.parent / "edition.xml"
LANGUAGES = ("ru", "ja", "zh-Hans", "it")
INLINE = "a|em|strong|sub|sup"

pytestmark = pytest.mark.skipif(
    not any(SAMPLES.glob("*.argosmodel")), reason="the sample models are not built"
)


def paragraphs() -> list[str]:
    """All with markup inside."""
    feed = feedparser.parse(EDITION.read_bytes(), sanitize_html=False)
    bodies = [content.value for entry in feed.entries for content in entry.get("content", [])]
    blocks = [
        block for body in bodies for block in lxml.html.fragment_fromstring(body, "div").iter("p", "li", "td")
    ]
    return [
        lxml.html.tostring(block, encoding="unicode", with_tail=False)
        for block in blocks
        if any(True for _ in block.iter(*INLINE.split("|")))
    ]


def text(element: Any) -> str:
    return "".join(element.itertext())


def inline(html: str) -> Counter[tuple[str, tuple[tuple[str, str], ...]]]:
    tree: Any = lxml.html.fromstring(html)
    return Counter((e.tag, tuple(sorted(e.attrib.items()))) for e in tree.iter(*INLINE.split("|")))


def numbers(html: str) -> Counter[str]:
    """Years, shares, temperatures: whatever is written in digits. 1.5 is 1,5 in some languages."""
    return Counter(re.findall(r"\d+(?:[.,]\d+)?", text(lxml.html.fromstring(html)).replace(",", ".")))


def texts(html: str) -> list[str]:
    return [text(e).strip() for e in lxml.html.fromstring(html).iter(*INLINE.split("|"))]


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> Packages:
    return Packages([samples(tmp_path_factory.mktemp("samples"))])


@pytest.mark.parametrize("language", LANGUAGES)
async def test_links_emphasis_and_numbers_of_all_paragraphs_are_kept_and_none_is_empty(
    packages: Packages, language: str
) -> None:
    engine = Engine(packages)
    documents = [Document(html, "en") for html in paragraphs()]
    sentences = [sentence for document in documents for sentence in document.sentences]
    told = iter(await engine.translate(sentences, "en", language))
    engine.close()
    assert len(documents) * len(LANGUAGES) >= 100
    for html, document in zip(paragraphs(), documents, strict=True):
        now = document.render([next(told) for _ in document.sentences], language)
        assert inline(now) == inline(html), now
        assert all(texts(now)), now
        assert set(numbers(now)) >= set(numbers(html)), now
