"""The demo's pages, while it stays up: every link on them leads to an item that can be read."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections import Counter
from pathlib import Path

import aiohttp


async def told(process: asyncio.subprocess.Process, before: bytes, after: bytes = b"") -> str:
    """The address that the demo prints between these words when all has arrived."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(before + rb"(http://\S+)" + after, line):
            return found[1].decode()
    raise AssertionError("the demo ended without its address")


async def test_every_item_and_the_feed_can_be_opened_and_ctrl_c_ends_the_demo(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "distributor", "demo", "--into", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    try:
        feed = await told(process, b"as JST fetched it and at ")
        address = await told(process, b"Open ", b" to read them")
        async with asyncio.timeout(110), aiohttp.ClientSession(address) as http:
            async with http.get(feed) as answer:
                assert (await answer.text()).count("<item>") == 10
            async with http.get("/") as answer:
                links = re.findall(r'href="(/items/[^"]*)"', await answer.text())
            kinds: Counter[str] = Counter()
            for link in links:
                async with http.get(link) as answer:
                    text = await answer.text()
                    assert (answer.status, bool(text.strip())) == (200, True), link
                    assert "default-src 'none'" in answer.headers["Content-Security-Policy"]
                    kinds[answer.content_type] += 1
                    assert answer.content_type == "text/plain" or ("<h1" in text and "<p>" in text)
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
        status = await process.wait()
    assert kinds == {"text/html": 75, "text/plain": 75}
    assert status == 0


async def test_ctrl_c_in_the_middle_ends_the_demo_and_says_that_not_all_arrived(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "distributor", "demo", "--into", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"an editor makes it urgent" not in await process.stdout.readline():
            pass
        process.send_signal(signal.SIGINT)
        out = (await process.stdout.read()).decode()
        status = await process.wait()
    assert re.search(r"\d+ of \d+ deliveries arrived", out)
    assert "Ctrl-C ends the demo" not in out
    assert status == 1
