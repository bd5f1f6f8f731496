"""The polar map: segments, their normaliser and who touches whom, each against a case known by hand."""

from dataclasses import replace

import numpy as np
import pytest

from model.errors import GeometryMismatch
from model.evaluation.polar import (
    SEGMENT_NAMES,
    TERRITORIES,
    neighbours,
    normalised,
    polar_rms,
    polar_segments,
    segment_means,
)
from model.io.study import Study
from tests.support.studies import tiny_study


@pytest.fixture(scope="module")
def study() -> Study:
    """Seventeen segments of three voxels each, in a row."""
    plain = tiny_study(0)
    assert plain.truth is not None
    aha = np.zeros_like(plain.truth.aha)
    aha.ravel()[: 17 * 3] = np.repeat(np.arange(1, 18, dtype=np.uint8), 3)
    return replace(plain, truth=replace(plain.truth, aha=aha))


def painted(study: Study, values: np.ndarray) -> np.ndarray:
    assert study.truth is not None
    return np.concatenate([[7.0], values])[study.truth.aha]  # 7 outside the wall must not matter


def test_a_segment_is_the_mean_of_its_voxels_and_nothing_else(study: Study) -> None:
    values = np.arange(1.0, 18.0)
    image = painted(study, values)
    image.ravel()[0], image.ravel()[2] = 0.4, 1.6  # two voxels of segment 1, same mean
    found = segment_means(image, study)
    assert found is not None
    np.testing.assert_allclose(found, values)


def test_a_hundred_points_are_the_mean_of_the_three_highest_segments(study: Study) -> None:
    values = np.full(17, 6.0)
    values[[2, 5, 9]] = (11.0, 10.0, 9.0)
    found = polar_segments(painted(study, values), study)
    assert found is not None
    assert found[0] == pytest.approx(60.0)
    assert found[2] == pytest.approx(110.0)


def test_the_map_does_not_depend_on_the_unit_of_the_image(study: Study) -> None:
    image = painted(study, np.linspace(3, 9, 17))
    np.testing.assert_allclose(polar_segments(image, study), polar_segments(40 * image, study))  # type: ignore[arg-type]


def test_a_segment_without_voxels_is_left_out(study: Study) -> None:
    assert study.truth is not None
    short = replace(study, truth=replace(study.truth, aha=np.where(study.truth.aha == 17, 0, study.truth.aha)))
    found = polar_segments(painted(study, np.ones(17)), short)
    assert found is not None
    assert np.isnan(found[16])
    assert polar_rms(found, found + 3) == pytest.approx(3.0)


def test_the_error_of_a_map_is_its_root_mean_square_in_points() -> None:
    truth = np.full(17, 100.0)
    wrong = truth.copy()
    wrong[4] -= 17.0
    assert polar_rms(wrong, truth) == pytest.approx(np.sqrt(17.0))


def test_an_empty_image_has_no_map() -> None:
    assert np.isnan(normalised(np.zeros(17))).all()


def test_a_study_without_a_heart_has_no_map_and_a_wrong_size_is_refused(study: Study) -> None:
    image = painted(study, np.ones(17))
    assert polar_segments(image, replace(study, truth=None)) is None
    with pytest.raises(GeometryMismatch):
        polar_segments(image[1:], study)


def test_segments_touch_around_the_ring_along_the_axis_and_at_the_apex() -> None:
    touching = neighbours()
    assert (touching == touching.T).all()

    def of(segment: int) -> set[int]:
        return {int(s) + 1 for s in np.flatnonzero(touching[segment - 1])} - {segment}

    assert of(1) == {2, 6, 7}
    assert of(7) == {1, 8, 12, 13}
    assert of(8) == {2, 7, 9, 13, 14}
    assert of(13) == {7, 8, 12, 14, 16, 17}
    assert of(17) == {13, 14, 15, 16}


def test_every_segment_has_a_name_and_one_territory() -> None:
    assert len(set(SEGMENT_NAMES)) == 17
    assert sorted(s for part in TERRITORIES.values() for s in part) == list(range(1, 18))
