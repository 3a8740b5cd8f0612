"""From every released schema forward, with data in it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from alembic import command
from alembic.config import Config as AlembicConfig
from sqlalchemy import Connection, select, text

from distributor.ledger import ledger as ledger_module
from distributor.ledger import tally
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import delivery, metadata, progress, rendition

NOW = datetime(2021, 12, 21, 12, tzinfo=UTC)


def at(revision: str) -> Any:
    """A migration that stops there."""

    def migrate(db: Connection) -> None:
        config = AlembicConfig()
        folder = Path(ledger_module.__file__).with_name("migrations")
        config.set_main_option("script_location", str(folder))
        config.attributes["connection"] = db
        command.upgrade(config, revision)

    return migrate


ROWS = """
INSERT INTO article (id, source, guid, slug, head, urgency, pub_status, reason, routed, fingerprint,
 published, created) VALUES (1, 's', 'g', 'slug', 1, 5, 'usable', '', true, 'f', :now, :now);
INSERT INTO version (article, number, language, headline, content, created)
 VALUES (1, 1, 'en', 'Headline', '{}', :now);
INSERT INTO rendition (id, article, version, language, origin, state, urgency, reason, model, created)
 VALUES (1, 1, 1, 'en', 'original', 'ready', 5, '', '', :now);
INSERT INTO lane (id, member, kind, concurrency, state, reason, since)
 VALUES ('a/x', 'a', 'folder', 8, 'open', '', :now);
INSERT INTO delivery (id, key, article, version, action, lane, member, language, rendition, state, urgency,
 due, attempts, failures, answer, remote_id, remote_url, created)
 VALUES (1, 'k', 1, 1, 'publish', 'a/x', 'a', 'en', 1, 'pending', 5, :now, 0, 0, '', '', '', :now);
"""


def fill_the_first(db: Connection) -> None:
    """An article with a rendition and a delivery, as the first schema has them."""
    for statement in ROWS.split(";")[:-1]:
        db.execute(text(statement), {"now": NOW})


def empty(db: Connection) -> None:
    """As before the first migration."""
    metadata.drop_all(db)
    for name in ("search", "alembic_version"):
        db.execute(text(f"DROP TABLE {name}"))
    if db.dialect.name == "postgresql":
        db.execute(text("DROP FUNCTION audit_is_kept CASCADE"))


async def test_what_the_first_schema_holds_is_there_in_the_newest(ledger: Ledger) -> None:
    await ledger.write(empty)
    await ledger.write(at("0001"))
    await ledger.write(fill_the_first)
    await ledger.write(at("head"))
    (one,) = await ledger.read(lambda db: db.execute(select(delivery)).all())
    assert (one.key, one.state, one.due, one.on_doubt) == ("k", "pending", NOW, "hold")
    (made,) = await ledger.read(lambda db: db.execute(select(rendition)).all())
    assert (made.state, made.doubts) == ("ready", None)


HOURS = """
INSERT INTO tally (hour, member, language, what, bucket, number) VALUES
 (:now, 'a', 'en', 'delivered', 3, 2), (:now, 'a', 'ru', 'delivered', 3, 4),
 (:now, 'b', 'en', 'refused', 0, 1), (:now, '', 'ru', 'translated', 5, 9)
"""


async def test_figures_by_the_hour_become_sums_and_articles_are_taken_into_the_search_anew(
    ledger: Ledger,
) -> None:
    await ledger.write(empty)
    await ledger.write(at("0006"))
    await ledger.write(fill_the_first)
    await ledger.write(lambda db: db.execute(text(HOURS), {"now": NOW}).rowcount)
    await ledger.write(at("head"))
    assert await ledger.read(tally.by_hour, NOW) == [
        {"hour": NOW, "what": "delivered", "number": 6},
        {"hour": NOW, "what": "refused", "number": 1},
    ]
    (russian,) = await ledger.read(tally.times, "delivered", "member", NOW, language="ru")
    assert (russian["member"], russian["number"]) == ("a", 4)
    (made,) = await ledger.read(tally.times, "translated", "language", NOW - timedelta(days=3))
    assert (made["language"], made["number"]) == ("ru", 9)
    reached = select(progress.c.reached).where(progress.c.name == "search")
    assert await ledger.read(lambda db: db.execute(reached).scalar_one()) == 2
