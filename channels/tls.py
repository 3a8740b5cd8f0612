"""TLS to a receiver that has authorities of its own, or wants to see a certificate of ours (mTLS)."""

from __future__ import annotations

import ssl
from pathlib import Path

from channels.answers import tidy
from channels.channel import Denied

CERTIFICATE = "CERTIFICATE-----"
PRIVATE_KEY = "PRIVATE KEY-----"

UNWANTED = ("certificate", "unknown ca", "access denied", "handshake failure")
"""In the names of alerts; an internal error, say, may be over soon."""


def context(ca: Path | None, client_cert: Path | None, client_key: Path | None) -> ssl.SSLContext:
    """Trusts `ca` instead of the system's, shows `client_cert`; PEM files.

    The certificate's file may hold its key, too. Raises: Denied, which names the setting to mend.
    """
    trust = _trust(ca)
    if client_cert:
        _holds("client_cert", client_cert, CERTIFICATE)
        _holds("client_key" if client_key else "client_cert", client_key or client_cert, PRIVATE_KEY)
        try:
            # Without a password in hand, OpenSSL would ask for one at the terminal.
            trust.load_cert_chain(client_cert, client_key, password="")
        except (OSError, ValueError) as e:
            raise Denied(tidy(f"client_cert and client_key cannot be used: {_reason(e)}")) from e
    return trust


def _trust(ca: Path | None) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca)
    except (OSError, ValueError) as e:
        raise Denied(tidy(f"ca: the authorities in {ca} cannot be read: {_reason(e)}")) from e


def _holds(setting: str, path: Path, marker: str) -> None:
    try:
        content = path.read_text(encoding="utf-8", errors="replace")
    except OSError as e:
        raise Denied(tidy(f"{setting}: {path} cannot be read: {e.strerror}")) from e
    if marker not in content:
        raise Denied(tidy(f"{setting}: {path} holds no {marker.strip('-').lower()} in PEM"))


def _reason(error: BaseException) -> str:
    """OpenSSL's own words, which are not about the content of a key."""
    reason = str(getattr(error, "reason", None) or error)
    return reason.replace("_", " ").lower()


def turned_away(error: BaseException) -> str:
    """What the other side has against our certificate (RFC 8446 §6.2); empty where the error is another.

    In TLS 1.3 a server looks at it only when we take the handshake for done: its alert comes in place of an
    answer, and nothing that we sent was read.
    """
    cause: BaseException | None = error
    while cause:
        alert = str(getattr(cause, "reason", "")).replace("_", " ").lower().partition(" alert ")[2]
        if any(word in alert for word in UNWANTED):
            return alert
        cause = cause.__cause__ or cause.__context__
    return ""
