"""Several stories as one."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from zoneinfo import ZoneInfo

from channels.story import IdempotencyKey, Origin, Story

CALLED = {"en": "Digest", "it": "Rassegna", "ja": "ダイジェスト", "ru": "Дайджест", "zh-Hans": "每日摘要"}


def compose(stories: Sequence[Story], key: IdempotencyKey, uri: str, now: datetime, zone: ZoneInfo) -> Story:
    """A story that holds those of one language: what there is, then each in full. `zone`: its reader's."""
    day = f"{now.astimezone(zone):%Y-%m-%d}"
    language = stories[0].language
    called = CALLED.get(language, CALLED.get(language.partition("-")[0], CALLED["en"]))
    sources = dict.fromkeys(story.source for story in stories)
    return Story(
        uri=uri,
        slug=f"digest-{day}-{key[-8:]}",
        version=1,
        language=language,
        original_language=stories[0].original_language,
        origin=_origin(stories),
        headline=f"{called}, {day}: {_first(stories)}",
        summary="",
        body=_contents(stories) + "".join(map(_section, stories)),
        url="",
        source=", ".join(sources),
        published=now,
        updated=now,
        urgency=min(story.urgency for story in stories),
        authors=(),
        categories=tuple(dict.fromkeys(c for story in stories for c in story.categories)),
        media=tuple(dict.fromkeys(m for story in stories for m in story.media)),
        rights="; ".join(dict.fromkeys(story.rights for story in stories if story.rights)),
    )


def _first(stories: Sequence[Story]) -> str:
    more = f" (+{len(stories) - 1})" if len(stories) > 1 else ""
    return stories[0].headline + more


def _origin(stories: Iterable[Story]) -> Origin:
    """The least certain of all."""
    origins = {story.origin for story in stories}
    return "machine" if "machine" in origins else "edited" if "edited" in origins else "original"


def _contents(stories: Sequence[Story]) -> str:
    """What there is, at a glance; of one there is nothing to list."""
    if len(stories) == 1:
        return ""
    return "<ul>" + "".join(f"<li>{escape(story.headline)}</li>" for story in stories) + "</ul>"


def _section(story: Story) -> str:
    link = f'<p><a href="{escape(story.url)}">{escape(story.url)}</a></p>' if story.url else ""
    summary = f"<p><em>{escape(story.summary)}</em></p>" if story.summary else ""
    return f"<h2>{escape(story.headline)}</h2>{_facts(story)}{summary}{story.body}{link}"


def _facts(story: Story) -> str:
    told = [f"{story.published:%Y-%m-%d %H:%M} UTC", *story.authors, story.source]
    return f"<p>{escape(' · '.join(filter(None, told)))}</p>"
