"""Markdown: CommonMark 0.31, with GitHub's tables. RFC 7763 names the media type."""

from __future__ import annotations

from datetime import UTC

from channels.formats import about, fragment
from channels.formats.elements import web_address
from channels.formats.markdown_body import emphasised, escaped, image, link, written
from channels.formats.phrases import phrases_for
from channels.formats.text import CONTROLS
from channels.story import Media, Story

MEDIA_TYPE = "text/markdown"


def encode(story: Story) -> bytes:
    """A whole document, UTF-8. Raises: UnicodeEncodeError where the text has lone surrogates."""
    body = fragment.read(story.body)
    shown = fragment.pictures(body)
    parts = (
        _notice(story),
        f"# {_line(story.headline)}" if story.headline.strip() else "",
        _byline(story),
        emphasised(_line(story.summary), "**", alone=True),
        written(body),
        *(
            _media(media, address)
            for media in story.media
            if (address := about.address(story, media)) and address not in shown
        ),
        _footer(story),
    )
    return ("\n\n".join(filter(None, parts)) + "\n").encode()


def _line(text: str) -> str:
    """Plain text as one line of Markdown that says just that."""
    return escaped(" ".join(CONTROLS.sub(" ", text).split()))


def _notice(story: Story) -> str:
    """That it is withdrawn, or what a correction changes."""
    withdrawn = phrases_for(story.language).withdrawn if story.pub_status == "canceled" else ""
    told = withdrawn or _line(story.ed_note)
    return f"> {emphasised(told, '**', alone=True)}" if told else ""


def _byline(story: Story) -> str:
    published = f"{story.published.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return " · ".join(filter(None, (*map(_line, story.authors), _line(story.source), published)))


def _media(media: Media, address: str) -> str:
    """A picture shows; anything else is a link. Below it, what is said of it and whose it is."""
    name = _line(media.title or media.caption) or escaped(address.rpartition("/")[2] or address)
    shown = image(_line(media.alt), address) if media.role == "picture" else link(name, address)
    credit = f"({_line(media.credit)})" if media.credit.strip() else ""
    told = " ".join(filter(None, (_line(media.caption or media.title), credit)))
    return (
        f"{shown}\\\n{told}" if told and media.role == "picture" else " ".join(filter(None, (shown, credit)))
    )


def _footer(story: Story) -> str:
    phrases = phrases_for(story.language)
    made = {"machine": phrases.machine, "edited": phrases.edited}.get(story.origin, "")
    address = web_address(story.url)
    original = link(phrases.original, address) if address else ""
    told = "\n\n".join(filter(None, (made, original, _line(story.rights))))
    return f"---\n\n{told}" if told else ""
