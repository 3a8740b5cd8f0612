"""What config.toml may say: its tables as types, each key with its bounds and its default."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any, Literal, cast
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    AfterValidator,
    BeforeValidator,
    Field,
    SecretStr,
    SerializeAsAny,
    field_validator,
)
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from channels.settings import ChannelSettings, Duration, Secret, Settings, Size
from distributor import hours
from distributor.bcp47 import canonical

SQLITE, POSTGRESQL = "sqlite+aiosqlite", "postgresql+asyncpg"


def storage_url(url: str) -> str:
    """An SQLAlchemy address of one of the two databases."""
    try:
        driver = make_url(url).drivername
    except ArgumentError as e:
        raise ValueError(f"not a database address; write '{SQLITE}:///var/distributor.db'") from e
    if driver not in (SQLITE, POSTGRESQL):
        raise ValueError(f"{driver!r} is not supported; begin with '{SQLITE}:///' or '{POSTGRESQL}://'")
    return url


def all_or_duration(value: object) -> object:
    """`"all"` stands for no bound."""
    return None if value == "all" else value


Language = Annotated[str, AfterValidator(canonical)]


def time_zone(name: str) -> str:
    """An IANA name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError) as e:
        raise ValueError(f"no time zone {name!r}; write an IANA name, such as 'Asia/Tokyo'") from e
    return name


def member_hours(text: str) -> str:
    """As `hours.window` reads them; nothing: always."""
    if text:
        hours.window(text)
    return text


Slug = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9._-]*$")]
Backfill = Annotated[Duration | None, BeforeValidator(all_or_duration)]
Topics = tuple[str, ...]


def guess_proof(token: SecretStr) -> SecretStr:
    """What can stand in an address, and nobody guesses."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{20,200}", token.get_secret_value()):
        raise ValueError(
            "a token has at least 20 letters, digits, '-' or '_'; make one: openssl rand -hex 24"
        )
    return token


Token = Annotated[Secret, AfterValidator(guess_proof)]


class ConvertedModel(Settings):
    """A model folder that was converted for CTranslate2, with its SentencePiece files, for one pair."""

    engine: Literal["ctranslate2"]
    path: str = Field(min_length=1)
    source: Language
    target: Language
    source_token: str = Field("", description="What a multilingual model calls the source: 'eng_Latn'.")
    target_token: str = Field("", description="And the target: 'rus_Cyrl', or '>>rus<<' before the text.")


class RemoteEngine(Settings):
    """A LibreTranslate that runs somewhere, for some pairs."""

    engine: Literal["libretranslate"]
    url: str = Field(min_length=1)
    source: Language
    targets: tuple[Language, ...] = Field(min_length=1)
    api_key: Secret | None = None
    allow_private: bool = False
    timeout: Duration = Field(cast(Any, "60s"), validate_default=True)
    batch: int = Field(50, ge=1, description="Sentences in one request.")


EngineSettings = Annotated[ConvertedModel | RemoteEngine, Field(discriminator="engine")]
ENGINES = ("ctranslate2", "libretranslate")


class TranslationSettings(Settings):
    """How renditions are made."""

    packages: str = Field("sample", description="'sample', or a folder of installed Argos packages.")
    engines: tuple[EngineSettings, ...] = Field((), description="Other engines, for some pairs.")
    glossary: str = Field("", description="A folder with a glossary for each target language: ru.toml.")
    beam: int = Field(4, ge=1, le=16)
    threads: int = Field(0, ge=0, description="0: one for each core.")
    device: Literal["auto", "cpu", "cuda"] = "auto"
    compute_type: str = Field("default", description="CTranslate2's: int8, int8_float16, float32, …")
    batch: int = Field(512, ge=32, description="Pieces that go through a model together.")
    slice: int = Field(0, ge=0, description="Pieces after which what is more urgent has its turn.")
    max_memory: Size = Field(cast(Any, "2GB"), validate_default=True, description="Of all loaded models.")
    isolate: bool = Field(True, description="Run models in a process of their own, which may die alone.")


class SourceSettings(Settings):
    """A feed that is read."""

    name: Slug
    title: str = Field("", description="For readers; the feed's own title unless said.")
    url: str = Field(min_length=1, description="http(s), or a path.")
    every: Duration = Field(cast(Any, "5m"), validate_default=True)
    backfill: Backfill = Field(cast(Any, "7d"), validate_default=True)
    language: Language = "en"
    topics: Topics = Field((), description="Added to the categories of each of its articles.")
    urgency: int = Field(5, ge=1, le=9)
    embargo: Duration | None = Field(None, description="Nothing leaves before so long after its publication.")
    settle: Duration = Field(
        cast(Any, "5m"),
        validate_default=True,
        description="An item that changes again and again makes one version in this time.",
    )
    contributor: str = Field("", description="The member whose feed it is; it never gets its own back.")
    trust: Literal["send", "hold"] = Field(
        "send", description="Its articles go at once, or wait for an editor's release."
    )
    echoes: Literal["drop", "doubt", "send"] = Field(
        "drop", description="What another source told before: sent to nobody, held for an editor, or sent."
    )
    flood: int = Field(30, ge=1, description="More new items than this in one poll are held.")
    allow_private: bool = False
    body_limit: int = Field(20_000_000, gt=0, description="Bytes, after decompression.")
    timeout: Duration = Field(cast(Any, "30s"), validate_default=True)
    content: Literal["feed", "page"] = Field(
        "feed", description="'page': the text is that of each article's page, not the feed's teaser."
    )
    page_within: Duration = Field(
        cast(Any, "2m"),
        validate_default=True,
        gt=timedelta(),
        le=timedelta(hours=1),
        description="So long a poll waits for pages; what has not come by then has the feed's text.",
    )


class MemberSettings(Settings):
    """An organisation that receives."""

    id: Slug
    name: str = Field(min_length=1)
    languages: tuple[Language, ...] = Field(min_length=1)
    deliver: Literal["all", "first"] = "all"
    topics: Topics = ("*",)
    min_urgency: int = Field(9, ge=1, le=9, description="Nothing less urgent than this (9 is least).")
    exclude_sources: tuple[str, ...] = ()
    token: Token | None = Field(None, description="Makes its private address, where it fetches: a secret.")
    zone: Annotated[str, AfterValidator(time_zone)] = Field("UTC", description="Time zone, IANA: Asia/Tokyo.")
    window: Annotated[str, AfterValidator(member_hours)] = Field(
        "", description="When what is not urgent may come, in its time zone: 'mon-fri 09:00-18:00'."
    )
    on_doubt: Literal["hold", "send", "original"] = Field(
        "hold",
        description="A translation that the checks doubt: wait for an editor, take it, or the original.",
    )
    channels: tuple[SerializeAsAny[ChannelSettings], ...] = Field(min_length=1)

    def lanes(self) -> Iterator[tuple[str, ChannelSettings]]:
        """The channels with their names in the ledger: `member/name`."""
        for channel in self.channels:
            yield f"{self.id}/{channel.name or channel.type}", channel


class WebSettings(Settings):
    """What is fetched from us: private feeds, and what a member may have missed."""

    listen: str = Field(
        "", pattern=r"^(|.+:\d{1,5})$", description="'127.0.0.1:8080'; nothing is served unless said."
    )
    url: str = Field(
        "",
        pattern=r"^(|https?://[^\s?#]+)$",
        description="How the outside reaches it: 'https://wire.example'.",
    )
    allow_private: bool = Field(
        False, description="May those that subscribe to feeds (WebSub) be on private or loopback addresses."
    )

    @field_validator("listen")
    @classmethod
    def _has_a_port(cls, listen: str) -> str:
        if listen and int(listen.rpartition(":")[2]) > 65535:
            raise ValueError("a port is at most 65535")
        return listen

    @property
    def address(self) -> str:
        """Without a slash at its end."""
        return (self.url or f"http://{self.listen}").rstrip("/")


class DeskSettings(Settings):
    """The editors' desk, which is served at `[web] listen`."""

    title: str = Field("Science Wire", min_length=1, description="Above every page.")
    undo: Duration = Field(
        cast(Any, "8s"),
        validate_default=True,
        le=timedelta(minutes=1),
        description="So long an editor's *urgent* can be taken back; then it leaves.",
    )


class RetentionSettings(Settings):
    """How long what is not needed any more is kept; `"all"`: for ever.

    For ever stays what proves what was sent: who got which version of what, when, with which answer.
    """

    attempts: Backfill = Field(
        cast(Any, "90d"), validate_default=True, description="Each try at a delivery that is settled."
    )
    bodies: Backfill = Field(
        cast(Any, "730d"), validate_default=True, description="The texts of articles; headlines stay."
    )


class MediaSettings(Settings):
    """Files that channels with `media = "fetch"` carry, fetched once for all of them."""

    cache: Path | None = Field(Path("var/media"), description='A folder; "": each channel fetches by itself.')
    max_cache: Size = Field(
        cast(Any, "1GB"), validate_default=True, ge=1_000_000, description="What was not used longest goes."
    )
    timeout: Duration = Field(cast(Any, "30s"), validate_default=True, gt=timedelta(), description="Of one.")
    revalidate: Duration = Field(
        cast(Any, "1h"),
        validate_default=True,
        ge=timedelta(),
        description="After that its server is asked if it changed.",
    )
    retry: Duration = Field(
        cast(Any, "5m"),
        validate_default=True,
        ge=timedelta(),
        description="What could not be had is not asked for so long.",
    )

    @field_validator("cache", mode="before")
    @classmethod
    def _may_be_none(cls, cache: object) -> object:
        return None if cache == "" else cache


class Config(Settings):
    """The whole of config.toml."""

    storage: Annotated[str, AfterValidator(storage_url)] = f"{SQLITE}:///var/distributor.db"
    domain: str = Field("science-wire.example", description="Names the wire in identifiers (RFC 4151).")
    lease: Duration = Field(
        cast(Any, "45s"),
        validate_default=True,
        ge=timedelta(seconds=3),
        description="So long a worker that says nothing is thought alive, where several share PostgreSQL.",
    )
    grace: Duration = Field(
        cast(Any, "15s"), validate_default=True, description="For what is in flight, once it is to stop."
    )
    kill_deadline: Duration = Field(
        cast(Any, "10m"),
        validate_default=True,
        description="A withdrawal that somebody has not confirmed by then is told to a person.",
    )
    retention: RetentionSettings = RetentionSettings()
    web: WebSettings = WebSettings()
    desk: DeskSettings = DeskSettings()
    media: MediaSettings = MediaSettings()
    notices: tuple[SerializeAsAny[ChannelSettings], ...] = Field(
        (), description="Channels to people of ours, who are told what wants a person."
    )
    translation: TranslationSettings = TranslationSettings()
    sources: tuple[SourceSettings, ...] = ()
    members: tuple[MemberSettings, ...] = ()

    def source(self, name: str) -> SourceSettings | None:
        """The source of that name, if it is configured."""
        return next((s for s in self.sources if s.name == name), None)

    def to_us(self) -> dict[str, ChannelSettings]:
        """The channels for notices by their names."""
        return {f"{c.name or c.type} {n}": c for n, c in enumerate(self.notices, 1)}

    def lanes(self) -> dict[str, tuple[MemberSettings, ChannelSettings]]:
        """All channels of all members by their names in the ledger."""
        return {lane: (member, channel) for member in self.members for lane, channel in member.lanes()}
