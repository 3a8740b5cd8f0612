"""A self-contained page, for browsers and mail clients: style inline, pictures by link, no scripts."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC
from html import escape
from importlib.resources import files
from string import Template

from channels.formats.phrases import direction, phrases_for
from channels.story import Media, Story

MEDIA_TYPE = "text/html"

PAGE = Template(files("channels.formats").joinpath("page.html").read_text(encoding="utf-8"))
# What an HTML document may not hold (HTML §13.1.4, preprocessing the input stream).
CONTROLS = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufdd0-\ufdef\ufffe\uffff]")


def encode(story: Story) -> bytes:
    """A whole page, UTF-8. Raises: UnicodeEncodeError where the text has lone surrogates."""
    page = PAGE.substitute(
        language=escape(story.language),
        direction=direction(story.language),
        title=escape(_title(story)),
        original=_original(story),
        article=fragment(story),
    )
    return CONTROLS.sub("", page).encode()


def fragment(story: Story) -> str:
    """The story as one `<article>`, to be put into a page of somebody else's."""
    media = _media(story)
    lead, rest = _split([m for m in media if f'="{escape(m.url)}"' not in story.body])
    parts = (
        _notice(story),
        f"<h1>{escape(story.headline)}</h1>",
        _byline(story),
        _element("p", escape(story.summary), "summary"),
        _figures(lead),
        f'<div class="body">\n{story.body}\n</div>',
        _figures(rest),
        _files(m for m in media if m.role == "document"),
        _element("ul", "".join(f"<li>{escape(name)}</li>" for name in story.categories), "tags"),
        _footer(story),
    )
    opening = f'<article lang="{escape(story.language)}" dir="{direction(story.language)}">'
    return "\n".join(filter(None, (opening, *parts, "</article>")))


def _original(story: Story) -> str:
    """RFC 8288 relations for machines: the original is this page's canonical, or its other language."""
    if not _is_link(story.url):
        return ""
    if story.origin == "original":
        return f'<link rel="canonical" href="{escape(story.url)}">'
    return f'<link rel="alternate" hreflang="{escape(story.original_language)}" href="{escape(story.url)}">'


def _title(story: Story) -> str:
    """One line; a withdrawn story's says so."""
    headline = " ".join(story.headline.split())
    withdrawn = phrases_for(story.language).withdrawn
    return f"{withdrawn}: {headline}" if story.pub_status == "canceled" else headline


def _element(name: str, inner: str, kind: str) -> str:
    return f'<{name} class="{kind}">{inner}</{name}>' if inner else ""


def _ours(story: Story, text: str) -> str:
    """Words that we add, marked as what they are where they are not in the story's own language."""
    language = phrases_for(story.language).language
    if not text:
        return ""
    if language.partition("-")[0] == story.language.partition("-")[0]:
        return escape(text)
    return f'<span lang="{language}" dir="ltr">{escape(text)}</span>'


def _notice(story: Story) -> str:
    """That it is withdrawn, or what a correction changes."""
    withdrawn = phrases_for(story.language).withdrawn if story.pub_status == "canceled" else ""
    return _element("p", _ours(story, withdrawn or " ".join(story.ed_note.split())), "notice")


def _byline(story: Story) -> str:
    published = story.published.astimezone(UTC)
    shown = f'<time datetime="{published.isoformat()}">{published:%Y-%m-%d %H:%M} UTC</time>'
    told = (escape(", ".join(story.authors)), escape(story.source), shown)
    return _element("p", " · ".join(filter(None, told)), "byline")


def _media(story: Story) -> list[Media]:
    """Those that may be linked, each by where it is: beside the page or on the web."""
    return [replace(m, url=story.files.get(m.url, m.url)) for m in story.media if _is_link(m.url)]


def _split(media: Iterable[Media]) -> tuple[list[Media], list[Media]]:
    """The picture that leads, and the rest: what the body shows itself is not shown twice."""
    shown = [m for m in media if m.role != "document"]
    lead = next((m for m in shown if m.role == "picture"), None)
    return [lead] if lead else [], [m for m in shown if m is not lead]


def _figures(media: Iterable[Media]) -> str:
    return "\n".join(map(_figure, media))


def _figure(media: Media) -> str:
    caption = escape(media.caption or media.title)
    credit = _element("span", escape(media.credit), "credit")
    told = " ".join(filter(None, (caption, credit)))
    below = f"<figcaption>{told}</figcaption>" if told else ""
    return f"<figure>{_shown(media)}{below}</figure>"


def _shown(media: Media) -> str:
    url = escape(media.url)
    if media.role == "picture":
        sizes = {"width": media.width, "height": media.height}
        size = "".join(f' {name}="{pixels}"' for name, pixels in sizes.items() if pixels)
        return f'<img src="{url}" alt="{escape(media.alt)}"{size}>'
    name = escape(media.title or media.url)
    return f'<{media.role} controls preload="none" src="{url}"><a href="{url}">{name}</a></{media.role}>'


def _files(media: Iterable[Media]) -> str:
    links = (
        f'<li><a href="{escape(m.url)}">{escape(m.title or _file_name(m.url))}</a>{_told(m)}</li>'
        for m in media
    )
    return _element("ul", "".join(links), "files")


def _told(media: Media) -> str:
    """Type and size of a document, for whoever decides to fetch it."""
    told = ", ".join(filter(None, (media.type, _size(media.length or 0))))
    return f" ({escape(told)})" if told else ""


def _size(length: int) -> str:
    if length >= 100_000:
        return f"{length / 1_000_000:.1f} MB"
    return f"{length / 1000:.1f} kB" if length else ""


def _file_name(url: str) -> str:
    return url.partition("?")[0].rstrip("/").rpartition("/")[2] or url


def _footer(story: Story) -> str:
    phrases = phrases_for(story.language)
    made = {"machine": phrases.machine, "edited": phrases.edited}.get(story.origin, "")
    link = f'<a href="{escape(story.url)}">{_ours(story, phrases.original)}</a>'
    told = (_ours(story, made) if made else "", link if _is_link(story.url) else "", escape(story.rights))
    return _element("footer", "".join(f"<p>{line}</p>" for line in told if line), "about")


def _is_link(url: str) -> bool:
    """Not `javascript:` and the like, whatever a feed says."""
    return url.startswith(("https://", "http://"))
