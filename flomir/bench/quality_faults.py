"""Studies that are broken on purpose: each fault as a function of its size, applied to expected counts before the noise.

The middle size of a physical fault is the smallest that raises the heart's NRMSE of tuned OSEM by 10 %
(`flomir bench quality --find-sizes` measures it); the small one is half of it, the large one twice. A wrong entry of the
file has no size: every wrong value in the list counts as a middle one.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from model.geometry import EnergyWindow
from model.io.study_records import Study
from synthesis.perturbation.attenuation_map import move_map
from synthesis.perturbation.motion import Motion, motion_shifts_mm
from synthesis.perturbation.noise import poisson_counts
from synthesis.perturbation.shift import shift_views
from synthesis.perturbation.timing import ViewTimes

Rng = np.random.Generator
Breaks = Callable[[Study, float, Rng], Study]
FIRST_COUNTS = 0.5e6
"""Of the photopeak, the fewest of the population: too few counts are a share of these."""


@dataclass(frozen=True)
class Fault:
    """One kind of fault.

    Parameters
    ----------
    codes : frozenset of str
        Findings that name it.
    breaks : callable (study of expected counts, size, rng) -> study
        Before the noise, or with `after_noise` on the measured counts.
    sizes : (small, middle, large)
        In `unit`; equal for a wrong entry.
    search : tuple of float
        Sizes that the search for the middle one tries, ascending; empty for a wrong entry.
    """

    codes: frozenset[str]
    breaks: Breaks
    unit: str
    sizes: tuple[float, float, float]
    search: tuple[float, ...] = ()
    after_noise: bool = False

    @property
    def is_entry(self) -> bool:
        """Whether the fault is a wrong entry, which has no size."""
        return not self.search


def measured(study: Study, fault: Fault | None, size: float, rng: Rng) -> Study:
    """Return what a camera measures of a study of expected counts, with a fault or none."""
    if fault is not None and not fault.after_noise:
        study = fault.breaks(study, size, rng)
    noisy = replace(study, projections=poisson_counts(np.maximum(study.projections, 0), rng))
    return fault.breaks(noisy, size, rng) if fault is not None and fault.after_noise else noisy


# ---------------------------------------------------------------- the counts


def _counted(study: Study, projections: np.ndarray[Any, Any], scatter: np.ndarray[Any, Any] | None = None) -> Study:
    return replace(
        study, projections=projections.astype(np.float32), scatter=study.scatter if scatter is None else scatter
    )


def _move(study: Study, motion: Motion) -> Study:
    g = study.geometry
    rows, bins = motion_shifts_mm(motion, g, ViewTimes.of(g.duration_s, 1))
    return _counted(study, shift_views(study.projections, rows / g.axial_mm, bins / g.bin_mm))


def move_axially(study: Study, size: float, rng: Rng) -> Study:
    """Move the patient along the axis at once, somewhere in the middle half of the acquisition."""
    return _move(study, Motion(0.0, 0.0, size * float(rng.choice((-1, 1))), float(rng.uniform(0.25, 0.75))))


def creep_axially(study: Study, size: float, rng: Rng) -> Study:
    """Move the patient along the axis slowly, from the first view to the last."""
    return _move(study, Motion(0.0, 0.0, size * float(rng.choice((-1, 1))), None))


def move_across(study: Study, size: float, rng: Rng) -> Study:
    """Move the patient across the axis at once, in any direction."""
    angle = float(rng.uniform(0, 2 * math.pi))
    onset = float(rng.uniform(0.25, 0.75))
    return _move(study, Motion(size * math.cos(angle), size * math.sin(angle), 0.0, onset))


def offset_centre(study: Study, size: float, rng: Rng) -> Study:
    """Put the axis of rotation beside the middle of the detector."""
    offset = np.full(study.geometry.n_views, size * float(rng.choice((-1, 1))) / study.geometry.bin_mm)
    return _counted(study, shift_views(study.projections, 0 * offset, offset))


def weaken_views(study: Study, size: float, rng: Rng) -> Study:
    """Let a tenth of the views, next to each other, lose a share of their counts."""
    projections, views = study.projections.copy(), study.geometry.n_views
    some = max(2, views // 10)
    first = int(rng.integers(3, views - some - 3))
    projections[:, first : first + some] *= 1 - size
    return _counted(study, projections)


def weaken_detector(study: Study, size: float, rng: Rng) -> Study:
    """Let one of two detectors, which measures half the views, lose a share of its counts."""
    projections, half = study.projections.copy(), study.geometry.n_views // 2
    part = slice(half, None) if rng.integers(2) else slice(None, half)
    projections[:, part] *= 1 - size
    return _counted(study, projections)


def empty_views(study: Study, size: float, rng: Rng) -> Study:
    """Lose so many views next to each other; their pictures are empty."""
    projections, some = study.projections.copy(), max(1, round(size))
    first = int(rng.integers(1, study.geometry.n_views - some))
    projections[:, first : first + some] = 0
    return _counted(study, projections)


def _heart_bin(study: Study, rng: Rng) -> tuple[int, int]:
    """Return row and bin of the projected middle of the heart in a view of the middle third of the acquisition."""
    g = study.geometry
    assert study.labels is not None  # noqa: S101 (made studies have them)
    wall = study.labels == study.label_codes["myocardium"]
    z, y, x = (float(index.mean()) for index in np.nonzero(wall))
    (_, ny, nx), mm = g.grid.shape, g.grid.voxel_mm[2]
    angle = g.angles_rad[int(rng.integers(g.n_views // 3, 2 * g.n_views // 3))]
    u = (-(x - (nx - 1) / 2) * math.cos(angle) + (y - (ny - 1) / 2) * math.sin(angle)) * mm / g.bin_mm
    return round(z), int(np.clip(round(u + (g.n_bins - 1) / 2), 6, g.n_bins - 7))


def kill_elements(study: Study, size: float, rng: Rng) -> Study:
    """Let a square of so many elements a side count nothing, where the heart is."""
    projections, side = study.projections.copy(), max(1, round(size))
    row, column = _heart_bin(study, rng)
    top, left = max(0, row - side // 2), column - side // 2
    projections[:, :, top : top + side, left : left + side] = 0
    return _counted(study, projections)


def heat_element(study: Study, size: float, rng: Rng) -> Study:
    """Let one element where the heart is count so many times what it should."""
    projections = study.projections.copy()
    row, column = _heart_bin(study, rng)
    projections[:, :, row, column] *= size
    return _counted(study, projections)


def truncate(study: Study, size: float, rng: Rng) -> Study:
    """Take a camera so many mm narrower than the widest column of the body that counts."""
    g = study.geometry
    columns = np.flatnonzero(_body_columns(study))
    cut = max(1, round(size / 2 / g.bin_mm))
    middle = (g.n_bins - 1) / 2
    half = max(abs(columns[0] - middle), abs(columns[-1] - middle)) - cut
    inside = np.abs(np.arange(g.n_bins) - middle) <= half
    geometry = replace(g, n_bins=int(inside.sum()))
    scatter = None if study.scatter is None else np.ascontiguousarray(study.scatter[..., inside])
    return replace(
        study, projections=np.ascontiguousarray(study.projections[..., inside]), scatter=scatter, geometry=geometry
    )


def _body_columns(study: Study) -> np.ndarray[Any, np.dtype[np.bool_]]:
    summed = study.projections[0].sum(axis=(0, 1))
    found: np.ndarray[Any, np.dtype[np.bool_]] = summed > 0.25 * np.median(summed[summed.size // 4 : -summed.size // 4])
    return found


def starve(study: Study, size: float, rng: Rng) -> Study:
    """Lose a share of the fewest counts of the population."""
    scale = FIRST_COUNTS * (1 - size) / float(study.projections[0].sum())
    return _scaled_counts(study, scale)


def _scaled_counts(study: Study, scale: float) -> Study:
    return replace(
        study,
        projections=study.projections * np.float32(scale),
        scatter=None if study.scatter is None else study.scatter * np.float32(scale),
        reference=None if study.reference is None else study.reference * np.float32(scale),
    )


# ---------------------------------------------------------------- map and reference


def shift_the_map(study: Study, size: float, rng: Rng) -> Study:
    """Move the attenuation map in any direction."""
    direction = rng.normal(size=3)
    x, y, z = direction * size / np.linalg.norm(direction)
    return replace(study, attenuation=move_map(study.attenuation, study.geometry.grid, (x, y, z)))  # type: ignore[arg-type]


def scale_the_map(study: Study, size: float, rng: Rng) -> Study:
    """Scale the attenuation map up or down by a share."""
    factor = 1 + size if rng.integers(2) else 1 - size
    return replace(study, attenuation=study.attenuation * np.float32(factor))  # type: ignore[operator]


def scale_reference(study: Study, size: float, rng: Rng) -> Study:
    """Scale the reference up or down by a share."""
    factor = 1 + size if rng.integers(2) else 1 / (1 + size)
    return replace(study, reference=study.reference * np.float32(factor))  # type: ignore[operator]


# ---------------------------------------------------------------- wrong entries


def _placed(study: Study, **changes: Any) -> Study:
    return replace(study, geometry=replace(study.geometry, **changes))


def wrong_angles(study: Study, size: float, rng: Rng) -> Study:
    """Enter another step between the views: half, two thirds, nine tenths, or a step that jumps."""
    g, kind = study.geometry, int(rng.integers(4))
    factor = (0.5, 2 / 3, 0.9, 1.0)[kind]
    first = g.angles_rad[0]
    turn = np.unwrap(np.asarray(g.angles_rad)) - first
    if kind == 3:
        turn[g.n_views // 2 :] += 3 * (turn[1] - turn[0])
    return _placed(study, angles_rad=tuple(float(first + factor * t) for t in turn))


def wrong_radius(study: Study, size: float, rng: Rng) -> Study:
    """Enter the radius in cm, the diameter, or one radius of another unit."""
    g, kind = study.geometry, int(rng.integers(3))
    radii = np.asarray(g.radius_mm)
    if kind == 2:
        radii = radii.copy()
        radii[int(rng.integers(1, g.n_views - 1))] *= 2.54
    else:
        radii = radii * (0.1, 2.0)[kind]
    return _placed(study, radius_mm=tuple(float(r) for r in radii))


def wrong_window(study: Study, size: float, rng: Rng) -> Study:
    """Enter the scatter window first, a window 10 % off, one of positron emitters, or one that is open on one side."""
    limits = ((114.0, 126.45), (113.8, 139.1), (434.0, 588.0), (120.0, 200.0))[int(rng.integers(4))]
    windows = (EnergyWindow("photopeak", *limits), *study.geometry.windows[1:])
    return _placed(study, windows=windows)


def wrong_unit_of_map(study: Study, size: float, rng: Rng) -> Study:
    """Give the map in cm^-1, for 511 keV, or for 80 keV (CT numbers taken as if nothing were to be converted)."""
    factor = (10.0, 0.62, 1.19)[int(rng.integers(3))]
    return replace(study, attenuation=study.attenuation * np.float32(factor))  # type: ignore[operator]


WORDS = (
    {"source": "Mustermann^Erika"}, {"comment": "taken on 2024-05-17"}, {"comment": "Frau Beispiel, 17.05.1961"},
    {"files": ["1.2.276.0.7230010.3.1.2.123"]}, {"comment": "case 20413377"}, {"Geburtstag": "unknown"},
)  # fmt: skip


def name_a_person(study: Study, size: float, rng: Rng) -> Study:
    """Leave what names a person in the description."""
    return replace(study, provenance=dict(study.provenance) | WORDS[int(rng.integers(len(WORDS)))])


_LETTERS = {
    "D": "110101101101110", "O": "111101101101111", "E": "111100110100111", "7": "111001010010010", "4": "101101111001001",
}  # fmt: skip


def burn_in(study: Study, size: float, rng: Rng) -> Study:
    """Write over the counts, full or half as bright as the brightest element, in all views or in one; or in the map."""
    text = "".join(rng.choice(list(_LETTERS), size=4))
    strokes = np.concatenate([np.pad(_letter(c), ((0, 0), (0, 1))) for c in text], axis=1)
    kind, (rows, columns) = int(rng.integers(4)), strokes.shape
    if kind == 3 and study.attenuation is not None:
        mu = study.attenuation.copy()
        part = mu[mu.shape[0] // 2, 1 : 1 + rows, 1 : 1 + columns]
        part[strokes] = float(mu.max())
        return replace(study, attenuation=mu)
    projections = study.projections.copy()
    row, column = (int(rng.integers(0, n - m)) for n, m in zip(projections.shape[2:], (rows, columns), strict=True))
    views = slice(None) if kind < 2 else slice(4, 5)
    part = projections[0, views, row : row + rows, column : column + columns]
    part[:, strokes[::-1]] = float(projections.max()) * (1.0 if kind != 1 else 0.5)
    return replace(study, projections=projections)


def _letter(letter: str) -> np.ndarray[Any, np.dtype[np.bool_]]:
    return np.array([c == "1" for c in _LETTERS[letter]]).reshape(5, 3)


def _sizes(middle: float, *, least: float = 0.0) -> tuple[float, float, float]:
    return max(least, middle / 2), middle, 2 * middle


ANY = (1.0, 1.0, 1.0)
_MM = (2.0, 3.0, 4.0, 5.0, 6.0, 8.0, 10.0, 12.0, 16.0, 20.0)
_SHARES = (0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.15, 0.2, 0.25, 0.3, 0.4, 0.5, 0.7, 0.8, 0.9, 1.0)
_MOTION = frozenset({"motion.axial"})
_VIEWS = frozenset({"counts.view", "counts.step", "views.missing"})


def faults() -> dict[str, Fault]:
    """Return every fault by name; the middle sizes were measured by `flomir bench quality --find-sizes`."""
    return {
        "motion along the axis": Fault(_MOTION, move_axially, "mm", _sizes(4.0), _MM),
        "creeping along the axis": Fault(_MOTION, creep_axially, "mm", _sizes(5.0), _MM),
        "motion across": Fault(frozenset({"motion.lateral"}), move_across, "mm", _sizes(5.0), _MM),
        "centre of rotation": Fault(frozenset({"centre"}), offset_centre, "mm", _sizes(3.0), _MM),
        "weak views": Fault(_VIEWS, weaken_views, "share", (0.4, 0.8, 1.0), _SHARES),
        "weak detector": Fault(_VIEWS, weaken_detector, "share", _sizes(0.2), _SHARES),
        "empty views": Fault(_VIEWS, empty_views, "views", (2.0, 4.0, 8.0), (1.0, 2.0, 3.0, 4.0, 6.0)),
        "dead elements": Fault(frozenset({"pixels.dead"}), kill_elements, "side", (1.0, 2.0, 4.0), (1.0, 2.0, 3.0, 4.0)),
        "hot element": Fault(frozenset({"pixels.hot"}), heat_element, "times", (1.25, 1.5, 2.0), (1.1, 1.2, 1.3, 1.5, 2.0, 3.0)),
        "truncation": Fault(frozenset({"truncation"}), truncate, "mm", _sizes(80.0), (20.0, 40.0, 60.0, 80.0, 100.0, 130.0, 160.0)),
        "few counts": Fault(frozenset({"counts.low"}), starve, "share", _sizes(0.25), _SHARES),
        "map shifted": Fault(frozenset({"map.shift"}), shift_the_map, "mm", _sizes(16.0), _MM),
        "map scaled": Fault(frozenset({"map.units"}), scale_the_map, "share", _sizes(0.12), _SHARES),
        "reference scaled": Fault(frozenset({"calibration"}), scale_reference, "share", _sizes(0.25), _SHARES),
        "wrong angles": Fault(frozenset({"views.arc", "views.spacing"}), wrong_angles, "", ANY),
        "wrong radius": Fault(frozenset({"orbit.radius", "orbit.jump", "orbit.body"}), wrong_radius, "", ANY),
        "wrong window": Fault(frozenset({"windows.peak", "windows.width"}), wrong_window, "", ANY),
        "map in another unit": Fault(frozenset({"map.units"}), wrong_unit_of_map, "", ANY),
        "person in the description": Fault(frozenset({"identifiers.words"}), name_a_person, "", ANY),
        "writing in the pictures": Fault(frozenset({"identifiers.burnt_in"}), burn_in, "", ANY, after_noise=True),
    }  # fmt: skip
