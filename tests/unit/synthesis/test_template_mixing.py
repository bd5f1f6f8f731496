from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from model.io.study import Study, write_study
from synthesis.errors import SimulationFailed
from synthesis.records import describe_study
from synthesis.sample import make_study, make_template
from synthesis.sources import GROUPS
from synthesis.specs.perturbation import PerturbationSpec
from synthesis.specs.simulation import GateSpec
from synthesis.template import Template
from synthesis.variants import mix_study
from tests.support.scenarios import quick_scenario

SICK = quick_scenario(infarct_share=1.0)
VARIANTS = (1, 2, 3, 4)


@pytest.fixture(scope="module")
def template() -> Template:
    return make_template(SICK, "quick", seed=3, index=0)


@pytest.fixture(scope="module")
def studies(template: Template) -> list[Study]:
    return [mix_study(template, variant) for variant in VARIANTS]


def largest_difference(one: Study, other: Study, name: str) -> float:
    a, b = getattr(one, name), getattr(other, name)
    return float(np.abs(a - b).max() / a.max())


def test_direct_and_mixed_studies_agree_to_1e5() -> None:
    for index in range(3):
        direct = make_study(SICK, "quick", seed=3, index=index, noise=False)
        mixed = mix_study(make_template(SICK, "quick", seed=3, index=index), 0, noise=False)
        for name in ("projections", "reference", "attenuation"):
            assert largest_difference(direct, mixed, name) < 1e-5, name
        assert direct.labels is not None
        assert mixed.labels is not None
        assert direct.labels.tobytes() == mixed.labels.tobytes()
        assert direct.truth is not None
        assert mixed.truth is not None
        assert direct.truth.defects == mixed.truth.defects
        assert dict(direct.provenance) == dict(mixed.provenance)


def test_every_examination_shows_the_same_body(template: Template, studies: list[Study]) -> None:
    first = mix_study(template, 0)
    assert first.truth is not None
    for study in studies:
        assert study.truth is not None
        for name in ("labels", "attenuation"):
            assert getattr(study, name).tobytes() == getattr(first, name).tobytes(), name
        assert study.truth.aha.tobytes() == first.truth.aha.tobytes()
        assert study.truth.defect_map.tobytes() == first.truth.defect_map.tobytes()
        assert study.geometry == first.geometry
        assert study.provenance["anatomy"] == first.provenance["anatomy"]
        assert study.provenance["patient_key"] == first.provenance["patient_key"]  # never on both sides of a split
        same_shape = [replace(defect, severity=0.5) for defect in study.truth.defects]
        assert same_shape == [replace(defect, severity=0.5) for defect in first.truth.defects]


def test_uptake_severity_counts_and_noise_change_from_examination_to_examination(studies: list[Study]) -> None:
    for key in ("expected_counts", "scatter_fraction"):
        assert len({study.provenance[key] for study in studies}) == len(VARIANTS), key
    assert len({study.provenance["uptakes"]["liver"] for study in studies}) == len(VARIANTS)
    severities = {study.truth.defects[0].severity for study in studies if study.truth is not None}
    assert len(severities) == len(VARIANTS)
    low, high = SICK.lesions.severity
    assert all(low <= severity <= high for severity in severities)
    assert [study.provenance["variant"] for study in studies] == list(VARIANTS)


def test_an_infarct_keeps_its_shape_and_takes_up_less_with_its_severity(studies: list[Study]) -> None:
    def contrast(study: Study) -> float:
        assert study.truth is not None
        assert study.reference is not None
        sick = study.truth.defect_map > 0
        wall = (study.truth.aha > 0) & ~sick
        return 1 - float(study.reference[sick].mean() / study.reference[wall].mean())

    by_severity = sorted(studies, key=lambda s: s.truth.defects[0].severity if s.truth is not None else 0.0)
    contrasts = [contrast(study) for study in by_severity]
    assert contrasts == sorted(contrasts)
    assert contrasts[-1] - contrasts[0] > 0.1


def test_an_ischaemia_stays_milder_than_an_infarct() -> None:
    lesions = {"ischaemia_share": 1.0, "ischaemia_severity": [0.1, 0.2], "severity": [0.8, 0.9]}
    body = make_template(quick_scenario({"lesions": lesions}, infarct_share=1.0), "quick", seed=3, index=0)
    for variant in range(4):
        truth = mix_study(body, variant).truth
        assert truth is not None
        assert truth.defects
        assert all(0.1 <= defect.severity <= 0.2 for defect in truth.defects)


def test_every_variant_is_the_same_whatever_else_is_made(template: Template, studies: list[Study]) -> None:
    alone = make_study(SICK, "quick", seed=3, index=0, variant=3)
    assert alone.projections.tobytes() == studies[2].projections.tobytes()
    assert mix_study(template, 3).projections.tobytes() == studies[2].projections.tobytes()


def test_noise_of_an_examination_changes_the_projections_only(template: Template) -> None:
    noisy, clean = mix_study(template, 2), mix_study(template, 2, noise=False)
    assert (noisy.projections != clean.projections).any()
    for name in ("reference", "attenuation", "labels", "scatter"):
        assert getattr(noisy, name).tobytes() == getattr(clean, name).tobytes(), name
    assert noisy.truth is not None
    assert clean.truth is not None
    assert noisy.truth.defects == clean.truth.defects


def test_organs_of_a_group_keep_their_ratios_and_others_do_not(template: Template, studies: list[Study]) -> None:
    first = template.body.uptakes
    together = [organ for organ in template.body.members["background"] if organ in GROUPS["background"]]
    assert len(together) >= 3
    for study in studies:
        now = study.provenance["uptakes"]
        ratios = {round(now[organ] / first[organ], 9) for organ in together}
        assert len(ratios) == 1
        assert round(now["liver"] / first["liver"], 9) not in ratios


def test_infarcts_are_sources_of_their_own(template: Template) -> None:
    assert template.body.members["lesion_1"] == ("lesion_1",)
    alone = template.projections.primary[template.projections.sources.index("lesion_1")]
    assert alone.sum() > 0


def test_a_monte_carlo_too_noisy_for_the_count_level_is_refused(template: Template) -> None:
    exact = template.projections
    noisy = replace(exact, variance=(exact.primary + exact.scatter) * np.float32(1e-6), scatter_is_physical=True)
    unit = float((exact.primary + exact.scatter).sum())  # counts of one mixture, about
    good = replace(template, projections=replace(noisy, variance=exact.primary * np.float32(1e-9 * unit / 1e6)))
    study = mix_study(good, 0)
    assert 0 < study.provenance["monte_carlo"]["mc_variance_ratio"] < 0.1
    bad = replace(template, projections=replace(noisy, variance=exact.primary * np.float32(unit)))
    with pytest.raises(SimulationFailed):
        mix_study(bad, 0)


def test_a_monte_carlo_is_judged_at_the_count_level_that_was_drawn(template: Template) -> None:
    def at(level: float, share: float) -> Study:
        perturbation = PerturbationSpec(count_level=(level, level))
        scenario = template.body.scenario.model_copy(update={"perturbation": perturbation})
        exact = template.projections
        variance = exact.primary * np.float32(share)
        noisy = replace(exact, variance=variance, scatter=exact.primary * np.float32(0.25), scatter_is_physical=True)
        return mix_study(replace(template, body=replace(template.body, scenario=scenario), projections=noisy), 0)

    def ratio(study: Study) -> float:
        return float(study.provenance["monte_carlo"]["mc_variance_ratio"])

    share = 0.08 / ratio(at(1.0, 1e-6)) * 1e-6
    assert ratio(at(1.0, share)) == pytest.approx(0.08, rel=1e-4)
    with pytest.raises(SimulationFailed, match=r"0\.16 times the Poisson variance"):
        at(2.0, share)
    assert ratio(at(0.25, 4 * share)) == pytest.approx(0.08, rel=1e-4)
    with pytest.raises(SimulationFailed, match=r"0\.32 times"):
        at(1.0, 4 * share)


def test_a_physical_scatter_keeps_its_share_of_the_counts(template: Template) -> None:
    exact = template.projections
    weak = replace(exact, scatter=exact.primary * np.float32(0.25), scatter_is_physical=True)
    study = mix_study(replace(template, projections=weak), 0, noise=False)
    assert study.provenance["scatter_fraction"] == pytest.approx(0.2, rel=1e-5)
    assert study.projections.sum() == pytest.approx(study.provenance["expected_counts"], rel=1e-4)


def test_a_noisy_monte_carlo_serves_where_its_noise_is_kept_and_the_study_says_so(
    template: Template, tmp_path: Path
) -> None:
    spec = GateSpec(grouping="whole", noise="kept")
    body = replace(template.body, scenario=template.body.scenario.model_copy(update={"simulation": spec}))
    exact = template.projections
    unit = float((exact.primary + exact.scatter).sum())
    variance = exact.primary * np.float32(0.15 * unit / 1e6)
    study = mix_study(Template(body, template.activity, replace(exact, variance=variance, scatter_is_physical=True)), 0)
    assert 0.1 < study.provenance["monte_carlo"]["mc_variance_ratio"] < 0.9
    assert study.provenance["monte_carlo_noise"] == "kept"
    write_study(tmp_path / "study.h5", study)
    record = describe_study(tmp_path, "study.h5", study, index=0, variant=0, seconds={})
    assert record.quality["mc_variance_ratio"] == study.provenance["monte_carlo"]["mc_variance_ratio"]
