"""Look for what names a person in the words that a study carries. Torch-free.

The reader of the study file refuses keys that name a person (`model.io.study_records`); values are looked at here: names
as DICOM writes them, days, unique identifiers, numbers of patients. DICOM PS3.15 Annex E lists what must go.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from model.io.study_items import unknown_items
from model.quality.facts import Facts
from model.quality.report import Finding, Level

_UID = re.compile(r"\b[0-2]\.\d+(?:\.\d+){3,}\b")
_NAME = re.compile(r"[^\W\d_]{2,}\^[^\W\d_]{2,}")
_TITLED = re.compile(r"\b(?:Mr|Mrs|Ms|Dr|Prof|Herr|Frau)\.? [A-ZÄÖÜ]")
_DAY = re.compile(
    r"\b(?:19|20)\d\d(?:-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])|(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01]))\b"
)
_GERMAN_DAY = re.compile(r"\b(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])\.(?:19|20)\d\d\b")
_NUMBER = re.compile(r"(?<![\w.])[A-Z]{0,4}[-#]?\d{6,12}(?![\w.])")
_KEY = re.compile(
    r"name_of|nachname|vorname|geburt|birth|surname|firstname|lastname|patient_?(?:name|number|id|nr)|\bmrn\b|\bdob\b|fall_?nummer|ssn",
    re.IGNORECASE,
)
_PATTERNS = {"name": (_NAME, _TITLED), "uid": (_UID,), "day": (_DAY, _GERMAN_DAY), "number": (_NUMBER,)}
OWN_KEYS = frozenset(
    {"patient_key", "patient_key_from", "scenario_digest", "sha256", "digest", "seed", "removed", "kept"}
)
"""Keys whose values this project writes itself: keys of patients that name nobody, digests, names of elements."""


def check_words(facts: Facts) -> list[Finding]:
    """Check keys and values of the provenance and the names of the labels."""
    kinds = sorted({kind for key, text in _words(facts.study.provenance) for kind in _kinds(key, text)})
    kinds += [kind for name in facts.study.label_codes for kind in _kinds("", name) if kind not in kinds]
    if not kinds:
        return []
    text = f"The study's description holds what may name a person ({', '.join(kinds)})."
    remedy = "Remove these entries from the file and add it again; nothing of them is shown or sent."
    return [Finding("identifiers.words", Level.ERROR, text, remedy, {"kinds": len(kinds)})]


def _words(value: object, key: str = "") -> Iterator[tuple[str, str]]:
    if key in OWN_KEYS:
        return
    if isinstance(value, Mapping):
        for name, inner in value.items():
            yield from _words(inner, str(name))
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _words(inner, key)
    else:
        yield key, value if isinstance(value, str) else ""


def _kinds(key: str, text: str) -> list[str]:
    found = [kind for kind, patterns in _PATTERNS.items() if any(pattern.search(text) for pattern in patterns)]
    return found + (["key"] if _KEY.search(key) else [])


def check_file_items(file: Any) -> list[Finding]:
    """Check that an opened study file (HDF5) holds nothing that the format does not know; it would stay in the store.

    Only the number of such items is told: their names may be identifiers themselves.
    """
    unknown = len(unknown_items(file))
    if unknown == 0:
        return []
    text = f"The file holds {unknown} item(s) that no study has; they may name the patient."
    remedy = "Write the study again with `flomir import`, which takes over only what a study needs."
    return [Finding("identifiers.items", Level.ERROR, text, remedy, {"items": unknown})]
