"""The desk in the editor's language: gettext catalogues, read from their `.po` files by Babel."""

from __future__ import annotations

from functools import cache
from io import BytesIO
from pathlib import Path

from babel import Locale, negotiate_locale
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

FOLDER = Path(__file__).with_name("locale")
ENGLISH = "en"


def languages() -> dict[str, str]:
    """Tag → its own name, of all that the desk speaks."""
    tags = [ENGLISH, *sorted(path.stem for path in FOLDER.glob("*.po"))]
    return {tag: (Locale.parse(tag, sep="-").get_display_name() or tag).capitalize() for tag in tags}


@cache
def catalogue(tag: str) -> NullTranslations:
    """Of one of `languages`; what it lacks is English."""
    path = FOLDER / f"{tag}.po"
    if not path.is_file():
        return NullTranslations()
    with path.open("rb") as file:
        catalog = read_po(file, locale=tag.replace("-", "_"))
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled)


def chosen(wish: str, accepted: str) -> str:
    """The person's own `wish`, else the best of an Accept-Language header (RFC 9110 §12.5.4)."""
    spoken = list(languages())
    if wish in spoken:
        return wish
    ranked = sorted(_ranges(accepted), key=lambda told: -told[1])
    asked = ["zh-Hans" if tag.split("-")[0] == "zh" else tag for tag, _ in ranked]
    found = negotiate_locale(asked, spoken, sep="-") or ENGLISH  # in the spelling that was asked for
    return next((tag for tag in spoken if tag.casefold() == found.casefold()), ENGLISH)


def _ranges(header: str) -> list[tuple[str, float]]:
    found = []
    for part in header.split(",")[:20]:
        tag, _, quality = "".join(part.split()).lower().partition(";q=")
        try:
            found.append((tag, float(quality or 1)))
        except ValueError:
            continue
    return [(tag, q) for tag, q in found if q > 0 and tag.replace("-", "").isalnum()]
