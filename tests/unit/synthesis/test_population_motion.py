"""Hearts beat and patients breathe as physiology says, and an average is the mean of its moments."""

from dataclasses import replace

import numpy as np
import pytest

from model.geometry import VolumeGrid
from synthesis.defects import Lesion
from synthesis.phantoms.anatomy import Anatomy, Extras, Moment
from synthesis.phantoms.heart import Frame
from synthesis.phantoms.motion import Cycle, at, contract, moments, volumes
from synthesis.phantoms.shapes import Lattice
from synthesis.phantoms.thorax import build_patient
from synthesis.specs.patients import PopulationSpec
from tests.support.population import GRID, centroid, patient

VOXEL_ML = 6.6**3 / 1000


def test_the_wall_keeps_its_volume_while_the_cavity_empties() -> None:
    relaxed = patient(5).ventricle
    outer, cavity = volumes(relaxed)
    for amount in (0.5, 1.0):
        now = contract(relaxed, 0.6, amount)
        outer_now, cavity_now = volumes(now)
        assert cavity_now == pytest.approx(cavity * (1 - 0.6 * amount), rel=1e-6)
        assert outer_now - cavity_now == pytest.approx(outer - cavity, rel=1e-6)
        assert now.wall > relaxed.wall
        apex = [np.asarray(v.base) + v.length * np.asarray(v.axis) for v in (relaxed, now)]
        assert apex[0] == pytest.approx(apex[1])
    assert 1.3 < contract(relaxed, 0.6, 1.0).wall / relaxed.wall < 1.8  # systolic thickening, normal 30-80 %


def voxelised_cavity_ml(anatomy: Anatomy) -> float:
    """Return the blood inside the left ventricle, from the painted phantom."""
    grid = VolumeGrid((48, 48, 48), (4.4, 4.4, 4.4))
    base, axis = np.asarray(anatomy.ventricle.base), np.asarray(anatomy.ventricle.axis)
    middle = base + 45 * axis
    moved = replace(
        anatomy,
        centre=(anatomy.centre[0] - middle[0], anatomy.centre[1] - middle[1]),
        left_dome_z=anatomy.left_dome_z - middle[2],
        right_dome_z=anatomy.right_dome_z - middle[2],
        ventricle=replace(anatomy.ventricle, base=tuple(base - middle)),
    )
    phantom = build_patient(moved, (), grid).phantom
    now = at(moved, moved.extras.moments[0]).ventricle
    long, a, b = Frame.of(now).local(Lattice.of(grid))
    inside = (long > 0) & (long < now.length) & (a**2 + b**2 < (now.outer_radius - now.wall / 2) ** 2)
    return float(np.where(inside, phantom.share_of("blood"), 0).sum()) * 4.4**3 / 1000


def test_the_painted_cavity_ejects_its_share() -> None:
    relaxed = patient(5, PopulationSpec())
    beat = [
        voxelised_cavity_ml(replace(relaxed, extras=Extras(ejection_fraction=0.6, moments=(Moment(0.0, c),))))
        for c in (0.0, 1.0)
    ]
    assert 1 - beat[1] / beat[0] == pytest.approx(0.6, abs=0.04)


def test_breathing_in_lowers_the_organs_and_the_heart_by_its_share() -> None:
    still = replace(patient(7, PopulationSpec()), extras=Extras())
    deep = replace(still, extras=Extras(moments=(Moment(20.0, 0.0),)))
    before, after = (build_patient(a, (), GRID).phantom for a in (still, deep))
    heart = [centroid(p.share_of("myocardium"))[2] for p in (before, after)]
    assert heart[0] - heart[1] == pytest.approx(12, abs=1)
    stomach = [centroid(p.share_of("stomach_wall"))[2] for p in (before, after)]
    assert 10 < stomach[0] - stomach[1] < 21
    assert after.share_of("lung").sum() > 1.02 * before.share_of("lung").sum()


def test_an_average_is_the_mean_of_its_moments() -> None:
    moment = (Moment(0.0, 0.0), Moment(15.0, 0.8))
    lesion = (Lesion(0.0, 80.0, 0.5, 40.0, 1.0, 0.5),)
    base = replace(patient(9, PopulationSpec()), extras=Extras(ejection_fraction=0.6))
    single = [build_patient(replace(base, extras=replace(base.extras, moments=(m,))), lesion, GRID) for m in moment]
    both = build_patient(replace(base, extras=replace(base.extras, moments=moment)), lesion, GRID)
    mean = (single[0].phantom.shares + single[1].phantom.shares) / 2
    np.testing.assert_allclose(both.phantom.shares, mean, atol=1e-5)
    assert both.extents[0] == pytest.approx((single[0].extents[0] + single[1].extents[0]) / 2)
    wall = both.phantom.share_of("myocardium") + both.phantom.share_of("lesion_1")
    assert (both.phantom.segments[wall > 0.5] > 0).mean() > 0.98
    assert set(np.unique(both.phantom.segments)) == set(range(18))


def test_the_moments_of_an_average_cover_breath_and_beat() -> None:
    cycle = Cycle(contraction=0.3, breath_mm=2.0, amplitude_mm=20.0, average_beat=True, average_breath=True, frames=8)
    covered = moments(cycle)
    assert len(covered) == 8
    assert np.mean([m.breath_mm for m in covered]) == pytest.approx(0.375 * 20, rel=0.02)  # the mean of sin^4
    assert np.mean([m.contraction for m in covered]) == pytest.approx(0.4, abs=0.06)  # the mean of sin^2 over .8
    assert moments(replace(cycle, average_beat=False, average_breath=False)) == (Moment(2.0, 0.3),)
    assert {m.contraction for m in moments(replace(cycle, average_beat=False))} == {0.3}
    assert {m.breath_mm for m in moments(replace(cycle, average_breath=False))} == {2.0}
