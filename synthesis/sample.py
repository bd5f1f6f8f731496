"""Make one study from a scenario, a seed and a number: draw, voxelise, simulate, add noise."""

from __future__ import annotations

import hashlib
import math
import time
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from model.io.study import HeartFrame, Study, Truth
from synthesis.defects import coarse_maps, defect_records
from synthesis.errors import SimulationFailed
from synthesis.identity import identity, versions
from synthesis.mixing import draw_texture, draw_uptakes, mix_activity
from synthesis.perturbation.noise import estimate_scatter, poisson_counts
from synthesis.phantoms.body import Body, BodyStreams, make_body
from synthesis.phantoms.composition import LABEL_CODES, Phantom
from synthesis.phantoms.shapes import Floats, block_mean
from synthesis.scenario import Scenario, SiteProfile
from synthesis.simulation.analytic import AnalyticSimulator, finer_grid
from synthesis.specs.simulation import AnalyticSpec

THIN_MM, BROAD_MM = 125.0, 180.0  # geometric mean of half width and half depth, from thin to broad


@dataclass
class Stopwatch:
    """Adds up the seconds of named stages."""

    seconds: dict[str, float] = field(default_factory=dict)
    _since: float = field(default_factory=time.perf_counter)

    def lap(self, stage: str) -> None:
        """Book the time since the last lap on `stage`."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._since
        self._since = now


def sample_streams(seed: int, site: str, index: int, streams: int) -> list[np.random.Generator]:
    """Return independent generators that depend on seed, site and index only, not on order or workers."""
    key = int.from_bytes(hashlib.sha256(site.encode()).digest()[:4], "big")
    root = np.random.SeedSequence(entropy=seed, spawn_key=(key, index))
    return [np.random.default_rng(child) for child in root.spawn(streams)]


def orbit_radius_mm(site: SiteProfile, body: Body) -> float:
    """Return the radius of the circular orbit: clears the body, rounded up to the site's steps."""
    half = max(half + abs(centre) for half, centre in zip(body.half_mm, body.centre_mm, strict=True))
    needed = max(site.radius_min_mm, half + site.clearance_mm)
    return math.ceil(needed / site.radius_step_mm - 1e-9) * site.radius_step_mm


def make_study(
    scenario: Scenario, site_name: str, *, seed: int, index: int, watch: Stopwatch | None = None, noise: bool = True
) -> Study:
    """Make study number `index` of a site.

    Parameters
    ----------
    scenario : Scenario
    site_name : str
    seed, index : int
        The same values give the same study bit for bit on the same machine.
    watch : Stopwatch, optional
        Receives the time per stage.
    noise : bool
        False leaves the expected counts in the projections; everything else stays bit-identical.

    Returns
    -------
    Study
        With truth and provenance; the reference is the phantom.
    """
    watch = watch or Stopwatch()
    site, factor = scenario.site(site_name), scenario.simulation.oversampling
    anatomy, sick, uptake, texture, protocol, estimate, counting, population = sample_streams(seed, site_name, index, 8)
    grid = finer_grid(scenario.volume_grid(), factor)
    body = make_body(scenario, site, grid, BodyStreams(anatomy, sick, population))
    phantom, lesions, extents = body.phantom, body.lesions, body.extents
    uptakes = draw_uptakes(uptake) | dict(body.uptakes)
    activity, mu = mix_activity(phantom, uptakes, lesions, draw_texture(grid, texture)), phantom.attenuation()
    labels = phantom.labels(factor)
    aha, defect_map = coarse_maps(phantom, len(lesions), labels, LABEL_CODES["myocardium"], factor)
    watch.lap("phantom")
    geometry = scenario.geometry(site, orbit_radius_mm(site, body))
    expected = AnalyticSimulator(factor).expect(activity, mu, geometry)
    total, fraction = _draw_protocol(scenario, site, body, protocol)
    primary, scatter, scale = _scaled(expected.primary, expected.scatter_shape, total, fraction)
    watch.lap("projection")
    mean = primary + scatter
    study = Study(
        projections=mean[None],
        geometry=geometry,
        attenuation=block_mean(mu, factor),
        scatter=estimate_scatter(scatter, scale_sd=scenario.simulation.scatter_scale_sd, rng=estimate)[None],
        reference=block_mean(activity, factor) * np.float32(scale * factor**3),
        reference_kind="phantom",
        labels=labels,
        label_codes=dict(LABEL_CODES),
        truth=Truth(_heart(phantom), aha, defect_records(phantom, lesions, extents), defect_map),
        provenance=_provenance(scenario, site, seed, index)
        | {
            "anatomy": dict(body.description),
            "uptakes": uptakes,
            "expected_counts": total,
            "scatter_fraction": fraction,
        },
    )
    study = replace(study, projections=poisson_counts(mean, counting)[None]) if noise else study
    watch.lap("noise")
    return study


def _draw_protocol(scenario: Scenario, site: SiteProfile, body: Body, rng: np.random.Generator) -> tuple[float, float]:
    """Draw total counts (log-uniform) and the scatter fraction, which grows with the body."""
    total = float(np.exp(rng.uniform(*np.log(site.counts))))
    assert isinstance(scenario.simulation, AnalyticSpec)  # noqa: S101 - narrowing; a Monte Carlo gives its own amount
    low, high = scenario.simulation.scatter_fraction
    size = (math.sqrt(body.half_mm[0] * body.half_mm[1]) - THIN_MM) / (BROAD_MM - THIN_MM)
    fraction = low + (high - low) * (size + 0.1 * float(rng.normal()))
    return total, float(np.clip(fraction, low, high))


def _scaled(primary: Floats, shape: Floats, total: float, fraction: float) -> tuple[Floats, Floats, float]:
    scale = total * (1 - fraction) / float(primary.sum(dtype=np.float64))
    return primary * np.float32(scale), shape * np.float32(total * fraction), scale


def _heart(phantom: Phantom) -> HeartFrame:
    if phantom.heart is None:
        message = "The thorax phantom came without a heart."
        raise SimulationFailed(message)
    return phantom.heart


def _provenance(scenario: Scenario, site: SiteProfile, seed: int, index: int) -> dict[str, Any]:
    basis = f"{scenario.digest}/{site.name}/{seed}/{index}".encode()
    return identity(scenario, site.name, seed, index) | {
        "patient_key": "synthetic-" + hashlib.sha256(basis).hexdigest()[:24],
        "deidentification": {"needed": False, "reason": "a digital phantom, no person"},
        "versions": versions(),
    }
