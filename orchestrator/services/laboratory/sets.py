"""Data sets of the laboratory: folders of study files on this computer, made here or named by a person."""

import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotFound
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import Json
from fl_core.storage import lab_work
from fl_core.storage.database import Transaction
from fl_core.storage.lab_work import ACTIVE, JobRow, JobState, SetRow
from fl_core.storage.listing import Wanted
from fl_core.views import Deleted
from orchestrator.laboratory_schemas import (
    FolderCreate,
    SetList,
    SetView,
    StudyRow,
    StudyRowList,
    StudyRowsWanted,
    SynthesisCreate,
)
from orchestrator.services.desk import by_manager
from orchestrator.services.laboratory.jobs import Jobs
from orchestrator.services.laboratory.study_rows import part_of_rows, study_rows
from orchestrator.services.laboratory.views import set_summary, set_view
from orchestrator.services.laboratory.work import LEAST_FREE_BYTES, Ask, Lane, Outcome, Work, processors

JOBS = "synthesis.jobs"
ABOUT = "about"
MOST_ENTRIES = 50_000
"""Of a folder that a person names: more than that is no data set."""
STUDY_SUFFIX = ".h5"
DESCRIBING = ("synthesis", "check")
"""The kinds of jobs that make or check a data set."""


class SetFiles:
    """Where data sets lie: what is made here in ``<folder>/<id>/<name>``, what is known of each in ``<folder>/<id>/about``."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def about(self, set_id: str) -> Path:
        """Return where page, pictures and rows of a data set lie."""
        return self.folder / set_id / ABOUT

    def studies(self, set_id: str, name: str) -> Path:
        """Return where studies that are made here go; the folder is named as the set, since model cards name it."""
        slug = re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")[:40]
        return self.folder / set_id / (slug if slug not in ("", ABOUT) else "studies")

    def rows(self, set_id: str) -> list[StudyRow]:
        """Return the studies of a data set; none before it was checked."""
        return study_rows(self.about(set_id))


class Sets:
    """Registers, makes, lists and forgets data sets."""

    def __init__(self, desk: Desk, *, files: SetFiles, jobs: Jobs, home: Path) -> None:
        self._desk = desk
        self._files = files
        self._jobs = jobs
        self._home = home

    def part(self, wanted: Wanted) -> SetList:
        """Return a part of the list, newest first unless asked otherwise."""
        with self._desk.database.read() as connection:
            part = lab_work.list_sets(connection, wanted)
            jobs = lab_work.newest_jobs(connection, DESCRIBING, [row.id for row in part.rows])
        items = [set_summary(row, jobs.get(row.id)) for row in part.rows]
        return SetList(items=items, total=part.total, next_cursor=part.next_cursor)

    def view(self, set_id: str) -> SetView:
        """Return one data set or raise NotFound."""
        return _view(self._desk, set_id)

    def ready(self, set_id: str) -> SetRow:
        """Return a data set that can be used.

        Raises
        ------
        Conflict
            ``laboratory.set_not_ready`` when it is still made, or was never finished, or its folder is gone.
        """
        with self._desk.database.read() as connection:
            row = lab_work.one_set(connection, set_id)
        if row.state != "ready" or not Path(row.folder).is_dir():
            message = f"the data set {row.name} is {row.state if row.state != 'ready' else 'missing on the disk'}"
            raise Conflict(message, code="laboratory.set_not_ready")
        return row

    def studies(self, set_id: str, wanted: StudyRowsWanted) -> StudyRowList:
        """Return a part of the studies of a data set."""
        self.view(set_id)
        return part_of_rows(self._files.about(set_id), wanted)

    def page(self, set_id: str) -> Path:
        """Return the inspection page of a data set or raise NotFound."""
        return self._about(set_id, "page.html")

    def picture(self, set_id: str, number: int) -> Path:
        """Return the small pictures of a study or raise NotFound."""
        return self._about(set_id, f"pictures/{number}.png")

    def register(self, wanted: FolderCreate) -> SetView:
        """Take a folder of this computer as a data set; it is checked before it can be used.

        Raises
        ------
        InvalidInput
            ``laboratory.folder_unusable``.
        """
        folder = self._checked(wanted.folder)
        with self._desk.database.begin() as tx:
            set_id = self._add(tx, name=wanted.name, origin="folder", folder=folder)
            self._jobs.add(tx, kind="check", title=wanted.name, spec={"folder": str(folder)}, set_id=set_id)
        return self.view(set_id)

    def make(self, wanted: SynthesisCreate, scenario: Json) -> str:
        """Queue the making of a data set; returns the id of the job."""
        with self._desk.database.begin() as tx:
            set_id = self._add(tx, name=wanted.name, origin="made", folder=None)
            spec: Json = {"asked": wanted.model_dump(mode="json"), "scenario": scenario}
            return self._jobs.add(tx, kind="synthesis", title=wanted.name, spec=spec, set_id=set_id)

    def remove(self, set_id: str) -> Deleted:
        """Forget a data set; studies that were made here are deleted, a named folder is left as it is.

        Raises
        ------
        Conflict
            ``laboratory.set_in_use`` while a job that is not over uses it.
        """
        with self._desk.database.begin() as tx:
            row = lab_work.one_set(tx.connection, set_id)
            if any(set_id in _used_sets(job) for job in lab_work.jobs_in(tx.connection, *ACTIVE)):
                message = f"a job uses the data set {row.name}"
                raise Conflict(message, code="laboratory.set_in_use")
            lab_work.remove_set(tx, set_id)
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action="laboratory.set_removed",
                subject=set_id,
                details={"name": row.name, "origin": row.origin},
                text=f"Data set {row.name} was removed.",
                values={"name": row.name},
            )
            tx.after_commit(lambda: self._tell_removed(set_id))
        shutil.rmtree(self._files.folder / set_id, ignore_errors=True)
        return Deleted(id=set_id)

    # --- inside ----------------------------------------------------------------------------------------------------

    def _tell_removed(self, set_id: str) -> None:
        self._desk.bus.publish("laboratory_set_deleted", Deleted(id=set_id))

    def _about(self, set_id: str, name: str) -> Path:
        self.view(set_id)
        path = self._files.about(set_id) / name
        if not path.is_file():
            message = "this data set has no such page or picture yet"
            raise NotFound(message)
        return path

    def _add(self, tx: Transaction, *, name: str, origin: str, folder: Path | None) -> str:
        set_id = new_id("set")
        place = self._files.studies(set_id, name) if folder is None else folder
        lab_work.add_set(
            tx,
            {
                "id": set_id,
                "name": name,
                "origin": origin,
                "state": "making",
                "folder": str(place),
                "created_at": self._desk.now(),
            },
        )
        tx.after_commit(lambda: publish_set(self._desk, set_id))
        return set_id

    def _checked(self, text: str) -> Path:
        folder = Path(text).expanduser()
        refusal = None
        if not folder.is_absolute():
            refusal = "the path must begin at the root of the file system"
        elif not folder.is_dir():
            refusal = "there is no such folder on this computer"
        elif not os.access(folder, os.R_OK | os.X_OK):
            refusal = "the folder may not be read by this program"
        elif self._home.resolve() == folder.resolve() or self._home.resolve() in folder.resolve().parents:
            refusal = "the folder belongs to this program"
        elif not _holds_studies(folder):
            refusal = f"no study file ({STUDY_SUFFIX}) was found among its first {MOST_ENTRIES} entries"
        if refusal is not None:
            raise InvalidInput(refusal, code="laboratory.folder_unusable")
        return folder.resolve()


def _holds_studies(folder: Path) -> bool:
    return any(path.suffix == STUDY_SUFFIX for _, path in zip(range(MOST_ENTRIES), _walk(folder), strict=False))


def _walk(folder: Path) -> Iterator[Path]:
    for root, _folders, files in os.walk(folder):
        for name in files:
            yield Path(root) / name


def publish_set(desk: Desk, set_id: str) -> None:
    """Tell the pages about a data set."""

    def present() -> SetView | None:
        with suppress(NotFound):
            return _view(desk, set_id)
        return None

    desk.bus.publish("laboratory_set", present)


def _view(desk: Desk, set_id: str) -> SetView:
    with desk.database.read() as connection:
        row = lab_work.one_set(connection, set_id)
        return set_view(row, lab_work.newest_jobs(connection, DESCRIBING, [set_id]).get(set_id))


def _used_sets(job: JobRow) -> set[str]:
    several, validation = job.spec.get("set_ids"), job.spec.get("validation_set_id")
    ids = [str(one) for one in several] if isinstance(several, list) else []
    return {*ids, *([str(validation)] if validation else []), *([job.set_id] if job.set_id else [])}


class SetWork(Work):
    """The jobs `synthesis` and `check`: both end with a description of the data set."""

    def __init__(self, desk: Desk, files: SetFiles, *, lane: Lane) -> None:
        self._desk = desk
        self._files = files
        self._lane = lane

    @property
    def lane(self) -> Lane:
        """Making is heavy, checking light."""
        return self._lane

    def ask(self, job: JobRow, folder: Path) -> Ask:
        """Return what to make or to check."""
        del folder
        with self._desk.database.read() as connection:
            row = lab_work.one_set(connection, str(job.set_id))
        places = {"folder": row.folder, "about": str(self._files.about(row.id))}
        if job.kind == "check":
            return Ask(module=JOBS, request={"kind": "check", **places})
        asked = job.spec["asked"]
        assert isinstance(asked, dict)  # noqa: S101 - narrowing: `make` wrote it
        made = {key: asked[key] for key in ("studies", "variants", "seed")}
        request = {
            "kind": "make",
            "scenario": job.spec["scenario"],
            "workers": processors(),
            "spare_bytes": LEAST_FREE_BYTES,
            **made,
            **places,
        }
        return Ask(module=JOBS, request=request)

    def finish(self, tx: Transaction, job: JobRow, answer: Mapping[str, object]) -> Outcome:
        """Keep what the data set holds."""
        lab_work.update_set(tx, str(job.set_id), {"facts": dict(answer)})
        return Outcome()

    def changed(self, tx: Transaction, job: JobRow, state: JobState) -> None:
        """Follow: under way it is in the making, done it is ready, else it is incomplete."""
        words = {JobState.DONE: "ready", JobState.QUEUED: "making", JobState.RUNNING: "making"}
        set_id = str(job.set_id)
        lab_work.update_set(tx, set_id, {"state": words.get(state, "incomplete")})
        tx.after_commit(lambda: publish_set(self._desk, set_id))

    def removed(self, job: JobRow) -> None:
        """Tell the pages: the data set names another job now, or none."""
        publish_set(self._desk, str(job.set_id))
