"""Comparing methods on a data set: figures with paired differences and intervals, and a report."""

from collections.abc import Mapping
from pathlib import Path

from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotFound
from fl_core.protocol.messages import Json
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work import JobRow, JobState
from orchestrator.laboratory_schemas import ComparisonCreate, ComparisonResult
from orchestrator.services.laboratory.jobs import Jobs
from orchestrator.services.laboratory.sets import SetFiles, Sets
from orchestrator.services.laboratory.training import MODULE, reconstructing_model
from orchestrator.services.laboratory.work import Ask, Lane, Outcome, Work, processors
from orchestrator.services.models import Models

REPORT = "report"
TITLES = {"osem": "OSEM", "mlem": "MLEM", "fbp": "FBP", "map-osem": "MAP-OSEM", "default": "FLoMIR's own"}


class Comparisons:
    """Checks what is asked of a comparison, queues it, returns what it found."""

    def __init__(self, desk: Desk, *, jobs: Jobs, sets: Sets, models: Models) -> None:
        self._desk = desk
        self._jobs = jobs
        self._sets = sets
        self._models = models

    def create(self, wanted: ComparisonCreate) -> str:
        """Queue a comparison; returns the id of the job.

        Raises
        ------
        InvalidInput
            Nothing to compare, a data set without reference images, ``model.invalid``.
        Conflict
            ``laboratory.set_not_ready``.
        """
        if len(set(wanted.model_ids)) + len(set(wanted.baselines)) < 2:
            message = "model_ids: two methods at least are compared"
            raise InvalidInput(message)
        for model_id in wanted.model_ids:
            reconstructing_model(self._models, model_id)
        row = self._sets.ready(wanted.set_id)
        if not (row.facts or {}).get("references"):
            message = f"the data set {row.name} has no reference images to compare with"
            raise InvalidInput(message, code="laboratory.folder_unusable")
        with self._desk.database.begin() as tx:
            spec = wanted.model_dump(mode="json")
            return self._jobs.add(tx, kind="comparison", title=wanted.title, spec=spec, set_id=wanted.set_id)

    def result(self, job: JobRow) -> ComparisonResult:
        """Return the figures of a comparison that is done."""
        return ComparisonResult.model_validate(job.result)

    def report(self, job_id: str) -> Path:
        """Return the report of a comparison; raises NotFound, or Conflict (`laboratory.no_result`)."""
        job = self._jobs.row(job_id)
        if job.kind != "comparison":
            message = "this job makes no report"
            raise NotFound(message)
        path = self._jobs.folder(job_id) / REPORT / "report.html"
        if not path.is_file():
            message = "the report is not there yet"
            raise Conflict(message, code="laboratory.no_result")
        return path


class ComparisonWork(Work):
    """The job `comparison`."""

    def __init__(self, *, sets: Sets, files: SetFiles, models: Models) -> None:
        self._sets = sets
        self._files = files
        self._models = models

    @property
    def lane(self) -> Lane:
        """Many reconstructions are heavy."""
        return "heavy"

    def ask(self, job: JobRow, folder: Path) -> Ask:
        """Return which studies by which methods; begun anew each time."""
        wanted = ComparisonCreate.model_validate(job.spec)
        place = Path(self._sets.ready(wanted.set_id).folder)
        rows = [row for row in self._files.rows(wanted.set_id) if row.reference is not None]
        titles = self._titles(wanted)
        against = "OSEM" if "osem" in wanted.baselines else next(iter(titles.values()))
        request = {
            "kind": "compare",
            "studies": [str(place / row.file) for row in rows[: wanted.most_studies]],
            "methods": list(titles),
            "titles": titles,
            "against": against,
            "title": wanted.title,
            "out": str(folder / REPORT),
            "threads": processors(),
        }
        return Ask(module=MODULE, request=request)

    def _titles(self, wanted: ComparisonCreate) -> dict[str, str]:
        """Return method -> title, models first, equal names told apart."""
        found: dict[str, str] = {}
        for model_id in dict.fromkeys(wanted.model_ids):
            name, path = reconstructing_model(self._models, model_id)
            found[str(path)] = name if name not in found.values() else f"{name} ({path.stem[:6]})"
        return found | {name: TITLES[name] for name in dict.fromkeys(wanted.baselines)}

    def finish(self, tx: Transaction, job: JobRow, answer: Mapping[str, object]) -> Outcome:
        """Keep the figures; the report lies in the job's folder."""
        del tx, job
        kept: Json = {key: answer[key] for key in ("against", "studies", "failures", "summary")}
        return Outcome(result=ComparisonResult.model_validate(kept).model_dump(mode="json"))

    def changed(self, tx: Transaction, job: JobRow, state: JobState) -> None:
        """Nothing else follows a comparison."""
