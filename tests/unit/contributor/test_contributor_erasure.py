"""Promises about erasing a patient: everything goes, whatever ends the work half-way, and others keep what is theirs."""

import io
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, cast

import pytest

from contributor.roles import ROLES
from contributor.schemas_results import ReconstructionDetails
from contributor.services import erasure, kept_files
from contributor.services.inspection import pseudonym_of_number
from fl_core.errors import ComputeFailed, NotFound, StudyUnusable
from fl_core.flower.consent_check import consented_grant
from fl_core.protocol.messages import Json, SitePhase
from fl_core.protocol.plan import RunnerEvent, SentUpdate
from fl_core.storage.lab_work import JobEvent
from fl_core.storage.site_erasure import ErasureStore, Remains, names_of
from fl_core.storage.site_models import ReconstructionRecord, ReconstructionStore
from fl_core.storage.site_results import OwnResultRecord, OwnResultStore
from fl_core.storage.site_sessions import SiteSessionStore
from fl_core.supervision.jobs import run_job
from fl_core.web.principal import PRINCIPAL, Principal
from tests.support.contributor import TestSite, client_of, composed, enrolled_site, make_offer, wait_for
from tests.support.dicom import nm_file
from tests.support.studies import tiny_study

NUMBER = "MRN-4711"
MADE, RESULT = "reconstruction-00000000000a", "result-00000000000a"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        one.daemon.services.storage.prepare()
        one.daemon.services.imports.start()
        yield one


def _scan(path: Path, number: str, seed: int) -> Path:
    def change(dataset: Any) -> None:
        dataset.PatientID, dataset.PatientName = number, "Roe^Richard"

    path.parent.mkdir(parents=True, exist_ok=True)
    return nm_file(path, change, study=tiny_study(seed))


def _import(site: TestSite, folder: Path) -> Json:
    import_id = site.client.post("/api/v1/imports/folder", json={"path": str(folder)}).json["id"]
    return _ended(site, import_id)


def _ended(site: TestSite, import_id: str) -> Json:
    def view() -> Json:
        return cast("Json", site.client.get(f"/api/v1/imports/{import_id}").json)

    wait_for(lambda: view()["state"] in {"done", "failed", "cancelled"}, 30.0)
    return view()


def _study_of(site: TestSite, number: str) -> str:
    patient = pseudonym_of_number(site.daemon.services.studies.secret(), number)
    items = site.client.get("/api/v1/studies").json["items"]
    return next(str(one["id"]) for one in items if one["patient"] == patient)


def _plan(site: TestSite, study: str) -> Json:
    return cast("Json", site.client.get(f"/api/v1/studies/{study}/erasure").json)


def _erase(site: TestSite, study: str, studies: int = 1) -> Any:
    return site.client.post(f"/api/v1/studies/{study}/erasure", json={"studies": studies})


def _reconstruct(site: TestSite, study: str, *, name: str = MADE, state: Any = "done") -> list[Path]:
    record = ReconstructionRecord(
        id=name, study_id=study, model_id="model-1", state=state, created_at=datetime.now(UTC), arrays=[], metrics={},
        seconds={}, problem={"code": "", "title": "", "detail": "why", "advice": ""} if state == "failed" else None,
    )  # fmt: skip
    with site.daemon.database.begin() as tx:
        ReconstructionStore(site.daemon.database).save(tx, record)
    files = [site.paths.reconstructions / f"{name}{end}" for end in (".npz", ".json", "-model.dcm")]
    for path in files:
        path.write_bytes(b"image" * 20)
    return files


def _compare(site: TestSite, session: str, *, name: str = RESULT, state: str = "done") -> Path:
    record = OwnResultRecord(id=name, session_id=session, model_id="model-1", state=state, created_at=datetime.now(UTC))
    with site.daemon.database.begin() as tx:
        OwnResultStore(site.daemon.database).add(tx, record)
    folder = site.paths.results / name
    folder.mkdir(parents=True)
    (folder / "case-0.npz").write_bytes(b"image" * 20)
    return folder


def _train(site: TestSite, session: str) -> None:
    """Let a round of a session have sent its update."""
    sent = SentUpdate(bytes=9, tensors=1, shapes={}, sha256="0" * 64, norm=1.0, num_examples=3)
    event = RunnerEvent(
        seq=1, at=datetime.now(UTC), session_id=session, round=1, phase=SitePhase.SENT, fraction=1.0, sent=sent
    )
    with site.daemon.database.begin() as tx:
        SiteSessionStore(site.daemon.database).take(tx, [event], 1)


def _holding(home: Path, words: dict[str, bytes]) -> set[tuple[str, str]]:
    """Return which file below a folder holds, or is called by, which of the words."""
    return {
        (path.relative_to(home).as_posix(), name)
        for path in home.rglob("*")
        for name, word in words.items()
        if word.decode() in path.name or (path.is_file() and word in path.read_bytes())
    }


def _in_a_flower_round(site: TestSite, session: str) -> Callable[[], object]:
    """Return what a round asks again and again while it works with the present studies."""
    grants = site.grants()
    used, bundle = frozenset(grants.grants[session].studies), grants.grants[session].bundle_sha256
    return lambda: consented_grant(site.grants(), session, 1, bundle, used=used)


def test_nothing_of_an_erased_patient_is_left_but_ids_in_signed_and_chained_records(
    site: TestSite, tmp_path: Path
) -> None:
    _scan(tmp_path / "ROE_RICHARD" / "roe-rest.dcm", NUMBER, 1)
    _scan(tmp_path / "ROE_RICHARD" / "roe-stress.dcm", NUMBER, 2)
    (tmp_path / "ROE_RICHARD" / "letter-about-roe.txt").write_text("no scan")
    _scan(tmp_path / "camera" / "DOE" / "doe.dcm", "MRN-1", 3)
    _scan(tmp_path / "camera" / "ROE" / "roe-again.dcm", NUMBER, 4)
    (tmp_path / "camera" / "ROE" / "roe-notes.txt").write_text("no scan")
    alone, shared = _import(site, tmp_path / "ROE_RICHARD"), _import(site, tmp_path / "camera")
    assert (alone["added"], shared["added"], shared["total"]) == (2, 2, 3)
    study, other = _study_of(site, NUMBER), _study_of(site, "MRN-1")
    patient = site.client.get(f"/api/v1/studies/{study}").json["patient"]
    mine = [s for s in site.daemon.services.studies.records() if s.patient == patient]
    site.client.get(f"/api/v1/studies/{study}/quality")
    session = site.receive(make_offer(task_parameters=_learning_without_reference()))
    assert site.answer(session)["state"] == "agreed"
    _train(site, session)
    images, folder = _reconstruct(site, study, state="failed"), _compare(site, session)
    site.client.post(f"/api/v1/patients/{patient}/withdraw")
    sources = site.daemon.services.studies._sources.by_study()
    words = {
        "names": b"roe-", "folder": b"ROE_RICHARD", "name": b"Richard", "number": NUMBER.encode(), "patient": patient.encode(),
        **{f"content {one.id}": sources[one.id].content.encode() for one in mine},
    }  # fmt: skip
    ids = {one.id: one.id.encode() for one in mine} | {MADE: MADE.encode(), RESULT: RESULT.encode()}
    before = {word for _, word in _holding(site.paths.home, words)}
    assert {"names", "folder", "patient"} <= before

    plan = _plan(site, mine[-1].id)
    assert {key: plan[key] for key in ("studies", "reconstructions", "results", "imports", "problem")} == {
        "studies": 3, "reconstructions": 1, "results": 1, "imports": 1, "problem": None,
    }  # fmt: skip
    assert plan["sessions"] == [{"session_id": session, "title": "Cardiac SPECT", "updates": 1}]
    answer = _erase(site, study, 3)
    assert answer.status_code == 200, answer.json
    assert answer.json == {key: plan[key] for key in answer.json}

    for path in (*images, folder, *(site.paths.studies / one.file for one in mine)):
        assert not path.exists()
    assert _holding(site.paths.home, words) == set()
    assert all(file.startswith("flomir.sqlite") for file, _ in _holding(site.paths.home, ids))
    for resource in ("studies", "patients", "imports", "quality", "reconstructions", "results", "activity"):
        told = site.client.get(f"/api/v1/{resource}").get_data(as_text=True)
        assert not [one for one in ids if one in told], resource
    assert [one["id"] for one in site.client.get("/api/v1/studies").json["items"]] == [other]
    assert site.client.get(f"/api/v1/requests/{session}").json["consent"]["study_count"] == 4


def test_what_is_kept_names_nobody_and_still_verifies(site: TestSite, tmp_path: Path) -> None:
    _scan(tmp_path / "camera" / "roe.dcm", NUMBER, 1)
    _import(site, tmp_path / "camera")
    study = _study_of(site, NUMBER)
    session = site.receive(make_offer(task_parameters=_learning_without_reference()))
    site.answer(session)
    signed = site.daemon.services.requests._store.get(session)
    assert _erase(site, study).status_code == 200
    row = site.daemon.services.records.audit_rows(after=0, limit=1000)[-1]
    assert (row.actor, row.action, row.subject) == ("Owner", "patient.erased", "")
    assert row.details == {"studies": 1, "files": 1, "reconstructions": 0, "results": 0, "import_entries": 1}
    assert site.daemon.services.records.verify_audit().ok
    assert site.daemon.services.requests._store.get(session) == signed
    assert site.daemon.services.studies.summary().studies_total == 0
    assert site.told("study_deleted") == [{"id": study}]
    assert site.told("import_deleted")
    line = site.client.get("/api/v1/activity").json["items"][0]
    assert (line["key"], line["subject"]) == ("patient.erased", None)


def test_a_round_that_works_with_the_patient_ends_without_an_update(site: TestSite) -> None:
    [gone] = site.add_studies(1, patient_key="one")
    [stays] = site.add_studies(1, first_seed=5, patient_key="two")
    session = site.receive()
    site.answer(session)
    check = _in_a_flower_round(site, session)
    check()
    assert _erase(site, gone).status_code == 200
    with pytest.raises(StudyUnusable):
        check()
    assert [Path(one).stem for one in site.grants().grants[session].studies] == [stays]
    assert site.client.get(f"/api/v1/requests/{session}").json["state"] == "agreed"
    assert site.client.get("/api/v1/sessions").status_code == 200


def test_the_permission_ends_before_a_file_goes(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    [study] = site.add_studies(1)
    session = site.receive()
    site.answer(session)
    seen: list[tuple[str, ...]] = []

    def remove(folder: Path, name: str) -> None:
        seen.append(site.grants().grants[session].studies)
        kept_files.remove_of(folder, name)

    monkeypatch.setattr(erasure, "remove_of", remove)
    assert _erase(site, study).status_code == 200
    assert set(seen) == {()}


def test_a_study_without_a_patient_is_a_patient_of_its_own(site: TestSite) -> None:
    first, second = site.add_studies(2)
    with site.daemon.database.begin() as tx:
        store = site.daemon.services.studies._store
        for study in (first, second):
            store.replace(tx, _without_patient(store.get(study)))
    plan = _plan(site, first)
    assert (plan["patient"], plan["studies"]) == (None, 1)
    assert _erase(site, first).status_code == 200
    assert [one["id"] for one in site.client.get("/api/v1/studies").json["items"]] == [second]


def test_the_same_scans_can_come_in_again_and_nothing_remembers_them(site: TestSite, tmp_path: Path) -> None:
    _scan(tmp_path / "camera" / "roe.dcm", NUMBER, 1)
    _import(site, tmp_path / "camera")
    study = _study_of(site, NUMBER)
    patient = site.client.get(f"/api/v1/studies/{study}").json["patient"]
    site.client.post(f"/api/v1/patients/{patient}/withdraw")
    assert _erase(site, study).status_code == 200
    again = _import(site, tmp_path / "camera")
    assert (again["added"], again["duplicate"]) == (1, 0)
    anew = site.client.get(f"/api/v1/studies/{_study_of(site, NUMBER)}").json
    assert (anew["state"], anew["name"]) == ("usable", "roe.dcm")
    assert anew["id"] != study


def test_an_import_that_could_bring_the_patient_back_goes_with_the_files_that_were_handed_over(
    site: TestSite, tmp_path: Path
) -> None:
    import_id = _failed_after(site, tmp_path, [NUMBER, "MRN-1", NUMBER], read=2)
    study = _study_of(site, NUMBER)
    place = site.paths.incoming / import_id
    assert len([path for path in place.rglob("*") if path.is_file()]) == 3
    plan = _plan(site, study)
    assert (plan["imports"], plan["import_entries"], plan["problem"], plan["files"]) == (1, 3, None, 4)
    assert _erase(site, study).status_code == 200
    assert not place.exists()
    assert site.client.get(f"/api/v1/imports/{import_id}").status_code == 404
    assert site.client.get(f"/api/v1/studies/{_study_of(site, 'MRN-1')}").status_code == 200


def test_files_that_nobody_has_read_keep_an_erasure_waiting(site: TestSite, tmp_path: Path) -> None:
    [study] = site.add_studies(1)
    import_id = _failed_after(site, tmp_path, [NUMBER], read=0)
    assert cast("Json", _plan(site, study)["problem"])["code"] == "erasure.unread"
    answer = _erase(site, study)
    assert (answer.status_code, answer.json["code"]) == (409, "erasure.unread")
    assert site.client.get(f"/api/v1/studies/{study}").status_code == 200
    site.client.delete(f"/api/v1/imports/{import_id}")
    assert _erase(site, study).status_code == 200


def test_what_is_under_way_with_the_patient_keeps_an_erasure_waiting(site: TestSite) -> None:
    [study] = site.add_studies(1, patient_key="one")
    [other] = site.add_studies(1, first_seed=5, patient_key="two")
    session = site.receive()
    site.answer(session)
    import_id = site.client.post("/api/v1/imports").json["id"]
    assert _erase(site, study).json["code"] == "erasure.busy"
    site.client.post(f"/api/v1/imports/{import_id}/cancel")
    _compare(site, session, state="queued")
    assert _erase(site, study).json["code"] == "erasure.busy"
    with site.daemon.database.begin() as tx:
        OwnResultStore(site.daemon.database).apply(tx, RESULT, JobEvent.CANCELLED)
    _reconstruct(site, other, state="running")
    assert _plan(site, other)["problem"]
    assert _plan(site, study)["problem"] is None
    assert "patient.erased" not in site.audit_actions()
    assert _erase(site, study).status_code == 200
    with site.daemon.database.read():
        assert OwnResultStore(site.daemon.database).all() == []


def test_comparisons_that_cannot_rest_on_the_patient_stay(site: TestSite) -> None:
    [study] = site.add_studies(1, patient_key="one")
    session = site.receive()
    site.answer(session)
    folder = _compare(site, session)
    [late] = site.add_studies(1, first_seed=5, patient_key="two")
    assert _plan(site, late)["results"] == 0
    assert _plan(site, late)["sessions"] == []
    assert _erase(site, late).status_code == 200
    assert folder.exists()
    assert _plan(site, study)["results"] == 1


def test_a_comparison_may_rest_on_a_study_that_an_earlier_agreement_covered(site: TestSite) -> None:
    [study] = site.add_studies(1, patient_key="one")
    site.add_studies(1, first_seed=5, patient_key="two")
    session = site.receive()
    site.answer(session)
    site.client.delete(f"/api/v1/studies/{study}")
    site.answer(session, "decline")
    site.answer(session)
    assert study not in site.daemon.services.requests._store.get(session).studies
    _compare(site, session)
    assert _plan(site, study)["results"] == 1


def test_the_number_of_studies_must_be_the_present_one(site: TestSite) -> None:
    study, _ = site.add_studies(2, patient_key="one")
    answer = _erase(site, study, 1)
    assert (answer.status_code, answer.json["code"]) == (409, "storage.count_differs")
    assert _erase(site, "study-none").status_code == 404
    assert len(site.client.get("/api/v1/studies").json["items"]) == 2


@pytest.mark.parametrize("until", ["files", "database"])
def test_an_erasure_that_was_killed_is_finished_at_the_next_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, until: str
) -> None:
    def killed(*_: object) -> bool:
        raise KeyboardInterrupt

    with enrolled_site(tmp_path) as before:
        before.daemon.services.storage.prepare()
        [study] = before.add_studies(1, patient_key="one")
        [other] = before.add_studies(1, first_seed=5, patient_key="two")
        images = _reconstruct(before, study)
        with monkeypatch.context() as patched:
            if until == "files":
                patched.setattr(erasure, "remove_of", killed)
            else:
                patched.setattr(before.daemon.database, "compact", killed)
            with pytest.raises(KeyboardInterrupt):
                before.daemon.services.erasures.erase(study, 1)
        assert images[0].exists() == (until == "files")
        assert before.client.get(f"/api/v1/studies/{study}").status_code == 404
    with composed(tmp_path / "site") as after:
        after.services.storage.prepare()
        after.services.erasures.resume()
        after.services.studies.reconcile()
        after.services.reconstructions.start()
        assert not [path for path in images if path.exists()]
        assert [path.stem for path in (tmp_path / "site" / "studies").iterdir()] == [other]
        assert ErasureStore(after.database).remains() == Remains()
        assert b"scan-0.h5" not in b"".join(path.read_bytes() for path in (tmp_path / "site").glob("flomir.sqlite*"))
        actions = [row["action"] for row in client_of(after).get("/api/v1/audit?limit=1000").json["items"]]
        assert actions.count("patient.erased") == 1
        assert "data.put_aside" not in actions


def test_files_that_cannot_be_deleted_are_said_so_and_tried_again(
    site: TestSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    [study] = site.add_studies(1)
    with monkeypatch.context() as patched:
        patched.setattr(erasure, "remove_of", lambda *_: None)
        answer = _erase(site, study)
    assert (answer.status_code, answer.json["code"]) == (500, "erasure.unfinished")
    assert site.client.get(f"/api/v1/studies/{study}").status_code == 404
    site.daemon.services.studies.reconcile()  # puts aside what the records do not know
    assert (site.paths.studies / "unknown" / f"{study}.h5").is_file()
    site.daemon.services.erasures.resume()
    assert not list(site.paths.studies.rglob(f"{study}*"))
    assert ErasureStore(site.daemon.database).remains() == Remains()


def test_a_start_goes_on_where_the_erasure_still_cannot_be_finished(site: TestSite, monkeypatch: Any) -> None:
    [study] = site.add_studies(1)
    monkeypatch.setattr(erasure, "remove_of", lambda *_: None)
    assert _erase(site, study).status_code == 500
    site.daemon.services.erasures.resume()
    assert ErasureStore(site.daemon.database).remains().studies == (study,)


def test_an_image_that_is_written_while_its_patient_is_erased_is_taken_back(site: TestSite) -> None:
    [study] = site.add_studies(1)
    _reconstruct(site, study)
    assert _erase(site, study).status_code == 200
    with pytest.raises(NotFound):
        site.daemon.services.reconstructions.keep_details(
            MADE, ReconstructionDetails(alarm=None, intervals=None, segments={}, osem_settings={})
        )
    assert not list(site.paths.reconstructions.glob(f"{MADE}*"))


def test_only_an_administrator_erases_and_everybody_may_see_what_would_go(site: TestSite) -> None:
    [study] = site.add_studies(1)
    client = site.client
    for role in ("viewer", "professional"):
        client.environ_base[PRINCIPAL] = Principal("p", "P", role, "")
        assert client.get(f"/api/v1/studies/{study}/erasure").status_code == 200
        answer = client.post(f"/api/v1/studies/{study}/erasure", json={"studies": 1})
        assert (answer.status_code, answer.json["code"]) == (403, "auth.role")
    assert ROLES.special["erasure.erase_patient"] == ROLES.special["storage.remove_data"]


@pytest.mark.parametrize(
    ("files", "gone"),
    [
        ({"a.dcm": "mine", "b.dcm": "other", "notes.txt": None}, ["a.dcm"]),
        ({"ROE/a.dcm": "mine", "ROE/notes.txt": None, "DOE/b.dcm": "other", "DOE/c.txt": None}, ["ROE/a.dcm", "ROE/notes.txt"]),
        ({"ROE/s1/a.dcm": "mine", "ROE/letter.txt": None, "b.dcm": "other"}, ["ROE/s1/a.dcm", "ROE/letter.txt"]),
        ({"x/a.dcm": "mine", "x/y/b.dcm": "other", "x/letter.txt": None}, ["x/a.dcm"]),
        ({"x/a.dcm": "mine", "b.dcm": "other", "z/letter.txt": None}, ["x/a.dcm"]),
    ],
)  # fmt: skip
def test_lines_of_files_without_a_study_go_where_their_folder_is_the_patients_alone(
    files: dict[str, str | None], gone: list[str]
) -> None:
    assert names_of(files, {"mine"}) == gone


def _learning_without_reference() -> Json:
    return {**make_offer().task_parameters, "without_reference": "full-counts"}


def _without_patient(record: Any) -> Any:
    return replace(record, patient=None)


def _failed_after(site: TestSite, tmp_path: Path, numbers: list[str], *, read: int) -> str:
    """Hand files over and let their import fail after some were read; return its id."""

    def failing(module: str, request: dict[str, object], **options: Any) -> dict[str, object]:
        hear, ready = options.pop("on_progress"), 0

        def heard(line: dict[str, object]) -> None:
            nonlocal ready
            if "reading" not in line:
                hear(line)
            ready += "ready" in line
            if ready == read and ("ready" in line or "sorted" in line):
                message = "no program that reads scans"
                raise ComputeFailed(message)

        return run_job(module, request, on_progress=heard, **options)

    site.daemon.services.imports._run = failing
    import_id = str(site.client.post("/api/v1/imports").json["id"])
    for seed, number in enumerate(numbers):
        scan = _scan(tmp_path / "handed" / f"scan-{seed}.dcm", number, seed + 7)
        data = {"files": [(io.BytesIO(scan.read_bytes()), scan.name)]}
        site.client.post(f"/api/v1/imports/{import_id}/files", data=data, content_type="multipart/form-data")
    site.client.post(f"/api/v1/imports/{import_id}/begin")
    assert _ended(site, import_id)["state"] == "failed"
    site.daemon.services.imports._run = run_job
    return import_id
