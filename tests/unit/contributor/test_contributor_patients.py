"""Promises about patients and the place of their data: withdrawn means out of every use, removed means gone."""

import stat
from collections.abc import Iterator
from pathlib import Path
from typing import cast

import pytest

from contributor.services.inspection import pseudonym_of_number
from contributor.services.patients import numbers_of
from fl_core.errors import InvalidInput
from fl_core.protocol.messages import Json
from model.io.scans import FileKind, Scan
from tests.support.contributor import TestSite, enrolled_site
from tests.support.dicom import nm_file
from tests.support.studies import tiny_study


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        one.daemon.services.storage.prepare()
        yield one


def _take(site: TestSite, tmp_path: Path, number: str, seed: int) -> str:
    """Take one DICOM acquisition of a patient as an import does, without the child process."""
    from contributor.ready import Ready
    from contributor.services.inspection import site_key
    from model.intake import prepare

    scan = nm_file(tmp_path / f"{seed}.dcm", lambda ds: setattr(ds, "PatientID", number), study=tiny_study(seed))
    studies, folder = site.daemon.services.studies, site.paths.incoming
    ready = prepare(Scan(scan, FileKind.DICOM), folder, site_key=site_key(studies.secret()))
    view = studies.take(Ready.model_validate(ready.to_dict()), folder / ready.file, f"{seed}.dcm")
    return view.id


def _states(site: TestSite) -> dict[str, str]:
    return {one["id"]: one["state"] for one in site.client.get("/api/v1/studies").json["items"]}


def _pseudonym(site: TestSite, number: str) -> str:
    return pseudonym_of_number(site.daemon.services.studies.secret(), number)


def _post(site: TestSite, path: str, body: Json | None = None, status: int = 200) -> Json:
    answer = site.client.post(f"/api/v1{path}", json=body or {})
    assert answer.status_code == status, answer.json
    return cast("Json", answer.json)


def test_a_withdrawn_patient_leaves_running_sessions_and_comes_back(site: TestSite) -> None:
    mine = site.add_studies(2, patient_key="one")
    [other] = site.add_studies(1, first_seed=5, patient_key="two")
    session = site.receive()
    site.answer(session)
    assert len(site.grants().grants[session].studies) == 3
    patient = site.client.get(f"/api/v1/studies/{mine[0]}").json["patient"]
    view = _post(site, f"/patients/{patient}/withdraw")
    assert (view["studies"], view["usable"]) == (2, 0)
    assert view["withdrawn_by"]
    assert _states(site) == {mine[0]: "withdrawn", mine[1]: "withdrawn", other: "usable"}
    assert len(site.grants().grants[session].studies) == 1
    assert site.daemon.services.studies.summary().studies_usable == 1
    assert "patient.withdrawn" in site.audit_actions()
    assert site.client.post(f"/api/v1/studies/{mine[0]}/restore").json["code"] == "patient.withdrawn"
    _post(site, f"/patients/{patient}/withdraw", status=409)
    assert _post(site, f"/patients/{patient}/restore")["usable"] == 2
    assert len(site.grants().grants[session].studies) == 3
    assert "patient.restored" in site.audit_actions()
    _post(site, f"/patients/{patient}/restore", status=409)


def test_what_was_withdrawn_on_its_own_stays_so_when_the_patient_comes_back(site: TestSite) -> None:
    first, second = site.add_studies(2, patient_key="one")
    site.client.delete(f"/api/v1/studies/{first}")
    patient = site.client.get(f"/api/v1/studies/{first}").json["patient"]
    _post(site, f"/patients/{patient}/withdraw")
    _post(site, f"/patients/{patient}/restore")
    assert _states(site) == {first: "withdrawn", second: "usable"}


def test_a_later_study_of_a_withdrawn_patient_comes_in_withdrawn(site: TestSite, tmp_path: Path) -> None:
    first = _take(site, tmp_path, "77", 1)
    patient = _pseudonym(site, "77")
    assert site.client.get(f"/api/v1/studies/{first}").json["patient"] == patient
    _post(site, f"/patients/{patient}/withdraw")
    later = _take(site, tmp_path, " 77 ", 2)
    assert _states(site) == {first: "withdrawn", later: "withdrawn"}
    details = site.client.get(f"/api/v1/studies/{later}/details").json
    assert "patient_withdrawn" in details["hindrances"]
    _post(site, f"/patients/{patient}/restore")
    assert _states(site) == {first: "usable", later: "usable"}


def test_a_list_is_compared_and_not_kept(site: TestSite, tmp_path: Path) -> None:
    _take(site, tmp_path, "AB-1", 1)
    _take(site, tmp_path, "AB-2", 2)
    site.add_studies(1, first_seed=9)
    text = "Name;Patient ID;Born\nRoe, Richard;ab-1;1950\nDoe, Jane;AB-3;1951\nRoe, Richard;AB-1;1950\n"
    found = _post(site, "/patients/reconcile", {"text": text})
    rows = cast("list[Json]", found["rows"])
    assert found["column"] == "Patient ID"
    assert [(row["given"], row["state"], row["row"]) for row in rows] == [
        ("ab-1", "available", 2),
        ("AB-3", "missing", 3),
    ]
    assert (found["repeated"], found["unmatched"]) == (1, 1)
    assert [(one["studies"], one["names"]) for one in cast("list[Json]", found["unlisted"])] == [(1, ["2.dcm"])]
    _post(site, f"/patients/{_pseudonym(site, 'AB-1')}/withdraw")
    again = _post(site, "/patients/reconcile", {"text": text})
    assert cast("list[Json]", again["rows"])[0]["state"] == "withdrawn"
    raw = b"".join(path.read_bytes() for path in site.paths.home.rglob("*") if path.is_file())
    for word in (b"AB-3", b"ab-1", b"Richard", b"Jane"):
        assert word not in raw


def test_a_number_that_a_study_file_gives_as_its_key_is_found_in_a_list(site: TestSite) -> None:
    site.add_studies(2, patient_key="AB-7")
    site.add_studies(1, first_seed=5)
    found = _post(site, "/patients/reconcile", {"text": "ab-7"})
    [row] = cast("list[Json]", found["rows"])
    assert (row["state"], row["studies"], found["unmatched"], found["unlisted"]) == ("available", 2, 1, [])


@pytest.mark.parametrize(
    ("text", "column", "numbers"),
    [
        ("17\n18\n\n19", "", ["17", "18", "19"]),
        ("MRN,Name\n17,Roe\n18,Doe", "MRN", ["17", "18"]),
        ("\ufeffName\tPatienten-Nr.\nRoe\t17", "Patienten-Nr.", ["17"]),
        ('"17";"Roe; R"\n"18";"Doe"', "", ["17", "18"]),
    ],
)
def test_the_column_of_the_numbers_is_found(text: str, column: str, numbers: list[str]) -> None:
    heading, rows = numbers_of(text)
    assert (heading, [number for _, number in rows]) == (column, numbers)


@pytest.mark.parametrize("text", ["\n\n", "Name;Patient ID\nRoe;\n", "1\n" * 20_001])
def test_a_list_without_numbers_or_without_end_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        numbers_of(text)


def test_everything_of_patients_is_removed_and_only_the_audit_tells(site: TestSite, tmp_path: Path) -> None:
    study = _take(site, tmp_path, "MRN-4711", 1)
    patient = _pseudonym(site, "MRN-4711")
    _post(site, f"/patients/{patient}/withdraw")
    site.add_studies(2, first_seed=3)
    session = site.receive()
    site.answer(session)
    _post(site, "/storage/removal", {"studies": 2}, status=409)
    removed = _post(site, "/storage/removal", {"studies": 3})
    assert removed["studies"] == 3
    assert site.client.get("/api/v1/studies").json["items"] == []
    assert site.client.get("/api/v1/patients").json["items"] == []
    assert site.grants().grants[session].studies == ()
    assert list(site.paths.studies.iterdir()) == []
    assert not site.paths.pseudonym_secret.exists()
    assert "data.removed" in site.audit_actions()
    assert site.daemon.services.records.verify_audit().ok
    database = b"".join(path.read_bytes() for path in site.paths.home.glob("flomir.sqlite*"))
    assert b"1.dcm" not in database
    assert study.encode() in database  # the audit row of its arrival


def test_the_folder_of_the_data_is_chosen_before_the_first_study(site: TestSite, tmp_path: Path) -> None:
    target = tmp_path / "data disk" / "flomir"
    change = {"folder": str(target), "quota_bytes": 10**9}
    view = site.client.put("/api/v1/storage", json=change).json
    assert (view["folder"], view["chosen"], view["quota_bytes"]) == (str(target), "page", 10**9)
    [study] = site.add_studies(1)
    assert (target / "studies" / f"{study}.h5").is_file()
    assert stat.S_IMODE(target.stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "studies").stat().st_mode) == 0o700
    assert stat.S_IMODE((target / "studies" / f"{study}.h5").stat().st_mode) == 0o600
    answer = site.client.put("/api/v1/storage", json={"folder": str(tmp_path / "other"), "quota_bytes": None})
    assert answer.json["code"] == "storage.in_use"


@pytest.mark.parametrize("make", ["relative", "full", "file"])
def test_a_folder_that_cannot_be_ours_alone_is_refused(site: TestSite, tmp_path: Path, make: str) -> None:
    folder = tmp_path / "wanted"
    if make == "full":
        folder.mkdir()
        (folder / "letter.txt").write_text("mine")
    if make == "file":
        folder.write_text("mine")
    given = "some/where" if make == "relative" else str(folder)
    answer = site.client.put("/api/v1/storage", json={"folder": given, "quota_bytes": None})
    assert answer.status_code == 422
    assert site.paths.data == site.paths.home


def test_a_full_disk_refuses_before_anything_is_written(site: TestSite, tmp_path: Path) -> None:
    site.daemon.services.storage._free_bytes = lambda _path: 2**20
    answer = site.client.post("/api/v1/imports")
    assert (answer.status_code, answer.json["code"]) == (507, "storage.disk_low")
    assert site.client.get("/api/v1/storage").json["level"] == "full"
