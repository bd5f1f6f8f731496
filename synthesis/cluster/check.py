"""Check GATE and its data by two short simulations: ``python -m synthesis.cluster.check``.

A point source in air, and the same behind a slab of water. The share that passes must be what the attenuation law says.
"""

from __future__ import annotations

import math
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from model.geometry import AcquisitionGeometry, Collimator, VolumeGrid
from synthesis.errors import SimulationFailed, SynthesisError
from synthesis.simulation.gate.cameras import camera_for
from synthesis.simulation.gate.data import find_data
from synthesis.simulation.gate.images import write_mha
from synthesis.simulation.gate.job import Phantom, Source, run_seed
from synthesis.simulation.gate.jobs import JobMaker, physics_for
from synthesis.simulation.gate.runs import Runner
from synthesis.simulation.gate.tissues import classify
from synthesis.specs.simulation import GateSpec

WATER_PER_MM = 0.01537  # at 140.5 keV; xraylib 4.3.0
SLAB_MM, SLAB_VOXELS, WIDTH_MM = 80.0, 4, 160.0
RADIUS_MM = 150.0
PHOTONS = 100_000
TOLERANCE = 0.08  # of the share, more than four standard deviations


@dataclass(frozen=True)
class Checked:
    """What was found: share of the photons that pass the slab, which data, how long it took."""

    share: float
    data: str
    seconds: float

    def __str__(self) -> str:
        return (
            f"GATE runs: {self.share:.1%} of the photons pass {SLAB_MM:g} mm of water "
            f"(expected {math.exp(-WATER_PER_MM * SLAB_MM):.1%}), Geant4 data {self.data}, {self.seconds:.0f} s"
        )


def check() -> Checked:
    """Run both simulations.

    Raises
    ------
    SimulationFailed
        If GATE or the data are missing, a run fails or counts nothing, or the attenuation is wrong.
    """
    started = time.monotonic()
    data, spec, geometry = find_data(), GateSpec(), _geometry()
    maker = JobMaker(spec, camera_for(geometry), geometry, physics_for(spec, data))
    with tempfile.TemporaryDirectory(prefix="flomir-check-") as name, Runner(data, Path(name)) as runner:
        folder = Path(name)
        slab = _slab(folder / "slab.mha")
        counts = []
        for title, phantom in (("air", None), ("water", slab)):
            job = maker.job(0, Source(), phantom, "primary", photons=PHOTONS, seed=run_seed(title))
            counts.append(float(runner.run(title, job).counts[0].sum()))
    share, expected = counts[1] / counts[0], math.exp(-WATER_PER_MM * SLAB_MM)
    if abs(share / expected - 1) > TOLERANCE:
        message = f"GATE lets {share:.1%} of the photons through {SLAB_MM:g} mm of water, {expected:.1%} are right."
        raise SimulationFailed(message, f"The Geant4 data in {data.folder} are wrong or damaged: stage them again.")
    return Checked(share, data.tag, time.monotonic() - started)


def _geometry() -> AcquisitionGeometry:
    return AcquisitionGeometry(
        angles_rad=(0.0,),
        radius_mm=(RADIUS_MM,),
        duration_s=(1.0,),
        n_bins=16,
        n_axial=16,
        bin_mm=10.0,
        axial_mm=10.0,
        collimator=Collimator(name="LEHR", hole_mm=1.5, length_mm=35.0),
        intrinsic_fwhm_mm=3.9,
        grid=VolumeGrid((16, 16, 16), (10.0, 10.0, 10.0)),
    )


def _slab(image: Path) -> Phantom:
    """Write a slab of water between the axis, where the source is, and the camera at 0 degrees (y+)."""
    shape = (SLAB_VOXELS,) * 3
    labels, materials = classify(np.full(shape, WATER_PER_MM, dtype=np.float32))
    write_mha(image, labels, (WIDTH_MM / SLAB_VOXELS, SLAB_MM / SLAB_VOXELS, WIDTH_MM / SLAB_VOXELS))
    middle = (0.0, SLAB_MM / 2 + 1.0, 0.0)
    return Phantom(str(image), tuple(material.to_dict() for material in materials), middle)


def main() -> int:
    """Check, say the result, and return the exit status."""
    try:
        sys.stdout.write(f"{check()}\n")
    except SynthesisError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
