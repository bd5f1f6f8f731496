"""How long a wished session will take and how much it will send, from what earlier rounds took at the same sites."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from statistics import median

from fl_core.desk import Desk
from fl_core.protocol.messages import DataSummary
from fl_core.storage import lab_models, lab_sessions, lab_sites
from fl_core.storage.lab_sessions import SessionRow
from orchestrator.schemas import SessionEstimate, SessionEstimateWanted, SiteEstimate
from orchestrator.services.models import known_task

MOST_SESSIONS = 30
"""Only so many of the task's latest sessions are looked at."""


@dataclass
class _Pace:
    """What a site's earlier updates took."""

    per_study_pass_s: list[float] = field(default_factory=list)
    score_s: list[float] = field(default_factory=list)


class SessionEstimates:
    """Estimates time and traffic; what is not known is said to be so."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def of(self, wanted: SessionEstimateWanted) -> SessionEstimate:
        """Return the estimate; raises InvalidInput (``task.unknown``), NotFound."""
        task = known_task(wanted.task)
        with self._desk.database.read() as connection:
            rows = [row for row in lab_sessions.all_sessions(connection) if row.spec["task"] == wanted.task]
            sites = [lab_sites.site_by_id(connection, site_id) for site_id in wanted.site_ids]
            size = None
            if wanted.model_id is not None:
                size = lab_models.by_id(connection, wanted.model_id).size_bytes
            else:
                size = lab_models.size_of_network(connection, wanted.task, str(task.default_network.get("name", "")))
        paces, overheads = self._paces(rows[:MOST_SESSIONS])
        estimates = [
            SiteEstimate(
                site_id=site.id,
                site_name=site.name,
                round_s=_round_s(paces.get(site.id), site.data, wanted),
            )
            for site in sites
        ]
        known = [one.round_s for one in estimates if one.round_s is not None]
        round_s = None
        if known and len(known) == len(estimates):
            round_s = max(known) + (median(overheads) if overheads else 0.0)
        drawn = max(1, math.ceil(wanted.fraction * len(sites))) if sites else 0
        return SessionEstimate(
            sites=estimates,
            rounds_seen=len(overheads),
            round_s=round_s,
            total_s=None if round_s is None else round_s * wanted.rounds,
            bytes_site=None if size is None else 2 * size * wanted.rounds,
            bytes_all=None if size is None else 2 * size * wanted.rounds * drawn,
        )

    def _paces(self, rows: Iterable[SessionRow]) -> tuple[dict[str, _Pace], list[float]]:
        paces: dict[str, _Pace] = {}
        with self._desk.database.read() as connection:
            found = [(_epochs(row.spec), one.record) for row in rows for one in lab_sessions.rounds(connection, row.id)]
        records = [(epochs, record) for epochs, record in found if record is not None]
        for epochs, record in records:
            for update in record.updates:
                pace = paces.setdefault(update.site_id, _Pace())
                pace.per_study_pass_s.append(update.train_s / max(1, update.num_examples) / epochs)
                pace.score_s.append(update.score_s)
        return paces, [max(0.0, record.overhead_s) for _, record in records]


def _epochs(spec: dict[str, object]) -> int:
    parameters = spec["task_parameters"]
    found = parameters.get("local_epochs") if isinstance(parameters, dict) else None
    return max(1, found) if isinstance(found, int) else 1


def _round_s(pace: _Pace | None, data: DataSummary | None, wanted: SessionEstimateWanted) -> float | None:
    studies = 0
    if data is not None:
        counts = data.by_task if wanted.without_reference else data.by_task_with_reference
        studies = counts.get(wanted.task, 0)
    if pace is None or studies == 0:
        return None
    return median(pace.per_study_pass_s) * studies * wanted.local_epochs + median(pace.score_s)
