"""`flomir models calibrate`: the card beside the weights gains both records, or one line says why not."""

from __future__ import annotations

import errno
import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from model.checkpoint import save_model
from model.commands.models import models
from model.io.study import write_study
from model.io.weights import load_card
from model.networks import build_network
from tests.support.studies import tiny_study, write_tiny_studies

SMALL = {"name": "unrolled_em", "subsets": 4, "warm_passes": 1, "channels": 4, "blocks": 1}
OPTIONS: dict[str, Any] = {"shape": (4, 12, 12), "voxel_mm": 26.0, "views": 6, "counts": 1e5}


@pytest.fixture
def weights(tmp_path: Path) -> Path:
    network = build_network(SMALL, seed=0)
    return save_model(
        tmp_path / "model", network, task="spect-reconstruction", config=SMALL, created_at="2026-01-01"
    ).path


def test_the_card_gains_intervals_and_alarm(weights: Path, tmp_path: Path) -> None:
    write_tiny_studies(tmp_path / "data", 33, **OPTIONS)
    arguments = ["calibrate", str(weights), "--data", str(tmp_path / "data"), "--replicates", "2", "--threads", "1"]
    result = CliRunner().invoke(models, [*arguments, "--json"])
    assert result.exit_code == 0, result.output
    answer, card = json.loads(result.stdout), load_card(weights)
    assert card.uncertainty is not None
    assert card.alarm is not None
    assert answer["content_hash"] == card.content_hash == card.uncertainty.weights == card.alarm.weights
    assert answer["uncertainty"]["regions"]["body"]["factor"] == card.uncertainty.regions["body"].factor
    assert (card.uncertainty.cases, card.uncertainty.test_cases) == (20, 13)


def test_too_few_studies_are_one_line_and_leave_the_card(weights: Path, tmp_path: Path) -> None:
    write_tiny_studies(tmp_path / "data", 4, **OPTIONS)
    before = weights.with_suffix(".json").read_bytes()
    result = CliRunner().invoke(
        models, ["calibrate", str(weights), "--data", str(tmp_path / "data"), "--replicates", "2"]
    )
    assert result.exit_code == 1
    assert "4 studies leave 2 to choose the factors; at least 19 are needed. Give at least 32" in result.stderr
    assert "Traceback" not in result.stderr
    assert weights.with_suffix(".json").read_bytes() == before


def test_a_folder_without_studies_is_named(weights: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    result = CliRunner().invoke(models, ["calibrate", str(weights), "--data", str(tmp_path / "empty")])
    assert result.exit_code == 1
    assert "no study file (.h5) in empty" in result.stderr


def test_a_study_that_cannot_calibrate_is_named_before_anything_is_measured(weights: Path, tmp_path: Path) -> None:
    write_tiny_studies(tmp_path / "data", 33, **OPTIONS)
    last, command = tmp_path / "data" / "z.h5", ["calibrate", str(weights), "--data", str(tmp_path / "data"), "--json"]
    write_study(last, tiny_study(with_reference=False, with_truth=False, **OPTIONS))
    bare = CliRunner().invoke(models, command)
    assert bare.exit_code == 1
    assert "z.h5: there is no reference image; calibration needs one in each study." in bare.stderr
    last.write_bytes(last.read_bytes()[:3000])
    cut = CliRunner().invoke(models, command)
    assert cut.exit_code == 1
    assert "z.h5: " in cut.stderr
    assert load_card(weights).uncertainty is None


def test_a_card_that_cannot_be_written_is_found_out_before_anything_is_measured(
    weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tiny_studies(tmp_path / "data", 1, **OPTIONS)
    monkeypatch.setattr("model.io.atomic.tempfile.TemporaryFile", refused)
    result = CliRunner().invoke(models, ["calibrate", str(weights), "--data", str(tmp_path / "data")])
    assert result.exit_code == 1
    assert f"The card of {weights.name} cannot be written: Read-only file system. Check free space" in result.stderr


def refused(**_: object) -> None:
    raise OSError(errno.EROFS, "Read-only file system")
