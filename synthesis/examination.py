"""Turn the expected counts of one examination into a study: count level, faults of the measurement, noise, provenance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from model.io.study import Defect, Study
from synthesis.draws import Streams, draw_counts, draw_scatter_fraction
from synthesis.identity import identity, patient_key, versions
from synthesis.perturbation.measurement import PerturbedStudy, perturb
from synthesis.perturbation.noise import estimate_scatter, poisson_counts, remaining_counts
from synthesis.perturbation.quality import MAX_KEPT_RATIO, MAX_VARIANCE_RATIO, refuse_noisy
from synthesis.phantoms.composition import LABEL_CODES
from synthesis.phantoms.shapes import Floats
from synthesis.scenario import Scenario
from synthesis.simulation.windows import window_counts
from synthesis.template import BodyRecord


@dataclass(frozen=True, eq=False)
class Mixture:
    """One mixture of a body's sources, before the count level is chosen.

    Parameters
    ----------
    activity : float32 (Z, Y, X)
        Mean over the simulation grid's voxels in each voxel of the reconstruction grid.
    primary : float32 (V, Z, U)
        In the unit of the activity: counts per voxel of the simulation grid.
    scatter : float32 (V, Z, U)
        In the same unit if `scatter_is_physical`, else a distribution whose sum is 1: the protocol sets its amount.
    scatter_is_physical : bool
    variance : float32 (V, Z, U), optional
        Of primary + scatter, of a Monte Carlo.
    further_windows : float32 (W - 1, V, Z, U), optional
        Counts in the windows after the photopeak, in the unit of `primary`; else `window_counts` gives them.
    uptakes : mapping of str to float
    defects : tuple of Defect
        With the severities of this mixture.
    simulated_with : mapping of str
        Versions of a Monte Carlo's parts, empty for none.
    """

    activity: Floats
    primary: Floats
    scatter: Floats
    scatter_is_physical: bool
    variance: Floats | None
    uptakes: Mapping[str, float]
    defects: tuple[Defect, ...]
    further_windows: Floats | None = None
    simulated_with: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, eq=False)
class _Means:
    """Expected counts at the chosen count level; `scale` is counts per unit of activity."""

    primary: Floats
    scatter: Floats
    scale: float
    total: float
    fraction: float


def examine(body: BodyRecord, mixture: Mixture, streams: Streams, *, variant: int, noise: bool) -> Study:
    """Return the study of one examination; `noise` False leaves the expected counts in the projections."""
    factor = body.scenario.simulation.oversampling
    means = _means(body, mixture, streams)
    perfect = Study(
        projections=_all_windows(body, mixture, means),
        geometry=body.geometry,
        attenuation=body.attenuation,
        scatter=means.scatter[None],
        reference=mixture.activity * np.float32(means.scale * factor**3),
        reference_kind="phantom",
        labels=body.labels,
        label_codes=dict(LABEL_CODES),
        truth=body.truth(mixture.defects),
        provenance=_provenance(body, mixture, variant, means),
    )
    faulty = perturb(perfect, perfect.projections, body.scenario.perturbation, streams.perturbation)
    told = _refuse_noisy(mixture, means, body.scenario, level=faulty.record.get("count_level", 1.0))
    told |= {"perturbation": dict(faulty.record)} if faulty.record else {}
    variance = _kept_variance(mixture, means, body.scenario)
    return _measured(perfect, faulty, body, streams, told=told, noise=noise, variance=variance)


def _all_windows(body: BodyRecord, mixture: Mixture, means: _Means) -> Floats:
    if mixture.further_windows is None:
        return window_counts(means.primary, means.scatter, body.geometry)
    return np.concatenate([(means.primary + means.scatter)[None], mixture.further_windows * np.float32(means.scale)])


def _measured(
    perfect: Study,
    faulty: PerturbedStudy,
    body: BodyRecord,
    streams: Streams,
    *,
    told: Mapping[str, Any],
    noise: bool,
    variance: Floats | None = None,
) -> Study:
    """Return what the camera counts and what the site knows; reference, labels and truth stay as they are.

    With a `variance` (V, Z, U) the photopeak holds that much noise already; `told` goes into the provenance.

    A study of one window brings the site's estimate of the scatter; with a scatter window beside the photopeak it is
    left to the reader (`model.scatter`), as with a clinical study.
    """
    expected, scatter = faulty.projections_mean, faulty.scatter
    assert scatter is not None  # noqa: S101 - narrowing; it was given
    spec = body.scenario.simulation
    projections, estimate = expected, None
    if len(expected) == 1:
        estimate = estimate_scatter(scatter, scale_sd=spec.scatter_scale_sd, rng=streams.estimate)
    if noise:
        others = poisson_counts(expected[1:], streams.estimate)
        if variance is None:
            peak = poisson_counts(expected[:1], streams.counting)
        else:
            peak = remaining_counts(expected[:1], variance[None], streams.counting)
        projections = np.concatenate([peak, others])
    return replace(
        perfect,
        projections=projections,
        scatter=estimate,
        attenuation=faulty.attenuation,
        provenance=dict(perfect.provenance) | dict(told),
    )


def _means(body: BodyRecord, mixture: Mixture, streams: Streams) -> _Means:
    site = body.scenario.site(body.site)
    total = draw_counts(site, streams.protocol)
    emitted = float(mixture.primary.sum(dtype=np.float64))
    if mixture.scatter_is_physical:
        scattered = float(mixture.scatter.sum(dtype=np.float64))
        fraction, scale = scattered / (emitted + scattered), total / (emitted + scattered)
        scatter = mixture.scatter * np.float32(scale)
    else:
        fraction = draw_scatter_fraction(body.scenario, body.half_mm, streams.protocol)
        scale = total * (1 - fraction) / emitted
        scatter = mixture.scatter * np.float32(total * fraction)
    return _Means(mixture.primary * np.float32(scale), scatter, scale, total, fraction)


def _refuse_noisy(mixture: Mixture, means: _Means, scenario: Scenario, *, level: float) -> dict[str, Any]:
    """Return how noisy the Monte Carlo is at the count `level` that was drawn: its variance grows as the level's square."""
    if mixture.variance is None:
        return {}
    limit = MAX_KEPT_RATIO if scenario.keeps_noise else MAX_VARIANCE_RATIO
    mean = (means.primary + means.scatter) * np.float32(level)
    variance = mixture.variance * np.float32((means.scale * level) ** 2)
    found = refuse_noisy(mean, variance, limit=limit)
    return {"monte_carlo": found} | ({"monte_carlo_noise": "kept"} if scenario.keeps_noise else {})


def _kept_variance(mixture: Mixture, means: _Means, scenario: Scenario) -> Floats | None:
    """Return the variance that the expected counts have of themselves, where it is part of the measurement's."""
    if mixture.variance is None or not scenario.keeps_noise:
        return None
    kept: Floats = mixture.variance * np.float32(means.scale**2)
    return kept


def _provenance(body: BodyRecord, mixture: Mixture, variant: int, means: _Means) -> dict[str, Any]:
    scenario = body.scenario
    return {
        **identity(scenario, body.site, body.seed, body.index, variant),
        "patient_key": patient_key(scenario, body.site, body.seed, body.index, body.anatomy.get("files") or {}),
        "deidentification": {"needed": False, "reason": "a digital phantom, no person"},
        "versions": versions() | dict(mixture.simulated_with),
        "anatomy": dict(body.anatomy),
        "uptakes": dict(mixture.uptakes),
        "expected_counts": means.total,
        "scatter_fraction": means.fraction,
        **body.records,
    }
