"""Promises of `flomir quality`."""

import json
from dataclasses import replace
from pathlib import Path

from click.testing import CliRunner

from model.commands.quality import quality
from model.io.study import write_study
from tests.support.studies import tiny_study, write_tiny_study


def test_findings_are_printed_and_only_an_error_fails(tmp_path: Path) -> None:
    write_tiny_study(tmp_path / "few.h5", 1)
    result = CliRunner().invoke(quality, [str(tmp_path / "few.h5")])
    assert result.exit_code == 0, result.output
    assert "warning: The photopeak holds" in result.output


def test_json_holds_every_study_of_a_folder_and_an_error_is_exit_code_1(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "a.h5", 1)
    radii = tuple(radius / 10 for radius in study.geometry.radius_mm)
    write_study(tmp_path / "b.h5", replace(tiny_study(2), geometry=replace(study.geometry, radius_mm=radii)))
    result = CliRunner().invoke(quality, [str(tmp_path), "--json"])
    assert result.exit_code == 1
    rows = json.loads(result.output)["studies"]
    assert [(row["source"], row["level"]) for row in rows] == [("a.h5", "warning"), ("b.h5", "error")]


def test_a_file_that_is_no_scan_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "broken.h5"
    path.write_bytes(b"no study")
    result = CliRunner().invoke(quality, [str(path)])
    assert result.exit_code == 1
    assert "broken.h5" in result.output
    assert "Traceback" not in result.output
