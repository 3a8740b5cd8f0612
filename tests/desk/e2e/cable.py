"""A cable between a browser and the desk, which can be cut."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit


class Cable:
    """Listens on a port of its own, and passes on what comes, both ways."""

    def __init__(self, to: str) -> None:
        self.to = urlsplit(to)
        self.url = ""
        self._port = 0
        self._open: set[asyncio.StreamWriter] = set()

    async def __aenter__(self) -> Self:
        await self.mend()
        self.url = f"http://127.0.0.1:{self._port}"
        return self

    async def __aexit__(self, kind: type | None, e: BaseException | None, at: TracebackType | None) -> None:
        self.cut()

    async def mend(self) -> None:
        """Listen again, on the same port."""
        self._server = await asyncio.start_server(self._joined, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]

    def cut(self) -> None:
        """End all connections; from now on there are none."""
        self._server.close()
        for end in self._open:
            end.transport.abort()

    async def _joined(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far, away = await asyncio.open_connection(self.to.hostname, self.to.port)
        ends = {writer, away}
        self._open |= ends
        await asyncio.gather(_passed(reader, away), _passed(far, writer))
        self._open -= ends


async def _passed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while some := await reader.read(2**16):
            writer.write(some)
            await writer.drain()
    writer.close()
