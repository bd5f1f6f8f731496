"""Draw the faults of one study and apply them to its expected counts and its attenuation map, never to its target."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import AcquisitionGeometry
from model.io.study_records import Study
from synthesis.perturbation.attenuation_map import move_map, truncate_map
from synthesis.perturbation.camera import live_fractions, sensitivity_map
from synthesis.perturbation.motion import Motion, motion_shifts_mm
from synthesis.perturbation.shift import shift_views
from synthesis.perturbation.timing import ViewTimes, decay_factors
from synthesis.phantoms.shapes import Floats
from synthesis.specs.perturbation import DeadTimeSpec, FaultSpec, MotionSpec, PerturbationSpec

Array = npt.NDArray[np.float64]
ONSETS = (0.15, 0.85)  # an abrupt motion in the first or last views is none
STREAMS = ("level", "uniformity", "dead_time", "motion", "centre", "map_shift", "map_scale", "map_truncation")


@dataclass(frozen=True, eq=False)
class PerturbedStudy:
    """What was measured of a study, and with what faults.

    Parameters
    ----------
    projections_mean : float32 (W, V, Z, U)
        Expected counts with the faults; noise comes last, with `synthesis.perturbation.noise`.
    scatter : float32 (W, V, Z, U) or None
        The study's scatter with the same faults.
    attenuation : float32 (Z, Y, X) or None
        The map that the site has.
    record : mapping
        The drawn values, as JSON, for the provenance; empty where there is no fault.
    """

    projections_mean: Floats
    scatter: Floats | None
    attenuation: Floats | None
    record: Mapping[str, Any]


@dataclass
class _Counts:
    """What happens to the counts of each view; None is nothing."""

    rows_mm: Array
    bins_mm: Array
    factors: Array
    sensitivity: Floats | None = None  # (V, Z, U)
    dead_time: tuple[DeadTimeSpec, float] | None = None
    record: dict[str, Any] = field(default_factory=dict)


def perturb(study: Study, expected: Floats, spec: PerturbationSpec, rng: np.random.Generator) -> PerturbedStudy:
    """Return expected counts, scatter and attenuation map with the faults that `spec` allows.

    Reference, labels and truth are not touched. Arrays that no fault changes come back as they are, not copied: with
    the default `spec` all of them.

    Parameters
    ----------
    study : Study
        Gives geometry, scatter and attenuation. Give the expected scatter here and estimate the site's noisy one from
        the result, so that its noise belongs to the count level.
    expected : float32 (W, V, Z, U)
        Expected counts without faults, all energy windows.
    spec : PerturbationSpec
    rng : Generator
        Each fault draws from its own child of this stream, so that one more fault changes no other.
    """
    streams = dict(zip(STREAMS, rng.spawn(len(STREAMS)), strict=True))
    times = ViewTimes.of(study.geometry.duration_s, spec.detectors)
    faults = _draw_counts(spec, study.geometry, times, streams)
    counts, live = _apply(expected, faults, study.geometry), None
    if faults.dead_time is not None:
        dead, tau_us = faults.dead_time
        live = live_fractions(
            counts, times, tau_us=tau_us, paralysable=dead.paralysable, events_per_count=dead.events_per_count
        )
        counts = _times(counts, live)
        faults.record["dead_time"] = {
            "tau_us": tau_us, "paralysable": dead.paralysable, "largest_loss": float(1 - live.min()),
        }  # fmt: skip
    scatter = study.scatter
    if scatter is not None:
        scatter = _apply(scatter, faults, study.geometry)
        scatter = scatter if live is None else _times(scatter, live)
    attenuation, record = _perturb_map(study, spec, streams)
    return PerturbedStudy(counts, scatter, attenuation, faults.record | record)


def _befalls(spec: FaultSpec, rng: np.random.Generator) -> bool:
    return bool(rng.random() < spec.share)


def _signed(limits: tuple[float, float], rng: np.random.Generator) -> float:
    return float(rng.uniform(*limits) * rng.choice((-1.0, 1.0)))


def _draw_counts(
    spec: PerturbationSpec, geometry: AcquisitionGeometry, times: ViewTimes, streams: dict[str, np.random.Generator]
) -> _Counts:
    nothing = np.zeros(geometry.n_views)
    faults = _Counts(nothing, nothing, np.ones(geometry.n_views))
    if spec.count_level != (1.0, 1.0):
        level = float(np.exp(streams["level"].uniform(*np.log(spec.count_level))))
        faults.factors = faults.factors * level
        faults.record["count_level"] = level
    if spec.decay is not None:
        factors = decay_factors(times)
        faults.factors = faults.factors * factors
        faults.record["decay"] = {"radionuclide": spec.decay, "last_over_first": float(factors.min() / factors.max())}
    _draw_uniformity(faults, spec, geometry, times, streams["uniformity"])
    if _befalls(spec.dead_time, streams["dead_time"]):
        faults.dead_time = (spec.dead_time, float(streams["dead_time"].uniform(*spec.dead_time.tau_us)))
    if _befalls(spec.motion, streams["motion"]):
        motion = _draw_motion(spec.motion, streams["motion"])
        faults.rows_mm, faults.bins_mm = motion_shifts_mm(motion, geometry, times)
        faults.record["motion"] = motion.to_dict()
    if _befalls(spec.centre_of_rotation, streams["centre"]):
        limits = spec.centre_of_rotation.offset_mm
        offsets = [_signed(limits, streams["centre"]) for _ in range(int(times.detector.max()) + 1)]
        faults.bins_mm = faults.bins_mm + np.asarray(offsets)[times.detector]
        faults.record["centre_of_rotation_mm"] = offsets
    return faults


def _draw_uniformity(
    faults: _Counts, spec: PerturbationSpec, geometry: AcquisitionGeometry, times: ViewTimes, rng: np.random.Generator
) -> None:
    if not _befalls(spec.uniformity, rng):
        return
    sd, width = float(rng.uniform(*spec.uniformity.sd)), spec.uniformity.width_mm
    detectors = int(times.detector.max()) + 1
    maps = np.stack([sensitivity_map(geometry, sd=sd, width_mm=width, rng=rng) for _ in range(detectors)])
    faults.sensitivity = maps[times.detector]
    faults.record["uniformity"] = {"sd": sd, "width_mm": width, "detectors": detectors}


def _draw_motion(spec: MotionSpec, rng: np.random.Generator) -> Motion:
    x, y, z = (_signed(limits, rng) for limits in (spec.lateral_mm, spec.depth_mm, spec.axial_mm))
    kind = ("abrupt", "creeping")[int(rng.integers(2))] if spec.kind == "either" else spec.kind
    return Motion(x, y, z, float(rng.uniform(*ONSETS)) if kind == "abrupt" else None)


def _apply(counts: Floats, faults: _Counts, geometry: AcquisitionGeometry) -> Floats:
    """Return the counts (W, V, Z, U) displaced, scaled and seen by an uneven detector; dead time is not in it."""
    seen = counts
    if faults.rows_mm.any() or faults.bins_mm.any():
        seen = shift_views(seen, faults.rows_mm / geometry.axial_mm, faults.bins_mm / geometry.bin_mm)
    if (faults.factors != 1).any():
        seen = _times(seen, faults.factors)
    return seen if faults.sensitivity is None else seen * faults.sensitivity


def _times(counts: Floats, factors: Array) -> Floats:
    scaled: Floats = counts * factors.astype(np.float32)[:, None, None]
    return scaled


def _perturb_map(
    study: Study, spec: PerturbationSpec, streams: dict[str, np.random.Generator]
) -> tuple[Floats | None, dict[str, Any]]:
    """Return the site's map, cut by its CT, then displaced, then scaled, and what was drawn."""
    mu, grid, record = study.attenuation, study.geometry.grid, dict[str, Any]()
    if mu is None:
        return None, record
    if _befalls(spec.map_truncation, streams["map_truncation"]):
        diameter = float(streams["map_truncation"].uniform(*spec.map_truncation.diameter_mm))
        mu = truncate_map(mu, grid, diameter)
        record["map_truncation_mm"] = diameter
    if _befalls(spec.map_shift, streams["map_shift"]):
        direction = streams["map_shift"].normal(size=3)
        direction *= streams["map_shift"].uniform(*spec.map_shift.distance_mm) / np.linalg.norm(direction)
        x, y, z = (float(part) for part in direction)
        mu = move_map(mu, grid, (x, y, z))
        record["map_shift_mm"] = [x, y, z]
    if _befalls(spec.map_scale, streams["map_scale"]):
        factor = float(streams["map_scale"].uniform(*spec.map_scale.factor))
        mu = mu * np.float32(factor)
        record["map_scale"] = factor
    return mu, record
