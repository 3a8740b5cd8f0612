"""What keeps the desk quick over years: sums of hours and days, what is urgent, who did what, pairs of
characters in the search.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"

_KEY = ("span", "member", "start", "language", "what", "bucket")
_SOUGHT_ANEW = (
    "DELETE FROM search",
    "DELETE FROM progress WHERE name = 'search'",
    "INSERT INTO progress (name, reached) "
    "SELECT 'search', max(id) + 1 FROM article HAVING max(id) IS NOT NULL",
)


def upgrade() -> None:
    urgent = sa.text("urgency <= 2")
    op.create_index("ix_article_urgent", "article", ["id"], sqlite_where=urgent, postgresql_where=urgent)
    op.create_index("ix_audit_who", "audit", ["who", "id"])
    _sum_up()
    for statement in _SOUGHT_ANEW:
        op.execute(statement)


def _sum_up() -> None:
    """The tally by hours, members and languages into one of sums."""
    names = ("member", "hour", "language", "what", "bucket", "number")
    old = sa.table(
        "tally", *(sa.column(n, sa.DateTime(timezone=True) if n == "hour" else None) for n in names)
    )
    summed: Counter[tuple[str, str, datetime, str, str, int]] = Counter()
    for row in op.get_bind().execute(sa.select(old)):
        for sum_ in _sums_of(*row[:-1]):
            summed[sum_] += row.number
    op.drop_table("tally")
    new = op.create_table(
        "tally",
        sa.Column("span", sa.String(), nullable=False),
        sa.Column("member", sa.String(), nullable=False),
        sa.Column("start", sa.DateTime(timezone=True), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("what", sa.String(), nullable=False),
        sa.Column("bucket", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint(*_KEY, name="pk_tally"),
        sqlite_with_rowid=False,
    )
    rows = [{**dict(zip(_KEY, row, strict=True)), "number": number} for row, number in summed.items()]
    if rows:
        op.get_bind().execute(sa.insert(new), rows)


def _sums_of(
    member: str, hour: datetime, language: str, what: str, bucket: int
) -> Iterator[tuple[str, str, datetime, str, str, int]]:
    """In the order of `_KEY`."""
    for whose in (member, "*") if member else ("",):
        for span, start, in_bucket in (
            ("hour, counted", hour, 0), ("hour", hour, bucket), ("day", hour.replace(hour=0), bucket),
        ):  # fmt: skip
            yield span, whose, start, "*", what, in_bucket
            yield f"{span}, in each language", whose, start, language, what, in_bucket
