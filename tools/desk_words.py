"""The desk's catalogues as its templates have them: new messages come in, what no template says goes.

    .venv/bin/python tools/desk_words.py          every language there is
    .venv/bin/python tools/desk_words.py de       begins another: a BCP 47 tag that Babel knows

What is there to translate then has an empty `msgstr`; Babel's own numbers of plural forms are in the header.
"""

from __future__ import annotations

import sys
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po, write_po

from distributor.desk.words import FOLDER

TEMPLATES = FOLDER.with_name("templates")
HEADER = """\
# The editors' desk in {language}.
msgid ""
msgstr ""
"Language: {tag}\\n"
"MIME-Version: 1.0\\n"
"Content-Type: text/plain; charset=utf-8\\n"
"Content-Transfer-Encoding: 8bit\\n"
"Plural-Forms: {plurals}\\n"

"""


def said() -> Catalog:
    """Every message of the templates, in their order. Raises: TemplateSyntaxError."""
    found = Catalog()
    how = {"method_map": [("**.html", "jinja2")], "options_map": {"**.html": {"silent": "false"}}}
    for _, _, message, comments, context in extract_from_dir(TEMPLATES, **how):
        found.add(message, auto_comments=comments, context=context)
    return found


def renewed(path: Path) -> bytes:
    """The catalogue with all that the templates say, and nothing else; what was translated stays so."""
    locale = Locale.parse(path.stem, sep="-")
    catalog = Catalog(locale)
    if path.exists():
        with path.open("rb") as file:
            catalog = read_po(file, locale)
    catalog.update(said(), no_fuzzy_matching=True)
    body = BytesIO()
    write_po(body, catalog, width=110, no_location=True, omit_header=True, ignore_obsolete=True)
    told = {"language": locale.english_name, "tag": path.stem, "plurals": catalog.plural_forms}
    return HEADER.format(**told).encode() + body.getvalue().lstrip()


def main(tags: list[str], folder: Path = FOLDER) -> None:
    for path in [folder / f"{tag}.po" for tag in tags] or sorted(folder.glob("*.po")):
        path.write_bytes(renewed(path))


if __name__ == "__main__":
    main(sys.argv[1:])
