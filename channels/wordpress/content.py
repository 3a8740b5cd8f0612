"""A story as the text of a post: the theme shows title, date and lead picture, so that these are left out."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import sha256
from html import escape

from channels.formats.html import CONTROLS
from channels.formats.phrases import direction, phrases_for
from channels.pictures import rewrite
from channels.story import Media, Story

PREFORMATTED = re.compile(r"(<pre\b.*?</pre\s*>)", re.IGNORECASE | re.DOTALL)


def mark(story: Story) -> str:
    """Tells that a post is ours, for all versions of the story; hidden, and stays where editors edit."""
    return f"<!-- distributor {sha256(story.uri.encode(errors='surrogatepass')).hexdigest()[:32]} -->"


def title(story: Story) -> str:
    """The headline as HTML, which is what a title is in WordPress."""
    return _clean(escape(" ".join(story.headline.split()), quote=False))


def excerpt(story: Story) -> str:
    """The summary as HTML."""
    return _literal(_clean(escape(story.summary, quote=False)))


def content(story: Story, lead: Media | None, pictures: Mapping[str, str]) -> str:
    """The text as HTML; `pictures` gives the site's own addresses, `lead` is shown by the theme."""
    shown = [m for m in story.media if m is not lead and not _is_in_body(m, story)]
    parts = (
        _byline(story),
        rewrite(story.body, pictures),
        *(_figure(m, pictures.get(m.url, m.url)) for m in shown if m.role != "document" and _is_link(m.url)),
        _files([m for m in shown if m.role == "document" and _is_link(m.url)]),
        _footer(story),
    )
    inner = "\n\n".join(_one_line(part) for part in parts if part)
    opening = f'<div lang="{escape(story.language)}" dir="{direction(story.language)}">'
    return f"{mark(story)}\n{opening}\n{_literal(_clean(inner))}\n</div>"


def caption(media: Media) -> str:
    """Caption and credit as HTML: the library has no field for the second."""
    credit = f"({media.credit})" if media.credit else ""
    return _literal(_clean(escape(f"{media.caption or media.title} {credit}".strip(), quote=False)))


def alt(media: Media) -> str:
    """Plain text."""
    return CONTROLS.sub("", " ".join((media.alt or media.caption or media.title).split()))


def _is_in_body(media: Media, story: Story) -> bool:
    return f'="{escape(media.url)}"' in story.body


def _byline(story: Story) -> str:
    told = ", ".join((*story.authors, *([story.source] if story.source else [])))
    return f'<p class="byline">{escape(told)}</p>' if told else ""


def _figure(media: Media, url: str) -> str:
    below = caption(media)
    told = f"<figcaption>{below}</figcaption>" if below else ""
    return f"<figure>{_shown(media, escape(url))}{told}</figure>"


def _shown(media: Media, url: str) -> str:
    if media.role == "picture":
        return f'<img src="{url}" alt="{escape(media.alt)}">'
    name = escape(media.title or media.url)
    return f'<{media.role} controls preload="none" src="{url}"><a href="{url}">{name}</a></{media.role}>'


def _files(media: list[Media]) -> str:
    rows = (f'<li><a href="{escape(m.url)}">{escape(m.title or m.url)}</a></li>' for m in media)
    return f"<ul>{''.join(rows)}</ul>" if media else ""


def _footer(story: Story) -> str:
    phrases = phrases_for(story.language)
    made = {"machine": phrases.machine, "edited": phrases.edited}.get(story.origin, "")
    link = f'<a href="{escape(story.url)}">{escape(phrases.original)}</a>' if _is_link(story.url) else ""
    return "".join(f"<p>{line}</p>" for line in (escape(made), link, escape(story.rights)) if line)


def _is_link(url: str) -> bool:
    return url.startswith(("https://", "http://"))


def _clean(text: str) -> str:
    return CONTROLS.sub("", text)


def _literal(markup: str) -> str:
    """Brackets as references: a feed must not call the shortcodes of the site's plugins.

    https://developer.wordpress.org/apis/shortcode/
    """
    return markup.replace("[", "&#91;")


def _outside_pre(change: Callable[[str], str], markup: str) -> str:
    parts = PREFORMATTED.split(markup)
    return "".join(part if n % 2 else change(part) for n, part in enumerate(parts))


def _one_line(markup: str) -> str:
    """WordPress makes a `<br>` of every line break (`wpautop`) where there are no blocks."""
    return _outside_pre(lambda part: " ".join(part.split("\n")), markup)
