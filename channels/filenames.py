"""Names of files that are safe whatever a feed says."""

from __future__ import annotations

import re
from hashlib import sha256

from channels.story import Story

SAFE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]*(\.[A-Za-z0-9_-]+)*")
LONGEST = 120
"""Characters of a slug or a language in a file name; file systems hold 255 bytes."""


def file_name(story: Story, extension: str) -> str:
    """`{slug}.{language}.{extension}`, within one folder whatever slug and language hold."""
    return f"{safe(story.slug)}.{safe(story.language)}.{extension}"


def safe(part: str) -> str:
    """`part` itself where it can be a name as it is; else what is left of it, and a hash of the whole."""
    if SAFE.fullmatch(part) and len(part) <= LONGEST:
        return part
    left = "-".join(re.findall(r"[A-Za-z0-9_]+", part))[: LONGEST - 17]
    return f"{left or 'item'}-{sha256(part.encode(errors='surrogatepass')).hexdigest()[:16]}"
