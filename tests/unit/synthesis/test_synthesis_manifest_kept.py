"""The manifest of a run: there from the beginning, so that it can be gone on with, and a sentence when it cannot be written."""

import errno
import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from synthesis import pipeline
from synthesis.commands import run, synthesize
from synthesis.errors import GenerationInterrupted, OutputUnusable
from synthesis.execution.request import SampleRequest
from synthesis.execution.worker import make_samples
from synthesis.manifest import Manifest, SampleRecord, read_manifest, write_manifest
from synthesis.pipeline import generate
from synthesis.scenario import load_scenario

QUICK = load_scenario("quick")
OnDone = Callable[[SampleRecord], None]


def here(requests: list[SampleRequest], on_done: OnDone) -> None:
    """Make the studies in this process."""
    for request in requests:
        for record in make_samples(request):
            on_done(record)


def test_a_run_that_is_killed_before_its_first_study_goes_on_with_its_own_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, left = tmp_path / "out", tmp_path / "left"

    def killed(requests: list[SampleRequest], on_done: OnDone) -> None:
        shutil.copytree(out, left)  # what a kill leaves: nothing more is written

    generate(QUICK, out, 2, 7, variants=2, runner=killed)
    manifest = read_manifest(left)
    assert manifest is not None
    assert (manifest.planned, manifest.seed, manifest.variants, manifest.complete) == (2, 7, 2, False)
    monkeypatch.setattr(run, "_slurm", lambda profile, job_ids, *, wait: here)
    arguments = ["run", "quick", "--out", str(left), "--executor", "slurm", "--resume", "--json"]
    result = CliRunner().invoke(synthesize, arguments)
    assert result.exit_code == 0, result.stderr
    said = json.loads(result.stdout)
    assert (said["seed"], said["studies"], said["bodies"], said["complete"]) == (7, 4, 2, True)


def test_a_last_manifest_that_cannot_be_written_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full_at_the_end(folder: Path, manifest: Manifest) -> None:
        if manifest.complete:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        write_manifest(folder, manifest)

    monkeypatch.setattr(pipeline, "write_manifest", full_at_the_end)
    with pytest.raises(OutputUnusable, match=r"cannot be written: No space left on device\. Check free space"):
        generate(QUICK, tmp_path, 1, 7, runner=here)
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert [record.file for record in manifest.studies] == ["study-00000.h5"]


def test_an_interruption_with_a_full_disk_is_still_told_as_an_interruption(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(folder: Path, manifest: Manifest) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    def interrupted(requests: list[SampleRequest], on_done: OnDone) -> None:
        here(requests[:1], on_done)
        monkeypatch.setattr(pipeline, "write_manifest", full)
        raise KeyboardInterrupt

    with pytest.raises(GenerationInterrupted, match="1 of 2 studies are finished and kept"):
        generate(QUICK, tmp_path, 2, 7, runner=interrupted)
