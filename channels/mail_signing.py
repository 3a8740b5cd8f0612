"""DKIM (RFC 6376): a mail signed for a domain, so that the receiver's server knows whose it is."""

from __future__ import annotations

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from pydantic import Field, field_validator, model_validator

from channels.extras import extra
from channels.settings import Secret, Settings

LEAST_BITS = 1024  # RFC 8301 §3.2

# RFC 6376 §5.4.1 and RFC 8058 §4; each of those that a mail has.
SIGNED = (
    *("from", "to", "subject", "date", "message-id", "in-reply-to", "references"),
    *("list-id", "list-unsubscribe", "list-unsubscribe-post", "auto-submitted"),
    *("mime-version", "content-type", "content-language", "content-transfer-encoding"),
)
# RFC 6376 §8.15: once more than there are, so that nobody can add a second one that is shown instead.
SEALED = ("from", "to", "subject", "date", "message-id", "mime-version", "content-type")

LABEL = r"[A-Za-z0-9]([A-Za-z0-9_-]*[A-Za-z0-9])?"


class Dkim(Settings):
    """`dkim = { selector = "wire", domain = "example.org", key = { file = "dkim.pem" } }`.

    The public key stands in the DNS at `{selector}._domainkey.{domain}`; for DMARC, `domain` is the sender's.
    """

    selector: str = Field(pattern=rf"^{LABEL}(\.{LABEL})*$")
    domain: str = Field(pattern=rf"^{LABEL}(\.{LABEL})+$")
    key: Secret = Field(description="RSA, PEM (PKCS #8 or PKCS #1), not under a password; 2048 bits do.")

    @model_validator(mode="before")
    @classmethod
    def _has_its_library(cls, given: object) -> object:
        try:
            with extra("dkim"):
                import dkim  # noqa: F401
        except ImportError as e:
            raise ValueError(str(e)) from e
        return given

    @field_validator("key")
    @classmethod
    def _can_sign(cls, key: Secret) -> Secret:
        try:
            private = load_pem_private_key(key.get_secret_value().encode(), None)
        except (ValueError, TypeError, UnsupportedAlgorithm):
            raise ValueError(
                "a DKIM key is an RSA private key in PEM without a password; this is none"
            ) from None
        if not isinstance(private, RSAPrivateKey) or private.key_size < LEAST_BITS:
            raise ValueError(f"a DKIM key is an RSA private key of {LEAST_BITS} bits or more; this is none")
        return key


def signed(mail: bytes, dkim: Dkim) -> bytes:
    """`mail`, whose lines end with CRLF, with its signature in front: rsa-sha256, relaxed/relaxed."""
    from dkim import DKIM

    signer = DKIM(mail)
    there = {name.lower().decode() for name, _ in signer.headers}
    names = [name for name in SIGNED if name in there]
    signature: bytes = signer.sign(
        dkim.selector.encode(),
        dkim.domain.encode(),
        dkim.key.get_secret_value().encode(),
        canonicalize=(b"relaxed", b"relaxed"),
        include_headers=[name.encode() for name in (*names, *SEALED)],
    )
    return signature + mail
