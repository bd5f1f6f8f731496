"""What a site does with one round: check consent, score the received model, train, hold if asked, reply. No Flower here.

Everything that decides comes from the locally stored grant; of the message only the session, the round, the
length of the schedule, the time that is left and the tensors are used, and each of them is checked. That time says
when there is no more use in training, as the laboratory may give its rounds more of it; how long a session may train
here at all is the grant's to say.
"""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import ValidationError
from torch import nn

from fl_core.errors import ComputeFailed, Conflict, FlomirError, InvalidInput, NotTrusted, StudyUnusable
from fl_core.flower.answered import AnsweredRounds
from fl_core.flower.consent_check import GrantsFile, consented_grant, may_send
from fl_core.flower.exchange import RoundReply, RoundRequest
from fl_core.flower.limits import PAUSED, WEEK, reason_to_wait, round_key
from fl_core.flower.proximal import proximal_term
from fl_core.flower.records import Arrays, distance, pack, shapes_of, unpack
from fl_core.flower.strategies.registry import proximal_mu
from fl_core.protocol.messages import SitePhase
from fl_core.protocol.plan import Grant, Grants, Resources, RunnerEvent, SentUpdate
from model import machine
from model.errors import ModelError, SampleInvalid, StudyFormatError, TrainingDiverged
from model.tasks import Sample, Task, load_halves, load_task, mean_metrics, train_round
from model.training.steps import TrainHooks, TrainOutcome, TrainProgress

GRANT_CHECK_S = 0.25
MEMORY_LIMIT = "site.memory_limit"
MIB = 1024 * 1024
PROGRESS_EVERY_S = 0.25

logger = logging.getLogger(__name__)


Report = Callable[[RunnerEvent], None]
"""Takes the runner's events; they are numbered and dated by the receiver."""


class RoundLate(Conflict):
    """The round was closed, or the task withdrawn, before this site was done."""

    code = "federation.late"


@dataclass
class _Loaded:
    """A session's task with its samples and network, kept warm between rounds."""

    key: tuple[object, ...]
    task: Task
    train: list[Sample]
    holdout: list[Sample]
    network: nn.Module
    last: tuple[RoundRequest, RoundReply, SentUpdate] | None = None
    kept: dict[str, torch.Tensor] = field(default_factory=dict)


class SiteWorker:
    """Answers rounds, one at a time; keeps the last session's data and its last answer.

    A round that is asked again with the same model (its reply was lost on the way) is answered from memory; with another
    model it is refused.
    What the site allows of its computer, and when, is read from the grants file as the permissions are.
    """

    def __init__(
        self,
        *,
        grants: GrantsFile,
        report: Report,
        answered: AnsweredRounds | None = None,
        clock: Callable[[], float] = time.monotonic,
        local_time: Callable[[], datetime] = lambda: datetime.now().astimezone(),
    ) -> None:
        self._grants, self._report, self._clock, self._local_time = grants, report, clock, local_time
        self.answered = AnsweredRounds() if answered is None else answered
        self._begun: dict[str, dict[str, datetime]] = {}
        self._loaded: _Loaded | None = None
        self._outgrown: set[str] = set()
        self._busy = threading.Lock()

    def prepare(self) -> bool:
        """Load the data of a granted session ahead of its first round, when idle; True when something was loaded.

        Nothing is loaded for a session whose round could not begin now, or that outgrew the site's memory before.
        """
        if not self._busy.acquire(blocking=False):
            return False
        try:
            grants = self._grants.read()
            able = [] if grants is None else self._ready(grants)
            if self._loaded is not None or not able:
                return False
            self.loaded_for(able[-1].session_id, able[-1])
        except (ModelError, ValidationError) as error:
            logger.warning("data not prepared", extra={"kind": type(error).__name__})
            return False
        else:
            return True
        finally:
            self._busy.release()

    def _ready(self, grants: Grants) -> list[Grant]:
        now, resources = self._local_time(), grants.resources
        if above_cap(resources):
            return []
        return [
            grant
            for grant in grants.grants.values()
            if grant.train
            and grant.session_id not in self._outgrown
            and now < grant.valid_until
            and reason_to_wait(grant, resources, "", self.begun_of(grant), now) is None
        ]

    def answer(
        self,
        request: RoundRequest,
        bundle_sha256: str,
        *,
        is_cancelled: Callable[[], bool] = lambda: False,
        waited_s: float = 0.0,
    ) -> RoundReply:
        """Do one round; raises FlomirError with a code that may leave the site (its text may not).

        `waited_s`: how long its message has been here already.
        """
        arrived = self._clock() - waited_s
        with self._busy:
            return self._answer(_Turn(self, request, bundle_sha256, is_cancelled, arrived), request)

    def _answer(self, turn: "_Turn", request: RoundRequest) -> RoundReply:
        try:
            return turn.run()
        except FlomirError as error:
            if error.code == MEMORY_LIMIT:
                self._outgrown.add(request.session_id)
                self.release()
            phase = SitePhase.WITHDRAWN if error.code.startswith("consent.") else SitePhase.FAILED
            turn.tell(phase, code=error.code, detail=str(error)[:200])
            raise
        except ModelError as error:
            known = as_flomir_error(error)
            turn.tell(SitePhase.FAILED, code=known.code, detail=str(error)[:200])
            raise known from error
        except Exception as error:
            logger.exception("round failed", extra={"session": request.session_id, "round": request.round})
            turn.tell(SitePhase.FAILED, code="compute.failed", detail=type(error).__name__)
            raise

    def begun_of(self, grant: Grant) -> dict[str, datetime]:
        """Return when rounds of the grant's rule began: what the daemon knows, and what began since it wrote that."""
        own, now = self._begun.get(grant.rule_id, {}), self._local_time()
        self._begun[grant.rule_id] = {key: at for key, at in own.items() if now - at < WEEK}
        return {**self._begun[grant.rule_id], **grant.begun}

    def begin(self, grant: Grant, key: str) -> None:
        """Remember that a round began."""
        if grant.rule_id:
            self._begun.setdefault(grant.rule_id, {})[key] = self._local_time()

    def resources(self) -> Resources:
        """Return what may be taken of this computer now."""
        grants = self._grants.read()
        return Resources() if grants is None else grants.resources

    def release(self) -> None:
        """Let go of data and network."""
        self._loaded = None
        machine.give_memory_back()

    def loaded_for(self, session_id: str, grant: Grant) -> _Loaded:
        """Return the warm session, loading task, samples and network when anything it depends on changed."""
        drawn = (grant.studies, grant.withdrawn)
        key = (session_id, grant.task, repr(grant.task_parameters), repr(grant.network), drawn)
        if self._loaded is None or self._loaded.key != key:
            self._loaded = None
            task = load_task(grant.task)
            parameters = task.spec.parameters.model_validate(grant.task_parameters)
            studies, gone = map(Path, grant.studies), map(Path, grant.withdrawn)
            train, holdout = load_halves(task, [*studies], parameters, left_out=[*gone])
            network = task.build_network(grant.network, seed=parameters.seed)
            self._loaded = _Loaded(key, task, train, holdout, network)
        return self._loaded


def above_cap(resources: Resources) -> bool:
    """Tell whether this process takes more memory now than the site allows."""
    return resources.memory_mib is not None and machine.resident_bytes() > resources.memory_mib * MIB


def as_flomir_error(error: ModelError) -> FlomirError:
    """Translate a failure of the model side into one with a code of the catalogue."""
    if isinstance(error, TrainingDiverged):
        return ComputeFailed(str(error), code="compute.diverged")
    if isinstance(error, SampleInvalid | StudyFormatError):
        return StudyUnusable(str(error))
    return ComputeFailed(str(error))


def _asks_the_same(before: RoundRequest, now: RoundRequest) -> bool:
    """Tell whether a request repeats one (only the time that is left may differ)."""
    return replace(before, deadline_s=now.deadline_s) == now


class _Turn:
    """One round at one site."""

    def __init__(
        self,
        worker: SiteWorker,
        request: RoundRequest,
        bundle_sha256: str,
        is_cancelled: Callable[[], bool],
        arrived: float,
    ) -> None:
        self._worker, self._request = worker, request
        self._bundle, self._is_cancelled = bundle_sha256, is_cancelled
        self._clock = worker._clock
        self._arrived = arrived
        self._next_check = self._next_progress = self._fraction = 0.0
        self._stop_reason: FlomirError | None = None
        self._used: frozenset[str] = frozenset()

    def run(self) -> RoundReply:
        request = self._request = self._worker.answered.as_before(self._request)
        self.tell(SitePhase.RECEIVED)
        grant = self._check()
        self._raise_if_stopped()
        if request.proximal_mu != proximal_mu(grant.strategy) or request.round > request.rounds:
            message = "the message's settings differ from what this site agreed to"
            raise NotTrusted(message, code="consent.missing")
        if may_send(grant, request.round) is False and request.round not in grant.refused_rounds:
            message = "this site agreed to train but not to send"
            raise NotTrusted(message, code="consent.send_refused")
        grant = self._await_begin()
        self._used = frozenset(grant.studies)
        loaded = self._worker.loaded_for(request.session_id, grant)
        shared = set(loaded.task.spec.shared_keys(loaded.network.state_dict()))
        received = self._receive(loaded, shared)
        if loaded.last is not None and _asks_the_same(loaded.last[0], request):
            _, reply, sent = loaded.last
        else:
            reply, sent = self._work(loaded, grant, shared, received)
            loaded.last = (request, reply, sent)
        self._worker.answered.note(request)
        self._hold()
        self._await_resumed()
        self._check()
        self.tell(SitePhase.SENDING, fraction=1.0)
        self.tell(SitePhase.SENT, fraction=1.0, sent=sent)
        return reply

    def _check(self) -> Grant:
        grants, request = self._worker._grants.read(), self._request
        return consented_grant(grants, request.session_id, request.round, self._bundle, used=self._used)

    def _receive(self, loaded: _Loaded, shared: set[str]) -> Arrays:
        state = loaded.network.state_dict()
        expected = shapes_of({name: tensor.numpy() for name, tensor in state.items() if name in shared})
        received = unpack(self._request.packed, expected)
        for name, array in received.items():
            if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
                message = f"tensor {name} of the received model is not finite"
                raise InvalidInput(message, code="model.invalid")
        return received

    def _work(self, loaded: _Loaded, grant: Grant, shared: set[str], received: Arrays) -> tuple[RoundReply, SentUpdate]:
        network = loaded.network
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in received.items()}
        network.load_state_dict({**network.state_dict(), **loaded.kept, **tensors})
        scores, score_s = self._score(loaded)
        outcome = self._train(loaded, grant, shared)
        state = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
        loaded.kept = {name: tensor.clone() for name, tensor in state.items() if name not in shared}
        update: dict[str, NDArray[np.generic]] = {name: state[name].numpy().copy() for name in shared}
        packed = pack(update)
        sent = SentUpdate(
            bytes=len(packed.data),
            tensors=len(update),
            shapes={name: tuple(array.shape) for name, array in update.items()},
            sha256=packed.sha256,
            norm=distance(update, received),
            num_examples=outcome.examples,
        )
        metrics = {"train_loss": outcome.mean_loss, "train_s": outcome.seconds, "score_s": score_s, **scores}
        return RoundReply(packed=packed, metrics=metrics, num_examples=outcome.examples), sent

    def _score(self, loaded: _Loaded) -> tuple[dict[str, float], float]:
        self.tell(SitePhase.SCORING)
        begun = self._clock()
        means: Mapping[str, float | None] = (
            mean_metrics(loaded.task.evaluate(loaded.network, loaded.holdout)) if loaded.holdout else {}
        )
        scores = {
            f"score_{key}": float(value) for key, value in means.items() if value is not None and np.isfinite(value)
        }
        self.tell(SitePhase.SCORING, fraction=1.0, metrics=scores)
        self._raise_if_stopped()
        return scores, self._clock() - begun

    def _train(self, loaded: _Loaded, grant: Grant, shared: set[str]) -> TrainOutcome:
        if not loaded.train:
            message = "no study with a reference is left to train on"
            raise StudyUnusable(message)
        parameters = loaded.task.spec.parameters.model_validate(grant.task_parameters)
        number = self._request.round
        self.tell(SitePhase.TRAINING)
        outcome = train_round(
            loaded.task,
            loaded.network,
            loaded.train,
            parameters,
            number=number,
            rounds=self._request.rounds,
            hooks=TrainHooks(extra_loss=proximal_term(loaded.network, shared, self._request.proximal_mu)),
            on_progress=self._on_progress,
            should_stop=self._should_stop_training,
        )
        self._raise_if_stopped()
        if outcome.stopped:
            message = "the training was stopped"
            raise RoundLate(message)
        return outcome

    def _on_progress(self, progress: TrainProgress) -> None:
        now = self._clock()
        if now >= self._next_progress or progress.step == progress.steps:
            self._next_progress = now + PROGRESS_EVERY_S
            self._fraction = progress.step / max(progress.steps, 1)
            self.tell(SitePhase.TRAINING, fraction=self._fraction, loss=progress.loss)

    def _should_stop(self) -> bool:
        now = self._clock()
        if self._stop_reason is None and now >= self._next_check:
            self._next_check = now + GRANT_CHECK_S
            self._stop_reason = self._reason_to_stop()
        return self._stop_reason is not None

    def _should_stop_training(self) -> bool:
        """Tell whether the training must end; while the session is paused it stands still in here."""
        before = self._next_check
        stops = self._should_stop()
        if not stops and self._next_check != before and self._await_resumed():
            self.tell(SitePhase.TRAINING, fraction=self._fraction)
        return stops

    def _await_begin(self) -> Grant:
        """Wait until the site lets the round begin; refuse when that is after the round's deadline."""
        worker, key, told = self._worker, round_key(self._request.session_id, self._request.round), ""
        while True:
            grant, now = self._check(), worker._local_time()
            wait = reason_to_wait(grant, worker.resources(), key, worker.begun_of(grant), now)
            if wait is None:
                worker.begin(grant, key)
                self._use_threads()
                return grant
            left_s = self._request.deadline_s - (self._clock() - self._arrived)
            if wait.until is not None and (wait.until - now).total_seconds() > left_s:
                message = f"this round may begin at {wait.until:%Y-%m-%d %H:%M}, after its deadline"
                raise Conflict(message, code=wait.code)
            if wait.code != told:
                self.tell(SitePhase.WAITING, code=wait.code)
                told = wait.code
            self._pass_time()

    def _await_resumed(self) -> bool:
        """Stand still while the session is paused; tell whether it was. A withdrawal or the deadline ends it too."""
        if not self._check().paused:
            return False
        self.tell(SitePhase.WAITING, fraction=self._fraction, code=PAUSED)
        while self._check().paused:
            self._pass_time()
        return True

    def _pass_time(self) -> None:
        """Let a moment pass (the grants file is what changes); raises what ends the round meanwhile."""
        reason = self._reason_to_stop()
        if reason is not None:
            raise reason
        time.sleep(GRANT_CHECK_S)

    def _use_threads(self) -> None:
        threads = self._worker.resources().threads
        if threads is not None and threads != torch.get_num_threads():
            torch.set_num_threads(threads)

    def _reason_to_stop(self) -> FlomirError | None:
        if self._is_cancelled():
            return RoundLate("the task was withdrawn")
        if self._clock() - self._arrived > self._request.deadline_s:
            return RoundLate("the round's deadline has passed")
        try:
            self._check()
        except (NotTrusted, StudyUnusable) as error:
            return error
        resources = self._worker.resources()
        if above_cap(resources):
            return ComputeFailed(f"more than {resources.memory_mib} MiB of memory", code=MEMORY_LIMIT)
        return None

    def _raise_if_stopped(self) -> None:
        self._next_check = 0.0
        if self._should_stop() and self._stop_reason is not None:
            raise self._stop_reason

    def _hold(self) -> None:
        """Wait for the professional's word; raises when she refuses, withdraws, or the deadline passes."""
        told = False
        while True:
            answer = may_send(self._check(), self._request.round)
            if answer is True:
                return
            if answer is False:
                message = "the professional refused to send this round's update"
                raise NotTrusted(message, code="consent.send_refused")
            if not told:
                self.tell(SitePhase.HELD, fraction=1.0)
                told = True
            self._raise_if_stopped()
            time.sleep(GRANT_CHECK_S)  # bounded by the deadline; the grants file is what changes

    def tell(
        self,
        phase: SitePhase,
        *,
        fraction: float = 0.0,
        loss: float | None = None,
        code: str | None = None,
        detail: str = "",
        metrics: dict[str, float] | None = None,
        sent: SentUpdate | None = None,
    ) -> None:
        self._worker._report(
            RunnerEvent(
                seq=0,
                at=datetime.now(UTC),
                session_id=self._request.session_id,
                round=self._request.round,
                phase=phase,
                fraction=min(max(fraction, 0.0), 1.0),
                loss=loss if loss is None or np.isfinite(loss) else None,
                code=code,
                detail=detail,
                metrics=metrics,
                sent=sent,
            )
        )


def _refuse(message: object, context: object) -> object:
    refused = "rounds are answered by the site's own runner"
    raise NotTrusted(refused, code="consent.missing")


def __getattr__(name: str) -> object:
    """Give the bundle's `app`: a ClientApp that refuses, for anyone who would run it outside of the runner."""
    if name != "app":
        raise AttributeError(name)
    from flwr.clientapp import ClientApp

    app = ClientApp()
    app.train()(_refuse)
    return app
