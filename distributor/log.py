"""One structured line for each thing that happened."""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import MutableMapping
from typing import Any, TextIO

import structlog

from distributor.events import Attempted, Event, Polled, PollFailed, RenditionHeld, Translated, Trouble


def configure(stream: TextIO, *, pretty: bool, verbose: bool = False) -> None:
    """JSON lines, or for a person at a terminal, columns; times are UTC, ISO 8601."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.dev.ConsoleRenderer() if pretty else _as_json,
        ],
        wrapper_class=structlog.make_filtering_bound_logger(logging.DEBUG if verbose else logging.INFO),
        logger_factory=structlog.WriteLoggerFactory(stream),
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="%(name)s: %(message)s")


_encode = json.JSONEncoder(ensure_ascii=False, default=repr).encode


def _as_json(_: object, __: str, told: MutableMapping[str, Any]) -> str:
    """When, how grave and what first: people read these lines, too."""
    first = {name: told.pop(name) for name in ("timestamp", "level", "event")}
    return _encode({**first, **told})


class Log:
    """Listens to events."""

    def __init__(self) -> None:
        self.log = structlog.get_logger()

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
