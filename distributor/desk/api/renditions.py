"""A translation, sentence by sentence: read, edited, approved, made again; and as a member would get it."""

from __future__ import annotations

from typing import Any

from pydantic import Field
from sqlalchemy import Connection

from channels.formats.kinds import FORMATS, FormatName
from distributor.desk.api.shapes import Moved
from distributor.desk.operations import Call, Nothing, Operation, Prose, Shape
from distributor.errors import NotFound
from distributor.ledger import dossier, edits, renditions
from distributor.ledger.stories import load


class Doubt(Shape):
    """What speaks against a sentence, or (both empty) against the whole."""

    sentence: str
    translation: str
    kind: str
    what: str


class Rendition(Shape):
    """`sentences`: each of the original and what it became, in the order of the document."""

    id: int
    article: int
    version: int
    language: str
    origin: str
    state: str
    reason: str
    model: str
    took_ms: float | None
    mark: str = Field(description="another for each text that it ever had: say it back with an act")
    doubts: list[Doubt]
    sentences: list[tuple[str, str]]


class Wording(Shape):
    """How a sentence of the original is to read."""

    sentence: Prose = Field(min_length=1)
    wording: Prose = Field(min_length=1)


class Edit(Shape):
    """`seen`: the `mark` of the rendition as it was looked at."""

    seen: str = Field(max_length=50)
    sentences: list[Wording] = Field(min_length=1, max_length=500)


class Seen(Shape):
    """The `mark` of the rendition as it was looked at."""

    seen: str = Field(max_length=50)


class Edited(Shape):
    """`correction`: what had left already goes out again, as the next version."""

    correction: bool


class PreviewQuery(Shape):
    """One of the formats of channels."""

    format: FormatName = "html"


class Preview(Shape):
    """As a member would get it."""

    format: str
    media_type: str
    text: str


async def one(call: Call[Nothing, Nothing]) -> Rendition:
    found = await call.desk.ledger.read(dossier.rendered, call.path["article"], call.path["language"])
    return Rendition.model_validate({k: v for k, v in found.items() if k in Rendition.model_fields})


async def edit(call: Call[Nothing, Edit]) -> Edited:
    pairs = [(w.sentence, w.wording.strip()) for w in call.body.sentences]
    where = call.path["article"], call.path["language"], call.body.seen
    who = call.desk.routes, call.person.name, call.desk.now()
    return Edited(correction=await call.desk.ledger.write(edits.edit, *where, pairs, *who))


async def approve(call: Call[Nothing, Seen]) -> Moved:
    def act(db: Connection) -> int:
        where = call.path["article"], call.path["language"]
        edits.looked_at(db, *where, call.body.seen)
        return renditions.approve(db, *where, call.person.name, call.desk.now())

    return Moved(deliveries=await call.desk.ledger.write(act))


async def again(call: Call[Nothing, Nothing]) -> Nothing:
    where = call.path["article"], call.path["language"]
    await call.desk.ledger.write(renditions.again, *where, call.person.name, call.desk.now())
    return Nothing()


async def preview(call: Call[PreviewQuery, Nothing]) -> Preview:
    body, media_type = await previewed(
        call.desk, call.path["article"], call.path["language"], call.query.format
    )
    return Preview(format=call.query.format, media_type=media_type, text=body.decode("utf-8", "replace"))


async def previewed(desk: Any, article: int, language: str, kind: str) -> tuple[bytes, str]:
    """The head's rendition in a format, and its media type. Raises: NotFound."""
    if kind not in FORMATS:
        raise NotFound(f"no format {kind!r}; there are {', '.join(FORMATS)}")

    def look(db: Connection) -> Any:
        row = renditions.head(db, article, language)
        return load(db, [row.id], desk.naming).get(row.id)

    story = await desk.ledger.read(look)
    if story is None:
        raise NotFound(f"the {language} text of article {article} is not made yet")
    return FORMATS[kind].encode(story), FORMATS[kind].media_type


_AT = "/articles/{article}/renditions/{language}"
OPERATIONS = (
    Operation("GET", _AT, "viewer", "A translation beside the original", one, Rendition),
    Operation("GET", _AT + "/preview", "viewer", "As a member would get it", preview, Preview, PreviewQuery),
    Operation("POST", _AT + "/edit", "editor", "Say how sentences are to read", edit, Edited, body=Edit),
    Operation("POST", _AT + "/approve", "editor", "Let it go, doubts or not", approve, Moved, body=Seen),
    Operation("POST", _AT + "/again", "editor", "Translate it again", again),
)
