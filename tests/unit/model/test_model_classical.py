"""FBP, MLEM and OSEM recover a phantom; the likelihood never falls; tuning finds the best stopping point."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch
from torch import Tensor

from model.classical.fbp import fbp
from model.classical.osem import (
    OsemSettings,
    em_update,
    mlem,
    osem,
    osem_iterates,
    poisson_log_likelihood,
    reconstruct_osem,
    subset_views,
    uniform_start,
)
from model.errors import GeometryMismatch
from model.evaluation.metrics import case_metrics, nrmse, region_masks
from model.filters import gaussian_postfilter
from model.geometry import AcquisitionGeometry, VolumeGrid
from model.io.study import Study
from model.projector import projector_for
from tests.support.studies import tiny_geometry, tiny_study


def tensors(study: Study) -> tuple[Tensor, Tensor, Tensor]:
    assert study.reference is not None and study.attenuation is not None
    return (
        torch.from_numpy(study.projections[:1]),
        torch.from_numpy(study.attenuation)[None],
        torch.from_numpy(study.reference)[None],
    )


def exact_study(geometry: AcquisitionGeometry, seed: int = 0) -> Study:
    """Return a study whose projections are the torch projector's own, without noise or scatter."""
    study = tiny_study(seed, geometry=geometry, noise=False, scatter_fraction=0.0, counts=1e6)
    _, mu, activity = tensors(study)
    return replace(study, projections=projector_for(geometry)(activity, mu).numpy())


def test_every_view_is_in_exactly_one_subset_and_neighbours_lie_apart() -> None:
    for views, subsets in ((60, 6), (60, 7), (13, 4), (5, 9), (8, 1)):
        groups = subset_views(views, subsets)
        assert sorted(v for g in groups for v in g) == list(range(views))
        assert len(groups) == min(views, subsets)
    assert [g[0] for g in subset_views(64, 8)] == [0, 4, 2, 6, 1, 5, 3, 7]


def test_mlem_raises_the_likelihood_at_every_iteration() -> None:
    study = tiny_study(2, counts=1e5)
    y, mu, _ = tensors(study)
    assert study.scatter is not None
    scatter, projector = torch.from_numpy(study.scatter[:1]), projector_for(study.geometry)
    factors = projector.attenuation_factors(mu)
    iterates = osem_iterates(y, scatter, factors, projector, subsets=1)
    likelihood = [float(poisson_log_likelihood(y, projector(next(iterates), factors) + scatter)) for _ in range(12)]
    assert all(after >= before for before, after in pairwise(likelihood))


@pytest.mark.parametrize("arc_deg", [-180.0, 360.0])
def test_osem_and_mlem_recover_a_phantom(arc_deg: float) -> None:
    geometry = tiny_geometry(shape=(8, 24, 24), voxel_mm=14.0, views=24, arc_deg=arc_deg)
    study = exact_study(geometry)
    y, mu, truth = tensors(study)
    projector, body = projector_for(geometry), region_masks(study).body
    many = osem(y, None, mu, projector, iterations=20, subsets=6)
    plain = mlem(y, None, mu, projector, iterations=60)
    assert nrmse(many[0].numpy(), truth[0].numpy(), body) < 0.15
    assert nrmse(plain[0].numpy(), truth[0].numpy(), body) < 0.2
    assert float(many.sum()) == pytest.approx(float(truth.sum()), rel=0.02)


def test_without_its_corrections_osem_is_worse() -> None:
    study = tiny_study(1, counts=2e6, scatter_fraction=0.3, shape=(12, 36, 36), voxel_mm=8.0, views=30)
    best = OsemSettings(iterations=10, subsets=4, postfilter_fwhm_mm=0.0)

    def error(**off: bool) -> float:
        scores = case_metrics(reconstruct_osem(study, replace(best, **off)), study)
        assert scores["nrmse_body"] is not None
        return scores["nrmse_body"]

    complete = error()
    assert complete < 0.3
    assert min(error(attenuation=False), error(resolution=False), error(scatter=False)) > 1.03 * complete


@pytest.mark.parametrize("arc_deg", [-180.0, 360.0])
def test_fbp_is_quantitative_without_attenuation(arc_deg: float) -> None:
    geometry = tiny_geometry(shape=(4, 48, 48), voxel_mm=8.0, views=60, arc_deg=arc_deg)
    projector = projector_for(geometry, resolution=False)
    y, x = np.meshgrid(np.arange(48) - 23.5, np.arange(48) - 23.5, indexing="ij")
    disc = torch.from_numpy((((y + 4) ** 2 + (x - 3) ** 2) < 13**2).astype(np.float32)).expand(1, 4, 48, 48)
    image = fbp(projector(disc), projector)
    inside = torch.from_numpy(((y + 4) ** 2 + (x - 3) ** 2) < 9**2)
    outside = torch.from_numpy(((y + 4) ** 2 + (x - 3) ** 2) > 17**2)
    assert float(image[0, 1][inside].mean()) == pytest.approx(1.0, abs=0.02)
    assert abs(float(image[0, 1][outside].mean())) < 0.02
    assert float(image[0, 1][inside].std()) < 0.03


def test_chang_lifts_the_middle_of_an_attenuating_disc() -> None:
    geometry = tiny_geometry(shape=(2, 40, 40), voxel_mm=8.0, views=60, arc_deg=360)
    projector = projector_for(geometry, resolution=False)
    y, x = np.meshgrid(np.arange(40) - 19.5, np.arange(40) - 19.5, indexing="ij")
    disc = torch.from_numpy((y**2 + x**2 < 13**2).astype(np.float32)).expand(1, 2, 40, 40)
    factors = projector.attenuation_factors(disc * 0.0154)
    counts = projector(disc, factors)
    middle = torch.from_numpy(y**2 + x**2 < 5**2)
    raw = float(fbp(counts, projector)[0, 0][middle].mean())
    corrected = float(fbp(counts, projector, chang=factors)[0, 0][middle].mean())
    assert raw < 0.3
    assert corrected == pytest.approx(1.0, abs=0.15)


def test_fbp_and_osem_refuse_projections_of_another_geometry() -> None:
    projector = projector_for(tiny_geometry())
    with pytest.raises(GeometryMismatch, match=r"\(12, 8, 19\).*\(12, 8, 20\)"):
        fbp(torch.zeros(1, 12, 8, 19), projector)
    with pytest.raises(GeometryMismatch):
        osem(torch.ones(1, 12, 8, 19), None, None, projector, iterations=1, subsets=2)


def test_an_empty_scan_and_more_scatter_than_counts_stay_finite() -> None:
    geometry = tiny_geometry()
    projector = projector_for(geometry)
    empty = torch.zeros(1, *geometry.projection_shape)
    for scatter in (None, torch.ones_like(empty)):
        image = osem(empty, scatter, None, projector, iterations=2, subsets=3)
        assert bool(torch.isfinite(image).all()) and float(image.min()) >= 0
    assert float(osem(empty, None, None, projector, iterations=2, subsets=3).sum()) < 1.0


def test_the_em_update_passes_a_gradient_to_the_image() -> None:
    study = tiny_study(0, counts=1e5)
    y, mu, truth = (t.double() for t in tensors(study))
    projector = projector_for(study.geometry)
    factors = projector.attenuation_factors(mu)
    image = uniform_start(y, None, projector.sensitivity(factors, like=y)).requires_grad_()
    loss = (em_update(image, y, None, factors, projector) - truth).square().sum()
    (gradient,) = torch.autograd.grad(loss, image)
    direction = torch.rand(image.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64)
    step = 1e-5 * direction

    def value(at: Tensor) -> float:
        return float((em_update(at, y, None, factors, projector) - truth).square().sum())

    numeric = (value(image.detach() + step) - value(image.detach() - step)) / 2e-5
    assert float((gradient * direction).sum()) == pytest.approx(numeric, rel=1e-4)


def test_the_postfilter_keeps_a_constant_and_has_the_width_it_is_asked_for() -> None:
    grid = VolumeGrid((9, 41, 41), (6.0, 4.0, 4.0))
    flat = torch.full((1, 9, 41, 41), 3.0)
    torch.testing.assert_close(gaussian_postfilter(flat, grid, 12.0), flat)
    point = torch.zeros(1, 9, 41, 41)
    point[0, 4, 20, 20] = 1.0
    line = gaussian_postfilter(point, grid, 12.0)[0].sum(dim=(0, 1))
    x = (torch.arange(41) - 20) * 4.0
    assert 2.3548 * float((line * x**2).sum() / line.sum()) ** 0.5 == pytest.approx(12.0, rel=0.02)
    assert gaussian_postfilter(point, grid, 0.0) is point
