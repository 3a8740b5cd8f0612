"""Where the files of a story go at a receiver that keeps files, by templates in the settings.

A name is the same for all attempts, and unless the template says `{version}` for all versions, so that a
repeat or a correction takes the place of what is there.
"""

from __future__ import annotations

import asyncio
import posixpath
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from string import Formatter
from typing import Annotated, Self
from urllib.parse import quote

from pydantic import AfterValidator, Field, model_validator

from channels.answers import tidy
from channels.channel import Refused
from channels.filenames import safe
from channels.formats.kinds import FORMATS, FormatName
from channels.settings import ChannelSettings
from channels.story import Receipt, Story

PLACEHOLDERS: dict[str, Callable[[Story], str]] = {
    "slug": lambda story: safe(story.slug),
    "language": lambda story: safe(story.language),
    "version": lambda story: str(story.version),
    "date": lambda story: f"{story.published:%Y-%m-%d}",
    "year": lambda story: f"{story.published:%Y}",
    "month": lambda story: f"{story.published:%m}",
    "day": lambda story: f"{story.published:%d}",
}
"""Each value is one safe piece of a name. The date is that of the first publication: it never changes."""
OF_THE_FORMAT = ("extension", "format")

UNWANTED = re.compile(r'[\\:*?"<>|\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]')

LARGE = 20_000
"""Characters of a body from which on a thread is worth its price."""


@dataclass(frozen=True, slots=True)
class File:
    content: bytes
    media_type: str


@dataclass(frozen=True, slots=True)
class Placement:
    """By path, relative to where the receiver puts us unless the template begins with a slash."""

    files: dict[str, File]
    gone: tuple[str, ...]


async def placed(story: Story, formats: Iterable[FormatName], template: str) -> Placement:
    """As `place`, beside the loop where that may take its time."""
    if len(story.body) <= LARGE:
        return place(story, formats, template)
    return await asyncio.to_thread(place, story, formats, template)


def place(story: Story, formats: Iterable[FormatName], template: str) -> Placement:
    """The files of `story`, and those to take away. Raises: Refused."""
    files: dict[str, File] = {}
    gone: list[str] = []
    for kind in formats:
        path = _fill(template, story, kind)
        if story.pub_status == "canceled" and not FORMATS[kind].says_withdrawn:
            gone.append(path)
            continue
        try:
            files[path] = File(FORMATS[kind].encode(story), FORMATS[kind].media_type)
        except UnicodeEncodeError as e:
            raise Refused(f"the text cannot be written in {e.encoding}: {e.reason}") from e
    return Placement(files, tuple(gone))


def _fill(template: str, story: Story, kind: FormatName) -> str:
    return filled(template, story, extension=FORMATS[kind].extension, format=kind)


def filled(template: str, story: Story, **more: str) -> str:
    """A path; `more` are placeholders that are not of the story itself."""
    said = placeholders(template)
    values = {name: value(story) for name, value in PLACEHOLDERS.items() if name in said}
    return template.format(**values, **more)


def placeholders(template: str) -> set[str]:
    """The names in braces."""
    return {name for _, name, _, _ in Formatter().parse(template) if name is not None}


def fixed(directory: str) -> str:
    """The part of a directory's template that is the same for all stories."""
    segments = directory.split("/")
    first = next((at for at, segment in enumerate(segments) if "{" in segment), len(segments))
    return "/".join(segments[:first]) or directory[:1].strip("{")


def _is_template(template: str) -> str:
    return checked(template, OF_THE_FORMAT)


def checked(template: str, more: Iterable[str]) -> str:
    """`template` itself; `more` are the placeholders beside those of a story. Raises: ValueError."""
    known = (*PLACEHOLDERS, *more)
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("a brace begins or ends a placeholder, such as {slug}") from None
    for literal, name, spec, conversion in parts:
        if name is not None and (name not in known or spec or conversion):
            raise ValueError(f"no placeholder {{{name}}}; there are: {', '.join(f'{{{k}}}' for k in known)}")
        if found := UNWANTED.search(literal) or re.search("[{}]", literal):
            raise ValueError(f"the character {found[0]!r} cannot be part of a name")
    segments = template.removeprefix("/").split("/") if template not in ("", "/") else []
    if any(segment in ("", ".", "..") or segment != segment.strip() for segment in segments):
        raise ValueError("between slashes stands a name, not '', '.' or '..'")
    return template


def _is_name(template: str) -> str:
    if not template or "/" in template:
        raise ValueError("a name is one name, without slashes; those go into directory")
    return template


def _is_relative(template: str) -> str:
    if not template or template.startswith("/"):
        raise ValueError("write it without a slash at its beginning")
    return template


Template = Annotated[str, AfterValidator(_is_template)]
Name = Annotated[Template, AfterValidator(_is_name)]
Relative = Annotated[Template, AfterValidator(_is_relative)]

USUAL = "{slug}.{language}.{extension}"


def tell_apart(settings: ChannelSettings, formats: tuple[FormatName, ...], template: str) -> None:
    """No two files of a channel may have one name. Raises: ValueError, which says the mend."""
    said = placeholders(template)
    if "slug" not in said:
        raise ValueError("all stories would have one name; put {slug} into it")
    if "language" not in said and len(settings.languages) != 1:
        raise ValueError(
            "all languages would have one name; put {language} into it, or name one in languages"
        )
    of_the_format = {
        "extension": [FORMATS[kind].extension for kind in formats],
        "format": list(formats),
    }
    names = set(zip(*(of_the_format[name] for name in OF_THE_FORMAT if name in said), strict=True))
    if max(len(names), 1) < len(formats):
        raise ValueError("two formats would have one name; put {extension} or {format} into it")


class FileSettings(ChannelSettings):
    """What channels to a server with directories can be told."""

    host: str = Field(min_length=1)
    directory: Template = Field("", description="Where the login leads unless said; made as needed.")
    file_name: Name = Field(USUAL, description="Of a file; without {version} a correction takes its place.")
    formats: tuple[FormatName, ...] = Field(("ninjs",), min_length=1)

    @property
    def template(self) -> str:
        """The whole path."""
        return posixpath.join(self.directory, self.file_name)

    def receipt(self, start: str, placed: Placement, *, home: str, root: str) -> Receipt:
        """Where the first file stands; after a withdrawal perhaps that there is none any more.

        `start`: scheme, and port after a colon; `home`, `root`: how an address says what a path begins with.
        """
        if not placed.files:
            return Receipt(tidy(f"removed {', '.join(placed.gone)}"))
        path = next(iter(placed.files))
        scheme, port = start.split(":")
        host = f"[{self.host}]" if ":" in self.host else self.host
        beginning = root if path.startswith("/") else home
        address = f"{scheme}://{host}:{port}/{beginning}{quote(path.removeprefix('/'))}"
        return Receipt(tidy(path), remote_id=posixpath.basename(path), url=address)

    @model_validator(mode="after")
    def _tells_apart(self) -> Self:
        tell_apart(self, self.formats, self.template)
        return self
