# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Volumes that belong to a scan: attenuation maps in any usual unit, and reference images. Torch-free.

A file's name says what it is: a word of `MAP_WORDS` or `REFERENCE_WORDS` in it. Values say in which unit a map is:

==================  ===============================================================================================
HU                  some values below -200 (air is -1000)
density, mg/cm^3    no such values, median of what is not air 500 to 2000
mu, mm^-1           median of what is not air 0.005 to 0.035 (lung 0.004, water 0.0154 at 140 keV, bone 0.028)
mu, cm^-1           the same, ten times
==================  ===============================================================================================

References
----------
Piecewise linear HU to mu as in `model.attenuation` (Brown et al., J Nucl Med Technol 36 (2008) 117): water at 0 HU, air at
-1000 HU, cortical bone at 1500 HU.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import StudyFormatError
from model.io.imported import ImportedStudy, PatientFrame
from model.io.interfile import read_interfile
from model.io.nifti import is_nifti, read_nifti
from model.io.resampling import PlacedVolume, centred_at, frame_to_lps, onto_frame
from model.io.study_records import Study, check_study

MAP_WORDS = ("attenuation", "attmap", "attn", "atn_map", "mumap", "mu_map", "mu-map", "umap")
REFERENCE_WORDS = ("reference",)
WATER_PER_MM = 0.01537  # 140.5 keV, as in model.attenuation
BONE_PER_MM, BONE_HU = 0.0285, 1500.0
COLDEST_TISSUE_HU = -200.0
Floats = npt.NDArray[np.float32]


def is_map_name(path: Path) -> bool:
    """Tell whether the name says attenuation map."""
    return any(word in path.name.lower() for word in MAP_WORDS)


def is_reference_name(path: Path) -> bool:
    """Tell whether the name says reference image."""
    return any(word in path.name.lower() for word in REFERENCE_WORDS)


def read_volume(path: Path) -> PlacedVolume:
    """Read a NIfTI or Interfile volume; an Interfile volume, which has no place, is laid along LPS around the origin.

    Raises
    ------
    StudyFormatError
        What is wrong with the file, or ``interfile.missing_key`` where voxel sizes are missing.
    FileNotFoundError
        If a file is missing.
    """
    if is_nifti(path):
        return read_nifti(path)
    image = read_interfile(path)
    dz, dy, dx = image.spacing_mm
    if dz is None or dy is None or dx is None:
        message = f"the header gives voxels of {image.spacing_mm} mm, all three sizes are needed"
        raise StudyFormatError("interfile.missing_key", message)
    from model.geometry import VolumeGrid

    planes, rows, columns = image.array.shape
    frame = PatientFrame.centred(VolumeGrid((planes, rows, columns), (dz, dy, dx)))
    return PlacedVolume(image.array, frame_to_lps(frame))


def attenuation_unit(values: npt.NDArray[Any]) -> str:
    """Return ``HU``, ``mg/cm3``, ``1/mm`` or ``1/cm`` by the values (module docstring).

    Raises
    ------
    StudyFormatError
        ``attenuation.unit`` where the values fit none.
    """
    if float(values.min()) < COLDEST_TISSUE_HU:
        return "HU"
    largest = float(values.max())
    tissue = values[values > 0.2 * largest] if largest > 0 else values
    middle = float(np.median(tissue))
    for unit, low, high in (("1/mm", 0.005, 0.035), ("1/cm", 0.05, 0.35), ("mg/cm3", 500.0, 2000.0)):
        if low <= middle <= high:
            return unit
    message = (
        f"the attenuation map reaches {largest:.4g} with a median of {middle:.4g}, which fits neither mm^-1 (water 0.0154), "
        "cm^-1 (0.154), HU nor mg/cm^3"
    )
    raise StudyFormatError("attenuation.unit", message, "Convert the map to mm^-1 at the photopeak.")


def to_mu_per_mm(values: npt.NDArray[Any], unit: str) -> Floats:
    """Return mu at 140.5 keV in mm^-1, never negative."""
    plain = np.asarray(values, dtype=np.float32)
    if unit == "HU":
        soft = WATER_PER_MM * (1 + plain / 1000)
        bone = WATER_PER_MM + plain * ((BONE_PER_MM - WATER_PER_MM) / BONE_HU)
        mu = np.where(plain <= 0, soft, bone)
    else:
        mu = plain * {"1/mm": 1.0, "1/cm": 0.1, "mg/cm3": WATER_PER_MM / 1000}[unit]
    return np.maximum(mu, 0.0).astype(np.float32)


def attach_map(imported: ImportedStudy, path: Path) -> ImportedStudy:
    """Return the study with the attenuation map of a volume file, resampled onto its grid."""
    volume = read_volume(path)
    unit = attenuation_unit(volume.values)
    frame, how = _placed(imported, volume, has_place=is_nifti(path))
    mu = onto_frame(PlacedVolume(to_mu_per_mm(volume.values, unit), volume.to_lps), frame)
    note = f"The attenuation map was read in {unit} and laid {how}."
    return with_volume(imported, {"attenuation": mu}, note)


def attach_reference(imported: ImportedStudy, path: Path) -> ImportedStudy:
    """Return the study with a reference image, amounts per voxel kept; its unit is not changed."""
    volume = read_volume(path)
    frame, how = _placed(imported, volume, has_place=is_nifti(path))
    dz, dy, dx = frame.grid.voxel_mm
    image = np.maximum(onto_frame(volume, frame), 0.0) * np.float32(dz * dy * dx / volume.voxel_mm3)
    note = f"A reference image was laid {how}; whether its unit is that of the counts, the calibration check decides."
    return with_volume(imported, {"reference": image, "reference_kind": "clinical_reconstruction"}, note)


def with_volume(imported: ImportedStudy, changes: Mapping[str, Any], note: str) -> ImportedStudy:
    """Return the study with changed fields and one more note, checked."""
    study: Study = replace(imported.study, **changes)
    check_study(study)
    return with_note(replace(imported, study=study), note)


def with_note(imported: ImportedStudy, note: str) -> ImportedStudy:
    """Return the study with one more note, in its provenance too."""
    notes = (*imported.notes, note)
    provenance = {**imported.study.provenance, "notes": list(notes)}
    return replace(imported, study=replace(imported.study, provenance=provenance), notes=notes)


def _placed(imported: ImportedStudy, volume: PlacedVolume, *, has_place: bool) -> tuple[PatientFrame, str]:
    frame = imported.frame or PatientFrame.centred(imported.study.geometry.grid)
    if frame.positioned and has_place:
        return frame, "where both files say it lies"
    return centred_at(frame, volume.centre_mm), "centre on centre, as its position is not known"
