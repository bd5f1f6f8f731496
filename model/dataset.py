"""Studies to prepared samples: what has no learnable parameters is computed once a study and kept in memory.

Tensors: Z, Y, X voxels; V views of one subset; U bins.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.attenuation import AttenuationFactors
from model.errors import ModelError, SampleInvalid
from model.geometry import AcquisitionGeometry
from model.io.study import Study, read_study
from model.networks.unrolled_em import EmInputs, em_update, spread_order
from model.projector import SpectProjector, projector_for
from model.transforms import body_mask, bounding_box, study_scale, thin_counts

MYOCARDIUM = "myocardium"
USUAL_VIEWS = 60
HEART_MARGIN_VOXELS = 1


@dataclass(frozen=True)
class WarmRecipe:
    """How inputs are prepared: interleaved view subsets, and passes of OS-EM over all of them for the start."""

    subsets: int
    passes: int


@dataclass(frozen=True, eq=False)
class StudySystem:
    """One study's system matrix in interleaved subsets; implements `model.networks.unrolled_em.SubsetSystem`."""

    projector: SpectProjector
    factors: AttenuationFactors | None
    views: tuple[tuple[int, ...], ...]

    @property
    def subsets(self) -> int:
        """Number of subsets."""
        return len(self.views)

    def project(self, activity_ZYX: Tensor, subset: int) -> Tensor:
        """Return expected primary counts (V, Z, U) of one subset."""
        return self.projector(activity_ZYX[None], self.factors, views=self.views[subset])[0]

    def backproject(self, counts_VZU: Tensor, subset: int) -> Tensor:
        """Return the transpose applied to one subset's counts, (Z, Y, X)."""
        return self.projector.backproject(counts_VZU[None], self.factors, views=self.views[subset])[0]


@dataclass(frozen=True, eq=False)
class WallRegions:
    """Regions of the left ventricular wall whose mean activity a reader judges.

    Parameters
    ----------
    voxels : Tensor (N,), int64
        Flat indices of the wall's voxels.
    averages : Tensor (R, N)
        One row a region, summing to 1: the 17 AHA segments that are present, then the defects.
    """

    voxels: Tensor
    averages: Tensor


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """A study ready for a network.

    Parameters
    ----------
    name, patient : str
    study : Study
    inputs : EmInputs
    scale : float
        Counts per voxel that one unit of the network's images means.
    target : Tensor (Z, Y, X) or None
        Reference over scale.
    heart : Tensor (Z, Y, X) or None
        1 in and one voxel around the left ventricular wall, 0 elsewhere.
    regions : WallRegions or None
        AHA segments and defects where the study knows them.
    """

    name: str
    patient: str
    study: Study = field(repr=False)
    inputs: EmInputs = field(repr=False)
    scale: float
    target: Tensor | None = field(repr=False)
    heart: Tensor | None = field(repr=False)
    regions: WallRegions | None = field(repr=False)
    recipe: WarmRecipe

    @property
    def has_reference(self) -> bool:
        """Whether the study can be trained on."""
        return self.target is not None


def load_prepared(path: Path, *, recipe: WarmRecipe) -> PreparedStudy:
    """Read and prepare one study file.

    Raises
    ------
    SampleInvalid
        With the reader's code, or ``sample.empty`` when nothing was counted.
    """
    try:
        study = read_study(path)
    except ModelError as error:
        raise SampleInvalid(error.code, error.message, error.remedy) from error
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror or error}"
        raise SampleInvalid(code="sample.unreadable", message=message) from error
    return prepare_study(study, name=path.stem, recipe=recipe)


def prepare_study(study: Study, *, name: str, recipe: WarmRecipe) -> PreparedStudy:
    """Scale a study's photopeak window, build its system, and compute sensitivities and the warm start.

    Parameters
    ----------
    study : Study
    name : str
        Used as the patient where the provenance has no ``patient_key``.
    recipe : WarmRecipe
        More subsets than views are reduced to one view a subset.
    """
    counts = float(study.projections[0].sum(dtype=np.float64))
    if counts <= 0:
        message = f"{name} has {counts:g} counts in its photopeak window, it needs more than 0"
        raise SampleInvalid(code="sample.empty", message=message)
    inputs, scale = _prepare_inputs(study, recipe)
    target = None if study.reference is None else torch.from_numpy(study.reference / np.float32(scale))
    return PreparedStudy(
        name=name,
        patient=str(study.provenance.get("patient_key") or name),
        study=study,
        inputs=inputs,
        scale=scale,
        target=target,
        heart=_heart(study),
        regions=_regions(study),
        recipe=recipe,
    )


def _prepare_inputs(study: Study, recipe: WarmRecipe) -> tuple[EmInputs, float]:
    geometry = study.geometry
    mu = None if study.attenuation is None else torch.from_numpy(study.attenuation)
    system = _system(geometry, mu, recipe.subsets)
    measured = torch.from_numpy(study.projections[0])
    scatter = torch.zeros_like(measured) if study.scatter is None else torch.from_numpy(study.scatter[0])
    sensitivity = tuple(
        system.backproject(torch.ones((len(views), *geometry.projection_shape[1:])), s)
        for s, views in enumerate(system.views)
    )
    mask = body_mask(mu, geometry.volume_shape)
    scale = study_scale(measured, scatter, torch.stack(sensitivity).sum(dim=0), mask)
    inputs = EmInputs(
        system=system,
        measured=tuple(measured[list(views)] / scale for views in system.views),
        scatter=tuple(scatter[list(views)] / scale for views in system.views),
        sensitivity=sensitivity,
        warm=mask,
        mu=torch.zeros(geometry.volume_shape) if mu is None else mu,
        mask=mask,
        box=bounding_box(mask),
        condition=_condition(geometry, scale),
    )
    return warm_start(inputs, recipe.passes), scale


def _system(geometry: AcquisitionGeometry, mu: Tensor | None, subsets: int) -> StudySystem:
    projector = projector_for(geometry)
    factors = None if mu is None else projector.attenuation_factors(mu[None])
    number = min(subsets, geometry.n_views)
    return StudySystem(projector, factors, tuple(tuple(range(s, geometry.n_views, number)) for s in range(number)))


def _condition(geometry: AcquisitionGeometry, scale: float) -> Tensor:
    radius_mm = sum(geometry.radius_mm) / geometry.n_views
    blur = geometry.fwhm_mm(radius_mm) / geometry.grid.voxel_mm[2]
    values = [math.log10(max(scale, 1e-3)), math.log2(max(blur, 0.125)), math.log2(geometry.n_views / USUAL_VIEWS)]
    return torch.tensor(values, dtype=torch.float32)


def warm_start(inputs: EmInputs, passes: int) -> EmInputs:
    """Return the inputs with ``warm`` replaced by ``passes`` of OS-EM from a uniform body."""
    activity = inputs.mask
    with torch.no_grad():
        for _ in range(passes):
            for subset in spread_order(inputs.system.subsets):
                activity = em_update(activity, inputs, subset)
    return replace(inputs, warm=activity)


def _heart(study: Study) -> Tensor | None:
    code = study.label_codes.get(MYOCARDIUM)
    if study.labels is None or code is None:
        return None
    wall: NDArray[np.bool_] = study.labels == code
    if not wall.any():
        return None
    side = 2 * HEART_MARGIN_VOXELS + 1
    grown = torch.nn.functional.max_pool3d(
        torch.from_numpy(wall.astype(np.float32))[None, None], side, stride=1, padding=HEART_MARGIN_VOXELS
    )
    return grown[0, 0]


def thinned(sample: PreparedStudy, fraction: float, generator: torch.Generator) -> PreparedStudy:
    """Return the sample as if its acquisition had lasted ``fraction`` of the time: thinned, rescaled, warmed again.

    The target in units of the scale stays; the scale itself is not recomputed but multiplied by ``fraction``, so that
    the thinning noise is the only change.
    """
    inputs = sample.inputs
    pairs = [
        thin_counts(measured * sample.scale, scatter * sample.scale, fraction, generator)
        for measured, scatter in zip(inputs.measured, inputs.scatter, strict=True)
    ]
    scale = sample.scale * fraction
    changed = replace(
        inputs,
        measured=tuple(measured / scale for measured, _ in pairs),
        scatter=tuple(scatter / scale for _, scatter in pairs),
        condition=inputs.condition + torch.tensor([math.log10(fraction), 0.0, 0.0]),
    )
    return replace(sample, inputs=warm_start(changed, sample.recipe.passes), scale=scale)


def _regions(study: Study) -> WallRegions | None:
    if study.truth is None or not study.truth.aha.any():
        return None
    aha, defects = study.truth.aha.ravel(), study.truth.defect_map.ravel()
    voxels = np.flatnonzero((aha > 0) | (defects > 0))
    rows = [codes[voxels] == code for codes in (aha, defects) for code in np.unique(codes[voxels]) if code > 0]
    averages = np.stack([row / row.sum() for row in rows]).astype(np.float32)
    return WallRegions(torch.from_numpy(voxels), torch.from_numpy(averages))


def with_reference(samples: Sequence[PreparedStudy]) -> list[PreparedStudy]:
    """Return the samples if each has a reference and there is one at least, else raise ``sample.no_reference``."""
    bare = sum(not sample.has_reference for sample in samples)
    if bare or not samples:
        message = f"{bare} of {len(samples)} studies have no reference image; training and scoring need one in each"
        raise SampleInvalid(code="sample.no_reference", message=message)
    return list(samples)
