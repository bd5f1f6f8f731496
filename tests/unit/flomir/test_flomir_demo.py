"""The demonstration's arithmetic and report, apart from daemons."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from flomir.bench.round import round_figures
from flomir.demo import report
from flomir.demo.baselines import BaselinePlan, train_baseline
from flomir.demo.command import demo
from flomir.demo.data import DEAL, check_deal
from flomir.demo.evaluation import compare, means
from flomir.demo.federation import TASK
from flomir.demo.run import overheads
from flomir.demo.settings import DemoSettings
from flomir.waiting import WaitTimeoutError, wait_until
from model.checkpoint import state_arrays
from model.io.weights import load_arrays, save_arrays
from model.tasks import load_halves, load_task, mean_metrics
from model.training.steps import TrainProgress
from synthesis.errors import OutputUnusable
from tests.support.studies import write_tiny_studies


def test_sites_beyond_four_repeat_a_distribution_under_another_name(tmp_path: Path) -> None:
    settings = DemoSettings(contributors=5, workdir=tmp_path)
    assert settings.profile(4) == settings.profile(0)
    assert settings.site_name(4) != settings.site_name(0)


def test_studies_that_trained_never_judge_in_a_later_demonstration(tmp_path: Path) -> None:
    before = DemoSettings(studies=12, workdir=tmp_path)
    check_deal(before)
    (tmp_path / "data").mkdir()
    with pytest.raises(OutputUnusable, match="other numbers of studies"):
        check_deal(before)  # of a version that did not note them
    (tmp_path / "data" / DEAL).write_text(json.dumps({"train": 12, "holdout": 12, "validation": 3}))
    check_deal(before)
    again = CliRunner().invoke(demo, ["--workdir", str(tmp_path), "--studies", "6", "--headless"])
    assert again.exit_code == 1
    assert "other numbers of studies" in again.output


def test_a_baseline_trains_in_one_go_as_long_as_a_site_and_keeps_its_best(tmp_path: Path) -> None:
    files = write_tiny_studies(tmp_path, 4)
    task = load_task(TASK)
    config = {"name": "unrolled_em", "channels": 4, "layers": 1}
    network = task.build_network(config, seed=0)
    save_arrays(tmp_path / "initial.safetensors", state_arrays(network))
    given = {"local_epochs": 1, "holdout_fraction": 0.5, "learning_rate": 1e-3}
    parameters = task.spec.parameters.model_validate({**given, "local_epochs": 3})
    train, holdout = load_halves(task, files, parameters)
    after, errors = [], []

    def look(progress: TrainProgress) -> None:
        if progress.step % len(train) == 0:
            errors.append(float(str(mean_metrics(task.evaluate(network, holdout))["nrmse_body"])))
            after.append(state_arrays(network))

    task.train(network, train, parameters, seed=1, on_progress=look)
    plan = BaselinePlan(
        "Site", (tuple(files),), tmp_path / "initial.safetensors", config, 3, dict(given), tmp_path / "out.safetensors"
    )
    kept = load_arrays(train_baseline(plan))
    best = after[int(np.argmin(errors))]
    assert len(after) == 3
    assert all((kept[name] == best[name]).all() for name in best)


def test_means_leave_out_cases_without_a_defect() -> None:
    rows: list[dict[str, float | None]] = [
        {"nrmse_body": 0.2, "nrmse_heart": 0.3, "ssim_heart": 0.9, "defect_contrast": 0.8},
        {"nrmse_body": 0.4, "nrmse_heart": 0.5, "ssim_heart": 0.7, "defect_contrast": None},
    ]
    assert means(rows) == pytest.approx(
        {"nrmse_body": 0.3, "nrmse_heart": 0.4, "ssim_heart": 0.8, "defect_contrast": 0.8}
    )


def test_a_model_with_nine_tenths_of_the_error_has_ratio_point_nine() -> None:
    other = [{"nrmse_body": value, "defect_contrast": 0.8} for value in np.linspace(0.1, 0.3, 20)]
    ours = [{"nrmse_body": 0.9 * float(str(row["nrmse_body"])), "defect_contrast": 0.7} for row in other]
    result = compare("x", ours, other, seed=0)
    assert result.ratio == pytest.approx(0.9)
    assert result.ci95[0] <= 0.9 + 1e-9
    assert result.ci95[1] >= 0.9 - 1e-9
    assert result.defect_contrast_diff == pytest.approx(-0.1)


def test_overhead_comes_from_closed_rounds_only() -> None:
    session: dict[str, object] = {"rounds": [{"record": {"overhead_s": 1.5}}, {"record": None}]}
    assert overheads(session) == [1.5]


def test_round_figures_take_the_slowest_site() -> None:
    update = {"train_s": 1.0, "score_s": 0.5}
    record = {
        "updates": [update, {"train_s": 3.0, "score_s": 0.5}], "overhead_s": 2.0,
        "push_s": 0.1, "wait_s": 5.0, "aggregate_s": 0.2, "checkpoint_s": 0.1,
    }  # fmt: skip
    figures = round_figures({"rounds": [{"record": record}]})
    assert figures["slowest_site_s"] == 3.5
    assert figures["round_overhead_s"] == 2.0


def test_the_report_is_one_page_without_outside_addresses_and_escapes_names() -> None:
    page = report.page("A & B", [report.section("Table", report.table(["x"], [["<script>"]]))])
    assert "<script>" not in page
    assert "A &amp; B" in page
    assert not re.search(r"https?://", page)


def test_curves_show_every_site_in_words() -> None:
    svg = report.curves({"Site North": [3.0, 2.0], "Site East": [4.0, 1.0]}, "loss")
    assert "Site North" in svg
    assert svg.count("<polyline") == 2


def test_waiting_ends_and_says_for_what() -> None:
    with pytest.raises(WaitTimeoutError, match="the impossible"):
        wait_until(lambda: None, timeout_s=0.01, what="the impossible", poll_s=0.001)
