"""How well an image explains the measured counts: the Poisson deviance of its forward projection."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import torch

from model.classical.osem import StudyTensors, study_tensors
from model.geometry import ensure_shape
from model.io.study_records import Study
from model.training.losses import poisson_deviance as deviance_of_counts


@torch.no_grad()
def poisson_deviance(image: npt.NDArray[np.floating], study: Study, *, data: StudyTensors | None = None) -> float:
    """Return the mean Poisson deviance per bin of the photopeak, 2 (y log(y / g) - y + g) with g = A f + s.

    Near 1 where the image explains the counts and the bins hold several of them each; below 1 where the image also
    follows the noise; lower in bins that expect less than about one count.

    Parameters
    ----------
    image : (Z, Y, X), expected counts without attenuation
    study : Study
    data : StudyTensors, optional
        `study_tensors(study)`, to be made once for several images.

    Raises
    ------
    GeometryMismatch
        If the image is not of the study's size.

    References
    ----------
    McCullagh & Nelder, Generalized Linear Models, 2nd ed. (1989), sec. 2.3.
    """
    ensure_shape("image", image.shape, study.geometry.volume_shape)
    data = study_tensors(study) if data is None else data
    volume = torch.from_numpy(np.ascontiguousarray(image, dtype=np.float32)).clamp_min(0)[None]
    expected = data.projector.forward(volume, data.attenuation).double()
    if data.scatter is not None:
        expected = expected + data.scatter
    return float(deviance_of_counts(expected, data.projections.double()).mean())
