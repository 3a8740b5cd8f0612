"""One structured line for each thing that happened."""

from __future__ import annotations

import asyncio
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import orjson
import structlog

from distributor import clock
from distributor.events import (
    Attempted,
    Event,
    Polled,
    PollFailed,
    Pruned,
    RenditionHeld,
    Serving,
    Started,
    Translated,
    Trouble,
)


def configure(stream: TextIO, *, pretty: bool, verbose: bool = False) -> None:
    """JSON lines, or for a person at a terminal, columns; times are UTC, ISO 8601."""
    columns = (
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.dev.ConsoleRenderer(),
    )
    structlog.configure(
        processors=columns if pretty else (_as_json,),
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=lambda *_: _Lines(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")


def _as_json(_: object, level: str, told: MutableMapping[str, Any]) -> str:
    """When, how grave and what first: people read these lines, too."""
    line = {"timestamp": clock.now(), "level": level, "event": told.pop("event"), **told}
    return orjson.dumps(line, default=repr, option=orjson.OPT_UTC_Z).decode()


class _Lines:
    """Writes each line at once and flushes all that one turn of the event loop wrote together."""

    def __init__(self, stream: TextIO) -> None:
        self._write, self._flush = stream.write, stream.flush
        self._flushes = False

    def msg(self, message: str) -> None:
        self._write(message + "\n")
        if self._flushes:
            return
        try:
            asyncio.get_running_loop().call_soon(self._flush_all)
            self._flushes = True
        except RuntimeError:  # no loop runs in this thread
            self._flush()

    def _flush_all(self) -> None:
        self._flushes = False
        self._flush()

    log = debug = info = warning = error = critical = exception = msg


class Log:
    """Listens to events."""

    def __init__(self) -> None:
        self.log = structlog.get_logger().bind()  # at once, not anew for each line

    def __call__(self, event: Event) -> None:
        match event:
            case Attempted():
                self._attempted(event)
            case Polled():
                self._polled(event)
            case PollFailed(source=source, reason=reason, gone=gone):
                self.log.warning("source gone" if gone else "poll failed", source=source, reason=reason)
            case Translated(article=article, version=version, language=language, milliseconds=took):
                self.log.info(
                    "translated", article=article, version=version, language=language, ms=round(took, 1)
                )
            case RenditionHeld(article=article, version=version, language=language, reason=reason):
                self.log.warning("held", article=article, version=version, language=language, reason=reason)
            case Started(worker=worker, duties=duties):
                self.log.info("started", worker=worker, duties=", ".join(duties))
            case Serving(address=address):
                self.log.info("serving", desk=f"{address}/desk/")
            case Pruned(attempts=attempts, bodies=bodies):
                self.log.info("pruned", attempts=attempts, bodies=bodies)
            case Trouble(where=where, reason=reason):
                self.log.error("trouble", where=where, reason=reason)

    def _attempted(self, event: Attempted) -> None:
        claim, outcome = event.claim, event.outcome
        tell = self.log.info if outcome.state == "delivered" else self.log.warning
        tell(
            "attempt",
            delivery=claim.id,
            article=claim.article,
            version=claim.version,
            channel=claim.lane,
            language=claim.language,
            number=claim.attempts + 1,
            outcome=outcome.answer,
            state=outcome.state,
            ms=round(outcome.took_ms, 1),
            answer=outcome.said,
        )

    def _polled(self, event: Polled) -> None:
        for warning in event.warnings:
            self.log.warning("feed", source=event.source, warning=warning)
        tell = self.log.info if event.new or event.changed or event.held else self.log.debug
        tell(
            "polled",
            source=event.source,
            new=event.new,
            changed=event.changed,
            held=event.held,
            same=event.same,
        )
