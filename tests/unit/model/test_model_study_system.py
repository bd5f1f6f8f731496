"""A study's system on its body's grid: the same physics as on the whole plane, shared and smaller."""

import gc
import weakref
from typing import Any

import numpy as np
import pytest
import torch

from model.dataset import prepare_study
from model.io.study import Study
from model.networks.inputs import StartRecipe
from model.projector import SpectProjector, forget_projectors
from model.study_system import BodyGrid, StudySystem, body_grid, shared_projector
from model.transforms import AIR_MU_PER_MM, body_mask
from tests.support.studies import tiny_geometry, tiny_study


def narrow_study() -> tuple[Study, torch.Tensor]:
    """Return a study whose body leaves a wide margin, and its mask."""
    study = tiny_study(0, shape=(4, 28, 28), views=6)
    assert study.attenuation is not None
    attenuation = study.attenuation.copy()
    plane = np.zeros((28, 28), dtype=np.float32)
    plane[9:19, 6:22] = 1
    object.__setattr__(study, "attenuation", attenuation * plane)
    return study, body_mask(torch.from_numpy(attenuation * plane), study.geometry.volume_shape)


def test_the_grid_is_the_middle_of_the_plane_and_holds_the_mask() -> None:
    study, mask = narrow_study()
    grid = body_grid(study.geometry, mask)
    assert grid.margins == (8, 4)
    assert grid.geometry.volume_shape == (4, 12, 20)
    assert grid.crop(mask).sum() == mask.sum()
    assert torch.equal(grid.whole(grid.crop(mask)), mask)
    whole = body_grid(study.geometry, torch.ones_like(mask))
    assert whole == BodyGrid(study.geometry, (0, 0))
    assert body_grid(study.geometry, torch.zeros_like(mask)) == whole


@pytest.mark.parametrize("half_factors", [False, True])
def test_a_system_on_the_body_s_grid_is_the_system_of_the_whole_plane(half_factors: bool) -> None:
    study, mask = narrow_study()
    assert study.attenuation is not None
    mu = torch.from_numpy(study.attenuation)
    system = StudySystem(body_grid(study.geometry, mask), mu, 2, half_factors=half_factors)
    projector = SpectProjector(study.geometry)
    activity = torch.rand(mask.shape, generator=torch.Generator().manual_seed(0)) * mask
    for subset, views in enumerate(system.views):
        expected = projector(activity[None], mu[None], views=views)[0]
        got = system.project(activity, subset)
        assert float((got - expected).norm() / expected.norm()) < 0.01
        back = system.backproject(expected, subset)
        wanted = projector.backproject(expected[None], mu[None], views=views)[0] * mask
        assert float((back * mask - wanted).norm() / wanted.norm()) < 0.01
        ahead, other = (got.double() * expected).sum(), (activity.double() * back).sum()
        assert float(ahead) == pytest.approx(float(other), rel=1e-5)


def test_studies_of_one_camera_share_a_projector_as_long_as_one_of_them_lives() -> None:
    geometry = tiny_geometry(views=5)
    first = shared_projector(geometry)
    assert shared_projector(tiny_geometry(views=5)) is first
    for views in range(6, 16):  # more geometries than the builder remembers
        shared_projector(tiny_geometry(shape=(2, 8, 8), voxel_mm=30.0, views=views))
    assert shared_projector(geometry) is first
    known = weakref.ref(first)
    forget_projectors()
    del first
    gc.collect()
    assert known() is None


def test_half_factors_halve_what_a_prepared_study_keeps() -> None:
    study, _ = narrow_study()

    def kept(**options: Any) -> int:
        inputs = prepare_study(study, name="s", recipe=StartRecipe("osem", 3, 1), **options).inputs
        system = inputs.system
        assert isinstance(system, StudySystem)
        assert system.factors is not None
        values = (system.factors.values, *inputs.sensitivity)
        return sum(value.numel() * value.element_size() for value in values)

    assert kept(half_factors=True) == kept() // 2


def test_slices_beyond_a_short_attenuation_map_may_hold_activity_within_the_outline_of_the_others() -> None:
    mu = torch.zeros(4, 9, 9)
    mu[1, 3:6, 3:5], mu[2, 4:6, 4:7] = 0.015, 0.015
    mask = body_mask(mu, (4, 9, 9))
    assert torch.equal(mask[0], mask[1].maximum(mask[2]))
    assert torch.equal(mask[3], mask[0])
    assert mask[1].sum() == 5 * 4
    assert torch.equal(body_mask(mu.fill_(AIR_MU_PER_MM), (4, 9, 9)), torch.ones(4, 9, 9))
