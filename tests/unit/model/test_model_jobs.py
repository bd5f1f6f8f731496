"""Jobs: one request in, JSON lines out, a code for every failure, and whole files only."""

import io
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from model.io.weights import content_hash, load_card
from model.jobs import main
from tests.support.shipped import ship_instead
from tests.support.tasks import write_samples

TASK = "spect-reconstruction"


def ask(request: object) -> tuple[int, list[dict[str, object]]]:
    out = io.StringIO()
    code = main(io.StringIO(request if isinstance(request, str) else json.dumps(request)), out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


def answer(request: object) -> dict[str, object]:
    code, lines = ask(request)
    assert code == 0, lines
    return lines[-1]


def error(request: object) -> tuple[str, str]:
    code, lines = ask(request)
    assert code == 1
    detail = lines[-1]["error"]
    assert isinstance(detail, dict)
    return str(detail["code"]), str(detail["message"])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("jobs")
    write_samples(TASK, path, 3)
    return path


@pytest.fixture(scope="module")
def weights(folder: Path) -> Path:
    return Path(str(answer({"kind": "initialise", "task": TASK, "seed": 1, "out": str(folder / "models")})["path"]))


def test_the_process_speaks_json_from_anywhere_and_ignores_a_model_py_there(tmp_path: Path) -> None:
    (tmp_path / "model.py").write_text("raise SystemExit('shadowed')")
    root = str(Path(__file__).parents[3])
    done = subprocess.run(
        [sys.executable, "-P", "-m", "model.jobs"],
        input=json.dumps({"kind": "initialise", "task": TASK, "seed": 0, "out": str(tmp_path / "m")}),
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": root},
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["parameters"] > 1000


def test_first_weights_are_reproducible_and_carded(folder: Path, weights: Path) -> None:
    again = answer({"kind": "initialise", "task": TASK, "seed": 1, "out": str(folder / "again")})
    assert again["content_hash"] == weights.stem == content_hash(weights)
    card = load_card(weights)
    assert card.training == {"origin": "random", "seed": 1}
    assert card.task == TASK


@pytest.mark.parametrize("task", [TASK, "brain-segmentation"])
def test_weights_are_checked_against_their_task(tmp_path: Path, task: str) -> None:
    path = str(answer({"kind": "initialise", "task": task, "out": str(tmp_path)})["path"])
    found = answer({"kind": "check_weights", "task": task, "path": path})
    assert found["content_hash"] == Path(path).stem
    other = "brain-segmentation" if task == TASK else TASK
    assert error({"kind": "check_weights", "task": other, "path": path})[0] == "weights.names"


def test_a_model_reconstruction_is_written_whole_with_its_comparison(folder: Path, weights: Path) -> None:
    out = folder / "image.npz"
    request = {
        "kind": "reconstruct",
        "study": str(folder / "sample-0.h5"),
        "method": "model",
        "weights": str(weights),
        "out": str(out),
    }
    code, lines = ask(request)
    assert code == 0
    progress = [float(str(line["progress"])) for line in lines[:-1]]
    assert progress
    assert progress == sorted(progress)
    with np.load(out, allow_pickle=False) as arrays:
        assert set(arrays) == {"osem", "model", "mu", "reference", "voxel_mm"}
        assert all(arrays[name].dtype == np.float32 for name in arrays)
        assert arrays["osem"].shape == arrays["model"].shape == arrays["reference"].shape == (6, 14, 14)
    metrics = lines[-1]["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics) == {"osem", "model"}
    assert not list(folder.glob(".image*"))


def test_os_em_needs_no_weights(folder: Path) -> None:
    request = {"kind": "reconstruct", "study": str(folder / "sample-0.h5"), "method": "osem"}
    found = answer(request | {"osem": {"iterations": 3}, "out": str(folder / "osem.npz")})
    assert found["arrays"] == ["mu", "osem", "reference", "voxel_mm"]
    assert found["osem_settings"] == {"iterations": 3, "subsets": 6, "postfilter_fwhm_mm": 6.0}


def test_an_evaluation_pairs_the_model_with_os_em(folder: Path, weights: Path) -> None:
    studies = [str(folder / f"sample-{i}.h5") for i in range(3)]
    request = {"kind": "evaluate", "task": TASK, "weights": str(weights), "studies": studies}
    found = answer(request | {"out": str(folder / "scores.json")})
    cases, summary = found["cases"], found["summary"]
    assert isinstance(cases, list)
    assert isinstance(summary, dict)
    assert [case["name"] for case in cases] == ["sample-0", "sample-1", "sample-2"]
    nrmse = summary["nrmse_body"]
    assert nrmse["ci95"][0] <= nrmse["ratio"] <= nrmse["ci95"][1]
    assert nrmse["pairs"] == 3
    assert nrmse["model"] == pytest.approx(np.mean([case["model"]["nrmse_body"] for case in cases]))
    written = json.loads((folder / "scores.json").read_text())
    assert written["summary"] == summary


def test_os_em_alone_can_be_evaluated_with_chosen_settings(folder: Path) -> None:
    request = {"kind": "evaluate", "task": TASK, "weights": "osem", "studies": [str(folder / "sample-0.h5")]}
    plain, short = answer(request), answer(request | {"osem": {"iterations": 1}})
    assert plain["summary"] != short["summary"]
    summary = plain["summary"]
    assert isinstance(summary, dict)
    assert "model" not in summary["nrmse_body"]


def test_os_em_is_tuned_on_studies(folder: Path) -> None:
    settings = answer({"kind": "tune_osem", "studies": [str(folder / "sample-0.h5")]})["settings"]
    assert isinstance(settings, dict)
    assert set(settings) == {"iterations", "subsets", "postfilter_fwhm_mm"}


def test_every_failure_has_a_code_and_a_sentence(folder: Path, weights: Path) -> None:
    base = {"kind": "reconstruct", "study": str(folder / "sample-0.h5"), "out": str(folder / "x.npz")}
    assert error("nonsense")[0] == "request.invalid"
    assert error({"kind": "explode"})[0] == "request.invalid"
    assert error({"kind": "initialise", "task": TASK})[0] == "request.invalid"
    assert error({"kind": "initialise", "task": "weather", "out": str(folder)})[0] == "task.unknown"
    assert error(base | {"method": "model"})[0] == "request.invalid"
    assert error(base | {"method": "model", "weights": str(folder / "no.safetensors")})[0] == "weights.unreadable"
    assert error(base | {"method": "osem", "study": str(weights)})[0].startswith("study.")
    assert error(base | {"method": "osem", "study": str(folder / "no.h5")})[0] == "job.file"
    missing = {"kind": "evaluate", "task": TASK, "weights": "osem", "studies": [str(folder / "no.h5")]}
    assert error(missing)[0] == "sample.unreadable"
    assert not (folder / "x.npz").exists()


def test_an_unexpected_failure_is_one_line_and_its_trace_goes_to_stderr(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def fail(*_: object) -> None:
        raise KeyError("deep inside")

    monkeypatch.setattr("model.jobs.initialise", fail)
    code, message = error({"kind": "initialise", "task": TASK, "out": str(folder)})
    assert code == "job.failed"
    assert "deep inside" not in message
    assert "deep inside" in capsys.readouterr().err


# ---------------------------------------------------------------- shipped networks, and networks of every kind


def test_a_shipped_network_reconstructs_and_starts_a_session(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    [_, saved] = ship_instead(monkeypatch, tmp_path / "weights", "fbp_unet", "unrolled_em")
    listed = answer({"kind": "list_shipped"})
    assert listed["default"] == "unrolled_em"
    assert [row["name"] for row in listed["shipped"]] == ["unrolled_em", "fbp_unet"]  # type: ignore[attr-defined]
    base = {"kind": "reconstruct", "study": str(folder / "sample-0.h5"), "method": "model"}
    found = answer(base | {"shipped": "default", "out": str(tmp_path / "image.npz")})
    assert "model" in found["arrays"]  # type: ignore[operator]
    started = answer({"kind": "initialise", "task": TASK, "shipped": "default", "out": str(tmp_path / "models")})
    path = Path(str(started["path"]))
    assert path.name == f"{saved.card.content_hash}.safetensors"
    assert content_hash(path) == saved.card.content_hash
    assert load_card(path).training == saved.card.training
    assert error(base | {"out": str(tmp_path / "x.npz")})[0] == "request.invalid"
    both = {"shipped": "default", "weights": str(path), "out": str(tmp_path / "x.npz")}
    assert error(base | both)[0] == "request.invalid"
    assert error(base | {"shipped": "osem", "out": str(tmp_path / "x.npz")})[0] == "weights.not_shipped"
    other = {"kind": "initialise", "task": "brain-segmentation", "shipped": "default", "out": str(tmp_path)}
    assert error(other)[0] == "weights.task"


@pytest.mark.parametrize("name", ["unrolled_em", "unrolled_unet", "osem_unet", "fbp_unet", "primal_dual"])
def test_every_network_is_initialised_recognised_and_applied(folder: Path, tmp_path: Path, name: str) -> None:
    made = answer({"kind": "initialise", "task": TASK, "network": {"name": name}, "out": str(tmp_path)})
    found = answer({"kind": "check_weights", "task": TASK, "path": made["path"]})
    assert found["network"]["name"] == name  # type: ignore[index]
    request = {"kind": "reconstruct", "study": str(folder / "sample-0.h5"), "method": "model"}
    done = answer(request | {"weights": made["path"], "out": str(tmp_path / "image.npz")})
    metrics = done["metrics"]
    assert isinstance(metrics, dict)
    assert set(metrics) == {"osem", "model"}
