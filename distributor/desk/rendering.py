"""Pages out of templates: escaped, in the person's language, with what every page has."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime
from functools import cache, partial
from pathlib import Path
from typing import Any

from aiohttp import web
from babel import Locale
from babel.numbers import format_decimal, format_percent
from babel.units import format_unit
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from channels.formats.phrases import direction
from distributor.desk import guard, words
from distributor.ledger.people import Person
from distributor.ledger.views import iso
from distributor.translation.glossary.glossary import Glossary

HERE = Path(__file__).parent
STATIC = HERE / "static"


class Pages:
    """One environment for each language, made when it is first asked for."""

    def __init__(self, title: str) -> None:
        self.title = title

    def render(self, request: web.Request, template: str, person: Person | None, **told: Any) -> str:
        """A page; `told` is what its template asks for beside what all have."""
        tag = words.chosen(request.cookies.get("language", ""), request.headers.get("Accept-Language", ""))
        session = request.cookies.get(guard.cookie_name(request), "")
        common = {
            "title": self.title,
            "person": person,
            "lang": tag,
            "languages": words.languages(),
            "csrf": guard.csrf_token(session) if person else "",
            "path": request.path,
            "query": dict(request.query),
        }
        return _environment(tag).get_template(template).render({**common, **told})


@cache
def _environment(tag: str) -> Environment:
    made = Environment(
        loader=FileSystemLoader(HERE / "templates"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(words.catalogue(tag), newstyle=True)  # type: ignore[attr-defined]
    made.filters |= {"time": time, "dir": direction, "hits": hits, "iso": iso} | _numbers(tag)
    made.globals |= {"static": static}
    return made


def time(at: datetime | None, style: str = "") -> Markup:
    """An instant that the page's script writes in the reader's zone; in UTC without it."""
    if at is None:
        return Markup("")
    told = f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Markup('<time datetime="{}" data-style="{}">{}</time>').format(iso(at), style, told)


def _numbers(tag: str) -> dict[str, Any]:
    """Filters that write as the language does."""
    locale = Locale.parse(tag, sep="-")
    return {
        "span": partial(span, locale=locale),
        "number": partial(format_decimal, locale=locale),
        "percent": lambda share: format_percent(round(share, 3), locale=locale, decimal_quantization=False),
    }


def span(seconds: float | None, locale: Locale) -> str:
    """ "8 sec", "3.2 min", "5 hr": as a person would say it, in the words of CLDR."""
    if seconds is None:
        return "—"
    for size, unit in ((86_400.0, "day"), (3600.0, "hour"), (60.0, "minute")):
        if seconds >= size:
            return format_unit(round(seconds / size, 1), f"duration-{unit}", "short", locale=locale)
    told = round(seconds, 1 if seconds < 10 else None)
    return format_unit(told, "duration-second", "short", locale=locale)


def hits(sentence: str, glossary: Glossary) -> Markup:
    """With the glossary's terms marked, each with what its translation must have."""
    told, at = Markup(""), 0
    for hit in glossary.hits(sentence):
        mark = Markup('<mark title="{}">{}</mark>').format(hit.wanted, sentence[hit.start : hit.end])
        told, at = told + sentence[at : hit.start] + mark, hit.end
    return told + sentence[at:]


@cache
def static(name: str) -> str:
    """The address of a file of ours, with its digest: browsers may keep it for ever."""
    digest = hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:12]
    return f"/desk/static/{name}?v={digest}"
