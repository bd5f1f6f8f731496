"""Small studies and calibration cases for the intervals and the alarm."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import numpy.typing as npt
import torch

from model.confidence.calibration import examine
from model.confidence.fit import Case
from model.confidence.uncertainty import Spread
from model.geometry import AcquisitionGeometry
from model.io.study import Study
from model.projector import projector_for
from tests.support.studies import tiny_geometry, tiny_study


def small_study(
    seed: int,
    *,
    counts: float = 4e5,
    views: int = 12,
    arc_deg: float = -180.0,
    geometry: AcquisitionGeometry | None = None,
) -> Study:
    """Return a study of 8 x 20 x 20 voxels of 13 mm, another patient for another seed, projected by our own projector."""
    geometry = geometry or tiny_geometry(voxel_mm=13.0, views=views, arc_deg=arc_deg)
    one_view = replace(
        geometry, angles_rad=geometry.angles_rad[:1], radius_mm=geometry.radius_mm[:1], duration_s=(20.0,)
    )
    patient = tiny_study(seed, geometry=one_view, noise=False, patient_key=f"small-{seed}")
    assert patient.reference is not None
    assert patient.attenuation is not None
    activity, mu = torch.from_numpy(patient.reference)[None], torch.from_numpy(patient.attenuation)[None]
    primary = projector_for(geometry)(activity, mu)[0].numpy().astype(np.float64)
    scale = 0.8 * counts / primary.sum()
    scatter = np.full(primary.shape, 0.2 * counts / primary.size)
    measured = np.random.default_rng(seed).poisson(primary * scale + scatter)
    return replace(
        patient,
        geometry=geometry,
        projections=measured[None].astype(np.float32),
        scatter=scatter[None].astype(np.float32),
        reference=patient.reference * np.float32(scale),
    )


def case_of(study: Study, method: Callable[[Study], npt.NDArray[np.float32]]) -> Case:
    """Return the case of a method with a spread of 10 % everywhere."""
    image = method(study)
    return examine(study, Spread(image, 0.1 * image, None, None, 2), level=0.95, name=str(study.projections.sum()))
