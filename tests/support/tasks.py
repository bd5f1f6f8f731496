"""Tiny samples of every task, made from a seed."""

from pathlib import Path

import numpy as np


def write_brain_slice(path: Path, *, seed: int, size: tuple[int, int] = (40, 36), patient: str | None = None) -> Path:
    """Write one two-channel slice: a bright disc (1) with a ring (2) and a small core (3), noisy.

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
    image = levels[:, labels] + random.normal(0, 0.05, (2, *size))
    arrays = {"image": image.astype(np.float32), "labels": labels}
    if patient is not None:
        arrays["patient_key"] = np.array(patient)
    np.savez(path, **arrays)
    return path
