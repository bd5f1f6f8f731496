# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Make a study of Interfile projections: what the header lacks is assumed and said so, identifiers stay behind.

Torch-free.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from model.errors import StudyFormatError
from model.geometry import LEHR_NM670, TC99M_PEAK, EnergyWindow
from model.io.imported import DeidentificationReport, ImportedStudy, KeptElement, PatientFrame, RemovedElement
from model.io.interfile import InterfileProjections, read_interfile_projections
from model.io.notes import note
from model.io.patient_keys import patient_key
from model.io.study_records import Study

INTRINSIC_FWHM_MM = 3.9  # NaI of 9.5 mm at 140 keV, data sheets of GE NM670 and Siemens Symbia: 3.8-3.9 mm
_NAMES = ("patient name", "patient id", "data set name", "original institution", "contact person", "institution",
          "imaging center", "program author", "study id", "exam type", "data description")  # fmt: skip
_DATES = ("study date", "study time", "start time", "patient dob", "program date", "program time", "date", "time")
_TECHNICAL = ("imaging modality", "originating system", "version of keys", "type of data", "process status", "orbit",
              "isotope name", "radiopharmaceutical", "maximum pixel count", "patient sex", "image number",
              "study duration (sec)", "number of dimensions", "program version", "slice orientation")  # fmt: skip
INTERFILE_KEPT = {
    "number of projections": "size", "matrix size [1]": "size", "matrix size [2]": "size",
    "scaling factor (mm/pixel) [1]": "size", "scaling factor (mm/pixel) [2]": "size",
    "extent of rotation": "orbit", "start angle": "orbit", "direction of rotation": "orbit", "radius": "orbit",
    "radii": "orbit", "patient orientation": "position", "patient rotation": "position",
    "time per projection (sec)": "time a view", "image duration (sec)": "time a view",
    "energy window lower level [1]": "energy window", "energy window upper level [1]": "energy window",
    "name of data file": "the counts", "number format": "the counts", "number of bytes per pixel": "the counts",
    "imagedata byte order": "the counts", "data offset in bytes": "the counts",
    "data offset in bytes [1]": "the counts", "data starting block": "the counts",
    "number of detector heads": "size", "total number of images": "size",
}  # fmt: skip
NOT_STANDARD = "key outside the standard"
INTERFILE_KEYS = frozenset({*_NAMES, *_DATES, *_TECHNICAL, *INTERFILE_KEPT, NOT_STANDARD})
"""Keys that a report of de-identification may name."""


def import_interfile(path: str | Path, *, site_key: bytes | None = None) -> ImportedStudy:
    """Read parallel-hole projections as a study, one voxel a bin, without attenuation map.

    ``site_key`` is the site's secret under which the patient's number becomes the ``patient_key``.

    Raises
    ------
    StudyFormatError
        As `read_interfile_projections`; ``study.empty`` where nothing was counted.
    FileNotFoundError
        If the header or its data file is missing.
    """
    scan = read_interfile_projections(path)
    counts = float(scan.projections.sum(dtype="float64"))
    if counts <= 0:
        message = f"the projections hold {counts:g} counts, expected more than 0"
        raise StudyFormatError("study.empty", message)
    window, notes = _window(scan)
    geometry = scan.acquisition_geometry(collimator=LEHR_NM670, intrinsic_fwhm_mm=INTRINSIC_FWHM_MM, windows=(window,))
    notes = [*_assumptions(scan), *notes]
    key, origin = patient_key([scan.header.get("patient id", "")], site_key=site_key)
    report = replace(deidentification(scan.header), patient_key=origin)
    provenance = {"patient_key": key, "source": "interfile", "deidentification": report.to_dict(), "notes": list(notes)}
    study = Study(projections=scan.projections, geometry=geometry, provenance=provenance)
    return ImportedStudy(study, report, tuple(notes), PatientFrame.centred(geometry.grid))


def deidentification(header: Mapping[str, str]) -> DeidentificationReport:
    """Say which keys of a header were taken over and which were left behind; values are not repeated.

    Keys outside the standard are counted together: in a broken file a key may be anything.
    """
    kept = tuple(KeptElement(key, INTERFILE_KEPT[key]) for key in header if key in INTERFILE_KEPT)
    counts = Counter(_removed(key) for key, value in header.items() if key not in INTERFILE_KEPT and value)
    return DeidentificationReport(tuple(RemovedElement(*what, number) for what, number in counts.items()), kept)


def _removed(key: str) -> tuple[str, str]:
    for names, category in ((_NAMES, "name"), (_DATES, "date or time"), (_TECHNICAL, "other")):
        if key in names:
            return key, category
    return NOT_STANDARD, "text"


def _assumptions(scan: InterfileProjections) -> list[str]:
    collimator = LEHR_NM670
    notes = [
        note(
            "collimator.not_described",
            name=collimator.name,
            hole_mm=collimator.hole_mm,
            length_mm=collimator.length_mm,
            intrinsic_mm=INTRINSIC_FWHM_MM,
        ),
        note("rows.order"),
    ]
    if not scan.duration_known:
        notes.append(note("orbit.duration_not_given"))
    return notes


def _window(scan: InterfileProjections) -> tuple[EnergyWindow, list[str]]:
    limits = []
    for key in ("energy window lower level [1]", "energy window upper level [1]"):
        try:
            limits.append(float(scan.header.get(key, "")))
        except ValueError:
            peak = TC99M_PEAK
            return peak, [note("window.not_given", lower_kev=peak.lower_kev, upper_kev=peak.upper_kev)]
    return EnergyWindow("photopeak", limits[0], limits[1]), []
