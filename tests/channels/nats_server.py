"""nats-server as Debian has it, on 127.0.0.1, with a stream that takes what a channel publishes."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import nats as library
import pytest
from nats.js.api import StreamConfig


def program() -> str:
    """Debian's server. Skips where it is not installed, but not in CI."""
    found = shutil.which("nats-server", path=f"{os.environ.get('PATH', '')}:/usr/sbin")
    if not found and os.environ.get("CI"):
        pytest.fail("nats-server is not installed: .ci/run should have")
    return found or pytest.skip("nats-server is not installed (Debian: apt-get install nats-server)")


@dataclass
class NatsServer:
    """A real one, that can be stopped, started, and held still."""

    folder: Path
    config: str = ""
    port: int = 0
    jetstream: bool = True
    max_payload: int = 4_000_000
    process: subprocess.Popen[bytes] | None = None
    login: dict[str, Any] = field(default_factory=dict)
    """The receiver's own, who may do everything."""

    def start(self) -> None:
        if not self.port:
            with socket.socket() as free:
                free.bind(("127.0.0.1", 0))
                self.port = free.getsockname()[1]
        store = f'jetstream {{ store_dir: "{self.folder}" }}' if self.jetstream else ""
        common = f"host: 127.0.0.1\nport: {self.port}\nmax_payload: {self.max_payload}\n{store}"
        (self.folder / "config").write_text(f"{common}\n{self.config}\n")
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen([program(), "-c", self.folder / "config"], stderr=log)
        for _ in range(200):
            if self.process.poll() is not None:
                pytest.fail(f"nats-server did not start: {(self.folder / 'log').read_text()}")
            with suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 1):
                return
            threading.Event().wait(0.05)
        pytest.fail("nats-server does not listen")

    def stop(self) -> None:
        assert self.process
        self.process.kill()
        self.process.wait()

    def pause(self) -> None:
        """Held still for certain: a signal takes its time to reach all threads."""
        assert self.process
        self.process.send_signal(signal.SIGSTOP)
        os.waitpid(self.process.pid, os.WUNTRACED)

    def resume(self) -> None:
        assert self.process
        self.process.send_signal(signal.SIGCONT)

    async def client(self) -> library.NATS:
        return await library.connect(f"nats://127.0.0.1:{self.port}", allow_reconnect=False, **self.login)

    async def stream(self, name: str = "WIRE", **more: Any) -> None:
        async with await self.client() as client:
            config = {"subjects": ["science.>"]} | more
            await client.jetstream().add_stream(StreamConfig(name=name, **config))

    @asynccontextmanager
    async def changed(self, name: str = "WIRE", **more: Any) -> AsyncIterator[None]:
        """The stream as `more` says, for as long."""
        async with await self.client() as client:
            js = client.jetstream()
            before = (await js.stream_info(name)).config
            await js.update_stream(replace(before, **more))
            yield
            await js.update_stream(before)

    async def messages(self, name: str = "WIRE") -> list[Any]:
        async with await self.client() as client:
            js = client.jetstream()
            count = (await js.stream_info(name)).state.last_seq
            return [await js.get_msg(name, seq) for seq in range(1, count + 1)]

    async def connections(self) -> int:
        """How many there have been, this question's own aside."""
        async with await self.client() as client:
            return (client.client_id or 0) - 1


@contextmanager
def running(server: NatsServer) -> Iterator[NatsServer]:
    server.start()
    try:
        yield server
    finally:
        server.stop()
