"""The commands of one mail (RFC 5321 §3.3), for addresses and lines that are already as they go out.

aiosmtplib looks for a name to take off from each address, and three times through each mail for line ends
to mend: for a mail of some kilobytes that takes as long as all the rest.
"""

from __future__ import annotations

from collections.abc import Iterable

from aiosmtplib import SMTP, SMTPResponse, errors

OK, WILL_FORWARD, GO_ON = 250, 251, 354


async def mail(smtp: SMTP, sender: str, options: Iterable[str] = ()) -> None:
    """From the address `sender`. Raises: errors.SMTPSenderRefused, SMTPException, OSError."""
    said = [option.encode("ascii") for option in options]
    answer = await smtp.execute_command(b"MAIL", f"FROM:<{sender}>".encode("ascii"), *said)
    if answer.code != OK:
        raise errors.SMTPSenderRefused(answer.code, answer.message, sender)


async def rcpt(smtp: SMTP, recipient: str) -> None:
    """To the address `recipient`. Raises: errors.SMTPRecipientRefused, SMTPException, OSError."""
    answer = await smtp.execute_command(b"RCPT", f"TO:<{recipient}>".encode("ascii"))
    if answer.code not in (OK, WILL_FORWARD):
        raise errors.SMTPRecipientRefused(answer.code, answer.message, recipient)


async def data(smtp: SMTP, content: bytes) -> SMTPResponse:
    """The mail, whose lines end with CRLF, the last one too; over a connection that nobody else uses.

    Raises: errors.SMTPDataError, SMTPException, OSError.
    """
    answer = await smtp.execute_command(b"DATA")
    if answer.code != GO_ON:
        raise errors.SMTPDataError(answer.code, answer.message)
    if smtp.protocol is None:
        raise errors.SMTPServerDisconnected("Connection lost")
    smtp.protocol.write(content.replace(b"\r\n.", b"\r\n..") + b".\r\n")  # RFC 5321 §4.5.2
    answer = await smtp.protocol.read_response(timeout=smtp.timeout)
    if answer.code != OK:
        raise errors.SMTPDataError(answer.code, answer.message)
    return answer
