"""Promises about studies: taken whole or not at all, counted and never named to anybody outside."""

import os
from collections.abc import Iterator
from pathlib import Path

import h5py
import numpy as np
import pytest
from sqlalchemy import delete, update

from contributor.core import MIGRATIONS
from contributor.services.data_folder import NOTE, claim
from fl_core.errors import Conflict
from fl_core.storage.database import open_database
from fl_core.storage.site_tables import mark, study
from model.io.notes import note
from tests.support.contributor import TestSite, enrolled_site
from tests.support.foreign import write_interfile
from tests.support.studies import bytes_with_key, tiny_study, write_tiny_study


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


def _file(tmp_path: Path, seed: int = 0) -> Path:
    path = tmp_path / f"made-{seed}.h5"
    write_tiny_study(path, seed)
    return path


def _left(site: TestSite) -> list[str]:
    return sorted(path.name for path in site.paths.studies.iterdir())


def test_a_study_is_shown_and_stored_as_it_came_but_for_the_patients_key(site: TestSite, tmp_path: Path) -> None:
    path = _file(tmp_path)
    view = site.add_file(path, "patient one.h5")
    assert (view.name, view.state, view.task) == ("patient one.h5", "usable", "spect-reconstruction")
    stored = site.paths.studies / f"{view.id}.h5"
    assert bytes_with_key(stored, "tiny-0") == path.read_bytes()
    assert b"tiny-0" not in stored.read_bytes()
    assert [one["id"] for one in site.told("study")] == [view.id]  # type: ignore[index]


def test_what_is_worth_telling_about_a_study_has_a_code_and_its_numbers(site: TestSite) -> None:
    (study_id,) = site.add_studies(1, with_reference=False, counts=2e3)
    view = site.client.get(f"/api/v1/studies/{study_id}").json
    few, bare = view["warnings"]
    assert few == {
        "code": "counts.few",
        "text": f"Only {view['counts']:,.0f} counts; results will be noisy.",
        "values": {"counts": view["counts"]},
    }
    assert (bare["code"], bare["values"]) == ("reference.none", {})
    assert bare["text"] == "No reference image; only a training that learns from all counts can use it."


def test_a_sentence_that_another_version_wrote_down_is_told_as_it_is(site: TestSite) -> None:
    (study_id,) = site.add_studies(1)
    with site.daemon.database.begin() as tx:
        tx.connection.execute(update(study).where(study.c.id == study_id).values(warnings=["Few views."]))
    warnings = site.client.get(f"/api/v1/studies/{study_id}").json["warnings"]
    assert warnings == [{"code": "", "text": "Few views.", "values": {}}]


def test_how_it_was_acquired_has_a_code_and_its_numbers(site: TestSite, tmp_path: Path) -> None:
    geometry = site.add_file(_file(tmp_path)).geometry
    assert geometry.text == "12 views of 20 x 8 bins (16 mm), LEHR NM670, radius 176 mm"
    assert geometry.code == "geometry.radius"
    values = {"views": 12.0, "bins": 20.0, "axial": 8.0, "bin_mm": 16.0, "collimator": "LEHR NM670", "radius_mm": 176.0}
    assert geometry.values == values


def test_what_its_reader_assumed_has_a_code_and_its_numbers(site: TestSite, tmp_path: Path) -> None:
    study_id = site.add_file(write_interfile(tmp_path / "one.hs", tiny_study(1))).id
    told = site.client.get(f"/api/v1/studies/{study_id}/details").json["notes"]
    [assumed] = [one for one in told if one["code"] == "collimator.not_described"]
    assert assumed["text"] == note("collimator.not_described", **assumed["values"])
    assert assumed["values"]["hole_mm"] > 0


def test_what_a_file_held_besides_is_shown_by_name_and_stored_nowhere(site: TestSite, tmp_path: Path) -> None:
    np.savez(
        tmp_path / "a.npz", image=np.ones((1, 8, 8), np.float32), patient_name="Hans Meier", patient_key="MRN-4711"
    )
    write_tiny_study(tmp_path / "b.h5", 1, patient_key="MRN-4712")
    with h5py.File(tmp_path / "b.h5", "r+") as file:
        file.attrs["patient_name"], file["report/text"] = "Hans Meier", "Hans Meier"
    for name in ("a.npz", "b.h5"):
        view = site.add_file(tmp_path / name)
        details = site.client.get(f"/api/v1/studies/{view.id}/details").json
        assert {"name": "patient_name", "category": "name", "count": 1} in details["removed"]
        assert "patient_name" in view.deidentified[1]
        assert details["patient_from"] == "file"
        assert view.state == "usable"
    for path in (one for one in site.paths.home.rglob("*") if one.is_file()):
        content = path.read_bytes()
        assert not [
            word for word in (b"Meier", b"M\0\0\0e\0\0\0i", b"MRN-471", b"4\0\0\0007\0\0\0001") if word in content
        ], path


def test_the_same_content_twice_is_a_duplicate(site: TestSite, tmp_path: Path) -> None:
    path = _file(tmp_path)
    site.add_file(path, "a.h5")
    with pytest.raises(Conflict) as refused:
        site.add_file(path, "b.h5")
    assert refused.value.code == "study.duplicate"
    assert len(_left(site)) == 1


def test_files_of_one_name_are_numbered_so_that_people_can_tell_them_apart(site: TestSite, tmp_path: Path) -> None:
    for number, name in enumerate(["IM_01", "IM_01", "IM%01", "IM_01 (2)", "IM_01"]):
        site.add_file(_file(tmp_path, number), f"{name}.h5")
    shown = {study["name"] for study in site.client.get("/api/v1/studies").json["items"]}
    assert shown == {"IM_01.h5", "IM_01.h5 (2)", "IM%01.h5", "IM_01 (2).h5", "IM_01.h5 (3)"}


def test_the_summary_counts_and_names_nobody(site: TestSite) -> None:
    site.add_studies(2, patient_key="Jane Doe")
    site.add_studies(1, first_seed=5, with_reference=False)
    summary = site.client.get("/api/v1/system").json["shared_summary"]
    assert summary["studies_usable"] == 3
    assert summary["with_reference"] == 2
    assert summary["patients"] == 2
    assert summary["by_task"] == {"spect-reconstruction": 3}
    assert summary["by_task_with_reference"] == {"spect-reconstruction": 2}
    assert summary.pop("distributions") is None  # told by permission only
    counts = {"studies_usable", "studies_total", "with_reference", "by_task", "by_task_with_reference"}
    assert set(summary) == {*counts, "patients", "added_at"}
    assert str(summary["added_at"]).split("T")[1].startswith("12:00:00")  # the day, not the moment
    site.client.put("/api/v1/sharing", json={"distributions": True})
    assert "Jane" not in site.client.get("/api/v1/system").get_data(as_text=True)
    shown = site.client.get("/api/v1/studies").get_data(as_text=True)
    assert "Jane" not in shown


def test_a_withdrawn_study_leaves_the_summary_and_comes_back(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    assert site.client.delete(f"/api/v1/studies/{study_id}").json["state"] == "withdrawn"
    assert site.daemon.services.studies.summary().studies_usable == 0
    assert site.client.delete(f"/api/v1/studies/{study_id}").status_code == 409
    assert site.client.post(f"/api/v1/studies/{study_id}/restore").json["state"] == "usable"
    assert site.daemon.services.studies.summary().studies_usable == 1


def test_arrays_come_as_little_endian_float32_with_shape_and_spacing(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    answer = site.client.get(f"/api/v1/studies/{study_id}/arrays/reference")
    shape = [int(n) for n in answer.headers["X-Flomir-Shape"].split(",")]
    reference = tiny_study(0).reference
    assert reference is not None
    assert np.array_equal(np.frombuffer(answer.data, "<f4").reshape(shape), reference)
    assert answer.headers["X-Flomir-Spacing"] == "16,16,16"
    assert site.client.get(f"/api/v1/studies/{study_id}/arrays/secrets").status_code == 422


def test_a_missing_array_is_not_found(site: TestSite) -> None:
    [study_id] = site.add_studies(1, with_reference=False)
    assert site.client.get(f"/api/v1/studies/{study_id}/arrays/reference").status_code == 404


def test_a_brain_slice_is_a_study_of_its_own_task(site: TestSite, tmp_path: Path) -> None:
    path = tmp_path / "slice.npz"
    labels = np.zeros((8, 8), np.uint8)
    np.savez(path, image=np.ones((1, 8, 8), np.float32), labels=labels)
    view = site.add_file(path)
    assert view.task == "brain-segmentation"
    answer = site.client.get(f"/api/v1/studies/{view.id}/arrays/projections")
    assert answer.headers["X-Flomir-Shape"] == "1,8,8"


def test_a_restart_clears_what_is_half_written_and_puts_aside_what_it_does_not_know(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    (site.paths.studies / ".upload-abc.h5").write_bytes(b"half")
    for content in (b"newer than the backup", b"and once more"):
        (site.paths.studies / "study-000000000000.h5").write_bytes(content)
        site.daemon.services.studies.reconcile()
    assert _left(site) == [f"{study_id}.h5", "unknown"]
    aside = {path.name: path.read_bytes() for path in (site.paths.studies / "unknown").iterdir()}
    assert aside == {"study-000000000000.h5": b"newer than the backup", "study-000000000000-2.h5": b"and once more"}
    assert site.audit_actions().count("data.put_aside") == 2
    site.daemon.services.storage.prepare()
    assert {path.name for path in (site.paths.studies / "unknown").iterdir()} == set(aside)


def test_what_a_removal_of_all_data_left_goes_at_the_next_start(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    content = (site.paths.studies / f"{study_id}.h5").read_bytes()
    assert site.client.post("/api/v1/storage/removal", json={"studies": 1}).status_code == 200
    left = site.paths.studies / f"{study_id}.h5"
    left.write_bytes(content)
    os.utime(left, (0, 0))
    site.daemon.services.studies.reconcile()
    assert _left(site) == []


def test_a_folder_of_data_is_used_by_the_records_that_know_it_alone(site: TestSite, tmp_path: Path) -> None:
    [study_id] = site.add_studies(1)
    file = site.paths.studies / f"{study_id}.h5"
    site.daemon.services.storage.prepare()
    site.daemon.services.storage.prepare()
    other = open_database(tmp_path / "other.sqlite", migrations=MIGRATIONS)
    with pytest.raises(Conflict) as refused:
        claim(other, site.paths)
    other.close()
    assert refused.value.code == "storage.foreign_data"
    assert file.is_file()


def test_a_backup_of_before_there_was_a_note_knows_its_folder_by_a_study(site: TestSite) -> None:
    site.daemon.services.storage.prepare()
    site.add_studies(1)
    with site.daemon.database.begin() as tx:
        tx.connection.execute(delete(mark))
    note_before = (site.paths.data / NOTE).read_bytes()
    site.daemon.services.storage.prepare()
    assert (site.paths.data / NOTE).read_bytes() == note_before


def test_a_study_whose_file_is_gone_is_unusable(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    (site.paths.studies / f"{study_id}.h5").unlink()
    site.daemon.services.studies.reconcile()
    view = site.client.get(f"/api/v1/studies/{study_id}").json
    assert view["state"] == "unusable"
    assert view["problem"]
    assert view["advice"]


def _missing(site: TestSite, study_id: str) -> tuple[Path, bytes]:
    """Start once without a study's file; return its place and content."""
    path = site.paths.studies / f"{study_id}.h5"
    content = path.read_bytes()
    path.unlink()
    site.daemon.services.studies.reconcile()
    return path, content


def _state(site: TestSite, study_id: str) -> tuple[str, str]:
    view = site.client.get(f"/api/v1/studies/{study_id}").json
    return view["state"], view["problem"]


def test_a_study_whose_file_is_there_again_may_be_used_again(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    path, content = _missing(site, study_id)
    path.write_bytes(content[:-1] + b"x")
    site.daemon.services.studies.reconcile()
    assert _state(site, study_id)[0] == "unusable"
    path.write_bytes(content)
    site.daemon.services.studies.reconcile()
    assert _state(site, study_id) == ("usable", "")
    assert site.audit_actions().count("study.found") == 1


def test_a_study_that_comes_back_of_a_patient_withdrawn_meanwhile_is_not_used(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    path, content = _missing(site, study_id)
    patient = site.client.get(f"/api/v1/studies/{study_id}").json["patient"]
    assert site.client.post(f"/api/v1/patients/{patient}/withdraw").status_code == 200
    path.write_bytes(content)
    site.daemon.services.studies.reconcile()
    assert _state(site, study_id)[0] == "withdrawn"


def test_a_study_whose_file_is_gone_has_it_again_when_it_is_added_again(site: TestSite, tmp_path: Path) -> None:
    source = _file(tmp_path)
    study_id = site.add_file(source, "first.h5").id
    session_id = site.receive()
    site.answer(session_id)
    path, _ = _missing(site, study_id)
    site.daemon.grants.write()
    assert site.grants().grants[session_id].studies == ()
    again = site.add_file(source, "second.h5")
    assert (again.id, again.name, again.state, again.used_in_sessions) == (study_id, "first.h5", "usable", 1)
    assert path.is_file()
    assert site.grants().grants[session_id].studies == (str(path),)
    with pytest.raises(Conflict):
        site.add_file(source)


def test_a_withdrawn_study_whose_file_is_added_again_stays_withdrawn(site: TestSite, tmp_path: Path) -> None:
    source = _file(tmp_path)
    study_id = site.add_file(source).id
    site.client.delete(f"/api/v1/studies/{study_id}")
    (site.paths.studies / f"{study_id}.h5").unlink()
    assert site.add_file(source).state == "withdrawn"
