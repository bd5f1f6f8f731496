"""Reconstructs a study by OSEM and by a received or shipped model, side by side, in a child process."""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from contributor.paths import SitePaths
from contributor.schemas import ReconstructionList, ReconstructionView, WorkProblem
from contributor.schemas_results import ReconstructionDetails
from contributor.services.inspection import Volume
from contributor.services.kept_files import remove_of, settle_strays
from contributor.services.models import ReceivedModels
from contributor.services.shipped import is_shipped, shipped_model, shipped_name
from contributor.services.studies import Studies
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotFound, StudyUnusable
from fl_core.protocol.ids import new_id
from fl_core.storage.database import Transaction
from fl_core.storage.listing import Wanted
from fl_core.storage.site_models import ReconstructionRecord, ReconstructionStore
from fl_core.supervision.failures import expected
from fl_core.supervision.job_queue import JobQueue
from fl_core.supervision.jobs import JobCancelled, run_job
from fl_core.views import Deleted
from model.errors import ModelError
from model.io.atomic import write_atomically
from model.io.marking import RESEARCH_ONLY
from model.task_spec import SPECT

JOB_MODULE = "model.jobs"
JOB_TIMEOUT_S = 1800.0
STOP_S = 1.0
IN_FILE = {"osem": "osem", "model": "model", "reference": "reference", "attenuation": "mu", "half_width": "half_width"}
DETAILS = ("alarm", "intervals", "segments", "osem_settings")


class Reconstructions:
    """Queues and keeps reconstructions; one is computed at a time."""

    def __init__(
        self,
        desk: Desk,
        *,
        paths: SitePaths,
        studies: Studies,
        models: ReceivedModels,
        room_changed: Callable[[], None],
    ) -> None:
        self._desk = desk
        self._store = ReconstructionStore(desk.database)
        self._paths = paths
        self._studies = studies
        self._models = models
        self._room_changed = room_changed
        self._progress: dict[str, float] = {}
        self._unrecorded: set[str] = set()
        self._queue = JobQueue("reconstructions", lanes={"": self._next}, compute=self._compute)

    def start(self) -> None:
        """Start the thread that works; what an earlier run left unfinished is begun again, or removed for good."""
        known = self._store.all()
        ids = {record.id for record in known}
        settle_strays(self._desk, self._paths.reconstructions, prefix="reconstruction", known=ids)
        self._queue.start()

    def cancel(self) -> None:
        """Let the present job end; returns at once. It is begun again at the next start."""
        self._queue.cancel_all()

    def stop(self) -> None:
        """End the present job and the thread within 1 s (a cancelled job ends within 2 s); idempotent."""
        self._queue.stop(STOP_S)

    def is_busy(self) -> bool:
        """Tell whether one is being computed or waits for it."""
        return any(record.state == "running" for record in self._store.all())

    def part(self, wanted: Wanted) -> ReconstructionList:
        """Return a part of the reconstructions, newest first."""
        part = self._store.part(wanted)
        items = [self._view(record) for record in part.rows]
        return ReconstructionList(items=items, total=part.total, next_cursor=part.next_cursor)

    def get(self, reconstruction_id: str) -> ReconstructionView:
        """Return one; raises NotFound."""
        return self._view(self._store.get(reconstruction_id))

    def create(self, study_id: str, model_id: str) -> ReconstructionView:
        """Queue a reconstruction; the model's weights are fetched when they are not here."""
        study = self._studies.get(study_id)
        if study.task != SPECT or study.state == "unusable":
            message = "only usable SPECT studies can be reconstructed"
            raise InvalidInput(message, code="study.unusable")
        model_name = self._ready_model(model_id)
        record = ReconstructionRecord(
            id=new_id("reconstruction"),
            study_id=study_id,
            model_id=model_id,
            state="running",
            created_at=self._desk.now(),
            arrays=[],
            metrics={},
            seconds={},
        )
        with self._desk.database.begin() as tx:
            self._store.save(tx, record)
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="reconstruction.started",
                subject=record.id,
                details={"study": study_id, "model": model_id},
                text=f"A study is reconstructed with “{model_name}” and with OSEM.",
                values={"name": model_name},
            )
        view = self._view(record)
        self._desk.bus.publish("reconstruction", view)
        self._queue.look()
        return view

    def _ready_model(self, model_id: str) -> str:
        """Return the name of a model that can reconstruct, after bringing its weights here."""
        if is_shipped(model_id):
            return shipped_model(model_id).network
        model = self._models.get(model_id)
        if model.task != SPECT:
            message = f"the model is for the task {model.task}"
            raise InvalidInput(message, code="model.invalid")
        if not model.fetched:
            self._models.fetch(model_id)
        return model.name

    def details(self, reconstruction_id: str) -> ReconstructionDetails:
        """Return what is known about the images beside their scores; raises NotFound, or Conflict while it runs."""
        record = self._done(reconstruction_id)
        try:
            return ReconstructionDetails.model_validate_json(self._details_file(record.id).read_bytes())
        except FileNotFoundError as error:
            message = "this reconstruction was made by an earlier version; make it again to see more"
            raise NotFound(message) from error

    def keep_details(self, reconstruction_id: str, details: ReconstructionDetails) -> None:
        """Replace what is known about the images."""
        path = self._details_file(reconstruction_id)
        write_atomically(path, details.model_dump_json().encode())
        self._take_back_if_gone(reconstruction_id, path)

    def export(self, reconstruction_id: str, name: str, form: str) -> Path:
        """Return an image as a file to take along: in the study's place, marked as research, without identifiers.

        That it was taken is written down.
        """
        from model.io.export import SUFFIXES, export_volume  # with all readers: not for a start that exports nothing
        from model.io.importing import import_studies

        record = self._done(reconstruction_id)
        image, _ = self.array(reconstruction_id, name)
        path = self._paths.reconstructions / f"{record.id}-{name}{SUFFIXES[form]}"
        if not path.is_file():
            method = "OSEM" if name == "osem" else f"model {record.model_id}"
            try:
                source = import_studies(self._studies.path(record.study_id))[0]
                described = {"method": f"{method}. {RESEARCH_ONLY}"}
                shows = {"shows": "half-width of the interval"} if name == "half_width" else {}
                export_volume(path, image, source, method=described | shows)
            except (ModelError, FileNotFoundError) as error:
                message = f"the image cannot be written as {form}: {error}"
                raise StudyUnusable(message) from error
            self._take_back_if_gone(record.id, path)
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="reconstruction.exported",
                subject=record.id,
                details={"study": record.study_id, "image": name, "form": form},
            )
        return path

    def remove(self, reconstruction_id: str) -> Deleted:
        """Forget one with its images and exports; raises NotFound, or Conflict (``result.running``) while it runs."""
        record = self._store.get(reconstruction_id)
        with self._desk.database.begin() as tx:
            if not self._store.remove(tx, record.id):
                message = "the reconstruction is being computed"
                raise Conflict(message, code="result.running")
            self._desk.journal.note(
                tx,
                actor=acted_by("professional"),
                action="reconstruction.removed",
                subject=record.id,
                details={"study": record.study_id, "model": record.model_id},
                text="A reconstruction was removed with its images.",
                values={},
            )
        remove_of(self._paths.reconstructions, record.id)
        self._desk.bus.publish("reconstruction_deleted", Deleted(id=record.id))
        self._room_changed()
        return Deleted(id=record.id)

    def _take_back_if_gone(self, reconstruction_id: str, path: Path) -> None:
        """Remove a file of what was removed or erased while the file was made; raises NotFound then."""
        try:
            self._store.get(reconstruction_id)
        except NotFound:
            path.unlink(missing_ok=True)
            raise

    def _done(self, reconstruction_id: str) -> ReconstructionRecord:
        record = self._store.get(reconstruction_id)
        if record.state != "done":
            message = "the reconstruction is not done"
            raise Conflict(message)
        return record

    def array(self, reconstruction_id: str, name: str) -> Volume:
        """Return one volume (z, y, x) with its voxel size in mm; raises NotFound."""
        record = self._done(reconstruction_id)
        if name not in record.arrays:
            message = f"this reconstruction has no {name}"
            raise NotFound(message)
        with np.load(self._file(record.id), allow_pickle=False) as archive:
            z, y, x = (float(size) for size in archive["voxel_mm"])
            return archive[IN_FILE[name]].astype(np.float32), (z, y, x)

    def _next(self) -> str | None:
        """Return the oldest that waits; one whose end could not be written down waits for the next start."""
        waiting = [one.id for one in self._store.all() if one.state == "running" and one.id not in self._unrecorded]
        return waiting[-1] if waiting else None

    def _compute(self, reconstruction_id: str, cancel: threading.Event) -> None:
        record = self._store.get(reconstruction_id)
        self._unrecorded.add(record.id)
        try:
            done = _finished(record, self._run(record, cancel))
        except JobCancelled:
            return  # the daemon ends; it is begun again at the next start
        except Exception as error:  # noqa: BLE001 - whatever it is, the reconstruction has failed
            failure = expected(error, "a reconstruction failed unexpectedly", reconstruction=record.id)
            done = replace(record, state="failed", problem=WorkProblem.of(failure).model_dump())
        self._progress.pop(record.id, None)
        with self._desk.database.begin() as tx:
            self._store.save(tx, done)
            self._tell_end(tx, done)
        self._unrecorded.discard(record.id)
        self._desk.bus.publish("reconstruction", self._view(done))

    def _tell_end(self, tx: Transaction, done: ReconstructionRecord) -> None:
        problem = done.problem or {}
        ending = f"failed: {problem['detail']}" if problem else "is ready"
        self._desk.journal.tell(
            tx,
            kind="reconstruction",
            text=f"The reconstruction {ending}.",
            subject=done.id,
            key=f"reconstruction.{done.state}",
            values={"code": problem["code"], "reason": problem["title"]} if problem else {},
        )

    def _run(self, record: ReconstructionRecord, cancel: threading.Event) -> dict[str, object]:
        self._paths.reconstructions.mkdir(parents=True, exist_ok=True)
        request: dict[str, object] = {
            "kind": "reconstruct",
            "study": str(self._studies.path(record.study_id)),
            "method": "model",
            "intervals": True,
            "out": str(self._file(record.id)),
            **self._weights(record.model_id),
        }

        def on_progress(line: dict[str, object]) -> None:
            self._progress[record.id] = float(str(line["progress"]))
            self._desk.bus.publish_progress("reconstruction", record.id, lambda: self.get(record.id))

        answer = run_job(JOB_MODULE, request, timeout_s=JOB_TIMEOUT_S, on_progress=on_progress, cancel=cancel)
        kept = json.dumps({key: answer.get(key) for key in DETAILS}, allow_nan=False)
        write_atomically(self._details_file(record.id), kept.encode())
        return answer

    def _weights(self, model_id: str) -> dict[str, object]:
        if is_shipped(model_id):
            return {"shipped": shipped_name(model_id)}
        return {"weights": str(self._models.weights_path(model_id))}

    def _view(self, record: ReconstructionRecord) -> ReconstructionView:
        return ReconstructionView(**vars(record), progress=self._progress.get(record.id, 0.0))

    def _details_file(self, reconstruction_id: str) -> Path:
        return self._paths.reconstructions / f"{reconstruction_id}.json"

    def _file(self, reconstruction_id: str) -> Path:
        return self._paths.reconstructions / f"{reconstruction_id}.npz"


def _finished(record: ReconstructionRecord, answer: dict[str, object]) -> ReconstructionRecord:
    """Take what is shown out of a job's answer; scores that do not exist are left out."""
    arrays = answer.get("arrays")
    present = set(arrays) if isinstance(arrays, list) else set()
    return replace(
        record,
        state="done",
        arrays=[name for name, inside in IN_FILE.items() if inside in present],
        metrics={method: _numbers(scores) for method, scores in _items(answer.get("metrics"))},
        seconds=_numbers(answer.get("seconds")),
    )


def _items(value: object) -> list[tuple[str, object]]:
    return [(str(key), one) for key, one in value.items()] if isinstance(value, dict) else []


def _numbers(value: object) -> dict[str, float]:
    return {key: float(one) for key, one in _items(value) if isinstance(one, int | float)}
