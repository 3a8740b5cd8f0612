"""What an article is known by, where its guid does not tell."""

from __future__ import annotations

import hashlib

from distributor.article import Content
from distributor.links import link_key
from distributor.markup import fold, plain

__all__ = ["link_key", "text_key"]

TELLING = 40
"""Bytes of UTF-8. A shorter text ("News in brief") may well stand over two articles."""


def text_key(content: Content) -> str:
    """A SHA-256 of headline and text, white space and case folded; empty if that is too little to tell
    one article from another."""
    text = fold(f"{content.headline} {plain(content.body) or content.summary}").casefold().encode()
    return hashlib.sha256(text).hexdigest() if len(text) >= TELLING else ""
