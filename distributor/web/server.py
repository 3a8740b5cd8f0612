"""The wire's own web server: up for as long as the service runs."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import timedelta

from aiohttp import web

from distributor import clock
from distributor.events import Events, Serving, Trouble
from distributor.settings import WebSettings

AGAIN = timedelta(seconds=5)
LARGEST = 2**20
"""Bytes of a request: all sentences of a long article fit."""


class Server:
    """Serves while `run` runs. A port that is taken is waited for: its holder may be about to stop."""

    def __init__(
        self,
        settings: WebSettings,
        routes: Iterable[web.RouteDef],
        events: Events,
        prepare: Callable[[web.Application], None] = lambda _: None,
    ) -> None:
        self.settings, self.routes, self.events = settings, tuple(routes), events
        self._prepare = prepare
        self.port = 0
        """Where it listens; 0 while it does not."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is being answered is answered."""
        app = web.Application(client_max_size=LARGEST)
        app.router.add_routes(self.routes)
        self._prepare(app)
        runner = web.AppRunner(app, access_log=None)  # addresses are passwords
        await runner.setup()
        try:
            while not stop.is_set():
                if await self._listening(runner):
                    await stop.wait()
                else:
                    await clock.wait(stop, AGAIN)
        finally:
            self.port = 0
            await runner.cleanup()

    async def _listening(self, runner: web.AppRunner) -> bool:
        host, _, port = self.settings.listen.rpartition(":")
        try:
            await web.TCPSite(runner, host.strip("[]"), int(port)).start()
        except OSError as e:
            self.events.emit(Trouble("web", f"cannot listen on {self.settings.listen}: {e.strerror}"))
            return False
        self.port = runner.addresses[0][1]
        self.events.emit(Serving(self.settings.url.rstrip("/") or f"http://{host}:{self.port}"))
        return True
