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
    assert row["attenuation"] and row["reference"]
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
    assert "No scan was found" in run(tmp_path / "empty", "--out", tmp_path / "out", code=1)
    assert "nowhere" in run(tmp_path / "nowhere", "--out", tmp_path / "out", code=1)
