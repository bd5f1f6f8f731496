"""Read a study file that somebody else made for what a study needs, and leave the rest behind: nothing is copied.

Counts, images, geometry and truth are the file's, to the last bit. Words are not: the names of collimator, energy windows
and labels are kept where they are known ones, the entries of the provenance where our own readers and generators write
them (`model.io.provenance`), and the patient's key is replaced by the site's pseudonym. Torch-free.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py

from model.geometry import AcquisitionGeometry, EnergyWindow
from model.io.dicom.cameras import COLLIMATOR_WORDS
from model.io.imported import DeidentificationReport, ImportedStudy, PatientFrame
from model.io.left_behind import COLLIMATOR, LABEL, WINDOW, counted_together, left_behind
from model.io.patient_keys import patient_key
from model.io.provenance import earlier_report, known_provenance
from model.io.study import read_study
from model.io.study_items import unknown_items

_OWN_KEY = re.compile(r"[0-9a-f]{32}|synthetic-[0-9a-f]{24}")
_WINDOW = re.compile(r"photopeak|(upper |lower )?scatter|window \d{1,2}")
_LABEL_WORDS = frozenset({
    "background", "air", "body", "skin", "fat", "adipose", "muscle", "soft", "tissue", "lung", "lungs", "bone", "spine",
    "rib", "ribs", "sternum", "marrow", "blood", "pool", "heart", "myocardium", "ventricle", "atrium", "aorta", "vessel",
    "right", "left", "wall", "cavity", "liver", "gall", "bladder", "stomach", "spleen", "kidney", "kidneys", "bowel",
    "intestine", "colon", "pancreas", "oesophagus", "esophagus", "thyroid", "breast", "lymph", "node", "brain", "arm",
    "arms", "table", "lesion", "defect", "tumour", "tumor", "infarct", "other", "organ",
})  # fmt: skip


def read_known_study(path: Path, *, site_key: bytes | None = None) -> ImportedStudy:
    """Read a study file as a study of this site.

    Parameters
    ----------
    site_key : bytes, optional
        The site's secret (16 bytes or more) under which the file's ``patient_key`` becomes another. Without it a key that
        is a pseudonym by its form stays, any other becomes random.

    Returns
    -------
    ImportedStudy
        Its report lists what the file held besides, and what was removed before; a file that holds nothing else and
        tells of nothing removed gives the same study, but for the patient's key.

    Raises
    ------
    StudyFormatError, FileNotFoundError
        As `read_study`.
    """
    found = read_study(path)
    with h5py.File(path, "r") as file:
        left = unknown_items(file)
    geometry, words = known_geometry(found.geometry)
    codes, labels = known_labels(found.label_codes)
    kept, entries = known_provenance(found.provenance)
    earlier, told = earlier_report(found.provenance)
    key, origin = _key(found.provenance, site_key)
    removed = left_behind([*left, *words, *labels, *entries, *told])
    before = earlier or DeidentificationReport()
    report = DeidentificationReport(
        counted_together(removed, before.removed),
        before.kept,
        before.patient_key if before.patient_key == "random" else origin,
    )
    provenance = {name: value for name, value in found.provenance.items() if name in kept or name == "deidentification"}
    if earlier is not None or removed:
        provenance["deidentification"] = report.to_dict()
    if key is not None:
        provenance["patient_key"] = key
    study = replace(found, geometry=geometry, label_codes=codes, provenance=provenance)
    return ImportedStudy(study, report, frame=PatientFrame.centred(geometry.grid))


def known_geometry(geometry: AcquisitionGeometry) -> tuple[AcquisitionGeometry, list[str]]:
    """Return the same acquisition with known words for its collimator and windows, and what was replaced."""
    left: list[str] = []
    collimator = geometry.collimator
    if not _is_collimator(collimator.name):
        collimator = replace(collimator, name="collimator")
        left.append(COLLIMATOR)
    windows: list[EnergyWindow] = []
    for number, window in enumerate(geometry.windows, 1):
        if isinstance(window.name, str) and _WINDOW.fullmatch(window.name):
            windows.append(window)
        else:
            windows.append(replace(window, name="photopeak" if number == 1 else f"window {number}"))
            left.append(WINDOW)
    return (replace(geometry, collimator=collimator, windows=tuple(windows)), left) if left else (geometry, left)


def known_labels(codes: Mapping[str, int]) -> tuple[dict[str, int], list[str]]:
    """Return the table of labels with a number in place of each name that is no organ's, and what was replaced."""
    known, left = {}, []
    for name, code in codes.items():
        if name == f"label {code}" or all(word in _LABEL_WORDS for word in re.split(r"[ _-]", name.lower())):
            known[name] = code
        else:
            known[f"label {code}"] = code
            left.append(LABEL)
    return known, left


def _is_collimator(name: object) -> bool:
    if not isinstance(name, str) or len(name) > 64:
        return False
    words = re.split(r"[ _/-]+", name.upper())
    return all(word in COLLIMATOR_WORDS or word in {"GIVEN", "COLLIMATOR"} for word in words)


def _key(provenance: Mapping[str, Any], site_key: bytes | None) -> tuple[str | None, str]:
    """Return the study's key and where it comes from; the file's own does not outlive this."""
    given = provenance.get("patient_key")
    if given is None or not str(given).strip():
        return None, "none"
    if site_key is None and _OWN_KEY.fullmatch(str(given)):
        return str(given), "file"
    key, origin = patient_key([str(given)], site_key=site_key)
    return key, "file" if origin == "site key" else origin
