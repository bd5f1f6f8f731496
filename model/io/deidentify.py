"""Say what a file held and a study will not: an inventory by name and count, and a key that groups a patient's studies.

A study is built from an allow-list of numbers; whatever is not on the list is removed by never being copied. The
patient's number is replaced by an HMAC under a key that never leaves the site. Torch-free.

References
----------
DICOM PS3.15 Annex E (confidentiality profiles) names the elements that must go; an allow-list goes further. HMAC: RFC
2104, with SHA-256.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from pydicom.datadict import dictionary_has_tag, dictionary_VR, keyword_for_tag

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
