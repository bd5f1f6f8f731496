"""The child of the laboratory: trains, compares, tries; stops when asked to and goes on."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from model.io.study import read_study
from model.io.weights import load_card, verify_weights
from model.laboratory_jobs import CURVE_ROWS, TrainJob, _train_request, curve_rows, main
from tests.support.stack import make_studies

NETWORK = {"name": "fbp_unet"}


def ask(**request: object) -> tuple[int, list[dict[str, Any]]]:
    """Return exit code and lines."""
    out = io.StringIO()
    code = main(io.StringIO(json.dumps(request, default=str)), out)
    return code, [json.loads(line) for line in out.getvalue().splitlines()]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_studies(tmp_path_factory.mktemp("data") / "four-hearts", 4)


@pytest.fixture(scope="module")
def trained(data: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[dict[str, Any]]]:
    out = tmp_path_factory.mktemp("trained") / "model.safetensors"
    code, lines = ask(kind="train", data=[data], network=NETWORK, epochs=2, out=out, holdout=0.5)
    assert code == 0, lines
    return out, lines


def test_a_training_leaves_whole_weights_and_a_card_without_paths(
    trained: tuple[Path, list[dict[str, Any]]], data: Path
) -> None:
    out, lines = trained
    card = load_card(out)
    verify_weights(out, card)
    assert lines[-1]["card"]["content_hash"] == card.content_hash
    words = card.model_dump_json()
    assert "four-hearts" in words
    assert str(data.parent) not in words
    assert str(card.training["command"]).startswith("flomir train --model fbp_unet --epochs 2")


def test_progress_tells_the_curve_at_every_validation(trained: tuple[Path, list[dict[str, Any]]]) -> None:
    _, lines = trained
    curves = [line["curve"] for line in lines if "curve" in line]
    assert [len(curve) for curve in curves] == [1, 2, 3]  # before the first epoch, and after each
    assert curves[-1][-1]["epoch"] == 2
    assert "score" in curves[-1][-1]
    shares = [line["progress"] for line in lines[:-1]]
    assert shares == sorted(shares)
    assert shares[-1] == 1


def test_a_long_curve_is_thinned_and_keeps_its_last_row() -> None:
    rows = curve_rows([{"step": step, "score": float("nan") if step == 999 else 1.0} for step in range(1000)])
    assert len(rows) <= CURVE_ROWS
    assert rows[-1] == {"step": 999}


def test_parameters_that_are_words_arrive_as_words() -> None:
    job = TrainJob(
        kind="train", data=[Path("set")], network=NETWORK, epochs=1, out=Path("m.safetensors"),
        parameters={"without_reference": "leave-out", "augment": True, "learning_rate": 0.01},
    )  # fmt: skip
    request = _train_request(job)
    assert request.parameters.augment
    assert "without_reference=leave-out" in request.command


def test_a_training_without_studies_says_so_with_a_remedy(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    code, lines = ask(
        kind="train", data=[tmp_path / "empty"], network=NETWORK, epochs=1, out=tmp_path / "m.safetensors"
    )
    error = lines[-1]["error"]
    assert (code, error["code"]) == (1, "training.no_data")
    assert error["remedy"]


def test_methods_are_compared_under_their_titles(
    trained: tuple[Path, list[dict[str, Any]]], data: Path, tmp_path: Path
) -> None:
    weights, _ = trained
    code, lines = ask(
        kind="compare", studies=sorted(data.glob("*.h5"))[:2], methods=[weights, "osem"],
        titles={str(weights): "Mine", "osem": "OSEM"}, against="OSEM", title="Which?", out=tmp_path / "report",
    )  # fmt: skip
    assert code == 0, lines
    found = lines[-1]
    assert list(found["summary"]) == ["Mine", "OSEM"]
    assert found["against"] == "OSEM"
    difference = found["summary"]["Mine"]["differences"]["nrmse_body"]
    means = {name: found["summary"][name]["means"]["nrmse_body"]["value"] for name in ("Mine", "OSEM")}
    assert difference["value"] == pytest.approx(means["Mine"] - means["OSEM"])
    assert "<script" not in (tmp_path / "report" / "report.html").read_text()


def test_a_scan_is_imported_tried_and_its_original_removed(
    trained: tuple[Path, list[dict[str, Any]]], data: Path, tmp_path: Path
) -> None:
    weights, _ = trained
    source = next(iter(sorted(data.glob("*.h5"))))
    scan = tmp_path / "upload-000000000000.h5"
    scan.write_bytes(source.read_bytes())
    out = tmp_path / "images.npz"
    code, lines = ask(kind="apply", scan=scan, study=tmp_path / "study.h5", weights=weights, out=out)
    assert code == 0, lines
    assert not scan.exists()
    with np.load(out, allow_pickle=False) as images:
        assert {"osem", "model", "voxel_mm"} <= set(images.files)
        assert images["model"].shape == read_study(tmp_path / "study.h5").geometry.volume_shape


def test_asked_to_end_a_training_writes_its_checkpoint_and_goes_on(data: Path, tmp_path: Path) -> None:
    out = tmp_path / "model.safetensors"
    request = {
        "kind": "train",
        "data": [str(data)],
        "network": NETWORK,
        "epochs": 3000,
        "out": str(out),
        "resume": True,
    }
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "model.laboratory_jobs"], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps(request))
    process.stdin.close()
    with process.stdout as stdout:
        for line in stdout:
            if json.loads(line).get("step", 0) > 2:
                break
        os.kill(process.pid, signal.SIGTERM)
        last = json.loads(stdout.read().splitlines()[-1])
    assert process.wait(30) == 0
    assert last["interrupted"] is True
    steps = int(last["steps"])
    assert steps > 2
    checkpoint = json.loads((tmp_path / "model.checkpoint.json").read_text())
    assert checkpoint["state"]["steps"] == steps
    assert not out.exists()
