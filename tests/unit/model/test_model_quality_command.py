"""Promises of `flomir quality`."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner

from model.commands.quality import quality
from model.io.dicom import AnonymousIds, write_nm_tomo
from model.io.export import export_volume
from model.io.imported import ImportedStudy
from model.io.study import write_study
from model.quality.check import check_file
from model.quality.report import QualityReport
from tests.support.foreign import write_interfile
from tests.support.studies import tiny_geometry, tiny_study, write_tiny_study


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


def test_scans_and_studies_of_one_folder_are_all_checked_and_images_are_none_of_them(tmp_path: Path) -> None:
    study = tiny_study(geometry=tiny_geometry(shape=(6, 14, 14), voxel_mm=22.0))
    write_study(tmp_path / "b.h5", study)
    write_nm_tomo(tmp_path / "a.dcm", study, ids=AnonymousIds(patient="a"))
    image = np.ones(study.geometry.volume_shape, np.float32)
    export_volume(tmp_path / "b.flomir.h5", image, ImportedStudy(study), method={"name": "osem"})
    (tmp_path / "c.h5").write_bytes(b"no study")
    result = CliRunner().invoke(quality, [str(tmp_path), "--json"])
    rows = json.loads(result.stdout)["studies"]
    assert [(row["source"], "error" in row) for row in rows] == [("a.dcm", False), ("b.h5", False), ("c.h5", True)]


def test_a_file_that_is_no_scan_is_named_with_what_to_do(tmp_path: Path) -> None:
    path = tmp_path / "broken.h5"
    path.write_bytes(b"no study")
    result = CliRunner().invoke(quality, [str(path)])
    assert result.exit_code == 1
    assert "broken.h5" in result.output
    assert "Traceback" not in result.output


def test_a_scan_that_is_cut_off_is_named_and_the_others_are_checked(tmp_path: Path) -> None:
    study = tiny_study(geometry=tiny_geometry(shape=(6, 14, 14), voxel_mm=22.0))
    for name in ("a", "b", "c"):
        write_nm_tomo(tmp_path / f"{name}.dcm", study, ids=AnonymousIds(patient=name))
    cut = (tmp_path / "b.dcm").read_bytes()
    (tmp_path / "b.dcm").write_bytes(cut[: len(cut) // 2])
    result = CliRunner().invoke(quality, [str(tmp_path), "--json"])
    assert result.exit_code == 1
    rows = json.loads(result.stdout)["studies"]
    assert [(row["source"], "error" in row) for row in rows] == [("a.dcm", False), ("b.dcm", True), ("c.dcm", False)]
    assert rows[1]["error"]["code"].startswith("dicom.")
    shown = CliRunner().invoke(quality, [str(tmp_path)])
    assert "b.dcm: The file holds no pixel data; it is cut off or no image. Copy" in shown.stderr
    assert "a.dcm: " in shown.stdout and "c.dcm: " in shown.stdout


def test_a_missing_data_file_is_told_without_a_trace_and_the_others_are_checked(tmp_path: Path) -> None:
    study = tiny_study(geometry=tiny_geometry(shape=(6, 14, 14), voxel_mm=22.0))
    write_interfile(tmp_path / "first.hs", study)
    write_interfile(tmp_path / "second.hs", study)
    (tmp_path / "first.s").unlink()
    result = CliRunner().invoke(quality, [str(tmp_path)])
    assert result.exit_code == 1
    assert isinstance(result.exception, SystemExit)
    assert "first.hs: The header's data file first.s is missing. Check that all its files are there." in result.stderr
    assert "second.hs: " in result.stdout


def test_a_bad_study_of_a_folder_keeps_the_rows_of_the_others_and_equal_names_are_told_apart(tmp_path: Path) -> None:
    write_tiny_study(tmp_path / "one" / "study.h5", 1)
    write_tiny_study(tmp_path / "two" / "study.h5", 2)
    (tmp_path / "one" / "torn.h5").write_bytes(b"no study")
    result = CliRunner().invoke(quality, [str(tmp_path), "--json"])
    rows = json.loads(result.stdout)["studies"]
    assert [(row["source"], "error" in row) for row in rows] == [
        ("one/study.h5", False),
        ("one/torn.h5", True),
        ("two/study.h5", False),
    ]


def test_each_study_is_told_as_soon_as_it_is_checked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []
    for name in ("a", "b"):
        write_tiny_study(tmp_path / f"{name}.h5", 1)

    def checked(path: Path) -> QualityReport:
        events.append(f"checked {path.name}")
        return check_file(path)

    monkeypatch.setattr("model.quality.check.check_file", checked)
    monkeypatch.setattr("model.commands.quality._print", lambda row: events.append(f"told {row['source']}"))
    CliRunner().invoke(quality, [str(tmp_path)])
    assert events == ["checked a.h5", "told a.h5", "checked b.h5", "told b.h5"]
