"""Starts the members, runs the service between the edition and them, and tells how it went."""

from __future__ import annotations

import asyncio
import base64
import os
import secrets
import socket
import tempfile
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
from aiohttp import web
from rich.console import Console

from distributor import clock, log
from distributor.demo.members import Ends, configuration
from distributor.demo.pages import edition, pages
from distributor.demo.progress import Show, table
from distributor.demo.reader import fetch
from distributor.demo.receivers import Inbox, hooks, smtp
from distributor.demo.sftp import sftp
from distributor.desk import passwords
from distributor.events import Events
from distributor.ledger import articles, people, renditions, views
from distributor.ledger.ledger import Ledger
from distributor.ledger.urgency import make_urgent
from distributor.service import Service, opened

HOOKED = ("sputnik", "prnewswire", "clarivate")
MAILED = {"desk@prnewswire.example": "prnewswire", "desk@jst.example": "jst"}
FETCHES = "jst"
EDITOR = "editor"
TICK = timedelta(seconds=0.1)
FLASH = "weekly-edition-2021-51-05"
"""One sentence of news, which an editor makes urgent."""


async def play(stop: asyncio.Event, console: Console, *, once: bool, folder: Path | None) -> int:
    """The exit status: 0 if all has arrived."""
    folder = (folder or Path(tempfile.mkdtemp(prefix="distributor-demo-"))).absolute()
    folder.mkdir(parents=True, exist_ok=True)
    inbox, site = Inbox(folder / "members"), Site()
    async with _receiving(folder, inbox, site) as ends:
        demo = Demo(ends, inbox, console, Show(console))
        with (folder / "log.jsonl").open("w", encoding="utf-8") as lines:
            log.configure(lines, pretty=False)
            async with opened(configuration(ends), Events(log.Log(), demo.show)) as service:
                site.ledger = service.ledger
                return await demo.run(service, stop, once=once)


@asynccontextmanager
async def _receiving(folder: Path, inbox: Inbox, site: Site) -> AsyncIterator[Ends]:
    """All that the members have of their own."""
    keys = {member: "whsec_" + base64.b64encode(os.urandom(32)).decode() for member in HOOKED}
    async with (
        site.started(inbox, keys) as address,
        smtp(inbox, MAILED) as port,
        sftp(inbox.of("sputnik", "sftp")) as door,
    ):
        yield Ends(folder, address, keys, port, door, _free_port(), secrets.token_hex(24))


def _free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
        return port


@dataclass(frozen=True, slots=True)
class Demo:
    """The service between the edition and the members, and what is shown of it."""

    ends: Ends
    inbox: Inbox
    console: Console
    show: Show

    async def run(self, service: Service, stop: asyncio.Event, *, once: bool) -> int:
        """Until `stop`, or `once` all is done; the exit status."""
        login = "" if once else await self._let_in(service.ledger)
        async with asyncio.TaskGroup() as tasks:
            running = tasks.create_task(service.run(stop))
            with self.show.bars:
                await self._watch(service, stop)
            if not stop.is_set():
                await self._fetch()
            rows = await service.ledger.read(views.deliveries, [])
            arrived = sum(self.inbox.find(row) is not None for row in rows)
            if once:
                stop.set()
            self._tell(rows, arrived, up=not stop.is_set())
            if not stop.is_set():
                self.console.print(f"\nOpen {self.ends.site} to read them. {login}", highlight=False)
                self.console.print("Ctrl-C ends the demo.")
            service.ledger.ring()
            await running
        return int(arrived < len(rows) or not rows)

    async def _let_in(self, ledger: Ledger) -> str:
        """An editor, who may watch from the start; where and how they log in."""
        password = secrets.token_urlsafe(9)
        hashed = await asyncio.to_thread(passwords.hashed, password)
        now = ledger.now()
        if await ledger.read(people.find, EDITOR):
            await ledger.write(people.remove, EDITOR, "the demo", now)
        await ledger.write(people.add, EDITOR, "admin", hashed, "the demo", now)
        told = f"The desk: {self.ends.desk} (user {EDITOR}, password {password})"
        self.console.print(told, highlight=False, soft_wrap=True)
        return told

    async def _watch(self, service: Service, stop: asyncio.Event) -> None:
        """Count what there is to do, until nothing is left to do that could still move by itself."""
        ledger, edited = service.ledger, False
        while not await clock.wait(stop, TICK):
            counts = await ledger.read(views.by_state)
            self.show.expect(await ledger.read(renditions.machine_made), sum(counts.values()))
            moving = (
                await ledger.read(renditions.unfinished) or counts.get("pending") or counts.get("sending")
            )
            if counts and not edited:
                await self._flash(service)
                edited = True
            elif counts and not moving:
                return

    async def _flash(self, service: Service) -> None:
        """What `distributor urgent` does: it overtakes the rest, and goes where only urgent items go."""
        ledger, routes = service.ledger, service.intakes[0].routes
        its = await ledger.read(articles.find, FLASH)
        await ledger.write(make_urgent, its.id, 1, routes, "the demo's editor", ledger.now())
        self.show.bars.console.print(f"an editor makes it urgent: {its.headline}")

    async def _fetch(self) -> None:
        """As the member would that has a feed: over HTTP, at its private address."""
        try:
            await fetch(self.inbox, FETCHES, self.ends.private)
        except aiohttp.ClientError as e:
            self.console.print(f"{FETCHES} cannot fetch its feeds: {e}", style="yellow", markup=False)

    def _tell(self, rows: list[views.Record], arrived: int, *, up: bool) -> None:
        folder, said = self.ends.folder, self.console.print
        address = f" and at {self.ends.private}/ja.rss" if up else ""
        said(table(rows))
        said(f"\n{arrived} of {len(rows)} deliveries arrived. Look at them:", highlight=False)
        for what, where in (
            ("items", folder / "members"),
            ("SFTP", f"{self.inbox.of('sputnik', 'sftp')}, where Sputnik's server keeps them"),
            ("feed", f"{self.inbox.of(FETCHES, 'feed')}, as JST fetched it{address}"),
            ("log", folder / "log.jsonl"),
            ("ledger", folder / "distributor.db"),
        ):
            said(f"  {what:<7} {where}", highlight=False, soft_wrap=True, markup=False)


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
