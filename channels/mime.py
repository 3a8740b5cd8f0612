"""The parts of a mail (RFC 2045 to 2049): texts, pictures shown in them, files beside them."""

from __future__ import annotations

import re
from base64 import encodebytes
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from hashlib import sha256
from html import escape, unescape
from quopri import encodestring

from channels.enclosures import IMAGE, SOURCE, Enclosed, File
from channels.formats import html, text
from channels.story import Story

UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
LONGEST_WORD = 60
LONGEST_TOLD = 300
MOSTLY_ASCII = 0.2
"""Share of letters beyond ASCII up to which quoted-printable is shorter than base64."""

POLICY_TAG = re.compile(r'<meta http-equiv="Content-Security-Policy"[^<>]*>\n?')


def content(story: Story, seed: str, domain: str, enclosed: Enclosed) -> Message:
    """The story as text and as a page, whatever is enclosed in its place (RFC 2387, RFC 2392).

    `seed` makes the boundaries, `domain` the ids of the pictures. Raises: UnicodeEncodeError.
    """
    page = html.encode(story).decode()
    ids = {url: f"{digest(picture.content)}@{domain}" for url, picture in enclosed.pictures.items()}
    texts = MIMEMultipart("alternative", boundary=f"=_{digest(seed)}")
    texts.attach(_text("plain", text.encode(story), story.language))
    shown = _text("html", _pointed_inside(page, ids) if ids else page, story.language)
    texts.attach(_related(shown, ids, enclosed, seed) if ids else shown)
    if not enclosed.files:
        return texts
    mixed = MIMEMultipart("mixed", boundary=f"=_m{digest(seed)}")
    for part in (_inner(texts), *(_file(file, "attachment") for file in enclosed.files)):
        mixed.attach(part)
    return mixed


def header(name: str, value: str) -> str:
    """`value`, folded: as encoded words (RFC 2047) unless it is ASCII, foldable and looks like none."""
    longest = max(map(len, value.split()), default=0)
    plain = value.isascii() and "=?" not in value and longest <= LONGEST_WORD
    return Header(value, "us-ascii" if plain else "utf-8", header_name=name, maxlinelen=76).encode()


def line(text: str) -> str:
    """As one line, without control characters."""
    return " ".join(UNPRINTABLE.sub(" ", text).split())


def digest(of: str | bytes) -> str:
    """32 hexadecimal digits."""
    return sha256(of.encode() if isinstance(of, str) else of).hexdigest()[:32]


def _related(shown: Message, ids: dict[str, str], enclosed: Enclosed, seed: str) -> Message:
    related = MIMEMultipart("related", boundary=f"=_r{digest(seed)}", type="text/html")
    related.attach(shown)
    once = {ids[url]: picture for url, picture in enclosed.pictures.items()}
    for content_id, picture in once.items():
        part = _file(picture, "inline")
        part["Content-ID"] = f"<{content_id}>"
        related.attach(part)
    return _inner(related)


def _pointed_inside(page: str, ids: dict[str, str]) -> str:
    """With pictures from the mail itself; a page's own policy knows only those from the web."""

    def point(image: re.Match[str]) -> str:
        return SOURCE.sub(lambda found: f' src="{_inside(found[1], ids)}"', image[0])

    return IMAGE.sub(point, POLICY_TAG.sub("", page))


def _inside(source: str, ids: dict[str, str]) -> str:
    content_id = ids.get(unescape(source))
    return f"cid:{escape(content_id)}" if content_id else source


def _text(kind: str, content: str, language: str) -> Message:
    """A text in the transfer encoding that makes it shorter; both stay below 76 columns."""
    part = MIMENonMultipart("text", kind, charset="utf-8")
    part["Content-Language"] = language
    beyond = len(content.encode()) - len(content)
    if beyond <= MOSTLY_ASCII * len(content):
        part["Content-Transfer-Encoding"] = "quoted-printable"
        part.set_payload(encodestring(content.encode()).decode())
    else:
        part["Content-Transfer-Encoding"] = "base64"
        # RFC 2045 §6.8: inside base64 the line breaks are the canonical ones.
        part.set_payload(encodebytes(content.replace("\n", "\r\n").encode()).decode())
    return _inner(part)


def _file(file: File, disposition: str) -> Message:
    part = MIMENonMultipart(*file.type.split("/"))
    part["Content-Transfer-Encoding"] = "base64"
    name = file.name if file.name.isascii() else ("utf-8", "", file.name)  # RFC 2231
    part.add_header("Content-Disposition", disposition, filename=name)
    if told := line(file.alt)[:LONGEST_TOLD]:
        part["Content-Description"] = header("Content-Description", told)
    part.set_payload(encodebytes(file.content).decode())
    return _inner(part)


def _inner(part: Message) -> Message:
    """RFC 2045 §4: the version is said once, at the top."""
    del part["MIME-Version"]
    return part
