"""A line to a receiver on 127.0.0.1 that a test can silence and cut."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field

CHUNK = 16_384


@dataclass
class Line:
    """A port that leads to `there`, for any protocol; `there` hears all until the line is cut."""

    there: int
    port: int = 0
    answers: asyncio.Event = field(default_factory=asyncio.Event)
    """Set: what the receiver says comes through."""
    used: asyncio.Event = field(default_factory=asyncio.Event)
    """Somebody connected, or said something."""
    room: float = float("inf")
    """Bytes that still go there, over all connections; the one that would carry more is cut."""
    serving: set[asyncio.Task[None]] = field(default_factory=set)

    @contextmanager
    def silent(self) -> Iterator[None]:
        """The receiver hears and is not heard: what it says waits. Afterwards it comes through."""
        self.used.clear()
        self.answers.clear()
        try:
            yield
        finally:
            self.answers.set()

    @contextmanager
    def cut(self, *, after: int) -> Iterator[None]:
        """Nothing goes there once these bytes have: the connection is reset in the middle, on both sides."""
        self.room = after
        try:
            yield
        finally:
            self.room = float("inf")

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.used.set()
        onward, back = await asyncio.open_connection("127.0.0.1", self.there)
        ways = [
            asyncio.create_task(self._forth(reader, back)),
            asyncio.create_task(self._back(onward, writer)),
        ]
        self.serving |= {*ways}
        await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        for way in ways:
            way.cancel()
            self.serving.discard(way)
        for side in (writer, back):
            side.transport.abort() if self.room <= 0 else side.close()

    async def _forth(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while self.room > 0 and (chunk := await reader.read(CHUNK)):
                self.used.set()
                writer.write(chunk if len(chunk) <= self.room else chunk[: int(self.room)])
                self.room -= len(chunk)
                await writer.drain()

    async def _back(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while chunk := await reader.read(CHUNK):
                await self.answers.wait()
                writer.write(chunk)
                await writer.drain()


@asynccontextmanager
async def line_to(port: int) -> AsyncIterator[Line]:
    line = Line(port)
    line.answers.set()
    server = await asyncio.start_server(line.serve, "127.0.0.1", 0)
    line.port = server.sockets[0].getsockname()[1]
    try:
        yield line
    finally:
        server.close()
        for task in line.serving:
            task.cancel()
