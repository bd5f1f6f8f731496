"""Simulate one view of every source: primary and scattered photons, in batches until the counts suffice."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.geometry import AcquisitionGeometry, VolumeGrid
from synthesis.errors import SimulationFailed
from synthesis.phantoms.shapes import Floats
from synthesis.simulation.gate.images import write_mha
from synthesis.simulation.gate.job import Mode, Phantom, Source, run_seed
from synthesis.simulation.gate.jobs import JobMaker
from synthesis.simulation.gate.placement import box_for_view
from synthesis.simulation.gate.rates import STORED
from synthesis.simulation.gate.runs import Counts, Runner, RunResult
from synthesis.simulation.gate.scatter import sigma_bins, smoothed
from synthesis.simulation.gate.tissues import classify

MOST_BATCHES = 4
GROWTH = 20.0  # a batch starts at most this many times the photons of all before it
ENOUGH = 0.75  # of the counts that are wanted; the start of a further run costs more than the rest brings


@dataclass(frozen=True, eq=False)
class GateBody:
    """What is simulated: `activity` (K, Z, Y, X) and `mu_per_mm` (Z, Y, X) on `grid`."""

    activity: Floats
    mu_per_mm: Floats
    grid: VolumeGrid

    @classmethod
    def of(cls, activity: Floats, mu_per_mm: Floats, geometry: AcquisitionGeometry) -> GateBody:
        """Return the body on the grid that fills the geometry's grid with the volumes' voxels."""
        coarse, shape = geometry.grid, mu_per_mm.shape
        if activity.shape[1:] != shape or any(fine % n for fine, n in zip(shape, coarse.shape, strict=True)):
            message = f"Volumes of {activity.shape[1:]} and {shape} voxels do not divide the grid of {coarse.shape}."
            raise SimulationFailed(message)
        dz, dy, dx = (extent / n for extent, n in zip(coarse.extent_mm, shape, strict=True))
        return cls(activity, mu_per_mm, VolumeGrid((shape[0], shape[1], shape[2]), (dz, dy, dx)))

    @property
    def totals(self) -> Counts:
        """Activity of every source, (K,)."""
        total: Counts = self.activity.sum(axis=(1, 2, 3), dtype=np.float64)
        return total


@dataclass(frozen=True, eq=False)
class ViewCounts:
    """Detected weights of every source in every window per photon that started: float64 (K, W, Z, U) each.

    Each with its variance; in ``analog`` mode, which counts both at once, the primary's is 0 and the scatter's that of the sum.
    """

    primary: Counts
    primary_variance: Counts
    scatter: Counts
    scatter_variance: Counts


@dataclass(frozen=True, eq=False)
class ViewSimulation:
    """Simulates views of one body.

    Parameters
    ----------
    maker : JobMaker
    runner : Runner
    body : GateBody
    digest : str
        Of everything that decides the numbers; part of the names of finished runs and the root of all seeds.
    """

    maker: JobMaker
    runner: Runner
    body: GateBody
    digest: str

    def write_sources(self) -> None:
        """Write the sources' activity for the runs."""
        for k, total in enumerate(self.body.totals):
            if total > 0:
                write_mha(self._source(k), self.body.activity[k], self.body.grid.voxel_mm)

    def clean(self) -> None:
        """Remove the sources' activity."""
        for k in range(len(self.body.totals)):
            self._source(k).unlink(missing_ok=True)

    def simulate(self, view: int) -> ViewCounts:
        """Return one view of all sources; a source without activity gives zeros, as does scatter that is not simulated.

        Raises
        ------
        SimulationFailed
            If the body reaches into the camera, or a run fails.
        """
        with self._phantom(view) as phantom:
            parts = [self._source_counts(view, k, phantom) for k in range(len(self.body.totals))]
        return ViewCounts(*(np.stack(column) for column in zip(*parts, strict=True)))

    def run_once(self, view: int, k: int, mode: Mode, *, photons: int, seed: int, name: str) -> RunResult:
        """Return one run of one source in one mode."""
        with self._phantom(view) as phantom:
            job = self.maker.job(view, Source(str(self._source(k))), phantom, mode, photons=photons, seed=seed)
            return self.runner.run(name, job)

    def _source_counts(self, view: int, k: int, phantom: Phantom) -> tuple[Counts, Counts, Counts, Counts]:
        geometry = self.maker.geometry
        nothing = np.zeros((len(geometry.windows), geometry.n_axial, geometry.n_bins))
        if not self.body.totals[k] > 0:
            return (nothing,) * 4
        (first, wanted), (second, wanted_too) = self.maker.modes()
        primary = self._batches(view, k, phantom, first, wanted)
        unscattered, variance = primary.counts / primary.photons, primary.squared / primary.photons**2
        if view not in self.maker.spec.scatter_views(geometry.n_views):
            return unscattered, variance, nothing, nothing
        other = self._batches(view, k, phantom, second, wanted_too)
        rest, variance_too = other.counts / other.photons, other.squared / other.photons**2
        if second == "analog":  # all photons at once: the scattered ones are what the primary ones leave over
            scatter = np.clip(rest - unscattered, 0.0, None)
            return rest - scatter, nothing, scatter, variance_too
        width = sigma_bins(self.maker.spec.scatter_lowpass_mm, geometry.axial_mm, geometry.bin_mm)
        return unscattered, variance, *smoothed(rest, variance_too, sigma_bins=width)

    def _batches(self, view: int, k: int, phantom: Phantom, mode: Mode, wanted: float) -> RunResult:
        """Run with other seeds until `wanted` equivalent counts are there, or once where the photons are fixed."""
        fixed = self.maker.spec.photons_per_view
        photons = fixed or math.ceil(wanted / STORED.of(mode).counts_per_photon)
        result: RunResult | None = None
        for batch in range(1 if fixed else MOST_BATCHES):
            name = f"{self.digest}-view{view:03d}-source{k:02d}-{mode}-{batch}"
            job = self.maker.job(
                view, Source(str(self._source(k))), phantom, mode, photons=photons, seed=run_seed(name)
            )
            made = self.runner.run(name, job)
            result = made if result is None else result.plus(made)
            share = result.equivalent_counts / wanted
            if share >= ENOUGH:
                break
            photons = math.ceil(result.photons * min(max(1.0 / share - 1.0, 0.05), GROWTH))
        assert result is not None  # noqa: S101 - narrowing; at least one batch ran
        return result

    @contextmanager
    def _phantom(self, view: int) -> Iterator[Phantom]:
        """Keep the body's labels on file as long as runs need them."""
        geometry, camera = self.maker.geometry, self.maker.camera
        angle, radius = geometry.angles_rad[view], geometry.radius_mm[view]
        box = box_for_view(self.body.mu_per_mm, self.body.grid, angle)
        room = radius - camera.protrusion_mm
        if box.front_mm >= room:
            message = (
                f"The body reaches {box.front_mm:.0f} mm towards the camera at {math.degrees(angle):.0f} degrees, "
                f"and the {camera.title} begins at {room:.0f} mm."
            )
            raise SimulationFailed(message, f"Give clearance_mm at least {camera.protrusion_mm + 10:.0f}.")
        labels, materials = classify(box.mu_per_mm)
        image = self.runner.folder / f"body-{self.digest}-{view:03d}.mha"
        try:
            write_mha(image, labels, box.voxel_mm)
            yield Phantom(str(image), tuple(m.to_dict() for m in materials), box.centre_mm)
        finally:
            image.unlink(missing_ok=True)

    def _source(self, k: int) -> Path:
        return self.runner.folder / f"source-{self.digest}-{k:02d}.mha"
