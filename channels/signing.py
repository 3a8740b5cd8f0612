"""Signatures of Standard Webhooks 1.0, symmetric (`v1`, HMAC-SHA256) and asymmetric (`v1a`, ed25519).

https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md, "Signature scheme"
"""

from __future__ import annotations

import base64
import hmac
from binascii import b2a_base64
from collections.abc import Callable

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SHARED = "whsec_"
PRIVATE = "whsk_"
PUBLIC = "whpk_"

SHARED_BYTES = range(24, 65)
SEED_BYTES = 32
"""RFC 8032 §5.1.5."""

Sign = Callable[[bytes], str]
"""What is signed → the signature, with its scheme in front."""


def signer(secret: str) -> Sign:
    """What signs with `whsec_…` or `whsk_…`. Raises: ValueError, which does not show it."""
    return _with_private(private_key(secret)) if is_private(secret) else _with_shared(signing_key(secret))


def is_private(secret: str) -> bool:
    """Whether `secret` signs so that the receiver need not know it."""
    return secret.startswith(PRIVATE)


def signing_key(secret: str) -> bytes:
    """The key in `whsec_…`, whose prefix may be left out. Raises: ValueError, which does not show it."""
    if secret.startswith(PUBLIC):
        raise ValueError(f"a signing secret is {SHARED} or {PRIVATE}; {PUBLIC} is what the receiver needs")
    key = _decoded(secret, SHARED)
    if len(key) not in SHARED_BYTES:
        raise ValueError(f"a signing secret holds 24 to 64 bytes; this one holds {len(key)}")
    return key


def private_key(secret: str) -> Ed25519PrivateKey:
    """The key in `whsk_…`: the seed of 32 bytes, or seed and public key in 64.

    The specification says no more than "standard ed25519 key pair"; Svix, which wrote most of it, has both
    parts. Raises: ValueError, which does not show it.
    """
    pair = _decoded(secret, PRIVATE)
    seed, public = pair[:SEED_BYTES], pair[SEED_BYTES:]
    if len(seed) < SEED_BYTES or len(public) not in (0, 32):
        raise ValueError(f"a signing secret {PRIVATE} holds 32 or 64 bytes; this one holds {len(pair)}")
    key = Ed25519PrivateKey.from_private_bytes(seed)
    if public and public != key.public_key().public_bytes_raw():
        raise ValueError(f"the two halves of a signing secret {PRIVATE} do not belong together")
    return key


def public_key(secret: str) -> str:
    """`whpk_…`, which a receiver needs to verify what `whsk_…` signed. Raises: ValueError."""
    return PUBLIC + base64.b64encode(private_key(secret).public_key().public_bytes_raw()).decode()


def _with_shared(key: bytes) -> Sign:
    def sign(content: bytes) -> str:
        return "v1," + b2a_base64(hmac.digest(key, content, "sha256"), newline=False).decode()

    return sign


def _with_private(key: Ed25519PrivateKey) -> Sign:
    def sign(content: bytes) -> str:
        return "v1a," + b2a_base64(key.sign(content), newline=False).decode()

    return sign


def _decoded(secret: str, prefix: str) -> bytes:
    encoded = secret.removeprefix(prefix)
    try:
        return base64.b64decode(encoded + "=" * (-len(encoded) % 4), validate=True)
    except ValueError:
        raise ValueError(f"a signing secret is {prefix} and base64; this one is not base64") from None
