"""A connection to an FTP server under TLS (RFC 959, 4217), each of its sockets to one checked address."""

from __future__ import annotations

import asyncio
import re
import ssl
from typing import Any

from channels.answers import tidy
from channels.channel import ChannelError, Denied, Refused, Unavailable
from channels.dialing import dial
from channels.extras import extra

with extra("ftps"):
    import aioftp
    from aioftp.common import SSLSessionBoundContext

TROUBLE = (aioftp.AIOFTPException, OSError, ValueError, LookupError)
"""What a connection that does not do as it should can raise; the last two for what cannot be parsed."""

FULL = re.compile(r"no space|disk full|quota exceeded|over quota|exceeded (quota|storage)", re.IGNORECASE)


class Ftp(aioftp.Client):
    """Like its parent, but data connections go to the very address of the control connection."""

    def __init__(self, trust: ssl.SSLContext, *, allow_private: bool) -> None:
        super().__init__()
        self.trust = trust
        self.allow_private = allow_private
        self.implicit = False

    async def open(self, host: str, port: int, *, implicit: bool) -> None:
        """With both kinds of connections under TLS. Raises: ChannelError, aioftp.StatusCodeError, OSError."""
        self.implicit = implicit
        await self.connect(host, port)
        if not implicit:
            await self.command("AUTH TLS", "234")
            if self.unread():
                raise Denied(f"{host} speaks in the open where TLS has to begin")
            await self.stream.start_tls(self.trust, host)
        await self.command("PBSZ 0", "200")
        await self.command("PROT P", "200")

    async def store(self, path: str, content: bytes) -> None:
        """The whole `content` as a new file, proved by its size. Raises: as `open`."""
        _, data = await self.get_passive_connection("I")
        try:
            await self.command(f"STOR {path}", "1xx")
            # Only now: most servers look at a data connection after the command, and aioftp's own upload
            # waits for both ends of TLS before it.
            await data.start_tls(self._resumed(), server_hostname=self.server_host)
            data.write(content)
            await self._sent(data)
        except BaseException:
            data.transport.abort()
            raise
        if (size := await self._told_size(path)) not in (None, len(content)):
            raise Unavailable(f"{size} of {len(content)} bytes have arrived")

    async def replace(self, path: str, target: str) -> None:
        """Rename; where the server does not replace what has the name already, that is removed first."""
        await self.command(f"RNFR {path}", "350")
        try:
            await self.command(f"RNTO {target}", "2xx")
        except aioftp.StatusCodeError as refusal:
            if refusal.received_codes[-1] not in ("550", "553") or FULL.search(_words(refusal)):
                raise
            try:
                await self.remove_file(target)
            except aioftp.StatusCodeError:
                raise refusal from None
            await self.rename(path, target)

    def unread(self) -> bool:
        """Whether the server said something that nobody asked for, such as goodbye."""
        reader: Any = self.stream.reader
        return bool(reader.at_eof() or reader._buffer)  # there is no public way to look without waiting

    async def _sent(self, data: asyncio.StreamWriter) -> None:
        """A server that stops in the middle says so, and reads no more."""
        sent = asyncio.create_task(data.drain())
        answer = asyncio.create_task(self.command(None, "2xx", "1xx"))
        try:
            await asyncio.wait((sent, answer), return_when=asyncio.FIRST_COMPLETED)
            if not answer.done():
                await sent
                data.close()
            await answer
        finally:
            sent.cancel()
            answer.cancel()
            await asyncio.gather(sent, answer, return_exceptions=True)

    async def size(self, path: str) -> int | None:
        """Bytes; None where there is nothing, or the server does not say. Raises: as `open`."""
        await self.command("TYPE I", "200")  # RFC 3659 §4.2: of text it is another, or none at all
        return await self._told_size(path)

    async def _told_size(self, path: str) -> int | None:
        """RFC 3659 §4; None from servers that do not say."""
        try:
            _, said = await self.command(f"SIZE {path}", "213")
        except aioftp.StatusCodeError:
            return None
        return int(said[-1]) if said[-1].strip().isdecimal() else None

    def _resumed(self) -> ssl.SSLContext:
        """For a data connection: some servers want to see that it comes from the same client."""
        secured = self.stream.writer.get_extra_info("ssl_object")
        return SSLSessionBoundContext(
            ssl.PROTOCOL_TLS_CLIENT, context=secured.context, session=secured.session
        )

    async def _open_connection(
        self, host: str, port: int
    ) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        """Of the control connection first, then of data connections, which begin in the open."""
        if self._stream is None:
            sock = await dial(host, port, allow_private=self.allow_private)
        else:
            # Already checked. A server that names another address is not followed (RFC 2577 §3).
            peer = self.stream.writer.get_extra_info("peername")
            sock = await dial(peer[0], port, allow_private=True)
        under = self.trust if self.implicit and self._stream is None else None
        try:
            return await asyncio.open_connection(sock=sock, ssl=under, server_hostname=under and host)
        except BaseException:
            sock.close()
            raise


def failure(error: Exception, host: str, *, login: bool = False, unknown: bool = False) -> ChannelError:
    """What an error means for the channel. `login`: nothing of a story can have been sent.

    `unknown`: the files may have their names.
    """
    match error:
        case aioftp.StatusCodeError():
            return verdict(error, host)
        case ssl.SSLCertVerificationError():
            return Denied(tidy(f"{host} has a bad certificate: {error.verify_message}"))
        case ssl.SSLError():
            return Denied(tidy(f"no TLS with {host}: {error.reason or error}"))
        case TimeoutError():
            return Unavailable(f"no answer from {host} in time", unknown=unknown, blip=login)
        case OSError():
            return Unavailable(tidy(f"connection to {host} lost: {error}"), unknown=unknown, blip=login)
    return Denied(tidy(f"{host} does not speak FTP: {error}"))


def verdict(error: aioftp.StatusCodeError, host: str) -> ChannelError:
    """RFC 959 §4.2: 4yz may be tried again, 5yz may not; nearly all of those are about the login."""
    code = str(error.received_codes[-1])
    words = _words(error)
    told = tidy(f"{host}: {code} {words}")
    if not code.startswith("5") or code == "552" or FULL.search(words):
        return Unavailable(told)
    return Refused(told) if code == "501" else Denied(told)


def _words(error: aioftp.StatusCodeError) -> str:
    return error.info if isinstance(error.info, str) else " ".join(line.strip(" -") for line in error.info)
