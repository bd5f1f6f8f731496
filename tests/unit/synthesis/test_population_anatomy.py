"""Patients of a varied population are whole, diverse and the right way round."""

import math
from dataclasses import replace

import numpy as np
import pytest

from model.geometry import VolumeGrid
from synthesis.errors import ScenarioInvalid
from synthesis.phantoms.anatomy import Extras, draw_anatomy
from synthesis.phantoms.arms import arm_centres, reach_mm
from synthesis.phantoms.composition import Phantom
from synthesis.phantoms.heart import Frame
from synthesis.phantoms.shapes import Lattice, superellipse
from synthesis.phantoms.thorax import build_patient
from synthesis.phantoms.variation import vary
from synthesis.scenario import load_scenario, parse_scenario
from synthesis.specs.patients import ARM_GAP_MM, PopulationSpec
from tests.support.population import BROAD, GRID, SITE, body, centroid, patient

VOXEL_ML = 6.6**3 / 1000


def test_a_population_at_its_defaults_changes_nothing() -> None:
    drawn = draw_anatomy(SITE, np.random.default_rng(1))
    varied, uptakes = vary(drawn, PopulationSpec(), np.random.default_rng(2))
    assert varied is drawn
    assert uptakes == {}
    assert "extras" not in drawn.to_dict()


def test_switching_one_quantity_on_leaves_the_others_as_they_were() -> None:
    heart = PopulationSpec(heart_length_mm=(72, 98), wall_mm=(8, 13))
    plain, armed = patient(3, heart), patient(3, heart.model_copy(update={"arms_down_share": 1.0, "papillary": True}))
    assert armed.extras.arms is not None
    assert armed.extras.papillary_mm > 0
    assert replace(armed, extras=plain.extras) == plain


def test_the_population_is_diverse_in_every_quantity() -> None:
    drawn = [patient(i) for i in range(200)]
    arms = [a.extras.arms for a in drawn if a.extras.arms is not None]
    assert 0.15 < len(arms) / len(drawn) < 0.35
    women = [a.breast_radii for a in drawn if a.breast_radii is not None]
    assert 70 < len(women) < 130
    spreads: list[tuple[list[float], float]] = [
        ([a.ventricle.length for a in drawn], 6.0),  # mm
        ([a.ventricle.outer_radius for a in drawn], 2.5),
        ([a.ventricle.wall for a in drawn], 1.2),
        ([a.ventricle.azimuth_deg for a in drawn], 8.0),  # degrees
        ([a.ventricle.elevation_deg for a in drawn], 8.0),
        ([a.extras.height_scale for a in drawn], 0.05),
        ([a.extras.atria_scale for a in drawn], 0.08),
        ([a.extras.ejection_fraction for a in drawn], 0.1),
        ([max(m.breath_mm for m in a.extras.moments) for a in drawn], 4.0),
        ([math.prod(radii) for radii in women], 30_000.0),
        ([arm.radius for arm in arms], 2.0),
    ]
    for values, least in spreads:
        assert np.std(values) > least
    assert len({round(a.ventricle.length, 6) for a in drawn}) == len(drawn)


@pytest.mark.parametrize("number", range(8))
def test_every_organ_of_a_broad_patient_lies_inside_the_body_and_the_field_of_view(number: int) -> None:
    scenario = load_scenario("population")
    spec = BROAD.model_copy(update={"arms_down_share": 1.0, "frames": 2})
    scenario = scenario.model_copy(update={"population": spec})
    made = body(scenario, number)
    phantom, total = made.phantom, made.phantom.shares.sum(axis=0)
    assert phantom.shares.min() >= 0
    assert total.max() <= 1 + 1e-5
    edge = np.ones(total.shape[1:], dtype=bool)
    edge[1:-1, 1:-1] = False
    assert total[:, edge].max() == 0
    p = Lattice.of(phantom.grid)
    skin = superellipse(p, made.centre_mm, made.half_mm, made.description["outline_power"])
    trunk = skin < phantom.grid.voxel_mm[0] / 2
    for organ in phantom.organs:
        if organ.key not in {"fat", "muscle", "breast", "humerus"}:
            outside = np.where(trunk, 0, phantom.share_of(organ.key)).sum()
            assert outside < 1e-3, f"{outside:.3f} voxels of {organ.key} lie outside the trunk"
    reached = np.sqrt(p.x**2 + p.y**2) * (total.max(axis=0, keepdims=True) > 0.5)
    assert reached.max() <= max(made.reach_mm, float(np.hypot(*made.half_mm)) + 6)


def test_arms_lie_beside_the_trunk_without_touching_it() -> None:
    spec = PopulationSpec(arms_down_share=1.0)
    anatomy = patient(4, spec, female=False)
    arms = anatomy.extras.arms
    assert arms is not None
    right, left = arm_centres(anatomy)
    assert right[0] < anatomy.centre[0] < left[0]
    assert right[1] == left[1] == pytest.approx(anatomy.centre[1] + arms.behind)  # y runs to the back
    phantom = build_patient(anatomy, (), GRID).phantom
    bone = phantom.share_of("humerus")
    p = Lattice.of(GRID)
    for centre, side in ((right, p.x < 0), (left, p.x > 0)):
        assert centroid(np.where(side, bone, 0))[:2] == pytest.approx(centre, abs=1.0)
    plain = build_patient(replace(anatomy, extras=replace(anatomy.extras, arms=None)), (), GRID).phantom
    added = phantom.shares.sum(axis=0) - plain.shares.sum(axis=0)
    assert added.min() > -1e-5
    assert added[0].sum() * 6.6**2 == pytest.approx(2 * np.pi * arms.radius**2, rel=0.01)  # nothing overlaps
    assert abs(left[0] - anatomy.centre[0]) <= anatomy.body_half[0] + arms.radius + ARM_GAP_MM
    assert reach_mm(anatomy) == pytest.approx(float(np.hypot(*left)) + arms.radius, abs=15)


def test_arms_that_do_not_fit_the_field_of_view_are_refused() -> None:
    text = """
        name = "tight"
        [population]
        arms_down_share = 0.1
        [[sites]]
        name = "a"
    """
    with pytest.raises(ScenarioInvalid, match="with its arms down does not fit"):
        parse_scenario(text)


def test_a_breast_has_the_volume_that_was_asked_for() -> None:
    for wanted in (200.0, 600.0):
        anatomy = patient(8, PopulationSpec(breast_volume_ml=(wanted, wanted)), female=True)
        volume = build_patient(anatomy, (), GRID).phantom.share_of("breast").sum() * VOXEL_ML / 2
        assert volume == pytest.approx(wanted, rel=0.3)


def test_a_tall_patient_has_long_organs() -> None:
    small, tall = (patient(2, PopulationSpec(height_mm=(h, h)), female=False) for h in (1600.0, 1900.0))
    assert tall.rib_spacing / small.rib_spacing == pytest.approx(1900 / 1600)
    grid = VolumeGrid((64, 64, 64), (6.6, 6.6, 6.6))
    lengths = []
    for anatomy in (small, tall):
        liver = build_patient(anatomy, (), grid).phantom.share_of("liver")
        lengths.append(float((liver.max(axis=(1, 2)) > 0.5).sum()))
    assert lengths[1] > 1.1 * lengths[0]


def test_papillary_muscles_lie_in_the_cavity_where_anatomy_puts_them() -> None:
    anatomy = replace(patient(6, PopulationSpec()), extras=Extras(papillary_mm=5.0))
    phantom = build_patient(anatomy, (), GRID).phantom
    plain = build_patient(replace(anatomy, extras=Extras()), (), GRID).phantom
    muscle = phantom.share_of("papillary")
    assert muscle.sum() > 0
    assert (plain.share_of("blood") - phantom.share_of("blood")) == pytest.approx(muscle, abs=1e-5)
    long, a, b = Frame.of(anatomy.ventricle).local(Lattice.of(GRID))
    theta = np.degrees(np.arctan2(b, a)) % 360
    for angle in (50.0, 210.0):  # anterolateral and posteromedial
        near = np.abs((theta - angle + 180) % 360 - 180) < 45
        own = np.where(near, muscle, 0)
        assert own.sum() > 0.3 * muscle.sum()
        assert 0.35 < float((own * long).sum() / own.sum()) / anatomy.ventricle.length < 0.65


def sides(phantom: Phantom) -> dict[str, float]:
    return {k: float(centroid(phantom.share_of(k))[0]) for k in ("myocardium", "liver", "spleen", "stomach_wall")}


@pytest.mark.parametrize("number", range(4))
def test_left_and_right_never_swap_in_the_varied_population(number: int) -> None:
    anatomy = patient(number, BROAD.model_copy(update={"frames": 2}))
    phantom, middle = build_patient(anatomy, (), GRID).phantom, anatomy.centre[0]
    x = sides(phantom)
    assert x["liver"] < middle - 10
    assert x["myocardium"] > middle + 5
    assert x["spleen"] > middle + 60
    assert x["stomach_wall"] > middle + 15
    heart = phantom.heart
    assert heart is not None
    frame = Frame.of(anatomy.ventricle)
    wall = phantom.share_of("myocardium")
    lateral, septal = (
        centroid(np.where(np.isin(phantom.segments, segments), wall, 0)) for segments in ((11, 12), (8, 9))
    )
    assert lateral[0] > septal[0]  # the lateral wall looks to the patient's left
    rv = centroid(phantom.share_of("right_ventricle"))
    assert (rv - centroid(wall)) @ frame.lateral < 0  # the right ventricle lies on the septum's side


def test_the_right_ventricle_brings_its_uptake_and_new_organs_take_up_what_their_hosts_do() -> None:
    scenario = load_scenario("population")
    spec = BROAD.model_copy(update={"arms_down_share": 1.0, "cardiac_average": False, "respiratory_average": False})
    made = body(scenario.model_copy(update={"population": spec}), 3)
    assert set(made.uptakes) == {"right_ventricle"}
    hosts = {organ.key: organ.host for organ in made.phantom.organs if organ.host}
    assert hosts == {"papillary": "myocardium", "humerus": "rib"}
    assert 0.25 <= made.uptakes["right_ventricle"] <= 0.65


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"wall_mm": (8.0, 20.0)}, "leaves no cavity"),
        ({"ejection_fraction": (0.5, 0.95)}, "leaves no cavity"),
        ({"respiratory_amplitude_mm": (-5.0, 5.0)}, "between 0 and 60 mm"),
        ({"heart_length_mm": (95.0, 75.0)}, "above the upper limit"),
    ],
)
def test_an_impossible_population_is_refused_with_a_sentence(change: dict[str, object], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        PopulationSpec.model_validate(change)


@pytest.mark.parametrize("number", range(12))
def test_the_heart_stays_inside_the_chest_and_on_the_diaphragm(number: int) -> None:
    far = BROAD.model_copy(
        update={"heart_length_mm": (98.0, 98.0), "heart_azimuth_deg": (30.0, 34.0), "heart_elevation_deg": (12.0, 14.0)}
    )
    for spec in (BROAD, far):
        anatomy = patient(number, spec)
        v = anatomy.ventricle
        apex = np.asarray(v.base) + v.length * np.asarray(v.axis)
        x, y = ((apex[i] - anatomy.centre[i]) / (anatomy.cavity_half[i] - 5) for i in (0, 1))
        assert abs(x) ** anatomy.outline_power + abs(y) ** anatomy.outline_power < 1
        assert anatomy.left_dome_z == pytest.approx(apex[2] - 0.35 * v.outer_radius, abs=8.1)
        assert 8 <= anatomy.right_dome_z - anatomy.left_dome_z <= 24
