"""`flomir import`: a hospital's scans become study files that name nobody and can be trained on."""

import json
import stat
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import CliRunner

from model.commands.import_scans import import_scans
from model.io.dicom import AnonymousIds, write_nm_tomo
from model.io.imported import PatientFrame
from model.io.nifti import write_nifti
from model.io.study import Study, read_study
from tests.support.foreign import write_interfile
from tests.support.studies import tiny_geometry, tiny_study


def run(*arguments: str | Path, code: int = 0) -> Any:
    answer = CliRunner().invoke(import_scans, [*(str(a) for a in arguments), "--json"])
    assert answer.exit_code == code, answer.output
    return json.loads(answer.stdout) if answer.stdout else answer.output


@pytest.fixture(scope="module")
def study() -> Study:
    return tiny_study(geometry=tiny_geometry(shape=(6, 14, 14), voxel_mm=22.0))


def test_scans_become_study_files_with_what_belongs_to_them(tmp_path: Path, study: Study) -> None:
    folder = tmp_path / "MILLER_JOHN"
    folder.mkdir()
    write_interfile(folder / "rest.hs", study, {"patient name": "MILLER", "patient ID": "4711"})
    assert study.attenuation is not None and study.reference is not None
    frame = PatientFrame.centred(study.geometry.grid)
    write_nifti(folder / "rest.mumap.nii.gz", study.attenuation, frame)
    write_nifti(folder / "rest.reference.nii.gz", study.reference, frame)
    [row] = run(folder, "--out", tmp_path / "out")["scans"]
    assert row["attenuation"] and row["reference"] and row["map_file"] == "rest.mumap.nii.gz"
    assert "removed" in row["removed"]
    path = Path(row["out"])
    found = read_study(path)
    np.testing.assert_array_equal(found.projections, study.projections)
    assert found.reference_kind == "clinical_reconstruction"
    assert b"MILLER" not in path.read_bytes() and "MILLER" not in path.name
    again = run(folder, "--out", tmp_path / "out")["scans"]
    assert again[0]["out"] == row["out"]


def test_one_patients_scans_belong_together_under_the_sites_secret(tmp_path: Path, study: Study) -> None:
    stress = replace(study, projections=study.projections[:, :, ::-1].copy())
    write_nm_tomo(tmp_path / "in" / "rest.dcm", study, ids=AnonymousIds(patient="4711"))
    write_nm_tomo(tmp_path / "in" / "stress.dcm", stress, ids=AnonymousIds(patient="4711"))
    other = replace(study, projections=study.projections[:, ::-1].copy())
    write_nm_tomo(tmp_path / "in" / "other.dcm", other, ids=AnonymousIds(patient="4712"))
    secret = tmp_path / "secret" / "key"
    rows = run(tmp_path / "in", "--out", tmp_path / "out", "--site-key", secret)["scans"]
    assert stat.S_IMODE(secret.stat().st_mode) == 0o600
    keys = [(Path(r["source"]).stem, Path(r["out"])) for r in rows]
    found = {name: read_study(path).provenance["patient_key"] for name, path in keys}
    assert found["rest"] == found["stress"] != found["other"]
    without = run(tmp_path / "in", "--out", tmp_path / "loose")["scans"]
    loose = {read_study(r["out"]).provenance["patient_key"] for r in without}
    assert not loose & set(found.values())
    (tmp_path / "short").write_bytes(b"x")
    assert "16 are needed" in run(tmp_path / "in", "--out", tmp_path / "x", "--site-key", tmp_path / "short", code=1)


def test_failures_are_told_and_stop_no_other(tmp_path: Path, study: Study) -> None:
    folder = tmp_path / "in"
    folder.mkdir()
    write_interfile(folder / "good.hs", study)
    write_interfile(folder / "pinhole.hs", study, {"radius": "54.8"})
    found = run(folder, "--out", tmp_path / "out", code=1)
    assert found["failed"] == 1
    assert [("error" in row, Path(row["source"]).name) for row in found["scans"]] == [
        (False, "good.hs"),
        (True, "pinhole.hs"),
    ]
    assert len(list((tmp_path / "out").glob("*.h5"))) == 1
    (tmp_path / "empty").mkdir()
    found = run(tmp_path / "empty", tmp_path / "nowhere", "--out", tmp_path / "out", code=1)
    assert [row["error"]["message"] for row in found["scans"]] == [
        "no scan was found: it is empty",
        "there is no such file or folder: nowhere",
    ]


def test_a_missing_data_file_and_an_input_without_scans_end_nothing(tmp_path: Path, study: Study) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "empty").mkdir()
    write_interfile(tmp_path / "in" / "a.hs", study)
    write_interfile(tmp_path / "in" / "b.hs", study)
    (tmp_path / "in" / "a.s").unlink()
    write_interfile(tmp_path / "c.hs", replace(study, projections=study.projections[:, ::-1].copy()))
    inputs = (tmp_path / "in", tmp_path / "empty", tmp_path / "c.hs")
    found = run(*inputs, "--out", tmp_path / "out", code=1)
    assert [(Path(row["source"]).name, "error" in row) for row in found["scans"]] == [
        ("a.hs", True),
        ("b.hs", False),
        ("empty", True),
        ("c.hs", False),
    ]
    assert (found["failed"], found["kept"]) == (2, 0)
    assert all(Path(row["out"]).is_file() for row in found["scans"] if "out" in row)
    shown = CliRunner().invoke(import_scans, [*map(str, inputs), "--out", str(tmp_path / "again")])
    assert "a.hs: The header's data file a.s is missing. Check that all its files are there." in shown.stderr
    assert "empty: No scan was found: it is empty. Name a DICOM NM" in shown.stderr


def test_a_folder_that_refuses_and_a_path_that_is_not_there_are_told(tmp_path: Path, study: Study) -> None:
    write_interfile(tmp_path / "scan.hs", study)
    (tmp_path / "file").write_text("")
    refused = CliRunner().invoke(import_scans, [str(tmp_path / "scan.hs"), "--out", str(tmp_path / "file" / "out")])
    assert refused.exit_code == 1
    assert (
        refused.output.strip()
        == "Error: out cannot be written: file is a file, not a folder. Choose another folder with --out."
    )
    missing = CliRunner().invoke(import_scans, [str(tmp_path / "nowhere"), "--out", str(tmp_path / "out")])
    assert missing.exit_code == 1
    assert "There is no such file or folder: nowhere. Check the path." in missing.output


def test_importing_again_without_the_map_keeps_the_study_that_has_it(tmp_path: Path, study: Study) -> None:
    write_interfile(tmp_path / "scan.hs", study)
    assert study.attenuation is not None
    write_nifti(tmp_path / "maps" / "mumap.nii.gz", study.attenuation, PatientFrame.centred(study.geometry.grid))
    out = tmp_path / "out"
    [first] = run(tmp_path / "scan.hs", "--ct", tmp_path / "maps" / "mumap.nii.gz", "--out", out)["scans"]
    assert first["attenuation"] and not first["kept"]
    before = Path(first["out"]).read_bytes()
    [again] = run(tmp_path / "scan.hs", "--out", out)["scans"]
    assert (again["out"], again["kept"]) == (first["out"], True)
    assert Path(first["out"]).read_bytes() == before
    shown = CliRunner().invoke(import_scans, [str(tmp_path / "scan.hs"), "--out", str(out)]).stdout
    assert (
        shown.strip() == f"scan.hs: kept {first['out']}, which exists already. Remove it first to import the scan anew."
    )
    Path(first["out"]).unlink()
    [anew] = run(tmp_path / "scan.hs", "--out", out)["scans"]
    assert not anew["kept"] and not anew["attenuation"]


def test_each_scan_is_told_as_soon_as_it_is_imported(
    tmp_path: Path, study: Study, monkeypatch: pytest.MonkeyPatch
) -> None:
    there: list[int] = []
    (tmp_path / "in").mkdir()
    for number, name in enumerate("ab"):
        write_interfile(tmp_path / "in" / f"{name}.hs", replace(study, projections=study.projections + number))
    out = tmp_path / "out"
    monkeypatch.setattr("model.commands.import_scans._print", lambda _: there.append(len(list(out.iterdir()))))
    assert CliRunner().invoke(import_scans, [str(tmp_path / "in"), "--out", str(out)]).exit_code == 0
    assert there == [1, 2]
