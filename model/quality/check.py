"""Run every check on a study and gather what they find."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

import h5py

from model.io.study import read_study
from model.io.study_records import Study
from model.quality import acquisition, consistency, counting, coverage, identifiers
from model.quality.facts import Facts
from model.quality.report import Finding, Findings, QualityReport

Check = Callable[[Facts], Findings]
CHECKS: dict[str, Check] = {
    "views": acquisition.check_views,
    "arc": acquisition.check_arc,
    "orbit": acquisition.check_orbit,
    "windows": acquisition.check_windows,
    "counts": counting.check_total,
    "each view": counting.check_each_view,
    "pixels": counting.check_pixels,
    "truncation": coverage.check_truncation,
    "map": coverage.check_map,
    "motion": consistency.check_motion,
    "place of the map": consistency.check_map_place,
    "reference": consistency.check_reference,
    "words": identifiers.check_words,
}
"""Name -> check, in the order in which a person would look; a further check is added here and nowhere else."""


def check_study(study: Study) -> QualityReport:
    """Return everything that is found in `study`; the study itself is not changed.

    Checks look at the photopeak, the geometry, the attenuation map, the scatter and the reference where there are such.
    The study must keep the rules of the format (`model.io.study.read_study` sees to it).
    """
    facts = Facts.of(study)
    return _report({name: check(facts) for name, check in CHECKS.items()})


def check_file(path: str | Path) -> QualityReport:
    """Return what `check_study` finds in a study file, and what the file holds that no study has.

    Raises
    ------
    StudyFormatError, FileNotFoundError
        As `read_study`.
    """
    report = check_study(read_study(path))
    with h5py.File(path, "r") as file:
        items = identifiers.check_file_items(file)
    return QualityReport(_ordered((*items, *report.findings)), (*report.checked, "items"))


def _report(found: Mapping[str, Findings]) -> QualityReport:
    made = {name: findings for name, findings in found.items() if findings is not None}
    return QualityReport(_ordered(finding for findings in made.values() for finding in findings), tuple(made))


def _ordered(findings: Iterable[Finding]) -> tuple[Finding, ...]:
    return tuple(sorted(findings, key=lambda finding: -finding.level.rank))
