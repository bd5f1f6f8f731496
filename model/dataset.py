"""Studies to prepared samples: what has no learnable parameters is computed once a study and kept in memory.

Tensors: Z, Y, X voxels; V views of one subset; U bins.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from model.errors import ModelError, SampleInvalid
from model.geometry import AcquisitionGeometry
from model.io.study import Study, read_study
from model.networks.em import em_update, spread_order
from model.networks.inputs import StartRecipe, StudyInputs
from model.scatter import scatter_of
from model.study_system import StudySystem, body_grid, fbp_start, mean_transmission
from model.training.regions import WallRegions, wall_regions
from model.transforms import body_mask, bounding_box, study_scale, thin_counts

MYOCARDIUM = "myocardium"
USUAL_VIEWS = 60
HEART_MARGIN_VOXELS = 1


@dataclass(frozen=True, eq=False)
class PreparedStudy:
    """A study ready for a network.

    Parameters
    ----------
    name, patient : str
    study : Study
    inputs : StudyInputs
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
    inputs: StudyInputs = field(repr=False)
    scale: float
    target: Tensor | None = field(repr=False)
    heart: Tensor | None = field(repr=False)
    regions: WallRegions | None = field(repr=False)
    recipe: StartRecipe
    others: dict[StartRecipe, "PreparedStudy"] = field(default_factory=dict, repr=False)
    """The same study as another network wanted it last (`model.inference.fitted`)."""

    @property
    def has_reference(self) -> bool:
        """Whether the study can be trained on."""
        return self.target is not None


def load_prepared(
    path: Path,
    *,
    recipe: StartRecipe,
    device: torch.device | str | None = None,
    half_factors: bool = False,
    accept: Callable[[Study], Study] = lambda study: study,
) -> PreparedStudy:
    """Read and prepare one study file as `accept` returns it; see `prepare_study`.

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
    return prepare_study(accept(study), name=path.stem, recipe=recipe, device=device, half_factors=half_factors)


def prepare_study(
    study: Study,
    *,
    name: str,
    recipe: StartRecipe,
    device: torch.device | str | None = None,
    half_factors: bool = False,
) -> PreparedStudy:
    """Scale a study's photopeak window, build its system, and compute sensitivities and the start image.

    Parameters
    ----------
    study : Study
    name : str
        Used as the patient where the provenance has no ``patient_key``.
    recipe : StartRecipe
        More subsets than views are reduced to one view a subset.
    device : torch.device or str, optional
        Where every tensor is made; the CPU unless given.
    half_factors : bool
        Keep what is large (attenuation factors, sensitivities) as float16: for training sets. At 64 x 64 x 32 voxels
        and 60 views a study then takes about 19 MB.

    Raises
    ------
    SampleInvalid
        ``sample.empty`` when nothing was counted.
    """
    counts = float(study.projections[0].sum(dtype=np.float64))
    if counts <= 0:
        message = f"{name} has {counts:g} counts in its photopeak window, it needs more than 0"
        raise SampleInvalid(code="sample.empty", message=message)
    place = torch.device(device or "cpu")
    inputs, scale = _prepare_inputs(study, recipe, place, half_factors=half_factors)
    target = None if study.reference is None else (torch.from_numpy(study.reference) / scale).to(place)
    heart, regions = _heart(study), wall_regions(study)
    return PreparedStudy(
        name=name,
        patient=str(study.provenance.get("patient_key") or name),
        study=study,
        inputs=inputs,
        scale=scale,
        target=target,
        heart=None if heart is None else heart.to(place),
        regions=None if regions is None else regions.to(place),
        recipe=recipe,
    )


@torch.no_grad()
def _prepare_inputs(
    study: Study, recipe: StartRecipe, device: torch.device, *, half_factors: bool
) -> tuple[StudyInputs, float]:
    geometry = study.geometry
    mu = None if study.attenuation is None else torch.from_numpy(study.attenuation).to(device)
    mask = body_mask(mu, geometry.volume_shape).to(device)
    subsets = 1 if recipe.kind == "fbp" else recipe.subsets
    system = StudySystem(body_grid(geometry, mask), mu, subsets, half_factors=half_factors)
    measured = torch.from_numpy(study.projections[0]).to(device)
    known = scatter_of(study)
    scatter = torch.zeros_like(measured) if known is None else torch.from_numpy(known).to(device)
    sensitivity = _sensitivity(system, mu, measured, recipe)
    scale = study_scale(measured, scatter, torch.stack(sensitivity).sum(dim=0), mask)
    inputs = StudyInputs(
        system=system,
        measured=tuple(measured[list(views)] / scale for views in system.views),
        scatter=tuple(scatter[list(views)] / scale for views in system.views),
        sensitivity=tuple(part.half() for part in sensitivity) if half_factors else sensitivity,
        start=mask,
        mu=torch.zeros(geometry.volume_shape, device=device) if mu is None else mu,
        mask=mask,
        box=bounding_box(mask),
        condition=_condition(geometry, scale).to(device),
    )
    return started(inputs, recipe, geometry), scale


def _sensitivity(system: StudySystem, mu: Tensor | None, like: Tensor, recipe: StartRecipe) -> tuple[Tensor, ...]:
    if recipe.kind == "fbp":
        return (mean_transmission(system.grid, mu, like),)
    return tuple(
        system.backproject(like.new_ones((len(views), *like.shape[1:])), s) for s, views in enumerate(system.views)
    )


def _condition(geometry: AcquisitionGeometry, scale: float) -> Tensor:
    radius_mm = sum(geometry.radius_mm) / geometry.n_views
    blur = geometry.fwhm_mm(radius_mm) / geometry.grid.voxel_mm[2]
    values = [math.log10(max(scale, 1e-3)), math.log2(max(blur, 0.125)), math.log2(geometry.n_views / USUAL_VIEWS)]
    return torch.tensor(values, dtype=torch.float32)


@torch.no_grad()
def started(inputs: StudyInputs, recipe: StartRecipe, geometry: AcquisitionGeometry) -> StudyInputs:
    """Return the inputs with ``start`` replaced by the recipe's classical image, zero outside the mask."""
    if recipe.kind == "fbp":
        return replace(inputs, start=fbp_start(inputs, body_grid(geometry, inputs.mask)))
    activity = inputs.mask
    passes = recipe.passes if recipe.kind == "osem" else 0
    for _ in range(passes):
        for subset in spread_order(inputs.system.subsets):
            activity = em_update(activity, inputs, subset)
    return replace(inputs, start=activity)


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
    """Return the sample as if its acquisition had lasted ``fraction`` of the time: thinned, rescaled, started again.

    The target in units of the scale stays; the scale itself is not recomputed but multiplied by ``fraction``, so that
    the thinning noise is the only change.
    """
    inputs, scale = sample.inputs, sample.scale * fraction
    changed = replace(  # scattered counts shrink as the scale does
        inputs,
        measured=tuple(thin_counts(counts * sample.scale, fraction, generator) / scale for counts in inputs.measured),
        condition=inputs.condition + inputs.condition.new_tensor([math.log10(fraction), 0.0, 0.0]),
    )
    return replace(sample, inputs=started(changed, sample.recipe, sample.study.geometry), scale=scale, others={})


def thinned_study(sample: PreparedStudy, fraction: float, generator: torch.Generator) -> PreparedStudy:
    """Return `thinned` with a study of the thinned counts, for methods that read projections; its reference stays whole.

    Counts outside the photopeak window and a scatter estimate are multiplied by ``fraction``.
    """
    part = thinned(sample, fraction, generator)
    study = sample.study
    projections = study.projections * np.float32(fraction)
    subsets = part.inputs.measured
    for subset, counts in enumerate(subsets):  # subsets interleave
        projections[0, subset :: len(subsets)] = (counts * part.scale).round().cpu().numpy()
    scatter = None if study.scatter is None else study.scatter * np.float32(fraction)
    return replace(part, study=replace(study, projections=projections, scatter=scatter))


def with_reference(samples: Sequence[PreparedStudy]) -> list[PreparedStudy]:
    """Return the samples if each has a reference and there is one at least, else raise ``sample.no_reference``."""
    bare = sum(not sample.has_reference for sample in samples)
    if bare or not samples:
        message = f"{bare} of {len(samples)} studies have no reference image; training and scoring need one in each"
        raise SampleInvalid(code="sample.no_reference", message=message)
    return list(samples)
