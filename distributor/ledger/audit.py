"""Who did what, and when: rows that are only ever added."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Connection, insert

from distributor.ledger.tables import audit


def note(db: Connection, at: datetime, who: str, action: str, subject: str, detail: str = "") -> None:
    """One act of a person, in the transaction that does it."""
    db.execute(insert(audit).values(at=at, who=who, action=action, subject=subject, detail=detail))
