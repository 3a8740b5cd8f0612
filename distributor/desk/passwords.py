"""Passwords, hashed with Argon2id by argon2-cffi's defaults (RFC 9106, low memory profile)."""

from __future__ import annotations

import asyncio

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

SHORTEST = 10
"""Characters (NIST SP 800-63B asks for 8, and for no rules beside)."""
LONGEST = 200

_hasher = PasswordHasher()
_DUMMY = _hasher.hash("nobody has this password")


def fault(password: str) -> str:
    """Why it will not do; empty if it will."""
    if len(password) < SHORTEST:
        return f"a password has at least {SHORTEST} characters"
    if len(password) > LONGEST:
        return f"a password has at most {LONGEST} characters"
    return "" if len(set(password)) > 3 else "a password is not one character over and over"


def hashed(password: str) -> str:
    """Takes some 50 ms, on purpose."""
    return _hasher.hash(password)


async def right(password: str, secret: str | None) -> bool:
    """Whether it is the password; takes as long where nobody has that name."""
    return await asyncio.to_thread(_right, password[: LONGEST + 1], secret)


def _right(password: str, secret: str | None) -> bool:
    try:
        return _hasher.verify(secret or _DUMMY, password) and secret is not None
    except (VerificationError, InvalidHashError):
        return False
