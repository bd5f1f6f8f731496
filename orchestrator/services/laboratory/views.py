"""Rows of the laboratory as the pages see them: in short for a list, whole, or as far as they are news."""

from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel

from fl_core.protocol.messages import Json
from fl_core.storage.lab_work import ACTIVE, JobRow, JobState, SetRow
from orchestrator.laboratory_schemas import (
    CurveRow,
    JobProgress,
    JobSummary,
    JobTold,
    JobView,
    LossPoint,
    SetBrief,
    SetFacts,
    SetSummary,
    SetView,
)

TOLD_POINTS = 10
"""The newest of curve and losses in a delta: more than come between two of them."""
_MAY_GO_ON = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """A job as it stands now, and what may be done about it."""

    row: JobRow
    can_resume: bool
    ending: bool


def job_summary(job: Shown) -> JobSummary:
    """Return a job as a list shows it."""
    return JobSummary.model_validate({**_common(job), "live": _known(JobProgress, job.row.live)})


def job_view(job: Shown) -> JobView:
    """Return a job with all that it told."""
    return JobView.model_validate({**_common(job), "spec": job.row.spec, "live": _live(job.row.live)})


def job_told(job: Shown) -> JobTold:
    """Return what is news of a job."""
    return JobTold.model_validate({**_common(job), "live": _live(job.row.live, newest=TOLD_POINTS)})


def _common(job: Shown) -> dict[str, object]:
    row = job.row
    return {
        "id": row.id,
        "number": row.number,
        "kind": row.kind,
        "title": row.title,
        "state": row.state,
        "ending": job.ending,
        "can_cancel": row.state in ACTIVE and not job.ending,
        "can_resume": job.can_resume and row.state in _MAY_GO_ON,
        "problem": row.problem,
        "set_id": row.set_id,
        "model_id": row.model_id,
        "created_at": row.created_at,
        "started_at": row.started_at,
        "ended_at": row.ended_at,
    }


def _live(live: Json, *, newest: int = 0) -> dict[str, object]:
    """Return how far a job is with its newest points; 0 for all of them."""
    points = {"curve": _rows(CurveRow, live.get("curve")), "losses": _rows(LossPoint, live.get("losses"))}
    return {**_known(JobProgress, live), **{name: rows[-newest:] for name, rows in points.items()}}


def _rows(kind: type[BaseModel], value: object) -> list[dict[str, object]]:
    rows = value if isinstance(value, list) else []
    return [_known(kind, row) for row in rows if isinstance(row, dict)]


def _known(kind: type[BaseModel], values: Json) -> dict[str, object]:
    """Return the values that this version has a field for."""
    return {key: value for key, value in values.items() if key in kind.model_fields}


def set_summary(row: SetRow, job_id: str | None) -> SetSummary:
    """Return a data set as a list shows it."""
    facts = None if row.facts is None else _known(SetBrief, row.facts)
    return SetSummary.model_validate({**_set(row, job_id), "facts": facts})


def set_view(row: SetRow, job_id: str | None) -> SetView:
    """Return a data set with all that is known of it."""
    facts = None if row.facts is None else SetFacts.model_validate(row.facts)
    return SetView.model_validate({**_set(row, job_id), "facts": facts})


def _set(row: SetRow, job_id: str | None) -> dict[str, object]:
    """Return what both say; a data set whose folder is gone says so."""
    gone = row.state == "ready" and not Path(row.folder).is_dir()
    return {
        "id": row.id,
        "name": row.name,
        "origin": row.origin,
        "state": "missing" if gone else row.state,
        "folder": row.folder,
        "created_at": row.created_at,
        "job_id": job_id,
    }
