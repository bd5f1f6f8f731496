"""Pseudonyms of patients, and the arrays of a study for the viewer."""

import hashlib
import hmac
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fl_core.errors import NotFound
from model.errors import ModelError
from model.io.patient_keys import patient_key
from model.io.slices import read_slice
from model.io.study import read_study
from model.task_spec import SPECT

Volume = tuple[NDArray[np.float32], tuple[float, float, float]]


def pseudonym(secret: bytes, patient_key: str) -> str:
    """Return the site-local name of a patient: equal for equal keys, useless without the secret."""
    return "P-" + hmac.new(secret, patient_key.encode(), hashlib.sha256).hexdigest()[:10].upper()


def pseudonym_of_number(secret: bytes, number: str) -> str:
    """Return the pseudonym that the studies of a patient's number get at import; only the number counts, not its case."""
    key, _ = patient_key([number], site_key=site_key(secret))
    return pseudonym(secret, key)


def site_key(secret: bytes) -> bytes:
    """Return the key under which readers of scans turn a patient's number into a patient key."""
    return hashlib.sha256(b"patient key\x00" + secret).digest()


def read_volume(task: str, path: Path, name: str) -> Volume:
    """Return one array for the viewer with its spacing in mm; raises NotFound when the study has none of that name."""
    try:
        return _study_volume(path, name) if task == SPECT else _slice_volume(path, name)
    except (ModelError, FileNotFoundError) as error:
        message = f"the study's {name} cannot be read: {error}"
        raise NotFound(message) from error


def _study_volume(path: Path, name: str) -> Volume:
    study = read_study(path)
    if name == "projections":
        return study.projections[0], (1.0, study.geometry.axial_mm, study.geometry.bin_mm)
    array = study.attenuation if name == "attenuation" else study.reference
    if array is None:
        message = f"this study has no {name}"
        raise NotFound(message)
    return array, study.geometry.grid.voxel_mm


def _slice_volume(path: Path, name: str) -> Volume:
    image, labels = read_slice(path)
    if name == "projections":
        return image, (1.0, 1.0, 1.0)
    if name == "reference" and labels is not None:
        return labels[None].astype(np.float32), (1.0, 1.0, 1.0)
    message = f"this study has no {name}"
    raise NotFound(message)
