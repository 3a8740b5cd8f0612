"""Items a second over each kind of channel, as a ratio to the bare protocol library in the same run.

Ours does all that the service asks of a channel: it formats a story of some 4 KB that differs from all
others, signs it, puts it in place whole, reads the answer. The library gets bytes of the same size that are
already made, and does nothing that it need not (bare.py). Both send to one receiver in a process of its own
(sinks.py), as many at the same time, in turns. The bar is on the best round of each; the lowest and the
highest ratio of a single round say how much the machine wavers. The processor time of who sends tells what a
slow receiver hides; a network's posts go out from processes of their own, so that there is none for them.

WordPress is told twice: ours asks before and after a post whether it is there, or a repeat would make a
second one. Without a bar it is compared with a library that asks, too.

What cannot run here is skipped with a line on the standard error output. Run it on a quiet machine:

    python benchmarks/each_channel.py [--only webhook nats …] [--items 400] [--rounds 12] [--json]
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import gc
import json
import os
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import count
from typing import Any

import bare
import sinks
from bare import Send
from figures import figure, show, skipped
from sinks import TOPICS, Sink, There

from channels.formats import ninjs
from channels.registry import load
from channels.story import IdempotencyKey, Story

BAR = 0.7
PUBLISHED = datetime(2021, 12, 21, 8, tzinfo=UTC)
SENTENCE = "The members of the union read the report on carbon neutrality with care. "
Round = dict[str, tuple[float, float]]
"""Seconds of the clock and of the processor for one item, by who sent it."""
Bare = Callable[[There, bytes, int], AbstractAsyncContextManager[Send]]


def story(n: int) -> Story:
    """Of the size of a press release, in words of its own: some 1.8 KB of HTML, 4 to 5 KB of ninjs."""
    return Story(
        uri=f"tag:wire.example,2021:item-{n}/en",
        slug=f"item-{n}",
        version=1,
        language="en",
        original_language="en",
        origin="original",
        headline=f"Item {n}: the union launches a report",
        summary=SENTENCE,
        body="".join(f"<p>{SENTENCE * 3} {n}.{part}</p>" for part in range(8)),
        url=f"https://wire.example/2021/item-{n}",
        source="Wire",
        published=PUBLISHED,
        updated=PUBLISHED,
        categories=TOPICS,
        rights="© 2021 Wire",
    )


def item(_: Any) -> bytes:
    """What most channels bring."""
    return ninjs.encode(story(0))


def mail(channel: Any) -> bytes:
    composed: bytes = channel._compose(story(0), IdempotencyKey("m"), 0)
    return composed


def post(channel: Any) -> bytes:
    """The JSON of a new post, with SLUG where its own name goes."""
    from channels.wordpress.library import Shelf

    fields = channel._fields(story(0), Shelf()) | {"tags": [1, 2], "status": "publish", "slug": "SLUG"}
    return json.dumps(fields, ensure_ascii=False).encode()


def words(channel: Any) -> bytes:
    """The text of a post on a network."""
    from channels.social.text import compose

    return compose(story(0), channel.limits).body.encode()


@dataclass(frozen=True)
class Case:
    """`libraries`: the first has the bar. `share`: of the items, where each takes its time."""

    sink: Sink
    libraries: dict[str, Bare]
    settings: Callable[[There], dict[str, Any]]
    content: Callable[[Any], bytes] = item
    share: float = 1
    at_once: int = 16


def _http(there: There) -> str:
    return f"http://127.0.0.1:{there['port']}/"


PLAIN = {"allow_private": True}
SECRET = {"env": "SECRET"}
CASES = {
    "webhook": Case(
        sinks.http,
        {"aiohttp": bare.webhook},
        lambda there: PLAIN | {"url": _http(there), "secrets": [{"env": "WEBHOOK_SECRET"}]},
        share=2,
    ),
    "email": Case(
        sinks.smtp,
        {"aiosmtplib": bare.email},
        lambda there: {
            **{"host": "127.0.0.1", "port": there["port"], "tls": "none"},
            **{"sender": "a@e.example", "to": ["b@e.example"]},
        },
        mail,
    ),
    "folder": Case(
        sinks.folder,
        {"open, fsync, rename": bare.folder},
        lambda there: {"path": there["path"], "formats": ["ninjs"]},
    ),
    "sftp": Case(sinks.sshd, {"asyncssh": bare.sftp}, lambda there: there),
    "ftps": Case(
        sinks.ftps,
        {"aioftp": bare.ftps},
        lambda there: PLAIN | there | {"host": "127.0.0.1", "username": "wire", "password": SECRET},
        share=0.25,
        at_once=4,
    ),
    "s3": Case(
        sinks.http,
        {"aiohttp-s3-client": bare.s3},
        lambda there: {
            **PLAIN,
            **{"endpoint": _http(there), "bucket": "wire", "path_style": True},
            **{"access_key": "AKIAWIRE", "secret_key": SECRET},
        },
        share=2,
    ),
    "nats": Case(
        sinks.nats,
        {"nats-py": bare.nats},
        lambda there: PLAIN | {"servers": [f"nats://127.0.0.1:{there['port']}"]},
        share=2,
    ),
    "wordpress": Case(
        sinks.wordpress,
        {"aiohttp": bare.wordpress, "aiohttp that asks, too": bare.wordpress_asking},
        lambda there: PLAIN | {"url": _http(there), "user": "wire", "password": SECRET},
        post,
        share=0.25,
    ),
    "social": Case(
        sinks.http,
        {"Apprise": bare.social},
        lambda there: PLAIN | {"url": {"env": f"SERVICE_{there['port']}"}},
        words,
        at_once=8,
    ),
}

numbers = count(1)
"""Of items, over all rounds: none is sent twice."""
stories: dict[int, Story] = {}
"""Those that wait to be sent: making them is nobody's work here."""


@asynccontextmanager
async def ours(kind: str, there: There, at_once: int) -> AsyncIterator[tuple[Any, Send]]:
    """The channel, and what sends over it."""
    os.environ[f"SERVICE_{there['port']}"] = f"json://127.0.0.1:{there['port']}/"
    told = {"type": kind, "concurrency": at_once} | CASES[kind].settings(there)
    made = load(kind)
    async with made(made.Settings.model_validate(told | {"type": kind})) as channel:

        async def send(n: int) -> Any:
            return await channel.send(stories.pop(n), IdempotencyKey(f"d-{n}"), n)

        yield channel, send


async def timed(send: Send, items: int, at_once: int) -> tuple[float, float]:
    """Seconds of the clock and of our processor for one item, after some that open connections."""
    await _all(send, some(2 * at_once), at_once)
    wanted = some(items)
    gc.collect()
    clock, processor = time.perf_counter(), time.process_time()
    await _all(send, wanted, at_once)
    return (time.perf_counter() - clock) / items, (time.process_time() - processor) / items


def some(items: int) -> list[int]:
    """Numbers of items that were never sent, with their stories."""
    wanted = [next(numbers) for _ in range(items)]
    stories.clear()
    stories.update({n: story(n) for n in wanted})
    return wanted


async def _all(send: Send, items: list[int], at_once: int) -> None:
    left = iter(items)

    async def lane() -> None:
        for n in left:
            await send(n)

    await asyncio.gather(*(lane() for _ in range(at_once)))


async def one_round(kind: str, there: There, items: int) -> Round:
    """Ours and each library, in turns."""
    case, took = CASES[kind], Round()
    async with ours(kind, there, case.at_once) as (channel, send):
        content = case.content(channel)
        if kind == "wordpress":
            await sinks.anew(there)
        took["ours"] = await timed(send, items, case.at_once)
    for name, library in case.libraries.items():
        if kind == "wordpress":
            await sinks.anew(there)
        async with library(there, content, case.at_once) as send:
            took[name] = await timed(send, items, case.at_once)
    return took


def measure(kind: str, items: int, rounds: int) -> list[dict[str, Any]]:
    """Figures of one kind. Raises: LookupError, ImportError, where it cannot run here."""
    case = CASES[kind]
    with sinks.started(case.sink) as there:
        load(kind)
        number = max(case.at_once, int(items * case.share))
        told = [asyncio.run(one_round(kind, there, number)) for _ in range(rounds)]
    best = {name: min(took[name][0] for took in told) for name in told[0]}
    return [
        *(figure(f"{kind}, {name}", round(1 / seconds), "items/s") for name, seconds in best.items()),
        *(line for name in case.libraries for line in ratios(kind, name, best, told)),
    ]


def ratios(kind: str, name: str, best: dict[str, float], told: list[Round]) -> list[dict[str, Any]]:
    """Of ours to the library of that name."""
    bar = BAR if name == next(iter(CASES[kind].libraries)) else None
    of = f"{kind} / {name}"
    each = [took[name][0] / took["ours"][0] for took in told]
    theirs, ours = (min(took[side][1] for took in told) for side in (name, "ours"))
    figures = [
        figure(of, round(best[name] / best["ours"], 3), "ratio", bar),
        figure(f"{of}, lowest round", round(min(each), 3), "ratio"),
        figure(f"{of}, highest round", round(max(each), 3), "ratio"),
    ]
    if kind != "social":
        figures.append(figure(f"{of}, by processor time", round(theirs / ours, 3), "ratio"))
    return figures


def main() -> None:
    """Measure and print."""
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    arguments.add_argument("--only", nargs="+", choices=list(CASES), default=list(CASES), metavar="KIND")
    arguments.add_argument("--items", type=int, default=400, help="of each round; of slow kinds fewer")
    arguments.add_argument("--rounds", type=int, default=12, help="the best of so many counts, for each")
    arguments.add_argument("--json", action="store_true")
    options = arguments.parse_args()
    os.environ |= {
        "SECRET": "secret",
        "WEBHOOK_SECRET": "whsec_" + base64.b64encode(os.urandom(32)).decode(),
    }
    for kind in options.only:
        try:
            figures = measure(kind, options.items, options.rounds)
        except (LookupError, ImportError) as e:
            skipped(kind, str(e))
        else:
            show(figures, options.json)


if __name__ == "__main__":
    main()
