"""Bodies as they come over the wire: unpacked bit by bit, never further than a limit."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Protocol

GZIP_MAGIC = b"\x1f\x8b"
MOST_MEMBERS = 1000
"""Of a gzip body (RFC 1952 §2.2). Real ones have one; each costs a copy of what follows it."""
STEP = 1 << 16

CODINGS = ("gzip", "deflate", "br") if find_spec("brotli") else ("gzip", "deflate")
"""For `Accept-Encoding`. Brotli comes with aiohttp's `speedups` where it can be built."""


class TooLarge(ValueError):
    """The body is longer than the limit."""


class Broken(ValueError):
    """The body is not what its Content-Encoding says."""


class Decoder(Protocol):
    """One content coding."""

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        """What `chunk` holds, in pieces of about `STEP` bytes at most."""
        ...

    @property
    def done(self) -> bool: ...


class Unpacker:
    """Collects a body of at most `limit` bytes; holds no more than that and one step."""

    def __init__(self, coding: str, limit: int) -> None:
        """Raises: Broken."""
        self.limit = limit
        self.body = bytearray()
        self.decoder = _decoder(coding.strip().lower())

    def feed(self, chunk: bytes) -> None:
        """Raises: TooLarge, Broken."""
        try:
            for piece in self.decoder.decode(chunk):
                if len(self.body) + len(piece) > self.limit:
                    raise TooLarge(f"the body is larger than {self.limit:,} bytes")
                self.body += piece
        except zlib.error as e:
            raise Broken(f"its compressed body cannot be read: {e}") from e

    def finish(self) -> bytes:
        """The whole body. Raises: Broken."""
        if not self.decoder.done:
            raise Broken("its compressed body is cut off")
        return bytes(self.body)


def _decoder(coding: str) -> Decoder:
    match coding:
        case "" | "identity":
            return Identity()
        case "gzip" | "x-gzip":
            return Gzip()
        case "deflate":
            return Deflate()
        case "br" if "br" in CODINGS:
            return Brotli()
    raise Broken(f"its Content-Encoding is {coding!r}, which nobody asked for")


def _inflate(inner: zlib._Decompress, chunk: bytes) -> Iterator[bytes]:
    """Up to the end of `chunk` or of what is packed. A full piece may have more behind it even where no
    input is left."""
    piece = bytes(STEP)
    while chunk or len(piece) == STEP:
        piece = inner.decompress(chunk, STEP)
        yield piece
        chunk = inner.unconsumed_tail


class Identity:
    """Not packed at all."""

    done = True

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        yield chunk


class Gzip:
    """RFC 1952: one member after the other. What follows the last and is none is padding."""

    def __init__(self) -> None:
        self.inner = zlib.decompressobj(wbits=31)
        self.members = 1
        self.fed = False
        self.held = b""

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        self.fed = self.fed or bool(chunk)
        chunk, self.held = self.held + chunk, b""
        while chunk and (not self.inner.eof or self._next(chunk)):
            yield from _inflate(self.inner, chunk)
            chunk = self.inner.unused_data

    def _next(self, rest: bytes) -> bool:
        if not rest.startswith(GZIP_MAGIC):
            self.held = rest if rest == GZIP_MAGIC[:1] else b""  # a step may end between the two bytes
            return False
        self.members += 1
        if self.members > MOST_MEMBERS:
            raise Broken(f"its gzip body has more than {MOST_MEMBERS:,} parts")
        self.inner = zlib.decompressobj(wbits=31)
        return True

    @property
    def done(self) -> bool:
        return self.inner.eof or not self.fed


class Deflate:
    """RFC 9110 §8.4.1.2: in a zlib wrapper; some servers leave that out."""

    def __init__(self) -> None:
        self.inner: zlib._Decompress | None = None

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        if chunk and self.inner is None:
            self.inner = zlib.decompressobj(wbits=15 if chunk[0] & 0x0F == zlib.DEFLATED else -15)
        if chunk and self.inner:
            yield from _inflate(self.inner, chunk)

    @property
    def done(self) -> bool:
        return self.inner is None or self.inner.eof


class Brotli:
    """RFC 7932."""

    def __init__(self) -> None:
        import brotli

        self.error: type[Exception] = brotli.error
        self.inner = brotli.Decompressor()
        self.fed = False

    def decode(self, chunk: bytes) -> Iterator[bytes]:
        self.fed = self.fed or bool(chunk)
        try:
            yield self.inner.process(chunk, output_buffer_limit=STEP)
            while not self.inner.can_accept_more_data():
                yield self.inner.process(b"", output_buffer_limit=STEP)
        except self.error as e:
            raise Broken(f"its compressed body cannot be read: {e}") from e

    @property
    def done(self) -> bool:
        return not self.fed or bool(self.inner.is_finished())
