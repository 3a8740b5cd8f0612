"""Who makes work says so in its transaction; once that is committed, every worker hears it."""

from __future__ import annotations

from sqlalchemy import Connection

CHANNEL = "distributor"
"""Of PostgreSQL's NOTIFY."""
_RINGS = "rings"


def ring(db: Connection) -> None:
    """There is something to translate or to deliver, as soon as this commits."""
    db.info[_RINGS] = True


def rung(db: Connection) -> bool:
    """Whether somebody rang since this was last asked."""
    return bool(db.info.pop(_RINGS, False))
