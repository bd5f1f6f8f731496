"""Tell what a file held and what is stored does not: well-known names as they are, all others by their number. Torch-free.

The name that somebody gave an item may be a patient's. So only names that are words of the trade are repeated, never a value.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from itertools import chain

from model.io.imported import DeidentificationReport, RemovedElement
from model.io.study_records import IDENTIFIER_KEYS, plain_key

MOST_NAMES = 20
OTHER_ITEM = "item outside the format"
COLLIMATOR, WINDOW, LABEL = "name of the collimator", "name of an energy window", "name of a label"
"""Words of a file that are not among those that are known, and are replaced by a word of our own."""
CATEGORIES = frozenset({"name", "date or time", "unique identifier", "text", "private", "other"})

# As a person writes them into a file beside the data; compared as `IDENTIFIER_KEYS` are.
_NAMES = frozenset({
    "name", "patient", "patientnr", "patientnumber", "subject", "subjectid", "subjectname", "person", "id", "pid",
    "caseid", "nachname", "vorname", "patientenname", "patientennummer", "patientennr", "fallnummer", "author", "user",
    "filename", "file", "path", "source", "sourcefile",
})  # fmt: skip
_DATES = frozenset({
    "date", "time", "datetime", "timestamp", "birth", "birthday", "scandate", "acquisitiontime", "studytime", "created",
    "modified", "geburtsdatum", "geburtstag", "datum", "patientbirthdate", "patientsbirthdate", "birthdate",
    "dateofbirth", "dob", "studydate", "seriesdate", "acquisitiondate",
})  # fmt: skip
_TEXTS = frozenset({
    "comment", "comments", "patientcomments", "note", "notes", "remark", "remarks", "description", "studydescription",
    "seriesdescription", "report", "diagnosis", "findings", "history", "sex", "gender", "age", "patientage",
    "patientsex", "weight", "height", "meta", "metadata", "info", "header", "attrs", "kommentar", "bemerkung", "befund",
    "diagnose", "geschlecht", "alter", "scanner", "site", "affine", "spacing", "mask", "patientkey", "deidentification",
})  # fmt: skip
_OURS = {COLLIMATOR: "text", WINDOW: "text", LABEL: "text", OTHER_ITEM: "other"}


def left_behind(names: Iterable[str]) -> tuple[RemovedElement, ...]:
    """Return what to tell of items that are not taken over."""
    counts = Counter(_told(name) for name in names)
    return tuple(RemovedElement(name, category, number) for (name, category), number in sorted(counts.items()))


def counted_together(*parts: Iterable[RemovedElement]) -> tuple[RemovedElement, ...]:
    """Return one element for each name and category, in the order of their first appearance."""
    counts: dict[tuple[str, str], int] = {}
    for element in chain(*parts):
        counts[element.name, element.category] = counts.get((element.name, element.category), 0) + element.count
    return tuple(RemovedElement(*what, number) for what, number in counts.items())


def is_told(name: str) -> bool:
    """Say whether `left_behind` repeats a name."""
    return _told(name)[0] != OTHER_ITEM or name == OTHER_ITEM


def sentences(report: DeidentificationReport) -> tuple[str, ...]:
    """Return for a person how much was left behind, and what; nothing where nothing was."""
    if not report.removed:
        return ()
    names = [element.name for element in report.removed]
    more = f" and {len(names) - MOST_NAMES} more kinds" if len(names) > MOST_NAMES else ""
    return (report.sentence(), f"Left behind: {', '.join(names[:MOST_NAMES])}{more}.")


def _told(name: str) -> tuple[str, str]:
    if name in _OURS:
        return name, _OURS[name]
    plain = plain_key(name)
    if plain.endswith("uid") and plain in IDENTIFIER_KEYS:
        return name, "unique identifier"
    for words, category in ((_DATES, "date or time"), (_NAMES, "name"), (IDENTIFIER_KEYS, "name"), (_TEXTS, "text")):
        if plain in words:
            return name, category
    return OTHER_ITEM, "other"
