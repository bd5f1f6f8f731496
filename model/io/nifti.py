# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Read and write NIfTI-1 images (.nii, .nii.gz), with left kept left: the format's RAS+ against our LPS. Torch-free.

References
----------
Cox et al., NIfTI-1 data format (2004): x grows to the patient's right, y to the front, z to the head,
all in mm; sform before qform (nibabel's `affine`).
"""

from __future__ import annotations

import zlib
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import numpy.typing as npt
from nibabel.filebasedimages import ImageFileError

from model.errors import StudyFormatError
from model.geometry import ensure_shape
from model.io.atomic import write_atomically
from model.io.imported import PatientFrame
from model.io.marking import RESEARCH_ONLY
from model.io.resampling import PlacedVolume

SUFFIXES = (".nii", ".nii.gz")
MAX_ELEMENTS = 2**28
_RAS_LPS = np.diag([-1.0, -1.0, 1.0, 1.0])
_REVERSED = np.array(
    [[0, 0, 1, 0], [0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1]], dtype=np.float64
)  # (k, j, i) -> (i, j, k)
_TO_MM = {"mm": 1.0, "unknown": 1.0, "meter": 1000.0, "micron": 0.001}


def is_nifti(path: Path) -> bool:
    """Tell by the name."""
    return path.name.lower().endswith(SUFFIXES)


def read_nifti(path: str | Path) -> PlacedVolume:
    """Read one image, float32, with the place of its voxels.

    Raises
    ------
    StudyFormatError
        ``nifti.unreadable``, ``nifti.shape`` (not one volume), ``nifti.no_orientation`` (the header does not say where
        left is), ``nifti.bad_affine``, ``nifti.too_large`` or ``nifti.not_finite``.
    FileNotFoundError
        If there is no such file.
    """
    source = Path(path)
    if not source.is_file():
        message = f"no NIfTI file {source.name}"
        raise FileNotFoundError(message)
    try:
        image: Any = nibabel.load(source)
        shape = tuple(int(n) for n in image.shape)
        _check_header(image, shape)
        values = np.asarray(image.dataobj, dtype=np.float32)
    except StudyFormatError:
        raise
    except (OSError, EOFError, ValueError, TypeError, zlib.error, ImageFileError) as error:
        message = (
            f"the file cannot be read as NIfTI to its end; it is cut off, damaged or something else ({_kind(error)})"
        )
        raise StudyFormatError("nifti.unreadable", message, "Export or copy it again.") from error
    bad = int(values.size - np.isfinite(values).sum())
    if bad:
        message = f"the image holds {bad} of {values.size} values that are not finite, expected 0"
        raise StudyFormatError("nifti.not_finite", message)
    ordered = np.ascontiguousarray(values.reshape(shape[:3]).transpose(2, 1, 0))
    unit = _TO_MM.get(str(image.header.get_xyzt_units()[0]), 1.0)
    to_ras = np.diag([unit, unit, unit, 1.0]) @ np.asarray(image.affine, dtype=np.float64)
    return PlacedVolume(ordered, _RAS_LPS @ to_ras @ _REVERSED)


def write_nifti(path: str | Path, volume: npt.NDArray[np.floating], frame: PatientFrame) -> None:
    """Write a volume (Z, Y, X) as float32 NIfTI, atomically; compressed where the name ends in ``.gz``.

    The header says where the voxels lie and that the image is for research; the same volume gives the same bytes.
    """
    target = Path(path)
    ensure_shape("the volume", volume.shape, frame.grid.shape)
    to_ras = _RAS_LPS @ frame.affine_lps()
    image: Any = nibabel.Nifti1Image(np.asarray(volume, dtype=np.float32).transpose(2, 1, 0), to_ras)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = f"FLoMIR. {RESEARCH_ONLY}".encode("ascii")  # 79 bytes at most
    image.set_sform(to_ras, code="scanner")
    image.set_qform(to_ras, code="scanner")
    content: bytes = image.to_bytes()
    if target.name.lower().endswith(".gz"):
        import gzip

        content = gzip.compress(content, compresslevel=4, mtime=0)
    write_atomically(target, content)


def _check_header(image: Any, shape: tuple[int, ...]) -> None:
    if len(shape) < 3 or any(n != 1 for n in shape[3:]):
        message = f"the image has the axes {shape}, expected one volume of three"
        raise StudyFormatError("nifti.shape", message, "Export one volume (or one gate) a file.")
    if int(np.prod(shape, dtype=object)) > MAX_ELEMENTS:
        message = f"the header announces {int(np.prod(shape, dtype=object))} values, at most {MAX_ELEMENTS} are read"
        raise StudyFormatError("nifti.too_large", message)
    header = image.header
    if not isinstance(image, nibabel.Nifti1Image) or (
        int(header["sform_code"]) == 0 and int(header["qform_code"]) == 0
    ):
        message = "the file does not say where the patient's left and right are (sform and qform codes are 0)"
        raise StudyFormatError("nifti.no_orientation", message, "Convert it with a program that keeps orientation.")
    matrix = np.asarray(image.affine, dtype=np.float64)[:3, :3]
    if not np.isfinite(np.asarray(image.affine)).all() or abs(float(np.linalg.det(matrix))) < 1e-9:
        message = "the matrix from voxels to mm has no inverse, so that voxels have no size"
        raise StudyFormatError("nifti.bad_affine", message)


def _kind(error: BaseException) -> str:
    return type(error).__name__
