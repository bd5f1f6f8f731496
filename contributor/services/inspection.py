"""Decides whether a file is a study that some task can use, and says in words why not."""

import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fl_core.errors import CATALOGUE, NotFound
from model.errors import ModelError
from model.io.study import read_study
from model.task_spec import TASK_SPECS, SampleSummary, read_slice, read_slice_patient

SPECT = "spect-reconstruction"
CODE = "study.unusable"
_NOT_MINE = frozenset({"study.not_a_study", "study.unreadable", "sample.unreadable", "sample.missing"})

Volume = tuple[NDArray[np.float32], tuple[float, float, float]]


class UnusableFile(Exception):  # noqa: N818 - the name says what it is
    """A file that no task can use; `code` is the reader's own."""

    def __init__(self, code: str, detail: str, advice: str) -> None:
        super().__init__(detail)
        self.code = code
        self.detail = detail
        self.advice = advice


@dataclass(frozen=True, slots=True)
class Inspected:
    """A usable file: which task it is for, what it shows, and whose it is (as its own patient key)."""

    task: str
    summary: SampleSummary
    patient_key: str | None


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


def inspect(path: Path, name: str) -> Inspected:
    """Read and check a whole file; raises UnusableFile with the reason of the task that fits best."""
    suffix = check_ending(name)
    refusals: list[ModelError] = []
    for spec in TASK_SPECS.values():
        if suffix not in spec.sample_suffixes:
            continue
        try:
            summary = spec.inspect_sample(path)
            return Inspected(spec.name, summary, _read_whole(spec.name, path))
        except ModelError as error:
            refusals.append(error)
    best = next((error for error in refusals if error.code not in _NOT_MINE), refusals[0])
    raise UnusableFile(best.code, best.message, best.remedy or CATALOGUE[CODE].advice)


def _read_whole(task: str, path: Path) -> str | None:
    """Read every value once, so that a damaged file is found now and not in a training; return the patient key."""
    if task != SPECT:
        return read_slice_patient(path)
    key = read_study(path).provenance.get("patient_key")
    return None if key is None else str(key)


def pseudonym(secret: bytes, patient_key: str) -> str:
    """Return the site-local name of a patient: equal for equal keys, useless without the secret."""
    return "P-" + hmac.new(secret, patient_key.encode(), hashlib.sha256).hexdigest()[:10].upper()


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
