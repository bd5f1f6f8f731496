"""Infarcts lie where the scenario says, are as severe as it says, and are refused where there is no wall."""

from dataclasses import replace

import numpy as np
import pytest

from model.geometry import VolumeGrid
from synthesis.defects import Lesion, defect_records, draw_lesions
from synthesis.errors import PhantomInvalid, ScenarioInvalid
from synthesis.mixing import organ_values
from synthesis.phantoms.anatomy import Anatomy, draw_anatomy
from synthesis.phantoms.thorax import build_patient
from synthesis.sample import make_template
from synthesis.scenario import load_scenario, parse_scenario
from synthesis.specs.patients import LesionSpec
from synthesis.variants import mix_study

GRID = VolumeGrid((40, 48, 48), (4.4, 4.4, 4.4))  # the heart, not the whole body
SITE = load_scenario("cardiac").site("cardiac").model_copy(update={"infarct_share": 1.0})
AHA_OF = {"LAD": {1, 2, 7, 8, 13, 14, 17}, "RCA": {3, 4, 9, 10, 15}, "LCX": {5, 6, 11, 12, 16}}
WHOLE = Lesion(0.0, 90.0, 0.5, 30.0, 1.0, 0.5)


@pytest.fixture(scope="module")
def man() -> Anatomy:
    return draw_anatomy(SITE.model_copy(update={"female_share": 0.0}), np.random.default_rng(11))


def drawn(spec: LesionSpec, number: int = 40) -> list[tuple[Lesion, ...]]:
    return [draw_lesions(spec, SITE, np.random.default_rng([3, i])) for i in range(number)]


def shares(anatomy: Anatomy, lesion: Lesion) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return the share of each segment, 0 to 17, that is covered."""
    phantom = build_patient(anatomy, (lesion,), GRID).phantom
    covered = phantom.share_of("lesion_1")
    wall = covered + phantom.share_of("myocardium")
    sums = [np.bincount(phantom.segments.ravel(), weights=w.ravel(), minlength=18) for w in (covered, wall)]
    return np.asarray(sums[0] / np.maximum(sums[1], 1e-6))


@pytest.mark.parametrize("segment", range(1, 18))
def test_an_infarct_of_a_segment_lies_in_that_segment(segment: int, man: Anatomy) -> None:
    size = ((200.0, 200.0), (16.0, 16.0)) if segment == 17 else ((50.0, 50.0), (18.0, 18.0))
    spec = LesionSpec(
        segments=(segment,), theta_width_deg=size[0], x_width_mm=size[1], wall_fraction=(1, 1), second_share=0
    )
    for (lesion,) in drawn(spec, 2):
        covered = shares(man, lesion)
        assert int(covered[1:].argmax()) + 1 == segment
        assert covered[segment] > 0.3


@pytest.mark.parametrize("territory", ["LAD", "RCA", "LCX"])
def test_an_infarct_of_a_territory_lies_in_its_segments(territory: str, man: Anatomy) -> None:
    spec = LesionSpec(
        territories=(territory,),
        theta_width_deg=(40, 40),
        x_width_mm=(25, 25),
        wall_fraction=(1, 1),
        second_share=0,
    )
    for (lesion,) in drawn(spec, 4):
        assert int(shares(man, lesion)[1:].argmax()) + 1 in AHA_OF[territory]


def test_a_diseased_patient_has_as_many_infarcts_as_the_scenario_says() -> None:
    counts = {len(lesions) for lesions in drawn(LesionSpec(number=(1, 4)))}
    assert counts == {1, 2, 3, 4}
    assert {len(lesions) for lesions in drawn(LesionSpec(number=(3, 3)), 5)} == {3}
    healthy = SITE.model_copy(update={"infarct_share": 0.0})
    assert draw_lesions(LesionSpec(number=(3, 3)), healthy, np.random.default_rng(0)) == ()


def test_what_was_added_to_the_limits_leaves_earlier_draws_alone() -> None:
    before, after = drawn(LesionSpec()), drawn(LesionSpec(number=(1, 4), border_mm=(2, 9)))
    for old, new in zip(before, after, strict=True):
        assert replace(new[0], border_mm=5.0) == old[0]


def test_ischaemias_are_mild_and_infarcts_severe() -> None:
    spec = LesionSpec(ischaemia_share=0.5, ischaemia_severity=(0.1, 0.3), severity=(0.5, 0.9), second_share=0)
    lesions = [one for (one,) in drawn(spec, 60)]
    kinds = {kind: [one.severity for one in lesions if one.kind == kind] for kind in ("infarct", "ischaemia")}
    assert len(kinds["infarct"]) + len(kinds["ischaemia"]) == 60
    assert 15 < len(kinds["ischaemia"]) < 45
    assert max(kinds["ischaemia"]) <= 0.3
    assert min(kinds["infarct"]) >= 0.5


def test_a_wide_border_zone_spreads_the_loss_and_keeps_its_amount(man: Anatomy) -> None:
    sharp, soft = replace(WHOLE, border_mm=2.0), replace(WHOLE, border_mm=14.0)
    patients = [build_patient(man, (lesion,), GRID) for lesion in (sharp, soft)]
    partial = []
    for phantom in (patient.phantom for patient in patients):
        wall = phantom.share_of("myocardium") + phantom.share_of("lesion_1")
        share = phantom.share_of("lesion_1")[wall > 0.5] / wall[wall > 0.5]
        partial.append(((share > 0.05) & (share < 0.95)).sum())
    assert partial[1] > 2 * partial[0]
    assert patients[0].extents[0] == pytest.approx(patients[1].extents[0], rel=0.1)


def test_the_loss_of_uptake_in_the_activity_is_the_severity(man: Anatomy) -> None:
    phantom = build_patient(man, (WHOLE,), GRID).phantom
    uptakes = dict.fromkeys((organ.key for organ in phantom.organs), 0.0) | {"myocardium": 1.0}
    activity = phantom.mix(organ_values(phantom.organs, uptakes, (WHOLE,)))
    core = phantom.share_of("lesion_1") > 0.999
    assert core.sum() > 50
    assert activity[core] == pytest.approx(1 - WHOLE.severity, abs=1e-3)


def test_an_infarct_of_the_whole_circle_has_no_seam(man: Anatomy) -> None:
    ring = Lesion(0.0, 360.0, 0.4, 30.0, 1.0, 0.5)
    covered = shares(man, ring)
    assert covered[7:13].min() > 0.95 * covered[7:13].max()


def test_the_truth_names_segments_extent_and_severity(man: Anatomy) -> None:
    lesions = (WHOLE, replace(WHOLE, theta_centre_deg=180.0, severity=0.8))
    patient = build_patient(man, lesions, GRID)
    first, second = defect_records(patient.phantom, lesions, patient.extents)
    assert 7 in first.segments
    assert 10 in second.segments
    assert not set(first.segments) & set(second.segments)
    assert (first.severity, second.severity) == (0.5, 0.8)
    assert 0.03 < first.extent < 0.2


@pytest.mark.parametrize(
    "outside",
    [replace(WHOLE, x_centre=1.8), replace(WHOLE, x_centre=-1.0), replace(WHOLE, x_width_mm=0.001, x_centre=-0.1)],
)
def test_an_infarct_that_touches_no_wall_is_refused_with_a_sentence(outside: Lesion, man: Anatomy) -> None:
    with pytest.raises(PhantomInvalid, match="touches no wall") as caught:
        build_patient(man, (outside,), GRID)
    assert caught.value.code == "synthesis.phantom_invalid"
    assert "between 0 (base) and 1 (apex)" in caught.value.remedy


def test_an_infarct_hidden_by_another_is_refused(man: Anatomy) -> None:
    over = Lesion(0.0, 360.0, 0.5, 400.0, 1.0, 0.5)
    with pytest.raises(PhantomInvalid, match="touches no wall"):
        build_patient(man, (over, WHOLE), GRID)


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ("x_centre = [0.5, 1.4]", "may lie outside the wall"),
        ("x_centre = [-0.2, 0.4]", "may lie outside the wall"),
        ("theta_width_deg = [40.0, 400.0]", "more than the wall's whole circle"),
        ("wall_fraction = [0.0, 1.0]", "set both above 0"),
        ("severity = [0.0, 0.0]", "set both above 0"),
        ("segments = [18]", "numbered 1 to 17"),
        ("number = [3, 2]", "in order between 1 and 6"),
        ('territories = ["LAD"]\nsegments = [3]', "not several"),
        ('territories = ["XYZ"]', "territories"),
        ("x_width_mm = [0.0, 10.0]", "x_width_mm"),
    ],
)
def test_an_impossible_infarct_is_refused_when_the_scenario_is_read(line: str, sentence: str) -> None:
    with pytest.raises(ScenarioInvalid, match=sentence) as caught:
        parse_scenario(f'name = "wrong"\n[lesions]\n{line}\n[[sites]]\nname = "a"\n')
    assert "lesions" in caught.value.message


def test_a_later_examination_keeps_ischaemias_mild() -> None:
    usual = load_scenario("quick")
    spec = LesionSpec(
        number=(4, 4),
        ischaemia_share=0.5,
        ischaemia_severity=(0.1, 0.2),
        severity=(0.6, 0.9),
        x_width_mm=(20, 25),
        theta_width_deg=(40, 50),
    )
    site = usual.sites[0].model_copy(update={"infarct_share": 1.0})
    scenario = usual.model_copy(
        update={"lesions": spec, "sites": (site,), "orbit": usual.orbit.model_copy(update={"views": 2})}
    )
    for seed in range(40):  # a body with both kinds
        template = make_template(scenario, site.name, seed=seed, index=0)
        kinds = template.body.records["defect_kinds"]
        if len(set(kinds)) == 2:
            break
    for variant in (0, 1, 2):
        truth = mix_study(template, variant).truth
        assert truth is not None
        for kind, defect in zip(kinds, truth.defects, strict=True):
            assert (defect.severity <= 0.2) == (kind == "ischaemia")
