"""What the channel for mail can be told."""

from __future__ import annotations

import re
from email.utils import parseaddr
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, FilePath, field_validator, model_validator

from channels.mail_signing import Dkim
from channels.settings import ChannelSettings, Secret, Size

MAILBOX = re.compile(r"[^\s<>\"@,;:\\]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*")
LIST_ID = re.compile(r"[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+")  # RFC 2919 §2
ONE_CLICK = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?([/?][!-;=?-~]{0,800})?")
BY_MAIL = re.compile(r"mailto:[A-Za-z0-9.!#$&'*+/=^_`{|}~-]+@[A-Za-z0-9.-]+(\?[!-;=?-~]{0,400})?")


def _is_mailbox(mailbox: str) -> str:
    found = parseaddr(mailbox)[1]
    if not mailbox.isprintable() or not found.isascii() or not MAILBOX.fullmatch(found):
        raise ValueError(f"{mailbox!r} is not an address; write name@example.org or Name <name@example.org>")
    return mailbox


def _as_tuple(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class MailSettings(ChannelSettings):
    """A server, who writes to whom, and what a mail carries."""

    host: str = Field(min_length=1)
    port: int = Field(0, ge=0, le=65535, description="587 with starttls, 465 with tls, 25 with none.")
    tls: Literal["starttls", "tls", "none"] = "starttls"
    ca: FilePath | None = Field(
        None, description="PEM file of the authorities trusted instead of the system's."
    )
    username: str = ""
    password: Secret | None = None
    sender: str = Field(description="`Name <address>`; Message-ID takes its domain.")
    to: tuple[str, ...] = Field(min_length=1)
    list_id: str = Field("", description="RFC 2919, such as science-wire.example.org.")
    unsubscribe: Annotated[tuple[str, ...], BeforeValidator(_as_tuple)] = Field(
        (), description="https://… that takes one POST (RFC 8058), mailto:…, or both."
    )
    dkim: Dkim | None = Field(None, description="Signs each mail; without it the relay may.")
    media: Literal["link", "fetch", "inline"] = Field(
        "link",
        description="fetch: pictures stand in the mail, other files are attached; 'inline' says the same.",
    )
    attach_up_to: Size = Field(
        5_000_000, description="With fetch: '5MB' of all files of one mail together; the rest stay links."
    )
    allow_private: bool = Field(
        False, description="With fetch: may files be fetched from private or loopback addresses."
    )

    @field_validator("sender")
    @classmethod
    def _is_from_one(cls, sender: str) -> str:
        return _is_mailbox(sender)

    @field_validator("to")
    @classmethod
    def _is_to_some(cls, to: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_is_mailbox, to))

    @field_validator("list_id")
    @classmethod
    def _is_list_id(cls, list_id: str) -> str:
        if list_id and not LIST_ID.fullmatch(list_id):
            raise ValueError("a list id is words joined by dots, such as science-wire.example.org")
        return list_id

    @field_validator("unsubscribe")
    @classmethod
    def _can_be_left_by(cls, unsubscribe: tuple[str, ...]) -> tuple[str, ...]:
        one_click = [address for address in unsubscribe if ONE_CLICK.fullmatch(address)]
        by_mail = [address for address in unsubscribe if BY_MAIL.fullmatch(address)]
        if len(one_click) + len(by_mail) < len(unsubscribe):
            raise ValueError("unsubscribe is https://… or mailto:name@example.org, each without spaces or <>")
        if len(one_click) > 1 or len(by_mail) > 1:
            raise ValueError("unsubscribe is one https://… and one mailto:… at most")  # RFC 8058 §3.1
        return (*one_click, *by_mail)

    @model_validator(mode="after")
    def _has_both_or_none(self) -> Self:
        if bool(self.username) != (self.password is not None):
            raise ValueError("username and password go together")
        if self.username and self.tls == "none":
            raise ValueError("a password is not sent in the open; set tls")
        return self
