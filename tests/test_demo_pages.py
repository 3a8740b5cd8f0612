"""The demo's pages, while it stays up: every link on them leads to an item that can be read."""

from __future__ import annotations

import asyncio
import re
import signal
import sys
from collections import Counter
from pathlib import Path

import aiohttp


async def address(process: asyncio.subprocess.Process) -> str:
    """What the demo prints when all has arrived."""
    assert process.stdout is not None
    async for line in process.stdout:
        if found := re.search(rb"Open (http://\S+) to read them", line):
            return found[1].decode()
    raise AssertionError("the demo ended without its address")


async def test_every_item_can_be_opened_and_ctrl_c_ends_the_demo(tmp_path: Path) -> None:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "distributor", "demo", "--into", str(tmp_path), stdout=asyncio.subprocess.PIPE
    )
    try:
        async with asyncio.timeout(110), aiohttp.ClientSession(await address(process)) as http:
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
    assert kinds == {"text/html": 49, "text/plain": 29}
    assert status == 0
