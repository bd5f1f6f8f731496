"""One round at one site: check consent, wait until it may begin, score, train, hold if asked, reply. No Flower here.

It sits at the site's one seat only while it computes. While it waits (for its hours, for a session to be resumed, for a
person's release) other sessions have theirs.
"""

import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fl_core.errors import ComputeFailed, Conflict, FlomirError, InvalidInput, NotTrusted, StudyUnusable
from fl_core.flower.consent_check import consented_grant, may_send
from fl_core.flower.exchange import RoundReply, RoundRequest
from fl_core.flower.limits import BUSY, PAUSED, reason_to_wait, round_key, time_allowed_s
from fl_core.flower.proximal import proximal_term
from fl_core.flower.records import Arrays, distance, pack, shapes_of, unpack
from fl_core.flower.strategies.registry import proximal_mu
from fl_core.protocol.messages import SitePhase
from fl_core.protocol.plan import Grant, Resources, RunnerEvent, SentUpdate
from model import machine
from model.errors import ModelError, SampleInvalid, StudyFormatError, TrainingDiverged
from model.tasks import Sample, Task, mean_metrics, train_round
from model.training.steps import TrainHooks, TrainOutcome, TrainProgress

if TYPE_CHECKING:
    from fl_core.flower.client_app import SiteWorker

GRANT_CHECK_S = 0.25
MEMORY_LIMIT = "site.memory_limit"
MIB = 1024 * 1024
PROGRESS_EVERY_S = 0.25


class RoundLate(Conflict):
    """The round was closed, or the task withdrawn, before this site was done."""

    code = "federation.late"


@dataclass(frozen=True, slots=True)
class Answer:
    """What was made of a request, for as long as the data and the network it was made with are the same."""

    request: RoundRequest
    reply: RoundReply
    sent: SentUpdate


@dataclass
class Remembered:
    """What a session's next round needs of the one before; small, so that each session keeps its own.

    `key` names the data and the network that it holds for.
    """

    key: tuple[object, ...]
    answer: Answer | None = None
    kept: dict[str, torch.Tensor] = field(default_factory=dict)


@dataclass
class Loaded:
    """A session's task with its samples and network, kept warm between rounds."""

    key: tuple[object, ...]
    task: Task
    train: list[Sample]
    holdout: list[Sample]
    network: nn.Module


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


def asks_the_same(before: RoundRequest, now: RoundRequest) -> bool:
    """Tell whether a request repeats one (only the time that is left may differ)."""
    return replace(before, deadline_s=now.deadline_s) == now


class Turn:
    """One round at one site.

    Turns of one session follow each other: a request that repeats the one before waits for it and is answered from
    memory, any other overtakes it, as the laboratory sends a round when it has closed the one before.
    """

    def __init__(
        self,
        worker: "SiteWorker",
        request: RoundRequest,
        bundle_sha256: str,
        is_cancelled: Callable[[], bool],
        arrived: float,
    ) -> None:
        self._worker, self._request = worker, request
        self._bundle, self._is_cancelled = bundle_sha256, is_cancelled
        self._clock = worker.clock
        self._arrived = arrived
        self._next_check = self._next_progress = self._fraction = 0.0
        self._stop_reason: FlomirError | None = None
        self._used: frozenset[str] = frozenset()
        self._seated = False
        self._overtaken = False
        self._earlier: Turn | None = None
        self._ended = threading.Event()

    @property
    def session_id(self) -> str:
        """Session of the round."""
        return self._request.session_id

    @property
    def earlier(self) -> "Turn | None":
        """The session's turn that this one waits for, or waited for when it gave up, while that one goes on."""
        earlier = self._earlier
        return None if earlier is None or earlier._ended.is_set() else earlier

    def run(self) -> RoundReply:
        """Do the round; raises FlomirError, ModelError or what went wrong."""
        request = self._request = self._worker.answered.as_before(self._request)
        self.tell(SitePhase.RECEIVED)
        grant = self._check()
        request = self._request = replace(request, deadline_s=time_allowed_s(grant, request.deadline_s))
        self._raise_if_stopped()
        if request.proximal_mu != proximal_mu(grant.strategy) or request.round > request.rounds:
            message = "the message's settings differ from what this site agreed to"
            raise NotTrusted(message, code="consent.missing")
        if may_send(grant, request.round) is False and request.round not in grant.refused_rounds:
            message = "this site agreed to train but not to send"
            raise NotTrusted(message, code="consent.send_refused")
        self._earlier = self._worker.join(self)
        try:
            self._await_earlier()
            self._request = self._worker.answered.as_before(request)
            reply, sent = self._compute()
            self._hold()
            self._await_resumed()
            self._check()
            self.tell(SitePhase.SENDING, fraction=1.0)
            self.tell(SitePhase.SENT, fraction=1.0, sent=sent)
            return reply
        finally:
            self._leave_seat()
            self._worker.leave(self)
            self._ended.set()

    def _await_earlier(self) -> None:
        """Wait until the session's earlier turns have ended; they end at once when this one asks for something else."""
        earlier = self._earlier
        while earlier is not None:
            if not asks_the_same(earlier._request, self._request):
                earlier._overtaken = True
            while not earlier._ended.wait(GRANT_CHECK_S):
                self._raise_reason()
            earlier = earlier._earlier  # of one that gave up before its own turn came
        self._earlier = None

    def _compute(self) -> tuple[RoundReply, SentUpdate]:
        """Load, score and train, or take the answer that there is; holds the seat meanwhile."""
        worker, request = self._worker, self._request
        grant = self._await_begin()
        try:
            self._raise_if_stopped()
            self._used = frozenset(grant.studies)
            loaded = worker.loaded_for(request.session_id, grant)
            remembered = worker.remembered_for(request.session_id, loaded.key)
            shared = set(loaded.task.spec.shared_keys(loaded.network.state_dict()))
            received = self._receive(loaded, shared)
            answer = remembered.answer
            if answer is None or not asks_the_same(answer.request, request):
                answer = Answer(request, *self._work(loaded, remembered, grant, shared, received))
                remembered.answer = answer
            worker.answered.note(request)
            return answer.reply, answer.sent
        finally:
            self._leave_seat()

    def _check(self) -> Grant:
        grants, request = self._worker.grants.read(), self._request
        return consented_grant(grants, request.session_id, request.round, self._bundle, used=self._used)

    def _receive(self, loaded: Loaded, shared: set[str]) -> Arrays:
        state = loaded.network.state_dict()
        expected = shapes_of({name: tensor.numpy() for name, tensor in state.items() if name in shared})
        received = unpack(self._request.packed, expected)
        for name, array in received.items():
            if np.issubdtype(array.dtype, np.floating) and not np.isfinite(array).all():
                message = f"tensor {name} of the received model is not finite"
                raise InvalidInput(message, code="model.invalid")
        return received

    def _work(
        self, loaded: Loaded, remembered: Remembered, grant: Grant, shared: set[str], received: Arrays
    ) -> tuple[RoundReply, SentUpdate]:
        network = loaded.network
        tensors = {name: torch.from_numpy(np.array(array)) for name, array in received.items()}
        network.load_state_dict({**network.state_dict(), **remembered.kept, **tensors})
        scores, score_s = self._score(loaded)
        outcome = self._train(loaded, grant, shared)
        state = {name: tensor.detach().cpu() for name, tensor in network.state_dict().items()}
        remembered.kept = {name: tensor.clone() for name, tensor in state.items() if name not in shared}
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

    def _score(self, loaded: Loaded) -> tuple[dict[str, float], float]:
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

    def _train(self, loaded: Loaded, grant: Grant, shared: set[str]) -> TrainOutcome:
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
        """Wait until the site lets the round begin and nothing else computes; refuse when that is after its deadline."""
        worker, key, told = self._worker, round_key(self._request.session_id, self._request.round), ""
        while True:
            grant, now = self._check(), worker.local_time()
            wait = reason_to_wait(grant, worker.resources(), key, worker.begun_of(grant), now)
            if wait is None and self._take_seat():
                worker.begin(grant, key)
                self._use_threads()
                return grant
            if wait is not None:
                self._leave_seat()
                left_s = self._request.deadline_s - (self._clock() - self._arrived)
                if wait.until is not None and (wait.until - now).total_seconds() > left_s:
                    message = f"this round may begin at {wait.until:%Y-%m-%d %H:%M}, after its deadline"
                    raise Conflict(message, code=wait.code)
            told = self._pass_time(BUSY if wait is None else wait.code, told)

    def _await_resumed(self) -> bool:
        """Stand still while the session is paused; tell whether it was. A withdrawal or the deadline ends it too.

        Others may compute meanwhile; a turn that computed waits for the seat again.
        """
        if not self._check().paused:
            return False
        computes, told = self._seated, ""
        while (paused := self._check().paused) or (computes and not self._take_seat()):
            if paused:
                self._leave_seat()
            told = self._pass_time(PAUSED if paused else BUSY, told)
        if computes:
            self._use_threads()
        return True

    def _pass_time(self, code: str, told: str) -> str:
        """Let a moment pass, saying once why; raises what ends the round meanwhile. Returns what was told."""
        self._raise_reason()
        if code != told:
            self.tell(SitePhase.WAITING, fraction=self._fraction, code=code)
        if code == BUSY:
            self._take_seat(GRANT_CHECK_S)
        else:
            time.sleep(GRANT_CHECK_S)  # the grants file is what changes
        return code

    def _take_seat(self, patience_s: float = 0.0) -> bool:
        if not self._seated:
            self._seated = self._worker.seat.take(patience_s)
        return self._seated

    def _leave_seat(self) -> None:
        if self._seated:
            self._seated = False
            self._worker.seat.leave()

    def _raise_reason(self) -> None:
        reason = self._reason_to_stop()
        if reason is not None:
            raise reason

    def _use_threads(self) -> None:
        threads = self._worker.resources().threads
        if threads is not None and threads != torch.get_num_threads():
            torch.set_num_threads(threads)

    def _reason_to_stop(self) -> FlomirError | None:
        if self._is_cancelled():
            return RoundLate("the task was withdrawn")
        if self._overtaken:
            return RoundLate("the laboratory has gone on without this round's answer")
        if self._clock() - self._arrived > self._request.deadline_s:
            return RoundLate("the round's deadline has passed")
        try:
            self._check()
        except (NotTrusted, StudyUnusable) as error:
            return error
        resources = self._worker.resources()
        if self._seated and above_cap(resources):
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
        """Report where the round stands."""
        self._worker.report(
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
