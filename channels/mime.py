"""The parts of a mail (RFC 2045 to 2049): texts, pictures shown in them, files beside them."""

from __future__ import annotations

import re
from base64 import encodebytes
from email.header import Header
from email.message import Message
from hashlib import sha256
from html import escape, unescape
from quopri import encodestring

from channels.enclosures import IMAGE, SOURCE, Enclosed, File
from channels.formats import html, text
from channels.mail_part import Part, several
from channels.story import Story

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
LONGEST_WORD = 60
LONGEST = 76
LONGEST_TOLD = 300
MOSTLY_ASCII = 0.2
"""Share of letters beyond ASCII up to which quoted-printable is shorter than base64."""

POLICY_TAG = re.compile(r'<meta http-equiv="Content-Security-Policy"[^<>]*>\n?')


def content(story: Story, seed: str, domain: str, enclosed: Enclosed) -> Part:
    """The story as text and as a page, whatever is enclosed in its place (RFC 2387, RFC 2392).

    `seed` makes the boundaries, `domain` the ids of the pictures. Raises: UnicodeEncodeError.
    """
    page = html.encode(story)
    ids = {url: f"{digest(picture.content)}@{domain}" for url, picture in enclosed.pictures.items()}
    seeded = digest(seed)
    shown = _text("html", _pointed_inside(page.decode(), ids).encode() if ids else page, story.language)
    told = _text("plain", text.encode(story).encode(), story.language)
    related = _related(shown, ids, enclosed, seeded) if ids else shown
    texts = several("alternative", f"=_{seeded}", [told, related])
    if not enclosed.files:
        return texts
    files = [_file(file, "attachment") for file in enclosed.files]
    return several("mixed", f"=_m{seeded}", [texts, *files])


def header(name: str, value: str) -> str:
    """`value`, folded: as encoded words (RFC 2047) unless it is ASCII, foldable and looks like none."""
    longest = max(map(len, value.split()), default=0)
    plain = value.isascii() and "=?" not in value and longest <= LONGEST_WORD
    if plain and len(name) + 2 + len(value) <= LONGEST:
        return value
    return Header(value, "us-ascii" if plain else "utf-8", header_name=name, maxlinelen=LONGEST).encode()


def line(text: str) -> str:
    """As one line, without control characters."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())


def digest(of: str | bytes) -> str:
    """32 hexadecimal digits."""
    return sha256(of.encode() if isinstance(of, str) else of).hexdigest()[:32]


def _related(shown: Part, ids: dict[str, str], enclosed: Enclosed, seeded: str) -> Part:
    once = {ids[url]: picture for url, picture in enclosed.pictures.items()}
    parts = [shown]
    for content_id, picture in once.items():
        part = _file(picture, "inline")
        part.add("Content-ID", f"<{content_id}>")
        parts.append(part)
    return several("related", f"=_r{seeded}", parts, ' type="text/html";')


def _pointed_inside(page: str, ids: dict[str, str]) -> str:
    """With pictures from the mail itself; a page's own policy knows only those from the web."""

    def point(image: re.Match[str]) -> str:
        return SOURCE.sub(lambda found: f' src="{_inside(found[1], ids)}"', image[0])

    return IMAGE.sub(point, POLICY_TAG.sub("", page))


def _inside(source: str, ids: dict[str, str]) -> str:
    content_id = ids.get(unescape(source))
    return f"cid:{escape(content_id)}" if content_id else source


def _text(kind: str, content: bytes, language: str) -> Part:
    """A text in the transfer encoding that makes it shorter; both stay below 76 columns."""
    length = len(content.decode())
    quoted = len(content) - length <= MOSTLY_ASCII * length
    # RFC 2045 §6.8: inside base64 the line breaks are the canonical ones.
    encoded = encodestring(content) if quoted else encodebytes(content.replace(b"\n", b"\r\n"))
    return Part(
        encoded,
        [
            ("Content-Type", f'text/{kind}; charset="utf-8"'),
            ("Content-Language", language),
            ("Content-Transfer-Encoding", "quoted-printable" if quoted else "base64"),
        ],
    )


def _file(file: File, disposition: str) -> Part:
    told = Message()
    told["Content-Type"] = file.type
    told["Content-Transfer-Encoding"] = "base64"
    name = file.name if file.name.isascii() else ("utf-8", "", file.name)  # RFC 2231
    told.add_header("Content-Disposition", disposition, filename=name)
    if shows := line(file.alt)[:LONGEST_TOLD]:
        told["Content-Description"] = header("Content-Description", shows)
    return Part(encodebytes(file.content), told.items())
