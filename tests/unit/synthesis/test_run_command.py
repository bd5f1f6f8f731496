"""`flomir synthesize run`: what it says and how it ends when nobody waits for it any more."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from synthesis.commands import synthesize
from synthesis.execution.slurm.errors import ArrayLeftRunning

SLURM = ("--executor", "slurm")


def flomir(out: Path, *words: str) -> Result:
    return CliRunner().invoke(synthesize, ["run", "quick", "--out", str(out), "--studies", "2", *words])


def answering(*job_ids: str) -> Callable[..., tuple[str, ...]]:
    return lambda _requests, **_options: job_ids


def interrupted(_requests: object, **_options: object) -> tuple[str, ...]:
    raise KeyboardInterrupt


def left_running(_requests: object, **_options: object) -> tuple[str, ...]:
    raise ArrayLeftRunning(0, 2, ("77",), "studies")


def test_a_run_that_does_not_wait_says_which_jobs_to_look_at_and_to_cancel(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("synthesis.execution.slurm.array.run_array", answering("77", "78"))
    result = flomir(tmp_path, *SLURM, "--no-wait")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("Submitted as 77 78; 0 studies are there.")
    assert f"`flomir synthesize status {tmp_path}`" in result.stdout
    assert "`scancel 77 78`" in result.stdout
    told = json.loads(flomir(tmp_path, *SLURM, "--no-wait", "--json").stdout)
    assert told["job_ids"] == ["77", "78"]


@pytest.mark.parametrize(("end", "words"), [(left_running, "scancel 77"), (interrupted, "Run the same command again")])
def test_ctrl_c_is_no_failure_and_has_the_exit_code_of_a_shell(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, end: Callable[..., tuple[str, ...]], words: str
) -> None:
    monkeypatch.setattr("synthesis.execution.slurm.array.run_array", end)
    result = flomir(tmp_path, *SLURM)
    assert result.exit_code == 130
    assert words in result.stderr
