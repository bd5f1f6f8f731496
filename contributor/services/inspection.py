"""Decides whether a file is a study that some task can use, and says in words why not."""

import hashlib
import hmac
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fl_core.errors import CATALOGUE, NotFound
from model.errors import ModelError
from model.intake import SPECT, Prepared, describe
from model.io.deidentify import patient_key
from model.io.study import read_study
from model.task_spec import TASK_SPECS, read_slice

CODE = "study.unusable"

Volume = tuple[NDArray[np.float32], tuple[float, float, float]]


class UnusableFile(Exception):  # noqa: N818 - the name says what it is
    """A file that no task can use; `code` is the reader's own."""

    def __init__(self, code: str, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.advice = advice


def known_suffixes() -> frozenset[str]:
    """Return the file endings that some task reads."""
    return frozenset(suffix for spec in TASK_SPECS.values() for suffix in spec.sample_suffixes)


def check_ending(name: str) -> str:
    """Return the file's ending in lower case; raises UnusableFile when no task reads such files."""
    suffix = Path(name).suffix.lower()
    if suffix not in known_suffixes():
        detail = f"files that end in {suffix or 'nothing'} are not read"
        raise UnusableFile(CODE, detail, f"Add files of: {', '.join(sorted(known_suffixes()))}.")
    return suffix


def inspect(path: Path, name: str) -> Prepared:
    """Read and check a whole file; raises UnusableFile with the reason of the task that fits best."""
    check_ending(name)
    try:
        return describe(path)
    except ModelError as error:
        raise UnusableFile(error.code, error.message, error.remedy or CATALOGUE[CODE].advice) from error


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
