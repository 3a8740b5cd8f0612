"""What the demo shows while it works, and at its end."""

from __future__ import annotations

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from distributor.events import Attempted, Event, Polled, PollFailed, RenditionHeld, Translated, Trouble
from distributor.ledger.views import Record

STYLES = {"delivered": "green", "dead": "red", "pending": "yellow", "sending": "yellow"}


class Show:
    """Listens to events and moves the bars."""

    def __init__(self, console: Console) -> None:
        self.console = console
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
                self.bars.console.print(reason, style="yellow", markup=False)


def table(rows: list[Record]) -> Table:
    """Member × article: language, channel, state, attempts, milliseconds from the ledger to the receipt."""
    shown = Table(
        "member", "article", "language", "channel", "state", "attempts", "ms", box=None, pad_edge=False
    )
    for column in ("attempts", "ms"):
        shown.columns[["attempts", "ms"].index(column) + 5].justify = "right"
    shown.columns[1].no_wrap, shown.columns[1].overflow = True, "ellipsis"
    last = ""
    for row in sorted(rows, key=lambda r: (r["member"], -r["article"], r["language"])):
        member = row["member"] if row["member"] != last else ""
        shown.add_row(member, row["headline"], row["language"], row["channel"].partition("/")[2],
                      row["state"], str(row["attempts"]), f"{row['took_ms'] or 0:.0f}",
                      style=None if row["state"] == "delivered" else STYLES.get(row["state"]))  # fmt: skip
        last = row["member"]
    return shown
