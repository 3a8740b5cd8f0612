"""Stories for the tests of the channels, and strategies for those that nobody would write."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from hypothesis import strategies as st

from channels.story import Media, Place, Story, Subject

PUBLISHED = datetime(2021, 12, 21, 8, tzinfo=UTC)

STORY = Story(
    uri="tag:weekly-edition.example,2021:carbon-report/ru",
    slug="carbon-report",
    version=2,
    language="ru",
    original_language="en",
    origin="machine",
    headline="Союз представил доклад о климате",
    summary="Десять фронтов исследований углеродной нейтральности.",
    body=(
        "<h2>Десять фронтов</h2>"
        '<p>Доклад <a href="https://example.org/report?a=1&amp;b=2">можно прочесть</a> <em>сегодня</em>.</p>'
        "<ul><li>Море &amp; ветер</li><li>Солнце</li></ul>"
        "<table><tr><th>Год</th><th>Цель</th></tr><tr><td>2060</td><td>0</td></tr></table>"
    ),
    url="https://weekly-edition.example/2021/51/carbon-report",
    source="Weekly Edition",
    published=PUBLISHED,
    updated=PUBLISHED.replace(hour=9),
    authors=("Li Wei", "Anna Rossi"),
    categories=("Climate", "Union"),
    media=(
        Media(
            url="https://weekly-edition.example/hall.jpg",
            type="image/jpeg",
            caption="Зал конференции",
            alt="Люди в зале",
            credit="Photo: Li Wei",
            width=1200,
            height=800,
            length=345_678,
        ),
        Media(
            url="https://weekly-edition.example/report.pdf",
            type="application/pdf",
            role="document",
            title="Доклад",
            length=1_200_000,
        ),
    ),
    rights="© 2021 Weekly Edition",
)

HEADLINES = {
    "en": "Union launches a report on carbon neutrality",
    "ru": "Союз научных СМИ представил доклад об углеродной нейтральности",
    "zh-Hans": "科学媒体联盟发布碳中和研究报告，列出十大前沿方向",
    "ja": "科学メディア連合、カーボンニュートラル研究の報告書を発表、十の研究フロントを挙げる",
    "it": "L’unione presenta un rapporto sulla neutralità carbonica: «più ricerca, è già tardi»",
    "ar": "الاتحاد يصدر تقريرا عن الحياد الكربوني",
}


KNOWN = replace(
    STORY,
    original_uri="tag:weekly-edition.example,2021:carbon-report/en",
    subjects=(
        Subject("Climate", "http://cv.iptc.org/newscodes/mediatopic/", "20000418"),
        Subject("Union", "MSN", "1765"),
    ),
    categories=("Climate", "Union", "Sea"),
    places=(Place("Hobart", (-42.88, 147.33)), Place("Tasmania"), Place(position=(0.0, -1e-7))),
    publisher="Science Press",
    license="https://creativecommons.org/licenses/by/4.0/",
    embargoed_until=PUBLISHED.replace(hour=18),
)
"""A story of which all is known that feeds can tell."""


def story(**changes: Any) -> Story:
    """STORY, changed."""
    return replace(STORY, **changes)


def in_language(language: str) -> Story:
    """A story that is all in `language`."""
    text = HEADLINES[language]
    return story(language=language, headline=text, summary=text, body=f"<p>{text} {text} {text}</p>")


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=200)
"""Whatever UTF-8 can carry: control characters, separators, right to left, emoji."""

HOSTILE = {
    "control characters": story(
        headline="a\x00b\x07c\x1b[31m", summary="\x0b\x0c\x85", body="<p>\x00\x08x</p>"
    ),
    "script": story(headline="</script><script>alert(1)</script>", summary="</title></style><b>"),
    "newlines": story(headline="Subject\r\nBcc: all@example.org\r\n\r\nbody", summary="\r\n.\r\n"),
    "separators": story(headline="a\u2028Bcc: all@example.org\u2029b\x1cc\x85d"),
    "encoded word": story(headline="=?utf-8?q?a=0D=0ABcc:_all@example.org?= and =?utf-8?b?Cg==?="),
    "right to left": story(language="ar", headline="\u202eتقرير\u2066 x", body='<p dir="rtl">تقرير</p>'),
    "emoji": story(headline="👩‍🔬🏳️‍🌈" * 40, body="<p>👩‍🔬</p>"),
    "a megabyte": story(body="<p>" + "длинно " * 80_000 + "</p>"),
    "one long word": story(headline="x" * 5000, body=f"<p>{'x' * 100_000}</p>"),
    "nested": story(body="<div>" * 5000 + "x" + "</div>" * 5000),
    "dots": story(body="<pre>.\n..\n.\r\nQUIT\r\n</pre>"),
    "names": story(slug="../../etc/passwd\x00", language="en/../x"),
    "lone surrogate": story(headline="\ud800", body="<p>\udfff</p>"),
    "empty": story(headline="", summary="", body="", url="", source="", authors=(), categories=(), media=()),
}
