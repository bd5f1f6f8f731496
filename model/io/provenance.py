"""Which entries of a study's provenance are taken over from a file: those that our own readers and generators write.

A text passes only where it is a word of a list or a digest, so that no sentence and no name does. Free words in small
letters are taken for the names of a scenario, its site and its generator. Torch-free.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from typing import Any

from pydicom.datadict import tag_for_keyword

from model.io.dicom.cameras import MAKERS, RADIONUCLIDES
from model.io.dicom.reader import KEPT
from model.io.imported import DeidentificationReport, KeptElement, RemovedElement
from model.io.interfile_study import INTERFILE_KEPT, INTERFILE_KEYS
from model.io.left_behind import CATEGORIES, OTHER_ITEM, is_told

Fits = Callable[[object], bool]
NO_PERSON = "a digital phantom, no person"
"""Why the provenance of a synthetic study says that nothing had to be removed."""
_WORDS = frozenset({
    "thorax", "xcat", "labelmap", "infarct", "ischaemia", "creeping", "abrupt", "x", "y", "z", "kept", "liver", "lung",
    "lymph_node", "breast", "spine", "spleen", "kidney", *(nuclide.name for nuclide in RADIONUCLIDES),
})  # fmt: skip
_DIGEST = re.compile(r"[0-9a-f]{16,64}")
_FIELD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_GENERATOR = re.compile(r"[a-z][a-z0-9_.-]{0,39}(/[a-z0-9_.-]{1,20})?")
_VERSION = re.compile(r"(official )?[A-Za-z]{0,12}\d[0-9A-Za-z.+_]{0,30}|xraylib-mini")
_TAG = re.compile(r"\([0-9A-F]{4},[0-9A-F]{4}\)")
_REASONS = frozenset({*KEPT.values(), *INTERFILE_KEPT.values()})
_MOST = 4096
_DEEPEST = 6


def known_provenance(provenance: Mapping[str, Any]) -> tuple[dict[str, Any], list[str]]:
    """Return the entries that are taken over as they are, and the names of the others; the patient's key is among neither.

    The report of an earlier de-identification is among neither, see `earlier_report`.
    """
    kept, left = {}, []
    for name, value in provenance.items():
        fits = _SHAPES.get(name)
        if fits is not None and fits(value):
            kept[name] = value
        elif name not in ("patient_key", "deidentification"):
            left.append(name)
    return kept, left


def earlier_report(provenance: Mapping[str, Any]) -> tuple[DeidentificationReport | None, list[str]]:
    """Return what the provenance says of an earlier de-identification, without words that are not known; and what was left."""
    found = provenance.get("deidentification")
    if found is None or found == {"needed": False, "reason": NO_PERSON}:
        return None, []
    if not isinstance(found, Mapping):
        return None, ["deidentification"]
    removed = [_removed(one) for one in _listed(found.get("removed"))]
    kept = [_kept(one) for one in _listed(found.get("kept"))]
    origin = found.get("patient_key_from")
    report = DeidentificationReport(
        tuple(one for one in removed if one is not None),
        tuple(one for one in kept if one is not None),
        origin if origin in ("site key", "random") else "none",
    )
    lost = [OTHER_ITEM] * (removed.count(None) + kept.count(None))
    return report, lost + [name for name in found if name not in ("removed", "kept", "patient_key_from")]


def _listed(value: object) -> list[object]:
    return value[:_MOST] if isinstance(value, list) else []


def _removed(one: object) -> RemovedElement | None:
    if not isinstance(one, Mapping) or set(one) != {"name", "category", "count"}:
        return None
    name, category, count = str(one["name"]), str(one["category"]), one["count"]
    if not _is_element(name) or category not in CATEGORIES or type(count) is not int or count < 1:
        return None
    return RemovedElement(name, category, count)


def _kept(one: object) -> KeptElement | None:
    if not isinstance(one, Mapping) or set(one) != {"name", "reason"}:
        return None
    name, reason = str(one["name"]), str(one["reason"])
    return KeptElement(name, reason) if _is_element(name) and reason in _REASONS else None


def _is_element(name: str) -> bool:
    return is_told(name) or name in INTERFILE_KEYS or bool(_TAG.fullmatch(name)) or tag_for_keyword(name) is not None


# ---------------------------------------------------------------- shapes


def _matching(pattern: re.Pattern[str]) -> Fits:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _one_of(*words: str) -> Fits:
    return lambda value: isinstance(value, str) and value in words


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_count(value: object) -> bool:
    return type(value) is int


def _is_gate(value: object) -> bool:
    return value is None or type(value) is int


def _is_versions(value: object) -> bool:
    return isinstance(value, Mapping) and all(
        _FIELD.fullmatch(str(name)) and isinstance(version, str) and _VERSION.fullmatch(version)
        for name, version in value.items()
    )


def _is_figures(value: object, depth: int = 0) -> bool:
    """Tell whether a value is made of numbers, digests and words of the list, its keys of small letters."""
    if isinstance(value, str):
        return value in _WORDS or _DIGEST.fullmatch(value) is not None
    if depth > _DEEPEST:
        return False
    if isinstance(value, Mapping):
        return all(_FIELD.fullmatch(str(name)) and _is_figures(inner, depth + 1) for name, inner in value.items())
    if isinstance(value, list | tuple):
        return all(_is_figures(inner, depth + 1) for inner in value)
    return value is None or (isinstance(value, bool | int | float) and math.isfinite(value))


_SHAPES: dict[str, Fits] = {
    "generator": _matching(_GENERATOR),
    "generator_version": _is_count,
    "scenario": _matching(_SLUG),
    "scenario_digest": _matching(_DIGEST),
    "site": _matching(_SLUG),
    "seed": _is_count,
    "index": _is_count,
    "variant": _is_count,
    "versions": _is_versions,
    "expected_counts": _is_number,
    "scatter_fraction": _is_number,
    "source": _one_of("dicom", "interfile"),
    "maker": _one_of("unknown", *MAKERS),
    "gates": _is_count,
    "gate": _is_gate,
    "monte_carlo_noise": _one_of("kept"),
    **dict.fromkeys(
        ("anatomy", "uptakes", "lesions", "defect_kinds", "perturbation", "monte_carlo", "activity_calibration"),
        _is_figures,
    ),
}
