"""DICOM files for tests: studies whose every axis is different, files changed element by element, the validator."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest

from model.geometry import AcquisitionGeometry
from model.io.dicom.modules import AnonymousIds, save
from model.io.dicom.writer import nm_tomo_dataset
from model.io.study_records import Study
from tests.support.studies import reference_projections, tiny_geometry, tiny_study

SENTINEL = "ZZSENTINEL"


def asymmetric_study(geometry: AcquisitionGeometry | None = None, **options: Any) -> Study:
    """Return a study of one hot block that is off centre along every axis: left, front and head of the middle."""
    geometry = geometry or tiny_geometry(**options)
    activity = np.zeros(geometry.volume_shape)
    _, y, x = geometry.volume_shape
    activity[-2, y // 2 - 5 : y // 2 - 3, x // 2 + 4 : x // 2 + 7] = 1.0  # z to the head, y to the back, x to the left
    projections = reference_projections(activity, None, geometry)
    counts = np.rint(projections * (2e4 / projections.sum())).astype(np.float32)
    return Study(projections=counts[None], geometry=geometry, provenance={"generator": "tests.support.dicom"})


def nm_file(
    path: Path,
    change: Callable[[Any], None] | None = None,
    *,
    study: Study | None = None,
    gates: int = 1,
    **options: Any,
) -> Path:
    """Write a small NM file after `change` has had the data set in hand."""
    studies = [study or tiny_study(noise=True)] * gates
    dataset = nm_tomo_dataset(studies, ids=options.pop("ids", AnonymousIds()), **options)
    if change is not None:
        change(dataset)
    save(path, dataset)
    return path


def dciodvfy_errors(path: Path) -> list[str]:
    """Return the errors that dciodvfy of dicom3tools finds; skip the test where the program is missing."""
    program = shutil.which("dciodvfy")
    if program is None:
        pytest.skip("dciodvfy is not installed (Debian: apt-get install dicom3tools); written DICOM is NOT validated")
    done = subprocess.run([program, "-new", str(path)], capture_output=True, text=True, timeout=60, check=False)
    return [line for line in (done.stdout + done.stderr).splitlines() if line.startswith(("Error", "Abort"))]


def centre_of_mass(volume: Any) -> tuple[float, float, float]:
    """Return (z, y, x) of a volume's centre of mass, in voxels from the centre of the grid."""
    total = float(volume.sum())
    return tuple(
        float((volume.sum(axis=tuple(a for a in range(3) if a != axis)) * np.arange(n)).sum() / total - (n - 1) / 2)
        for axis, n in enumerate(volume.shape)
    )  # type: ignore[return-value]  # three axes


def read_back(path: Path) -> Any:
    """Return the plain pydicom Dataset."""
    return pydicom.dcmread(path)
