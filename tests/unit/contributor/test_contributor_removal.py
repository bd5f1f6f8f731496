"""Removing what the site made itself: with its files, only once it has ended, and written down."""

import gzip
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import numpy as np
import pytest

from fl_core.storage.lab_work import JobEvent
from fl_core.storage.site_models import ReconstructionRecord, ReconstructionStore
from fl_core.storage.site_results import OwnResultRecord, OwnResultStore
from tests.support.contributor import TestSite, enrolled_site, wait_for
from tests.support.studies import tiny_geometry

MADE, OTHER = "reconstruction-00000000000a", "reconstruction-00000000000b"
RESULT, SECOND = "result-00000000000a", "result-00000000000b"
NOW = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as ready:
        ready.daemon.services.storage.prepare()
        yield ready


def _reconstruction(site: TestSite, name: str, state: Literal["running", "done", "failed"] = "done") -> list[Path]:
    record = ReconstructionRecord(
        id=name, study_id="study-1", model_id="model-1", state=state, created_at=NOW, arrays=[], metrics={}, seconds={}
    )
    with site.daemon.database.begin() as tx:
        ReconstructionStore(site.daemon.database).save(tx, record)
    files = [site.paths.reconstructions / f"{name}{end}" for end in (".npz", ".json", "-model.dcm")]
    for path in files:
        path.write_bytes(b"image" * 20)
    return files


def _result(site: TestSite, name: str, state: str = "done") -> Path:
    record = OwnResultRecord(id=name, session_id="session-1", model_id="model-1", state=state, created_at=NOW)
    with site.daemon.database.begin() as tx:
        OwnResultStore(site.daemon.database).add(tx, record)
    folder = site.paths.results / name
    folder.mkdir(parents=True)
    (folder / "case-0.npz").write_bytes(b"image" * 20)
    return folder


def _used(site: TestSite) -> int:
    return int(site.client.get("/api/v1/storage").json["used_bytes"])


@pytest.mark.parametrize("state", ["done", "failed"])
def test_a_reconstruction_goes_with_all_its_files_and_nothing_else(
    site: TestSite, state: Literal["done", "failed"]
) -> None:
    files, others = _reconstruction(site, MADE, state), _reconstruction(site, OTHER)
    before = _used(site)
    answer = site.client.delete(f"/api/v1/reconstructions/{MADE}")
    assert (answer.status_code, answer.json) == (200, {"id": MADE})
    assert not [path for path in files if path.exists()]
    assert all(path.exists() for path in others)
    assert _used(site) == before - 300
    assert [one["id"] for one in site.client.get("/api/v1/reconstructions").json["items"]] == [OTHER]
    assert site.client.delete(f"/api/v1/reconstructions/{MADE}").status_code == 404
    row = site.daemon.services.records.audit_rows(after=0, limit=1000)[-1]
    assert (row.action, row.subject, row.details) == (
        "reconstruction.removed", MADE, {"study": "study-1", "model": "model-1"},
    )  # fmt: skip
    assert site.told("reconstruction_deleted") == [{"id": MADE}]
    assert site.told("storage")


@pytest.mark.parametrize("form", ["nii", "h5", "dcm"])
def test_an_image_that_is_taken_along_is_marked_for_research_and_that_it_was_taken_is_written_down(
    site: TestSite, form: str
) -> None:
    [study] = site.add_studies(1)
    record = ReconstructionRecord(
        id=MADE,
        study_id=study,
        model_id="model-1",
        state="done",
        created_at=NOW,
        arrays=["osem"],
        metrics={},
        seconds={},
    )
    with site.daemon.database.begin() as tx:
        ReconstructionStore(site.daemon.database).save(tx, record)
    image = np.ones(tiny_geometry().volume_shape, np.float32)
    np.savez(site.paths.reconstructions / f"{MADE}.npz", osem=image, voxel_mm=np.ones(3))
    with site.client.get(f"/api/v1/reconstructions/{MADE}/export/osem/{form}") as answer:
        content = gzip.decompress(answer.data) if form == "nii" else answer.data
    assert b"or research, not for diagnosis" in content
    row = site.daemon.services.records.audit_rows(after=0, limit=1000)[-1]
    assert (row.action, row.subject) == ("reconstruction.exported", MADE)
    assert row.details == {"study": study, "image": "osem", "form": form}


def test_a_comparison_goes_with_its_folder_which_counted_towards_the_limit(site: TestSite) -> None:
    folder, other = _result(site, RESULT), _result(site, SECOND)
    before = _used(site)
    answer = site.client.delete(f"/api/v1/results/{RESULT}")
    assert (answer.status_code, answer.json) == (200, {"id": RESULT})
    assert not folder.exists()
    assert other.exists()
    assert _used(site) == before - 100
    assert site.audit_actions()[-1] == "result.removed"
    assert site.told("own_result_deleted") == [{"id": RESULT}]


def test_what_is_being_computed_is_kept_and_the_refusal_says_what_to_do(site: TestSite) -> None:
    files = _reconstruction(site, MADE, "running")
    folders = [_result(site, one, "queued") for one in (RESULT, SECOND)]
    with site.daemon.database.begin() as tx:
        OwnResultStore(site.daemon.database).apply(tx, SECOND, JobEvent.STARTED)
    for path in (f"reconstructions/{MADE}", f"results/{RESULT}", f"results/{SECOND}"):
        answer = site.client.delete(f"/api/v1/{path}")
        assert (answer.status_code, answer.json["code"]) == (409, "result.running")
        assert answer.json["advice"] == "Remove it once it has ended; a comparison can be cancelled first."
    assert all(path.exists() for path in (*files, *folders))
    assert not [action for action in site.audit_actions() if action.endswith(".removed")]
    refused = site.client.post("/api/v1/storage/removal", json={"studies": 0})
    assert refused.json["code"] == "storage.busy"


def test_a_comparison_whose_end_could_not_be_written_keeps_nothing_from_being_removed(site: TestSite) -> None:
    results, store = site.daemon.services.results, OwnResultStore(site.daemon.database)
    results.start()
    _result(site, RESULT, "running")  # as a disk that was full left it
    assert results.is_busy()
    results._queue.look()
    wait_for(lambda: store.get(RESULT).state == "interrupted")
    assert site.client.post("/api/v1/storage/removal", json={"studies": 0}).status_code == 200


def test_files_that_a_kill_left_behind_go_at_the_next_start(site: TestSite) -> None:
    kept, stays = _reconstruction(site, OTHER), _result(site, SECOND)
    strays, gone = _reconstruction(site, MADE), _result(site, RESULT)
    foreign = site.paths.reconstructions / "notes.txt"
    for name in (f"reconstructions/{MADE}", f"results/{RESULT}"):
        assert site.client.delete(f"/api/v1/{name}").status_code == 200
    for path in (*strays, foreign):
        path.write_bytes(b"x")
    gone.mkdir()
    (gone / "case-0.npz").write_bytes(b"x")
    site.daemon.services.reconstructions.start()
    site.daemon.services.results.start()
    assert not [path for path in (*strays, gone) if path.exists()]
    assert all(path.exists() for path in (*kept, foreign, stays))
    assert "data.put_aside" not in site.audit_actions()


def test_images_that_nobody_removed_are_put_aside_where_the_records_do_not_know_them(site: TestSite) -> None:
    made, compared = site.paths.reconstructions / f"{MADE}.npz", site.paths.results / RESULT
    made.write_bytes(b"x")
    compared.mkdir(parents=True)
    (compared / "case-0.npz").write_bytes(b"x")
    site.daemon.services.reconstructions.start()
    site.daemon.services.results.start()
    assert not made.exists()
    assert not compared.exists()
    assert (made.parent / "unknown" / made.name).read_bytes() == b"x"
    assert (compared.parent / "unknown" / compared.name / "case-0.npz").read_bytes() == b"x"
