"""Tiny samples of every task, made from a seed."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.support.studies import write_tiny_study


def write_brain_slice(path: Path, *, seed: int, size: tuple[int, int] = (40, 36), patient: str | None = None) -> Path:
    """Write one two-channel slice: a ring (2) around a disc (1) with a small core (3), noisy.

    ``path`` ends in ``.npz``.
    """
    random = np.random.default_rng(seed)
    y, x = np.mgrid[: size[0], : size[1]]
    centre = random.uniform(0.35, 0.65, 2) * size
    distance = np.hypot(y - centre[0], x - centre[1])
    radius = random.uniform(8, 11)
    labels = np.zeros(size, np.uint8)
    labels[distance < radius] = 2
    labels[distance < 0.7 * radius] = 1
    labels[distance < 0.3 * radius] = 3
    levels = np.array([[0.3, 1.0, 0.6, 1.4], [0.4, 0.2, 1.2, 0.9]])
    image = (levels[:, labels] + random.normal(0, 0.05, (2, *size))).astype(np.float32)
    np.savez(path, image=image, labels=labels, patient_key=np.array(patient or f"brain-{seed}"))
    return path


def _write_study(path: Path, *, seed: int, patient: str | None = None) -> Path:
    write_tiny_study(path, seed, shape=(6, 14, 14), voxel_mm=22.0, views=12, patient_key=patient)
    return path


SAMPLE_WRITERS: dict[str, tuple[str, Callable[..., Path]]] = {
    "spect-reconstruction": (".h5", _write_study),
    "brain-segmentation": (".npz", write_brain_slice),
}
"""For each task: the file suffix and a function (path, seed=, patient=) that writes one sample."""


def write_samples(task: str, folder: Path, number: int, *, samples_per_patient: int = 1) -> list[Path]:
    """Write ``number`` samples; each patient has ``samples_per_patient`` of them."""
    suffix, write = SAMPLE_WRITERS[task]
    return [
        write(folder / f"sample-{i}{suffix}", seed=i, patient=f"patient-{i // samples_per_patient}")
        for i in range(number)
    ]
