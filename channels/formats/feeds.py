"""What RSS, Atom and JSON Feed have in common: the feed itself, and how they show a story."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from html import escape
from mimetypes import guess_type

from lxml import etree

from channels.formats import about
from channels.formats.elements import add, line, web_address
from channels.formats.phrases import phrases_for
from channels.story import Media, Role, Story

GEORSS = "http://www.georss.org/georss"
DCTERMS = "http://purl.org/dc/terms/"
"""Its `isVersionOf` names what an item is one language of: the shared story id."""

TYPES: dict[Role, str] = {"picture": "image/jpeg", "video": "video/mp4", "audio": "audio/mpeg"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Feed:
    """One page of a feed; all addresses are absolute http(s), empty where there is none."""

    title: str
    url: str
    """Where this page stands; of the first page it is the feed's own address."""
    language: str
    """BCP 47."""
    updated: datetime
    """Aware; when something in the feed last changed."""
    id: str = ""
    """The feed's, the same for all its pages and for ever; `url` where it is empty."""
    home: str = ""
    """The site that it belongs to."""
    description: str = ""
    rights: str = ""
    hub: str = ""
    """WebSub §4: where to subscribe."""
    first: str = ""
    """RFC 5005 §3, as the three below: the other pages."""
    previous: str = ""
    next: str = ""
    last: str = ""

    def links(self) -> Iterator[tuple[str, str]]:
        """By relation (RFC 8288), what Atom and RSS name alike."""
        told = {"self": self.url, "hub": self.hub, "first": self.first, "previous": self.previous}
        for relation, address in (told | {"next": self.next, "last": self.last}).items():
            if found := web_address(address):
                yield relation, found


def title(story: Story) -> str:
    """One line; a withdrawn story's says so, for no feed format but Atom can."""
    headline = " ".join(story.headline.split())
    return f"{phrases_for(story.language).withdrawn}: {headline}" if is_withdrawn(story) else headline


def is_withdrawn(story: Story) -> bool:
    """Then the feed has its title only: what readers keep of the text goes with the update."""
    return story.pub_status == "canceled"


def summary(story: Story) -> str:
    """Plain text."""
    return "" if is_withdrawn(story) else story.summary


def content(story: Story) -> str:
    """HTML: the body, and what a machine had a part in."""
    if is_withdrawn(story):
        return f"<p>{escape(story.ed_note or phrases_for(story.language).withdrawn)}</p>"
    note = f"<p><em>{escape(story.ed_note)}</em></p>" if story.ed_note.strip() else ""
    return note + story.body + _made(story)


def _made(story: Story) -> str:
    phrases = phrases_for(story.language)
    made = {"machine": phrases.machine, "edited": phrases.edited}.get(story.origin, "")
    if not made:
        return ""
    address = web_address(story.url)
    original = f' <a href="{escape(address)}">{escape(phrases.original)}</a>' if address else ""
    return f'<p lang="{phrases.language}"><em>{escape(made)}</em>{original}</p>'


def places(item: etree._Element, story: Story) -> None:
    """Where a story is about, in RSS and Atom alike: a name, or a position that may have one."""
    for place in story.places:
        if found := about.degrees(place):
            add(item, f"{{{GEORSS}}}point", " ".join(found))
            if place.name:
                add(item, f"{{{GEORSS}}}featurename", line(place.name))
        elif place.name:
            add(item, f"{{{DCTERMS}}}spatial", line(place.name))


def enclosures(story: Story) -> Iterable[tuple[str, str, Media]]:
    """Address and type of each medium; the type is guessed where the source did not say it."""
    for media in () if is_withdrawn(story) else story.media:
        if address := web_address(media.url):
            guessed = guess_type(address.partition("?")[0])[0]
            kind = media.type or guessed or TYPES.get(media.role, "application/octet-stream")
            yield address, kind, media
