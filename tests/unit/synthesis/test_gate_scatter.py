"""Scattered counts between the views that were simulated, and their noise after smoothing."""

import numpy as np
import pytest
from pydantic import ValidationError

from synthesis.simulation.gate.cost import core_hours_per_sample
from synthesis.simulation.gate.scatter import filled, sigma_bins, smoothed
from synthesis.specs.simulation import GateSpec


def test_the_first_and_the_last_view_are_always_simulated() -> None:
    assert GateSpec().scatter_views(4) == (0, 1, 2, 3)
    assert GateSpec(scatter_every=5).scatter_views(12) == (0, 5, 10, 11)
    assert GateSpec(scatter_every=5).scatter_views(1) == (0,)


def test_views_between_lie_on_a_straight_line_and_have_less_noise() -> None:
    low, high = np.full((2, 3), 4.0), np.full((2, 3), 8.0)
    found = filled({0: (low, low), 4: (high, high)}, 5)
    assert [counts[0, 0] for counts, _ in found] == [4.0, 5.0, 6.0, 7.0, 8.0]
    assert found[1][1][0, 0] == pytest.approx(0.75**2 * 4 + 0.25**2 * 8)
    assert found[4][1][0, 0] == 8.0


def test_smoothing_keeps_the_counts_and_tells_the_noise_that_is_left() -> None:
    rng = np.random.default_rng(4)
    mean, repeats = np.full((8, 12), 30.0), 4000
    drawn = rng.poisson(mean, size=(repeats, *mean.shape)).astype(np.float64)
    blurred, variance = smoothed(drawn, np.broadcast_to(mean, drawn.shape), sigma_bins=(1.0, 1.5))
    assert blurred.sum(axis=(1, 2)) == pytest.approx(drawn.sum(axis=(1, 2)), rel=1e-5)
    measured = blurred.var(axis=0)
    assert measured.mean() == pytest.approx(variance[0].mean(), rel=0.03)
    assert 0.03 < variance[0].mean() / 30.0 < 0.1


def test_no_low_pass_changes_nothing() -> None:
    counts = np.arange(12.0).reshape(3, 4)
    same, variance = smoothed(counts, 2 * counts, sigma_bins=sigma_bins(0.0, 6.6, 6.6))
    assert same is counts
    assert (variance == 2 * counts).all()
    assert sigma_bins(30.0, 6.6, 3.3) == pytest.approx((1.93, 3.86), abs=0.01)


def test_an_analog_simulation_has_no_scatter_of_its_own_to_smooth() -> None:
    with pytest.raises(ValidationError, match="need mode freeflight"):
        GateSpec(mode="analog", scatter_every=2)
    with pytest.raises(ValidationError, match="need mode freeflight"):
        GateSpec(mode="analog", scatter_lowpass_mm=20.0)


def test_fewer_views_with_scatter_cost_less() -> None:
    every, some = (core_hours_per_sample(GateSpec(scatter_every=n), views=61, sources=1) for n in (1, 5))
    primary_only = core_hours_per_sample(GateSpec(scatter_share=1e-9), views=61, sources=1)
    assert some < every
    assert every - some == pytest.approx(48 * _scatter_hours(), rel=1e-6)
    assert primary_only < some + 61 * _scatter_hours()


def _scatter_hours() -> float:
    """Return the core hours of the scatter in one view: those of one view less those of its primary photons."""
    whole = core_hours_per_sample(GateSpec(), views=1, sources=1)
    from synthesis.simulation.gate.rates import STORED

    primary = (
        STORED.startup_s + GateSpec().counts_per_view / STORED.primary.counts_per_photon / STORED.primary.photons_per_s
    )
    return whole - primary / 3600
