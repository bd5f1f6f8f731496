"""Models this site may use: announced by the orchestrator, fetched by their hash, verified before they are here; removed."""

import logging
import threading
from collections.abc import Callable, Collection, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from pydantic import ValidationError

from contributor.paths import SitePaths
from contributor.schemas import ReceivedModelList, ReceivedModelView
from contributor.services.shipped import is_shipped, shipped_weights
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, FlomirError, InvalidInput
from fl_core.protocol.messages import Json, ModelNews
from fl_core.storage import audit
from fl_core.storage.incoming import receive
from fl_core.storage.lab_work import JobState
from fl_core.storage.listing import Wanted
from fl_core.storage.site_models import ModelStore, ReceivedModelRecord, ReconstructionStore
from fl_core.storage.site_requests import RequestStore
from fl_core.storage.site_results import OwnResultStore
from fl_core.storage.site_sessions import SiteSessionStore
from model.errors import ModelError
from model.io.weights import ModelCard, card_path, content_hash, read_tensors_header, save_card

Download = Callable[[str], AbstractContextManager[Iterator[bytes]]]

logger = logging.getLogger(__name__)


class ReceivedModels:
    """Lists, fetches and removes models.

    Parameters
    ----------
    download : opens the weights of a hash as chunks; raises PeerUnreachable
    session_changed : tells the pages about a session that has a new model
    check_disk : refuses a number of bytes that the folder's disk has no room for
    room_changed : tells the pages how much is kept
    """

    def __init__(
        self,
        desk: Desk,
        *,
        paths: SitePaths,
        download: Download,
        session_changed: Callable[[str], None],
        check_disk: Callable[[Path, int], None],
        room_changed: Callable[[], None] = lambda: None,
    ) -> None:
        self._desk = desk
        self._room_changed = room_changed
        self._store = ModelStore(desk.database)
        self._sessions = SiteSessionStore(desk.database)
        self._requests = RequestStore(desk.database)
        self._reconstructions = ReconstructionStore(desk.database)
        self._results = OwnResultStore(desk.database)
        self._paths = paths
        self._download = download
        self._session_changed = session_changed
        self._check_disk = check_disk
        self._fetching = threading.Lock()

    def part(self, wanted: Wanted) -> ReceivedModelList:
        """Return a part of the models, newest first unless asked otherwise; their cards come without the list of tensors."""
        part = self._store.part(wanted)
        return ReceivedModelList(items=self._briefs(part.rows), total=part.total, next_cursor=part.next_cursor)

    def several(self, model_ids: Collection[str]) -> dict[str, ReceivedModelView]:
        """Return those of these models that are known, as a list shows them."""
        return {view.id: view for view in self._briefs(self._store.several(model_ids))}

    def _briefs(self, records: list[ReceivedModelRecord]) -> list[ReceivedModelView]:
        titles = self._requests.titles({record.news.session_id for record in records})
        return [_brief(_view(record, titles.get(record.news.session_id, ""))) for record in records]

    def get(self, model_id: str) -> ReceivedModelView:
        """Return one model with its whole card; raises NotFound."""
        record = self._store.get(model_id)
        request = self._requests.find(record.news.session_id)
        return _view(record, "" if request is None else request.offer.title)

    def weights_path(self, model_id: str) -> Path:
        """Return where the weights are; raises Conflict when they have not been fetched."""
        record = self._store.get(model_id)
        path = self._path(record.news.sha256)
        if not record.fetched or not path.is_file():
            message = "the model's weights are not here yet; fetch them first"
            raise Conflict(message)
        return path

    def take_along(self, model_id: str) -> Path:
        """Return where the weights of a received or shipped model are, for a person who downloads them; written down.

        Raises
        ------
        NotFound
            When there is no such model.
        Conflict
            When its weights have not been fetched.
        """
        path = shipped_weights(model_id) if is_shipped(model_id) else self.weights_path(model_id)
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx, actor=acted_by("professional"), action="model.downloaded", subject=model_id, details={}
            )
        return path

    def receive(self, payload: Json) -> None:
        """Take over an announcement."""
        try:
            news = ModelNews.model_validate(payload)
        except ValidationError as error:
            message = "the announcement of a model cannot be read"
            raise InvalidInput(message) from error
        with self._desk.database.begin() as tx:
            is_new = self._store.add(tx, news, self._desk.now())
            if is_new:
                self._sessions.set_latest_model(tx, news.session_id, news.model_id)
                kind = "The final model" if news.final else f"The model of round {news.round}"
                text = f"{kind} “{news.name}” is ready."
                self._desk.journal.tell(
                    tx,
                    kind="model",
                    text=text,
                    subject=news.model_id,
                    key="model.final" if news.final else "model.round",
                    values={"name": news.name, "round": news.round},
                )
        if is_new:
            self._publish(news.model_id)
            self._session_changed(news.session_id)
            if news.final:
                self.fetch_final_soon()

    def fetch(self, model_id: str) -> ReceivedModelView:
        """Bring the weights here.

        Raises
        ------
        InvalidInput
            ``model.invalid`` when what came is not what was announced; nothing is kept then.
        PeerUnreachable
            When the orchestrator does not answer.
        StorageFailed
            ``storage.disk_low``.
        """
        record = self._store.get(model_id)
        with self._fetching:
            if not self._path(record.news.sha256).is_file():
                self._bring(record.news)
            if not record.fetched:
                with self._desk.database.begin() as tx:
                    self._store.set_fetched(tx, model_id)
                    self._desk.journal.note(
                        tx,
                        actor="system",
                        action="model.fetched",
                        subject=model_id,
                        details={"sha256": record.news.sha256},
                        text=f"The model “{record.news.name}” was fetched and verified.",
                        values={"name": record.news.name},
                    )
        self._publish(model_id)
        self._room_changed()
        return self.get(model_id)

    def remove(self, model_id: str) -> ReceivedModelView:
        """Delete the weights; the model stays in the list, and only a person has them fetched again.

        Raises
        ------
        Conflict
            ``result.running`` while a reconstruction or a comparison with this model waits or runs.
        """
        record = self._store.get(model_id)
        with self._fetching:
            if self._is_used(model_id):
                message = "a reconstruction or a comparison with this model is going on"
                raise Conflict(message, code="result.running")
            with self._desk.database.begin() as tx:
                self._store.set_fetched(tx, model_id, fetched=False)
                self._desk.journal.note(
                    tx,
                    actor=acted_by("professional"),
                    action="model.weights_removed",
                    subject=model_id,
                    details={"sha256": record.news.sha256},
                    text=f"The file of the model “{record.news.name}” was removed.",
                    values={"name": record.news.name},
                )
            weights = self._path(record.news.sha256)
            if not any(one.fetched and one.news.sha256 == record.news.sha256 for one in self._store.all()):
                weights.unlink(missing_ok=True)
                card_path(weights).unlink(missing_ok=True)
        self._publish(model_id)
        self._room_changed()
        return self.get(model_id)

    def _is_used(self, model_id: str) -> bool:
        going_on = [one.model_id for one in self._reconstructions.all() if one.state == "running"]
        going_on += [one.model_id for one in self._results.all() if one.state in (JobState.QUEUED, JobState.RUNNING)]
        return model_id in going_on

    def start_weights(self, sha256: str, *, limit_bytes: int) -> Path:
        """Return the weights that a session started from, brought here and checked against their hash when they are not.

        Raises
        ------
        InvalidInput
            ``model.invalid`` when what came has another hash; nothing is kept then.
        PeerUnreachable
            When the orchestrator does not answer.
        """
        final = self._path(sha256)
        with self._fetching:
            if final.is_file():
                return final
            self._check_disk(self._paths.home, limit_bytes)
            with self._download(sha256) as chunks:
                temporary = receive(chunks, self._paths.models, limit_bytes=limit_bytes, suffix=".safetensors")
            try:
                self._check(temporary, sha256)
                temporary.replace(final)
            except ModelError as error:
                raise InvalidInput(str(error)[:300], code="model.invalid") from error
            finally:
                temporary.unlink(missing_ok=True)
        return final

    def fetch_final_soon(self) -> None:
        """Fetch the final models that are missing, without making the caller wait."""
        threading.Thread(target=self.fetch_final, name="fetch-models", daemon=True).start()

    def fetch_final(self) -> None:
        """Fetch the final models that are not here, of sessions that this site was asked to; others come by hand only.

        One that was removed comes by hand too. A failure is logged and tried at the next call.
        """
        removed = audit.subjects(self._desk.database, "model.weights_removed")
        for record in self._store.all():
            asked = self._requests.find(record.news.session_id) is not None
            if record.news.final and not record.fetched and asked and record.id not in removed:
                try:
                    self.fetch(record.id)
                except FlomirError as error:
                    logger.warning("model not fetched", extra={"model": record.id, "code": error.code})

    def _bring(self, news: ModelNews) -> None:
        self._check_disk(self._paths.home, news.size_bytes)
        with self._download(news.sha256) as chunks:
            temporary = receive(chunks, self._paths.models, limit_bytes=news.size_bytes, suffix=".safetensors")
        try:
            self._check(temporary, news.sha256)
            final = self._path(news.sha256)
            save_card(final, ModelCard.model_validate(news.card))
            temporary.replace(final)
        except (ModelError, ValidationError) as error:
            raise InvalidInput(str(error)[:300], code="model.invalid") from error
        finally:
            temporary.unlink(missing_ok=True)

    @staticmethod
    def _check(weights: Path, sha256: str) -> None:
        found = content_hash(weights)
        if found != sha256:
            message = f"the weights have hash {found[:12]}, announced was {sha256[:12]}"
            raise InvalidInput(message, code="model.invalid")
        read_tensors_header(weights)

    def _path(self, sha256: str) -> Path:
        return self._paths.models / f"{sha256}.safetensors"

    def _publish(self, model_id: str) -> None:
        self._desk.bus.publish("model", lambda: _brief(self.get(model_id)))


def _view(record: ReceivedModelRecord, session_title: str) -> ReceivedModelView:
    news = record.news
    return ReceivedModelView(
        id=record.id,
        name=news.name,
        session_id=news.session_id,
        session_title=session_title,
        round=news.round,
        final=news.final,
        task=news.task,
        sha256=news.sha256,
        size_bytes=news.size_bytes,
        fetched=record.fetched,
        received_at=record.received_at,
        metrics=news.metrics,
        card=news.card,
    )


def _brief(view: ReceivedModelView) -> ReceivedModelView:
    return view.model_copy(update={"card": {key: value for key, value in view.card.items() if key != "tensors"}})
