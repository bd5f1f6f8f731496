"""Promises about studies: taken whole or not at all, counted and never named to anybody outside."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from fl_core.errors import Conflict
from tests.support.contributor import TestSite, enrolled_site
from tests.support.studies import tiny_study, write_tiny_study


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


def test_a_study_is_shown_and_stored_as_it_came(site: TestSite, tmp_path: Path) -> None:
    path = _file(tmp_path)
    view = site.add_file(path, "patient one.h5")
    assert (view.name, view.state, view.task) == ("patient one.h5", "usable", "spect-reconstruction")
    assert (site.paths.studies / f"{view.id}.h5").read_bytes() == path.read_bytes()
    assert [one["id"] for one in site.told("study")] == [view.id]  # type: ignore[index]


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


def test_a_restart_clears_what_an_interrupted_upload_left(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    (site.paths.studies / ".upload-abc.h5").write_bytes(b"half")
    (site.paths.studies / "study-000000000000.h5").write_bytes(b"moved, never entered")
    site.daemon.services.studies.reconcile()
    assert _left(site) == [f"{study_id}.h5"]


def test_a_study_whose_file_is_gone_is_unusable(site: TestSite) -> None:
    [study_id] = site.add_studies(1)
    (site.paths.studies / f"{study_id}.h5").unlink()
    site.daemon.services.studies.reconcile()
    view = site.client.get(f"/api/v1/studies/{study_id}").json
    assert view["state"] == "unusable"
    assert view["problem"]
    assert view["advice"]
