"""Simulate every source of a body with GATE, in the unit of the analytic simulator."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from model.geometry import AcquisitionGeometry
from synthesis.errors import SimulationFailed
from synthesis.phantoms.shapes import Floats
from synthesis.simulation import SourceProjections
from synthesis.simulation.gate.calibration import sensitivity
from synthesis.simulation.gate.cameras import camera_for
from synthesis.simulation.gate.cost import core_hours_per_sample
from synthesis.simulation.gate.data import find_data, versions
from synthesis.simulation.gate.job import digest_of
from synthesis.simulation.gate.jobs import JobMaker, physics_for
from synthesis.simulation.gate.runs import Counts, Runner
from synthesis.simulation.gate.scatter import filled
from synthesis.simulation.gate.views import GateBody, ViewCounts, ViewSimulation
from synthesis.specs.simulation import GateSpec

AFTER_THE_RUNS = {"g4data", "max_core_hours", "scatter_every", "scatter_lowpass_mm", "noise"}
"""Settings that do not change what a run counts: finished runs serve under any of them."""


class GateSimulator:
    """Monte Carlo projections of single sources; see `synthesis.simulation.SourceSimulator`.

    Parameters
    ----------
    spec : GateSpec
    workers : int
        Processes at once.
    folder : Path, optional
        Where finished runs are kept: the same body, settings and versions take them up again. By default a temporary
        folder.

    Notes
    -----
    Geant4 with the same seed agrees statistically, not bit by bit: finished runs are what makes a body reproducible.
    A photon may meet the camera at up to 1.4 times the angle of the widest way through a hole; against 6 degrees the
    sensitivity of GE's LEHR then agrees within counting noise (2-4 %), and free flight agrees with analog counting (45 counts where
    46 were expected).
    """

    name = "gate"

    def __init__(self, spec: GateSpec, *, workers: int = 1, folder: Path | None = None) -> None:
        self.spec = spec
        self.workers = workers
        self.folder = folder

    def project_sources(
        self, sources: tuple[str, ...], activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry, *, seed: int
    ) -> SourceProjections:
        """Return the projections of `activity` (K, Z, Y, X); arguments as `SourceSimulator.project_sources`.

        Raises
        ------
        SimulationFailed
            If opengate or the Geant4 data are missing, no camera has the collimator, the body is too near to the camera,
            a run fails, or the body needs more core hours than allowed.
        """
        started = time.perf_counter()
        data = find_data(self.spec.g4data)
        maker = JobMaker(self.spec, camera_for(geometry, self.spec.camera), geometry, physics_for(self.spec, data))
        body = GateBody.of(activity, mu_per_mm, geometry)
        self._refuse_cost(geometry.n_views, int(np.count_nonzero(body.totals)))
        used = versions(data) | {"physics": maker.physics, "camera": maker.camera.title}
        settings = self.spec.model_dump(mode="json", exclude=AFTER_THE_RUNS)
        digest = digest_of(seed, settings, geometry.to_dict(), used, activity.tobytes(), mu_per_mm.tobytes())
        most_s = self.spec.max_core_hours * 3600
        with self._work_folder() as folder, Runner(data, folder, self.workers, max_cpu_s=most_s) as runner:
            per_photon = sensitivity(runner, maker)
            simulation = ViewSimulation(maker, runner, body, digest)
            simulation.write_sources()
            try:
                views = runner.map(simulation.simulate, range(geometry.n_views))
            finally:
                simulation.clean()
        factors = np.outer(body.totals, geometry.view_fractions) / per_photon
        seconds = {"gate": time.perf_counter() - started, "gate_cpu": runner.spent_s}
        scatter_views = self.spec.scatter_views(geometry.n_views)
        return _assembled(sources, views, scatter_views, factors, used, seconds)

    def _refuse_cost(self, views: int, sources: int) -> None:
        expected, most = core_hours_per_sample(self.spec, views=views, sources=sources), self.spec.max_core_hours
        if expected > most:
            message = f"The body needs about {expected:.3g} core hours of GATE, {most:.3g} are allowed."
            remedy = "Raise simulation.max_core_hours, or lower simulation.counts_per_view or the number of views."
            raise SimulationFailed(message, remedy)

    @contextmanager
    def _work_folder(self) -> Iterator[Path]:
        if self.folder is not None:
            self.folder.mkdir(parents=True, exist_ok=True)
            yield self.folder
            return
        with tempfile.TemporaryDirectory(prefix="gate-") as folder:
            yield Path(folder)


def _assembled(
    sources: tuple[str, ...],
    views: list[ViewCounts],
    scatter_views: tuple[int, ...],
    factors: Counts,
    used: dict[str, str],
    seconds: dict[str, float],
) -> SourceProjections:
    """Put the views together; `factors` (K, V) turns weights per photon into counts."""
    scale = factors[:, :, None, None, None]
    known = {view: (views[view].scatter, views[view].scatter_variance) for view in scatter_views}
    scattered = filled(known, len(views))

    def collect(parts: list[Counts], by: Counts) -> Floats:
        together: Floats = (np.stack(parts, axis=1) * by).astype(np.float32)  # (K, V, W, Z, U)
        return together

    primary = collect([view.primary for view in views], scale)
    scatter = collect([counts for counts, _ in scattered], scale)
    variances = [view.primary_variance + other for view, (_, other) in zip(views, scattered, strict=True)]
    variance = collect(variances, scale**2)
    windows = primary.shape[2]
    return SourceProjections(
        sources=sources,
        primary=np.ascontiguousarray(primary[:, :, 0]),
        scatter=np.ascontiguousarray(scatter[:, :, 0]),
        scatter_is_physical=True,
        variance=np.ascontiguousarray(variance[:, :, 0]),
        simulator=GateSimulator.name,
        versions=used,
        seconds=seconds,
        further_windows=np.ascontiguousarray(np.moveaxis((primary + scatter)[:, :, 1:], 2, 1)) if windows > 1 else None,
    )
