"""Conformal calibration: the promise holds for exchangeable cases however poor the spread, and what is said is exact."""

import math

import numpy as np
import pytest

from model.confidence.conformal import (
    cases_needed,
    conformal_quantile,
    coverage,
    mean_with_interval,
    normal_factor,
    required_factor,
    share_with_interval,
)
from model.errors import ModelError

VOXELS = 200


def correlated_case(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Return errors and a wrong spread of one case: a common size a case, a common offset, neighbours alike."""
    size = rng.lognormal(0.0, 0.5)
    noise = np.convolve(rng.normal(size=VOXELS + 8), np.full(9, 1 / 3), mode="valid")
    error = size * (noise + rng.normal(0.0, 0.7))
    return error, np.exp(rng.normal(0.0, 0.3, size=VOXELS))


def test_a_new_case_is_covered_as_often_as_promised() -> None:
    rng, level, case_level, calibrating = np.random.default_rng(7), 0.9, 0.8, 24
    covered, shares = 0, []
    trials = 600
    for _ in range(trials):
        needed = [required_factor(*correlated_case(rng), level) for _ in range(calibrating)]
        factor = conformal_quantile(needed, case_level)
        error, spread = correlated_case(rng)
        shares.append(coverage(error, factor * spread))
        covered += shares[-1] >= level
    # the exact probability of rank 20 of 24 is 20 / 25; one standard deviation of 600 trials is 0.016
    assert covered / trials == pytest.approx(0.8, abs=0.05)
    assert np.mean(shares) >= level


def test_pooling_voxels_would_not_keep_the_promise() -> None:
    rng, level = np.random.default_rng(3), 0.9
    covered, trials = 0, 200
    for _ in range(trials):
        pooled = [correlated_case(rng) for _ in range(24)]
        factor = required_factor(np.concatenate([e for e, _ in pooled]), np.concatenate([w for _, w in pooled]), level)
        error, spread = correlated_case(rng)
        covered += coverage(error, factor * spread) >= level
    assert covered / trials < 0.75


def test_the_required_factor_is_the_smallest_that_covers_the_share() -> None:
    error, width = np.array([1.0, -2.0, 3.0, 4.0, 10.0]), np.ones(5)
    assert required_factor(error, width, 0.8) == 4.0
    assert coverage(error, 4.0 * width) == pytest.approx(0.8)
    assert coverage(error, 3.999 * width) < 0.8
    assert required_factor(error, width, 0.81) == 10.0
    assert required_factor(error, 2 * width, 0.8) == 2.0


def test_of_seventeen_segments_ninety_five_percent_means_all() -> None:
    error = np.arange(1.0, 18.0)
    assert required_factor(error, np.ones(17), 0.95) == 17.0


def test_segments_without_voxels_are_left_out() -> None:
    error = np.array([1.0, math.nan, 2.0])
    assert required_factor(error, np.ones(3), 1.0) == 2.0
    assert coverage(error, np.full(3, 1.5)) == 0.5
    with pytest.raises(ValueError, match="at least 1"):
        required_factor(np.array([math.nan]), np.ones(1), 0.9)


def test_too_few_cases_are_refused_with_both_numbers() -> None:
    assert (cases_needed(0.9), cases_needed(0.95), cases_needed(0.5)) == (9, 19, 1)
    assert conformal_quantile(range(9), 0.9) == 8
    with pytest.raises(ModelError, match=r"8 cases .* 90%.* 9 ") as caught:
        conformal_quantile(range(8), 0.9)
    assert caught.value.code == "calibration.too_few"


def test_the_conformal_rank_is_that_of_one_case_more() -> None:
    assert conformal_quantile(range(1, 25), 0.9) == 23  # ceil(25 x .9)
    assert conformal_quantile(range(1, 100), 0.9) == 90  # ceil(100 x .9), exact in spite of rounding


@pytest.mark.parametrize(
    ("hits", "cases", "low", "high"),
    [(0, 10, 0.0, 0.3085), (10, 10, 0.6915, 1.0), (5, 10, 0.1871, 0.8129), (19, 20, 0.7513, 0.9987)],
)
def test_shares_have_exact_intervals(hits: int, cases: int, low: float, high: float) -> None:
    share = share_with_interval(hits, cases)  # Clopper-Pearson, as in any table
    assert (share.value, share.low, share.high) == pytest.approx((hits / cases, low, high), abs=2e-4)


def test_means_have_intervals_that_hold_the_mean() -> None:
    found = mean_with_interval(np.linspace(0, 1, 40), seed=1)
    assert found.low < 0.5 < found.high
    assert found.value == pytest.approx(0.5)
    assert found.high - found.low == pytest.approx(2 * 1.96 * np.linspace(0, 1, 40).std() / math.sqrt(40), rel=0.15)
    assert normal_factor(0.95) == pytest.approx(1.96, abs=1e-3)
