"""Passwords, kept as Argon2id hashes. Hashing takes tens of milliseconds of one core on purpose."""

from __future__ import annotations

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

MIN_CHARACTERS = 10
"""NIST SP 800-63B-4 (2025) asks for 15 without a second factor and 8 with one; ten is our middle for an inbox that is
also behind a rate limit."""

MAX_CHARACTERS = 200

_hasher = PasswordHasher()
_NOBODY = _hasher.hash("nobody has this password")


def hash_password(password: str) -> str:
    """Argon2id in its encoded form, with a fresh salt."""
    return _hasher.hash(password)


def is_right(encoded: str | None, password: str) -> bool:
    """True if the password belongs to the hash. None (nobody by that name) takes as long as a wrong password."""
    try:
        matches = _hasher.verify(encoded or _NOBODY, password)
    except (VerificationError, InvalidHashError):
        return False
    return matches and encoded is not None
