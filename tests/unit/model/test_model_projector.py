"""The projector: transpose, physics against closed forms, orientation, refusals."""

import math

import numpy as np
import numpy.typing as npt
import pytest
import torch
from torch import Tensor

from model.attenuation import attenuation_factors
from model.errors import GeometryMismatch
from model.geometry import LEHR_NM670, AcquisitionGeometry, VolumeGrid, orbit_angles_rad
from model.projector import SpectProjector, projector_for
from tests.support.studies import reference_projections, tiny_geometry, tiny_study

MU = 0.0154


def uneven_geometry() -> AcquisitionGeometry:
    """Return views of unequal radius and time, bins that are no voxels, a slice that is not square."""
    return AcquisitionGeometry(
        angles_rad=orbit_angles_rad(7, start_deg=10, arc_deg=360),
        radius_mm=tuple(140.0 + 10 * i for i in range(7)),
        duration_s=tuple(10.0 + i for i in range(7)),
        n_bins=21,
        n_axial=5,
        bin_mm=9.0,
        axial_mm=11.0,
        collimator=LEHR_NM670,
        intrinsic_fwhm_mm=3.8,
        grid=VolumeGrid((5, 12, 15), (11.0, 12.0, 12.0)),
    )


GEOMETRIES = {
    "perfusion": tiny_geometry(),
    "full turn": tiny_geometry(views=9, start_deg=0, arc_deg=360),
    "uneven": uneven_geometry(),
    "one view": tiny_geometry(views=1),
}
every_geometry = pytest.mark.parametrize("geometry", GEOMETRIES.values(), ids=GEOMETRIES.keys())


def random_pair(geometry: AcquisitionGeometry, batch: int = 2) -> tuple[Tensor, Tensor, Tensor]:
    generator = torch.Generator().manual_seed(4)
    activity = torch.rand(batch, *geometry.volume_shape, generator=generator)
    mu = 0.02 * torch.rand(batch, *geometry.volume_shape, generator=generator)
    return activity, mu, torch.rand(batch, *geometry.projection_shape, generator=generator)


@every_geometry
@pytest.mark.parametrize("resolution", [True, False])
def test_backproject_is_the_transpose_in_float32(geometry: AcquisitionGeometry, resolution: bool) -> None:
    projector = SpectProjector(geometry, resolution=resolution)
    activity, mu, counts = random_pair(geometry)
    shared = projector.attenuation_factors(mu[:1])
    for attenuation in (None, mu, shared, shared.half()):
        ahead = (projector(activity, attenuation) * counts).sum(dtype=torch.float64)
        back = (activity * projector.backproject(counts, attenuation)).sum(dtype=torch.float64)
        assert abs(float((ahead - back) / ahead)) < 1e-5


def test_half_factors_stay_half_and_move_the_result_by_less_than_a_thousandth() -> None:
    projector = SpectProjector(GEOMETRIES["perfusion"])
    activity, mu, _ = random_pair(projector.geometry)
    exact = projector.attenuation_factors(mu)
    assert exact.half().to(activity).values.dtype == torch.float16
    torch.testing.assert_close(projector(activity, exact.half()), projector(activity, exact), rtol=1e-3, atol=1e-6)


@every_geometry
def test_gradients_pass_both_ways(geometry: AcquisitionGeometry) -> None:
    projector = SpectProjector(geometry)
    activity, mu, counts = (t.double() for t in random_pair(geometry, batch=1))
    activity.requires_grad_()
    counts.requires_grad_()
    (gradient,) = torch.autograd.grad((projector(activity, mu) * counts.detach()).sum(), activity, create_graph=True)
    torch.testing.assert_close(gradient, projector.backproject(counts.detach(), mu))
    (gradient,) = torch.autograd.grad((projector.backproject(counts, mu) * activity.detach()).sum(), counts)
    torch.testing.assert_close(gradient, projector(activity.detach(), mu))


def test_gradcheck_in_float64() -> None:
    geometry = tiny_geometry(shape=(2, 4, 4), voxel_mm=30.0, views=3)
    projector = SpectProjector(geometry)
    mu = torch.full((1, 2, 4, 4), 0.01, dtype=torch.float64)
    activity = torch.rand(1, 2, 4, 4, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(lambda f: projector(f, mu, views=(0, 2)) ** 2, (activity,))
    assert torch.autograd.gradgradcheck(lambda f: projector(f, mu, views=(0, 2)) ** 2, (activity,))


@every_geometry
def test_projection_is_linear_and_treats_each_batch_entry_alone(geometry: AcquisitionGeometry) -> None:
    projector = projector_for(geometry)
    activity, mu, _ = random_pair(geometry)
    both = projector(activity, mu)
    for i in range(2):
        torch.testing.assert_close(both[i : i + 1], projector(activity[i : i + 1], mu[i : i + 1]))
    one_map = projector.attenuation_factors(mu[:1])
    mixed = projector(2 * activity[:1] + 3 * activity[1:], one_map)
    torch.testing.assert_close(mixed, 2 * projector(activity[:1], one_map) + 3 * projector(activity[1:], one_map))


@every_geometry
def test_each_view_holds_its_share_of_the_activity_without_attenuation(geometry: AcquisitionGeometry) -> None:
    activity = torch.zeros(1, *geometry.volume_shape)
    n_z, n_y, n_x = geometry.volume_shape
    activity[:, n_z // 2, n_y // 2 - 2 : n_y // 2 + 1, n_x // 2 - 1 : n_x // 2 + 2] = 100.0
    total = float(activity.sum())
    shares = torch.tensor(geometry.view_fractions)
    perfect = SpectProjector(geometry, resolution=False)(activity).sum(dim=(0, 2, 3))
    torch.testing.assert_close(perfect, total * shares, rtol=1e-5, atol=0)
    if n_z > 5:  # the blur must not reach the first or last row
        torch.testing.assert_close(
            projector_for(geometry)(activity).sum(dim=(0, 2, 3)), total * shares, rtol=2e-3, atol=0
        )


@every_geometry
def test_a_subset_of_views_is_a_slice_of_all_views(geometry: AcquisitionGeometry) -> None:
    projector = projector_for(geometry)
    activity, mu, counts = random_pair(geometry)
    factors = projector.attenuation_factors(mu)
    views = [v for v in (0, 3, 5, 6) if v < geometry.n_views]
    torch.testing.assert_close(projector(activity, factors, views=views), projector(activity, factors)[:, views])
    only = torch.zeros_like(counts)
    only[:, views] = counts[:, views]
    torch.testing.assert_close(
        projector.backproject(counts[:, views], factors, views=views), projector.backproject(only, factors)
    )


@pytest.mark.parametrize("attenuated", [False, True])
def test_projections_agree_with_a_plain_splatting_model(attenuated: bool) -> None:
    study = tiny_study(3, noise=False, scatter_fraction=0.0)
    assert study.reference is not None and study.attenuation is not None
    mu = study.attenuation.astype(np.float64) if attenuated else None
    plain = reference_projections(study.reference.astype(np.float64), mu, study.geometry)
    ours = projector_for(study.geometry)(
        torch.from_numpy(study.reference)[None], torch.from_numpy(study.attenuation)[None] if attenuated else None
    )
    assert np.abs(ours[0].numpy() - plain).sum() < 0.05 * plain.sum()
    assert float(ours.sum()) == pytest.approx(plain.sum(), rel=0.01)


# ---------------------------------------------------------------- closed forms


def disc(size: int, voxel_mm: float, radius_mm: float) -> npt.NDArray[np.float64]:
    fine = 8
    line = (np.arange(size * fine) - (size * fine - 1) / 2) * voxel_mm / fine
    inside = (line[:, None] ** 2 + line[None, :] ** 2 < radius_mm**2).astype(np.float64)
    return np.asarray(inside.reshape(size, fine, size, fine).mean(axis=(1, 3)))


@pytest.mark.parametrize("angle_deg", [0.0, 30.0, 45.0, 261.0])
def test_uniform_attenuating_disc_projects_to_its_closed_form(angle_deg: float) -> None:
    voxel, source, body = 4.0, 80.0, 110.0
    geometry = tiny_geometry(shape=(1, 64, 64), voxel_mm=voxel, views=1, start_deg=angle_deg, radius_mm=150.0)
    activity = torch.from_numpy(disc(64, voxel, source))[None, None]
    mu = torch.from_numpy(disc(64, voxel, body))[None, None] * MU
    ours = SpectProjector(geometry, resolution=False)(activity, mu)[0, 0, 0].numpy()
    u = (np.arange(64) - 31.5) * voxel
    near = np.abs(u) < 0.8 * source
    chord, edge = np.sqrt(source**2 - u[near] ** 2), np.sqrt(body**2 - u[near] ** 2)
    exact = 2 * np.sinh(MU * chord) / MU * np.exp(-MU * edge) / voxel  # activity of 1 a voxel of 4 mm
    np.testing.assert_allclose(ours[near], exact, rtol=0.02)


# A voxel's shadow and the bin each add voxel^2 / 12; where voxels stand exactly before bins, neither spreads.
@pytest.mark.parametrize(
    ("angle_deg", "spread"), [(0.0, 0.0), (90.0, 0.0), (23.0, 1 / 6), (37.0, 1 / 6), (225.0, 1 / 6)]
)
def test_off_centre_line_source_has_the_right_place_width_and_transmission(angle_deg: float, spread: float) -> None:
    voxel, body, radius, size, n_z = 2.4, 100.0, 160.0, 96, 32
    geometry = tiny_geometry(shape=(n_z, size, size), voxel_mm=voxel, views=1, start_deg=angle_deg, radius_mm=radius)
    activity = torch.zeros(1, n_z, size, size, dtype=torch.float64)
    row, column = 32, 62
    activity[0, :, row, column] = 1.0
    mu = torch.from_numpy(disc(size, voxel, body)).expand(1, n_z, size, size) * MU
    y, x = (row - 47.5) * voxel, (column - 47.5) * voxel
    theta = math.radians(angle_deg)
    depth, across = x * math.sin(theta) + y * math.cos(theta), -x * math.cos(theta) + y * math.sin(theta)
    line = projector_for(geometry)(activity, mu)[0, 0, n_z // 2].numpy()
    u = (np.arange(size) - 47.5) * voxel
    place = (line * u).sum() / line.sum()
    width = math.sqrt((line * (u - place) ** 2).sum() / line.sum())
    sigma = geometry.fwhm_mm(radius - depth) / 2.3548
    assert place == pytest.approx(across, abs=0.05 * voxel)
    assert width == pytest.approx(math.sqrt(sigma**2 + spread * voxel**2), rel=0.02)
    path = math.sqrt(body**2 - across**2) - depth
    assert line.sum() == pytest.approx(math.exp(-MU * path), rel=0.02)


# ---------------------------------------------------------------- orientation


def point(geometry: AcquisitionGeometry, *, left: int = 0, back: int = 0, head: int = 0) -> Tensor:
    n_z, n_y, n_x = geometry.volume_shape
    activity = torch.zeros(1, n_z, n_y, n_x)
    activity[0, n_z // 2 + head, n_y // 2 + back, n_x // 2 + left] = 1.0
    return activity


def test_patient_axes_fall_where_a_viewer_expects_them() -> None:
    geometry = tiny_geometry(shape=(9, 21, 21), views=4, start_deg=0, arc_deg=360)  # back, left, front, right
    back, left, front, right = range(4)
    projector = SpectProjector(geometry, resolution=False)
    middle = 10

    def bin_of(activity: Tensor, view: int) -> int:
        return int(projector(activity)[0, view].sum(dim=0).argmax())

    to_the_left, to_the_back = point(geometry, left=5), point(geometry, back=5)
    assert bin_of(to_the_left, front) == middle + 5  # the patient's left is right in the anterior picture
    assert bin_of(to_the_left, back) == middle - 5
    assert bin_of(to_the_left, left) == bin_of(to_the_left, right) == middle
    assert bin_of(to_the_back, left) == middle + 5
    assert bin_of(to_the_back, right) == middle - 5
    assert bin_of(to_the_back, front) == bin_of(to_the_back, back) == middle
    assert int(projector(point(geometry, head=3))[0, front].sum(dim=1).argmax()) == 4 + 3


def test_the_nearer_detector_sees_more_and_sharper() -> None:
    geometry = tiny_geometry(shape=(9, 21, 21), views=4, start_deg=0, arc_deg=360)
    mu = torch.full((1, 9, 21, 21), MU)
    for nearest, source in enumerate([{"back": 6}, {"left": 6}, {"back": -6}, {"left": -6}]):
        activity = point(geometry, **source)
        counts = projector_for(geometry)(activity, mu)[0].sum(dim=(1, 2))
        assert int(counts.argmax()) == nearest
        assert int(counts.argmin()) == (nearest + 2) % 4
        plain = projector_for(geometry)(activity)[0]
        assert int((plain.amax(dim=(1, 2)) / plain.sum(dim=(1, 2))).argmax()) == nearest


def test_asymmetric_attenuation_map_shadows_the_side_it_is_on() -> None:
    geometry = tiny_geometry(shape=(9, 21, 21), views=4, start_deg=0, arc_deg=360)
    mu = torch.zeros(1, 9, 21, 21)
    mu[:, :, 13:, :] = MU  # everything behind the middle
    counts = projector_for(geometry)(point(geometry), mu)[0].sum(dim=(1, 2))
    assert int(counts.argmin()) == 0
    assert float(counts[2]) == pytest.approx(0.25, rel=0.01)


# ---------------------------------------------------------------- borders


def test_shapes_that_do_not_fit_are_refused_with_both_numbers() -> None:
    geometry = tiny_geometry()
    projector = projector_for(geometry)
    with pytest.raises(GeometryMismatch, match=r"\(3, 8, 8\).*\(8, 20, 20\)"):
        projector(torch.zeros(1, 3, 8, 8))
    with pytest.raises(GeometryMismatch, match=r"\(11, 8, 20\).*\(12, 8, 20\)"):
        projector.backproject(torch.zeros(1, 11, 8, 20))
    with pytest.raises(GeometryMismatch, match=r"3 axes, expected 4"):
        projector(torch.zeros(8, 20, 20))
    with pytest.raises(GeometryMismatch, match=r"\(8, 20, 21\).*\(8, 20, 20\)"):
        projector(torch.zeros(1, 8, 20, 20), torch.zeros(1, 8, 20, 21))
    with pytest.raises(GeometryMismatch, match=r"3 attenuation maps for a batch of 2"):
        projector(torch.zeros(2, 8, 20, 20), torch.zeros(3, 8, 20, 20))
    with pytest.raises(GeometryMismatch, match=r"12.*0\.\.11"):
        projector(torch.zeros(1, 8, 20, 20), views=[12])


def test_half_types_and_autocast_are_computed_in_float32() -> None:
    projector = projector_for(tiny_geometry())
    activity, mu, _ = random_pair(projector.geometry, batch=1)
    exact = projector(activity, mu)
    with torch.autocast("cpu", dtype=torch.bfloat16):
        torch.testing.assert_close(projector(activity, mu), exact)
    half = projector(activity.bfloat16(), mu)
    assert half.dtype == torch.float32
    assert float((half - exact).abs().max() / exact.max()) < 0.01


def test_equal_geometries_share_one_projector_and_blocks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    geometry = tiny_geometry()
    assert projector_for(geometry) is projector_for(AcquisitionGeometry.from_dict(geometry.to_dict()))
    activity, mu, _ = random_pair(geometry)
    whole = SpectProjector(geometry)(activity, mu)
    monkeypatch.setattr("model.projector.BLOCK_BYTES", 5 * 4 * 8 * 20 * 20)
    torch.testing.assert_close(SpectProjector(geometry)(activity, mu), whole)


def test_attenuation_factors_lie_between_nothing_and_all() -> None:
    study = tiny_study()
    assert study.attenuation is not None
    factors = attenuation_factors(torch.from_numpy(study.attenuation)[None], study.geometry).values
    assert float(factors.max()) <= 1.0
    assert float(factors.min()) > 0.0
    sensitivity = projector_for(study.geometry).sensitivity()
    assert float(sensitivity.max()) == pytest.approx(1.0, rel=1e-3)
