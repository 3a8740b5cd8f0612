"""A story as a mail: RFC 5322 headers, MIME parts in its language, nothing but ASCII on the wire."""

from __future__ import annotations

import re
from base64 import encodebytes
from datetime import datetime
from email.header import Header
from email.message import Message
from email.mime.multipart import MIMEMultipart
from email.mime.nonmultipart import MIMENonMultipart
from email.policy import compat32
from email.utils import format_datetime
from hashlib import sha256
from quopri import encodestring

from channels.formats import html, text
from channels.formats.phrases import phrases_for
from channels.story import IdempotencyKey, Story

# The older policy keeps a header as it was encoded: the newer one, in Python 3.11, decodes what looks like an
# encoded word in a headline and writes it out again as it pleases, line breaks too (python/cpython#121650).
POLICY = compat32.clone(linesep="\r\n", mangle_from_=False)

ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}")  # RFC 5322 §3.2.3, with dots
UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f]+")
LONGEST_WORD = 60
MOSTLY_ASCII = 0.2
"""Share of letters beyond ASCII up to which quoted-printable is shorter than base64."""


def compose(
    story: Story, key: IdempotencyKey, *, sender: str, to: tuple[str, ...], list_id: str, now: datetime
) -> bytes:
    """The whole message, lines ended by CRLF. `sender` and `to` are `Name <address>` or a bare address.

    Raises: UnicodeEncodeError where the text has lone surrogates.
    """
    mail = MIMEMultipart("alternative", boundary=f"=_{_digest(key)}")
    mail["From"] = _mailbox(sender)
    mail["To"] = ", ".join(map(_mailbox, to))
    mail["Subject"] = header("Subject", subject(story))
    mail["Date"] = format_datetime(now)
    mail["Message-ID"] = message_id(key, sender)
    if list_id:
        mail["List-Id"] = f"<{list_id}>"
    mail["Auto-Submitted"] = "auto-generated"  # RFC 3834 §5: nobody's absence notice is wanted
    mail["Content-Language"] = story.language
    if story.urgency <= 2:
        mail["Importance"] = "high"
        mail["X-Priority"] = "1"
    mail.attach(_part("plain", text.encode(story), story.language))
    mail.attach(_part("html", html.encode(story).decode(), story.language))
    return mail.as_bytes(policy=POLICY)


def subject(story: Story) -> str:
    """The headline as one line; a withdrawn story's says so."""
    headline = " ".join(UNPRINTABLE.sub(" ", story.headline).split())
    withdrawn = phrases_for(story.language).withdrawn
    return f"{withdrawn}: {headline}" if story.pub_status == "canceled" else headline


def header(name: str, value: str) -> str:
    """`value`, folded: as encoded words (RFC 2047) unless it is ASCII, foldable and looks like none."""
    longest = max(map(len, value.split()), default=0)
    plain = value.isascii() and "=?" not in value and longest <= LONGEST_WORD
    return Header(value, "us-ascii" if plain else "utf-8", header_name=name, maxlinelen=76).encode()


def message_id(key: IdempotencyKey, sender: str) -> str:
    """The same for all attempts at one delivery, in the sender's domain."""
    left = key if ATOM.fullmatch(key) and ".." not in f".{key}." else _digest(key)
    return f"<{left}@{address(sender).rpartition('@')[2]}>"


def address(mailbox: str) -> str:
    """`Name <address>` → address."""
    return mailbox.rpartition("<")[2].removesuffix(">").strip()


def _mailbox(mailbox: str) -> str:
    """With its name as an encoded word or a quoted string (RFC 5322 §3.4)."""
    name = mailbox.rpartition("<")[0].strip().strip('"')
    if not name:
        return address(mailbox)
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address(mailbox)}>'
    return f"{Header(name, 'utf-8').encode(linesep='')} <{address(mailbox)}>"


def _part(kind: str, content: str, language: str) -> Message:
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
    return part


def _digest(key: str) -> str:
    return sha256(key.encode()).hexdigest()[:32]
