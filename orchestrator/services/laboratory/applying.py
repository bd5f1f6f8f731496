"""Trying a model: one study by OSEM and by the model, side by side, to look at and to take along as a file."""

import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotFound, StudyUnusable
from fl_core.protocol.ids import new_id
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work import JobRow, JobState
from model.errors import ModelError
from model.io.marking import RESEARCH_ONLY
from orchestrator.laboratory_schemas import ReconstructionCreate, ReconstructionResult, UploadView
from orchestrator.services.desk import by_manager
from orchestrator.services.laboratory.jobs import Jobs
from orchestrator.services.laboratory.sets import SetFiles, Sets
from orchestrator.services.laboratory.training import MODULE, reconstructing_model
from orchestrator.services.laboratory.work import Ask, Lane, Outcome, Work
from orchestrator.services.models import Models

IMAGES = "images.npz"
IMPORTED = "study.h5"
SHIPPED = "FLoMIR"
TIMEOUT_S = 3600.0
STUDY_SUFFIXES = frozenset({".h5", ".hdf5"})
UPLOAD_SUFFIXES = STUDY_SUFFIXES | {".dcm", ".ima"}
_UPLOAD = re.compile(r"upload-[0-9a-f]{12}\.[a-z0-9]{2,5}")

Volume = tuple[NDArray[np.float32], tuple[float, float, float]]


class Reconstructions:
    """Takes in what is to be reconstructed, queues it, hands out the images."""

    def __init__(self, desk: Desk, *, jobs: Jobs, sets: Sets, files: SetFiles, models: Models, uploads: Path) -> None:
        self._desk = desk
        self._jobs = jobs
        self._sets = sets
        self._files = files
        self._models = models
        self.uploads = uploads

    def keep_upload(self, received: Path, name: str) -> UploadView:
        """Take a received file; raises StudyUnusable for one of a kind that is not read."""
        suffix = Path(name).suffix.lower()
        if suffix not in UPLOAD_SUFFIXES:
            message = f"files that end in {suffix or 'nothing'} are not read; {', '.join(sorted(UPLOAD_SUFFIXES))} are"
            raise StudyUnusable(message)
        kept = received.replace(self.uploads / f"{new_id('upload')}{suffix}")
        return UploadView(id=kept.name, name=Path(name).name[:200])

    def create(self, wanted: ReconstructionCreate) -> str:
        """Queue a reconstruction; returns the id of the job.

        Raises
        ------
        InvalidInput
            Neither or both of a study and an upload, an unknown study, ``model.invalid``.
        Conflict
            ``laboratory.set_not_ready``.
        """
        model = SHIPPED if wanted.model_id is None else reconstructing_model(self._models, wanted.model_id)[0]
        if (wanted.set_id is not None and wanted.file is not None) == (wanted.upload_id is not None):
            message = "name a study of a data set, or a file that was uploaded, one of the two"
            raise InvalidInput(message)
        title = f"{Path(wanted.file or '').stem} · {model}" if wanted.upload_id is None else model
        self._source(wanted)
        with self._desk.database.begin() as tx:
            spec = wanted.model_dump(mode="json")
            return self._jobs.add(tx, kind="reconstruction", title=title, spec=spec, set_id=wanted.set_id)

    def _source(self, wanted: ReconstructionCreate) -> Path:
        return source_of(wanted, sets=self._sets, files=self._files, uploads=self.uploads)

    def result(self, job: JobRow) -> ReconstructionResult:
        """Return what a reconstruction gave."""
        return ReconstructionResult.model_validate(job.result)

    def array(self, job_id: str, name: str) -> Volume:
        """Return one image (z, y, x) with its voxel size in mm; raises NotFound, or Conflict (`laboratory.no_result`)."""
        self._done(job_id)
        with np.load(self._jobs.folder(job_id) / IMAGES, allow_pickle=False) as archive:
            if name not in archive:
                message = f"this reconstruction has no {name}"
                raise NotFound(message)
            z, y, x = (float(size) for size in archive["voxel_mm"])
            return archive[name].astype(np.float32), (z, y, x)

    def export(self, job_id: str, name: str, form: str) -> Path:
        """Return an image as a file to take along, in the study's place, marked as research, without identifiers.

        That it was taken is written down.
        """
        from model.io.export import SUFFIXES, export_volume  # with all readers: not for a start that exports nothing
        from model.io.importing import import_studies

        job = self._done(job_id)
        image, _ = self.array(job_id, name)
        path = self._jobs.folder(job_id) / f"{name}{SUFFIXES[form]}"
        if not path.is_file():
            study = self._study(ReconstructionCreate.model_validate(job.spec), job_id)
            try:
                method = {"method": f"{name}, {job.title}. {RESEARCH_ONLY}"}
                export_volume(path, image, import_studies(study)[0], method=method)
            except (ModelError, FileNotFoundError) as error:
                message = f"the image cannot be written as {form}: {error}"
                raise StudyUnusable(message) from error
        with self._desk.database.begin() as tx:
            details: dict[str, object] = {"image": name, "form": form}
            self._desk.journal.note(
                tx, actor=by_manager(), action="laboratory.exported", subject=job_id, details=details
            )
        return path

    def _study(self, wanted: ReconstructionCreate, job_id: str) -> Path:
        imported = self._jobs.folder(job_id) / IMPORTED
        return imported if imported.is_file() else self._source(wanted)

    def _done(self, job_id: str) -> JobRow:
        job = self._jobs.row(job_id)
        if job.kind != "reconstruction":
            message = "this job makes no images"
            raise NotFound(message)
        if job.state != JobState.DONE:
            message = f"the reconstruction is {job.state}"
            raise Conflict(message, code="laboratory.no_result")
        return job


def source_of(wanted: ReconstructionCreate, *, sets: Sets, files: SetFiles, uploads: Path) -> Path:
    """Return the file to reconstruct: a study that its data set lists, or an upload; nothing else can be named."""
    if wanted.upload_id is not None:
        path = uploads / wanted.upload_id
        if not _UPLOAD.fullmatch(wanted.upload_id) or not path.is_file():
            message = "the uploaded file is not here any more; upload it again"
            raise NotFound(message)
        return path
    row = sets.ready(str(wanted.set_id))
    if wanted.file not in {study.file for study in files.rows(row.id)}:
        message = f"the data set {row.name} has no study of this name"
        raise NotFound(message)
    return Path(row.folder) / str(wanted.file)


class ReconstructionWork(Work):
    """The job `reconstruction`."""

    def __init__(self, *, sets: Sets, files: SetFiles, models: Models, uploads: Path) -> None:
        self._sets = sets
        self._files = files
        self._models = models
        self._uploads = uploads

    @property
    def lane(self) -> Lane:
        """A study takes seconds: it does not wait for a training."""
        return "light"

    def can_resume(self, job: JobRow, folder: Path) -> bool:
        """Tell whether the scan is still there, as it came or without identifiers."""
        upload = self._upload(job)
        return upload is None or upload.is_file() or (folder / IMPORTED).is_file()

    def ask(self, job: JobRow, folder: Path) -> Ask:
        """Return which study and which model; a scan that was imported already is not asked for again."""
        wanted = ReconstructionCreate.model_validate(job.spec)
        imported = folder / IMPORTED
        scan = (
            imported
            if imported.is_file()
            else source_of(wanted, sets=self._sets, files=self._files, uploads=self._uploads)
        )
        study = scan if wanted.upload_id is None or scan == imported else imported
        weights = None if wanted.model_id is None else str(reconstructing_model(self._models, wanted.model_id)[1])
        request = {
            "kind": "apply",
            "scan": str(scan),
            "study": str(study),
            "weights": weights,
            "shipped": "default" if weights is None else None,
            "osem": wanted.osem.model_dump(mode="json"),
            "out": str(folder / IMAGES),
            "threads": 1,
        }
        return Ask(module=MODULE, request=request, timeout_s=TIMEOUT_S)

    def finish(self, tx: Transaction, job: JobRow, answer: Mapping[str, object]) -> Outcome:
        """Keep names, scores and times; the images lie in the job's folder."""
        del tx, job
        arrays = answer.get("arrays")
        kept = {
            "arrays": [name for name in arrays if name != "voxel_mm"] if isinstance(arrays, list) else [],
            "metrics": {method: _numbers(scores) for method, scores in _items(answer.get("metrics"))},
            "seconds": _numbers(answer.get("seconds")),
            "notes": answer.get("notes", []),
            "alarm": answer.get("alarm"),
        }
        return Outcome(result=ReconstructionResult.model_validate(kept).model_dump(mode="json"))

    def changed(self, tx: Transaction, job: JobRow, state: JobState) -> None:
        """Delete an upload with which nothing can be done any more; only after an interruption it is read again."""
        if state in {JobState.DONE, JobState.FAILED, JobState.CANCELLED}:
            tx.after_commit(lambda: self.removed(job))

    def removed(self, job: JobRow) -> None:
        """Delete the upload, which may name a patient."""
        upload = self._upload(job)
        if upload is not None:
            upload.unlink(missing_ok=True)

    def _upload(self, job: JobRow) -> Path | None:
        upload_id = ReconstructionCreate.model_validate(job.spec).upload_id
        return self._uploads / upload_id if upload_id is not None and _UPLOAD.fullmatch(upload_id) else None


def _items(value: object) -> list[tuple[str, object]]:
    return [(str(key), one) for key, one in value.items()] if isinstance(value, dict) else []


def _numbers(value: object) -> dict[str, float]:
    return {key: float(one) for key, one in _items(value) if isinstance(one, int | float)}
