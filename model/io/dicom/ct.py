# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
r"""Make an attenuation map on the emission grid from a CT series of the same examination. Torch-free.

Hounsfield units become :math:`\mu` by two straight lines that meet at water: below, a mixture of air and water; above,
of water and cortical bone, whose slope is the ratio of what bone adds over water at the photopeak and at the CT's
effective energy. The CT is averaged over blocks of about a voxel of the emission grid before it is interpolated
(trilinear), so that fine detail does not alias.

References
----------
Patton & Turkington, J Nucl Med Technol 36 (2008) 1 (bilinear conversion); Brown, Bailey, Willowson & Baldock, Appl
Radiat Isot 66 (2008) 1206 (slopes for SPECT radionuclides). Mass attenuation coefficients: Hubbell & Seltzer, NIST
NISTIR 5632 (water; ICRU-44 cortical bone, 1.92 g/cm3), log-log interpolated: water 0.1537 cm^-1 at 140.5 keV.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import DicomError
from model.io.dicom.fields import Fields, element_name, guarded, open_dicom, read_pixels
from model.io.imported import ImportedStudy, PatientFrame, with_note
from model.io.notes import note
from model.io.patient_keys import token
from model.io.resampling import repeated_note, with_ends_repeated
from model.io.study_records import Study, check_study

Floats = npt.NDArray[np.float32]
WATER_PER_MM_AT_140 = 0.01537
CT_EFFECTIVE_KEV = 75.0  # of a 120 to 140 kVp beam behind a body; 5 keV off change bone by 4 %, nothing below 0 HU
MAX_SLICES = 4000
SMALLEST_OVERLAP = 0.5  # of the emission slices; with less the map would be mostly invented
_ENERGY_KEV = (50.0, 60.0, 80.0, 100.0, 150.0, 200.0, 300.0, 400.0, 500.0, 600.0)
_WATER_CM2_G = (0.2269, 0.2059, 0.1837, 0.1707, 0.1505, 0.1370, 0.1186, 0.1061, 0.09687, 0.08956)
_BONE_CM2_G = (0.4242, 0.3148, 0.2229, 0.1855, 0.1480, 0.1309, 0.1113, 0.09908, 0.09022, 0.08332)
_BONE_G_CM3 = 1.92


def _per_mm(table: tuple[float, ...], energy_kev: float, density: float) -> float:
    if not _ENERGY_KEV[0] <= energy_kev <= _ENERGY_KEV[-1]:
        msg = f"the energy is {energy_kev:g} keV, expected {_ENERGY_KEV[0]:g} to {_ENERGY_KEV[-1]:g}"
        raise DicomError("dicom.bad_value", msg)
    return density / 10.0 * math.exp(float(np.interp(math.log(energy_kev), np.log(_ENERGY_KEV), np.log(table))))


def water_mu_per_mm(energy_kev: float) -> float:
    """Return the linear attenuation of water, mm^-1; scaled so that 140.5 keV gives 0.01537 as elsewhere here."""
    unscaled = _per_mm(_WATER_CM2_G, energy_kev, 1.0)
    return unscaled * WATER_PER_MM_AT_140 / _per_mm(_WATER_CM2_G, 140.5, 1.0)


def mu_from_hu(hu: npt.NDArray[np.floating[Any]], energy_kev: float = 140.5) -> Floats:
    """Return mm^-1 from Hounsfield units by the two lines; never negative."""
    water = water_mu_per_mm(energy_kev)
    bone = _per_mm(_BONE_CM2_G, energy_kev, _BONE_G_CM3)
    ct_water, ct_bone = (_per_mm(t, CT_EFFECTIVE_KEV, d) for t, d in ((_WATER_CM2_G, 1.0), (_BONE_CM2_G, _BONE_G_CM3)))
    above = ct_water * (bone - water) / (ct_bone - ct_water)
    thousandth = np.asarray(hu, dtype=np.float32) / np.float32(1000.0)
    mu: Floats = np.maximum(0.0, water + thousandth * np.where(thousandth <= 0, water, above)).astype(np.float32)
    return mu


def middle_kev(study: Study) -> float:
    """Return the middle of the photopeak window, keV."""
    peak = study.geometry.windows[0]
    return (peak.lower_kev + peak.upper_kev) / 2


@dataclass(frozen=True, eq=False)
class CtVolume:
    """A CT series: attenuation in mm^-1 (slice, row, column) and where its first voxel and its axes lie (LPS, mm)."""

    mu_per_mm: Floats
    origin_mm: npt.NDArray[np.float64]
    directions: npt.NDArray[np.float64]
    spacing_mm: tuple[float, float, float]
    frame_of_reference: str | None


@dataclass(frozen=True, eq=False)
class CtAttenuation:
    """An attenuation map on the emission grid, mm^-1 (Z, Y, X), and notes for the user."""

    mu_per_mm: Floats
    notes: tuple[str, ...]


def read_ct_series(paths: Sequence[str | Path], frame: PatientFrame, *, energy_kev: float = 140.5) -> Floats:
    """Return the attenuation map on the grid of `frame`, float32 (Z, Y, X), mm^-1.

    Beside the CT is air; before its first and behind its last slice these are repeated.

    Parameters
    ----------
    paths : sequence of path
        The slices of one CT series, in any order.
    frame : PatientFrame
        Of the emission study, as its reader gave it.
    energy_kev : float
        Of the photopeak.

    Raises
    ------
    DicomError
        ``dicom.wrong_modality``, ``dicom.files_differ``, ``dicom.other_frame_of_reference``, ``dicom.no_position``,
        ``dicom.no_overlap``, ``dicom.ct_gaps`` and what the pixels can have.
    """
    return ct_attenuation(paths, frame, energy_kev=energy_kev).mu_per_mm


def ct_attenuation(paths: Sequence[str | Path], frame: PatientFrame, *, energy_kev: float = 140.5) -> CtAttenuation:
    """Do what `read_ct_series` does, and say what the user should know."""
    volume = read_ct_volume(paths, energy_kev=energy_kev)
    if not frame.positioned:
        msg = "the emission study does not tell where it lies in the patient; a CT cannot be laid over it"
        raise DicomError(
            "dicom.no_position", msg, "Export the acquisition with Image Position (Patient) of its detectors."
        )
    both = None not in (volume.frame_of_reference, frame.frame_of_reference)
    if both and volume.frame_of_reference != frame.frame_of_reference:
        msg = "the CT and the emission study have different frames of reference; they are not registered"
        raise DicomError("dicom.other_frame_of_reference", msg, "Choose the CT of the same examination (SPECT/CT).")
    mu, covered = resample(volume, frame)
    if covered.mean() < SMALLEST_OVERLAP:
        msg = f"the CT covers {covered.mean():.0%} of the emission slices, at least {SMALLEST_OVERLAP:.0%} are needed"
        raise DicomError("dicom.no_overlap", msg, "Choose the CT of the same bed position.")
    notes = [note("ct.made", slices=volume.mu_per_mm.shape[0], energy_kev=energy_kev)]
    if not both:
        notes.append(note("ct.one_frame"))
    return CtAttenuation(mu, (*notes, *repeated_note("ct.repeated", covered)))


def attach_ct(imported: ImportedStudy, paths: Sequence[str | Path]) -> ImportedStudy:
    """Return the imported study with the CT's attenuation map at the middle of its photopeak window."""
    study = imported.study
    frame = imported.frame or PatientFrame.centred(study.geometry.grid)
    attenuation = ct_attenuation(paths, frame, energy_kev=middle_kev(study))
    with_map = replace(study, attenuation=attenuation.mu_per_mm)
    check_study(with_map)
    return with_note(replace(imported, study=with_map), *attenuation.notes)


def read_ct_volume(paths: Sequence[str | Path], *, energy_kev: float = 140.5) -> CtVolume:
    """Read the slices of one series, sorted along their normal."""
    if not 2 <= len(paths) <= MAX_SLICES:
        msg = f"the CT has {len(paths)} files, expected 2 to {MAX_SLICES}"
        raise DicomError("dicom.ct_slices", msg, "Give every slice of one CT series.")
    slices = [_slice(Fields(open_dicom(p), f" in CT file {i}"), i, energy_kev) for i, p in enumerate(paths, start=1)]
    first = slices[0]
    for number, other in enumerate(slices[1:], start=2):
        if not first.fits(other):
            msg = f"CT file {number} of {len(slices)} has another series, size or orientation than the first"
            raise DicomError("dicom.files_differ", msg, "Give the slices of one CT series only.")
    normal = np.cross(first.row, first.column)
    ordered = sorted(slices, key=lambda s: float(s.position @ normal))
    depths = [float(s.position @ normal) for s in ordered]
    gaps = np.array([b - a for a, b in pairwise(depths)])
    spacing = float(np.median(gaps))
    if spacing <= 0.05 or float(np.abs(gaps - spacing).max()) > 0.1 * spacing + 0.01:
        msg = f"the CT slices lie {gaps.min():.3g} to {gaps.max():.3g} mm apart; slices are missing or doubled"
        raise DicomError("dicom.ct_gaps", msg, "Give every slice of one CT series once.")
    return CtVolume(
        mu_per_mm=np.stack([s.mu for s in ordered]),
        origin_mm=ordered[0].position,
        directions=np.stack([normal, first.column, first.row]),
        spacing_mm=(spacing, *first.spacing),
        frame_of_reference=first.frame_of_reference,
    )


@dataclass(frozen=True, eq=False)
class _Slice:
    mu: Floats
    position: npt.NDArray[np.float64]
    row: npt.NDArray[np.float64]
    column: npt.NDArray[np.float64]
    spacing: tuple[float, float]
    frame_of_reference: str | None
    series: str | None

    def fits(self, other: _Slice) -> bool:
        same_axes = np.allclose(self.row, other.row, atol=1e-3) and np.allclose(self.column, other.column, atol=1e-3)
        same_place = (self.frame_of_reference, self.series) == (other.frame_of_reference, other.series)
        return bool(
            same_axes and same_place and self.mu.shape == other.mu.shape and np.allclose(self.spacing, other.spacing)
        )


def _slice(fields: Fields, number: int, energy_kev: float) -> _Slice:
    if fields.word("Modality") != "CT":
        raise DicomError(
            "dicom.wrong_modality", f"file {number} of the CT is of another modality than CT", "Give CT slices only."
        )
    if (fields.whole("NumberOfFrames") or 1) != 1:
        msg = f"CT file {number} holds several frames (enhanced CT), slices in files of their own are read"
        raise DicomError("dicom.ct_slices", msg, "Export the CT as single slices (CT Image Storage).")
    cosines = np.array(fields.numbers("ImageOrientationPatient"))
    position = np.array(fields.numbers("ImagePositionPatient"))
    spacing = fields.numbers("PixelSpacing")
    if cosines.size != 6 or position.size != 3 or len(spacing) != 2 or min(spacing) <= 0:
        missing = (
            "ImageOrientationPatient"
            if cosines.size != 6
            else "ImagePositionPatient"
            if position.size != 3
            else "PixelSpacing"
        )
        msg = f"CT file {number} has no usable {element_name(missing)}"
        raise DicomError("dicom.missing_element", msg, "Export the CT again with its full header.")
    row, column = cosines[:3], cosines[3:]
    if abs(float(row @ column)) > 1e-3 or not np.allclose([row @ row, column @ column], 1.0, atol=1e-2):
        msg = f"{element_name('ImageOrientationPatient')} of CT file {number} is not two perpendicular unit vectors"
        raise DicomError("dicom.bad_value", msg)
    hu = read_pixels(fields, frames=1)[0]
    with guarded(f"the identifiers of CT file {number}"):
        reference = token(str(fields.dataset.get("FrameOfReferenceUID") or ""))
        series = token(str(fields.dataset.get("SeriesInstanceUID") or ""))
    return _Slice(mu_from_hu(hu, energy_kev), position, row, column, (spacing[0], spacing[1]), reference, series)


def _block_means(volume: CtVolume, voxel_mm: tuple[float, float, float]) -> CtVolume:
    """Average blocks of about one emission voxel; what does not fill a block at the far end is left out."""
    pitch = (voxel_mm[0], min(voxel_mm[1:]), min(voxel_mm[1:]))
    factors = [
        max(1, min(int(p / s + 0.01), n))
        for p, s, n in zip(pitch, volume.spacing_mm, volume.mu_per_mm.shape, strict=True)
    ]
    kept = [n // f for n, f in zip(volume.mu_per_mm.shape, factors, strict=True)]
    cropped = volume.mu_per_mm[tuple(slice(0, k * f) for k, f in zip(kept, factors, strict=True))]
    shape = [size for k, f in zip(kept, factors, strict=True) for size in (k, f)]
    means = cropped.reshape(shape).mean(axis=(1, 3, 5), dtype=np.float64).astype(np.float32)
    spacing = tuple(s * f for s, f in zip(volume.spacing_mm, factors, strict=True))
    shift = sum((f - 1) / 2 * s * d for f, s, d in zip(factors, volume.spacing_mm, volume.directions, strict=True))
    return replace(volume, mu_per_mm=means, origin_mm=volume.origin_mm + shift, spacing_mm=spacing)


def resample(volume: CtVolume, frame: PatientFrame) -> tuple[Floats, npt.NDArray[np.bool_]]:
    """Return the map on the grid of `frame` (trilinear, air beside, end slices repeated) and which slices it covers."""
    coarse = _block_means(volume, frame.grid.voxel_mm)
    steps = coarse.directions / np.array(coarse.spacing_mm)[:, None]
    affine = frame.affine_lps()
    to_index = steps @ affine[:3, :3]  # columns: one step of x, y, z of the emission grid
    start = steps @ (affine[:3, 3] - coarse.origin_mm)
    slices, rows, columns = frame.grid.shape
    y, x = np.meshgrid(np.arange(rows), np.arange(columns), indexing="ij")
    plane = to_index[:, 0, None, None] * x + to_index[:, 1, None, None] * y + start[:, None, None]
    out = np.zeros(frame.grid.shape, dtype=np.float32)
    covered = np.zeros(slices, dtype=bool)
    for z in range(slices):
        index = plane + z * to_index[:, 2, None, None]
        out[z], inside = _trilinear(coarse.mu_per_mm, index)
        covered[z] = inside.any()
    return with_ends_repeated(out, covered), covered


def _trilinear(volume: Floats, index: npt.NDArray[np.float64]) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.bool_]]:
    """Return values at fractional indices (3, ...) and where they lie inside; half a voxel beyond the edge counts."""
    sizes = np.array(volume.shape).reshape(3, *([1] * (index.ndim - 1)))
    inside = np.asarray(np.all((index >= -0.5) & (index <= sizes - 0.5), axis=0))
    bounded = np.clip(index, 0, sizes - 1)
    low = np.minimum(np.floor(bounded), np.maximum(sizes - 2, 0)).astype(int)
    high = np.minimum(low + 1, sizes - 1)
    part = bounded - low
    total = np.zeros(index.shape[1:])
    for corner in range(8):
        upper = [(corner >> axis) & 1 for axis in range(3)]
        where = tuple(high[a] if u else low[a] for a, u in enumerate(upper))
        weight = np.prod([part[a] if u else 1 - part[a] for a, u in enumerate(upper)], axis=0)
        total += weight * volume[where]
    return np.where(inside, total, 0.0), inside
