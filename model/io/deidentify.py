# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Say what a file held and a study will not: an inventory by name and count, and a key that groups a patient's studies.

A study is built from an allow-list of numbers; whatever is not on the list is removed by never being copied. The
patient's number is replaced by an HMAC under a key that never leaves the site. Torch-free.

References
----------
DICOM PS3.15 Annex E (confidentiality profiles) names the elements that must go; an allow-list goes further. HMAC: RFC
2104, with SHA-256.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag

from model.errors import DicomError
from model.io.imported import DeidentificationReport, KeptElement, RemovedElement

_CATEGORIES = {
    "PN": "name",
    "DA": "date or time",
    "DT": "date or time",
    "TM": "date or time",
    "UI": "unique identifier",
}
_TEXT = frozenset({"AE", "AS", "CS", "LO", "LT", "SH", "ST", "UC", "UR", "UT"})
_MAX_DEPTH = 16


def inventory(dataset: Any, *, _depth: int = 0) -> Counter[int]:
    """Return how often each tag occurs in `dataset` and its sequences; values are not looked at."""
    found: Counter[int] = Counter()
    for tag in list(dataset.keys()):
        found[int(tag)] += 1
        if _depth < _MAX_DEPTH and _is_sequence(dataset, tag):
            for item in dataset[tag].value:
                found += inventory(item, _depth=_depth + 1)
    return found


def _is_sequence(dataset: Any, tag: Any) -> bool:
    representation = dataset.get_item(tag).VR
    if representation is None and dictionary_has_tag(tag):
        representation = dictionary_VR(tag)
    return str(representation) == "SQ"


def report(counts: Mapping[int, int], kept: Mapping[str, str], *, patient_key: str) -> DeidentificationReport:
    """Return the report for tags that were found, given the keywords that were used and why.

    Parameters
    ----------
    counts : mapping of tag to count
    kept : mapping of keyword to reason
    patient_key : str
        How the patient's key came about.
    """
    removed: Counter[tuple[str, str]] = Counter()
    used = []
    for tag, count in counts.items():
        name, category = _describe(tag)
        if name in kept:
            used.append(KeptElement(name, kept[name]))
        else:
            removed[name, category] += count
    records = tuple(RemovedElement(name, category, n) for (name, category), n in sorted(removed.items()))
    return DeidentificationReport(records, tuple(sorted(used, key=lambda k: k.name)), patient_key)


def _describe(tag: int) -> tuple[str, str]:
    number = f"({tag >> 16:04X},{tag & 0xFFFF:04X})"
    if (tag >> 16) % 2:
        return number, "private"
    if not dictionary_has_tag(tag):
        return number, "other"
    representation = dictionary_VR(tag)
    category = "text" if representation in _TEXT else _CATEGORIES.get(representation, "other")
    return keyword_for_tag(tag) or number, category


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
