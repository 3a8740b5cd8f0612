"""A part of a mail, or a whole one, written as `email.generator` would write it, and quicker by far.

Only for what mime.py and message.py make: contents are ASCII, in the encoding that their headers name.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from email.header import Header
from email.policy import compat32

# The older policy keeps a header as it was encoded: the newer one, in Python 3.11, decodes what looks like an
# encoded word in a headline and writes it out again as it pleases, line breaks too (python/cpython#121650).
POLICY = compat32.clone(linesep="\r\n")
WIDTH = 78
"""Characters of a line of a header up to which it is not folded (RFC 5322 §2.1.1)."""
Value = str | Header
BREAK = re.compile(rb"\r\n|\r|\n")


class Part:
    """Headers in their order, then a content: bytes with line breaks of any kind, or parts and a boundary."""

    __slots__ = ("boundary", "content", "headers")

    def __init__(
        self, content: bytes | list[Part], headers: Iterable[tuple[str, Value]], boundary: str = ""
    ) -> None:
        self.content = content
        self.headers = list(headers)
        self.boundary = boundary.encode()

    def add(self, name: str, value: Value) -> None:
        self.headers.append((name, value))

    def written(self) -> bytes:
        """Lines end with CRLF. Raises: email.errors.HeaderParseError, where a header would be two."""
        head = "".join([_folded(name, value) for name, value in self.headers]).encode("ascii")
        if isinstance(self.content, bytes):
            return b"%b\r\n%b" % (head, _lines(self.content))
        inner = [b"--%b\r\n%b\r\n" % (self.boundary, part.written()) for part in self.content]
        return b"%b\r\n%b--%b--\r\n" % (head, b"".join(inner), self.boundary)


def several(kind: str, boundary: str, parts: list[Part], more: str = "") -> Part:
    """A multipart; `more` parameters stand before the boundary."""
    return Part(parts, [("Content-Type", f'multipart/{kind};{more} boundary="{boundary}"')], boundary)


def _folded(name: str, value: Value) -> str:
    if isinstance(value, str) and len(name) + len(value) <= WIDTH - 2 and _is_plain(value):
        return f"{name}: {value}\r\n"
    return POLICY.fold(name, value)  # type: ignore[arg-type]  # a Header, too


def _is_plain(value: str) -> bool:
    return value.isascii() and value.isprintable() and value == value.strip()


def _lines(content: bytes) -> bytes:
    return BREAK.sub(b"\r\n", content) if b"\r" in content else content.replace(b"\n", b"\r\n")
