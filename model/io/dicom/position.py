"""How the patient lay and where the volume is: rows, columns and the frame of reference of DICOM NM. Torch-free.

Frames show what somebody at the detector sees of a patient who stands upright: the first row is nearest the head, and
columns run along `model.geometry`'s bin axis. Start angles refer to the patient (PS3.3 C.8.4.12), so that a prone or
feet-first patient changes nothing by itself. Where Image Orientation (Patient) of the detector says that the picture
is turned upside down, it is turned back; an orientation that would be a mirror image is not believed, because no
camera makes one and makers fill the element in for one detector only.

Image Position (Patient) of projections is used in three ways, told apart here as PyTomography 3.4.0 does for files of
GE and Siemens (io/SPECT/dicom.py, `_get_affine_spect_projections`): y of zero: x is the rotation axis and the table height
its y; equal x and y: the corner of the volume; else, as the standard has it, the first pixel of the first frame.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from model.io.dicom.cameras import maker_of
from model.io.dicom.fields import Fields, guarded
from model.io.dicom.orbit import View
from model.io.imported import PatientFrame
from model.io.notes import note
from model.io.patient_keys import token

_FEET_FIRST = ("F-10480", "102541007")  # PS3.16 CID 21, 20; SRT and SNOMED CT
_PRONE = ("F-10310", "1240000")
_LYING_ON_SIDE = ("F-10317", "F-10319", "102536004", "102535000")
_PARALLEL = 0.9  # cosine; within 25 degrees an orientation still tells the two senses of an axis apart


@dataclass(frozen=True)
class Picture:
    """How the pixels of a frame lie: whether rows run from the foot, whether columns run against the bin axis."""

    flip_rows: bool
    flip_bins: bool

    def to_axial_bins(self, frames: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return frames (..., rows, columns) as (..., axial, bin); the axial index grows towards the head."""
        turned = frames if self.flip_rows else frames[..., ::-1, :]
        return turned[..., ::-1] if self.flip_bins else turned


UPRIGHT = Picture(flip_rows=False, flip_bins=False)


def bin_axis(angle_deg: float) -> npt.NDArray[np.float64]:
    """Return the direction (x, y, z) in which bins grow, as in `model.geometry`."""
    theta = math.radians(angle_deg)
    return np.array([-math.cos(theta), math.sin(theta), 0.0])


def read_picture(fields: Fields, views: tuple[View, ...]) -> tuple[Picture, list[str]]:
    """Tell how the pixels lie, from the first detector's orientation; notes for what was not believed."""
    notes = _position_notes(fields)
    heads = fields.items("DetectorInformationSequence", "detector")
    first = views[0].detector - 1
    cosines = heads[first].numbers("ImageOrientationPatient") if first < len(heads) else ()
    if len(cosines) != 6:
        return UPRIGHT, notes
    row, column = np.array(cosines[:3]), np.array(cosines[3:])
    along = float(row @ bin_axis(views[0].angle_deg))
    headward = float(column[2])
    if abs(along) < _PARALLEL or abs(headward) < _PARALLEL:
        return UPRIGHT, notes  # the orientation of the volume, or of no axis that a projection has
    if (along > 0) == (headward < 0):
        turned = along < 0
        if turned:
            notes.append(note("frames.upside_down"))
        return Picture(flip_rows=turned, flip_bins=turned), notes
    notes.append(note("frames.mirrored"))
    return UPRIGHT, notes


def _position_notes(fields: Fields) -> list[str]:
    position = fields.word("PatientPosition")
    gantry = [i.word("CodeValue") for i in fields.items("PatientGantryRelationshipCodeSequence", "gantry relationship")]
    lying = [
        modifier.word("CodeValue")
        for item in fields.items("PatientOrientationCodeSequence", "patient orientation")
        for modifier in item.items("PatientOrientationModifierCodeSequence", "modifier")
    ]
    notes = []
    if position.startswith("FF") or any(code in _FEET_FIRST for code in gantry):
        notes.append(note("patient.feet_first"))
    if position.endswith("P") or any(code in _PRONE for code in lying):
        notes.append(note("patient.prone"))
    if position.endswith(("DL", "DR")) or any(code in _LYING_ON_SIDE for code in lying):
        notes.append(note("patient.on_side"))
    return notes


def read_frame(fields: Fields, grid: VolumeGrid, views: tuple[View, ...], picture: Picture) -> PatientFrame:
    """Return where the volume lies in the patient; centred on the origin where the file does not tell."""
    with guarded("the frame of reference"):
        reference = token(str(fields.dataset.get("FrameOfReferenceUID") or ""))
    heads = fields.items("DetectorInformationSequence", "detector")
    first = views[0].detector - 1
    corner = heads[first].numbers("ImagePositionPatient") if first < len(heads) else ()
    if len(corner) != 3:
        return PatientFrame.centred(grid, frame_of_reference=reference)
    slices, _, bins = grid.shape
    half_field = (bins - 1) / 2 * grid.voxel_mm[2]
    x, y, first_row = corner
    rotations = fields.items("RotationInformationSequence", "rotation")
    by_the_standard = maker_of(fields.word("Manufacturer")) == "flomir"
    if y == 0.0 and not by_the_standard:
        height = rotations[0].number("TableHeight") if rotations else None
        axis_x, axis_y = x, -(height or 0.0)
    elif abs(x - y) < 0.05 and not by_the_standard:
        axis_x, axis_y = x + half_field, y + half_field
    else:
        theta = math.radians(views[0].angle_deg)
        sense = -1.0 if picture.flip_bins else 1.0
        across = sense * half_field * bin_axis(views[0].angle_deg)
        axis_x = x + float(across[0]) - views[0].radius_mm * math.sin(theta)
        axis_y = y + float(across[1]) - views[0].radius_mm * math.cos(theta)
    lowest = first_row if picture.flip_rows else first_row - (slices - 1) * grid.voxel_mm[0]
    origin = (axis_x - half_field, axis_y - half_field, lowest)
    return PatientFrame(grid, origin, frame_of_reference=reference, positioned=True)
