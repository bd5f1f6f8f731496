import math
from dataclasses import replace
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest

from model.geometry import VolumeGrid
from model.ventricle import share
from synthesis.defects import Lesion, defect_records
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.anatomy import Anatomy, draw_anatomy
from synthesis.phantoms.composition import LABEL_CODES, Phantom
from synthesis.phantoms.heart import Frame
from synthesis.phantoms.shapes import Floats, Lattice, block_mean, ellipsoid
from synthesis.phantoms.thorax import build_patient
from synthesis.scenario import load_scenario

GRID = VolumeGrid((32, 96, 96), (4.4, 4.4, 4.4))
Man: TypeAlias = tuple[Anatomy, Phantom]
SITE = load_scenario("cardiac").site("cardiac")


def anatomies(number: int, **changes: object) -> list[Anatomy]:
    site = SITE.model_copy(update=changes)
    return [draw_anatomy(site, np.random.default_rng([7, i])) for i in range(number)]


@pytest.fixture(scope="module")
def man() -> Man:
    anatomy = next(a for a in anatomies(20) if not a.female)
    return anatomy, build_patient(anatomy, (), GRID).phantom


def centroid(weight: Floats) -> npt.NDArray[np.float64]:
    p = Lattice.of(GRID)
    total = weight.sum()
    return np.array([float((weight * axis).sum() / total) for axis in (p.x, p.y, p.z)])


def test_a_voxelised_sphere_has_the_volume_of_a_sphere() -> None:
    filled = share(ellipsoid(Lattice.of(GRID), (10.0, -20.0, 5.0), (30.0, 30.0, 30.0)), 4.4)
    assert filled.sum() * 4.4**3 == pytest.approx(4 / 3 * np.pi * 30**3, rel=0.01)
    assert centroid(filled) == pytest.approx([10, -20, 5], abs=0.05)


def test_shares_of_a_voxel_never_exceed_one(man: Man) -> None:
    _, phantom = man
    assert phantom.shares.min() >= 0
    assert phantom.shares.sum(axis=0).max() <= 1 + 1e-5


def test_organs_lie_where_anatomy_puts_them_in_lps(man: Man) -> None:
    anatomy, phantom = man
    heart, liver, spine = (centroid(phantom.share_of(key)) for key in ("myocardium", "liver", "spine"))
    stomach, body = centroid(phantom.share_of("stomach_wall")), np.array([*anatomy.centre, 0.0])
    assert heart[0] > body[0] + 15  # to the patient's left
    assert heart[1] < body[1] - 5  # in front
    assert liver[0] < body[0] - 15  # right
    assert liver[2] < heart[2] - 20  # below the heart
    assert stomach[0] > body[0] + 15
    assert spine[1] > body[1] + 60  # at the back
    frame = phantom.heart
    assert frame is not None
    apex = np.subtract(frame.apex_mm, frame.base_mm)
    assert apex[0] > 0  # the apex points to the left,
    assert apex[1] < 0  # to the front
    assert apex[2] < 0  # and down


def test_the_heart_frame_is_right_handed_with_the_anterior_wall_in_front_and_above_the_lateral_wall(man: Man) -> None:
    anatomy, _ = man
    frame = Frame.of(anatomy.ventricle)
    axes = np.stack([frame.axis, frame.anterior, frame.lateral])
    assert axes @ axes.T == pytest.approx(np.eye(3), abs=1e-6)
    assert frame.anterior[2] > 0.5
    assert frame.anterior[1] < 0
    assert frame.lateral[0] > 0  # the free wall looks to the left and to the back
    assert frame.lateral[1] > 0


def test_walls_and_cavity_have_the_volumes_of_their_ellipsoids(man: Man) -> None:
    anatomy, phantom = man
    v = anatomy.ventricle
    widest = 0.12 * v.length

    def cut_ellipsoid(axis: float, radius: float) -> float:  # from the valve plane through the widest circle to the tip
        return math.pi * radius**2 * (axis * 2 / 3 + widest * (1 - (widest / axis) ** 2 / 3))

    outer = cut_ellipsoid(v.length - widest, v.outer_radius)
    inner = cut_ellipsoid(v.length - widest - v.apical_wall, v.outer_radius - v.wall)
    assert phantom.share_of("myocardium").sum() * 4.4**3 == pytest.approx(outer - inner, rel=0.02)


def test_attenuation_is_that_of_the_tissues(man: Man) -> None:
    _, phantom = man
    mu = phantom.attenuation()
    for key in ("lung", "liver", "muscle", "fat"):
        pure = phantom.share_of(key) > 0.999
        expected = next(organ.mu_per_mm for organ in phantom.organs if organ.key == key)
        assert mu[pure].mean() == pytest.approx(expected, rel=1e-4)
    assert MU_PER_MM["water"] == pytest.approx(0.01537, rel=1e-3)  # NIST water at 140.5 keV
    assert mu[0, 0, 0] == 0


def test_the_17_segments_are_all_there_in_the_right_places(man: Man) -> None:
    anatomy, phantom = man
    wall, frame = phantom.share_of("myocardium"), Frame.of(anatomy.ventricle)
    sizes = np.bincount(phantom.segments.ravel(), weights=wall.ravel(), minlength=18)
    assert (sizes[1:] > 0).all()
    assert sizes[0] < 0.05 * sizes.sum()

    def place(segment: int) -> npt.NDArray[np.float64]:
        return centroid(np.where(phantom.segments == segment, wall, 0)) - frame.base

    anterior, inferior, septal, lateral = place(7), place(10), (place(8) + place(9)) / 2, (place(11) + place(12)) / 2
    assert (anterior - inferior) @ frame.anterior > 30
    assert (lateral - septal) @ frame.lateral > 30
    along = [place(s) @ frame.axis for s in (1, 7, 13, 17)]
    assert along == sorted(along)


def test_bodies_are_diverse() -> None:
    drawn = anatomies(60, female_share=0.5)
    assert 15 < sum(a.female for a in drawn) < 45
    assert all((a.breast_radii is not None) == a.female for a in drawn)
    spreads = [
        ([2 * a.body_half[0] for a in drawn], 20),  # mm
        ([2 * a.body_half[1] for a in drawn], 10),
        ([a.ventricle.azimuth_deg for a in drawn], 4),
        ([a.ventricle.elevation_deg for a in drawn], 4),
        ([a.ventricle.length for a in drawn], 4),
        ([a.ventricle.base[2] for a in drawn], 3),
        ([a.right_dome_z for a in drawn], 5),
        ([a.lung_density for a in drawn], 0.02),
    ]
    for values, least in spreads:
        assert np.std(values) > least
    volumes = [build_patient(a, (), VolumeGrid((16, 48, 48), (8.8,) * 3)).phantom.labels(1) for a in drawn[:8]]
    for i, first in enumerate(volumes):
        for second in volumes[:i]:
            assert (first != second).mean() > 0.01


def test_every_body_fits_the_field_of_view() -> None:
    for anatomy in anatomies(8, body_width_mm=(392.0, 392.0)):
        phantom = build_patient(anatomy, (), GRID).phantom
        body = phantom.shares.sum(axis=0)
        assert body[:, :, :2].max() == body[:, :, -2:].max() == body[:, :2].max() == body[:, -2:].max() == 0


def test_an_infarct_lies_in_the_segments_that_its_angle_names(man: Man) -> None:
    anatomy, _ = man
    expected = {0.0: {7}, 60.0: {12}, 120.0: {11}, 180.0: {10}, 240.0: {9}, 300.0: {8}}
    for centre, segments in expected.items():
        lesion = Lesion(centre, 50.0, 0.5, 20.0, 1.0, 0.8)
        patient = build_patient(anatomy, (lesion,), GRID)
        phantom = patient.phantom
        record = defect_records(phantom, (lesion,), patient.extents)[0]
        covered = phantom.share_of("lesion_1")
        sizes = np.bincount(phantom.segments.ravel(), weights=covered.ravel(), minlength=18)
        assert {int(sizes.argmax())} == segments
        assert segments <= set(record.segments)
        assert 0.01 < record.extent < 0.2


def test_the_extent_of_an_infarct_grows_with_each_of_its_widths(man: Man) -> None:
    anatomy, _ = man
    small = Lesion(0.0, 60.0, 0.5, 25.0, 0.5, 0.8)
    extent = build_patient(anatomy, (small,), GRID).extents[0]
    for wider in (
        replace(small, theta_width_deg=120.0), replace(small, x_width_mm=50.0), replace(small, wall_fraction=1.0),
    ):  # fmt: skip
        assert build_patient(anatomy, (wider,), GRID).extents[0] > 1.3 * extent


def test_averaging_blocks_keeps_totals() -> None:
    values = np.random.default_rng(0).random((3, 4, 6, 8), dtype=np.float32)
    assert block_mean(values, 2).sum() * 8 == pytest.approx(values.sum(), rel=1e-5)


def test_the_wall_is_labelled_myocardium_in_the_coarse_labels(man: Man) -> None:
    _, phantom = man
    labels = phantom.labels(2)
    assert labels.shape == (16, 48, 48)
    assert set(np.unique(labels)) <= set(LABEL_CODES.values())
    coarse = block_mean(phantom.share_of("myocardium"), 2)
    assert (labels[coarse > 0.6] == LABEL_CODES["myocardium"]).all()
