"""What a set of samples will cost: core hours, disk, memory, time on a number of cores. Torch-free.

The analytic simulator is measured by making a sample of every site in a process of its own (CPU seconds of one thread, so
that other programs on the machine do not count), or taken from a stored rate. A Monte Carlo is computed from the rates in
`synthesis.simulation.gate.cost`; how many sources a body has comes from a drawn body.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from synthesis.choices import with_simulator
from synthesis.errors import SimulationFailed
from synthesis.scenario import Scenario, SiteProfile
from synthesis.specs.simulation import GateSpec

PROBE_S = 60.0  # no new site is probed after this
LIMIT_S = 900.0  # a probe that takes longer is ended
MONTE_CARLO_BYTES = 2_000_000_000  # of one GATE process: opengate with its data and one view
SOURCES = 13  # of the built-in thorax with one infarct, every organ apart
# Stored rates, CPU seconds on one thread of an AMD EPYC: a study, a voxel of the simulation grid, and that times a view
STUDY_S, VOXEL_S, VIEW_VOXEL_S = 0.02, 1.6e-7, 2.2e-8
VARIANT_SHARE = 6.0  # what a body's template costs more than one direct study; each further variant is a small share
FILE_SHARE = 0.34  # of the study's arrays after compression
WORKER_BYTES, WORKER_VOXEL_BYTES = 250_000_000, 1050.0  # torch and one camera's projector


@dataclass(frozen=True)
class SiteCost:
    """What one body of a site costs, all its variants included, and the bytes of one study and of its template."""

    site: str
    cpu_s: float
    file_bytes: int
    sources: int
    template_bytes: int = 0


@dataclass(frozen=True)
class Estimate:
    """What a set will cost.

    Parameters
    ----------
    scenario, simulator, basis : str
        `basis` is ``measured``, ``stored rates``, or what a Monte Carlo's figures rest on.
    studies, variants, bodies : int
        Samples in all, of them per body, and bodies.
    core_hours, core_hours_per_sample : float
    cores : int
    wall_s : float
        On that many cores, without queues and failed tasks.
    days, cores_needed
        Cores that make them in so many days.
    bytes : int
        Of all study files and templates.
    memory_bytes : int
        Of one worker at its peak.
    sites : tuple of SiteCost
    notes : tuple of str
    """

    scenario: str
    simulator: str
    basis: str
    studies: int
    variants: int
    bodies: int
    core_hours: float
    core_hours_per_sample: float
    cores: int
    wall_s: float
    days: float
    cores_needed: int
    bytes: int
    memory_bytes: int
    sites: tuple[SiteCost, ...]
    notes: tuple[str, ...]

    def sentence(self) -> str:
        """Return the answer in one sentence."""
        cores = "1 core" if self.cores_needed == 1 else f"{self.cores_needed} cores"
        days = "1 day" if self.days == 1 else f"{self.days:g} days"
        return f"{self.studies} sample{'' if self.studies == 1 else 's'} in {days} needs {cores}"

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self) | {"sentence": self.sentence()}


def estimate(
    scenario: Scenario,
    *,
    studies: int,
    cores: int,
    days: float,
    variants: int = 1,
    probe: bool = True,
    measure: bool = False,
    on_site: Callable[[int, int], None] | None = None,
) -> Estimate:
    """Estimate what `studies` samples cost, spread evenly over the scenario's sites.

    Parameters
    ----------
    scenario : Scenario
    studies : int
        Samples in all.
    cores : int
        For the wall time.
    days : float
        For the cores that are needed.
    variants : int
        Samples of each body.
    probe : bool
        Make samples to measure; False takes stored rates.
    measure : bool
        Measure a Monte Carlo's rates on this machine, in about half a minute; needs GATE and its data.
    on_site : callable, optional
        Called with (sites done, sites in all).

    Raises
    ------
    SimulationFailed
        If a probe cannot be made, or GATE is to be measured and is missing.
    """
    costs, memory = _probed(scenario, variants, on_site) if probe else _stored(scenario, variants)
    notes = []
    if len(costs) < len(scenario.sites):
        notes.append(f"measured at {len(costs)} of {len(scenario.sites)} sites; the others are taken to cost the same")
    basis = "measured" if probe else "stored rates"
    if isinstance(scenario.simulation, GateSpec):
        costs, basis = _monte_carlo(scenario, scenario.simulation, costs, measure=measure)
        memory = max(memory, MONTE_CARLO_BYTES)
        notes.append("variants of a body cost a Monte Carlo nothing more")
        if not measure:
            notes.append("stored rates are those of another processor; --measure takes this machine's")
    bodies = math.ceil(studies / variants)
    seconds = bodies * _mean([cost.cpu_s for cost in costs])
    disk = studies * _mean([cost.file_bytes for cost in costs]) + bodies * _mean(
        [cost.template_bytes for cost in costs]
    )
    return Estimate(
        scenario=scenario.name,
        simulator=scenario.simulation.kind,
        basis=basis,
        studies=studies,
        variants=variants,
        bodies=bodies,
        core_hours=_short(seconds / 3600),
        core_hours_per_sample=_short(seconds / 3600 / studies),
        cores=cores,
        wall_s=_short(math.ceil(bodies / cores) * seconds / bodies),
        days=days,
        cores_needed=max(1, math.ceil(seconds / (86400 * days) - 1e-9)),
        bytes=round(disk),
        memory_bytes=memory,
        sites=tuple(costs),
        notes=tuple(notes),
    )


def _probed(
    scenario: Scenario, variants: int, on_site: Callable[[int, int], None] | None
) -> tuple[list[SiteCost], int]:
    """Measure in a process of its own; a Monte Carlo scenario is probed with the analytic simulator, its sources are counted as they are."""
    asked = {
        "scenario": with_simulator(scenario, "analytic").model_dump(mode="json"),
        "grouping": getattr(scenario.simulation, "grouping", "organs"),
        "variants": 1 if isinstance(scenario.simulation, GateSpec) else variants,
        "seconds": PROBE_S,
    }
    costs: list[SiteCost] = []
    peak = 0
    for found in _lines(json.dumps(asked)):
        if "error" in found:
            raise SimulationFailed(found["error"], found["remedy"] or "Correct the scenario, or use --no-probe.")
        peak = max(peak, int(found.pop("peak_bytes")))
        costs.append(SiteCost(**found))
        if on_site is not None:
            on_site(len(costs), len(scenario.sites))
    return costs, peak


def _lines(asked: str) -> Iterator[dict[str, Any]]:
    """Yield what the probe says, site by site; the process ends with this function, after LIMIT_S at the latest."""
    command = [sys.executable, "-P", "-m", "synthesis.inspection.probe"]
    said = 0
    with tempfile.TemporaryFile("w+") as errors:
        child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, text=True)
        assert child.stdin is not None  # noqa: S101 (narrows the type)
        assert child.stdout is not None  # noqa: S101
        limit = threading.Timer(LIMIT_S, child.kill)
        limit.start()
        try:
            with child.stdout, child.stdin:
                child.stdin.write(asked)
                child.stdin.close()
                for line in child.stdout:
                    said += 1
                    yield json.loads(line)
            child.wait()
        finally:
            limit.cancel()
            child.kill()
            child.wait()
        if said == 0:
            errors.seek(0)
            last = (errors.read().strip().splitlines() or [f"exit code {child.returncode}"])[-1]
            message = f"The probe ended without a sample: {last}."
            raise SimulationFailed(message, "Use --no-probe for an estimate from stored rates.")


def _stored(scenario: Scenario, variants: int) -> tuple[list[SiteCost], int]:
    voxels = math.prod(scenario.grid.shape) * scenario.simulation.oversampling**3
    costs = []
    for site in scenario.sites:
        one = STUDY_S + voxels * (VOXEL_S + VIEW_VOXEL_S * scenario.orbit_of(site).views)
        cpu = one * (1 + VARIANT_SHARE * (variants > 1)) + 0.1 * one * max(variants - 2, 0)
        costs.append(SiteCost(site.name, cpu, _file_bytes(scenario, site), _sources(scenario, site)))
    return costs, round(WORKER_BYTES + WORKER_VOXEL_BYTES * voxels)


def _sources(scenario: Scenario, site: SiteProfile) -> int:
    """Return about how many sources a Monte Carlo simulates for one body."""
    grouping = getattr(scenario.simulation, "grouping", "organs")
    if grouping == "regions":  # myocardium, infarcts, all the rest
        few, many = scenario.lesions.number or (1, 1)
        return 2 + (round((few + many) / 2) if site.infarct_share > 0 else 0)
    return 1 if grouping == "whole" else SOURCES


def _file_bytes(scenario: Scenario, site: SiteProfile) -> int:
    """Return about how large a study file is: projections and scatter, three maps of floats, three of codes."""
    z, y, x = scenario.grid.shape
    return round(FILE_SHARE * (2 * 4 * scenario.orbit_of(site).views * z * x + (2 * 4 + 3) * z * y * x))


def _monte_carlo(
    scenario: Scenario, spec: GateSpec, costs: Sequence[SiteCost], *, measure: bool
) -> tuple[list[SiteCost], str]:
    """Return what bodies cost with GATE, and what that rests on."""
    from synthesis.simulation.gate.cost import core_hours_per_sample
    from synthesis.simulation.gate.rates import STORED

    rates = STORED
    if measure:
        from synthesis.simulation.gate.measure import measure_rates

        rates = measure_rates(spec)
    z, y, x = scenario.grid.shape
    found = []
    for cost in costs:
        views = scenario.orbit_of(scenario.site(cost.site)).views
        hours = core_hours_per_sample(spec, views=views, sources=cost.sources, rates=rates)
        projections = 3 + (scenario.scatter_window_kev is not None)  # primary, scatter, variance; the other window
        template = 4 * cost.sources * (z * y * x + projections * views * z * x)
        found.append(SiteCost(cost.site, cost.cpu_s + 3600 * hours, cost.file_bytes, cost.sources, template))
    return found, "rates of GATE measured on this machine" if measure else "rates of GATE stored with the program"


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def _short(value: float) -> float:
    return float(f"{value:.4g}")
