"""What a channel to NATS can be told."""

from __future__ import annotations

import base64
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from string import Formatter
from typing import Annotated, NamedTuple, Self

from pydantic import (
    AfterValidator,
    AnyUrl,
    BeforeValidator,
    Field,
    FilePath,
    SecretStr,
    UrlConstraints,
    field_validator,
    model_validator,
)

from channels.answers import tidy
from channels.extras import extra
from channels.filenames import safe
from channels.formats.kinds import FormatName
from channels.settings import ChannelSettings, Secret
from channels.story import Story

with extra("nats"):
    import nkeys

JWT = re.compile(r"-BEGIN NATS USER JWT-+\s+([\w.-]+)\s")
SEED = re.compile(r"-BEGIN USER NKEY SEED-+\s+(SU[A-Z2-7]+)\s")

PLACEHOLDERS: dict[str, Callable[[Story], str]] = {
    "language": lambda story: token(story.language),
    "slug": lambda story: token(story.slug),
}
"""Those that are the same for all versions: a correction goes where the item went."""
TOKEN = re.compile(r"[!-)+-\-/-=?-z|~]+")  # printable ASCII without * . > { }


class Server(NamedTuple):
    host: str
    port: int
    secure: bool
    """Nothing is said before TLS."""

    @property
    def address(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"{'tls' if self.secure else 'nats'}://{host}:{self.port}"


class Credentials(NamedTuple):
    """What a `.creds` file holds: a token that says who we are, and the key that proves it."""

    jwt: str
    seed: str

    def sign(self, nonce: str) -> bytes:
        key = nkeys.from_seed(bytearray(self.seed.encode()))
        return base64.b64encode(key.sign(nonce.encode()))


def credentials(content: str) -> Credentials:
    """Of a `.creds` file as `nsc` writes it. Raises: ValueError, which does not show it."""
    jwt, seed = JWT.search(content), SEED.search(content)
    if not jwt or not seed:
        raise ValueError("not a .creds file as nsc writes it: a user JWT and its NKEY seed")
    found = Credentials(jwt[1], seed[1])
    try:
        found.sign("")
    except Exception:
        raise ValueError("the NKEY seed in the .creds file is damaged") from None
    return found


@dataclass(frozen=True)
class Way:
    """Where to, and who we are there."""

    servers: tuple[Server, ...]
    seconds: float
    user: str | None = None
    password: str | None = None
    token: str | None = None
    creds: Credentials | None = None
    ca: Path | None = None
    client_cert: Path | None = None
    client_key: Path | None = None
    inbox: str = "_INBOX"
    allow_private: bool = False

    def told(self, words: str) -> str:
        """A server's words for people, without our secrets, which it knows."""
        known = (self.password, self.token, *(self.creds or ()))
        for secret in filter(None, known):
            words = re.sub(re.escape(secret), "…", words, flags=re.IGNORECASE)
        return tidy(words.removeprefix("nats: ").strip(" '"))


def token(value: str) -> str:
    """One piece of a subject, whatever `value` holds."""
    # A dot at the end makes that of no safe name, so that it gets a hash, which tells a.b from a-b.
    return safe(f"{value}." if "." in value else value)


def _is_subject(template: str) -> str:
    """Raises: ValueError."""
    try:
        parts = list(Formatter().parse(template))
    except ValueError:
        raise ValueError("a brace begins or ends a placeholder, such as {language}") from None
    for _, name, spec, conversion in parts:
        if name is not None and (name not in PLACEHOLDERS or spec or conversion):
            known = ", ".join(f"{{{placeholder}}}" for placeholder in PLACEHOLDERS)
            raise ValueError(f"no placeholder {{{name}}}; there are: {known}")
    filled = template.format(**dict.fromkeys(PLACEHOLDERS, "x"))
    if not all(TOKEN.fullmatch(piece) for piece in filled.split(".")):
        raise ValueError("a subject is words with dots between them, in ASCII, without spaces, * and >")
    if filled.startswith(("$", "_INBOX.")):
        raise ValueError("subjects that begin with $ or _INBOX are NATS's own")
    return template


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


Url = Annotated[AnyUrl, UrlConstraints(allowed_schemes=["nats", "tls"], host_required=True)]
Subject = Annotated[str, Field(max_length=200), AfterValidator(_is_subject)]


class NatsSettings(ChannelSettings):
    """Which servers, on which subject, and how to log in."""

    servers: Annotated[tuple[Url, ...], BeforeValidator(_one_or_more)] = Field(
        min_length=1,
        description="tls://host:port of a cluster's servers; the first that answers is taken.",
    )
    subject: Subject = Field("science.{language}", description="Of a message; a stream has to take it.")
    stream: str = Field("", pattern=r"^[^\s.*>/\\]*$", description="No other stream may take it.")
    format: FormatName = "ninjs"
    user: str | None = Field(None, min_length=1)
    password: Secret | None = None
    token: Secret | None = None
    creds: Secret | None = Field(None, description="A .creds file as nsc writes it: JWT and NKEY seed.")
    inbox: str = Field(
        "_INBOX",
        pattern=r"^[\w-]+(\.[\w-]+)*$",
        description="Begins the subjects that we hear answers on.",
    )
    client_cert: FilePath | None = Field(
        None, description="PEM file of a certificate that we show, with those that signed it (mTLS)."
    )
    client_key: FilePath | None = Field(None, description="PEM file of its key, if that stands apart.")
    ca: FilePath | None = Field(
        None, description="PEM file of the authorities trusted instead of the system's."
    )
    allow_private: bool = Field(
        False, description="May it be on a private or loopback address; only there without TLS."
    )

    @field_validator("servers")
    @classmethod
    def _are_hosts(cls, servers: tuple[AnyUrl, ...]) -> tuple[AnyUrl, ...]:
        for url in servers:
            if url.username or url.password:
                raise ValueError("a URL is logged, a login in it too; use user and password, or token")
            if url.path not in (None, "", "/") or url.query or url.fragment:
                raise ValueError("a server is tls:// or nats://, a host and perhaps a port")
        return servers

    @field_validator("creds")
    @classmethod
    def _are_creds(cls, creds: SecretStr | None) -> SecretStr | None:
        if creds:
            credentials(f"{creds.get_secret_value()}\n")
        return creds

    @model_validator(mode="after")
    def _can_be_reached(self) -> Self:
        if not self.allow_private and any(url.scheme == "nats" for url in self.servers):
            raise ValueError("use tls://; nats:// is for private addresses (allow_private = true)")
        return self

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("user goes with password")
        if sum(way is not None for way in (self.user, self.token, self.creds)) > 1:
            raise ValueError("say one way to log in: user and password, or token, or creds")
        if self.client_key and not self.client_cert:
            raise ValueError("client_key goes with client_cert")
        return self

    @property
    def way(self) -> Way:
        creds = _open(self.creds)
        return Way(
            servers=tuple(
                Server((url.host or "").strip("[]"), url.port or 4222, url.scheme == "tls")
                for url in self.servers
            ),
            seconds=self.timeout.total_seconds(),
            user=self.user,
            password=_open(self.password),
            token=_open(self.token),
            creds=credentials(f"{creds}\n") if creds else None,
            ca=self.ca,
            client_cert=self.client_cert,
            client_key=self.client_key,
            inbox=self.inbox,
            allow_private=self.allow_private,
        )


def _open(secret: SecretStr | None) -> str | None:
    return secret.get_secret_value() if secret else None
