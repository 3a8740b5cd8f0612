"""The desk in Chromium: one browser and one newsroom for all tests here, a clean profile for each person."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, BrowserContext, ConsoleMessage, Page, async_playwright

from .newsroom import Newsroom, open_newsroom

CHROMIUM = "/usr/bin/chromium"
PATIENCE = 15_000
"""Milliseconds that an expectation may take to come true."""


class Desk:
    """Opens pages as somebody, and notes what none of them may do."""

    def __init__(self, browser: Browser, room: Newsroom) -> None:
        self.browser, self.room = browser, room
        self.contexts: list[BrowserContext] = []
        self.faults: list[str] = []
        self.expected: tuple[str, ...] = ()
        """Parts of what the browser says in the console of what a test provokes."""
        self.elsewhere = ""
        """Another origin that a test asks on purpose."""

    async def context(self, name: str = "", **options: object) -> BrowserContext:
        """A profile of its own; logged in, if `name` is somebody."""
        told = {"base_url": self.room.url, "locale": "en-GB", **options}
        context = await self.browser.new_context(**told)  # type: ignore[arg-type]
        context.set_default_timeout(PATIENCE)
        context.on("console", self._console)
        context.on("weberror", lambda e: self.faults.append(f"error: {e.error}"))
        context.on("request", lambda r: self._requested(r.url))
        if name:
            session = {"name": "wire", "value": await self.room.session(name)}
            await context.add_cookies([{**session, "domain": "127.0.0.1", "path": "/"}])
        self.contexts.append(context)
        return context

    async def page(self, path: str, name: str = "eve", **options: object) -> Page:
        """Open at `path`, with what is live connected."""
        page = await (await self.context(name, **options)).new_page()
        await page.goto(path)
        return page

    def _console(self, message: ConsoleMessage) -> None:
        told = message.text
        if message.type in ("error", "warning") and not any(part in told for part in self.expected):
            self.faults.append(f"{message.type}: {told}")

    def _requested(self, url: str) -> None:
        ours = (f"{self.room.url}/", "data:", *([self.elsewhere] if self.elsewhere else ()))
        if not url.startswith(ours):
            self.faults.append(f"request to {urlsplit(url).netloc}: {url}")

    async def close(self) -> None:
        for context in self.contexts:
            await context.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Debian's Chromium; skips where there is none, but not in CI."""
    if not os.access(CHROMIUM, os.X_OK):
        missing = f"{CHROMIUM} is missing (Debian: apt-get install chromium)"
        pytest.fail(missing) if os.environ.get("CI") else pytest.skip(missing)
    sandbox = [] if os.getuid() else ["--no-sandbox"]
    async with async_playwright() as playwright:
        chromium = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=[*sandbox, "--disable-gpu"]
        )
        yield chromium
        await chromium.close()


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def newsroom(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Newsroom]:
    """Shared: each test brings the articles that it changes."""
    async with open_newsroom(tmp_path_factory.mktemp("newsroom")) as room:
        yield room


@pytest_asyncio.fixture(loop_scope="package")
async def desk(browser: Browser, newsroom: Newsroom) -> AsyncIterator[Desk]:
    """No page may err, break the policy, or ask another host for anything."""
    opened = Desk(browser, newsroom)
    yield opened
    await opened.close()
    assert opened.faults == []
