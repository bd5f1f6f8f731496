"""From the manager's choice to signed offers in the sites' inboxes."""

import math
from collections.abc import Callable
from datetime import timedelta

from pydantic import BaseModel, ValidationError

from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, NotFound
from fl_core.lifecycle import EnrolmentState, SessionEvent
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.ids import new_id
from fl_core.protocol.messages import Json, SessionOffer, SignedDocument, StrategyChoice
from fl_core.protocol.signing import Kind, sha256_of
from fl_core.storage import lab_models, lab_sessions, lab_sites, request_keys
from fl_core.storage.lab_models import ModelRow
from fl_core.storage.lab_sites import SiteRow
from fl_core.strategy_spec import strategy_parameters
from fl_core.web.complaints import first_problem
from orchestrator.schemas import ModelInitialise, SessionCreate, SessionView
from orchestrator.schemas_settings import Limits
from orchestrator.services.desk import by_manager
from orchestrator.services.inboxes import Inboxes
from orchestrator.services.models import Models, known_task
from orchestrator.services.session_book import SessionBook
from orchestrator.services.session_views import SessionViews
from orchestrator.services.sessions import check_not_held

Sign = Callable[[Kind, BaseModel], SignedDocument]
"""Signs a document with the orchestrator's key."""


class SessionOffers:
    """Checks a wished session, makes or finds its first model, signs and sends one offer a site."""

    def __init__(
        self,
        desk: Desk,
        *,
        name: str,
        sign: Sign,
        models: Models,
        book: SessionBook,
        views: SessionViews,
        inboxes: Inboxes,
        held: Callable[[], bool],
        limits: Callable[[], Limits],
    ) -> None:
        self._desk = desk
        self._name = name
        self._sign = sign
        self._models = models
        self._book = book
        self._views = views
        self._inboxes = inboxes
        self._held = held
        self._limits = limits

    def create(self, wanted: SessionCreate) -> SessionView:
        """Create a session and send its offers.

        Raises
        ------
        InvalidInput
            ``task.unknown``, ``strategy.unknown``, ``input.invalid`` naming the field, ``model.invalid``.
        Conflict
            ``session.too_few_sites``, ``session.site_not_trusted``, ``session.too_many_sites``, ``session.too_many``,
            ``drain.on``.
        """
        made = request_keys.made_before(self._desk.database)
        if made is not None:
            return self._views.get(made)
        check_not_held(self._held())
        self._check_limits(wanted)
        spec = checked_spec(wanted)
        sites = self._trusted(list(dict.fromkeys(wanted.site_ids)))
        check_quorum(wanted.fraction, wanted.quorum, len(sites))
        model = self._model(wanted)
        offer = self._offer(wanted, spec, model, len(sites))
        self._send(offer, spec, model, sites)
        return self._views.get(offer.session_id)

    def _offer(self, wanted: SessionCreate, spec: Json, model: ModelRow, sites: int) -> SessionOffer:
        """Return what every site is offered; the site's own name is put in before it is signed."""
        now = self._desk.now()
        return SessionOffer(
            session_id=new_id("session"),
            title=wanted.title,
            orchestrator=self._name,
            site_id="",
            task=wanted.task,
            task_parameters=_json(spec["task_parameters"]),
            network=_json(model.card["network"]),
            initial_model_sha256=model.sha256,
            strategy=StrategyChoice.model_validate(spec["strategy"]),
            rounds=wanted.rounds,
            quorum=wanted.quorum,
            sites_invited=sites,
            round_deadline_s=wanted.round_deadline_s,
            update_bytes=model.size_bytes,
            bundle_sha256=bundle_sha256(),
            issued_at=now,
            answer_by=now + timedelta(hours=wanted.answer_hours),
            note=wanted.note,
        )

    def _send(self, offer: SessionOffer, spec: Json, model: ModelRow, sites: list[SiteRow]) -> None:
        session_id = offer.session_id
        signed = {site.id: self._sign("offer", offer.model_copy(update={"site_id": site.id})) for site in sites}
        with self._desk.database.begin() as tx:
            values = {
                "id": session_id,
                "title": offer.title,
                "spec": spec,
                "network": offer.network,
                "initial_model_id": model.id,
                "created_at": offer.issued_at,
                "answer_by": offer.answer_by,
            }
            lab_sessions.add(tx, values)
            request_keys.note(tx, session_id, at=offer.issued_at)
            for site in sites:
                document = signed[site.id]
                lab_sessions.add_participation(tx, session_id, site.id, document, sha256_of(document.payload))
                self._inboxes.post(tx, site.id, "offer", document)
            text = f"{offer.title}: offered to {len(sites)} {'site' if len(sites) == 1 else 'sites'}."
            self._book.move(tx, session_id, SessionEvent.OFFERED, actor=by_manager(), text=text)
            tx.after_commit(lambda: self._models.publish(model.id))

    def _check_limits(self, wanted: SessionCreate) -> None:
        limits = self._limits()
        check_most_sites(limits, len(set(wanted.site_ids)))
        with self._desk.database.read() as connection:
            going_on = len(lab_sessions.all_sessions(connection, lab_sessions.UNFINISHED))
        if going_on >= limits.most_sessions:
            message = f"{going_on} sessions are not over, the limit is {limits.most_sessions}"
            raise Conflict(message, code="session.too_many")

    def _trusted(self, site_ids: list[str]) -> list[SiteRow]:
        with self._desk.database.read() as connection:
            found = []
            for site_id in site_ids:
                try:
                    row = lab_sites.site_by_id(connection, site_id)
                except NotFound as error:
                    raise Conflict(str(error), code="session.site_not_trusted") from error
                if row.state is not EnrolmentState.TRUSTED:
                    message = f"site {row.name} is {row.state.value}"
                    raise Conflict(message, code="session.site_not_trusted")
                found.append(row)
        return found

    def _model(self, wanted: SessionCreate) -> ModelRow:
        model_id = wanted.model_id
        if model_id is None:
            name = f"{wanted.title[:60]}, start"
            view = self._models.initialise(
                ModelInitialise(name=name, task=wanted.task, seed=wanted.seed % 2**31), part="model"
            )
            model_id = view.id
        row = lab_models.get(self._desk.database, model_id)
        if row.task != wanted.task:
            message = f"model {row.name} is for task {row.task}, the session is for {wanted.task}"
            raise InvalidInput(message, code="model.invalid")
        self._models.weights_path(row.sha256)
        return row


def checked_spec(wanted: SessionCreate) -> Json:
    """Return the session's parameters with every default filled in; raises InvalidInput."""
    task = known_task(wanted.task)
    strategy = strategy_parameters(wanted.strategy.name, wanted.strategy.parameters)
    try:
        parameters = task.parameters.model_validate(wanted.task_parameters)
    except ValidationError as error:
        message = f"task_parameters: {first_problem(error)}"
        raise InvalidInput(message) from error
    spec = wanted.model_dump(mode="json")
    spec["task_parameters"] = parameters.model_dump(mode="json")
    spec["strategy"] = {"name": wanted.strategy.name, "parameters": strategy.model_dump(mode="json")}
    return spec


def check_most_sites(limits: Limits, sites: int) -> None:
    """Check a session's size; raises Conflict (``session.too_many_sites``)."""
    if sites > limits.most_sites:
        message = f"{sites} sites were chosen, a session has at most {limits.most_sites}"
        raise Conflict(message, code="session.too_many_sites")


def check_quorum(fraction: float, quorum: int, sites: int) -> None:
    """Check that a round can close; raises Conflict (``session.too_few_sites``)."""
    drawn = max(1, math.ceil(fraction * sites))
    if drawn < quorum:
        message = f"a round has {drawn} of {sites} sites, the quorum is {quorum}"
        raise Conflict(message, code="session.too_few_sites")


def _json(value: object) -> Json:
    if not isinstance(value, dict):
        message = f"expected an object, got {type(value).__name__}"
        raise TypeError(message)
    return value
