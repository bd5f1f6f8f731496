import math

import numpy as np
import pytest
from scipy import stats

from model.geometry import AcquisitionGeometry, Collimator, VolumeGrid, orbit_angles_rad
from model.ventricle import share
from synthesis.errors import SimulationFailed
from synthesis.materials import MU_PER_MM
from synthesis.perturbation.noise import SMALLEST_SHARE, estimate_scatter, poisson_counts, poisson_quantile
from synthesis.phantoms.shapes import Floats, Lattice, ellipsoid, superellipse
from synthesis.simulation.analytic import AnalyticSimulator, finer_geometry
from synthesis.simulation.blur import gaussian_blur

SHARP = Collimator("needle", 0.05, 60.0)


def camera(collimator: Collimator = SHARP, intrinsic_mm: float = 0.05, views: int = 4) -> AcquisitionGeometry:
    return AcquisitionGeometry(
        angles_rad=orbit_angles_rad(views, start_deg=180.0, arc_deg=-360.0),
        radius_mm=(200.0,) * views,
        duration_s=(10.0,) * views,
        n_bins=32,
        n_axial=12,
        bin_mm=9.0,
        axial_mm=9.0,
        collimator=collimator,
        intrinsic_fwhm_mm=intrinsic_mm,
        grid=VolumeGrid((12, 32, 32), (9.0, 9.0, 9.0)),
    )


def fine_lattice(geometry: AcquisitionGeometry) -> Lattice:
    return Lattice.of(finer_geometry(geometry, 2).grid)


def test_without_attenuation_every_view_sees_its_share_of_the_activity() -> None:
    geometry = camera()
    activity = share(ellipsoid(fine_lattice(geometry), (20.0, 10.0, 0.0), (30.0, 30.0, 30.0)), 4.5)
    primary = AnalyticSimulator(2).expect(activity, np.full_like(activity, 1e-9), geometry).primary
    assert primary.shape == geometry.projection_shape
    assert primary.sum(axis=(1, 2)) == pytest.approx(np.full(4, activity.sum() / 4), rel=1e-3)


def test_a_sphere_projects_to_the_length_of_its_chords() -> None:
    geometry = camera()
    radius = 60.0
    activity = share(ellipsoid(fine_lattice(geometry), (0.0, 0.0, 0.0), (radius,) * 3), 4.5)
    view = AnalyticSimulator(2).expect(activity, np.full_like(activity, 1e-9), geometry).primary[0]
    sub = (np.arange(-40, 40) + 0.5) / 80  # the chord, averaged over a detector element
    position = (np.arange(32) - 15.5)[:, None] * 9 + sub[None, :] * 9
    row = (np.arange(12) - 5.5)[:, None] * 9 + sub[None, :] * 9
    squared = radius**2 - position[None, :, None, :] ** 2 - row[:, None, :, None] ** 2
    chord_mm = 2 * np.sqrt(np.clip(squared, 0, None)).mean(axis=(2, 3))
    expected = chord_mm * 9 * 9 / 4.5**3 / 4  # voxels in the tube behind an element, one of four views
    inside = np.hypot(position.mean(axis=1)[None, :], row.mean(axis=1)[:, None]) < 45
    assert view[inside] == pytest.approx(expected[inside], rel=0.03)
    assert np.abs(view - expected).sum() / expected.sum() < 0.04


@pytest.mark.parametrize(("x", "y"), [(0.0, 0.0), (50.0, 0.0), (0.0, -40.0)])
def test_a_line_source_in_a_water_cylinder_is_attenuated_by_the_exponential_law(x: float, y: float) -> None:
    geometry = camera()
    p = fine_lattice(geometry)
    water = superellipse(p, (0.0, 0.0), (110.0, 110.0), 2.0)
    mu = np.broadcast_to(share(water, 4.5), (24, 64, 64)) * np.float32(MU_PER_MM["water"])
    line = np.broadcast_to(share(superellipse(p, (x, y), (7.0, 7.0), 2.0), 4.5), mu.shape).copy()
    primary = AnalyticSimulator(2).expect(line, np.ascontiguousarray(mu), geometry).primary
    seen = primary.sum(axis=(1, 2)) / (line.sum() / 4)
    front, back = math.sqrt(110**2 - x**2) + y, math.sqrt(110**2 - x**2) - y  # depth under the front and the back
    left, right = math.sqrt(110**2 - y**2) - x, math.sqrt(110**2 - y**2) + x
    expected = [math.exp(-MU_PER_MM["water"] * depth) for depth in (front, left, back, right)]  # views 180, 90, 0, 270
    assert seen == pytest.approx(expected, rel=0.02)


def test_views_see_left_and_right_head_and_foot_where_they_are() -> None:
    geometry = camera()
    activity = share(ellipsoid(fine_lattice(geometry), (60.0, 0.0, 27.0), (12.0, 12.0, 12.0)), 4.5)
    primary = AnalyticSimulator(2).expect(activity, np.full_like(activity, 1e-9), geometry).primary
    anterior, posterior = primary[0], primary[2]
    assert anterior.sum(axis=0).argmax() in (21, 22)  # patient's left on the picture's right, seen from the front
    assert posterior.sum(axis=0).argmax() in (9, 10)
    assert anterior.sum(axis=1).argmax() in (8, 9)  # rows grow to the head


def test_the_blur_grows_with_the_distance_as_the_collimator_says() -> None:
    geometry = camera(Collimator("LEHR", 1.5, 35.0), 3.9)
    p = fine_lattice(geometry)
    widths = []
    for y in (-60.0, 60.0):
        point = share(superellipse(p, (0.0, y), (6.0, 6.0), 2.0), 4.5)
        activity = np.broadcast_to(point, (24, 64, 64)).copy()
        profile = AnalyticSimulator(2).expect(activity, np.full_like(activity, 1e-9), geometry).primary[0].sum(axis=0)
        u = (np.arange(32) - 15.5) * 9
        widths.append(float((profile * u**2).sum() / profile.sum()))
    near, far = (float(geometry.fwhm_mm(200.0 + y)) / 2.3548 for y in (-60.0, 60.0))
    assert widths[1] - widths[0] == pytest.approx(far**2 - near**2, rel=0.1)


def test_scatter_is_broader_than_primary_and_adds_up_to_one() -> None:
    geometry = camera(Collimator("LEHR", 1.5, 35.0), 3.9)
    p = fine_lattice(geometry)
    body = np.broadcast_to(share(superellipse(p, (0.0, 0.0), (120.0, 90.0), 2.0), 4.5), (24, 64, 64))
    activity = share(ellipsoid(p, (0.0, 0.0, 0.0), (20.0, 20.0, 20.0)), 4.5)
    expected = AnalyticSimulator(2).expect(activity, body * np.float32(MU_PER_MM["water"]), geometry)
    u = (np.arange(32) - 15.5) * 9

    def spread(projections: Floats) -> float:
        profile = projections.sum(axis=(0, 1))
        return math.sqrt(float((profile * u**2).sum() / profile.sum()))

    assert expected.scatter_shape.sum() == pytest.approx(1.0, rel=1e-4)
    assert expected.scatter_shape.min() >= 0
    assert spread(expected.scatter_shape) > 2 * spread(expected.primary)


def test_simulating_on_the_reconstruction_grid_is_refused() -> None:
    with pytest.raises(SimulationFailed, match="at least 2 times finer"):
        AnalyticSimulator(1)


def test_an_empty_phantom_is_refused_instead_of_giving_nan() -> None:
    geometry = camera()
    nothing = np.zeros((24, 64, 64), dtype=np.float32)
    with pytest.raises(SimulationFailed, match=r"0\.0 primary"):
        AnalyticSimulator(2).expect(nothing, nothing, geometry)


def test_noise_is_poisson() -> None:
    mean = np.full(200_000, 7.3, dtype=np.float32)
    counts = poisson_counts(mean, np.random.default_rng(0))
    assert counts.dtype == np.float32
    assert counts.mean() == pytest.approx(7.3, abs=0.03)
    assert counts.var() == pytest.approx(7.3, abs=0.1)
    assert (counts == np.round(counts)).all()


def test_every_count_is_the_quantile_of_its_own_number() -> None:
    mean = np.concatenate((np.zeros(500), np.geomspace(1e-6, 1e6, 20_000))).astype(np.float32)
    counts = poisson_counts(mean, np.random.default_rng(2))
    assert (counts == stats.poisson.ppf(np.random.default_rng(2).random(mean.size), mean.astype(np.float64))).all()


@pytest.mark.parametrize("share", [SMALLEST_SHARE, 1 - 2.0**-53])
def test_the_ends_of_the_generator_give_counts(share: float) -> None:
    mean = np.array([0.0, 1e-30, 0.5, 400.0])
    counts = poisson_quantile(np.full(4, share), mean)
    assert counts[0] == 0
    assert (np.abs(counts - mean) <= 10 * np.sqrt(mean) + 20).all()


@pytest.mark.parametrize("mean", [-1e-6, np.nan])
def test_a_mean_below_zero_is_refused(mean: float) -> None:
    with pytest.raises(ValueError, match="negative"):
        poisson_counts(np.array([1.0, mean], dtype=np.float32), np.random.default_rng(0))


def test_means_that_differ_in_their_last_bits_give_the_same_counts_but_for_single_ones() -> None:
    rng = np.random.default_rng(3)
    mean = rng.gamma(1.0, 16.0, (60, 32, 64)).astype(np.float32)
    elsewhere = (mean * (1 + 1e-6 * rng.standard_normal(mean.shape))).astype(np.float32)
    here, there = (poisson_counts(part, np.random.default_rng(4)) for part in (mean, elsewhere))
    assert np.abs(here - there).max() <= 1
    assert np.count_nonzero(here != there) < 20


def test_the_scatter_estimate_keeps_the_total_and_is_smooth() -> None:
    truth = np.full((3, 16, 48), 4.0, dtype=np.float32)
    estimate = estimate_scatter(truth, scale_sd=0.0, rng=np.random.default_rng(1))
    assert estimate.sum() == pytest.approx(truth.sum(), rel=0.02)
    assert 0 < estimate.std() < 0.7  # far below the 2.0 of one bin's Poisson noise, yet not noise-free
    wrong = estimate_scatter(truth, scale_sd=0.03, rng=np.random.default_rng(1))
    assert abs(wrong.sum() / estimate.sum() - 1) < 0.08


def test_the_blur_keeps_or_loses_counts_as_asked() -> None:
    values = np.zeros((5, 40), dtype=np.float32)
    values[:, 1] = 1
    assert gaussian_blur(values, (3.0,), keep_sum=True).sum() == pytest.approx(5, rel=1e-5)
    assert gaussian_blur(values, (3.0,), keep_sum=False).sum() < 4


def three_sources(geometry: AcquisitionGeometry) -> tuple[Floats, Floats]:
    """Return heart, liver and body (3, Z, Y, X) without overlap, and the attenuation map."""
    p = fine_lattice(geometry)
    heart = share(ellipsoid(p, (35.0, -30.0, 18.0), (25.0, 25.0, 25.0)), 4.5)
    liver = share(ellipsoid(p, (-40.0, 10.0, -27.0), (45.0, 35.0, 20.0)), 4.5)
    trunk = np.broadcast_to(share(superellipse(p, (0.0, 0.0), (120.0, 90.0), 2.0), 4.5), heart.shape)
    body = np.clip(trunk - heart - liver, 0, 1)
    return np.stack([heart, liver, body]).astype(np.float32), trunk * np.float32(MU_PER_MM["water"])


@pytest.mark.parametrize("septal_fraction", [0.0, 0.05])
def test_sources_mixed_after_projection_give_what_the_projected_mixture_gives(septal_fraction: float) -> None:
    geometry = camera(Collimator("LEHR", 1.5, 35.0), 3.9)
    activity, mu = three_sources(geometry)
    uptakes = {"heart": 1.0, "liver": 0.8, "body": 0.07}
    simulator = AnalyticSimulator(2, septal_fraction=septal_fraction)
    parts = simulator.project_sources(tuple(uptakes), activity, mu, geometry, seed=0)
    primary, scatter, variance = parts.mix(uptakes)
    mixture = np.tensordot(np.array([*uptakes.values()], dtype=np.float32), activity, axes=1)
    expected = simulator.expect(mixture, mu, geometry)
    assert primary == pytest.approx(expected.primary, rel=1e-5, abs=1e-5 * float(expected.primary.max()))
    shape = scatter / scatter.sum(dtype=np.float64)
    assert shape == pytest.approx(expected.scatter_shape, rel=1e-5, abs=1e-5 * float(expected.scatter_shape.max()))
    assert variance is None
    assert not parts.scatter_is_physical
    assert {"primary", "scatter"} <= set(parts.seconds)


def test_a_name_without_a_source_is_refused() -> None:
    geometry = camera()
    activity, mu = three_sources(geometry)
    with pytest.raises(SimulationFailed, match="2 names for 3 sources"):
        AnalyticSimulator(2).project_sources(("heart", "liver"), activity, mu, geometry, seed=0)


def test_septal_penetration_moves_its_share_of_the_counts_into_tails() -> None:
    geometry = camera(Collimator("LEHR", 1.5, 35.0), 3.9)
    p = fine_lattice(geometry)
    point = share(ellipsoid(p, (0.0, 0.0, 0.0), (9.0, 9.0, 9.0)), 4.5)
    air = np.full_like(point, 1e-9)
    without, with_term = (
        AnalyticSimulator(2, septal_fraction=fraction).expect(point, air, geometry).primary[0]
        for fraction in (0.0, 0.05)
    )
    assert with_term.sum() == pytest.approx(without.sum(), rel=1e-3)  # moved, not lost
    distance = np.hypot(*np.meshgrid((np.arange(32) - 15.5) * 9, (np.arange(12) - 5.5) * 9))
    tails = distance > 2.5 * float(geometry.fwhm_mm(200.0))
    assert without[tails].sum() < 1e-3 * without.sum()
    assert 0.002 < with_term[tails].sum() / with_term.sum() < 0.05
    assert with_term.max() == pytest.approx(0.95 * without.max(), rel=0.02)


def test_more_counts_through_the_septa_than_a_camera_can_have_are_refused() -> None:
    with pytest.raises(SimulationFailed, match="between 0 and 1"):
        AnalyticSimulator(2, septal_fraction=1.0)
