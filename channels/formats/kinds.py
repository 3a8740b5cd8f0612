"""The formats by name: what encodes a story, and how the result is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from channels.formats import html, ninjs, text
from channels.story import Story

FormatName = Literal["ninjs", "html", "text"]


class Format(NamedTuple):
    """`encode` raises UnicodeEncodeError for what UTF-8 cannot carry."""

    encode: Callable[[Story], bytes]
    extension: str
    media_type: str


FORMATS: dict[FormatName, Format] = {
    "ninjs": Format(ninjs.encode, "json", ninjs.MEDIA_TYPE),
    "html": Format(html.encode, "html", "text/html; charset=utf-8"),
    "text": Format(lambda story: text.encode(story).encode(), "txt", "text/plain; charset=utf-8"),
}
