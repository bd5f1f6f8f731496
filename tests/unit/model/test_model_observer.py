"""The model observer: it sees what is there, looks where it is told, and cannot see what is not."""

from dataclasses import replace

import numpy as np
import pytest

from model.evaluation.deviance import poisson_deviance
from model.evaluation.observer import Place, area_under_curve, channel_outputs, observer_auc, template
from model.io.study import HeartFrame, Study, Truth
from tests.support.studies import coordinates_mm, tiny_geometry, tiny_study


@pytest.fixture(scope="module")
def heart() -> Study:
    """Return a shell around the x axis: base to the right, apex to the left, anterior to the head; voxels of 5 mm."""
    geometry = tiny_geometry(shape=(24, 24, 24), voxel_mm=5.0)
    z, y, x = coordinates_mm(geometry.grid)
    radius = np.sqrt(np.broadcast_to(y**2 + z**2, (24, 24, 24)))
    wall = (np.abs(radius - 30) < 7) & np.broadcast_to(np.abs(x) < 40, (24, 24, 24))
    frame = HeartFrame((-40.0, 0.0, 0.0), (40.0, 0.0, 0.0), (0.0, 0.0, 1.0), 35.0, 10.0)
    truth = Truth(frame, wall.astype(np.uint8), (), np.zeros((24, 24, 24), dtype=np.uint8))
    return replace(tiny_study(0), geometry=geometry, reference=wall.astype(np.float32), truth=truth)


def with_hole(study: Study, at_mm: tuple[float, float, float], depth: float) -> np.ndarray:
    """Darken the wall around (x, y, z)."""
    assert study.reference is not None
    z, y, x = coordinates_mm(study.geometry.grid)
    near = (x - at_mm[0]) ** 2 + (y - at_mm[1]) ** 2 + (z - at_mm[2]) ** 2
    return np.asarray(study.reference * (1 - depth * np.exp(-near / (2 * 10.0**2))))


def outputs(study: Study, image: np.ndarray, theta_deg: float, along: float = 0.5) -> np.ndarray:
    found = channel_outputs(image, study, Place(theta_deg, along))
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("theta_deg", "at_mm"), [(0, (0, 0, 30)), (90, (0, 30, 0)), (180, (0, 0, -30)), (270, (0, -30, 0))]
)
def test_it_looks_where_the_angle_says(heart: Study, theta_deg: float, at_mm: tuple[float, float, float]) -> None:
    assert heart.reference is not None
    image = with_hole(heart, at_mm, 0.5)
    change = {
        theta: float(np.abs(outputs(heart, image, theta) - outputs(heart, heart.reference, theta)).max())
        for theta in (0, 90, 180, 270)
    }
    assert max(change, key=lambda theta: change[theta]) == theta_deg
    assert change[int(theta_deg)] > 4 * sorted(change.values())[-2]


def test_it_looks_where_the_long_axis_says(heart: Study) -> None:
    assert heart.reference is not None
    image = with_hole(heart, (25, 0, 30), 0.5)
    near = outputs(heart, image, 0, 0.8) - outputs(heart, heart.reference, 0, 0.8)
    far = outputs(heart, image, 0, 0.2) - outputs(heart, heart.reference, 0, 0.2)
    assert np.abs(near).max() > 4 * np.abs(far).max()


def test_a_turned_wall_looks_the_same_and_its_unit_does_not_matter(heart: Study) -> None:
    assert heart.reference is not None
    np.testing.assert_allclose(
        outputs(heart, heart.reference, 0), outputs(heart, 7 * heart.reference, 90), rtol=1e-6, atol=1e-9
    )


def test_without_a_heart_there_is_nothing_to_see(heart: Study) -> None:
    assert heart.reference is not None
    assert channel_outputs(heart.reference, replace(heart, truth=None), Place(0, 0.5)) is None


def test_the_area_under_the_curve_counts_pairs_and_ties_half() -> None:
    assert area_under_curve(np.array([3.0, 1.0]), np.array([0.0, 1.0])) == pytest.approx(3.5 / 4)


def test_the_template_weighs_a_channel_by_its_signal_over_its_variance() -> None:
    rng = np.random.default_rng(0)
    noise = rng.standard_normal((40_000, 2)) * np.array([1.0, 2.0])
    found = template(noise + np.array([1.0, 1.0]), rng.permutation(noise))
    assert found[0] / found[1] == pytest.approx(4.0, rel=0.06)


def test_the_figure_is_that_of_the_separation_and_half_without_one() -> None:
    rng = np.random.default_rng(2)
    absent = list(rng.standard_normal((400, 3)))
    strong = observer_auc(list(rng.standard_normal((400, 3)) + np.array([1.0, 0, 0])), absent)
    none = observer_auc(list(rng.standard_normal((400, 3))), absent)
    assert strong is not None
    assert none is not None
    assert strong[0] == pytest.approx(0.76, abs=0.03)  # Phi(1 / sqrt 2)
    assert strong[1] < strong[0] < strong[2]
    assert none[1] < 0.5 < none[2] or abs(none[0] - 0.5) < 0.05
    assert observer_auc(absent[:9], absent) is None


def test_the_deviance_is_smallest_for_the_image_that_made_the_counts() -> None:
    study = tiny_study(3, noise=True)
    assert study.reference is not None
    right = poisson_deviance(study.reference, study)
    assert right < poisson_deviance(1.2 * study.reference, study)
    assert right < poisson_deviance(0.8 * study.reference, study)
    assert 0.5 < right < 3


def test_it_is_not_tested_on_what_it_learned_from() -> None:
    """With as many channels as cases a template learned on them divides pure noise perfectly."""
    rng = np.random.default_rng(5)
    found = observer_auc(list(rng.standard_normal((24, 10))), list(rng.standard_normal((24, 10))))
    assert found is not None
    assert found[0] < 0.7
