"""The body as GATE sees it: turned to the view, cropped, made of materials, and refused where it touches the camera."""

import math

import numpy as np
import pytest

from model.geometry import VolumeGrid
from synthesis.errors import SimulationFailed
from synthesis.materials import MU_PER_MM
from synthesis.simulation.gate.placement import Box, box_for_view
from synthesis.simulation.gate.tissues import classify, material_for
from synthesis.simulation.gate.views import GateBody
from tests.support.gate import Array, asymmetric_body, cubic_geometry

GRID = VolumeGrid((6, 21, 25), (4.0, 5.0, 5.0))


def centre_of_mass(box: Box) -> Array:
    """Return (b, a, z) of the attenuation in mm, in the frame of the view, from the rotation axis."""
    steps, shape = box.voxel_mm, box.mu_per_mm.shape
    weights = box.mu_per_mm / box.mu_per_mm.sum()
    inner = [
        float((weights.sum(axis=tuple(i for i in range(3) if i != axis)) * (np.arange(n) - (n - 1) / 2)).sum()) * step
        for axis, (n, step) in enumerate(zip(shape, steps, strict=True))
    ]
    return np.array([inner[1], inner[2], inner[0]])


@pytest.mark.parametrize("degrees", [0.0, 37.0, 90.0, 180.0, 225.0, 270.0])
def test_a_box_keeps_its_place_in_the_world_from_every_view(degrees: float) -> None:
    mu = np.zeros(GRID.shape, dtype=np.float32)
    mu[4, 2:4, 18:21] = 0.015  # left, front, towards the head
    world_x, world_y, world_z = (19 - 12) * 5.0, (2.5 - 10) * 5.0, (4 - 2.5) * 4.0
    theta = math.radians(degrees)
    box = box_for_view(mu, GRID, theta)
    b, a, z = centre_of_mass(box)
    x, y, centre_z = box.centre_mm
    found = (x + a * math.cos(theta) + b * math.sin(theta), y - a * math.sin(theta) + b * math.cos(theta), centre_z + z)
    np.testing.assert_allclose(found, (world_x, world_y, world_z), atol=0.5)
    assert box.mu_per_mm.sum() == pytest.approx(mu.sum(), rel=0.05)
    towards_camera = world_x * math.sin(theta) + world_y * math.cos(theta)
    assert towards_camera < box.front_mm < towards_camera + 25.0


def test_right_angles_turn_the_voxels_without_change() -> None:
    mu = np.random.default_rng(1).uniform(0.001, 0.02, GRID.shape).astype(np.float32)
    np.testing.assert_allclose(box_for_view(mu, GRID, 0.0).mu_per_mm, mu, atol=1e-7)
    from_the_left = box_for_view(mu, GRID, math.pi / 2)  # b is x, a is -y
    np.testing.assert_allclose(from_the_left.mu_per_mm, mu.transpose(0, 2, 1)[:, :, ::-1], atol=1e-7)


def test_no_body_is_refused() -> None:
    with pytest.raises(SimulationFailed, match="no attenuation"):
        box_for_view(np.zeros(GRID.shape, dtype=np.float32), GRID, 0.0)


def test_every_tissue_keeps_its_attenuation() -> None:
    for name, mu in MU_PER_MM.items():
        if mu == 0:
            continue
        material = material_for(mu, name)
        assert {"H", "C", "O"} <= material.elements.keys()
        assert sum(material.elements.values()) == pytest.approx(1.0, abs=0.01)
    assert material_for(MU_PER_MM["water"], "w").density == pytest.approx(1.01, abs=0.01)
    assert material_for(MU_PER_MM["cortical_bone"], "b").density == pytest.approx(1.85, abs=0.01)
    assert material_for(0.00396, "l").density == pytest.approx(0.26, abs=0.005)


def test_classes_are_few_and_keep_the_mean_attenuation() -> None:
    _, mu = asymmetric_body(cubic_geometry(0.0))
    smooth = sum((np.roll(mu, 1, axis) for axis in range(3)), mu) / np.float32(4)
    labels, materials = classify(smooth)
    assert labels.min() == 0
    assert labels.max() == len(materials) < 100
    assert (labels[smooth == 0] == 0).all()
    body = labels > 0
    means = np.bincount(labels[body], weights=smooth[body]) / np.maximum(np.bincount(labels[body]), 1)
    np.testing.assert_allclose(means[labels[body]], smooth[body], rtol=0.04)


def test_a_body_whose_grid_does_not_divide_the_acquisitions_is_refused() -> None:
    geometry = cubic_geometry(0.0)
    volume = np.ones((50, 48, 48), dtype=np.float32)
    with pytest.raises(SimulationFailed, match="do not divide the grid"):
        GateBody.of(volume[None], volume, geometry)
