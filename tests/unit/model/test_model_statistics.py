"""Means and their intervals: against values known by hand, and a coverage that is what it says."""

import numpy as np
import pytest

from model.evaluation.statistics import mean, mean_difference, mean_ratio, ratio_of_means, total


def test_the_figures_are_those_of_the_cases_that_have_both_values() -> None:
    ours, theirs = [1.0, 2.0, None, 9.0], [2.0, 2.0, 5.0, float("nan")]
    ratio, difference, means = mean_ratio(ours, theirs), mean_difference(ours, theirs), ratio_of_means(ours, theirs)
    assert ratio is not None
    assert difference is not None
    assert means is not None
    assert (ratio.value, ratio.cases) == (0.75, 2)
    assert (difference.value, difference.cases) == (-0.5, 2)
    assert means.value == pytest.approx(3 / 4)
    added, plain = total(ours), mean(ours)
    assert added is not None
    assert plain is not None
    assert (added.value, plain.value) == (12.0, 4.0)


def test_without_a_case_there_is_no_figure() -> None:
    assert mean([None, float("nan")]) is None
    assert mean_ratio([1.0], [0.0]) is None
    assert ratio_of_means([1.0], [0.0]) is None


def test_equal_cases_leave_no_doubt_and_paired_ones_less_than_unpaired() -> None:
    rng = np.random.default_rng(0)
    base = rng.uniform(1, 10, 40)
    same = mean_ratio(list(0.5 * base), list(base))
    assert same is not None
    assert (same.low, same.value, same.high) == pytest.approx((0.5, 0.5, 0.5))
    lone = mean(list(base))
    assert lone is not None
    assert lone.low < lone.value < lone.high


def test_the_interval_covers_the_true_mean_nineteen_times_in_twenty() -> None:
    rng = np.random.default_rng(1)
    covered = 0
    for _ in range(200):
        found = mean(list(rng.normal(3.0, 1.0, 30)))
        assert found is not None
        covered += found.low <= 3.0 <= found.high
    assert 0.88 <= covered / 200 <= 0.99
