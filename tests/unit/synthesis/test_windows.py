"""Energy windows beside the photopeak: the model against a Monte Carlo, and the way back to the scatter."""

from dataclasses import replace
from functools import lru_cache

import numpy as np
import pytest

from model.geometry import AcquisitionGeometry, Collimator, EnergyWindow, VolumeGrid, orbit_angles_rad
from model.io.study_records import Study
from model.scatter import ScatterSource, scatter_estimate
from model.ventricle import share
from synthesis.errors import SimulationFailed
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.shapes import Floats, Lattice, ellipsoid, superellipse
from synthesis.simulation.analytic import AnalyticSimulator, finer_geometry
from synthesis.simulation.windows import BROADER_MM, window_counts, window_ratios
from tests.support.compton import Scored, Water, detect, in_window

PEAK = EnergyWindow("photopeak", 126.45, 154.55)
BELOW = EnergyWindow("scatter", 114.0, 126.45)
NARROW_BELOW = EnergyWindow("below", 120.0, 126.45)
ABOVE = EnergyWindow("above", 154.55, 161.0)
VIEWS = np.array([[0.0, -1.0, 0.0], [0.5**0.5, -(0.5**0.5), 0.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


@lru_cache(maxsize=1)
def photons_of_a_heart() -> list[list[Scored]]:
    rng = np.random.default_rng(0)
    return detect(Water(), rng.normal((35.0, -35.0, 0.0), 18.0, size=(20_000, 3)), VIEWS, rng)


def scattered(view: int, window: EnergyWindow) -> tuple[float, float]:
    """Return the weight of the scattered photons of a view in a window, and their spread along the bins in mm."""
    across = np.array([VIEWS[view][1], -VIEWS[view][0], 0.0])
    parts = photons_of_a_heart()[view][1:]
    place = np.concatenate([part.place_mm @ across for part in parts])
    weight = np.concatenate([p.weight * in_window(p.energy_kev, window.lower_kev, window.upper_kev) for p in parts])
    mean = np.average(place, weights=weight)
    return float(weight.sum()), float(np.sqrt(np.average((place - mean) ** 2, weights=weight)))


@pytest.mark.parametrize("window", [BELOW, NARROW_BELOW], ids=lambda w: f"{w.lower_kev:g}-{w.upper_kev:g}")
def test_a_window_below_holds_as_much_scatter_as_a_monte_carlo_says(window: EnergyWindow) -> None:
    ratios = [scattered(view, window)[0] / scattered(view, PEAK)[0] for view in range(len(VIEWS))]
    assert window_ratios(window, PEAK)[0] == pytest.approx(np.mean(ratios), rel=0.06)
    assert max(ratios) / min(ratios) < 1.2  # one number for all views is an approximation of this size


def test_the_scatter_below_is_as_much_broader_as_a_monte_carlo_says() -> None:
    widths = [(scattered(view, BELOW)[1], scattered(view, PEAK)[1]) for view in range(len(VIEWS))]
    broader = np.mean([(wide**2 - narrow**2) ** 0.5 for wide, narrow in widths])
    assert dict(BROADER_MM)[120.2] == pytest.approx(broader, rel=0.15)


def test_primary_photons_spill_over_as_the_energy_resolution_says() -> None:
    primary = photons_of_a_heart()[0][0]
    inside, beside = (in_window(primary.energy_kev[:1], w.lower_kev, w.upper_kev)[0] for w in (PEAK, BELOW))
    assert window_ratios(BELOW, PEAK)[1] == pytest.approx(beside / inside, rel=1e-3)
    assert window_ratios(ABOVE, PEAK)[0] < 0.005  # hardly any scatter above the photopeak


@lru_cache(maxsize=1)
def torso() -> tuple[AcquisitionGeometry, Floats, Floats]:
    """Return a geometry, and primary and scatter of a heart, a liver and a trunk with 35 % scatter in the photopeak."""
    geometry = AcquisitionGeometry(
        angles_rad=orbit_angles_rad(6, start_deg=225.0, arc_deg=-180.0),
        radius_mm=(220.0,) * 6,
        duration_s=(20.0,) * 6,
        n_bins=40,
        n_axial=20,
        bin_mm=9.0,
        axial_mm=9.0,
        collimator=Collimator("LEHR", 1.5, 35.0),
        intrinsic_fwhm_mm=3.9,
        grid=VolumeGrid((20, 40, 40), (9.0, 9.0, 9.0)),
    )
    p = Lattice.of(finer_geometry(geometry, 2).grid)
    trunk = np.broadcast_to(share(superellipse(p, (0.0, 0.0), (165.0, 115.0), 2.0), 4.5), (40, 80, 80))
    heart = share(ellipsoid(p, (35.0, -35.0, 18.0), (32.0, 32.0, 32.0)), 4.5)
    liver = share(ellipsoid(p, (-60.0, 0.0, -40.0), (60.0, 50.0, 35.0)), 4.5)
    activity = (0.08 * trunk + heart + 0.6 * liver).astype(np.float32)
    expected = AnalyticSimulator(2).expect(activity, trunk * np.float32(MU_PER_MM["water"]), geometry)
    primary = expected.primary * np.float32(2e6 * 0.65 / expected.primary.sum())
    return geometry, primary, expected.scatter_shape * np.float32(2e6 * 0.35)


@pytest.mark.parametrize(
    ("windows", "source"),
    [((PEAK, BELOW), ScatterSource.DUAL_WINDOW), ((PEAK, NARROW_BELOW, ABOVE), ScatterSource.TRIPLE_WINDOW)],
    ids=["dual", "triple"],
)
def test_window_methods_give_back_the_scatter_that_was_put_in(
    windows: tuple[EnergyWindow, ...], source: ScatterSource
) -> None:
    geometry, primary, scatter = torso()
    geometry = replace(geometry, windows=windows)
    counts = window_counts(primary, scatter, geometry)
    assert counts.shape == (len(windows), *geometry.projection_shape)
    noisy = np.random.default_rng(1).poisson(counts).astype(np.float32)
    estimate = scatter_estimate(Study(projections=noisy, geometry=geometry))
    assert estimate.source is source
    assert estimate.counts is not None
    assert estimate.counts.sum() == pytest.approx(scatter.sum(), rel=0.10)
    per_view = estimate.counts.sum(axis=(1, 2)) / scatter.sum(axis=(1, 2))
    assert per_view == pytest.approx(np.ones(6), abs=0.12)
    assert np.abs(estimate.counts - scatter).sum() / scatter.sum() < 0.25


def test_the_photopeak_is_the_sum_of_primary_and_scatter() -> None:
    geometry, primary, scatter = torso()
    assert np.array_equal(window_counts(primary, scatter, geometry)[0], primary + scatter)


def test_a_photopeak_elsewhere_is_refused() -> None:
    with pytest.raises(SimulationFailed, match=r"must hold 140\.5 keV"):
        window_ratios(BELOW, EnergyWindow("iodine", 143.0, 175.0))
