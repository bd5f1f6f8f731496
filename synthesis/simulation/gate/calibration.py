"""The camera's sensitivity in air: the share of all emitted photons that it counts in the photopeak window.

A cube of 20 mm on the rotation axis, wide against the pattern of the holes, without a body. Sensitivity of parallel
holes does not depend on the distance (Anger, J Nucl Med 5 (1964) 515), so one run serves a camera.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from synthesis.simulation.gate.data import versions
from synthesis.simulation.gate.images import write_mha
from synthesis.simulation.gate.job import Source, digest_of, run_seed
from synthesis.simulation.gate.jobs import JobMaker
from synthesis.simulation.gate.runs import Runner

CUBE_VOXELS, CUBE_VOXEL_MM = 5, 4.0
RADIUS_MM = 100.0
PHOTONS = 400_000  # about 30 000 counts, 0.6 %


def sensitivity(runner: Runner, maker: JobMaker, *, photons: int = PHOTONS) -> float:
    """Return counts in the photopeak window per emitted photon without a body."""
    geometry = replace(maker.geometry, radius_mm=(RADIUS_MM,) * maker.geometry.n_views)
    still = replace(maker, geometry=geometry)
    image = runner.folder / "calibration.mha"
    job = still.job(0, Source(str(image)), None, "primary", photons=photons, seed=1)
    job = replace(job, angle_deg=0.0)
    plain = [job.camera, job.collimator, job.shape, job.bins_mm, job.intrinsic_fwhm_mm, job.acceptance_deg, photons]
    windows = [(c.lower_kev, c.upper_kev) for c in job.channels]
    name = f"calibration-{digest_of(plain, windows, job.physics, versions(runner.data))}"
    write_mha(image, np.ones((CUBE_VOXELS,) * 3, dtype=np.float32), (CUBE_VOXEL_MM,) * 3)
    result = runner.run(name, replace(job, seed=run_seed(name)))
    image.unlink()
    return float(result.counts[0].sum()) / result.photons
