"""Passwords: what is accepted, and how they are kept (argon2id)."""

import base64
import secrets

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from argon2.low_level import ARGON2_VERSION

from fl_core.errors import InvalidInput

SHORTEST = 12
LONGEST = 200

_hasher = PasswordHasher()  # RFC 9106, low-memory profile: 64 MiB, 3 passes, 4 lanes


def _never_hashed() -> str:
    """Return what looks like a kept password: to compare with it takes as long, to make it no time."""
    salt, digest = (
        base64.b64encode(secrets.token_bytes(length)).decode().rstrip("=")
        for length in (_hasher.salt_len, _hasher.hash_len)
    )
    cost = f"m={_hasher.memory_cost},t={_hasher.time_cost},p={_hasher.parallelism}"
    return f"$argon2id$v={ARGON2_VERSION}${cost}${salt}${digest}"


NOBODYS = _never_hashed()


def check_new(password: str, *, name: str) -> None:
    """Refuse a password that is easily guessed.

    Length matters more than the kinds of characters (NIST SP 800-63B, 5.1.1.2).

    Raises
    ------
    InvalidInput
        ``auth.password_weak``.
    """
    if not SHORTEST <= len(password) <= LONGEST:
        message = f"the password has {len(password)} characters, {SHORTEST} to {LONGEST} are needed"
        raise InvalidInput(message, code="auth.password_weak")
    if len(set(password)) < 5 or name.casefold() in password.casefold():
        message = "the password is a repetition or holds the account's name"
        raise InvalidInput(message, code="auth.password_weak")


def hashed(password: str) -> str:
    """Return what is stored of a password."""
    return _hasher.hash(password)


def fits(password: str, stored: str | None) -> bool:
    """Compare a password with what is stored; takes as long where nothing is stored."""
    try:
        _hasher.verify(stored or NOBODYS, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return stored is not None
