"""Read label maps and attenuation maps as volumes in LPS: Interfile, NIfTI, and raw arrays of a stated shape."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from model.errors import StudyFormatError
from model.geometry import VolumeGrid
from model.io.interfile import read_interfile
from synthesis.errors import PhantomInvalid
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.shapes import Floats
from synthesis.specs.phantom import LabelmapSpec, MuUnit

MAX_VOXELS = 2**28
BONE_HU = 1500.0  # CT number of cortical bone at about 120 kV
AXES = ("z", "y", "x")
ENDINGS = {
    ".h33": "interfile", ".hv": "interfile", ".hdr": "interfile", ".nii": "nifti", ".gz": "nifti", ".dat": "raw",
    ".raw": "raw", ".bin": "raw", ".img": "raw",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class FileVolume:
    """An array (Z, Y, X) in LPS with its voxel sizes (z, y, x) in mm."""

    array: npt.NDArray[Any]
    voxel_mm: tuple[float, float, float]

    def grid(self) -> VolumeGrid:
        """Return the grid of the array."""
        z, y, x = self.array.shape
        return VolumeGrid((z, y, x), self.voxel_mm)


def read_volume(path: Path, spec: LabelmapSpec) -> FileVolume:
    """Read one file as `spec` describes it.

    NIfTI carries its own orientation and is turned to LPS by it; Interfile and raw arrays are taken as z to the head, y
    to the back, x to the patient's left, except for the axes in ``spec.flip``.

    Raises
    ------
    PhantomInvalid
        A missing or truncated file, an unknown format, or no voxel size.
    """
    name = format_of(path, spec)
    if not path.is_file():
        message = f"The phantom file {path.name} does not exist."
        raise PhantomInvalid(message, "Check the path; it counts from the folder in which the command runs.")
    if not name:
        message = f"The format of {path.name} is not known by its ending."
        raise PhantomInvalid(message, "Set format to interfile, nifti or raw.")
    volume = {"interfile": _interfile, "nifti": _nifti, "raw": _raw}[name](path, spec)
    if volume.array.size > MAX_VOXELS:
        message = f"{path.name} has {volume.array.size} voxels; at most {MAX_VOXELS} are read."
        raise PhantomInvalid(message)
    order = tuple(slice(None, None, -1 if axis in spec.flip else 1) for axis in AXES)
    return FileVolume(np.ascontiguousarray(volume.array[order]), volume.voxel_mm)


def format_of(path: Path, spec: LabelmapSpec) -> str:
    """Return ``interfile``, ``nifti`` or ``raw``, by the file's ending unless `spec` says it; empty for an unknown ending."""
    return spec.format if spec.format != "auto" else ENDINGS.get(path.suffix.lower(), "")


def to_mu_per_mm(values: Floats, unit: MuUnit) -> Floats:
    """Convert an attenuation map to mm^-1 at 140.5 keV; PhantomInvalid if its tissue cannot be in `unit`.

    CT numbers are converted with two straight lines that meet at water.
    """
    water = np.float32(MU_PER_MM["water"])
    if unit in ("hu", "hu+1000"):
        hu = values - np.float32(1000 if unit == "hu+1000" else 0)
        slope = np.float32((MU_PER_MM["cortical_bone"] - MU_PER_MM["water"]) / BONE_HU)
        mu = np.maximum(np.where(hu <= 0, water * (1 + hu / np.float32(1000)), water + hu * slope), 0)
    else:
        mu = values * np.float32(0.1 if unit == "cm^-1" else 1.0)
    filled = mu[mu > 0.5 * water]
    typical = float(np.median(filled)) if filled.size else 0.0
    if not 0.6 * water < typical < 1.6 * water:
        message = (
            f"The attenuation map's tissue is at {typical:.3g} mm^-1, water is at {float(water):.4f}: not in {unit}."
        )
        raise PhantomInvalid(message, "Name the unit of the attenuation map.")
    converted: Floats = mu.astype(np.float32)
    return converted


def _interfile(path: Path, spec: LabelmapSpec) -> FileVolume:
    try:
        image = read_interfile(path)
    except (StudyFormatError, OSError) as error:
        message = f"{path.name} cannot be read as Interfile: {error}."
        raise PhantomInvalid(message) from error
    sizes = [size for size in image.spacing_mm if size is not None]
    if spec.voxel_mm is None and len(sizes) != 3:
        message = f"The header {path.name} does not say how large a voxel is."
        raise PhantomInvalid(message, "Set voxel_mm = [z, y, x].")
    return FileVolume(image.array, spec.voxel_mm or (sizes[0], sizes[1], sizes[2]))


def _nifti(path: Path, spec: LabelmapSpec) -> FileVolume:
    import nibabel
    from nibabel.filebasedimages import ImageFileError

    try:
        image = nibabel.load(path)
        turned = nibabel.as_closest_canonical(image)  # x grows to the patient's right, y to the front, z to the head
        array, sizes = np.asanyarray(turned.dataobj), turned.header.get_zooms()
    except (OSError, ValueError, EOFError, ImageFileError) as error:
        message = f"{path.name} cannot be read as NIfTI: {type(error).__name__}."
        raise PhantomInvalid(message, "Check that the file is whole.") from error
    if array.ndim != 3:
        message = f"{path.name} has {array.ndim} dimensions; a phantom has three."
        raise PhantomInvalid(message)
    lps = array[::-1, ::-1].transpose(2, 1, 0)
    return FileVolume(lps, spec.voxel_mm or (float(sizes[2]), float(sizes[1]), float(sizes[0])))


def _raw(path: Path, spec: LabelmapSpec) -> FileVolume:
    if spec.shape is None or spec.voxel_mm is None:
        message = f"{path.name} is a raw array: its shape and its voxel size are needed."
        raise PhantomInvalid(message, "Set shape = [z, y, x] and voxel_mm = [z, y, x].")
    kind = np.dtype(spec.dtype if path == spec.labels else spec.attenuation_dtype).newbyteorder("<")
    needed, there = int(np.prod(spec.shape)) * kind.itemsize, path.stat().st_size
    if needed != there:
        message = f"{path.name} has {there} bytes; {spec.shape} voxels of {kind.name} take {needed}."
        raise PhantomInvalid(message, "Check shape and dtype, and that the file is whole.")
    array = np.fromfile(path, dtype=kind).reshape(spec.shape)
    return FileVolume(array.astype(kind.newbyteorder("=")), spec.voxel_mm)
