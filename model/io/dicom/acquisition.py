# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Take one DICOM NM tomographic file apart, and put the files of one acquisition together. Torch-free."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
from pydicom.uid import NuclearMedicineImageStorage

from model.errors import DicomError
from model.geometry import Collimator, EnergyWindow, VolumeGrid
from model.io.deidentify import inventory
from model.io.dicom.cameras import (
    DEFAULT_COLLIMATOR,
    DEFAULT_INTRINSIC_FWHM_MM,
    TC99M,
    collimator_of,
    maker_of,
    radionuclide_of,
)
from model.io.dicom.fields import Fields, element_name, guarded, read_pixels
from model.io.dicom.frames import FrameTable, frame_table, number_of_frames
from model.io.dicom.orbit import View, read_orbit
from model.io.dicom.own import read_own_camera
from model.io.dicom.position import read_frame, read_picture
from model.io.dicom.windows import in_order, no_line_note, read_administration, read_radionuclide, read_windows
from model.io.imported import Administration, PatientFrame
from model.io.notes import note

SMALLEST_PIXEL_MM, LARGEST_PIXEL_MM = 0.3, 40.0


@dataclass(frozen=True, eq=False)
class Acquisition:
    """What one file holds, before files are joined.

    Parameters
    ----------
    counts : float64 (gates, windows, views, axial, bins), the photopeak first, after RescaleSlope
    identity : tuple of str
        What names the patient; for the patient's key only.
    tags : mapping of tag to count
        Every element of the file, for the report.
    """

    counts: npt.NDArray[np.float64]
    windows: tuple[EnergyWindow, ...]
    views: tuple[View, ...]
    bin_mm: float
    axial_mm: float
    collimator: Collimator
    intrinsic_fwhm_mm: float
    frame: PatientFrame
    administration: Administration
    identity: tuple[str, ...]
    maker: str | None
    notes: tuple[str, ...]
    tags: dict[int, int]


def read_acquisition(fields: Fields, collimator: Collimator | None, intrinsic_fwhm_mm: float | None) -> Acquisition:
    """Read one file; a given collimator or resolution wins over what the file and the table say.

    Raises
    ------
    DicomError
        What is wrong, where, and what to do.
    """
    gated = _check_kind(fields)
    table = frame_table(fields, gated=gated)
    views, notes = read_orbit(fields, table)
    nuclide = read_radionuclide(fields)
    numbers = sorted(set(table.window.tolist()))
    windows, window_notes = read_windows(fields, numbers, nuclide)
    picture, position_notes = read_picture(fields, views)
    frames = picture.to_axial_bins(read_pixels(fields, frames=len(table.view)))
    axial_mm, bin_mm = _pixel_spacing(fields)
    _, rows, bins = frames.shape
    with guarded("the size of the frames"):
        grid = VolumeGrid((rows, bins, bins), (axial_mm, bin_mm, bin_mm))
    maker = maker_of(fields.word("Manufacturer"))
    chosen, intrinsic, camera_notes = _camera(fields, maker, collimator, intrinsic_fwhm_mm)
    with guarded("the list of elements"):
        tags = dict(inventory(fields.dataset))
        identity = str(fields.dataset.get("PatientID") or "").strip()  # the issuer is not always filled in
    return Acquisition(
        counts=_sorted_counts(frames, table, views, [n for n, _ in windows]),
        windows=tuple(w for _, w in windows),
        views=views,
        bin_mm=bin_mm,
        axial_mm=axial_mm,
        collimator=chosen,
        intrinsic_fwhm_mm=intrinsic,
        frame=read_frame(fields, grid, views, picture),
        administration=read_administration(fields, nuclide),
        identity=(identity,) if identity else (),
        maker=maker,
        notes=(*notes, *window_notes, *position_notes, *camera_notes),
        tags=tags,
    )


def _check_kind(fields: Fields) -> bool:
    """Refuse what is no tomographic acquisition; say whether it is gated."""
    modality = fields.word("Modality")
    storage = fields.word("SOPClassUID")
    kind = fields.words("ImageType")
    third = kind[2] if len(kind) > 2 else ""
    if modality != "NM":
        known = (
            modality
            if modality in ("CT", "PT", "MR", "SC", "OT", "US", "CR", "DX", "SR", "RTDOSE")
            else "none or unknown"
        )
        msg = f"the file's modality is {known}, expected NM"
        raise DicomError("dicom.wrong_modality", msg, "Choose the nuclear medicine acquisition (TOMO).")
    if third in ("RECON TOMO", "RECON GATED TOMO"):
        msg = f"the file is a reconstruction ({third}), expected projections (TOMO or GATED TOMO)"
        raise DicomError("dicom.reconstruction", msg, "Choose the acquisition that the reconstruction was made from.")
    if third not in ("TOMO", "GATED TOMO"):
        known = third if third in ("STATIC", "WHOLE BODY", "DYNAMIC", "GATED") else "unknown or missing"
        msg = f"the file's kind of image (ImageType, third value) is {known}, expected TOMO or GATED TOMO"
        raise DicomError("dicom.not_tomographic", msg, "Choose the tomographic acquisition (TOMO).")
    if storage != str(NuclearMedicineImageStorage):
        raise DicomError(
            "dicom.wrong_modality",
            "the file's SOP class is not Nuclear Medicine Image Storage",
            "Export the original acquisition.",
        )
    if "TRANSMISSION" in kind[3:4]:
        raise DicomError("dicom.transmission", "the file is a transmission scan, expected emission projections")
    number_of_frames(fields)
    return third == "GATED TOMO"


def _pixel_spacing(fields: Fields) -> tuple[float, float]:
    spacing = fields.numbers("PixelSpacing")
    if len(spacing) != 2:
        msg = f"{element_name('PixelSpacing')} has {len(spacing)} values, expected 2"
        raise DicomError("dicom.missing_element", msg, "Export the acquisition again with its full header.")
    if not all(SMALLEST_PIXEL_MM <= s <= LARGEST_PIXEL_MM for s in spacing):
        msg = (
            f"{element_name('PixelSpacing')} is {spacing[0]:g} x {spacing[1]:g} mm, a gamma camera has "
            f"{SMALLEST_PIXEL_MM:g} to {LARGEST_PIXEL_MM:g} mm"
        )
        raise DicomError("dicom.bad_value", msg, "Check the header; lengths must be in mm.")
    return spacing[0], spacing[1]


def _camera(
    fields: Fields, maker: str | None, collimator: Collimator | None, intrinsic_fwhm_mm: float | None
) -> tuple[Collimator, float, list[str]]:
    own_collimator, own_intrinsic = read_own_camera(fields.dataset) if maker == "flomir" else (None, None)
    notes: list[str] = []
    chosen = collimator or own_collimator
    if chosen is None:
        heads = fields.items("DetectorInformationSequence", "detector")
        labels = [h.word("CollimatorGridName") for h in heads]
        chosen = collimator_of(maker, labels[0]) if labels else None
    if chosen is None:
        chosen = DEFAULT_COLLIMATOR
        notes.append(note("collimator.unknown", name=chosen.name, hole_mm=chosen.hole_mm, length_mm=chosen.length_mm))
    intrinsic = intrinsic_fwhm_mm if intrinsic_fwhm_mm is not None else own_intrinsic
    if intrinsic is None:
        intrinsic = DEFAULT_INTRINSIC_FWHM_MM
        notes.append(note("camera.no_intrinsic", intrinsic_mm=intrinsic))
    return chosen, intrinsic, notes


def _sorted_counts(
    frames: npt.NDArray[np.float64], table: FrameTable, views: tuple[View, ...], windows: list[int]
) -> npt.NDArray[np.float64]:
    """Return (gates, windows, views, axial, bins); the table was checked to hold every combination once."""
    columns = (table.window, table.detector, table.rotation, table.gate, table.view)
    where = {key: i for i, key in enumerate(zip(*(c.tolist() for c in columns), strict=True))}
    order = [
        where[window, view.detector, view.rotation, gate, view.index]
        for gate in range(1, table.n_gates + 1)
        for window in windows
        for view in views
    ]
    ordered: npt.NDArray[np.float64] = frames[order].reshape(table.n_gates, len(windows), len(views), *frames.shape[1:])
    return ordered


def _same_orbit(a: Acquisition, b: Acquisition) -> bool:
    return len(a.views) == len(b.views) and all(
        abs(v.angle_deg - w.angle_deg) < 0.01 and abs(v.radius_mm - w.radius_mm) < 1.0
        for v, w in zip(a.views, b.views, strict=True)
    )


def join(parts: Sequence[Acquisition]) -> Acquisition:
    """Join files of one acquisition: other windows beside each other, other views behind each other, else gates.

    Raises
    ------
    DicomError
        ``dicom.files_differ`` if they do not belong together.
    """
    whole = parts[0]
    for number, part in enumerate(parts[1:], start=2):
        same_pixels = part.counts.shape[3:] == whole.counts.shape[3:] and math.isclose(
            part.bin_mm, whole.bin_mm, rel_tol=1e-4
        )
        one_patient = (
            part.identity == whole.identity and part.frame.frame_of_reference == whole.frame.frame_of_reference
        )
        if not same_pixels or not one_patient or part.collimator != whole.collimator:
            what = (
                "pixels" if not same_pixels else "patients or frames of reference" if not one_patient else "collimators"
            )
            msg = f"file {number} of {len(parts)} has other {what} than the first"
            raise DicomError("dicom.files_differ", msg, "Give only the files of one acquisition.")
        whole = _joined(whole, part, number, len(parts))
    return whole


def _limits(part: Acquisition) -> set[tuple[float, float]]:
    return {(window.lower_kev, window.upper_kev) for window in part.windows}


def _with_windows(whole: Acquisition, part: Acquisition) -> Acquisition:
    """Put windows of the same views beside each other, the photopeak first wherever it was."""
    known = radionuclide_of("", whole.administration.radionuclide or "")
    line_kev = (known or TC99M).peak_kev
    ordered = in_order((*whole.windows, *part.windows), line_kev)
    counts = np.concatenate([whole.counts, part.counts], axis=1)[:, [index for index, _ in ordered]]
    windows = tuple(window for _, window in ordered)
    holds = windows[0].lower_kev <= line_kev <= windows[0].upper_kev
    notes = tuple(one for one in whole.notes if not (holds and one == no_line_note(line_kev)))
    return replace(whole, counts=counts, windows=windows, notes=notes)


def _as_another_head(views: tuple[View, ...], more: tuple[View, ...]) -> tuple[View, ...]:
    """Return the views of a further file; in files of their own each head is called the first, here they are told apart."""
    taken, own = {view.detector for view in views}, {view.detector for view in more}
    if len(own) > 1 or not own & taken:
        return more
    return tuple(replace(view, detector=max(taken) + 1) for view in more)


def _joined(whole: Acquisition, part: Acquisition, number: int, total: int) -> Acquisition:
    tags = {tag: whole.tags.get(tag, 0) + part.tags.get(tag, 0) for tag in whole.tags.keys() | part.tags.keys()}
    notes = tuple(dict.fromkeys((*whole.notes, *part.notes)))
    same_windows, same_orbit = part.windows == whole.windows, _same_orbit(whole, part)
    same_gates = part.counts.shape[0] == whole.counts.shape[0]
    common = replace(whole, tags=tags, notes=notes)
    if same_orbit and same_windows:
        return replace(common, counts=np.concatenate([whole.counts, part.counts], axis=0))
    if same_orbit and same_gates and not _limits(part) & _limits(whole):
        return _with_windows(common, part)
    if same_windows and same_gates and not same_orbit:
        return replace(
            common,
            counts=np.concatenate([whole.counts, part.counts], axis=2),
            views=whole.views + _as_another_head(whole.views, part.views),
        )
    msg = f"file {number} of {total} differs from the first in more than its windows, its views or its gate"
    raise DicomError("dicom.files_differ", msg, "Give only the files of one acquisition.")
