"""The pages: what the operations tell, for people."""

from __future__ import annotations

import asyncio
import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any, TypeVar
from urllib.parse import urlencode

from aiohttp import web
from pydantic import ValidationError
from sqlalchemy import Connection

from channels.formats.kinds import FORMATS
from distributor.article import Content
from distributor.desk.api.articles import WireQuery, verdicts
from distributor.desk.api.figures import Query as FiguresQuery
from distributor.desk.api.figures import gathered
from distributor.desk.api.members import members
from distributor.desk.api.renditions import previewed
from distributor.desk.changes import Change, changes
from distributor.desk.desk import Desk
from distributor.desk.operations import Shape
from distributor.desk.rendering import Pages
from distributor.errors import NotFound
from distributor.ledger import dossier, newsroom, notices, people
from distributor.ledger.people import ROLES, Person
from distributor.ledger.views import Record
from distributor.markup import plain

S = TypeVar("S", bound=Shape)

_ELSEWHERE = re.compile(rb'(<(?:img|video|audio)\b[^>]*?) src="https?:[^"]*"')
"""What a browser would only refuse to fetch, with an error: what it shows is told by caption and `alt`."""
SANDBOX = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:; frame-ancestors 'self'"
"""Of a preview: what a feed says is shown, and can do nothing, not even fetch a picture."""


class Handlers:
    """One for each page."""

    def __init__(self, desk: Desk, pages: Pages) -> None:
        self.desk, self.pages = desk, pages

    @property
    def _pause(self) -> float:
        """Seconds for second thoughts."""
        return self.desk.config.desk.undo.total_seconds()

    def _page(self, request: web.Request, template: str, person: Person, **told: Any) -> web.Response:
        body = self.pages.render(request, template, person, now=self.desk.now(), **told)
        return web.Response(text=body, content_type="text/html")

    async def wire(self, request: web.Request, person: Person) -> web.Response:
        """Articles as they come in."""
        wanted = _query(WireQuery, request)
        told = await self.desk.ledger.read(self._wire, wanted)
        rows = told["rows"]
        older = _with(request, before=rows[wanted.limit - 1]["id"]) if len(rows) > wanted.limit else ""
        told["rows"] = rows[: wanted.limit]
        shown = {"wanted": wanted.model_dump(), "known": self._known(told.pop("sources"))}
        links = {"older": older, "newest": _with(request, before=0)}
        return self._page(request, "wire.html", person, **told, **shown, **links, pause=self._pause)

    def _wire(self, db: Connection, wanted: WireQuery) -> Record:
        rows = newsroom.wire(db, wanted.filter(), before=wanted.before, limit=wanted.limit + 1)
        urgent = [row["id"] for row in rows if row["urgency"] <= 2]
        return {
            "rows": rows,
            "counts": newsroom.counts(db),
            "flagged": dossier.flagged(db, urgent) if urgent else {},
            "notices": notices.listing(db, limit=5),
            "sources": newsroom.names(db)["source"],
        }

    def _known(self, sources: Iterable[str]) -> dict[str, list[str]]:
        ours = self.desk.config.members
        languages = sorted({language for member in ours for language in member.languages})
        return {"languages": languages, "members": [m.id for m in ours], "sources": list(sources)}

    async def article(self, request: web.Request, person: Person) -> web.Response:
        """One article: texts, acts, deliveries, versions, trail."""
        id_ = int(request.match_info["article"])
        try:
            found = await self.desk.ledger.read(self._article, id_, dict(request.query))
        except NotFound as e:
            raise web.HTTPNotFound(text=str(e)) from e
        kind = request.query.get("format", "html")
        preview = await self._preview(id_, found["shown"], kind)
        told = {"format": kind, "formats": list(FORMATS), "previewed": preview, "pause": self._pause}
        facts = found.pop("facts")
        why = verdicts(self.desk.router, facts)
        told["diff"] = await _diff(found.pop("two"))
        told["chosen"] = sorted(facts.more | facts.fewer)
        return self._page(request, "article.html", person, **found, **told, verdicts=why)

    def _article(self, db: Connection, id_: int, query: dict[str, str]) -> Record:
        a = dossier.dossier(db, id_)
        spoken = [one["language"] for one in a["languages"]]
        wish = query.get("language", "")
        language = (
            wish if wish in spoken else next((s for s in spoken if s != a["language"]), "".join(spoken[:1]))
        )
        shown = dossier.rendered(db, id_, language) if language else None
        return {
            "a": a,
            "shown": shown,
            "lines": _lines(shown),
            "doubts": _doubts(shown),
            "terms": self.desk.glossaries.of(a["language"], language or a["language"]),
            "two": _two(db, id_, query.get("diff", "")),
            "facts": dossier.facts(db, id_),
        }

    async def _preview(self, id_: int, shown: Record | None, kind: str) -> str:
        if shown is None:
            return ""
        try:
            body, _ = await previewed(self.desk, id_, shown["language"], kind)
        except (NotFound, UnicodeEncodeError):
            return ""
        return body.decode("utf-8", "replace")

    async def preview(self, request: web.Request, _: Person) -> web.Response:
        """For a frame that can do nothing."""
        language, kind = (request.query.get(name, "") for name in ("language", "format"))
        try:
            body, media_type = await previewed(self.desk, int(request.match_info["article"]), language, kind)
        except NotFound as e:
            raise web.HTTPNotFound(text=str(e)) from e
        headers = {"Content-Type": media_type, "Content-Security-Policy": SANDBOX}
        return web.Response(body=_ELSEWHERE.sub(rb"\1", body) if kind == "html" else body, headers=headers)

    async def members(self, request: web.Request, person: Person) -> web.Response:
        """Who receives, and how each channel fares."""
        return self._page(request, "members.html", person, members=await members(self.desk))

    async def figures(self, request: web.Request, person: Person) -> web.Response:
        """What was delivered, and how fast."""
        wanted = _query(FiguresQuery, request)
        found = (await gathered(self.desk, wanted, points=False)).model_dump()
        known = self._known([])
        return self._page(request, "figures.html", person, figures=found, wanted=wanted, known=known)

    async def trail(self, request: web.Request, person: Person) -> web.Response:
        """Who did what."""
        words, who = (request.query.get(name, "")[:500].replace("\x00", "") for name in ("words", "who"))
        before = _number(request, "before")
        deeds, rest = await self.desk.ledger.read(dossier.page_of_trail, words=words, who=who, before=before)
        older = _with(request, before=rest) if rest else ""
        return self._page(request, "trail.html", person, deeds=deeds, words=words, who=who, older=older)

    async def people(self, request: web.Request, person: Person) -> web.Response:
        """Who may in."""

        def look(db: Connection) -> Record:
            return {"users": people.listing(db), "tokens": people.tokens(db)}

        return self._page(request, "people.html", person, roles=ROLES, **await self.desk.ledger.read(look))

    async def me(self, request: web.Request, person: Person) -> web.Response:
        """One's own password."""
        return self._page(request, "me.html", person)


def _lines(shown: Record | None) -> list[str]:
    """The original as paragraphs, without markup."""
    content = shown and shown["original"]
    if not content:
        return []
    told = f"{content.summary}\n{plain(content.body)}"
    return [line for line in told.splitlines() if line.strip()]


def _doubts(shown: Record | None) -> dict[str, list[Record]]:
    """By the sentence of the original; those of the whole text by ''."""
    found: defaultdict[str, list[Record]] = defaultdict(list)
    for doubt in shown["doubts"] if shown else ():
        found[doubt["sentence"]].append(doubt)
    return found


def _two(db: Connection, id_: int, number: str) -> tuple[Content, Content] | None:
    """A version and the one before."""
    if not number.isdecimal() or len(number) > 9 or int(number) < 2:
        return None
    before, after = (dossier.text(db, id_, n) for n in (int(number) - 1, int(number)))
    return (before, after) if before and after else None


async def _diff(two: tuple[Content, Content] | None) -> list[Change] | None:
    """Elsewhere: it may take a second."""
    return await asyncio.to_thread(changes, *two) if two else None


def _query(shape: type[S], request: web.Request) -> S:
    known = {name: value for name, value in request.query.items() if name in shape.model_fields}
    try:
        return shape.model_validate(known)
    except ValidationError as e:
        raise web.HTTPBadRequest(text="that address makes no sense here") from e


def _number(request: web.Request, name: str) -> int:
    told = request.query.get(name, "0")
    if not told.isascii() or not told.isdecimal() or len(told) > 15:
        raise web.HTTPBadRequest(text=f"{name} is a number")
    return int(told)


def _with(request: web.Request, **changed: Any) -> str:
    """The same page with a part of its address changed; what is empty is left out."""
    told = {**request.query, **changed}
    return f"{request.path}?{urlencode({name: value for name, value in told.items() if value})}"
