"""One SSH connection (RFC 4251 to 4254) to a host that is known by its key, shared by all who ask."""

from __future__ import annotations

import asyncio
import re
from contextlib import suppress
from functools import lru_cache
from typing import Annotated, Any, Self

from pydantic import BeforeValidator, Field, model_validator

from channels.answers import tidy
from channels.channel import Denied, Unavailable
from channels.dialing import dial
from channels.extras import extra
from channels.placing import FileSettings
from channels.settings import Secret

with extra("sftp"):
    import asyncssh

PATIENCE = 5.0
"""Seconds for saying goodbye."""
ALIVE = 15.0
"""Seconds of silence after which the server is asked whether it is still there."""

FINGERPRINT = re.compile(r"SHA256:[A-Za-z0-9+/]{43}")
KEY_TYPE = re.compile(r"(ssh|ecdsa|sk-ssh|sk-ecdsa)-\S+")

# With a fingerprint it is not known which of its keys the server should show: OpenSSH's own order.
HOST_KEYS = (
    *("ssh-ed25519", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521"),
    *("rsa-sha2-512", "rsa-sha2-256"),
)


def host_key(pinned: str) -> asyncssh.SSHKey | str:
    """A line of `known_hosts` or a `.pub` file into the key, a fingerprint as it is. Raises: ValueError."""
    words = pinned.split()
    if len(words) == 1 and FINGERPRINT.fullmatch(words[0].rstrip("=")):
        return words[0].rstrip("=")
    first = next((at for at, word in enumerate(words) if KEY_TYPE.fullmatch(word)), len(words))
    try:
        return asyncssh.import_public_key(" ".join(words[first : first + 2]))
    except asyncssh.KeyImportError:
        raise ValueError(
            "not a host key; write a line of ssh-keyscan (ssh-ed25519 AAAA…) or a fingerprint (SHA256:…)"
        ) from None


def _one_or_more(value: object) -> object:
    return (value,) if isinstance(value, str) else value


class SshSettings(FileSettings):
    """Which server, by which key it is known, and how to log in."""

    port: int = Field(22, ge=1, le=65535)
    username: str = Field(min_length=1)
    password: Secret | None = None
    key: Secret | None = Field(None, description="A private key as ssh-keygen writes it.")
    passphrase: Secret | None = Field(None, description="Of the key.")
    host_key: Annotated[tuple[str, ...], BeforeValidator(_one_or_more)] = Field(
        (), description="The server's public key or its SHA256 fingerprint; several while it changes."
    )
    allow_private: bool = Field(False, description="May it be on a private or loopback address.")

    @model_validator(mode="after")
    def _knows_the_host(self) -> Self:
        if not self.host_key:
            raise ValueError(
                f"host_key is missing; `ssh-keyscan -p {self.port} {self.host}` shows it: "
                "compare it with what the receiver says by another way, and write it here"
            )
        for pinned in self.host_key:
            host_key(pinned)
        return self

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if not self.password and not self.key:
            raise ValueError("say how to log in: password or key")
        if self.passphrase and not self.key:
            raise ValueError("a passphrase is of a key; set key")
        private_key(self)
        return self


def private_key(settings: SshSettings) -> list[asyncssh.SSHKey] | None:
    """Raises: ValueError, which does not show it."""
    if not settings.key:
        return None
    passphrase = settings.passphrase.get_secret_value() if settings.passphrase else None
    try:
        return [_opened(settings.key.get_secret_value(), passphrase)]
    except asyncssh.KeyEncryptionError:
        raise ValueError("the key cannot be opened with this passphrase, or without one") from None
    except asyncssh.KeyImportError:
        raise ValueError("not a private key as ssh-keygen writes it, or the wrong passphrase") from None


# A passphrase takes its time by design, and is asked for when settings are read and when they are used.
_opened = lru_cache(maxsize=16)(asyncssh.import_private_key)


class _Client(asyncssh.SSHClient):
    """Knows the host by fingerprint, and keeps what it showed for the person who has to look."""

    def __init__(self, fingerprints: set[str]) -> None:
        self.fingerprints = fingerprints
        self.shown = "a certificate"

    def validate_host_public_key(self, host: str, addr: str, port: int, key: asyncssh.SSHKey) -> bool:
        self.shown = f"{key.get_algorithm()} {key.get_fingerprint()}"
        return key.get_fingerprint() in self.fingerprints


class Ssh:
    """Opened when it is first wanted, and again when it was lost."""

    def __init__(self, settings: SshSettings) -> None:
        self.settings = settings
        self.seconds = settings.timeout.total_seconds()
        pinned = [host_key(line) for line in settings.host_key]
        self.fingerprints = {key for key in pinned if isinstance(key, str)}
        self.options = asyncssh.SSHClientConnectionOptions(
            # Nothing of the user who runs this: no config, agent, keys or known hosts.
            config=None,
            agent_path=None,
            x509_trusted_certs=None,
            gss_auth=False,
            gss_kex=False,
            known_hosts=([key for key in pinned if not isinstance(key, str)], [], []),
            server_host_key_algs=HOST_KEYS if self.fingerprints else (),
            username=settings.username,
            password=settings.password.get_secret_value() if settings.password else None,
            client_keys=private_key(settings),
            disable_trivial_auth=True,
            login_timeout=self.seconds,
            keepalive_interval=ALIVE,
        )
        self.opened: asyncio.Task[asyncssh.SFTPClient] | None = None
        self.connection: asyncssh.SSHClientConnection | None = None
        self.parting: set[asyncssh.SSHClientConnection] = set()

    async def sftp(self) -> asyncssh.SFTPClient:
        """The session that is open, or a new one: all who wait for it wait for the same.

        Raises: Unavailable, Denied.
        """
        if self.opened is None or (self.opened.done() and not self._usable(self.opened)):
            self.opened = asyncio.create_task(self._open())
            self.opened.add_done_callback(heard)
        return await asyncio.shield(self.opened)

    def drop(self, session: asyncssh.SFTPClient) -> None:
        """Not to be used again: it ended, or it hangs. Attempts that have it may still finish."""
        if self.opened and self.opened.done() and self._usable(self.opened) is session:
            self.opened = None
            self._part()

    async def close(self) -> None:
        opened, self.opened = self.opened, None
        if opened:
            opened.cancel()
            await asyncio.wait([opened])
        self._part()
        for connection in self.parting:
            connection.close()
        with suppress(TimeoutError):
            async with asyncio.timeout(PATIENCE):
                await asyncio.gather(*(connection.wait_closed() for connection in self.parting))

    def _part(self) -> None:
        """From the connection, once all attempts that may have it are over."""
        connection, self.connection = self.connection, None
        if connection and not connection.is_closed():
            self.parting = {old for old in self.parting if not old.is_closed()} | {connection}
            asyncio.get_running_loop().call_later(self.seconds, connection.abort)

    def _usable(self, opened: asyncio.Task[asyncssh.SFTPClient]) -> asyncssh.SFTPClient | None:
        if opened.cancelled() or opened.exception() or not self.connection or self.connection.is_closed():
            return None
        return opened.result()

    async def _open(self) -> asyncssh.SFTPClient:
        told, client = self.settings, _Client(self.fingerprints)
        options = asyncssh.SSHClientConnectionOptions(self.options, client_factory=lambda: client)
        self._part()
        try:
            # Shorter than the whole attempt, so that whoever waits for it hears of it.
            async with asyncio.timeout(self.seconds / 2):
                sock = await dial(told.host, told.port, allow_private=told.allow_private)
                self.connection = await asyncssh.connect(told.host, told.port, sock=sock, options=options)
                return await self.connection.start_sftp_client()
        except TimeoutError as e:
            raise Unavailable(f"no login on {told.host} in time", blip=True) from e
        except asyncssh.HostKeyNotVerifiable as e:
            raise Denied(tidy(f"{told.host} shows a key that is not its host_key: {client.shown}")) from e
        except asyncssh.PermissionDenied as e:
            raise Denied(tidy(f"{told.host} does not let {told.username} in: {e.reason}")) from e
        except (asyncssh.ChannelOpenError, asyncssh.SFTPError) as e:
            raise Denied(tidy(f"no SFTP on {told.host}: {e.reason}")) from e
        except (asyncssh.KeyExchangeFailed, asyncssh.ProtocolNotSupported) as e:
            raise Denied(tidy(f"no common language with {told.host}: {e.reason}")) from e
        except (asyncssh.Error, OSError) as e:
            raise Unavailable(tidy(f"no login on {told.host}: {e}"), blip=True) from e


def heard(task: asyncio.Task[Any]) -> None:
    """Nobody may be left to hear of the failure."""
    if not task.cancelled():
        task.exception()
