# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Read a reconstruction (NM RECON TOMO) with its place in the patient, and attenuation maps that were stored as one. Torch-free.

Whatever the orientation in the file, the volume that comes out has its axes along LPS.

References
----------
DICOM PS3.3 C.8.4.15 (the sign of Spacing Between Slices: along or against the normal of the first frame).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import DicomError
from model.geometry import VolumeGrid
from model.io.dicom.ct import SMALLEST_OVERLAP, CtAttenuation, CtVolume, resample, water_mu_per_mm
from model.io.dicom.fields import Fields, element_name, guarded, open_dicom, read_pixels
from model.io.dicom.frames import number_of_frames
from model.io.imported import PatientFrame
from model.io.notes import note
from model.io.patient_keys import token
from model.io.resampling import repeated_note

_RECONSTRUCTIONS = ("RECON TOMO", "RECON GATED TOMO")
_SQUARE = 1e-3


@dataclass(frozen=True, eq=False)
class DicomVolume:
    """Values (Z, Y, X) after RescaleSlope, and where they lie."""

    values: npt.NDArray[np.float64]
    frame: PatientFrame


def read_recon_tomo(path: str | Path) -> DicomVolume:
    """Read a reconstruction; only transverse slices (however turned in their plane) are taken.

    Raises
    ------
    DicomError
        ``dicom.wrong_modality``, ``dicom.not_reconstruction``, ``dicom.oblique`` and what the pixels can have.
    """
    fields = Fields(open_dicom(path))
    if fields.word("Modality") != "NM":
        raise DicomError(
            "dicom.wrong_modality", "the file is of another modality than NM", "Choose a reconstruction (RECON TOMO)."
        )
    kind = fields.words("ImageType")
    if len(kind) < 3 or kind[2] not in _RECONSTRUCTIONS:
        raise DicomError("dicom.not_reconstruction", "the file is no reconstruction (RECON TOMO)")
    slices = number_of_frames(fields)
    gates = {int(v) for v in fields.numbers("TimeSlotVector")} if kind[2] == "RECON GATED TOMO" else {1}
    if len(gates) > 1:
        msg = f"the reconstruction holds {len(gates)} gates, one volume is read"
        raise DicomError("dicom.not_reconstruction", msg, "Export one gate, or the ungated reconstruction.")
    values = read_pixels(fields, frames=slices)
    directions, spacing, corner, positioned = _place(fields)
    return _along_lps(values, directions, spacing, corner, _reference(fields), positioned=positioned)


def _reference(fields: Fields) -> str | None:
    with guarded("the frame of reference"):
        return token(str(fields.dataset.get("FrameOfReferenceUID") or ""))


def _place(fields: Fields) -> tuple[npt.NDArray[np.float64], tuple[float, float, float], npt.NDArray[np.float64], bool]:
    """Return the directions of (slices, rows, columns), their spacing, the first pixel, and whether it was told."""
    heads = fields.items("DetectorInformationSequence", "detector")
    sources = [*heads[:1], fields]
    cosines = next(
        (v for v in (s.numbers("ImageOrientationPatient") for s in sources) if len(v) == 6), (1.0, 0, 0, 0, 1.0, 0)
    )
    corner = next((v for v in (s.numbers("ImagePositionPatient") for s in sources) if len(v) == 3), ())
    pixel = fields.numbers("PixelSpacing")
    step = fields.number("SpacingBetweenSlices") or fields.number("SliceThickness")
    if len(pixel) != 2 or min(pixel) <= 0 or not step:
        missing = "PixelSpacing" if len(pixel) != 2 or min(pixel) <= 0 else "SpacingBetweenSlices"
        msg = f"the reconstruction has no usable {element_name(missing)}"
        raise DicomError("dicom.missing_element", msg)
    row, column = np.array(cosines[:3], dtype=np.float64), np.array(cosines[3:], dtype=np.float64)
    normal = np.cross(row, column) * np.sign(step)
    return (
        np.stack([normal, column, row]),
        (abs(step), pixel[0], pixel[1]),
        np.array(corner or (0.0, 0.0, 0.0)),
        len(corner) == 3,
    )


def _along_lps(
    values: npt.NDArray[np.float64],
    directions: npt.NDArray[np.float64],
    spacing: tuple[float, float, float],
    corner: npt.NDArray[np.float64],
    reference: str | None,
    *,
    positioned: bool,
) -> DicomVolume:
    """Permute and flip until the axes are z to the head, y to the back, x to the left."""
    order = [int(np.abs(directions[:, axis]).argmax()) for axis in (2, 1, 0)]
    if sorted(order) != [0, 1, 2] or float(np.abs(directions[order, [2, 1, 0]]).min()) < 1 - _SQUARE:
        msg = "the slices are oblique; only slices along the patient's axes are read"
        raise DicomError("dicom.oblique", msg, "Export the transverse slices before reorientation.")
    origin = corner.copy()
    turned = values.transpose(order)
    for axis, source in enumerate(order):
        if directions[source, 2 - axis] < 0:
            origin = origin + directions[source] * spacing[source] * (values.shape[source] - 1)
            turned = np.flip(turned, axis)
    grid = VolumeGrid(turned.shape, (spacing[order[0]], spacing[order[1]], spacing[order[2]]))
    if not positioned:
        return DicomVolume(turned, PatientFrame.centred(grid, frame_of_reference=reference))
    x, y, z = (float(v) for v in origin)
    return DicomVolume(turned, PatientFrame(grid, (x, y, z), frame_of_reference=reference, positioned=True))


def read_attenuation_map(path: str | Path, frame: PatientFrame, *, energy_kev: float = 140.5) -> CtAttenuation:
    """Return a map that a camera's software stored as RECON TOMO, on the grid of `frame`, in mm^-1, and notes.

    DICOM has no unit for it: values are taken for mm^-1 or cm^-1, whichever puts the dense part of the map (the 90th
    percentile of what is above a tenth of the largest) within a factor of 1.5 of water.

    Raises
    ------
    DicomError
        ``dicom.map_unit``, ``dicom.no_position``, ``dicom.other_frame_of_reference``, ``dicom.no_overlap`` and those of `read_recon_tomo`.
    """
    volume = read_recon_tomo(path)
    if volume.values.min() < 0 or volume.values.max() <= 0:
        raise DicomError("dicom.map_unit", "the attenuation map holds negative values or nothing but zero")
    if not frame.positioned:
        msg = "the emission study does not tell where it lies in the patient; a map cannot be laid over it"
        raise DicomError(
            "dicom.no_position", msg, "Export the acquisition with Image Position (Patient) of its detectors."
        )
    if not volume.frame.positioned or volume.frame.frame_of_reference != frame.frame_of_reference:
        msg = "the attenuation map and the emission study have different frames of reference, or the map tells no position"
        raise DicomError("dicom.other_frame_of_reference", msg, "Choose the map of the same examination.")
    dense = float(np.quantile(volume.values[volume.values > 0.1 * volume.values.max()], 0.9))
    water = water_mu_per_mm(energy_kev)
    scale = next((s for s in (1.0, 0.1) if 1 / 1.5 <= dense * s / water <= 1.5), None)
    if scale is None:
        msg = f"the dense part of the map is {dense:.4g}, water is {water:.4g} per mm or {10 * water:.4g} per cm"
        raise DicomError("dicom.map_unit", msg, "Export the map in 1/cm, or give the CT.")
    unit = "1/mm" if scale == 1.0 else "1/cm"
    return _on_grid(volume, scale, frame, note("map.placed", unit=unit))


def _on_grid(volume: DicomVolume, scale: float, frame: PatientFrame, told: str) -> CtAttenuation:
    place = volume.frame
    axes: Any = np.stack([place.z_direction, place.y_direction, place.x_direction])
    as_ct = CtVolume(
        mu_per_mm=(volume.values * scale).astype(np.float32),
        origin_mm=np.array(place.origin_mm),
        directions=axes,
        spacing_mm=place.grid.voxel_mm,
        frame_of_reference=place.frame_of_reference,
    )
    mu, covered = resample(as_ct, frame)
    if covered.mean() < SMALLEST_OVERLAP:
        msg = f"the map covers {covered.mean():.0%} of the emission slices, at least {SMALLEST_OVERLAP:.0%} are needed"
        raise DicomError("dicom.no_overlap", msg, "Choose the map of the same bed position.")
    return CtAttenuation(mu, (told, *repeated_note("map.repeated", covered)))
