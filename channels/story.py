"""What a channel is handed, and what it hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NewType

IdempotencyKey = NewType("IdempotencyKey", str)
"""Names one delivery for ever: the same over all its attempts, and for no other delivery."""

Role = Literal["picture", "video", "audio", "document"]
PubStatus = Literal["usable", "withheld", "canceled"]
Origin = Literal["original", "machine", "edited"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Media:
    """A picture, film, sound or document that belongs to a story; `url` is absolute."""

    url: str
    type: str = ""
    """MIME type, as the feed says it; empty if it does not."""
    role: Role = "picture"
    title: str = ""
    caption: str = ""
    alt: str = ""
    credit: str = ""
    width: int | None = None
    """Pixels."""
    height: int | None = None
    length: int | None = None
    """Bytes."""


@dataclass(frozen=True, slots=True)
class Subject:
    """What an article is about, as a vocabulary has it; where it names none, it is a category only."""

    name: str
    """For readers: one of the story's categories."""
    scheme: str = ""
    """The vocabulary, as the feed names it: as a rule an address."""
    code: str = ""
    """What the vocabulary calls it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where an article is about; it has a name, a position or both."""

    name: str = ""
    position: tuple[float, float] | None = None
    """Latitude and longitude, degrees (WGS 84)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One rendition (a version of an article in one language), ready to be formatted."""

    uri: str
    """Names the article in this language, the same for all its versions (a `tag:` URI, RFC 4151)."""
    slug: str
    """ASCII, safe in file names and addresses, the same for all versions and languages."""
    version: int
    language: str
    """BCP 47, as `original_language`."""
    original_language: str
    origin: Origin
    headline: str
    summary: str
    """Plain text; may be empty."""
    body: str
    """A sanitised HTML fragment."""
    url: str
    """Where the original stands."""
    original_uri: str = ""
    """The `uri` of the article in its original language; empty if nobody says."""
    source: str
    """The source's name for readers."""
    published: datetime
    """Aware, UTC, as `updated`."""
    updated: datetime
    urgency: int = 5
    """IPTC: 1 (most) to 9 (least)."""
    pub_status: PubStatus = "usable"
    embargoed_until: datetime | None = None
    """Aware, UTC: not to be published before; None if there is no embargo."""
    ed_note: str = ""
    authors: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subjects: tuple[Subject, ...] = ()
    """Those of the categories that are of a vocabulary."""
    places: tuple[Place, ...] = ()
    publisher: str = ""
    """The organisation that the source names as such."""
    media: tuple[Media, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict, hash=False)
    """By their addresses, of those media that the receiver has beside the item: a name relative to it."""
    rights: str = ""
    license: str = ""
    """The address of the terms."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """The receiver has it."""

    answer: str = ""
    """What it said, for people: `HTTP 204`, `250 2.0.0 Ok: queued as …`, a file's path."""
    remote_id: str = ""
    """The receiver's own id of the item, if it named one."""
    url: str = ""
    """Where the item stands at the receiver, if it said so."""
