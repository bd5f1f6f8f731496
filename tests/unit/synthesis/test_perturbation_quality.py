"""A Monte Carlo estimate is used only where its own noise is small beside the study's."""

import numpy as np
import pytest

from synthesis.errors import SimulationFailed
from synthesis.perturbation import refuse_noisy
from synthesis.phantoms.shapes import Floats


def estimate(histories: float) -> tuple[Floats, Floats]:
    """Return mean and variance of an analog simulation of `histories` counts, scaled to a study of 1e5."""
    profile = np.zeros((4, 8, 16), dtype=np.float32)
    profile[:, 2:6, 4:12] = 1.0
    mean: Floats = profile / profile.sum() * np.float32(1e5)
    return mean, mean * np.float32(1e5 / histories)


def test_an_estimate_from_many_more_photons_than_the_study_counts_is_used() -> None:
    figures = refuse_noisy(*estimate(5e6))
    assert figures["mc_variance_ratio"] == pytest.approx(0.02, rel=1e-4)
    assert figures["mc_equivalent_counts"] == pytest.approx(5e6, rel=1e-4)


def test_an_estimate_as_noisy_as_the_study_is_refused_and_says_what_is_missing() -> None:
    with pytest.raises(SimulationFailed, match=r"1 times the Poisson variance.*Simulate 10 times as many primaries"):
        refuse_noisy(*estimate(1e5))


def test_the_same_estimate_serves_a_study_with_fewer_counts() -> None:
    mean, variance = estimate(5e5)
    with pytest.raises(SimulationFailed, match=r"0\.2 times"):
        refuse_noisy(mean, variance)
    assert refuse_noisy(mean * np.float32(0.25), variance * np.float32(0.25**2))["mc_variance_ratio"] == pytest.approx(
        0.05, rel=1e-4
    )


def test_noise_of_the_empty_field_around_the_body_is_not_held_against_it() -> None:
    mean, variance = estimate(5e6)
    variance[mean == 0] = 1e3
    assert refuse_noisy(mean, variance)["mc_variance_ratio"] == pytest.approx(0.02, rel=1e-4)


def test_an_exact_simulator_has_no_figure() -> None:
    assert refuse_noisy(estimate(1)[0], None) == {}


@pytest.mark.parametrize("broken", ["nan", "negative", "empty", "shape"])
def test_numbers_that_no_simulation_gives_are_refused(broken: str) -> None:
    mean, variance = estimate(5e6)
    if broken == "nan":
        variance[0, 0, 0] = np.nan
    elif broken == "negative":
        variance[0, 0, 0] = -1
    elif broken == "empty":
        mean[:] = 0
    else:
        variance = variance[:2]
    with pytest.raises(SimulationFailed):
        refuse_noisy(mean, variance)
