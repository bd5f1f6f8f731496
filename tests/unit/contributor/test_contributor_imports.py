"""Promises about imports: every scan once, whole or not at all, whatever ends them; nobody is named outside of the list."""

import io
import json
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from contributor.services.staging import place_in
from fl_core.errors import ComputeFailed, InvalidInput
from fl_core.protocol.messages import Json
from fl_core.supervision.jobs import JobCancelled, run_job
from tests.support.contributor import TestSite, enrolled_site, wait_for
from tests.support.dicom import nm_file
from tests.support.studies import bytes_with_key, tiny_study, write_tiny_study


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        one.daemon.services.storage.prepare()
        one.daemon.services.imports.start()
        yield one


def _named(patient_id: str, name: str = "Roe^Richard") -> Callable[[Any], None]:
    def change(dataset: Any) -> None:
        dataset.PatientID, dataset.PatientName = patient_id, name

    return change


def _folder(tmp_path: Path, number: int = 3) -> Path:
    folder = tmp_path / "camera"
    folder.mkdir()
    for seed in range(number):
        nm_file(folder / f"scan-{seed}.dcm", _named(f"MRN-{seed}"), study=tiny_study(seed))
    return folder


def _begin(site: TestSite, folder: Path) -> str:
    answer = site.client.post("/api/v1/imports/folder", json={"path": str(folder)})
    assert answer.status_code == 201, answer.json
    return str(answer.json["id"])


def _ended(site: TestSite, import_id: str) -> Json:
    def view() -> Json:
        found: Json = site.client.get(f"/api/v1/imports/{import_id}").json
        return found

    wait_for(lambda: view()["state"] in {"done", "failed", "cancelled"}, 30.0)
    return view()


def _files(site: TestSite, import_id: str) -> dict[str, Json]:
    rows = site.client.get(f"/api/v1/imports/{import_id}/files").json["items"]
    return {row["name"]: row for row in rows}


def test_a_folder_of_dicom_becomes_studies_and_every_file_has_a_row(site: TestSite, tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    write_tiny_study(folder / "made.h5", 7)
    (folder / "cut.dcm").write_bytes((folder / "scan-0.dcm").read_bytes()[:900])
    (folder / "notes.txt").write_text("no scan")
    view = _ended(site, _begin(site, folder))
    assert (view["state"], view["added"], view["refused"], view["duplicate"]) == ("done", 4, 2, 0)
    rows = _files(site, str(view["id"]))
    assert set(rows) == {"scan-0.dcm", "scan-1.dcm", "scan-2.dcm", "made.h5", "cut.dcm", "notes.txt"}
    assert rows["notes.txt"]["code"] == "import.not_a_scan"
    assert rows["cut.dcm"]["state"] == "refused"
    assert rows["cut.dcm"]["detail"]
    studies = site.client.get("/api/v1/studies").json["items"]
    assert {study["name"] for study in studies} == {"scan-0.dcm", "scan-1.dcm", "scan-2.dcm", "made.h5"}
    assert len(list(site.paths.studies.iterdir())) == 4
    assert list((site.paths.incoming / "ready").iterdir()) == []


def test_a_study_is_added_by_the_account_that_began_its_import(site: TestSite, tmp_path: Path) -> None:
    _ended(site, _begin(site, _folder(tmp_path, 2)))
    rows = site.daemon.services.records.audit_rows(after=0, limit=1000)
    actors = {action: {row.actor for row in rows if row.action == action} for action in ("import.begun", "study.added")}
    assert actors == {"import.begun": {"Owner"}, "study.added": {"Owner"}}


def test_a_study_file_that_cannot_be_used_leaves_nothing_behind_and_says_why(site: TestSite, tmp_path: Path) -> None:
    folder = tmp_path / "made"
    folder.mkdir()
    for seed, name in enumerate(("good", "nan")):
        write_tiny_study(folder / f"{name}.h5", seed)
    with h5py.File(folder / "nan.h5", "r+") as file:
        file["projections"][0, 0, 0, 0] = np.nan
    whole = (folder / "good.h5").read_bytes()
    (folder / "cut.h5").write_bytes(whole[: len(whole) // 2])
    view = _ended(site, _begin(site, folder))
    rows = _files(site, str(view["id"]))
    assert {name: row["state"] for name, row in rows.items()} == {
        "good.h5": "added", "nan.h5": "refused", "cut.h5": "refused",
    }  # fmt: skip
    assert all(row["code"] and row["detail"] and row["advice"] for row in (rows["nan.h5"], rows["cut.h5"]))
    assert str(rows["nan.h5"]["code"]).startswith("study.")
    [kept] = site.paths.studies.iterdir()
    assert bytes_with_key(kept, "tiny-0") == whole
    assert kept.read_bytes() != whole


def test_a_file_over_the_limit_is_refused_and_leaves_nothing(site: TestSite, tmp_path: Path) -> None:
    site.daemon.services.imports._limit_bytes = 1000
    import_id = site.client.post("/api/v1/imports").json["id"]
    write_tiny_study(tmp_path / "big.h5", 0)
    data = {"files": [(io.BytesIO((tmp_path / "big.h5").read_bytes()), "big.h5")]}
    answer = site.client.post(f"/api/v1/imports/{import_id}/files", data=data, content_type="multipart/form-data")
    assert (answer.status_code, answer.json["code"]) == (413, "upload.too_large")
    assert list((site.paths.incoming / import_id).iterdir()) == []


@pytest.mark.parametrize("path", ["relative/folder", "/no/such/folder"])
def test_a_folder_that_is_not_there_is_said_so(site: TestSite, path: str) -> None:
    answer = site.client.post("/api/v1/imports/folder", json={"path": path})
    assert (answer.status_code, answer.json["code"]) == (422, "input.invalid")


def test_the_same_folder_again_adds_nothing(site: TestSite, tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    (folder / "again").mkdir()
    nm_file(folder / "again" / "other-name.dcm", _named("MRN-0"), study=tiny_study(0))
    first = _ended(site, _begin(site, folder))
    assert (first["added"], first["duplicate"]) == (3, 1)
    second = _ended(site, _begin(site, folder))
    assert (second["added"], second["duplicate"]) == (0, 4)
    assert all(row["study_id"] for row in _files(site, str(second["id"])).values())
    assert len(list(site.paths.studies.iterdir())) == 3


def test_files_of_a_page_are_read_and_their_copies_are_gone_afterwards(site: TestSite, tmp_path: Path) -> None:
    folder = _folder(tmp_path, 2)
    import_id = site.client.post("/api/v1/imports").json["id"]
    for path in sorted(folder.iterdir()):
        data = {"files": [(io.BytesIO(path.read_bytes()), f"ROE RICHARD/{path.name}")]}
        answer = site.client.post(f"/api/v1/imports/{import_id}/files", data=data, content_type="multipart/form-data")
        assert answer.json["files"] == 1
    assert len(list((site.paths.incoming / import_id).rglob("*.dcm"))) == 2
    site.client.post(f"/api/v1/imports/{import_id}/begin")
    view = _ended(site, import_id)
    assert (view["state"], view["added"]) == ("done", 2)
    wait_for(lambda: not (site.paths.incoming / import_id).exists())
    late = {"files": [(io.BytesIO(b"x"), "late.dcm")]}
    answer = site.client.post(f"/api/v1/imports/{import_id}/files", data=late, content_type="multipart/form-data")
    assert answer.status_code == 409


@pytest.mark.parametrize(
    "given", ["../../etc/passwd", "/abs/x.dcm", "..\\..\\x.dcm", "", ".hidden", "a\x00b", "é" * 400]
)
def test_no_name_leads_out_of_the_imports_own_folder(tmp_path: Path, given: str) -> None:
    place = place_in(tmp_path, given)
    assert place.resolve().is_relative_to(tmp_path.resolve())
    assert place != tmp_path
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(b"")
    assert place_in(tmp_path, given) != place


def test_a_path_without_end_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput):
        place_in(tmp_path, "a/" * 40)


def test_a_cancelled_import_keeps_what_it_added_and_goes_on_from_there(site: TestSite, tmp_path: Path) -> None:
    folder, imports = _folder(tmp_path, 4), site.daemon.services.imports
    told = threading.Event()

    def until_two(module: str, request: dict[str, object], **options: Any) -> dict[str, object]:
        hear, ready = options.pop("on_progress"), 0

        def heard(line: dict[str, object]) -> None:
            nonlocal ready
            hear(line)
            ready += "ready" in line
            if ready == 2:
                told.set()
                wait_for(options["cancel"].is_set)

        return run_job(module, request, on_progress=heard, **options)

    imports._run = until_two
    import_id = _begin(site, folder)
    assert told.wait(20.0)
    site.client.post(f"/api/v1/imports/{import_id}/cancel")
    view = _ended(site, import_id)
    assert (view["state"], view["added"], view["waiting"], view["can_resume"]) == ("cancelled", 2, 2, True)
    imports._run = run_job
    site.client.post(f"/api/v1/imports/{import_id}/resume")
    wait_for(lambda: site.client.get(f"/api/v1/imports/{import_id}").json["state"] == "done", 20.0)
    assert _ended(site, import_id)["added"] == 4
    assert len(list(site.paths.studies.iterdir())) == 4


def test_an_import_that_was_running_when_the_daemon_ended_goes_on_at_the_next_start(tmp_path: Path) -> None:
    folder = _folder(tmp_path)

    def ended_by_the_daemon(module: str, request: dict[str, object], **options: Any) -> dict[str, object]:
        hear = options.pop("on_progress")

        def heard(line: dict[str, object]) -> None:
            hear(line)
            if "ready" in line:
                message = "the daemon ends"
                raise JobCancelled(message)

        return run_job(module, request, on_progress=heard, **options)

    with enrolled_site(tmp_path) as before:
        before.daemon.services.storage.prepare()
        before.daemon.services.imports._run = ended_by_the_daemon
        before.daemon.services.imports.start()
        import_id = _begin(before, folder)
        wait_for(lambda: before.client.get(f"/api/v1/imports/{import_id}").json["added"] >= 1, 20.0)
        before.daemon.services.imports.stop()
        assert before.client.get(f"/api/v1/imports/{import_id}").json["state"] == "running"
    from tests.support.contributor import client_of, composed

    with composed(tmp_path / "site") as after:
        after.services.storage.prepare()
        after.services.studies.reconcile()
        after.services.imports.start()
        client = client_of(after)
        wait_for(lambda: client.get(f"/api/v1/imports/{import_id}").json["state"] == "done", 20.0)
        assert client.get(f"/api/v1/imports/{import_id}").json["added"] == 3
        assert len(client.get("/api/v1/studies").json["items"]) == 3


def test_a_file_that_ends_the_reading_program_is_left_out_and_the_others_come_in(
    site: TestSite, tmp_path: Path
) -> None:
    folder = _folder(tmp_path)

    def crashing(module: str, request: dict[str, object], **options: Any) -> dict[str, object]:
        hear = options.pop("on_progress")

        def heard(line: dict[str, object]) -> None:
            hear(line)
            if line.get("reading") == "scan-1.dcm":
                message = "it died; its last words: Roe^Richard"
                raise ComputeFailed(message)

        return run_job(module, request, on_progress=heard, **options)

    site.daemon.services.imports._run = crashing
    view = _ended(site, _begin(site, folder))
    assert (view["state"], view["added"], view["refused"]) == ("done", 2, 1)
    row = _files(site, str(view["id"]))["scan-1.dcm"]
    assert row["code"] == "import.crashed"
    assert "Roe" not in str(row)


def test_an_import_stops_before_the_disk_is_full_and_goes_on_when_there_is_room(site: TestSite, tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    site.client.put("/api/v1/storage", json={"quota_bytes": 30_000})
    view = _ended(site, _begin(site, folder))
    assert (view["state"], view["code"]) == ("failed", "storage.quota")
    assert 1 <= int(str(view["added"])) < 3
    assert site.client.get("/api/v1/storage").json["used_bytes"] <= 30_000
    site.client.put("/api/v1/storage", json={"quota_bytes": None})
    site.client.post(f"/api/v1/imports/{view['id']}/resume")
    wait_for(lambda: site.client.get(f"/api/v1/imports/{view['id']}").json["state"] == "done", 20.0)
    assert len(list(site.paths.studies.iterdir())) == 3


def test_the_folder_of_the_data_itself_is_no_source(site: TestSite) -> None:
    answer = site.client.post("/api/v1/imports/folder", json={"path": str(site.paths.studies)})
    assert answer.status_code == 422


def test_a_study_tells_what_was_removed_and_why_it_may_not_train(site: TestSite, tmp_path: Path) -> None:
    folder = _folder(tmp_path, 1)
    _ended(site, _begin(site, folder))
    [study] = site.client.get("/api/v1/studies").json["items"]
    details = site.client.get(f"/api/v1/studies/{study['id']}/details").json
    assert {"name": "PatientName", "category": "name", "count": 1} in details["removed"]
    assert details["hindrances"] == [], "a training that learns from all counts may use it"
    assert details["remarks"][:2] == ["no_reference", "no_attenuation"]
    assert details["geometry"]["views"] == 12
    assert details["geometry"]["arc_deg"] == 180.0
    assert details["patient_from"] == "site key"


def test_nothing_that_people_read_elsewhere_names_a_file(site: TestSite, tmp_path: Path) -> None:
    folder = _folder(tmp_path, 1)
    (folder / "scan-0.dcm").rename(folder / "ROE_RICHARD.dcm")
    _ended(site, _begin(site, folder))
    [study] = site.client.get("/api/v1/studies").json["items"]
    assert study["name"] == "ROE_RICHARD.dcm"  # the site's own list
    for path in ("/api/v1/activity", "/api/v1/audit?limit=1000", "/api/v1/system"):
        assert "ROE" not in site.client.get(path).get_data(as_text=True)


def test_an_import_is_forgotten_with_its_names(site: TestSite, tmp_path: Path) -> None:
    view = _ended(site, _begin(site, _folder(tmp_path, 1)))
    assert site.client.delete(f"/api/v1/imports/{view['id']}").status_code == 200
    assert site.client.get(f"/api/v1/imports/{view['id']}").status_code == 404
    assert len(site.client.get("/api/v1/studies").json["items"]) == 1
    row = site.daemon.services.records.audit_rows(after=0, limit=1000)[-1]
    assert (row.actor, row.action, row.subject) == ("Owner", "import.forgotten", view["id"])


def _failed_with_files(site: TestSite, tmp_path: Path) -> Path:
    """Let an import of handed-over files fail; return the folder that they lie in."""

    def failing(*_: object, **__: object) -> dict[str, object]:
        message = "no program that reads scans"
        raise ComputeFailed(message)

    site.daemon.services.imports._run = failing
    import_id = site.client.post("/api/v1/imports").json["id"]
    scan = nm_file(tmp_path / "scan.dcm", _named("MRN-1"), study=tiny_study(1))
    data = {"files": [(io.BytesIO(scan.read_bytes()), "scan.dcm")]}
    site.client.post(f"/api/v1/imports/{import_id}/files", data=data, content_type="multipart/form-data")
    site.client.post(f"/api/v1/imports/{import_id}/begin")
    assert _ended(site, import_id)["state"] == "failed"
    place = site.paths.incoming / str(import_id)
    assert (place / "scan.dcm").is_file()
    return place


def _move(site: TestSite, folder: Path) -> Any:
    return site.client.put("/api/v1/storage", json={"folder": str(folder), "quota_bytes": None})


def test_the_folder_is_not_changed_while_files_of_a_failed_import_lie_in_it(site: TestSite, tmp_path: Path) -> None:
    place = _failed_with_files(site, tmp_path)
    answer = _move(site, tmp_path / "other")
    assert (answer.status_code, answer.json["code"]) == (409, "storage.in_use")
    assert site.paths.data == site.paths.home
    site.client.delete(f"/api/v1/imports/{place.name}")
    assert not place.exists()
    assert _move(site, tmp_path / "other").status_code == 200


@pytest.mark.parametrize("way", ["forgotten", "everything"])
def test_files_of_a_failed_import_go_from_where_they_were_put(site: TestSite, tmp_path: Path, way: str) -> None:
    place = _failed_with_files(site, tmp_path)
    site.paths.storage.write_text(json.dumps({"folder": str(tmp_path / "other")}))  # as an earlier version moved it
    if way == "forgotten":
        assert site.client.delete(f"/api/v1/imports/{place.name}").status_code == 200
    else:
        answer = site.client.post("/api/v1/storage/removal", json={"studies": 0})
        assert (answer.status_code, answer.json["imports"]) == (200, 1)
    assert not place.exists()
