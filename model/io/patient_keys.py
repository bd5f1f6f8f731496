# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Keys that group a patient's studies without naming the patient, and short hashes by which files recognise each other.

A key is an HMAC under a secret that never leaves the site.

References
----------
HMAC: RFC 2104, with SHA-256.
"""

import hashlib
import hmac
import secrets
from collections.abc import Iterable

from model.errors import DicomError


def patient_key(identity: Iterable[str], *, site_key: bytes | None) -> tuple[str, str]:
    """Return (key, how it came about) for a patient.

    Parameters
    ----------
    identity : iterable of str
        What names the patient in this site, e.g. the number; upper and lower case and blanks around do not matter.
    site_key : bytes or None
        The site's secret, 16 bytes or more. Without one, or for a patient without a number, the key is random, so that
        nothing is grouped that might not belong together.
    """
    parts = [part.strip().upper() for part in identity]
    if site_key is None or not any(parts):
        return secrets.token_hex(16), "random"
    if len(site_key) < 16:
        msg = f"the site key has {len(site_key)} bytes, at least 16 are needed"
        raise DicomError("dicom.site_key", msg, "Give a secret of 16 random bytes or more and keep it at the site.")
    message = "\x00".join(parts).encode()
    return hmac.new(site_key, message, hashlib.sha256).hexdigest()[:32], "site key"


def token(identifier: str) -> str | None:
    """Return a short hash by which two files with the same identifier recognise each other; None for an empty one."""
    plain = identifier.strip()
    return hashlib.sha256(plain.encode()).hexdigest()[:16] if plain else None
