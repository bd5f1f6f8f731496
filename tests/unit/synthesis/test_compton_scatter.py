"""The scatter model from physics, against a Monte Carlo that follows photons through water."""

import math
from functools import lru_cache

import numpy as np
import pytest

from model.geometry import AcquisitionGeometry, Collimator, VolumeGrid
from model.ventricle import share
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.shapes import Floats, Lattice, superellipse
from synthesis.sample import make_study
from synthesis.scenario import load_scenario
from synthesis.simulation.analytic import AnalyticSimulator, finer_geometry
from synthesis.simulation.blur import gaussian_blur, interpolation_matrix
from synthesis.simulation.compton import coarsening, compton_scatter
from tests.support.compton import Array, Water, detect, in_window

ANGLES = (math.pi, math.pi / 2, 0.0)  # in front, at the left, behind
BIN_MM, N_Z, N_X = 14.0, 30, 30
WATER = Water()


def camera() -> AcquisitionGeometry:
    return AcquisitionGeometry(
        angles_rad=ANGLES,
        radius_mm=(220.0,) * 3,
        duration_s=(1.0,) * 3,
        n_bins=N_X,
        n_axial=N_Z,
        bin_mm=BIN_MM,
        axial_mm=BIN_MM,
        collimator=Collimator("LEHR", 1.5, 35.0),
        intrinsic_fwhm_mm=3.9,
        grid=VolumeGrid((N_Z, N_X, N_X), (BIN_MM, BIN_MM, BIN_MM)),
    )


def edges(count: int) -> Array:
    return np.asarray((np.arange(count + 1) - count / 2) * BIN_MM, dtype=np.float64)


@lru_cache(maxsize=1)
def emitted() -> Array:
    return np.random.default_rng(1).normal((35.0, -35.0, 0.0), 18.0, size=(25_000, 3))


@lru_cache(maxsize=1)
def monte_carlo() -> Floats:
    """Return the scattered photons (V, Z, U) of a heart for each primary photon without attenuation in the window."""
    rng = np.random.default_rng(2)
    views = np.array([[math.sin(a), math.cos(a), 0.0] for a in ANGLES])
    pictures = []
    for angle, orders in zip(ANGLES, detect(WATER, emitted(), views, rng), strict=True):
        across = np.array([-math.cos(angle), math.sin(angle), 0.0])
        picture = np.zeros((N_Z, N_X))
        for photons in orders[1:]:
            weight = photons.weight * in_window(photons.energy_kev, 126.45, 154.55)
            place = (photons.place_mm[:, 2], photons.place_mm @ across)
            picture += np.histogram2d(*place, bins=[edges(N_Z), edges(N_X)], weights=weight)[0]
        pictures.append(picture)
    primary = in_window(np.array([140.5]), 126.45, 154.55)[0] * len(emitted()) / (4 * np.pi)
    return np.stack(pictures).astype(np.float32) / np.float32(primary)


@lru_cache(maxsize=1)
def volumes() -> tuple[Floats, Floats]:
    """Return the same heart as counts per voxel, sum 1, and the map of the water, on the camera's grid."""
    activity = np.histogramdd(emitted()[:, ::-1], bins=[edges(N_Z), edges(N_X), edges(N_X)])[0]
    p = Lattice.of(camera().grid)
    inside = share(superellipse(p, (0.0, 0.0), (WATER.x_mm, WATER.y_mm), 2.0), BIN_MM)
    mu = np.broadcast_to(inside, activity.shape) * (np.abs(p.z) < WATER.z_mm) * MU_PER_MM["water"]
    return (activity / len(emitted())).astype(np.float32), mu.astype(np.float32)


def twice_as_fine(volume: Floats) -> Floats:
    """Return the volume with every voxel cut into 2 x 2 x 2 of the same value."""
    return np.repeat(np.repeat(np.repeat(volume, 2, 0), 2, 1), 2, 2)


def away(found: Floats, truth: Floats) -> float:
    """Return the sum of differences of two distributions, smoothed over a few bins, each of sum 1."""
    smooth = [gaussian_blur(picture / picture.sum(), (1.5, 1.5), keep_sum=True) for picture in (found, truth)]
    return float(np.abs(smooth[0] - smooth[1]).sum())


def test_each_view_sees_as_much_scatter_as_a_monte_carlo_says() -> None:
    activity, mu = volumes()
    found = compton_scatter(activity[None], mu, camera())[0] * 3  # a view has a third of the time
    assert found.sum(axis=(1, 2)) == pytest.approx(monte_carlo().sum(axis=(1, 2)), rel=0.06)


def test_scatter_lies_where_a_monte_carlo_sees_it_and_the_broad_kernel_does_not() -> None:
    activity, mu = volumes()
    found = compton_scatter(activity[None], mu, camera())[0]
    fine = twice_as_fine(activity / np.float32(8))
    fine_mu = twice_as_fine(mu)
    broad = AnalyticSimulator(2).expect(fine, fine_mu, camera()).scatter_shape
    for view, truth in enumerate(monte_carlo()):
        assert away(found[view], truth) < 0.08
        assert away(broad[view], truth) > 0.15


def test_a_coarser_grid_for_the_scatter_changes_it_little() -> None:
    activity, mu = volumes()
    fine = finer_geometry(camera(), 2)
    assert coarsening(fine.grid) == 2  # 7 mm voxels are coarsened to 14 mm
    fine_activity = twice_as_fine(activity / np.float32(8))
    fine_mu = twice_as_fine(mu)
    dense = compton_scatter(fine_activity[None], fine_mu, fine)[0]
    summed = dense.reshape(3, N_Z, 2, N_X, 2).sum(axis=(2, 4))
    direct = compton_scatter(activity[None], mu, camera())[0]
    assert summed.sum() == pytest.approx(direct.sum(), rel=0.01)
    assert np.abs(summed - direct).sum() < 0.05 * direct.sum()


def test_sources_mixed_after_projection_keep_amount_and_distribution_of_the_scatter() -> None:
    activity, mu = volumes()
    fine = np.stack([twice_as_fine(a) for a in (activity, mu)])
    simulator = AnalyticSimulator(2, scatter_model="compton")
    parts = simulator.project_sources(("heart", "body"), fine, fine[1], camera(), seed=0)
    assert parts.scatter_is_physical
    _, scatter, _ = parts.mix({"heart": 1.0, "body": 0.05})
    mixture = (fine[0] + np.float32(0.05) * fine[1]).astype(np.float32)
    expected = simulator.expect(mixture, fine[1], camera())
    assert expected.scatter_total == pytest.approx(float(scatter.sum()), rel=1e-5)
    whole = expected.scatter_shape * np.float32(expected.scatter_total)
    assert scatter == pytest.approx(whole, rel=1e-5, abs=1e-5 * float(whole.max()))


def test_a_study_takes_its_scatter_fraction_from_the_body() -> None:
    quick = load_scenario("quick")
    physical = quick.model_copy(
        update={
            "simulation": quick.simulation.model_copy(update={"scatter_model": "compton", "scatter_fraction": (0, 0)})
        }
    )
    study = make_study(physical, quick.sites[0].name, seed=3, index=0)
    assert 0.2 < study.provenance["scatter_fraction"] < 0.45
    assert study.projections.sum() == pytest.approx(study.provenance["expected_counts"], rel=0.01)


def test_interpolation_keeps_a_straight_line_straight() -> None:
    line = interpolation_matrix(6, 2) @ np.arange(6, dtype=np.float32)
    assert line[1:-1] == pytest.approx(np.arange(0.25, 5, 0.5))
