"""A closed round becomes a ModelVersion with lineage, and every invited site learns of it."""

import logging
from collections.abc import Mapping
from functools import partial

from fl_core.desk import Desk
from fl_core.errors import FlomirError, StorageFailed
from fl_core.lifecycle import EnrolmentState
from fl_core.protocol.messages import ModelNews
from fl_core.protocol.plan import RoundRecord, ServerEvent
from fl_core.storage import lab_models, lab_sessions, lab_sites
from fl_core.storage.database import Transaction
from fl_core.storage.lab_sessions import ParticipationRow, SessionRow
from fl_core.storage.lab_sites import SiteRow
from model.errors import ModelError
from model.io.weights import ModelCard
from model.task_spec import TASK_SPECS, learns_without_reference
from orchestrator.services.desk import SYSTEM
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.models import Models
from orchestrator.services.round_files import RoundFiles
from orchestrator.services.session_book import SessionBook
from orchestrator.services.session_folder import SessionFolders

WITH_INBOX = frozenset({EnrolmentState.TRUSTED, EnrolmentState.SUSPENDED})
"""A suspended site reads its news when it is let in again."""

logger = logging.getLogger(__name__)


class RoundClosing:
    """Copies the weights first (repeatable), then commits round, model, counts and news together."""

    def __init__(
        self,
        desk: Desk,
        *,
        book: SessionBook,
        models: Models,
        folders: SessionFolders,
        round_files: RoundFiles,
        inboxes: Inboxes,
    ) -> None:
        self._desk = desk
        self._book = book
        self._models = models
        self._folders = folders
        self._round_files = round_files
        self._inboxes = inboxes

    def prepare(self, session_id: str, event: ServerEvent) -> ModelCard | None:
        """Copy the round's weights into the registry; None when there is nothing usable.

        Raises
        ------
        StorageFailed
            When the disk refuses for now: the round stays open and its line is read again.
        """
        record = event.record
        if record is None:
            return None
        with self._desk.database.read() as connection:
            row = lab_sessions.by_id(connection, session_id)
            parent = lab_models.parent_of_round(
                connection, session_id, record.round, initial_model_id=row.initial_model_id
            )
        try:
            return self._models.keep_round(
                self._folders.of(session_id).path / record.weights_file,
                parent=parent,
                training={
                    "origin": "round",
                    "session": session_id,
                    "round": record.round,
                    "rounds": row.spec["rounds"],
                    "strategy": row.spec["strategy"],
                    "task_parameters": row.spec["task_parameters"],
                    "sites": len(record.updates),
                    "examples": sum(update.num_examples for update in record.updates),
                    "missing": len(record.missing),
                    "privacy": {
                        "what_left": "weights, counts and scores of each site; no study",
                        "checks": "names, shapes, types, finite numbers, size of the change",
                        "max_update_norm": record.max_update_norm,
                        "secure_aggregation": False,
                        "differential_privacy": False,
                    },
                },
                metrics=record.metrics,
            )
        except StorageFailed:
            raise  # the weights are intact beside the plan; closed without them the round would have no model for good
        except (FlomirError, ModelError) as error:
            extra = {"session": session_id, "round": record.round, "error": str(error)}
            logger.error("a round's weights could not be kept", extra=extra)
            return None

    def close(self, tx: Transaction, row: SessionRow, event: ServerEvent, card: ModelCard | None) -> None:
        """Close the round; does nothing when it is closed already (a line that is read again, a repeated run)."""
        record = event.record
        known = lab_sessions.round_of(tx.connection, row.id, event.round)
        if record is None or (known is not None and known.state == "closed"):
            return
        model_id = None
        if card is not None:
            parent = lab_models.parent_of_round(
                tx.connection, row.id, record.round, initial_model_id=row.initial_model_id
            )
            name = f"{row.title[:60]}, round {record.round}"
            model_id = self._models.add_round(
                tx, card, name=name, session_id=row.id, number=record.round, parent_id=parent.id
            )
        values: dict[str, object] = {
            "state": "closed",
            "received": [update.site_id for update in record.updates],
            "record": record.model_dump(mode="json"),
            "model_id": model_id,
        }
        if known is None:
            values |= {"started_at": event.at, "expected": len(record.updates) + len(record.missing)}
        lab_sessions.put_round(tx, row.id, record.round, values)
        lab_sessions.change(tx, row.id, {"round": record.round, "phase": "closed", "lost_runs": 0})
        self._count(tx, row, record)
        self._book.publish_related(tx, row.id)
        if card is not None and model_id is not None:
            self._send_news(tx, row, record, card, model_id)
            tx.after_commit(partial(self._round_files.drop_earlier, row.id, record.round))
        self._note(tx, row, record, model_id)

    def _count(self, tx: Transaction, row: SessionRow, record: RoundRecord) -> None:
        closed = lab_sessions.rounds_contributed(tx.connection, row.id)
        came = {update.site_id for update in record.updates}
        for part in lab_sessions.participations(tx.connection, row.id):
            values: dict[str, object] = {
                "rounds_contributed": closed[part.site_id],
                "missing_code": record.missing.get(part.site_id),
            }
            if part.site_id in came:
                site = lab_sites.site_by_id(tx.connection, part.site_id)
                lab_sites.update_site(tx, part.site_id, {"studies_at_last_round": _learned_from(row, part, site)})
            lab_sessions.change_participation(tx, row.id, part.site_id, values)

    def _send_news(self, tx: Transaction, row: SessionRow, record: RoundRecord, card: ModelCard, model_id: str) -> None:
        model = lab_models.by_id(tx.connection, model_id)
        rounds = int(str(row.spec["rounds"]))
        news = ModelNews(
            session_id=row.id,
            round=record.round,
            rounds=rounds,
            model_id=model_id,
            name=model.name,
            sha256=model.sha256,
            size_bytes=model.size_bytes,
            task=model.task,
            metrics=model.metrics,
            final=record.round == rounds,
            card=card.model_dump(mode="json"),
        )
        for part in lab_sessions.participations(tx.connection, row.id):
            if lab_sites.site_by_id(tx.connection, part.site_id).state in WITH_INBOX:
                self._inboxes.post(tx, part.site_id, "model", news)
        self._book.tell_sites(tx, row.id)

    def _note(self, tx: Transaction, row: SessionRow, record: RoundRecord, model_id: str | None) -> None:
        count = len(record.updates)
        names = lab_sites.names(tx.connection, list(record.missing))
        text = (
            f"Round {record.round} of {row.spec['rounds']} closed with {count} of {count + len(record.missing)} sites"
        )
        self._desk.journal.note(
            tx,
            actor=SYSTEM,
            action="session.round_closed",
            subject=row.id,
            details={
                "round": record.round,
                "sha256": record.sha256,
                "model": model_id,
                "updates": {update.site_id: update.sha256 for update in record.updates},
                "missing": record.missing,
            },
            text=text + _score(row, record) + ".",
            values={
                "title": row.title,
                "round": record.round,
                "of": row.spec["rounds"],
                "got": count,
                "asked": count + len(record.missing),
                "missing": [{"name": names.get(one, one), "code": code} for one, code in record.missing.items()],
            },
        )


def _learned_from(row: SessionRow, part: ParticipationRow, site: SiteRow) -> int:
    """Return how many of the site's usable studies some model knows: those that came after the consent are not covered."""
    if site.data is None:
        return 0
    spec, data = row.spec, site.data
    is_without = learns_without_reference(_parameters(spec["task_parameters"]))
    coverable = (data.by_task if is_without else data.by_task_with_reference).get(str(spec["task"]), 0)
    covered = coverable if part.consent is None else part.consent.study_count
    learned = data.studies_usable - max(0, coverable - covered)
    return min(data.studies_usable, max(learned, site.studies_at_last_round))


def _parameters(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}


def _score(row: SessionRow, record: RoundRecord) -> str:
    spec = TASK_SPECS.get(str(row.spec["task"]))
    if spec is None:
        return ""
    value = record.metrics.get(f"score_{spec.primary_metric}")
    title = next((metric.title for metric in spec.metrics if metric.key == spec.primary_metric), spec.primary_metric)
    return "" if value is None else f". The model it began with: {title} {value:.3f}"
