"""Processes that post, a few for all channels: one that hangs is ended and takes nobody else along."""

from __future__ import annotations

import asyncio
import json
import os
import sys
from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

MOST = 8
"""Posts at the same time, over all channels; a process takes some 90 MB while any channel is open."""
LINE_LIMIT = 65536
KEPT = ("PATH", "LANG", "LC_ALL", "TZ", "SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "TMPDIR")
"""Of the environment. No proxies, which would look up names for us, and none of the service's secrets."""
START = "from channels.social.worker import main; main()"


class Ended(Exception):
    """The process ended before it answered."""


class Pool:
    """The processes of one event loop."""

    def __init__(self) -> None:
        self.users = 0
        self.slots = asyncio.Semaphore(MOST)
        self.idle: list[asyncio.subprocess.Process] = []

    async def ask(self, job: Mapping[str, Any]) -> dict[str, Any]:
        """The answer to `job` of a process that was idle or is new. Raises: Ended.

        Cancelled, it ends the process: whether the service has the post is not known then.
        """
        process = self._take() or await self._start()
        try:
            answer = await _talk(process, job)
        except BaseException:
            await _end(process)
            raise
        self.idle.append(process)
        return answer

    async def close(self) -> None:
        """End those that are idle."""
        idle, self.idle = self.idle, []
        for process in idle:
            await _end(process)

    def _take(self) -> asyncio.subprocess.Process | None:
        while self.idle:
            process = self.idle.pop()
            if process.returncode is None:
                return process
        return None

    async def _start(self) -> asyncio.subprocess.Process:
        kept = {name: os.environ[name] for name in KEPT if name in os.environ}
        # Requests would send along what it finds in ~/.netrc.
        ours = {"PYTHONPATH": os.pathsep.join(filter(None, sys.path)), "NETRC": os.devnull}
        return await asyncio.create_subprocess_exec(
            sys.executable,
            "-P",
            "-s",
            "-c",
            START,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
            env=kept | ours,
            limit=LINE_LIMIT,
            start_new_session=True,  # a Ctrl-C is for us: we end it when we are done
        )


_pools: WeakKeyDictionary[asyncio.AbstractEventLoop, Pool] = WeakKeyDictionary()


def pool() -> Pool:
    """That of the running loop."""
    return _pools.setdefault(asyncio.get_running_loop(), Pool())


async def _talk(process: asyncio.subprocess.Process, job: Mapping[str, Any]) -> dict[str, Any]:
    if not process.stdin or not process.stdout:
        raise Ended
    try:
        process.stdin.write(json.dumps(job).encode() + b"\n")
        await process.stdin.drain()
        line = await process.stdout.readline()
    except (OSError, ValueError) as e:
        raise Ended from e
    if not line.endswith(b"\n"):
        raise Ended
    answer: dict[str, Any] = json.loads(line)
    return answer


async def _end(process: asyncio.subprocess.Process) -> None:
    with suppress(ProcessLookupError):
        process.kill()
    await asyncio.shield(process.wait())
