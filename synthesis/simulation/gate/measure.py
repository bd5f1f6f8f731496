"""Measure how fast GATE runs on this machine: one view of a trunk with a heart in it, in every mode."""

from __future__ import annotations

import math
import tempfile
from pathlib import Path

import numpy as np

from model.geometry import LEHR_NM670, AcquisitionGeometry, VolumeGrid
from synthesis.simulation.gate.cameras import camera_for
from synthesis.simulation.gate.data import find_data
from synthesis.simulation.gate.job import Mode, run_seed
from synthesis.simulation.gate.jobs import JobMaker, physics_for
from synthesis.simulation.gate.rates import GateRates, RunRates
from synthesis.simulation.gate.runs import Runner, RunResult
from synthesis.simulation.gate.views import GateBody, ViewSimulation
from synthesis.specs.simulation import GateSpec

PHOTONS: dict[Mode, int] = {"primary": 40_000, "scatter": 10_000, "analog": 200_000}
VOXEL_MM = 6.4


def measure_rates(spec: GateSpec, folder: Path | None = None) -> GateRates:
    """Return the rates of short runs, in processor time.

    Raises
    ------
    SimulationFailed
        If GATE or the Geant4 data are missing, or a run fails.
    """
    data = find_data(spec.g4data)
    geometry = _geometry()
    maker = JobMaker(spec, camera_for(geometry), geometry, physics_for(spec, data))
    with tempfile.TemporaryDirectory(prefix="gate-", dir=folder) as name, Runner(data, Path(name)) as runner:
        simulation = ViewSimulation(maker, runner, _trunk(geometry), "bench")
        simulation.write_sources()
        found = {mode: _run(simulation, mode, photons) for mode, photons in PHOTONS.items()}
    startup = [result.cpu_s - result.transport_s for result in found.values()]
    primary, scatter, analog = found["primary"], found["scatter"], found["analog"]
    # What analog photons are counted with, from the others: few of its own are.
    yields = [float(result.counts[0].sum()) / result.photons for result in (primary, scatter)]
    plain = RunRates(analog.photons / analog.transport_s, sum(yields))
    return GateRates(sum(startup) / len(startup), _rates(primary), _rates(scatter), plain)


def _run(simulation: ViewSimulation, mode: Mode, photons: int) -> RunResult:
    return simulation.run_once(0, 0, mode, photons=photons, seed=run_seed("bench", mode), name=f"bench-{mode}")


def _rates(result: RunResult) -> RunRates:
    return RunRates(result.photons / result.transport_s, result.equivalent_counts / result.photons)


def _geometry() -> AcquisitionGeometry:
    return AcquisitionGeometry(
        angles_rad=(math.radians(200.0),),
        radius_mm=(220.0,),
        duration_s=(1.0,),
        n_bins=64,
        n_axial=32,
        bin_mm=VOXEL_MM,
        axial_mm=VOXEL_MM,
        collimator=LEHR_NM670,
        intrinsic_fwhm_mm=3.8,
        grid=VolumeGrid((32, 64, 64), (VOXEL_MM,) * 3),
    )


def _trunk(geometry: AcquisitionGeometry) -> GateBody:
    """Return an elliptic trunk of 340 x 240 mm of water with a spherical heart of 70 mm."""
    shape = geometry.grid.shape
    z, y, x = np.meshgrid(*((np.arange(n) - (n - 1) / 2) * VOXEL_MM for n in shape), indexing="ij")
    mu = np.where((x / 170) ** 2 + (y / 120) ** 2 < 1, 0.0153, 0.0).astype(np.float32)
    heart = ((x - 45) ** 2 + (y + 40) ** 2 + z**2 < 35**2).astype(np.float32)
    return GateBody.of(heart[None], mu, geometry)
