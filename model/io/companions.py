# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Volumes that belong to a scan: attenuation maps in any usual unit, and reference images. Torch-free.

A file's name says what it is: a word of `MAP_WORDS` or `REFERENCE_WORDS` in it. Values say in which unit a map is:

==================  ===============================================================================================
HU                  some values below -200 (air is -1000)
density, mg/cm^3    no such values, median of what is not air 500 to 2000
mu, mm^-1           median of what is not air 0.005 to 0.035 (lung 0.004, water 0.0154 at 140 keV, bone 0.028)
mu, cm^-1           the same, ten times
==================  ===============================================================================================

HU and densities become mu at the middle of the photopeak window, as a CT series does (`model.io.dicom.ct`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import StudyFormatError
from model.io.dicom.ct import SMALLEST_OVERLAP, middle_kev, mu_from_hu, water_mu_per_mm
from model.io.dicom.volume import read_attenuation_map
from model.io.dicom_index import is_dicom
from model.io.imported import ImportedStudy, PatientFrame, with_note
from model.io.interfile import read_interfile
from model.io.nifti import is_nifti, read_nifti
from model.io.notes import note
from model.io.resampling import (
    PlacedVolume,
    centred_at,
    frame_to_lps,
    onto_frame,
    repeated_note,
    slice_shares,
    with_ends_repeated,
)
from model.io.study_records import Study, check_study

MAP_WORDS = ("attenuation", "attmap", "attn", "atn_map", "mumap", "mu_map", "mu-map", "umap")
REFERENCE_WORDS = ("reference",)
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


def to_mu_per_mm(values: npt.NDArray[Any], unit: str, energy_kev: float = 140.5) -> Floats:
    """Return mu in mm^-1, never negative; HU and densities are converted for the energy, mu itself is taken as it is."""
    plain = np.asarray(values, dtype=np.float32)
    if unit == "HU":
        return mu_from_hu(plain, energy_kev)
    mu: Floats = plain * np.float32({"1/mm": 1.0, "1/cm": 0.1, "mg/cm3": water_mu_per_mm(energy_kev) / 1000}[unit])
    return np.maximum(mu, 0.0).astype(np.float32)


def attach_map(imported: ImportedStudy, path: Path) -> ImportedStudy:
    """Return the study with the attenuation map of a volume file, resampled onto its grid.

    Raises
    ------
    DicomError
        What `model.io.dicom.read_attenuation_map` raises.
    StudyFormatError
        What `read_volume` and `attenuation_unit` raise; ``attenuation.no_overlap`` where the map covers too few slices.
    """
    if is_dicom(path):
        return _attach_dicom_map(imported, path)
    volume = read_volume(path)
    unit, energy_kev = attenuation_unit(volume.values), middle_kev(imported.study)
    frame, how = _placed(imported, volume, has_place=is_nifti(path))
    shares = slice_shares(volume, frame)
    covered = shares >= 0.5  # a slice with less of it would be diluted by what is not known
    if covered.mean() < SMALLEST_OVERLAP:
        message = (
            f"the map covers {covered.mean():.0%} of the emission slices, at least {SMALLEST_OVERLAP:.0%} are needed"
        )
        raise StudyFormatError("attenuation.no_overlap", message, "Choose the map of the same bed position.")
    mu = onto_frame(PlacedVolume(to_mu_per_mm(volume.values, unit, energy_kev), volume.to_lps), frame)
    whole = mu / np.where(covered, shares, 1.0).astype(np.float32)[:, None, None]  # the mean of the covered part
    told = (
        note(f"map.converted_{how}", unit=unit, energy_kev=energy_kev)
        if unit in ("HU", "mg/cm3")
        else note(f"map.{how}", unit=unit)
    )
    notes = (told, *repeated_note("map.repeated", covered))
    return with_volume(imported, {"attenuation": with_ends_repeated(whole, covered)}, *notes)


def _attach_dicom_map(imported: ImportedStudy, path: Path) -> ImportedStudy:
    frame = imported.frame or PatientFrame.centred(imported.study.geometry.grid)
    found = read_attenuation_map(path, frame, energy_kev=middle_kev(imported.study))
    return with_volume(imported, {"attenuation": found.mu_per_mm}, *found.notes)


def attach_reference(imported: ImportedStudy, path: Path) -> ImportedStudy:
    """Return the study with a reference image, amounts per voxel kept; its unit is not changed."""
    volume = read_volume(path)
    frame, how = _placed(imported, volume, has_place=is_nifti(path))
    dz, dy, dx = frame.grid.voxel_mm
    image = np.maximum(onto_frame(volume, frame), 0.0) * np.float32(dz * dy * dx / volume.voxel_mm3)
    changes = {"reference": image, "reference_kind": "clinical_reconstruction"}
    return with_volume(imported, changes, note(f"reference.{how}"))


def with_volume(imported: ImportedStudy, changes: Mapping[str, Any], *notes: str) -> ImportedStudy:
    """Return the study with changed fields and more notes, checked."""
    study: Study = replace(imported.study, **changes)
    check_study(study)
    return with_note(replace(imported, study=study), *notes)


def _placed(imported: ImportedStudy, volume: PlacedVolume, *, has_place: bool) -> tuple[PatientFrame, str]:
    frame = imported.frame or PatientFrame.centred(imported.study.geometry.grid)
    if frame.positioned and has_place:
        return frame, "placed"
    return centred_at(frame, volume.centre_mm), "centred"
