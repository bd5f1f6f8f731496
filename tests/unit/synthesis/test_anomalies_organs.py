"""Lesions of liver, lung and lymph nodes lie inside their organ and are as large and as hot as the truth says."""

import json

import numpy as np
import pytest

from model.geometry import VolumeGrid
from synthesis.errors import PhantomInvalid, ScenarioInvalid
from synthesis.mixing import draw_uptakes, organ_values
from synthesis.organ_lesions import PlannedLesion, plan_lesions
from synthesis.phantoms.anatomy import Anatomy, Extras, Moment, draw_anatomy
from synthesis.phantoms.body import Body, BodyStreams, make_body
from synthesis.phantoms.composition import LABEL_CODES
from synthesis.phantoms.shapes import Lattice
from synthesis.phantoms.thorax import build_patient
from synthesis.sample import make_study
from synthesis.scenario import load_scenario, parse_scenario
from synthesis.specs.patients import HostOrgan, OrganLesionSpec

GRID = VolumeGrid((56, 96, 96), (4.4, 4.4, 4.4))
HOSTS: dict[HostOrgan, str] = {
    "liver": "liver", "lung": "lung", "lymph_node": "soft_tissue", "spine": "spine", "spleen": "spleen",
    "kidney": "kidney", "breast": "breast",
}  # fmt: skip


@pytest.fixture(scope="module")
def woman() -> Anatomy:
    site = load_scenario("cardiac").site("cardiac").model_copy(update={"female_share": 1.0})
    return draw_anatomy(site, np.random.default_rng(2))


def plan(organ: HostOrgan, diameter_mm: float = 18.0, **changes: object) -> tuple[PlannedLesion, ...]:
    spec = OrganLesionSpec.model_validate({"organ": organ, "diameter_mm": (diameter_mm, diameter_mm)} | changes)
    return plan_lesions((spec,), np.random.default_rng(9))


@pytest.mark.parametrize("organ", HOSTS)
def test_a_lesion_replaces_nothing_but_its_organ_and_has_its_volume(organ: HostOrgan, woman: Anatomy) -> None:
    planned = plan(organ, number=(2, 2))
    plain, sick = build_patient(woman, (), GRID).phantom, build_patient(woman, (), GRID, planned)
    grown = sick.phantom.share_of("tumour_1") + sick.phantom.share_of("tumour_2")
    lost = plain.share_of(HOSTS[organ]) - sick.phantom.share_of(HOSTS[organ])
    np.testing.assert_allclose(lost, grown, atol=1e-5)
    for key in (other.key for other in plain.organs if other.key != HOSTS[organ]):
        np.testing.assert_array_equal(plain.share_of(key), sick.phantom.share_of(key))
    whole = np.pi / 6 * 18.0**3 / 1000
    for lesion in sick.organ_lesions:
        assert lesion.organ == organ
        assert 0.5 * whole < lesion.volume_ml < 1.1 * whole  # the soft border adds h^2 / 4 R^2
    assert grown.sum() * 4.4**3 / 1000 == pytest.approx(sum(x.volume_ml for x in sick.organ_lesions), rel=1e-4)


def test_the_volume_of_a_lesion_is_what_was_painted_on_slices_thicker_than_the_pixels(woman: Anatomy) -> None:
    grid = VolumeGrid((25, 96, 96), (10.0, 4.4, 4.4))
    (lesion,) = (made := build_patient(woman, (), grid, plan("liver"))).organ_lesions
    painted = float(made.phantom.share_of("tumour_1").sum()) * 10.0 * 4.4**2 / 1000
    assert lesion.volume_ml == pytest.approx(painted, rel=1e-4)


def test_the_truth_says_where_a_lesion_is_how_large_and_how_hot(woman: Anatomy) -> None:
    planned = plan("liver", 24.0, elongation=(1.5, 1.5), contrast=(3.0, 3.0))
    made = build_patient(woman, (), GRID, planned)
    (truth,), phantom = made.organ_lesions, made.phantom
    share = phantom.share_of("tumour_1")
    p = Lattice.of(GRID)
    for centre, axis in zip(truth.centre_mm, (p.x, p.y, p.z), strict=True):
        assert float((share * axis).sum() / share.sum()) == pytest.approx(centre, abs=1.5)
    extents = {"x": (0, 1), "y": (0, 2), "z": (1, 2)}
    lengths = {name: (share.max(axis=over) > 0.5).sum() * 4.4 for name, over in extents.items()}
    assert truth.long_diameter_mm == pytest.approx(36.0)
    assert max(lengths, key=lambda name: lengths[name]) == truth.long_axis
    uptakes = draw_uptakes(np.random.default_rng(0))
    activity = phantom.mix(organ_values(phantom.organs, uptakes, ()))
    assert activity[share > 0.999].mean() == pytest.approx(3.0 * uptakes["liver"], rel=1e-3)


def test_a_lung_lesion_attenuates_like_soft_tissue(woman: Anatomy) -> None:
    phantom = build_patient(woman, (), GRID, plan("lung", 30.0)).phantom
    inside = phantom.attenuation()[phantom.share_of("tumour_1") > 0.999]
    assert inside == pytest.approx(0.0152, rel=0.02)  # mm^-1


def test_lesions_of_one_organ_do_not_overlap(woman: Anatomy) -> None:
    made = build_patient(woman, (), GRID, plan("spleen", 18.0, number=(6, 6)))
    centres = np.array([x.centre_mm for x in made.organ_lesions])
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)[np.triu_indices(6, 1)]
    assert apart.min() > 0.8 * 18.0


def test_a_lymph_node_lies_in_the_mediastinum(woman: Anatomy) -> None:
    for truth in build_patient(woman, (), GRID, plan("lymph_node", 14.0, number=(4, 4))).organ_lesions:
        assert abs(truth.centre_mm[0] - woman.centre[0]) < 60
        assert truth.centre_mm[2] > woman.left_dome_z - 20


def test_a_liver_lesion_moves_with_the_breath_and_stays_in_the_liver(woman: Anatomy) -> None:
    moving = woman.__class__(**{**woman.__dict__, "extras": Extras(moments=(Moment(0.0), Moment(10.0), Moment(20.0)))})
    planned = plan("liver", 24.0)
    still, moved = (build_patient(a, (), GRID, planned) for a in (woman, moving))
    assert moved.organ_lesions[0].centre_mm[2] == pytest.approx(still.organ_lesions[0].centre_mm[2] - 10, abs=0.01)
    spread = [p.phantom.share_of("tumour_1") for p in (still, moved)]
    assert spread[1].sum() == pytest.approx(spread[0].sum(), rel=0.06)
    assert (spread[1] > 0.02).sum() > 1.3 * (spread[0] > 0.02).sum()  # smeared along the body
    assert moved.phantom.shares.sum(axis=0).max() < 1 + 1e-5


def test_a_lesion_without_room_is_refused_with_a_sentence(woman: Anatomy) -> None:
    with pytest.raises(PhantomInvalid, match="no room for a lesion of 90 mm in this patient's spine") as caught:
        build_patient(woman, (), GRID, plan("spine", 90.0))
    assert "organ_lesions" in caught.value.remedy


def test_men_have_no_lesions_of_the_breast() -> None:
    spec = (OrganLesionSpec(organ="breast"), OrganLesionSpec(organ="liver"))
    drawn = plan_lesions(spec, np.random.default_rng(1), absent=frozenset({"breast"}))
    assert [one.organ for one in drawn] == ["liver"]


def body(number: int) -> Body:
    scenario = load_scenario("lesions")
    streams = BodyStreams(*(np.random.default_rng([number, k]) for k in range(3)))
    return make_body(scenario, scenario.sites[0], scenario.volume_grid(), streams)


def test_the_built_in_scenario_draws_lesions_of_every_organ_it_names() -> None:
    organs, numbers = set(), set()
    for number in range(12):
        listed = body(number).records["lesions"]
        organs |= {lesion["organ"] for lesion in listed}
        numbers.add(len(listed))
    assert organs == {"liver", "lung", "lymph_node"}
    assert len(numbers) > 2


def test_a_study_carries_its_lesions_in_labels_and_provenance() -> None:
    text = """
        name = "one-lesion"
        [grid]
        shape = [12, 36, 36]
        voxel_mm = [11.8, 11.8, 11.8]
        [orbit]
        views = 4
        [[organ_lesions]]
        organ = "lung"
        diameter_mm = [40.0, 40.0]
        contrast = [20.0, 20.0]
        [[sites]]
        name = "a"
    """
    study = make_study(parse_scenario(text), "a", seed=1, index=0)
    (listed,) = study.provenance["lesions"]
    assert listed["organ"] == "lung"
    assert json.loads(json.dumps(study.provenance))["lesions"] == [listed]
    assert study.labels is not None
    assert study.reference is not None
    marked = study.labels == LABEL_CODES["lesion"]
    assert marked.sum() * 11.8**3 / 1000 == pytest.approx(listed["volume_ml"], rel=0.4)
    z, y, x = (axis.mean() for axis in np.nonzero(marked))
    assert ((x - 17.5) * 11.8, (y - 17.5) * 11.8, (z - 5.5) * 11.8) == pytest.approx(listed["centre_mm"], abs=8)
    lung = study.labels == LABEL_CODES["lung"]
    assert study.reference[marked].mean() > 5 * study.reference[lung].mean()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('organ = "brain"', "organ"),
        ('organ = "liver"\nnumber = [3, 1]', "in order between 1 and 20"),
        ('organ = "liver"\nelongation = [0.5, 1.0]', "at least 1"),
        ('organ = "liver"\ncontrast = [-1.0, 2.0]', "contrast"),
        ('organ = "liver"\nshade = 1', "shade"),
    ],
)
def test_an_impossible_organ_lesion_is_refused_when_the_scenario_is_read(line: str, sentence: str) -> None:
    with pytest.raises(ScenarioInvalid, match=sentence) as caught:
        parse_scenario(f'name = "wrong"\n[[organ_lesions]]\n{line}\n[[sites]]\nname = "a"\n')
    assert "organ_lesions" in caught.value.message
