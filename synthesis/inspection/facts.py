"""What one study shows: its body, heart, infarcts and counts, measured on its own maps. Torch-free.

Lengths come from the attenuation map and from the heart's frame, not from what the generator says it drew, so that a
wrong voxel size or an ignored setting shows here, whichever phantom made the study.
"""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import VolumeGrid
from model.io.study import HeartFrame, Study
from synthesis.manifest import SampleRecord

BODY_MU_PER_MM = 0.004  # between lung and air: a voxel above belongs to the body's outline
TISSUE_MU_PER_MM = (0.012, 0.019)  # water-like tissue, from fat to blood, at 140 keV
Array = npt.NDArray[Any]


@dataclass(frozen=True)
class DefectFacts:
    """One infarct: loss of uptake, share of the wall, and the AHA segments it touches."""

    severity: float
    extent: float
    segments: tuple[int, ...]


@dataclass(frozen=True)
class StudyFacts:
    """The figures of one study; None where the file does not hold what they need.

    Parameters
    ----------
    name, site, group : str
        File, hospital, and scenario with seed.
    index, variant : int
    body : str
        Hash of the organs' labels: equal for studies that share one body.
    noise : str
        Hash of the projections: equal for studies that are copies.
    grid : str
        Volume and projection sizes in words.
    counts : float
        In the photopeak, over all views.
    expected : float or None
        What the generator meant to reach.
    scatter_fraction : float or None
        Scatter estimate over counts.
    width_mm, depth_mm : float or None
        Of the body in the slice of the heart, arms and breasts included.
    tissue_mu_per_cm : float or None
        Mean attenuation of water-like tissue.
    female : bool or None
    heart_length_mm, heart_radius_mm, wall_mm : float or None
    azimuth_deg, descent_deg : float or None
        Where the apex points: from the front to the left, and below the horizontal.
    shown_defect : float or None
        Uptake inside the infarcts over that of the rest of the wall, in the reference.
    expected_defect : float or None
        The same ratio as the stored severities say, at best (a transmural defect's).
    defects : tuple of DefectFacts
    seconds : dict of stage to seconds
    quality : dict of figure to value
        What the manifest says (`synthesis.quality`).
    """

    name: str
    site: str
    group: str
    index: int
    variant: int
    body: str
    noise: str
    grid: str
    counts: float
    expected: float | None
    scatter_fraction: float | None
    width_mm: float | None
    depth_mm: float | None
    tissue_mu_per_cm: float | None
    female: bool | None
    heart_length_mm: float | None
    heart_radius_mm: float | None
    wall_mm: float | None
    azimuth_deg: float | None
    descent_deg: float | None
    shown_defect: float | None
    expected_defect: float | None
    defects: tuple[DefectFacts, ...]
    seconds: Mapping[str, float]
    quality: Mapping[str, float]


def study_facts(name: str, study: Study, record: SampleRecord | None = None) -> StudyFacts:
    """Measure one study; times, quality and the number of the variant come from its record, if there is one."""
    said = study.provenance
    heart = study.truth.heart if study.truth is not None else None
    width, depth, mu = _outline(study)
    azimuth, descent = _direction(heart)
    shown, expected = _defect_contrast(study)
    peak = study.projections[0]
    counts = float(peak.sum(dtype=np.float64))
    return StudyFacts(
        name=name,
        site=str(said.get("site", "unknown")),
        group=f"{said.get('scenario', 'unknown')}, seed {said.get('seed', 'unknown')}",
        index=int(said.get("index", 0)),
        variant=record.variant if record is not None else int(said.get("variant", 0)),
        body=_hash(study.labels if study.labels is not None else study.attenuation),
        noise=_hash(study.projections),
        grid=_grid_in_words(study),
        counts=counts,
        expected=_number(said.get("expected_counts")) if not said.get("perturbation") else None,
        scatter_fraction=_share(study.scatter, counts),
        width_mm=width,
        depth_mm=depth,
        tissue_mu_per_cm=mu,
        female=_sex(said.get("anatomy")),
        heart_length_mm=_length(heart),
        heart_radius_mm=heart.outer_radius_mm if heart is not None else None,
        wall_mm=heart.wall_mm if heart is not None else None,
        azimuth_deg=azimuth,
        descent_deg=descent,
        shown_defect=shown,
        expected_defect=expected,
        defects=_defects(study),
        seconds=dict(record.seconds) if record is not None else {},
        quality=dict(record.quality) if record is not None else {},
    )


def heart_slice(study: Study) -> int:
    """Return the transverse slice through the middle of the infarcts, else of the wall, else of the volume."""
    truth = study.truth
    if truth is None or not truth.aha.any():
        return study.geometry.volume_shape[0] // 2
    mask = truth.defect_map > 0 if truth.defect_map.any() else truth.aha > 0
    return round(float(np.flatnonzero(mask.any(axis=(1, 2))).mean()))


def _outline(study: Study) -> tuple[float | None, float | None, float | None]:
    """Return width and depth of the body at the heart in mm, and the mean mu of water-like tissue in 1/cm."""
    if study.attenuation is None:
        return None, None, None
    mu = study.attenuation
    plane = mu[heart_slice(study)] > BODY_MU_PER_MM
    if not plane.any():
        return None, None, None
    grid = study.geometry.grid
    wide, deep = (_span(plane.any(axis=axis)) * edge for axis, edge in ((0, grid.voxel_mm[2]), (1, grid.voxel_mm[1])))
    low, high = TISSUE_MU_PER_MM
    tissue = mu[(mu > low) & (mu < high)]
    return wide, deep, 10.0 * float(tissue.mean(dtype=np.float64)) if tissue.size else None


def _span(hit: npt.NDArray[np.bool_]) -> int:
    where = np.flatnonzero(hit)
    return int(where[-1] - where[0] + 1)


def _direction(heart: HeartFrame | None) -> tuple[float | None, float | None]:
    if heart is None:
        return None, None
    x, y, z = np.subtract(heart.apex_mm, heart.base_mm)
    return math.degrees(math.atan2(x, -y)), math.degrees(math.asin(-z / math.hypot(x, y, z)))


def _length(heart: HeartFrame | None) -> float | None:
    return math.dist(heart.apex_mm, heart.base_mm) if heart is not None else None


def _defect_contrast(study: Study) -> tuple[float | None, float | None]:
    truth = study.truth
    if truth is None or study.reference is None or not truth.defects or not truth.defect_map.any():
        return None, None
    inside, outside = truth.defect_map > 0, (truth.aha > 0) & (truth.defect_map == 0)
    if not outside.any():
        return None, None
    healthy = float(study.reference[outside].mean())
    if healthy <= 0:
        return None, None
    left = [1.0 - defect.severity for defect in truth.defects]
    voxels = [int((truth.defect_map == 1 + i).sum()) for i in range(len(left))]
    return float(study.reference[inside].mean()) / healthy, float(np.average(left, weights=np.maximum(voxels, 1)))


def _defects(study: Study) -> tuple[DefectFacts, ...]:
    if study.truth is None:
        return ()
    return tuple(DefectFacts(d.severity, d.extent, tuple(d.segments)) for d in study.truth.defects)


def _share(scatter: Array | None, counts: float) -> float | None:
    return float(scatter[0].sum(dtype=np.float64)) / counts if scatter is not None and counts > 0 else None


def _sex(anatomy: object) -> bool | None:
    found = anatomy.get("female") if isinstance(anatomy, Mapping) else None
    return bool(found) if isinstance(found, bool) else None


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None


def _hash(array: Array | None) -> str:
    return "" if array is None else hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]


def _grid_in_words(study: Study) -> str:
    grid: VolumeGrid = study.geometry.grid
    z, y, x = grid.shape
    windows, views, axial, bins = study.projections.shape
    more = f", {windows} windows" if windows > 1 else ""
    return f"{x} x {y} x {z} voxels of {_sides(grid.voxel_mm)} mm, {views} views of {bins} x {axial}{more}"


def _sides(voxel_mm: tuple[float, float, float]) -> str:
    z, y, x = voxel_mm
    return f"{x:g}" if x == y == z else f"{x:g} x {y:g} x {z:g}"
