"""The laboratory's queue and what belongs to it, through the routes, with a child that answers as the test says."""

import gzip
import io
import json
import threading
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from fl_core.errors import ComputeFailed, FlomirError, StorageFailed
from fl_core.storage import lab_work
from fl_core.storage.lab_work import ACTIVE, JOB_LIFECYCLE, JobEvent, JobState
from fl_core.supervision.jobs import JobCancelled
from flomir.waiting import wait_until
from model.io.notes import note
from orchestrator.laboratory_schemas import ReconstructionResult
from orchestrator.services.laboratory.laboratory import Laboratory
from orchestrator.services.laboratory.views import TOLD_POINTS
from orchestrator.services.laboratory.work import LOSS_POINTS, heard
from synthesis.form import presets
from tests.support.orchestrator import HOST, TOKEN, Lab, write_model
from tests.support.stack import make_studies
from tests.support.studies import tiny_geometry, write_tiny_study

SPECT = "spect-reconstruction"
ASSUMED = note("orbit.no_radius", radius_mm=250.0)
FACTS = {
    "studies": 1, "patients": 1, "bytes": 9, "references": {"phantom": 1}, "with_attenuation": 1, "with_infarcts": 0,
    "with_lesions": 0, "grids": {"4x8x8": 1}, "counts": {"low": 1, "middle": 1, "high": 1}, "problems": [],
    "problem_count": 0, "outliers": 0, "scenarios": [], "seeds": [],
}  # fmt: skip
ROW: dict[str, object] = {
    "file": "study-00.h5", "site": None, "counts": 1, "grid": "4x8x8", "female": None, "infarcts": [], "lesions": {},
    "reference": "phantom", "attenuation": True, "stands_out": [], "pictured": True,
}  # fmt: skip


class Child:
    """Stands at the border to the child processes: records what is asked, answers, fails or waits as told."""

    def __init__(self, home: Path) -> None:
        self.home = home
        self.asked: list[Mapping[str, object]] = []
        self.lines: list[dict[str, object]] = []
        self.failure: FlomirError | None = None
        self.hold: threading.Event | None = None

    def __call__(
        self,
        module: str,
        request: Mapping[str, object],
        *,
        timeout_s: float,
        on_progress: Callable[[dict[str, object]], None] | None = None,
        cancel: threading.Event | None = None,
        log: Path | None = None,
        grace_s: float = 2.0,
    ) -> dict[str, object]:
        self.asked.append({"module": module, **request})
        if log is not None:
            log.write_text("a remark\n")
        for line in self.lines:
            assert on_progress is not None
            on_progress(line)
        if self.hold is not None:
            assert cancel is not None
            while not self.hold.wait(0.01):
                if cancel.is_set():
                    message = "cancelled"
                    raise JobCancelled(message)
        if self.failure is not None:
            raise self.failure
        return self._answer(request)

    def _answer(self, request: Mapping[str, object]) -> dict[str, object]:
        if request["kind"] in ("make", "check"):
            about = Path(str(request["about"]))
            about.mkdir(parents=True, exist_ok=True)
            (about / "studies.json").write_text(json.dumps([ROW]))
            (about / "page.html").write_text("<h1>page</h1><script>alert(1)</script>")
            Path(str(request["folder"])).mkdir(parents=True, exist_ok=True)
            return dict(FACTS)
        if request["kind"] == "train":
            out = Path(str(request["out"]))
            card = write_model(out.parent, seed=7, task=SPECT)
            (out.parent / f"{card.content_hash}.safetensors").replace(out)
            words = card.model_copy(update={"metrics": {"validation": {"nrmse_body": 0.25}, "score": "nrmse_body"}})
            return {"path": str(out), "card": words.model_dump(mode="json"), "left_out": []}
        if request["kind"] == "apply":
            return {"arrays": ["osem"], "notes": [ASSUMED, "From before."]}
        return {}


@pytest.fixture
def child(tmp_path: Path) -> Child:
    return Child(tmp_path)


@pytest.fixture
def lab(tmp_path: Path, child: Child) -> Iterator[Lab]:
    made = Lab(tmp_path / "home", run_long=child)
    made.core.laboratory.start()
    yield made
    made.core.laboratory.stop()
    made.close()


def asked(**changes: object) -> dict[str, Any]:
    first = presets()[0]
    return {"name": "Quick", "preset": first.name, "choices": first.choices.model_dump(), "studies": 2, **changes}


def job_in(lab: Lab, job_id: str, *states: str) -> dict[str, Any]:
    """Wait until a job is in one of the states; returns its view."""

    def probe() -> dict[str, Any] | None:
        view = lab.ok("GET", f"/laboratory/jobs/{job_id}")
        return view if view["state"] in states else None

    return wait_until(probe, timeout_s=20, what=f"job state {' or '.join(states)}", poll_s=0.01)


def curve_told(lab: Lab, job_id: str) -> dict[str, Any] | None:
    """Return what the newest delta says of a job once that has a curve."""
    told = [delta.data for delta in lab.deltas if delta.type == "laboratory_job"]
    last = next((data for data in reversed(told) if isinstance(data, dict) and data["id"] == job_id), None)
    return last if last is not None and last["live"]["curve"] else None


def made_set(lab: Lab) -> dict[str, Any]:
    job = lab.ok("POST", "/laboratory/synthesis", asked())
    job_in(lab, job["id"], "done")
    return lab.items("/laboratory/sets")[0]


def test_what_is_made_becomes_a_data_set_that_is_ready(lab: Lab, child: Child) -> None:
    lab.ok("POST", "/laboratory/synthesis", asked(seed=5, lesions=[{"organ": "liver"}]))
    view = job_in(lab, lab.items("/laboratory/jobs")[0]["id"], "done")
    made = lab.items("/laboratory/sets")[0]
    assert made["state"] == "ready"
    assert made["job_id"] == view["id"]
    assert made["facts"]["studies"] == 1
    request = child.asked[-1]
    assert (request["studies"], request["seed"]) == (2, 5)
    scenario = request["scenario"]
    assert isinstance(scenario, dict)
    assert [lesion["organ"] for lesion in scenario["organ_lesions"]] == ["liver"]
    assert lab.items(f"/laboratory/sets/{made['id']}/studies")[0]["file"] == "study-00.h5"


@pytest.mark.parametrize(
    ("changes", "word"),
    [
        ({"matrix": 16}, "does not fit"),
        ({"severity_low": 0.9, "severity_high": 0.2}, "severity"),
        ({"counts_low": 0}, "counts_low"),
    ],
)
def test_choices_that_do_not_go_together_are_refused_before_anything_is_queued(
    lab: Lab, changes: dict[str, object], word: str
) -> None:
    choices = {**asked()["choices"], **changes}
    answer = lab.call("POST", "/laboratory/synthesis", asked(choices=choices))
    assert answer.status_code == 422
    assert word in answer.json["detail"]  # type: ignore[index]  # a problem is an object
    assert lab.items("/laboratory/jobs") == []
    assert lab.items("/laboratory/sets") == []


def test_what_is_told_of_a_training_does_not_grow_with_its_curve(lab: Lab, child: Child) -> None:
    curve = [{"step": step, "epoch": float(step), "score": 0.5} for step in range(3 * TOLD_POINTS)]
    child.lines = [{"progress": 0.5, "stage": "making", "step": step, "loss": 1.0} for step in range(3 * TOLD_POINTS)]
    child.lines.append({"progress": 0.9, "stage": "making", "curve": curve})
    child.hold = threading.Event()
    job = lab.ok("POST", "/laboratory/synthesis", asked())
    told = wait_until(lambda: curve_told(lab, job["id"]), timeout_s=20, what="a delta with the curve", poll_s=0.01)
    assert [row["step"] for row in told["live"]["curve"]] == [row["step"] for row in curve[-TOLD_POINTS:]]
    assert len(told["live"]["losses"]) == TOLD_POINTS
    whole = lab.ok("GET", f"/laboratory/jobs/{job['id']}")
    assert (len(whole["live"]["curve"]), len(whole["live"]["losses"])) == (3 * TOLD_POINTS, 3 * TOLD_POINTS)
    listed = lab.items("/laboratory/jobs")[0]
    assert (listed["live"]["share"], listed["state"]) == (0.9, "running")
    child.hold.set()
    job_in(lab, job["id"], "done")


def test_the_studies_of_a_data_set_come_in_parts_and_are_found_by_their_names(lab: Lab) -> None:
    made = made_set(lab)
    path = f"/laboratory/sets/{made['id']}/studies"
    rows = [{**ROW, "file": f"Study-{number:03d}.h5", "pictured": number % 10 == 0} for number in range(250)]
    (lab.home / "laboratory" / "sets" / made["id"] / "about" / "studies.json").write_text(json.dumps(rows))
    whole = lab.ok("GET", path)
    assert (len(whole["items"]), whole["total"], whole["next_cursor"]) == (250, 250, None)
    first = lab.ok("GET", f"{path}?limit=100")
    second = lab.ok("GET", f"{path}?limit=150&cursor={first['next_cursor']}")
    assert first["items"] + second["items"] == whole["items"]
    assert (first["total"], second["next_cursor"]) == (250, None)
    found = lab.ok("GET", f"{path}?search=study+24&limit=4")
    assert [row["number"] for row in found["items"]] == [24, 124, 224, 240]
    assert found["total"] == 13
    assert [row["number"] for row in lab.items(f"{path}?pictured=true&search=24")] == [240]
    assert lab.call("GET", f"{path}?cursor=x").status_code == 422


def test_a_data_set_whose_job_is_removed_names_it_no_more(lab: Lab) -> None:
    made = made_set(lab)
    lab.ok("DELETE", f"/laboratory/jobs/{made['job_id']}")
    told = [delta.data for delta in lab.deltas if delta.type == "laboratory_set"][-1]
    assert told == lab.ok("GET", f"/laboratory/sets/{made['id']}")
    assert isinstance(told, dict)
    assert told["job_id"] is None


def test_a_failed_job_says_code_sentence_and_remedy(lab: Lab, child: Child) -> None:
    child.failure = ComputeFailed("the network diverged (training.diverged)", code="compute.diverged")
    child.failure.remedy = "Try --set learning_rate=0.001."
    job = lab.ok("POST", "/laboratory/synthesis", asked())
    view = job_in(lab, job["id"], "failed")
    assert view["problem"]["code"] == "compute.diverged"
    assert view["problem"]["remedy"] == "Try --set learning_rate=0.001."
    assert "diverged" in view["problem"]["detail"]
    assert lab.ok("GET", f"/laboratory/jobs/{job['id']}/log")["lines"] == ["a remark"]
    assert lab.items("/laboratory/sets")[0]["state"] == "incomplete"


def test_a_job_that_fails_unexpectedly_is_told_and_the_next_one_still_runs(lab: Lab, child: Child) -> None:
    child.failure = RuntimeError("a bug")  # type: ignore[assignment]  # what no child is meant to raise
    first = lab.ok("POST", "/laboratory/synthesis", asked())
    assert job_in(lab, first["id"], "failed")["problem"]["code"] == "internal"
    child.failure = None
    second = lab.ok("POST", "/laboratory/synthesis", asked(name="Second"))
    job_in(lab, second["id"], "done")


def test_one_heavy_job_runs_while_others_wait_and_light_ones_go_on(lab: Lab, child: Child, tmp_path: Path) -> None:
    child.hold = threading.Event()
    first, second = (lab.ok("POST", "/laboratory/synthesis", asked(name=name)) for name in ("One", "Two"))
    job_in(lab, first["id"], "running")
    make_studies(tmp_path / "folder", 1)
    lab.ok("POST", "/laboratory/sets", {"name": "Folder", "folder": str(tmp_path / "folder")})
    check = lab.items("/laboratory/jobs")[0]
    assert check["kind"] == "check"
    job_in(lab, check["id"], "running")
    assert lab.ok("GET", f"/laboratory/jobs/{second['id']}")["state"] == "queued"
    child.hold.set()
    job_in(lab, second["id"], "done")
    began = [lab.ok("GET", f"/laboratory/jobs/{job['id']}")["started_at"] for job in (first, second)]
    assert began == sorted(began)


def test_a_running_job_is_cancelled_gone_on_with_and_done(lab: Lab, child: Child) -> None:
    child.hold = threading.Event()
    job = lab.ok("POST", "/laboratory/synthesis", asked())
    job_in(lab, job["id"], "running")
    assert lab.ok("POST", f"/laboratory/jobs/{job['id']}/cancel")["ending"] is True
    view = job_in(lab, job["id"], "cancelled")
    assert view["can_resume"]
    assert not view["can_cancel"]
    assert lab.items("/laboratory/sets")[0]["state"] == "incomplete"
    child.hold.set()
    lab.ok("POST", f"/laboratory/jobs/{job['id']}/resume")
    job_in(lab, job["id"], "done")
    assert lab.items("/laboratory/sets")[0]["state"] == "ready"
    again = lab.call("POST", f"/laboratory/jobs/{job['id']}/resume")
    assert again.status_code == 409


def test_a_waiting_job_is_cancelled_without_ever_beginning(lab: Lab, child: Child) -> None:
    child.hold = threading.Event()
    first, second = (lab.ok("POST", "/laboratory/synthesis", asked(name=name)) for name in ("One", "Two"))
    job_in(lab, first["id"], "running")
    view = lab.ok("POST", f"/laboratory/jobs/{second['id']}/cancel")
    assert (view["state"], view["started_at"]) == ("cancelled", None)
    child.hold.set()
    job_in(lab, first["id"], "done")
    assert len(child.asked) == 1


def test_what_a_killed_daemon_left_running_is_called_interrupted_and_what_waited_runs(
    tmp_path: Path, child: Child
) -> None:
    lab = Lab(tmp_path / "home", run_long=child)
    for name in ("One", "Two"):
        lab.ok("POST", "/laboratory/synthesis", asked(name=name))
    with lab.database.begin() as tx:
        first = lab_work.jobs_in(tx.connection, JobState.QUEUED)[0]
        lab_work.apply_to_job(tx, first.id, JobEvent.STARTED, at=lab.core.desk.now())
    lab.core.laboratory.start()
    jobs = {job["title"]: job["id"] for job in lab.items("/laboratory/jobs")}
    assert job_in(lab, jobs["One"], "interrupted")["can_resume"]
    job_in(lab, jobs["Two"], "done")
    lab.core.laboratory.stop()
    lab.close()


def test_stopping_puts_the_running_job_away_as_interrupted(tmp_path: Path, child: Child) -> None:
    child.hold = threading.Event()
    lab = Lab(tmp_path / "home", run_long=child)
    lab.core.laboratory.start()
    job = lab.ok("POST", "/laboratory/synthesis", asked())
    job_in(lab, job["id"], "running")
    lab.core.laboratory.stop()
    assert lab.ok("GET", f"/laboratory/jobs/{job['id']}")["state"] == "interrupted"
    lab.close()


@pytest.mark.parametrize("way", ["cancel", "look"])
def test_a_job_whose_end_could_not_be_written_is_cancelled_or_called_interrupted(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, way: str
) -> None:
    apply, refused = lab_work.apply_to_job, threading.Semaphore(0)

    def full(tx: Any, job_id: str, event: JobEvent, **more: Any) -> JobState:
        if event is JobEvent.STARTED:
            return apply(tx, job_id, event, **more)
        refused.release()
        message = "the disk is full"
        raise StorageFailed(message, code="storage.disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(lab_work, "apply_to_job", full)
        job = lab.ok("POST", "/laboratory/synthesis", asked())
        for _ in range(3):  # finished, then failed; the queue looks again after that
            assert refused.acquire(timeout=20)
    assert lab.ok("GET", f"/laboratory/jobs/{job['id']}")["state"] == "running"
    if way == "cancel":
        assert lab.ok("POST", f"/laboratory/jobs/{job['id']}/cancel")["state"] == "cancelled"
    else:
        lab.core.laboratory.jobs.look()
        job_in(lab, job["id"], "interrupted")
    lab.ok("DELETE", f"/laboratory/jobs/{job['id']}")


def test_no_job_begins_on_a_full_disk(lab: Lab, child: Child) -> None:
    lab.core.laboratory.jobs._free_bytes = lambda path: 1_000
    job = lab.ok("POST", "/laboratory/synthesis", asked())
    assert job_in(lab, job["id"], "failed")["problem"]["code"] == "storage.disk_full"
    assert child.asked == []


def test_a_trained_model_enters_the_registry_with_parents_and_data(lab: Lab, child: Child) -> None:
    made = made_set(lab)
    parent = lab.ok("POST", "/models/initialise", {"name": "First", "task": SPECT, "seed": 1})
    body = {"name": "Mine", "set_ids": [made["id"]], "network": "unrolled_em", "model_id": parent["id"], "epochs": 2}
    view = job_in(lab, lab.ok("POST", "/laboratory/trainings", body)["id"], "done")
    model = lab.ok("GET", f"/models/{view['model_id']}")
    assert (model["origin"], model["name"], model["parents"]) == ("trained", "Mine", [parent["id"]])
    family = lab.ok("GET", f"/models/{parent['id']}/family")["items"]
    assert [node["origin"] for node in family] == ["random", "trained"]
    assert model["metrics"]["nrmse_body"] == 0.25
    assert model["card"]["data"]["data_sets"] == ["Quick"]
    request = child.asked[-1]
    assert request["resume"] is True
    assert request["data"] == [made["folder"]]
    assert str(request["init"]).endswith(f"{parent['sha256']}.safetensors")
    assert lab.call("GET", f"/models/{model['id']}/weights").status_code == 200
    row = lab.ok("GET", "/audit/search?limit=1")["items"][0]
    assert (row["action"], row["subject"]) == ("model.downloaded", model["id"])


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"network": "no_such"}, 422),
        ({"parameters": {"learning_rate": -1}}, 422),
        ({"parameters": {"without_reference": "full-counts"}}, 422),
        ({"parameters": {"holdout_fraction": 0.3}}, 422),
        ({"set_ids": ["set-000000000000"]}, 404),
        ({"epochs": 0}, 422),
    ],
)
def test_a_training_that_cannot_be_is_refused_before_it_is_queued(
    lab: Lab, changes: dict[str, object], status: int
) -> None:
    made = made_set(lab)
    body = {"name": "Mine", "set_ids": [made["id"]], "network": "unrolled_em", "epochs": 2, **changes}
    assert lab.call("POST", "/laboratory/trainings", body).status_code == status
    assert [job["kind"] for job in lab.items("/laboratory/jobs")] == ["synthesis"]


def test_a_model_of_another_task_is_neither_trained_nor_compared_nor_tried(lab: Lab) -> None:
    made = made_set(lab)
    other = lab.ok("POST", "/models/initialise", {"name": "Brain", "task": "brain-segmentation", "seed": 1})["id"]
    for path, body in (
        ("trainings", {"name": "M", "set_ids": [made["id"]], "network": "unrolled_em", "model_id": other}),
        ("comparisons", {"title": "C", "set_id": made["id"], "model_ids": [other]}),
        ("reconstructions", {"set_id": made["id"], "file": "study-00.h5", "model_id": other}),
    ):
        answer = lab.call("POST", f"/laboratory/{path}", body)
        assert answer.json["code"] == "model.invalid"  # type: ignore[index]  # a problem is an object


def test_a_folder_is_only_forgotten_and_what_was_made_is_deleted(lab: Lab, tmp_path: Path) -> None:
    folder = make_studies(tmp_path / "folder", 1)
    lab.ok("POST", "/laboratory/sets", {"name": "Folder", "folder": str(folder)})
    named = lab.items("/laboratory/sets")[0]
    job_in(lab, named["job_id"], "done")
    made = made_set(lab)
    lab.ok("DELETE", f"/laboratory/sets/{named['id']}")
    lab.ok("DELETE", f"/laboratory/sets/{made['id']}")
    assert len(list(folder.glob("*.h5"))) == 1
    assert not Path(made["folder"]).exists()
    assert lab.items("/laboratory/sets") == []


def test_a_set_that_a_job_uses_stays(lab: Lab, child: Child) -> None:
    made = made_set(lab)
    child.hold = threading.Event()
    body = {"name": "Mine", "set_ids": [made["id"]], "network": "unrolled_em"}
    job = lab.ok("POST", "/laboratory/trainings", body)
    answer = lab.call("DELETE", f"/laboratory/sets/{made['id']}")
    assert answer.json["code"] == "laboratory.set_in_use"  # type: ignore[index]  # a problem is an object
    child.hold.set()
    job_in(lab, job["id"], "done")


@pytest.mark.parametrize("folder", ["relative/path", "/no/such/folder/here", "{empty}", "{home}"])
def test_a_folder_that_is_no_data_set_is_refused(lab: Lab, tmp_path: Path, folder: str) -> None:
    (tmp_path / "empty").mkdir()
    text = folder.format(empty=tmp_path / "empty", home=lab.home / "laboratory")
    answer = lab.call("POST", "/laboratory/sets", {"name": "X", "folder": text})
    assert answer.json["code"] == "laboratory.folder_unusable"  # type: ignore[index]  # a problem is an object
    assert lab.items("/laboratory/sets") == []


@pytest.mark.parametrize("file", ["../../../flomir.sqlite", "/etc/passwd", "study-99.h5", ""])
def test_only_a_study_that_the_data_set_lists_can_be_tried(lab: Lab, file: str) -> None:
    made = made_set(lab)
    answer = lab.call("POST", "/laboratory/reconstructions", {"set_id": made["id"], "file": file})
    assert answer.status_code == 404


def test_what_a_reader_assumed_has_a_code_and_its_numbers_also_in_what_an_earlier_version_kept(lab: Lab) -> None:
    job = lab.ok("POST", "/laboratory/reconstructions", {"set_id": made_set(lab)["id"], "file": ROW["file"]})
    job_in(lab, job["id"], "done")
    notes = lab.ok("GET", f"/laboratory/jobs/{job['id']}/result")["reconstruction"]["notes"]
    assert notes == [
        {"code": "orbit.no_radius", "text": ASSUMED, "values": {"radius_mm": 250.0}},
        {"code": "", "text": "From before.", "values": {}},
    ]
    old = ReconstructionResult.model_validate(
        {"arrays": [], "metrics": {}, "seconds": {}, "alarm": None, "notes": [ASSUMED]}
    )
    assert [one.model_dump() for one in old.notes] == notes[:1]


@pytest.mark.parametrize("form", ["nii", "h5", "dcm"])
def test_an_image_that_is_taken_along_is_marked_for_research_and_that_it_was_taken_is_written_down(
    lab: Lab, form: str
) -> None:
    made = made_set(lab)
    write_tiny_study(Path(made["folder"]) / str(ROW["file"]))
    job = lab.ok("POST", "/laboratory/reconstructions", {"set_id": made["id"], "file": ROW["file"]})
    job_in(lab, job["id"], "done")
    image = np.ones(tiny_geometry().volume_shape, np.float32)
    np.savez(lab.core.laboratory.jobs.folder(job["id"]) / "images.npz", osem=image, voxel_mm=np.ones(3))
    answer = lab.call("GET", f"/laboratory/jobs/{job['id']}/export/osem/{form}")
    content = gzip.decompress(answer.data) if form == "nii" else answer.data
    assert b"or research, not for diagnosis" in content
    row = lab.ok("GET", "/audit/search?limit=1")["items"][0]
    assert (row["action"], row["subject"]) == ("laboratory.exported", job["id"])
    assert row["details"] == {"image": "osem", "form": form}


@pytest.mark.parametrize("upload", ["../flomir.sqlite", "upload-0123456789ab.h5", "upload-xyz"])
def test_only_what_was_uploaded_can_be_tried(lab: Lab, upload: str) -> None:
    answer = lab.call("POST", "/laboratory/reconstructions", {"upload_id": upload})
    assert answer.status_code == 404


def test_a_page_that_a_job_wrote_may_run_nothing(lab: Lab) -> None:
    made = made_set(lab)
    answer = lab.call("GET", f"/laboratory/sets/{made['id']}/page")
    assert answer.status_code == 200
    policies = answer.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1
    assert policies[0].startswith("sandbox; default-src 'none';")
    assert "script" not in policies[0]
    assert answer.headers["X-Frame-Options"] == "DENY"


def test_every_change_of_a_job_and_its_set_is_told_live(lab: Lab, child: Child) -> None:
    child.lines = [{"progress": 0.5, "stage": "making", "done": 1, "total": 2}]
    job = lab.ok("POST", "/laboratory/synthesis", asked())
    job_in(lab, job["id"], "done")
    lab.ok("DELETE", f"/laboratory/jobs/{job['id']}")
    told = [delta.data for delta in lab.deltas if delta.type == "laboratory_job"]
    states = [data["state"] for data in told if isinstance(data, dict)]
    assert list(dict.fromkeys(states)) == ["queued", "running", "done"]
    sets = [
        data["state"] for delta in lab.deltas if delta.type == "laboratory_set" and isinstance(data := delta.data, dict)
    ]
    assert list(dict.fromkeys(sets)) == ["making", "ready"]
    assert [delta.data for delta in lab.deltas if delta.type == "laboratory_job_deleted"] == [{"id": job["id"]}]


def test_the_curve_of_a_training_outlives_its_child(lab: Lab, child: Child) -> None:
    made = made_set(lab)
    rows = [{"step": 4, "epoch": 1.0, "train_loss": 0.5, "score": 1.5, "rate": 0.001}]
    child.lines = [
        {"progress": 0.4, "stage": "training", "step": 3, "steps": 8, "epoch": 1, "loss": 0.7},
        {"progress": 0.5, "stage": "training", "step": 4, "steps": 8, "epoch": 1, "loss": None, "curve": rows},
    ]
    child.failure = ComputeFailed("no")
    body = {"name": "Mine", "set_ids": [made["id"]], "network": "unrolled_em"}
    view = job_in(lab, lab.ok("POST", "/laboratory/trainings", body)["id"], "failed")
    assert [row["score"] for row in view["live"]["curve"]] == [1.5]
    assert view["live"]["losses"] == [{"step": 3, "loss": 0.7}]


def test_losses_stay_few_however_long_a_training_is() -> None:
    live: dict[str, object] = {}
    for step in range(10_000):
        live = heard(live, {"progress": 0.5, "step": step, "loss": 1.0})
    losses = live["losses"]
    assert isinstance(losses, list)
    assert LOSS_POINTS // 3 < len(losses) <= LOSS_POINTS
    assert losses[0]["step"] == 0


def test_the_lifecycle_has_no_dead_end_but_done() -> None:
    leaving = {before for before, _ in JOB_LIFECYCLE}
    assert set(JobState) - leaving == {JobState.DONE}
    assert {JobState.QUEUED, JobState.RUNNING} == ACTIVE


def tried_upload(lab: Lab, child: Child, ending: str) -> tuple[dict[str, Any], Path]:
    """Try an uploaded scan and let the job end like that; returns the job and where the scan was."""
    headers = {"Authorization": f"Bearer {TOKEN}", "Host": HOST}
    file = {"file": (io.BytesIO(b"a name"), "scan.dcm")}
    answer = lab.client.post("/api/v1/laboratory/uploads", data=file, headers=headers)
    assert isinstance(answer.json, dict)
    upload = answer.json
    path = lab.home / "laboratory" / "uploads" / upload["id"]
    assert path.read_bytes() == b"a name"
    child.failure = ComputeFailed("no scan") if ending == "failed" else None
    child.hold = threading.Event()
    job = lab.ok("POST", "/laboratory/reconstructions", {"upload_id": upload["id"]})
    job_in(lab, job["id"], "running")
    if ending == "cancelled":
        lab.ok("POST", f"/laboratory/jobs/{job['id']}/cancel")
    elif ending == "interrupted":
        lab.core.laboratory.stop()
    else:
        child.hold.set()
    return job_in(lab, job["id"], ending), path


@pytest.mark.parametrize("ending", ["done", "failed", "cancelled"])
def test_an_uploaded_scan_is_gone_however_its_job_ends(lab: Lab, child: Child, ending: str) -> None:
    job, path = tried_upload(lab, child, ending)
    wait_until(lambda: not path.exists(), timeout_s=20, what="the upload to go", poll_s=0.01)
    assert lab.ok("GET", f"/laboratory/jobs/{job['id']}")["can_resume"] is False
    if ending != "done":
        assert lab.call("POST", f"/laboratory/jobs/{job['id']}/resume").status_code == 409


def test_an_interrupted_job_keeps_its_upload_until_it_is_removed(lab: Lab, child: Child) -> None:
    job, path = tried_upload(lab, child, "interrupted")
    assert path.is_file()
    assert job["can_resume"] is True
    lab.ok("DELETE", f"/laboratory/jobs/{job['id']}")
    assert not path.exists()


def test_old_uploads_are_gone_at_the_next_start(lab: Lab, tmp_path: Path) -> None:
    import os

    uploads = lab.home / "laboratory" / "uploads"
    for name, age in (("upload-000000000001.h5", 200_000), ("upload-000000000002.h5", 10)):
        (uploads / name).write_bytes(b"x")
        os.utime(uploads / name, times=(1_000_000_000, (uploads / name).stat().st_mtime - age))
    again = Laboratory(lab.core.desk, home=lab.home, models=lab.core.models, run=Child(tmp_path), held=lambda: False)
    again.start()
    again.stop()
    assert [path.name for path in uploads.iterdir()] == ["upload-000000000002.h5"]


def test_while_draining_no_heavy_job_begins_and_those_that_wait_begin_afterwards(
    lab: Lab, child: Child, tmp_path: Path
) -> None:
    child.hold = threading.Event()
    first, second = (lab.ok("POST", "/laboratory/synthesis", asked(name=name)) for name in ("One", "Two"))
    job_in(lab, first["id"], "running")
    assert lab.ok("PUT", "/drain", {"on": True})["jobs"] == 1
    child.hold.set()
    job_in(lab, first["id"], "done")
    assert lab.ok("GET", "/drain")["jobs"] == 0
    make_studies(tmp_path / "folder", 1)
    lab.ok("POST", "/laboratory/sets", {"name": "Folder", "folder": str(tmp_path / "folder")})
    job_in(lab, lab.items("/laboratory/jobs")[0]["id"], "done")  # both lanes have looked at the queue since
    assert lab.ok("GET", f"/laboratory/jobs/{second['id']}")["state"] == "queued"
    lab.ok("PUT", "/drain", {"on": False})
    job_in(lab, second["id"], "done")
