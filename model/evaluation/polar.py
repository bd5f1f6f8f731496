"""The 17-segment polar map of the left ventricle: what a reader of perfusion images looks at. numpy only.

Segments
    The mean over the voxels of each AHA segment of ``truth.aha``; a segment without voxels is NaN.
Normaliser
    100 is the mean of the three highest segments, for every method and for the reference alike. The single highest
    of 17 noisy means would move all others by its own error and grows with the noise, so that a noisier method would
    look darker everywhere; the mean of three has a third of that variance and hardly any of that bias.

References
----------
Cerqueira et al., Circulation 105 (2002) 539 (segments, their names and their place on the map).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from model.geometry import ensure_shape
from model.io.study_records import Study

Segments = npt.NDArray[np.float64]
SEGMENTS = 17
NORMALISING_SEGMENTS = 3
# AHA order of the rings: from the anterior wall over the septum; degrees a segment, first centre at the top
RINGS = ((0, 6), (6, 6), (12, 4), (16, 1))
SEGMENT_NAMES = (
    "basal anterior", "basal anteroseptal", "basal inferoseptal", "basal inferior", "basal inferolateral",
    "basal anterolateral", "mid anterior", "mid anteroseptal", "mid inferoseptal", "mid inferior",
    "mid inferolateral", "mid anterolateral", "apical anterior", "apical septal", "apical inferior",
    "apical lateral", "apex",
)  # fmt: skip
TERRITORIES = {"LAD": (1, 2, 7, 8, 13, 14, 17), "RCA": (3, 4, 9, 10, 15), "LCX": (5, 6, 11, 12, 16)}


def segment_means(image: npt.NDArray[np.floating], study: Study) -> Segments | None:
    """Return the mean of each AHA segment, shape (17,), in the image's unit; None where the study knows no segments.

    Raises
    ------
    GeometryMismatch
        If the image is not of the study's size.
    """
    if study.truth is None or not study.truth.aha.any():
        return None
    aha = study.truth.aha
    ensure_shape("image", image.shape, aha.shape)
    wall = aha > 0
    codes = aha[wall] - 1
    voxels = np.bincount(codes, minlength=SEGMENTS)
    sums = np.bincount(codes, weights=np.asarray(image[wall], dtype=np.float64), minlength=SEGMENTS)
    return np.where(voxels > 0, sums / np.maximum(voxels, 1), np.nan)


def normalised(means: Segments) -> Segments:
    """Return segment means so that the mean of the three highest is 100; NaN where that mean is not positive."""
    present = np.sort(means[np.isfinite(means)])[-NORMALISING_SEGMENTS:]
    top = float(present.mean()) if present.size else 0.0
    return 100.0 * means / top if top > 0 else np.full_like(means, np.nan)


def polar_segments(image: npt.NDArray[np.floating], study: Study) -> Segments | None:
    """Return the 17 segments of the polar map in points, float64 (17,), normalised as the module docstring fixes it.

    NaN for segments that hold no voxel; None where the study knows no segments.

    Raises
    ------
    GeometryMismatch
        If the image is not of the study's size.
    """
    means = segment_means(image, study)
    return None if means is None else normalised(means)


def polar_rms(estimate: Segments, truth: Segments) -> float:
    """Return the root mean square difference of two polar maps in points, over the segments both have."""
    both = np.isfinite(estimate) & np.isfinite(truth)
    return float(np.sqrt(np.mean((estimate[both] - truth[both]) ** 2))) if both.any() else math.nan


def neighbours() -> npt.NDArray[np.bool_]:
    """Return which segments touch, bool (17, 17), each its own neighbour.

    Segments touch around a ring, and along the axis where their angles overlap; the apex touches the apical ring.
    """
    spans = {}
    for first, count in RINGS:
        width = 360.0 / count
        for i in range(count):
            spans[first + i] = (i * width - width / 2, i * width + width / 2)
    ring = [next(r for r, (first, count) in enumerate(RINGS) if first <= s < first + count) for s in range(SEGMENTS)]
    touching = np.eye(SEGMENTS, dtype=bool)
    for a in range(SEGMENTS):
        for b in range(SEGMENTS):
            if ring[a] == ring[b]:
                first, count = RINGS[ring[a]]
                touching[a, b] |= (a - b) % count in (1, count - 1)
            elif abs(ring[a] - ring[b]) == 1:
                touching[a, b] = _overlap(spans[a], spans[b]) > 0
    return touching


def _overlap(a: tuple[float, float], b: tuple[float, float]) -> float:
    return max(min(a[1], b[1] + turn) - max(a[0], b[0] + turn) for turn in (-360.0, 0.0, 360.0))
