"""The same physics and the same OSEM in PyTomography 3.4.0, to compare speed and projections with.

Both put the rotation axis in the middle of the grid, so only the axes' order and names differ: objects are (x, y, z) there
and projections (view, bin, z); lengths are cm; a camera angle is ours plus 180 degrees (theirs counts from the front);
a projection there is the sum over voxels, ours the same times the view's share of the time.

PyTomography is the optional extra ``crosscheck``; nothing else imports it.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from model.collimator import FWHM_PER_SIGMA
from model.errors import ModelError
from model.geometry import AcquisitionGeometry
from model.io.study_records import Study
from model.scatter import scatter_of

Volume = npt.NDArray[np.float32]
PSF_REACH_SIGMAS = 4.0  # kernels are cut off there; ours at 4.5


def available() -> bool:
    """Return whether PyTomography can be imported."""
    try:
        _modules()
    except ImportError:
        return False
    return True


def _modules() -> tuple[Any, Any, Any, Any, Any]:
    with warnings.catch_warnings():
        # its source holds `is "square"` and unescaped backslashes, which Python remarks on when it compiles them
        for kind in (SyntaxWarning, DeprecationWarning):
            warnings.filterwarnings("ignore", r'"is" with|invalid escape sequence', category=kind)
        from pytomography import algorithms, likelihoods
        from pytomography.metadata import SPECT as metadata  # noqa: N811 (a package of that name)
        from pytomography.projectors import SPECT as projectors  # noqa: N811
        from pytomography.transforms import SPECT as transforms  # noqa: N811
    return algorithms, likelihoods, metadata, projectors, transforms


def system_matrix(geometry: AcquisitionGeometry, mu_ZYX: Tensor | None) -> Any:
    """Return PyTomography's system matrix with attenuation and our sigma(d).

    Raises
    ------
    ModelError
        ``bench.geometry`` if bins are no voxels or slices no squares, which PyTomography does not know.
    """
    z, y, x = geometry.volume_shape
    pixel = (geometry.bin_mm, geometry.grid.voxel_mm[1])
    if y != x or geometry.n_bins != x or not math.isclose(*pixel, rel_tol=1e-4):
        voxels, bins = f"{y}x{x} voxels of {pixel[1]} mm", f"{geometry.n_bins} bins of {pixel[0]} mm"
        message = f"PyTomography needs square slices seen by equal bins, got {voxels}, {bins}"
        raise ModelError(code="bench.geometry", message=message)
    _, _, metadata, projectors, transforms = _modules()
    size_cm = [pixel[1] / 10, pixel[1] / 10, geometry.axial_mm / 10]
    object_meta = metadata.SPECTObjectMeta(size_cm, [x, y, z])
    angles = [(math.degrees(angle) + 180.0) % 360.0 for angle in geometry.angles_rad]
    radii = [radius / 10 for radius in geometry.radius_mm]
    proj_meta = metadata.SPECTProjMeta([x, z], [size_cm[0], size_cm[2]], angles, radii=radii)

    def sigma_cm(distance_cm: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return np.asarray(geometry.fwhm_mm(10.0 * np.maximum(distance_cm, 0.0)) / FWHM_PER_SIGMA / 10.0)

    blur = transforms.SPECTPSFTransform(metadata.SPECTPSFMeta((), sigma_fit=sigma_cm, min_sigmas=PSF_REACH_SIGMAS))
    parts = [blur]
    if mu_ZYX is not None:
        parts.insert(0, transforms.SPECTAttenuationTransform(10.0 * to_object(mu_ZYX)))
    return projectors.SPECTSystemMatrix(parts, [], object_meta, proj_meta)


def to_object(volume_ZYX: Tensor) -> Tensor:
    """Return our volume as theirs."""
    return volume_ZYX.permute(2, 1, 0).contiguous()


def from_object(volume_XYZ: Tensor) -> Tensor:
    """Return their volume as ours."""
    return volume_XYZ.permute(2, 1, 0).contiguous()


def to_counts(projections_VZU: Tensor) -> Tensor:
    """Return our projections as theirs."""
    return projections_VZU.permute(0, 2, 1).contiguous()


def project(system: Any, geometry: AcquisitionGeometry, activity_ZYX: Tensor) -> Tensor:
    """Return their projections of our activity in our axes and units, (V, Z, U) expected counts."""
    shares = torch.tensor(geometry.view_fractions, dtype=activity_ZYX.dtype)
    counts: Tensor = system.forward(to_object(activity_ZYX)).permute(0, 2, 1)
    return counts * shares[:, None, None]


def osem_iterates(study: Study, system: Any, *, subsets: int) -> Iterator[Volume]:
    """Yield their OSEM image after each iteration, (Z, Y, X) in our counts per voxel, without end.

    Views of equal duration are taken for granted: PyTomography knows no other.
    """
    algorithms, likelihoods, *_ = _modules()
    scatter = scatter_of(study)
    additive = None if scatter is None else to_counts(torch.from_numpy(scatter))
    likelihood = likelihoods.PoissonLogLikelihood(system, to_counts(torch.from_numpy(study.projections[0])), additive)
    algorithm = algorithms.OSEM(likelihood)
    views = study.geometry.n_views
    while True:
        with torch.no_grad():
            image = algorithm(n_iters=1, n_subsets=subsets)
        yield from_object(image * views).numpy()
