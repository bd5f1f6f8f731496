"""Defects read off the polar map: what is invented and what is missed, each against a map made by hand."""

import numpy as np
import pytest

from model.evaluation.detection import DEPTH_SD, NormalLimits, Reading, common_depth, normal_limits, read_map
from model.io.study import Defect

NORMAL = np.full(17, 95.0)
LIMITS = NormalLimits(NORMAL, 10.0, 40)


def defect(*segments: int, severity: float = 0.3) -> Defect:
    return Defect(0.0, 60.0, 0.5, 40.0, 1.0, severity, 0.1, segments)


def dark(points: float, *segments: int) -> np.ndarray:
    polar = NORMAL.copy()
    polar[[s - 1 for s in segments]] -= points
    return polar


def read(polar: np.ndarray, truth: np.ndarray, *defects: Defect) -> Reading:
    return read_map(polar, truth, defects, LIMITS, LIMITS)


def test_the_truth_itself_invents_nothing_and_misses_nothing() -> None:
    truth = dark(20, 7, 8)
    assert read(truth, truth, defect(7, 8)) == Reading(None, 0, 1, 0)
    assert read(NORMAL, NORMAL) == Reading(0, None, 0, 0)


def test_a_dark_segment_of_a_normal_heart_is_invented() -> None:
    assert read(dark(10.1, 3, 12), NORMAL).invented == 2
    assert read(dark(9.9, 3, 12), NORMAL).invented == 0


def test_what_is_dark_in_the_truth_too_is_not_invented() -> None:
    assert read(dark(12, 3), dark(11, 3)).invented == 0


def test_beside_a_defect_only_segments_away_from_it_count_as_invented() -> None:
    truth = dark(20, 7)
    near, far = dark(20, 7, 1, 8), dark(20, 7, 4)
    assert read(near, truth, defect(7)).invented_remote == 0
    assert read(far, truth, defect(7)).invented_remote == 1


def test_a_mild_defect_that_is_filled_in_is_missed() -> None:
    truth = dark(15, 9, 10)
    assert read(dark(5, 9, 10), truth, defect(9, 10)) == Reading(None, 0, 1, 1)
    assert read(dark(12, 10), truth, defect(9, 10)).missed == 0


def test_a_severe_defect_and_one_the_truth_does_not_show_are_not_asked_for() -> None:
    assert read(NORMAL, dark(15, 9), defect(9, severity=0.6)).mild == 0
    assert read(NORMAL, dark(5, 9), defect(9)).mild == 0


def test_blur_that_all_images_of_a_method_share_is_forgiven() -> None:
    blurred = NormalLimits(dark(12, 17), 10.0, 40)
    assert read_map(dark(13, 17), NORMAL, (), blurred, LIMITS).invented == 0
    assert read_map(dark(13, 17), NORMAL, (), LIMITS, LIMITS).invented == 1


def test_the_depth_is_the_spread_of_true_normals_pooled_over_segments() -> None:
    rng = np.random.default_rng(0)
    maps = [95 + 4 * rng.standard_normal(17) for _ in range(400)]
    assert common_depth(maps) == pytest.approx(4 * DEPTH_SD, rel=0.03)
    maps[0][16] = np.nan  # a heart whose apex holds no voxel
    limits = normal_limits([m - 5 for m in maps], common_depth(maps))
    np.testing.assert_allclose(limits.mean, 90, atol=0.8)
    with pytest.raises(ValueError, match="at least 5"):
        normal_limits(maps[:4], 1.0)


def test_a_segment_that_no_normal_has_is_never_called() -> None:
    maps = [np.where(np.arange(17) == 16, np.nan, 95.0 + i) for i in range(6)]
    limits = normal_limits(maps, common_depth(maps))
    assert np.isnan(limits.mean[16])
    assert not limits.called(np.where(np.arange(17) == 16, 1.0, 97.0)).any()


def test_a_noisier_method_has_the_same_depth_and_so_invents_more() -> None:
    rng = np.random.default_rng(4)
    truth = [95 + 2 * rng.standard_normal(17) for _ in range(40)]
    noisy = [m + 6 * rng.standard_normal(17) for m in truth]
    depth = common_depth(truth)
    true, limits = normal_limits(truth, depth), normal_limits(noisy, depth)
    assert limits.depth == true.depth == depth
    invented = [read_map(n, t, (), limits, true).invented for n, t in zip(noisy, truth, strict=True)]
    assert sum(i or 0 for i in invented) > 40
