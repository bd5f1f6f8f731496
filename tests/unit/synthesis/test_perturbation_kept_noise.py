"""The noise of a Monte Carlo counts as the measurement's: what comes out is Poisson again."""

import numpy as np
import pytest

from synthesis.errors import ScenarioInvalid
from synthesis.perturbation.noise import remaining_counts
from synthesis.phantoms.shapes import Floats
from tests.support.scenarios import quick_scenario


def simulated(mean: float, weight: float, bins: int, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Return sums of weights and of squared weights of an analog simulation whose photons all weigh the same."""
    photons = rng.poisson(mean / weight, size=bins).astype(np.float32)
    return photons * np.float32(weight), photons * np.float32(weight**2)


@pytest.mark.parametrize("weight", [0.05, 0.5, 0.9])
@pytest.mark.parametrize("mean", [0.7, 12.0])
def test_equal_weights_give_poisson_counts(weight: float, mean: float) -> None:
    rng = np.random.default_rng(5)
    counts = remaining_counts(*simulated(mean, weight, 400_000, rng), rng)
    assert (counts == np.rint(counts)).all()
    assert counts.mean() == pytest.approx(mean, rel=0.01)
    assert counts.var() == pytest.approx(mean, rel=0.01)
    assert (counts == 0).mean() == pytest.approx(np.exp(-mean), rel=0.02, abs=2e-5)


def test_unequal_weights_give_the_same_mean_and_variance() -> None:
    rng = np.random.default_rng(6)
    parts = [simulated(6.0, weight, 400_000, rng) for weight in (0.1, 0.6)]
    total, squared = (sum(column) for column in zip(*parts, strict=True))
    counts = remaining_counts(np.asarray(total), np.asarray(squared), rng)
    assert counts.mean() == pytest.approx(12.0, rel=0.01)
    assert counts.var() == pytest.approx(12.0, rel=0.02)


def test_an_exact_simulation_gives_plain_poisson_noise_and_nothing_stays_nothing() -> None:
    rng = np.random.default_rng(7)
    mean = np.full(200_000, 5.0, dtype=np.float32)
    counts = remaining_counts(mean, np.zeros_like(mean), rng)
    assert counts.var() == pytest.approx(5.0, rel=0.02)
    assert not remaining_counts(np.zeros(9, dtype=np.float32), np.zeros(9, dtype=np.float32), rng).any()


def test_a_bin_with_one_heavy_photon_keeps_its_mean() -> None:
    rng = np.random.default_rng(8)
    heavy = np.full(100_000, 2.5, dtype=np.float32)
    counts = remaining_counts(heavy, heavy * np.float32(2.5), rng)
    assert set(np.unique(counts)) == {2.0, 3.0}
    assert counts.mean() == pytest.approx(2.5, rel=0.01)


def test_faults_of_the_measurement_do_not_go_with_kept_noise() -> None:
    simulation = {"kind": "gate", "noise": "kept"}
    assert quick_scenario({"simulation": simulation}).keeps_noise
    with pytest.raises(ScenarioInvalid, match="hold noise already"):
        quick_scenario({"simulation": simulation, "perturbation": {"decay": "Tc-99m"}})
    assert not quick_scenario({"simulation": {"kind": "gate"}, "perturbation": {"decay": "Tc-99m"}}).keeps_noise
