"""Glossaries: where an article uses their terms, and terms from termbases."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click
from sqlalchemy import Connection, select

from distributor.article import Content
from distributor.bcp47 import canonical, same
from distributor.cli.context import as_json, show, with_ledger
from distributor.config import load
from distributor.errors import ConfigError
from distributor.ledger import articles
from distributor.ledger.ledger import Ledger
from distributor.ledger.tables import rendition
from distributor.settings import Config
from distributor.translation import tbx
from distributor.translation.documents.align import Translation
from distributor.translation.documents.content import Job
from distributor.translation.glossary import Glossaries, Glossary, toml

COLUMNS = ("language", "term", "wanted", "holds", "sentence")


def _tag(_: click.Context, __: click.Parameter, value: str | None) -> str | None:
    """A language tag (BCP 47) in its usual form."""
    try:
        return value and canonical(value)
    except ValueError as e:
        raise click.BadParameter(str(e)) from e


@click.group()
def glossary() -> None:
    """Check an article against the glossaries, and import terms (TBX).

    The glossaries are in the folder that translation.glossary names: ru.toml, zh-Hans.toml and so on.
    """


@glossary.command()
@click.argument("article")
@click.option("--language", callback=_tag, default=None, help="Only of this target language, BCP 47.")
@as_json
@click.pass_obj
def check(config: Path, article: str, language: str | None, as_json: bool) -> None:
    """List where ARTICLE (id, guid or slug) uses a glossary's terms, and what its renditions have for them.

    Under `holds`: yes or no; empty where there is no translation yet. Exit status 1 if there is a no.
    """

    async def act(settings: Config, ledger: Ledger) -> list[dict[str, Any]]:
        glossaries = _open(settings)
        row = await ledger.read(articles.find, article)
        done = await ledger.read(_translated, row.id, row.head)
        original = Content.from_json(row.content)
        rows = list[dict[str, Any]]()
        for target in _targets(glossaries, row.language, language):
            rendered = next((content for tag, content in done.items() if same(tag, target)), None)
            rows += _uses(original, rendered, target, glossaries.of(row.language, target))
        return rows

    rows = with_ledger(config, act)
    told = (
        rows if as_json else [{**row, "holds": {True: "yes", False: "no"}.get(row["holds"])} for row in rows]
    )
    show(told, as_json, COLUMNS, "terms")
    raise SystemExit(any(row["holds"] is False for row in rows))


@glossary.command(name="import")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False), metavar="FILE.tbx")
@click.option("--target", callback=_tag, required=True, help="The language to translate into, BCP 47.")
@click.option("--source", callback=_tag, default="en", show_default=True, help="The language of the terms.")
@click.option(
    "--into",
    type=click.Path(path_type=Path, file_okay=False),
    help="A folder, instead of the configured one.",
)
@click.pass_obj
def import_(config: Path, file: Path, target: str, source: str, into: Path | None) -> None:
    """Add the terms of a termbase (TBX, ISO 30042) to a glossary.

    Of each concept the preferred term counts; deprecated ones are left out. What the glossary says already
    stays as it is.
    """
    path = (into or _folder(load(config))) / f"{target}.toml"
    termbase = tbx.read(file, source, target)
    added = toml.add(path, termbase.terms, source)
    click.echo(f"{path}: {added} added, {len(termbase.terms) - added} skipped: told there already")
    if termbase.without:
        click.echo(f"concepts without a usable term in both {source} and {target}: {termbase.without}")


def _folder(settings: Config) -> Path:
    """Raises: ConfigError."""
    if not settings.translation.glossary:
        raise ConfigError(['translation.glossary: not told; name a folder, such as glossary = "glossary"'])
    return Path(settings.translation.glossary)


def _open(settings: Config) -> Glossaries:
    """Raises: ConfigError, with the faults of all files."""
    glossaries = Glossaries(_folder(settings))
    if glossaries.faults:
        raise ConfigError(glossaries.faults)
    return glossaries


def _targets(glossaries: Glossaries, source: str, wanted: str | None) -> list[str]:
    there = [target for its, target in glossaries.pairs if same(its, source)]
    if wanted is None:
        return there
    if not any(same(target, wanted) for target in there):
        known = ", ".join(there) or "none"
        raise click.BadParameter(
            f"no glossary from {source} to {wanted}; there are: {known}", param_hint="--language"
        )
    return [wanted]


def _translated(db: Connection, article: int, version: int) -> dict[str, Content]:
    """The translations of one version by language, also those that an editor has not approved yet."""
    its = (rendition.c.article == article) & (rendition.c.version == version)
    rows = select(rendition.c.language, rendition.c.content).where(its)
    return {row.language: Content.from_json(row.content) for row in db.execute(rows) if row.content}


def _uses(
    original: Content, rendered: Content | None, target: str, its: Glossary
) -> Iterator[dict[str, Any]]:
    sentences = Job(original, target).sentences
    for sentence, translated in zip(sentences, _beside(sentences, rendered, target), strict=True):
        missed = its.missed(sentence, Translation(translated or ""))
        for hit in its.hits(sentence):
            told = {"language": target, "sentence": sentence, "term": hit.term.term, "wanted": hit.wanted}
            yield {**told, "holds": None if translated is None else hit not in missed}


def _beside(sentences: Sequence[str], rendered: Content | None, target: str) -> Sequence[str | None]:
    """For each sentence its translation; the whole text, where the two have not as many sentences."""
    if rendered is None:
        return [None] * len(sentences)
    theirs = Job(rendered, target).sentences
    return theirs if len(theirs) == len(sentences) else ["\n".join(theirs)] * len(sentences)
