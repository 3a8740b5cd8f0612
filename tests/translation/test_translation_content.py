from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from fake_engines import turned

from distributor.article import Content, Media
from distributor.translation.documents.align import Translation
from distributor.translation.documents.content import Job

CONTENT = Content(
    headline="Union holds conference",
    summary="First line here.\nSecond line here.",
    body='<p>The <a href="https://e.example/r">report</a> is out.</p>',
    language="en",
    url="https://e.example/1",
    published=datetime(2021, 12, 21, tzinfo=UTC),
    authors=("News Desk",),
    categories=("Climate",),
    media=(
        Media(
            url="https://e.example/a.jpg",
            title="Solar field",
            caption="A field",
            alt="Green",
            credit="Picture Desk",
        ),
        Media(url="https://e.example/b.pdf", role="document"),
    ),
    rights="All rights reserved",
)


def done(content: Content) -> Content:
    job = Job(content, "ru")
    return job.finish([turned(sentence) for sentence in job.sentences])


def test_all_text_is_translated_and_all_else_stays() -> None:
    assert done(CONTENT) == replace(
        CONTENT,
        headline="CONFERENCE HOLDS UNION",
        summary="HERE. LINE FIRST\nHERE. LINE SECOND",
        body='<p>OUT. IS <a href="https://e.example/r">REPORT</a> THE</p>',
        language="ru",
        media=(
            replace(CONTENT.media[0], title="FIELD SOLAR", caption="FIELD A", alt="GREEN"),
            CONTENT.media[1],
        ),
    )


def test_content_without_words_needs_no_engine() -> None:
    bare = Content(headline="2021", body="<p>1.5</p>", language="en")
    assert Job(bare, "ru").sentences == ()
    assert done(bare) == replace(bare, language="ru")


def test_a_headline_of_one_line_gets_no_markup_and_keeps_its_characters() -> None:
    assert done(Content(headline="Q&A: <b> is no tag", language="en")).headline == "TAG NO IS <B> Q&A:"


def test_too_few_translations_are_a_mistake_of_the_caller() -> None:
    with pytest.raises(ValueError, match="1 translations of"):
        Job(CONTENT, "ru").finish([Translation("x")])
