"""Make one study from a scenario, a seed and a number: draw, voxelise, simulate, add noise.

Two ways lead there. The direct one mixes the organs' activity and projects it once; it serves the first examination of a
body by the analytic simulator. The other simulates every source apart (`make_template`) and mixes any number of
examinations (`synthesis.variants`); a Monte Carlo always goes this way. Both agree to float32's rounding.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from model.io.study import Study
from synthesis.draws import Streams, monte_carlo_seed
from synthesis.examination import Mixture, examine
from synthesis.mixing import mix_activity
from synthesis.patient import draw_patient, make_phantom
from synthesis.phantoms.shapes import block_mean
from synthesis.scenario import Scenario
from synthesis.simulation import SourceSimulator
from synthesis.simulation.analytic import AnalyticSimulator
from synthesis.specs.simulation import AnalyticSpec
from synthesis.template import FinePhantom, Template
from synthesis.variants import mix_study


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


def needs_template(scenario: Scenario, variant: int) -> bool:
    """Say whether an examination is mixed from a template, or made directly."""
    return variant > 0 or scenario.simulation.kind != "analytic"


def make_study(
    scenario: Scenario,
    site_name: str,
    *,
    seed: int,
    index: int,
    variant: int = 0,
    watch: Stopwatch | None = None,
    noise: bool = True,
) -> Study:
    """Make study number `index` of a site.

    Parameters
    ----------
    scenario : Scenario
    site_name : str
    seed, index : int
        The same values give the same study bit for bit on the same machine.
    variant : int
        Which examination of that body; all of them show the same anatomy and the same infarcts.
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
    spec = scenario.simulation
    if not isinstance(spec, AnalyticSpec) or needs_template(scenario, variant):
        template = make_template(scenario, site_name, seed=seed, index=index, watch=watch)
        study = mix_study(template, variant, noise=noise)
        watch.lap("mix")
        return study
    streams = Streams.of(seed, scenario.site(site_name).name, index)
    patient = draw_patient(scenario, site_name, seed=seed, index=index, streams=streams)
    body, record = patient.body, patient.record
    activity = mix_activity(body.phantom, dict(record.uptakes), body.lesions, patient.texture)
    watch.lap("phantom")
    simulator = analytic_simulator(spec, streams)
    expected = simulator.expect(activity, patient.mu_per_mm, record.geometry)
    watch.lap("projection")
    amount = expected.scatter_total
    mixture = Mixture(
        activity=block_mean(activity, spec.oversampling),
        primary=expected.primary,
        scatter=expected.scatter_shape if amount is None else expected.scatter_shape * np.float32(amount),
        scatter_is_physical=amount is not None,
        variance=None,
        uptakes=record.uptakes,
        defects=record.defects,
    )
    study = examine(record, mixture, streams, variant=0, noise=noise)
    watch.lap("noise")
    return study


def make_template(
    scenario: Scenario,
    site_name: str,
    *,
    seed: int,
    index: int,
    watch: Stopwatch | None = None,
    workers: int = 1,
    folder: Path | None = None,
) -> Template:
    """Draw body number `index` and simulate its sources; see `simulate` for `workers` and `folder`."""
    watch = watch or Stopwatch()
    phantom = make_phantom(scenario, site_name, seed=seed, index=index)
    watch.lap("phantom")
    template = simulate(phantom, workers=workers, folder=folder)
    watch.lap("projection")
    return template


def simulate(phantom: FinePhantom, *, workers: int = 1, folder: Path | None = None) -> Template:
    """Simulate every source of a body with the simulator that its scenario names.

    Parameters
    ----------
    phantom : FinePhantom
    workers : int
        Processes of a Monte Carlo; the analytic simulator uses this one.
    folder : path, optional
        Where a Monte Carlo keeps finished views, so that an interrupted simulation goes on.

    Raises
    ------
    SimulationFailed
        If the counts are not finite or zero, a package is missing, or a run went wrong.
    """
    body, spec = phantom.body, phantom.body.scenario.simulation
    streams = Streams.of(body.seed, body.site, body.index)
    simulator: SourceSimulator
    if isinstance(spec, AnalyticSpec):
        simulator = analytic_simulator(spec, streams)
    else:
        from synthesis.simulation.gate import GateSimulator

        simulator = GateSimulator(spec, workers=workers, folder=folder)
    since = time.perf_counter()
    seed = monte_carlo_seed(body.seed, body.site, body.index)
    projections = simulator.project_sources(
        tuple(body.members), phantom.activity, phantom.mu_per_mm, body.geometry, seed=seed
    )
    seconds = {"phantom": body.seconds.get("phantom", 0.0), "projection": time.perf_counter() - since}
    activity = block_mean(phantom.activity, spec.oversampling)
    return Template(replace(body, seconds=seconds), activity, projections)


def analytic_simulator(spec: AnalyticSpec, streams: Streams) -> AnalyticSimulator:
    """Return the analytic simulator with what is drawn of the camera."""
    low, high = spec.septal_fraction
    septal = float(streams.camera.uniform(low, high)) if high > 0 else 0.0
    return AnalyticSimulator(spec.oversampling, septal_fraction=septal, scatter_model=spec.scatter_model)


__all__ = ["Stopwatch", "analytic_simulator", "make_study", "make_template", "needs_template", "simulate"]
