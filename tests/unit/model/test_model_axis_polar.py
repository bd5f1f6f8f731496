"""Polar maps from the long axis alone: a cold segment is found where it lies, whatever the heart's direction."""

import numpy as np
import pytest
from numpy.typing import NDArray

from model.errors import ModelError
from model.evaluation.axis_polar import polar_by_axis

VOXEL_MM = (4.0, 4.5, 5.0)
SHAPE = (44, 40, 40)
BASE, APEX = (-12.0, 14.0, 10.0), (34.0, -26.0, -14.0)
RADIUS_MM = 24.0


def frame() -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], float]:
    axis = np.subtract(APEX, BASE)
    length = float(np.linalg.norm(axis))
    axis = axis / length
    anterior = np.array([0.0, 0.0, 1.0]) - axis * axis[2]
    anterior /= np.linalg.norm(anterior)
    return axis, anterior, np.cross(anterior, axis), length


def heart(cold: int | None = None) -> NDArray[np.float32]:
    """Return a left ventricle of uptake 100 in a body of 10, `cold` its segment (1 to 17) of half uptake."""
    axis, anterior, lateral, length = frame()
    z, y, x = ((np.arange(n) - (n - 1) / 2) * mm for n, mm in zip(SHAPE, VOXEL_MM, strict=True))
    p = np.stack(np.meshgrid(z, y, x, indexing="ij")[::-1], axis=-1) - np.asarray(BASE)
    along, up, side = (p @ vector for vector in (axis, anterior, lateral))
    tip = length - RADIUS_MM - 5  # where the half ball begins
    reach = np.hypot(np.hypot(up, side), np.maximum(along - tip, 0))
    wall = (np.abs(reach - RADIUS_MM) <= 5) & (along > 0)
    angle = np.rad2deg(np.arctan2(-side, up)) % 360  # over the septum
    third = along / (length - 10)
    six, four = ((angle + 30) // 60).astype(int) % 6, ((angle + 45) // 90).astype(int) % 4
    segment = np.where(third < 0.35, 1 + six, np.where(third < 0.7, 7 + six, np.where(third < 1, 13 + four, 17)))
    image = np.where(wall, 100.0, 10.0)
    if cold is not None:
        image[wall & (segment == cold)] = 50.0
    return image.astype(np.float32)


@pytest.mark.parametrize("cold", [1, 2, 4, 6, 8, 9, 11, 12, 13, 14, 16, 17])
def test_a_cold_segment_is_found_where_it_lies(cold: int) -> None:
    healthy = polar_by_axis(heart(), VOXEL_MM, BASE, APEX)
    found = polar_by_axis(heart(cold), VOXEL_MM, BASE, APEX) - healthy
    assert int(found.argmin()) + 1 == cold
    assert found[cold - 1] < -15
    others = np.delete(found, cold - 1)
    assert others.min() > 0.7 * found[cold - 1]


def test_a_healthy_heart_is_even_and_the_unit_of_the_image_does_not_matter() -> None:
    found = polar_by_axis(heart(), VOXEL_MM, BASE, APEX)
    assert found.shape == (17,)
    assert found.min() > 85
    assert np.allclose(found, polar_by_axis(1e-3 * heart(), VOXEL_MM, BASE, APEX), atol=1e-6)


def test_an_axis_that_is_a_little_off_changes_little() -> None:
    exact = polar_by_axis(heart(9), VOXEL_MM, BASE, APEX)
    off = polar_by_axis(heart(9), VOXEL_MM, tuple(np.add(BASE, (3, -3, 3))), tuple(np.add(APEX, (-3, 3, 3))))
    assert int(off.argmin()) + 1 == 9
    assert np.sqrt(np.mean((off - exact) ** 2)) < 6


def test_a_hot_liver_below_does_not_stand_for_the_inferior_wall() -> None:
    image = heart(10)
    image[np.indices(SHAPE)[0] < 11] = 300.0  # the lowest slices
    found = polar_by_axis(image, VOXEL_MM, BASE, APEX)
    assert found[9] < 90


@pytest.mark.parametrize(
    ("base", "apex"),
    [
        (BASE, BASE),
        ((0.0, 0.0, 0.0), (0.0, 0.0, 20.0)),
        ((0.0, 0.0, -40.0), (0.0, 0.0, 40.0)),
        ((0.0, 0.0, 0.0), (140.0, 0.0, 0.0)),
    ],
)
def test_where_no_heart_can_lie_is_refused(base: tuple[float, float, float], apex: tuple[float, float, float]) -> None:
    with pytest.raises(ModelError) as caught:
        polar_by_axis(heart(), VOXEL_MM, base, apex)
    assert caught.value.code == "heart.axis"
    assert "apex" in caught.value.remedy
