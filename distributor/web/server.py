"""The wire's own web server: up for as long as the service runs."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from aiohttp import web

from distributor import clock
from distributor.events import Events, Trouble
from distributor.settings import WebSettings
from distributor.web.private import Private

AGAIN = timedelta(seconds=5)


class Server:
    """Serves while `run` runs. A port that is taken is waited for: its holder may be about to stop."""

    def __init__(self, settings: WebSettings, private: Private, events: Events) -> None:
        self.settings, self.private, self.events = settings, private, events
        self.port = 0
        """Where it listens; 0 while it does not."""

    async def run(self, stop: asyncio.Event) -> None:
        """Until `stop`; what is being answered is answered."""
        app = web.Application(client_max_size=2**16)
        app.router.add_routes(self.private.routes())
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
        return True
