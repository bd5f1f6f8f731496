"""`flomir train` as a person runs it: real processes that are killed, resumed, and joined by torchrun."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from click.testing import CliRunner, Result

from flomir.cli import cli
from model.checkpoint import load_model
from model.io.weights import load_arrays, load_card
from tests.support.training import SMALL, write_small_studies

DEADLINE_S = 120.0
ENVIRONMENT = {**os.environ, "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_small_studies(folder / "ward", 6, counts=4e4)
    write_small_studies(folder / "other", 2, first_seed=20, counts=4e4)
    (folder / "small.json").write_text(json.dumps(SMALL))
    return folder


def words(ward: Path, out: Path, *more: str) -> list[str]:
    return [
        "train", "--data", str(ward / "ward"), "--validation", str(ward / "other"),
        "--model", str(ward / "small.json"), "--out", str(out), "--threads", "1", "--device", "cpu",
        "--set", "augment=true", "--set", "augment_every=2", *more,
    ]  # fmt: skip


def flomir(*arguments: str) -> Result:
    """Run the command in this process: starting torch costs more than the training."""
    threads = torch.get_num_threads()
    try:
        return CliRunner().invoke(cli, list(arguments))
    finally:
        torch.set_num_threads(threads)


def steps_saved(checkpoint: Path) -> int:
    try:
        return int(json.loads(checkpoint.read_text())["state"]["steps"])
    except (OSError, ValueError):
        return 0


def start_until_saved(arguments: list[str], checkpoint: Path, steps: int) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "flomir", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=ENVIRONMENT,
    )
    deadline = time.monotonic() + DEADLINE_S
    while steps_saved(checkpoint) < steps:
        assert process.poll() is None, process.communicate()
        assert time.monotonic() < deadline
        time.sleep(0.01)
    return process


def weights(path: Path) -> dict[str, np.ndarray[Any, Any]]:
    return {key: np.asarray(value) for key, value in load_arrays(path).items()}


def test_a_run_that_was_killed_and_resumed_ends_with_the_bits_of_one_that_was_not(ward: Path, tmp_path: Path) -> None:
    whole = flomir(*words(ward, tmp_path / "whole.safetensors", "--epochs", "12", "--json"))
    assert whole.exit_code == 0, whole.output
    parts = tmp_path / "parts.safetensors"
    again = words(ward, parts, "--epochs", "12", "--resume")
    killed = start_until_saved(again, tmp_path / "parts.checkpoint.json", 12)
    killed.send_signal(signal.SIGKILL)
    killed.communicate(timeout=DEADLINE_S)
    assert killed.returncode == -signal.SIGKILL
    assert not parts.exists()
    resumed = flomir(*again)
    assert resumed.exit_code == 0, resumed.output
    assert "Going on after step" in resumed.stderr
    assert parts.read_bytes() == (tmp_path / "whole.safetensors").read_bytes()
    assert not list(tmp_path.glob("*.checkpoint*"))

    answer = json.loads(whole.stdout)
    network, card = load_model(parts, task="spect-reconstruction")
    assert answer["content_hash"] == card.content_hash
    assert sum(p.numel() for p in network.parameters()) == answer["parameters"]
    assert answer["data"]["targets"] == "phantom"
    assert answer["data"]["train"]["studies"] == 6
    assert answer["training"]["steps"] == 72
    assert len(answer["metrics"]["curve"]) == 13
    assert str(ward) not in whole.stdout.replace(answer["out"], "")
    assert "12" in resumed.stdout


def test_ctrl_c_saves_and_says_how_to_go_on_and_other_parameters_are_refused(ward: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    process = start_until_saved(words(ward, out, "--epochs", "500"), tmp_path / "m.checkpoint.json", 6)
    process.send_signal(signal.SIGINT)
    told, errors = process.communicate(timeout=DEADLINE_S)
    assert process.returncode == 130, told + errors
    assert "--resume" in told + errors
    assert "Traceback" not in errors
    assert not out.exists()
    fresh = flomir(*words(ward, out, "--epochs", "500"))
    assert fresh.exit_code == 1
    assert "--resume" in fresh.stderr
    other = flomir(*words(ward, out, "--epochs", "400", "--set", "heart_weight=9", "--resume"))
    assert other.exit_code == 1
    assert "heart_weight: 4.0 then, 9.0 now" in other.stderr
    assert "epochs: 500 then, 400 now" in other.stderr


def test_two_processes_do_what_one_with_twice_the_batch_does(ward: Path, tmp_path: Path) -> None:
    options = ("--epochs", "2", "--json")
    one = flomir(*words(ward, tmp_path / "one.safetensors", *options, "--set", "batch_size=2"))
    assert one.exit_code == 0, one.output
    both = subprocess.run(
        [
            sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2", "-m", "flomir",
            *words(ward, tmp_path / "both.safetensors", *options),
        ],
        capture_output=True,
        text=True,
        check=False,
        timeout=DEADLINE_S,
        env=ENVIRONMENT,
    )  # fmt: skip
    assert both.returncode == 0, both.stderr
    assert json.loads(both.stdout)["training"]["machine"]["processes"] == 2
    alone, together = weights(tmp_path / "one.safetensors"), weights(tmp_path / "both.safetensors")
    for key, value in alone.items():
        np.testing.assert_allclose(together[key], value, rtol=1e-3, atol=1e-5)
    curves = [load_card(tmp_path / f"{name}.safetensors").metrics["curve"] for name in ("one", "both")]
    assert [row["step"] for row in curves[0]] == [row["step"] for row in curves[1]] == [0, 3, 6]  # type: ignore[union-attr,index,call-overload]  # free JSON
    assert sorted(p.name for p in tmp_path.glob("both*")) == ["both.json", "both.safetensors"]
