"""The formats by name: what encodes a story, and how the result is called."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

from channels.formats import html, markdown, newsml_g2, ninjs, nitf, text
from channels.story import Story

FormatName = Literal["ninjs", "newsml_g2", "nitf", "html", "text", "markdown"]


class Format(NamedTuple):
    """`encode` raises UnicodeEncodeError for what UTF-8 cannot carry."""

    encode: Callable[[Story], bytes]
    extension: str
    media_type: str
    says_withdrawn: bool = False
    """To machines; a withdrawn story stays as such an item, while its pages go."""


FORMATS: dict[FormatName, Format] = {
    "ninjs": Format(ninjs.encode, "json", ninjs.MEDIA_TYPE, says_withdrawn=True),
    "newsml_g2": Format(newsml_g2.encode, "newsml.xml", newsml_g2.MEDIA_TYPE, says_withdrawn=True),
    "nitf": Format(nitf.encode, "nitf.xml", nitf.MEDIA_TYPE, says_withdrawn=True),
    "html": Format(html.encode, "html", "text/html; charset=utf-8"),
    "text": Format(lambda story: text.encode(story).encode(), "txt", "text/plain; charset=utf-8"),
    "markdown": Format(markdown.encode, "md", "text/markdown; charset=utf-8"),
}
