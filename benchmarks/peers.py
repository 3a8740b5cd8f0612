"""What else delivers from a PostgreSQL database: procrastinate's job queue, and a workflow of DBOS.

Each runs in a process of its own, in one event loop, and POSTs the same body to the same URL over one session
of aiohttp with as many connections. All is in the queue before the clock starts, as it is with ours.

procrastinate: one async task, one worker with that `concurrency`, jobs deferred in a batch, a pool of
connections as large as is of use (https://procrastinate.readthedocs.io/en/stable/howto/production/).
DBOS: a workflow of one step on a queue without limits, so that each poll takes all that waits; the clock runs
from the first step to the last success, and so leaves out the wait for that poll
(https://docs.dbos.dev/python/tutorials/queue-tutorial). Either gets a small job, never the story itself.
"""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import time
from collections.abc import Callable, Collection
from concurrent.futures import ProcessPoolExecutor
from importlib.util import find_spec
from typing import Any

import aiohttp
import asyncpg
from figures import skipped

POOL = 20


def peers(
    wanted: Collection[str],
    address: Callable[[], str] | None,
    url: str,
    body: bytes,
    number: int,
    at_once: int,
) -> dict[str, float]:
    """Deliveries a second of each that is wanted and can run here; `address` makes a new database."""
    rates = {}
    for name in [name for name in PEERS if name in wanted]:
        module, run = PEERS[name]
        if address is None:
            skipped(name, "it needs PostgreSQL")
        elif find_spec(module) is None:
            skipped(name, "not installed: pip install -e '.[bench]'")
        else:
            try:
                with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as process:
                    took = process.submit(run, address(), url, body, number, at_once).result()
            except Exception as e:  # whatever hinders a peer hinders only the peer
                skipped(name, f"it does not run here: {e!r}")
            else:
                rates[name] = number / took
    return rates


def procrastinate(address: str, url: str, body: bytes, deliveries: int, concurrency: int) -> float:
    """Seconds."""
    return asyncio.run(_procrastinate(address, url, body, deliveries, concurrency))


async def _procrastinate(address: str, url: str, body: bytes, deliveries: int, concurrency: int) -> float:
    from procrastinate import App, PsycopgConnector

    logging.disable(logging.INFO)
    app = App(connector=PsycopgConnector(conninfo=address, min_size=4, max_size=POOL))
    async with app.open_async(), _session(concurrency) as http:

        @app.task(name="post")
        async def post(url: str) -> None:
            async with http.post(url, data=body) as answer:
                await answer.read()
                answer.raise_for_status()

        await app.schema_manager.apply_schema_async()
        await post.batch_defer_async(*({"url": url} for _ in range(deliveries)))
        await _analyze(address)
        started = time.perf_counter()
        await app.run_worker_async(concurrency=concurrency, wait=False, install_signal_handlers=False)
        took = time.perf_counter() - started
        done = len(list(await app.job_manager.list_jobs_async(status="succeeded")))
    if done != deliveries:
        raise RuntimeError(f"{done} of {deliveries} jobs succeeded")
    return took


def dbos(address: str, url: str, body: bytes, deliveries: int, concurrency: int) -> float:
    """Seconds."""
    return asyncio.run(_dbos(address, url, body, deliveries, concurrency))


async def _dbos(address: str, url: str, body: bytes, deliveries: int, concurrency: int) -> float:
    from dbos import DBOS, DBOSClient, DBOSConfig

    config = DBOSConfig(
        name="benchmark",
        system_database_url=address.replace("postgresql://", "postgresql+psycopg://"),
        sys_db_pool_size=POOL,
        log_level="WARNING",
    )
    DBOS(config=config)
    first: list[float] = []
    async with _session(concurrency) as http:

        @DBOS.step()
        async def post(url: str) -> None:
            if not first:
                first.append(time.perf_counter())
            async with http.post(url, data=body) as answer:
                await answer.read()
                answer.raise_for_status()

        @DBOS.workflow()
        async def deliver(url: str) -> None:
            await post(url)

        DBOS.launch()
        client: Any = DBOSClient(system_database_url=config["system_database_url"])
        told = {"queue_name": "posts", "workflow_name": deliver.__qualname__}
        for _ in range(deliveries):
            await client.enqueue_async(told, url)
        await _analyze(address)
        await DBOS.register_queue_async("posts", polling_interval_sec=0.1)
        await _until(address, deliveries)
        took = time.perf_counter() - first[0]
        client.destroy()
        DBOS.destroy()
    return took


async def _until(address: str, deliveries: int) -> None:
    """So many workflows of DBOS have succeeded: asked apart, to keep it free of the asking."""
    succeeded = "SELECT count(*) FROM dbos.workflow_status WHERE status = 'SUCCESS'"
    db = await asyncpg.connect(address)
    async with asyncio.timeout(120):
        while await db.fetchval(succeeded) < deliveries:  # noqa: ASYNC110  nobody rings
            await asyncio.sleep(0.02)
    await db.close()


async def _analyze(address: str) -> None:
    """Bring the planner's statistics up to date, as the server itself would soon: it makes both quicker."""
    db = await asyncpg.connect(address)
    await db.execute("ANALYZE")
    await db.close()


def _session(concurrency: int) -> aiohttp.ClientSession:
    return aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=concurrency))


PEERS = {"procrastinate": ("procrastinate", procrastinate), "DBOS": ("dbos", dbos)}
