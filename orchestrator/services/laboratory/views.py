"""Rows of the laboratory as the pages see them."""

from pathlib import Path

from fl_core.protocol.messages import Json
from fl_core.storage.lab_work import ACTIVE, JobRow, JobState, SetRow
from orchestrator.laboratory_schemas import CurveRow, JobLive, JobView, SetFacts, SetView

_MAY_GO_ON = frozenset({JobState.FAILED, JobState.CANCELLED, JobState.INTERRUPTED})


def job_view(row: JobRow, *, can_resume: bool, ending: bool) -> JobView:
    """Return a job with what may be done about it."""
    return JobView.model_validate(
        {
            "id": row.id,
            "number": row.number,
            "kind": row.kind,
            "title": row.title,
            "state": row.state,
            "ending": ending,
            "can_cancel": row.state in ACTIVE and not ending,
            "can_resume": can_resume and row.state in _MAY_GO_ON,
            "spec": row.spec,
            "live": _live(row.live),
            "problem": row.problem,
            "set_id": row.set_id,
            "model_id": row.model_id,
            "created_at": row.created_at,
            "started_at": row.started_at,
            "ended_at": row.ended_at,
        }
    )


def _live(live: Json) -> JobLive:
    known = {key: value for key, value in live.items() if key in JobLive.model_fields and key != "curve"}
    curve = live.get("curve")
    rows = [row for row in curve if isinstance(row, dict)] if isinstance(curve, list) else []
    fields = CurveRow.model_fields
    return JobLive.model_validate(
        {**known, "curve": [{key: value for key, value in row.items() if key in fields} for row in rows]}
    )


def set_view(row: SetRow, job_id: str | None) -> SetView:
    """Return a data set; one whose folder is gone says so."""
    gone = row.state == "ready" and not Path(row.folder).is_dir()
    return SetView.model_validate(
        {
            "id": row.id,
            "name": row.name,
            "origin": row.origin,
            "state": "missing" if gone else row.state,
            "folder": row.folder,
            "facts": None if row.facts is None else SetFacts.model_validate(row.facts),
            "created_at": row.created_at,
            "job_id": job_id,
        }
    )
