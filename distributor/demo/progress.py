"""What the demo shows while it works, and at its end."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from distributor.events import Attempted, Event, Polled, PollFailed, RenditionHeld, Translated, Trouble
from distributor.ledger.views import Record

STYLES = {"dead": "red", "pending": "yellow", "sending": "yellow", "waiting": "yellow"}


class Show:
    """Listens to events and moves the bars."""

    def __init__(self, console: Console) -> None:
        self.console = console
        self.told: set[str] = set()
        self.bars = Progress(
            TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(),
            console=console,
        )  # fmt: skip
        self.translation = self.bars.add_task("translated", total=None)
        self.delivery = self.bars.add_task("delivered", total=None)

    def expect(self, renditions: int, deliveries: int) -> None:
        """How much there is to do in all."""
        self.bars.update(self.translation, total=renditions)
        self.bars.update(self.delivery, total=deliveries)

    def __call__(self, event: Event) -> None:
        match event:
            case Polled(source=source, new=new) if new:
                self.bars.console.print(f"read {source}: {new} new articles")
            case Translated():
                self.bars.advance(self.translation)
            case Attempted(outcome=outcome) if outcome.state == "delivered":
                self.bars.advance(self.delivery)
            case Attempted(claim=claim, outcome=outcome):
                self.bars.console.print(f"{claim.lane}: {outcome.answer}: {outcome.said}", style="yellow")
            case PollFailed(reason=reason) | RenditionHeld(reason=reason) | Trouble(reason=reason):
                self._warn(reason)

    def _warn(self, reason: str) -> None:
        """Each reason once: a missing model holds many renditions."""
        if reason not in self.told:
            self.told.add(reason)
            self.bars.console.print(reason, style="yellow", markup=False)


def table(rows: list[Record]) -> Table:
    """Member × article: language, channel, state, attempts, milliseconds of the last attempt."""
    shown = Table(box=None, pad_edge=False)
    for column in ("member", "article", "language", "channel", "state", "attempts", "ms"):
        right = column in ("attempts", "ms")
        shown.add_column(column, justify="right" if right else "left", no_wrap=True, overflow="ellipsis")
    last = ""
    for row in sorted(rows, key=_order):
        shown.add_row(
            row["member"] if row["member"] != last else "", *_cells(row), style=STYLES.get(row["state"])
        )
        last = row["member"]
    return shown


def _order(row: Record) -> tuple[str, int, str, str]:
    return row["member"], -row["article"], row["channel"], row["language"]


def _cells(row: Record) -> tuple[str, ...]:
    channel = row["channel"].partition("/")[2]
    took = "" if row["took_ms"] is None else f"{row['took_ms']:.0f}"
    return row["headline"], row["language"], channel, row["state"], str(row["attempts"]), took
