"""The laboratory put together: its folders, its queue, its five kinds of jobs."""

import time
from collections.abc import Callable
from pathlib import Path

from fl_core.desk import Desk
from fl_core.errors import Conflict
from fl_core.storage.lab_work import JobState
from orchestrator.laboratory_schemas import JobResult
from orchestrator.services.laboratory.applying import Reconstructions, ReconstructionWork
from orchestrator.services.laboratory.comparing import Comparisons, ComparisonWork
from orchestrator.services.laboratory.jobs import Jobs
from orchestrator.services.laboratory.making import Making
from orchestrator.services.laboratory.sets import SetFiles, Sets, SetWork
from orchestrator.services.laboratory.training import Trainings, TrainingWork
from orchestrator.services.laboratory.work import RunLongJob, Work
from orchestrator.services.models import Models

OLD_UPLOAD_S = 86_400.0


class Laboratory:
    """What the routes call; `start` begins to work off the queue, `stop` puts the present work away."""

    def __init__(self, desk: Desk, *, home: Path, models: Models, run: RunLongJob, held: Callable[[], bool]) -> None:
        folder = home / "laboratory"
        self._uploads = folder / "uploads"
        for place in (folder / "jobs", folder / "sets", self._uploads):
            place.mkdir(parents=True, exist_ok=True)
        files = SetFiles(folder / "sets")
        works: dict[str, Work] = {}
        self.jobs = Jobs(desk, folder=folder / "jobs", run=run, works=works, held=held)
        self.sets = Sets(desk, files=files, jobs=self.jobs, home=home)
        self.making = Making(sets=self.sets, run=run, folder=folder)
        self.trainings = Trainings(desk, jobs=self.jobs, sets=self.sets, models=models)
        self.comparisons = Comparisons(desk, jobs=self.jobs, sets=self.sets, models=models)
        self.reconstructions = Reconstructions(
            desk, jobs=self.jobs, sets=self.sets, files=files, models=models, uploads=self._uploads
        )
        works |= {
            "synthesis": SetWork(desk, files, lane="heavy"),
            "check": SetWork(desk, files, lane="light"),
            "training": TrainingWork(desk, sets=self.sets, models=models, folder=folder / "jobs"),
            "comparison": ComparisonWork(sets=self.sets, files=files, models=models),
            "reconstruction": ReconstructionWork(sets=self.sets, files=files, models=models, uploads=self._uploads),
        }

    def start(self) -> None:
        """Remove uploads that nobody used, and begin to work."""
        for path in self._uploads.iterdir():
            if time.time() - path.stat().st_mtime > OLD_UPLOAD_S:
                path.unlink(missing_ok=True)
        self.jobs.start()

    def stop(self) -> None:
        """End within some seconds; idempotent."""
        self.jobs.stop()

    def result(self, job_id: str) -> JobResult:
        """Return what a finished comparison or reconstruction found; raises Conflict (`laboratory.no_result`)."""
        job = self.jobs.row(job_id)
        if job.state != JobState.DONE:
            message = f"the job is {job.state}"
            raise Conflict(message, code="laboratory.no_result")
        if job.kind == "comparison":
            return JobResult(comparison=self.comparisons.result(job))
        if job.kind == "reconstruction":
            return JobResult(reconstruction=self.reconstructions.result(job))
        return JobResult()
