"""The accuracy bench: fixed disjoint sets, OSEM at its best for each metric, figures that follow from the cases."""

import errno
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flomir.bench.accuracy import OURS, Accuracy, Pair, Reader, compared, observed, ratios
from flomir.bench.accuracy_data import accuracy_plan
from flomir.bench.accuracy_goals import goals, table
from flomir.bench.accuracy_osem import TUNED_METRICS, osem_images, score_osem, tuned_osem
from flomir.bench.accuracy_page import accuracy_page
from flomir.bench.command import bench
from flomir.bench.figures import BenchResult
from model.classical.osem import OsemSettings, reconstruct_osem
from model.evaluation.cases import CaseScores, MethodScores
from model.evaluation.statistics import Estimate
from model.io.study import Defect, read_study
from tests.support.studies import tiny_study, write_tiny_studies

TRUTH = np.full(17, 95.0)


def case(
    method: str,
    *,
    body: float = 0.2,
    contrast: float | None = None,
    polar: np.ndarray = TRUTH,
    defects: Sequence[Defect] = (),
) -> CaseScores:
    metrics = {"nrmse_body": body, "nrmse_heart": 0.3, "ssim_heart": 0.9, "contrast_error": contrast, "polar_rms": 4.0}
    names = TUNED_METRICS if method == "osem" else (OURS,)
    scores = {name: MethodScores(dict(metrics), polar, np.zeros(4)) for name in names}
    return CaseScores("study", 1e6, tuple(defects), True, TRUTH, scores)


def test_the_sets_are_disjoint_and_the_same_every_time() -> None:
    plan = accuracy_plan()
    assert plan == accuracy_plan()
    drawn = {(s.scenario.digest, s.seed, s.site) for s in plan.all()}
    assert len(drawn) == len(plan.all())
    assert [s.seed for s in plan.tests] == [7001, 7002, 7003]
    assert {s.studies for s in plan.tests} == {20}
    assert all(site.infarct_share == 0 for site in plan.normals.scenario.sites)
    for sick, well in ((plan.hard, plan.hard_healthy), (plan.audit, plan.audit_healthy)):
        assert (sick.seed, sick.studies) == (well.seed, well.studies)  # the same patients
        assert [site.infarct_share for site in well.scenario.sites] == [0 for _ in sick.scenario.sites]
    assert all(s.studies <= 6 for s in accuracy_plan(quick=True).all())


def test_the_monte_carlo_set_is_another_condition_whose_own_studies_tune_osem() -> None:
    usual, more = accuracy_plan(), accuracy_plan(monte_carlo=True)
    (added,) = set(more.all()) - set(usual.all())
    assert more.shifted[:-1] == usual.shifted
    assert more.shifted[-1] == more.shifted_tuning[-1] == added
    assert added.scenario.simulation.kind == "gate"
    assert len(more.all()) == len(usual.all()) + 1
    assert added.studies == 5


def test_the_ratio_is_the_mean_of_the_cases_ratios_and_a_figure_without_cases_is_left_out() -> None:
    pair = Pair([case(OURS, body=0.1), case(OURS, body=0.3)], [case("osem", body=0.2), case("osem", body=0.4)])
    figures = compared(pair)
    assert figures["nrmse_body_ratio"].value == pytest.approx((0.5 + 0.75) / 2)
    assert figures["ssim_heart_gain"].value == 0
    assert "contrast_error" not in figures
    assert ratios(pair)["nrmse_body_ratio"].value == pytest.approx(0.4 / 0.6)


def test_osem_stands_at_the_setting_that_is_best_for_the_metric() -> None:
    osem = case("osem")
    for name in TUNED_METRICS:
        osem.methods[name].metrics["nrmse_body"] = 0.2 if name == "nrmse_body" else 9.0
    assert compared(Pair([case(OURS, body=0.1)], [osem]))["nrmse_body_ratio"].value == pytest.approx(0.5)


def test_invented_and_missed_defects_are_counted_for_both() -> None:
    rng = np.random.default_rng(0)
    normals = Pair([], [])
    for _ in range(10):
        truth = TRUTH + rng.standard_normal(17)
        for cases, method in ((normals.ours, OURS), (normals.osem, "osem")):
            one = case(method, polar=truth)
            cases.append(CaseScores("n", 1e6, (), True, truth, one.methods))
    reader = Reader.learned_from(normals)
    hole, mild = TRUTH - 20 * (np.arange(17) == 6), Defect(0, 60, 0.5, 40, 1.0, 0.3, 0.1, (7,))
    sick = CaseScores("s", 1e6, (mild,), True, hole, case(OURS, polar=TRUTH).methods)
    seen = CaseScores("s", 1e6, (mild,), True, hole, case("osem", polar=hole).methods)
    both = Pair([case(OURS, polar=hole), sick], [case("osem"), seen])
    figures = reader.figures(both)
    values = {name: e.value for name, e in figures.items()}
    assert (values["false_defects_per_normal"], values["false_defects_per_normal_osem"]) == (1, 0)
    assert (values["missed_mild_defects"], values["missed_mild_defects_osem"], values["mild_defects"]) == (1, 0, 1)
    assert reader.fewer_missed(both)["fewer_missed"].value == -1  # the network missed one that OSEM showed


def test_the_observer_compares_with_the_best_osem_setting() -> None:
    rng = np.random.default_rng(3)
    sick, well = Pair([], []), Pair([], [])
    for _ in range(40):
        for pair, shift in ((sick, 3.0), (well, 0.0)):
            for cases, method in ((pair.ours, OURS), (pair.osem, "osem")):
                one = case(method)
                for name, scores in one.methods.items():
                    seen = shift if name == "ssim_heart" else 0.0
                    one.methods[name] = MethodScores(scores.metrics, None, rng.standard_normal(4) + seen)
                cases.append(one)
    figures = observed(sick, well)
    assert figures["observer_auc_osem"].value > 0.95
    assert figures["observer_auc"].value < 0.75


def test_all_osem_images_of_one_run_are_those_of_single_runs() -> None:
    study = tiny_study(1)
    settings = {
        "a": OsemSettings(iterations=2, postfilter_fwhm_mm=0.0),
        "b": OsemSettings(iterations=4, postfilter_fwhm_mm=8.0),
    }
    images = osem_images(study, settings)
    for name, one in settings.items():
        np.testing.assert_allclose(images[name], reconstruct_osem(study, one), rtol=1e-5)


def test_osem_is_tuned_once_and_its_scores_are_kept_until_a_study_changes(tmp_path: Path) -> None:
    files = write_tiny_studies(tmp_path / "data", 2)
    kept = tmp_path / "kept"
    grid = ((1, 2), (0.0, 20.0))
    settings = tuned_osem(files, workers=1, cache=kept, grid=grid)
    assert set(settings) == set(TUNED_METRICS)
    first = score_osem(files, settings, [None, None], workers=1, cache=kept)
    before = sorted(kept.iterdir())
    again = score_osem(files, tuned_osem(files, workers=1, cache=kept, grid=grid), [None, None], workers=1, cache=kept)
    assert sorted(kept.iterdir()) == before
    assert [c.to_dict() for c in again] == [c.to_dict() for c in first]
    write_tiny_studies(tmp_path / "data", 1, first_seed=0, counts=5e4)
    score_osem(files, settings, [None, None], workers=1, cache=kept)
    assert len(sorted(kept.iterdir())) == len(before) + 1
    assert read_study(files[0]).reference is not None


def test_an_unknown_model_is_refused_with_the_choices() -> None:
    answer = CliRunner().invoke(bench, ["accuracy", "--model", "nonsense", "--quick"])
    assert answer.exit_code == 1
    assert "osem" in answer.output


def test_a_page_that_cannot_be_written_is_found_out_before_the_measurement(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = CliRunner().invoke(bench, ["accuracy", "--quick", "--out", str(tmp_path / "file" / "page.html")])
    assert answer.exit_code == 1
    assert answer.output.strip() == (
        "Error: page.html cannot be written: file is a file, not a folder. Choose another place with --out."
    )


@pytest.mark.parametrize("more", [[], ["--json"]])
def test_a_disk_that_refuses_the_page_costs_no_figure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, more: list[str]
) -> None:
    pair = Pair([case(OURS, body=0.1, contrast=0.2)] * 3, [case("osem", contrast=0.3)] * 3)
    judged = Accuracy(compared(pair), {"test": {"nrmse_body": OsemSettings()}}, {"test-1": pair})

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr("flomir.bench.accuracy.accuracy", lambda *_args, **_options: judged)
    monkeypatch.setattr("flomir.bench.accuracy_command.write_atomically", full)
    answer = CliRunner().invoke(bench, ["accuracy", "--quick", "--out", str(tmp_path / "page.html"), *more])
    assert answer.exit_code == 1
    assert "nrmse_body" in answer.stdout
    assert "Error: page.html cannot be written: No space left on device. Choose another place" in answer.stderr


def test_a_goal_is_met_at_its_limit_and_missed_beyond_it() -> None:
    def figure(value: float) -> Estimate:
        return Estimate(value, value, value, 3)

    values = {
        "nrmse_body_ratio": 0.5, "nrmse_heart_ratio": 0.66, "ssim_heart_gain": 0.03, "polar_rms": 4.0,
        "polar_rms_osem": 4.1, "missed_mild_defects": 2.0, "missed_mild_defects_osem": 1.0,
        "missed_mild_defects_audit": 9.0, "missed_mild_defects_osem_audit": 9.0,
        "shifted_half_views_nrmse_heart_ratio": 1.01, "shifted_half_views_nrmse_heart": 0.3,
    }  # fmt: skip
    figures = {name: figure(value) for name, value in values.items()}
    assert {g.figure: g.met for g in goals(figures)} == {
        "nrmse_body_ratio": True, "nrmse_heart_ratio": False, "ssim_heart_gain": True, "polar_rms": True,
        "missed_mild_defects": False, "missed_mild_defects_audit": True, "shifted_half_views_nrmse_heart_ratio": False,
    }  # fmt: skip
    assert sum("NOT MET" in line for line in table(figures)) == 3


def test_the_page_holds_goals_sets_and_the_shifted_conditions() -> None:
    plan = accuracy_plan()
    pair = Pair([case(OURS, body=0.1, contrast=0.2)] * 3, [case("osem", contrast=0.3)] * 3)
    figures = compared(pair) | {f"{name}_test_1": e for name, e in compared(pair).items()}
    figures |= {f"shifted_half_views_{name}": e for name, e in ratios(pair).items()}
    figures |= {"fewer_missed_audit": Estimate(4, 1, 8, 240)}
    judged = Accuracy(figures, {"test": {"nrmse_body": OsemSettings()}}, {"test-1": pair})
    text = accuracy_page(judged, plan, BenchResult("accuracy", "a machine", "abc", 1.0, {}, {}), "default")
    for words in (
        "a machine",
        "30 views, 100 studies",
        "Contrast error of OSEM",
        "at most 0.50",
        "seed 7003",
        "set 1",
        "OSEM missed more",
    ):
        assert words in text
    assert "Small mild defects" not in text
