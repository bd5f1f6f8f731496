"""The benches say what they measured, at which settings, and on what machine."""

import json

import pytest
from click.testing import CliRunner

from flomir.bench.command import bench
from flomir.bench.figures import MeasureError, Outcome, measure
from flomir.bench.reconstruct import Plan, bench_reconstruct, parse_size
from flomir.waiting import WaitTimeoutError


def test_a_result_carries_figures_notes_machine_and_commit() -> None:
    result = json.loads(
        measure("x", lambda: Outcome({"seconds": 1.23456789}, {"settings": "ten iterations"})).to_json()
    )
    assert result["figures"] == {"seconds": 1.234568}
    assert result["notes"] == {"settings": "ten iterations"}
    assert "cores" in result["machine"] and result["commit"]


def test_every_method_takes_its_turn_and_states_its_quality() -> None:
    outcome = bench_reconstruct(
        Plan(size=(48, 48, 12), views=12, validation=1, studies=1, repeats=1, against="nothing")
    )
    figures = outcome.measured
    for name in ("osem", "map_osem", "fbp"):
        assert figures[f"{name}_s"] > 0
        assert 0 < figures[f"nrmse_{name}"] < 1
        assert outcome.notes[name]
    assert figures["nrmse_map_osem"] < figures["nrmse_osem"] < figures["nrmse_fbp"]
    assert figures["default_over_osem"] == pytest.approx(figures["osem_s"] / figures["unrolled_em_s"])
    assert not [key for key in figures if key.endswith("_speedup")]
    untrained = [name for name, words in outcome.notes.items() if words == "untrained"]
    assert not [name for name in untrained if f"nrmse_{name}" in figures]


@pytest.mark.parametrize("text", ["64x64", "64x64xlarge", "0x64x64", "64,64,32"])
def test_a_size_that_is_none_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ValueError, match="64x64x32"):
        parse_size(text)
    answer = CliRunner().invoke(bench, ["reconstruct", "--size", text, "--quick"])
    assert answer.exit_code == 2
    assert "64x64x32" in answer.output


def test_a_bench_that_comes_to_no_figures_says_why_in_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_soon(*_: object) -> Outcome:
        message = "the import was over before it could be killed; take more studies"
        raise MeasureError(message)

    monkeypatch.setattr("flomir.bench.intake.bench_import", too_soon)
    answer = CliRunner().invoke(bench, ["import", "--studies", "8"])
    assert (answer.exit_code, answer.output.strip()) == (
        1, "Error: The import was over before it could be killed; take more studies.",
    )  # fmt: skip


@pytest.mark.parametrize("name", ["round", "enrol"])
def test_a_bench_without_a_browser_says_so_in_one_line_before_it_measures(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("FLOMIR_CHROMIUM", raising=False)
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("flomir.bench.round.make_data", lambda *_: pytest.fail("it has begun"))
    answer = CliRunner().invoke(bench, [name])
    assert answer.exit_code == 1
    assert answer.output.strip() == (
        "Error: Chromium was not found. Install it (for example: apt-get install chromium) or set FLOMIR_CHROMIUM."
    )


def test_a_wait_that_ends_without_its_event_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    def waits(*_: object) -> Outcome:
        message = "waited 60 s for the import"
        raise WaitTimeoutError(message)

    monkeypatch.setattr("flomir.bench.intake.bench_import", waits)
    answer = CliRunner().invoke(bench, ["import", "--studies", "8"])
    assert (answer.exit_code, answer.output.strip()) == (1, "Error: Waited 60 s for the import.")


def test_a_size_that_no_patient_fits_is_refused_in_one_line() -> None:
    answer = CliRunner().invoke(bench, ["reconstruct", "--size", "32x32x16", "--against", "nothing"])
    assert answer.exit_code == 1
    assert "32x32x16" in answer.output and "Traceback" not in answer.output
