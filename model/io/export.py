# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Write a reconstructed image, the format chosen by the file's suffix; atomically, without identifiers. Torch-free.

=================  ===================================================================================================
``.nii .nii.gz``   NIfTI in the patient's frame of reference where it is known; ``descrip`` says that it is for research
``.dcm``           DICOM NM RECON TOMO; with the source DICOM as template it joins the same examination
``.h5``            an image file: ``/image`` float32 (Z, Y, X) LPS; attributes ``unit``, ``voxel_mm`` (z, y, x),
                   ``origin_mm`` (x, y, z of voxel 0, 0, 0), ``method`` (JSON); root ``format`` = "flomir-image". It is
                   no study file: an estimate must not be taken for projections or for a reference to learn from.
``.npz``           arrays ``image``, ``voxel_mm``, ``origin_mm``, and ``mu`` where the study has a map
=================  ===================================================================================================
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import numpy.typing as npt

from model.errors import ModelError
from model.geometry import ensure_shape
from model.io.atomic import write_atomically
from model.io.imported import ImportedStudy, PatientFrame
from model.io.nifti import write_nifti
from model.io.units import COUNTS, Unit

IMAGE_FORMAT = "flomir-image"
SCHEMA_VERSION = 1
SUFFIXES = {"nii": ".nii.gz", "dcm": ".dcm", "h5": ".h5", "npz": ".npz"}
Floats = npt.NDArray[np.float32]


def export_suffix(path: str | Path) -> str:
    """Return the suffix that decides the format.

    Raises
    ------
    ModelError
        ``export.suffix``, naming those that are known.
    """
    name = Path(path).name.lower()
    for suffix in (".nii.gz", ".nii", ".dcm", ".h5", ".npz"):
        if name.endswith(suffix) and len(name) > len(suffix):
            return suffix
    message = (
        f"an image is written as .nii, .nii.gz, .dcm, .h5 or .npz; the name ends in {Path(path).suffix or 'none'!r}"
    )
    raise ModelError("export.suffix", message, "End the name of the file in one of them.")


def export_volume(
    path: str | Path,
    volume: npt.NDArray[np.floating],
    source: ImportedStudy,
    *,
    method: Mapping[str, Any],
    unit: Unit = COUNTS,
    template: Path | None = None,
) -> None:
    """Write an image of a study.

    Parameters
    ----------
    path : path
        Its suffix decides the format (module docstring).
    volume : (Z, Y, X), LPS
    source : ImportedStudy
        Gives the place in the patient and, for ``.npz``, the attenuation map.
    method : mapping
        What `model.methods.Method.describe` says; ``shows`` where it is the half-width and not the image.
    unit : str
        `COUNTS` or `BQ_PER_ML`.
    template : Path, optional
        The DICOM file of the projections, for ``.dcm``.

    Raises
    ------
    ModelError
        ``export.suffix``, ``export.not_finite``, or what the DICOM writer refuses.
    OSError
        If the disk refuses.
    """
    suffix = export_suffix(path)
    frame = source.frame or PatientFrame.centred(source.study.geometry.grid)
    ensure_shape("the image", volume.shape, frame.grid.shape)
    image = np.ascontiguousarray(volume, dtype=np.float32)
    if not np.isfinite(image).all():
        message = f"{int(image.size - np.isfinite(image).sum())} of {image.size} values of the image are not finite"
        raise ModelError("export.not_finite", message, "Nothing was written; try another method.")
    match suffix:
        case ".dcm":
            _write_dicom(Path(path), image, source, method, unit, template)
        case ".h5":
            write_atomically(Path(path), _image_file(image, frame, method, unit))
        case ".npz":
            write_atomically(Path(path), _arrays(image, frame, source.study.attenuation))
        case _:
            write_nifti(path, image, frame)


def is_image_file(path: Path) -> bool:
    """Tell whether an HDF5 file is an image that was written here."""
    try:
        with h5py.File(path, "r") as file:
            return bool(file.attrs.get("format") == IMAGE_FORMAT)
    except (OSError, RuntimeError):
        return False


def _image_file(image: Floats, frame: PatientFrame, method: Mapping[str, Any], unit: Unit) -> bytes:
    buffer = io.BytesIO()
    with h5py.File(buffer, "w", libver="v110") as file:
        file.attrs["format"] = IMAGE_FORMAT
        file.attrs["schema_version"] = np.int64(SCHEMA_VERSION)
        data = file.create_dataset(
            "image", data=image, chunks=True, compression="gzip", compression_opts=2, shuffle=True, track_times=False
        )
        data.attrs["unit"] = unit
        data.attrs["voxel_mm"] = np.asarray(frame.grid.voxel_mm)
        data.attrs["origin_mm"] = np.asarray(frame.origin_mm)
        data.attrs["method"] = json.dumps(dict(method), sort_keys=True, allow_nan=False)
    return buffer.getvalue()


def _arrays(image: Floats, frame: PatientFrame, mu: Floats | None) -> bytes:
    arrays = {
        "image": image,
        "voxel_mm": np.asarray(frame.grid.voxel_mm, dtype=np.float32),
        "origin_mm": np.asarray(frame.origin_mm, dtype=np.float32),
    }
    if mu is not None:
        arrays["mu"] = mu
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def _write_dicom(
    path: Path, image: Floats, source: ImportedStudy, method: Mapping[str, Any], unit: Unit, template: Path | None
) -> None:
    from model.io.dicom.recon import Shown, write_recon_tomo

    words = ", ".join(f"{key} {value}" for key, value in method.items() if not isinstance(value, dict | list))
    shown = Shown("shows" in method, source.gate, source.study.provenance.get("gates") or 1)
    write_recon_tomo(
        path, image, source.study, template=template, frame=source.frame, unit=unit, method=words, shown=shown
    )
