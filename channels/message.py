"""A story as a mail: RFC 5322 headers, MIME parts in its language, nothing but ASCII on the wire."""

from __future__ import annotations

import re
from datetime import datetime
from email.header import Header
from email.utils import format_datetime

from channels.enclosures import Enclosed
from channels.formats.phrases import phrases_for
from channels.mail_part import Part
from channels.mime import content, digest, header, line
from channels.story import IdempotencyKey, Story

NOTHING = Enclosed()

ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,200}")  # RFC 5322 §3.2.3, with dots


def compose(
    story: Story,
    key: IdempotencyKey,
    *,
    sender: str,
    to: tuple[str, ...],
    list_id: str,
    now: datetime,
    unsubscribe: tuple[str, ...] = (),
    enclosed: Enclosed = NOTHING,
    number: int = 0,
) -> bytes:
    """The whole message, lines ended by CRLF. `sender` and `to` are `Name <address>` or a bare address.

    `number`: of the item, as the receiver counts; 0 for none.

    Raises: UnicodeEncodeError where the text has lone surrogates.
    """
    mail = content(story, key, _domain(sender), enclosed)
    mail.add("MIME-Version", "1.0")
    mail.add("From", _mailbox(sender))
    mail.add("To", ", ".join(map(_mailbox, to)))
    mail.add("Subject", header("Subject", subject(story)))
    mail.add("Date", format_datetime(now))
    mail.add("Message-ID", message_id(key, sender))
    _thread(mail, story, sender)
    _list(mail, list_id, unsubscribe)
    mail.add("Auto-Submitted", "auto-generated")  # RFC 3834 §5: nobody's absence notice is wanted
    mail.add("Content-Language", story.language)
    if number:
        mail.add("X-Item-Number", str(number))
    if story.urgency <= 2:
        mail.add("Importance", "high")
        mail.add("X-Priority", "1")
    return mail.written()


def subject(story: Story) -> str:
    """The headline as one line; that of a correction or a withdrawal says so.

    A correction says it in brackets, which do not count when subjects are compared (RFC 5256 §2.1): it stays
    in the conversation of what it corrects. A withdrawal is to be noticed, and may begin one of its own.
    """
    headline, phrases = line(story.headline), phrases_for(story.language)
    if story.pub_status == "canceled":
        return f"{phrases.withdrawn}: {headline}"
    return f"[{phrases.corrected}] {headline}" if story.version > 1 else headline


def thread_id(uri: str, sender: str) -> str:
    """What all versions of a story refer to; a mail of that id there is none.

    The id of the first mail is not known to a later one: it is made of another delivery's key. One that
    all refer to does as well: clients group by what is referred to, be it there or not, as Thunderbird does
    (https://www.jwz.org/doc/threading.html) and as Gmail asks of those who send notifications
    (https://gsuiteupdates.googleblog.com/2019/03/threading-changes-in-gmail-conversation-view.html).
    """
    return f"<{digest(uri)}.story@{_domain(sender)}>"


def message_id(key: IdempotencyKey, sender: str) -> str:
    """The same for all attempts at one delivery, in the sender's domain."""
    left = key if ATOM.fullmatch(key) and ".." not in f".{key}." else digest(key)
    return f"<{left}@{_domain(sender)}>"


def address(mailbox: str) -> str:
    """`Name <address>` → address."""
    return mailbox.rpartition("<")[2].removesuffix(">").strip()


def _thread(mail: Part, story: Story, sender: str) -> None:
    """RFC 5322 §3.6.4: the first version only names the thread, the later ones are replies in it."""
    root = thread_id(story.uri, sender)
    if story.version > 1:
        mail.add("In-Reply-To", root)
    mail.add("References", root)


class _Unfolded(Header):
    """Python would put an address that is long on a line of its own, below one that is empty."""

    def encode(self, *_: object, **__: object) -> str:
        return str(self)


def _list(mail: Part, list_id: str, unsubscribe: tuple[str, ...]) -> None:
    """RFC 2919, RFC 2369 §3.2 and, for an address of the web, RFC 8058: one click, that is one POST."""
    if list_id:
        mail.add("List-Id", f"<{list_id}>")
    if unsubscribe:
        mail.add("List-Unsubscribe", _Unfolded(",\r\n ".join(f"<{address}>" for address in unsubscribe)))
    if any(address.startswith("https:") for address in unsubscribe):
        mail.add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")


def _domain(sender: str) -> str:
    return address(sender).rpartition("@")[2]


def _mailbox(mailbox: str) -> str:
    """With its name as an encoded word or a quoted string (RFC 5322 §3.4)."""
    name = mailbox.rpartition("<")[0].strip().strip('"')
    if not name:
        return address(mailbox)
    if name.isascii():
        quoted = name.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{quoted}" <{address(mailbox)}>'
    return f"{Header(name, 'utf-8').encode(linesep='')} <{address(mailbox)}>"
