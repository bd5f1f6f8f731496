"""Make the jobs of one acquisition: which camera, windows, physics and how many photons."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from model.geometry import AcquisitionGeometry
from synthesis.errors import SimulationFailed
from synthesis.simulation.gate.cameras import GateCamera
from synthesis.simulation.gate.data import G4Data
from synthesis.simulation.gate.job import Channel, GateJob, Mode, Phantom, Source
from synthesis.specs.simulation import GateSpec

WIDER = 1.4  # acceptance over the widest straight way through a hole: what crosses one septum is counted too
PLAIN_PHYSICS = "G4EmStandardPhysics"
BEST_PHYSICS = "G4EmStandardPhysics_option4"


def physics_for(spec: GateSpec, data: G4Data) -> str:
    """Return Geant4's name of the physics list.

    Raises
    ------
    SimulationFailed
        If the list needs data that the folder does not hold.
    """
    if spec.physics == "auto":
        return BEST_PHYSICS if data.is_official else PLAIN_PHYSICS
    if spec.physics != PLAIN_PHYSICS and not data.is_official:
        message = f"{spec.physics} needs the official Geant4 data, {data.folder} holds {data.tag}."
        raise SimulationFailed(message, f'Set simulation.physics to "{PLAIN_PHYSICS}", or use the official data.')
    return spec.physics


def acceptance_deg(spec: GateSpec, camera: GateCamera) -> float:
    """Return the largest angle with the camera's normal at which photons are sent to it."""
    if spec.acceptance_deg is not None:
        return spec.acceptance_deg
    corners_mm = camera.hole_mm / math.cos(math.pi / 6)  # of a hexagon, from corner to corner
    return WIDER * math.degrees(math.atan(corners_mm / camera.length_mm))


@dataclass(frozen=True)
class JobMaker:
    """Makes the jobs of one acquisition.

    Parameters
    ----------
    spec : GateSpec
    camera : GateCamera
    geometry : AcquisitionGeometry
    physics : str
    """

    spec: GateSpec
    camera: GateCamera
    geometry: AcquisitionGeometry
    physics: str

    def job(
        self, view: int, source: Source, phantom: Phantom | None, mode: Mode, *, photons: int, seed: int
    ) -> GateJob:
        """Return the job of one view."""
        camera, geometry = self.camera, self.geometry
        return GateJob(
            camera=camera.model,
            collimator=camera.collimator,
            face_mm=camera.face_mm,
            front_mm=camera.front_mm,
            back_mm=camera.back_mm,
            angle_deg=math.degrees(geometry.angles_rad[view]),
            radius_mm=geometry.radius_mm[view],
            shape=(geometry.n_axial, geometry.n_bins),
            bins_mm=(geometry.axial_mm, geometry.bin_mm),
            intrinsic_fwhm_mm=geometry.intrinsic_fwhm_mm,
            channels=tuple(Channel(w.name, w.lower_kev, w.upper_kev) for w in geometry.windows),
            source=source,
            phantom=phantom,
            mode=mode,
            photons=photons,
            seed=seed,
            physics=self.physics,
            splitting=self.spec.splitting,
            acceptance_deg=acceptance_deg(self.spec, camera),
        )

    def modes(self) -> tuple[tuple[Mode, float], ...]:
        """Return the modes of a measurement, each with the equivalent counts wanted of it."""
        wanted = self.spec.counts_per_view
        other: Literal["scatter", "analog"] = "analog" if self.spec.mode == "analog" else "scatter"
        return ("primary", wanted), (other, wanted if other == "analog" else wanted * self.spec.scatter_share)
