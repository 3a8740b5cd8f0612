"""Stories for the tests of all formats: hostile ones, generated ones, the sample edition; and the schemas."""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC
from html import escape
from pathlib import Path

import pytest
from channel_stories import HEADLINES, HOSTILE, TEXTS, story
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from lxml import etree

from channels.formats import fragment
from channels.story import Media, Place, Story, Subject
from distributor.sources import sanitise
from distributor.sources.parse import parse

ROOT = Path(__file__).parents[2]
SCHEMAS = Path(os.environ.get("IPTC_SCHEMAS", ROOT.parent / "shared/schemas"))

GENERATED = int(os.environ.get("STORIES") or (1000 if os.environ.get("CI") else 100))
"""Generated stories for each property; STORIES=10000 before a release takes some minutes."""
BROADLY = settings(max_examples=GENERATED, deadline=None, suppress_health_check=list(HealthCheck))

CARRIED = sorted(HOSTILE.keys() - {"lone surrogate"})


def schema(name: str) -> etree.XMLSchema:
    """One of IPTC's."""
    return etree.XMLSchema(etree.parse(schema_file(name)))


def schema_file(name: str) -> Path:
    """Where one of IPTC's schemas is; without it a test is skipped, but never in CI."""
    path = SCHEMAS / name
    if not path.is_file():
        missing = f"needs IPTC's {name} in the folder that IPTC_SCHEMAS names"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    return path


def edition() -> list[Story]:
    """The sample edition, as if it had been translated into each language."""
    path = ROOT / "distributor/sample/edition.xml"
    items = [item.content for item in parse(path.read_bytes(), url=str(path)).items]
    return [
        story(
            uri=f"tag:weekly-edition.example,2021:{n}/{language}",
            slug=f"article-{n}",
            version=1 + n % 2,
            language=language,
            origin="original" if language == "en" else "machine",
            headline=f"{words} {content.headline}",
            summary=content.summary,
            body=f"<p>{words}</p>{content.body}",
            url=content.url,
            original_uri=f"tag:weekly-edition.example,2021:{n}/en",
            published=content.published,
            updated=content.updated or content.published,
            authors=content.authors,
            categories=content.categories,
            subjects=content.subjects,
            places=content.places,
            publisher=content.publisher,
            media=content.media,
            rights=content.rights,
            license=content.license,
        )
        for n, content in enumerate(items)
        for language, words in HEADLINES.items()
    ]


def solid(text: str) -> str:
    """Without white space, which markup languages fold each in its own way."""
    return "".join(text.split())


def words_of(body: str) -> str:
    """All that a body says."""
    return solid("".join(map(str, fragment.read(body).itertext())))


DEEP = ["<div>" * 5000 + "x" + "</div>" * 5000, "<b>" * 50_000 + "x", "a<wbr>" * 5000 + "x"]
LONG = ["<" * 300_000, "<p " * 100_000, "<table>" + "<tr><td colspan=1000>a</td></tr>" * 9000 + "</table>x"]
"""Markup that nobody sanitised: its text must not be lost, nor take much longer than it is long."""

LINKS = st.sampled_from(
    ["https://e.org/a?b=1&c=2", "mailto:a@e.org", "https://[::1]:80/x", "https://пример.рф/ю"]
)
LEAVES = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12).map(escape),
    st.sampled_from(
        ["<br>", "<hr>", "*", "1. ", "- ", "# ", "&amp;lt;", "!", "_a_", "`", "|", "\n", "「強調」。"]
    ),
    st.builds('<img src="{}" alt="{}">'.format, LINKS.map(escape), TEXTS.map(escape)),
)
APART = {"rt", "rp", "ruby", "q", "img", "br", "hr", "wbr", "col"}
TAGS = [*sorted(sanitise.TAGS - APART), "div", "p", "li", "td"]


def _wrapped(inside: st.SearchStrategy[str]) -> st.SearchStrategy[str]:
    held = st.lists(inside, max_size=4).map("".join)
    anchor = st.builds('<a href="{}">{}</a>'.format, LINKS.map(escape), held)
    return st.builds("<{0}>{1}</{0}>".format, st.sampled_from(TAGS), held) | anchor


BODIES = st.lists(st.recursive(LEAVES, _wrapped, max_leaves=25), max_size=5).map(
    lambda parts: sanitise.body("".join(parts), "https://weekly-edition.example")[0]
)
"""As the service makes them: any markup, sanitised."""

MEDIA = st.builds(
    Media,
    url=TEXTS | LINKS,
    type=TEXTS | st.just("image/png"),
    role=st.sampled_from(["picture", "video", "audio", "document"]),
    caption=TEXTS,
    alt=TEXTS,
    credit=TEXTS,
    title=TEXTS,
    width=st.none() | st.integers(0, 10_000),
    height=st.none() | st.integers(0, 10_000),
    length=st.none() | st.integers(0),
)

SCHEMES = st.sampled_from(["", "http://cv.iptc.org/newscodes/mediatopic/", "http://e.org/ns#", "MSN"])
ABOUT = st.lists(st.builds(Subject, TEXTS, SCHEMES | TEXTS, TEXTS | LINKS), max_size=2).map(tuple)
POSITIONS = st.tuples(st.floats(-90, 90), st.floats(-180, 180))
PLACES = st.lists(st.builds(Place, TEXTS, st.none() | POSITIONS), max_size=2).map(tuple)


def _categorised(given: Story) -> Story:
    """With each subject among the categories, as feeds have them, beside those of no vocabulary."""
    return replace(given, categories=(*given.categories, *(subject.name for subject in given.subjects)))


STORIES = st.builds(
    story,
    headline=TEXTS,
    summary=TEXTS,
    body=BODIES | TEXTS,
    url=TEXTS | LINKS,
    slug=TEXTS,
    source=TEXTS,
    rights=TEXTS,
    ed_note=TEXTS,
    language=st.sampled_from(sorted(HEADLINES)) | TEXTS,
    original_language=st.sampled_from(sorted(HEADLINES)) | TEXTS,
    origin=st.sampled_from(["original", "machine", "edited"]),
    pub_status=st.sampled_from(["usable", "withheld", "canceled"]),
    urgency=st.integers(1, 9),
    version=st.integers(1),
    authors=st.lists(TEXTS, max_size=2).map(tuple),
    categories=st.lists(TEXTS, max_size=2).map(tuple),
    subjects=ABOUT,
    places=PLACES,
    publisher=TEXTS,
    license=TEXTS | LINKS,
    original_uri=st.sampled_from(["", "tag:weekly-edition.example,2021:carbon-report/en"]),
    embargoed_until=st.none() | st.datetimes(timezones=st.just(UTC)),
    media=st.lists(MEDIA, max_size=2).map(tuple),
).map(_categorised)
