"""Starts the members, runs the service between the edition and them, and tells how it went."""

from __future__ import annotations

import asyncio
import base64
import os
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path

from aiohttp import web
from rich.console import Console

from distributor import log
from distributor.demo.members import configuration
from distributor.demo.pages import edition, pages
from distributor.demo.progress import Show, table
from distributor.demo.receivers import Inbox, hooks, smtp
from distributor.events import Events
from distributor.ledger import renditions, views
from distributor.ledger.ledger import Ledger
from distributor.service import Service, opened

HOOKED = ("prnewswire", "clarivate")
MAILED = {"desk@jst.example": "jst"}


async def play(stop: asyncio.Event, console: Console, *, once: bool, folder: Path | None) -> int:
    """The exit status: 0 if all was delivered."""
    folder = folder or Path(tempfile.mkdtemp(prefix="distributor-demo-"))
    folder.mkdir(parents=True, exist_ok=True)
    secrets = {member: "whsec_" + base64.b64encode(os.urandom(32)).decode() for member in HOOKED}
    inbox, site = Inbox(folder / "members"), Site()
    async with site.started(inbox, secrets) as web_address, smtp(inbox, MAILED) as port:
        config = configuration(folder, web=web_address, smtp_port=port, secrets=secrets)
        show = Show(console)
        with (folder / "log.jsonl").open("w", encoding="utf-8") as lines:
            log.configure(lines, pretty=False)
            async with opened(config, Events(log.Log(), show)) as service:
                site.ledger = service.ledger
                return await _run(service, stop, show, console, once=once, folder=folder, address=web_address)


async def _run(
    service: Service,
    stop: asyncio.Event,
    show: Show,
    console: Console,
    *,
    once: bool,
    folder: Path,
    address: str,
) -> int:
    done = asyncio.Event()
    async with asyncio.TaskGroup() as tasks:
        tasks.create_task(_watch(service.ledger, show, done))
        running = tasks.create_task(service.run(stop))
        with show.bars:
            await _either(done, stop)
        rows = await service.ledger.read(views.deliveries, [])
        console.print(table(rows))
        _tell(console, folder, rows)
        if once or stop.is_set():
            stop.set()
        else:
            console.print(f"\nOpen {address} to read them. Ctrl-C ends the demo.")
        service.ledger.ring()
        await running
    return int(any(row["state"] != "delivered" for row in rows) or not rows)


async def _either(*events: asyncio.Event) -> None:
    waits = [asyncio.create_task(event.wait()) for event in events]
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for wait in waits:
        wait.cancel()


async def _watch(ledger: Ledger, show: Show, done: asyncio.Event) -> None:
    """Count what there is to do, until nothing is left to do that could still move by itself."""
    while not done.is_set():
        await asyncio.sleep(0.1)
        counts = await ledger.read(views.by_state)
        total = await ledger.read(renditions.machine_made)
        show.expect(total, sum(counts.values()))
        moving = await ledger.read(renditions.unfinished) or counts.get("pending") or counts.get("sending")
        if counts and not moving:
            done.set()


def _tell(console: Console, folder: Path, rows: list[views.Record]) -> None:
    delivered = sum(row["state"] == "delivered" for row in rows)
    console.print(f"\n{delivered} of {len(rows)} deliveries arrived. Look at them:", highlight=False)
    for what, name in (("items", "members"), ("log", "log.jsonl"), ("ledger", "distributor.db")):
        console.print(f"  {what:<7} {folder / name}", highlight=False, soft_wrap=True)


class Site:
    """One web server for the edition, the members' hooks, and the pages that show what arrived."""

    def __init__(self) -> None:
        self.ledger: Ledger | None = None

    @asynccontextmanager
    async def started(self, inbox: Inbox, secrets: Mapping[str, str]) -> AsyncIterator[str]:
        """On loopback; its address."""
        app = web.Application(client_max_size=16 * 2**20)
        app.add_routes([*edition(), *hooks(inbox, secrets), *pages(self._rows, inbox)])
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=1)
        await runner.setup()
        try:
            server = web.TCPSite(runner, "127.0.0.1", 0)
            await server.start()
            yield f"http://127.0.0.1:{runner.addresses[0][1]}"
        finally:
            await runner.cleanup()

    async def _rows(self) -> list[views.Record]:
        return await self.ledger.read(views.deliveries, []) if self.ledger else []
