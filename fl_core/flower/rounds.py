"""The round loop: choose, send, wait, check, combine, checkpoint. Pure of Flower; it speaks to sites by a `SiteLink`.

::

    start -> [control] -> send -> wait (reply | error | lost -> send again | deadline | combine now) -> combine
       ^                                                                                                   |
       +------------------------------- checkpoint, round_closed <-----------------------------------------+
"""

import contextlib
import logging
import math
import random
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, Protocol

from pydantic import ValidationError

from fl_core.errors import CATALOGUE, FlomirError, InvalidInput, StorageFailed
from fl_core.flower import checkpoints
from fl_core.flower.exchange import RoundRequest, SiteAnswer
from fl_core.flower.records import Arrays, pack, shapes_of
from fl_core.flower.strategies.protocol import Strategy
from fl_core.flower.strategies.registry import make_strategy, proximal_mu
from fl_core.flower.updates import checked_update, usual_bound
from fl_core.protocol.plan import (
    PlannedSite,
    RoundRecord,
    ServerEvent,
    ServerEventType,
    SessionControl,
    SessionPlan,
    UpdateReceived,
)
from model.io.weights import save_arrays
from model.task_spec import task_spec

TICK_S = 0.25
PRESENCE_EVERY_S = 2.0
SHORTEST_DEADLINE_S = 1.0
MOST_SENDS = 10
"""Messages to one site in one round, the first included."""
AWAITS_CONSENT = "session.awaits_consent"
RESEND_NUMBERS = frozenset({3, 4, 5, 8})
"""flwr: message lost, reply lost, node unavailable, runner crashed."""

logger = logging.getLogger(__name__)

Ending = Literal["completed", "stopped", "paused", "failed"]


class SiteLink(Protocol):
    """How the loop reaches sites; site ids on both ends."""

    def present(self) -> Mapping[str, str]:
        """Return the sites that are online, each with a mark that changes when the site's node was restarted."""

    def send(self, request: RoundRequest, site_ids: list[str]) -> None:
        """Send a round to sites; a site that had an unanswered message gets a new one in its place."""

    def know(self, sites: tuple[PlannedSite, ...]) -> None:
        """Take the sites of a changed plan, further ones too."""

    def receive(self, timeout_s: float) -> list[SiteAnswer]:
        """Wait for answers at most this long; raises FlomirError (`federation.engine_lost`) when there is no engine."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a run ended; `code` is set when it failed."""

    ending: Ending
    round: int
    code: str | None = None
    detail: str = ""


class RoundFailed(InvalidInput):
    """A round could not be closed."""

    code = "federation.quorum_missed"


class _Stopped(Exception):  # noqa: N818 - the manager's wish
    """The manager stopped the session."""


@dataclass
class _Round:
    """What is known of the round that is going on."""

    number: int
    request: RoundRequest
    begun: float
    max_update_norm: float
    waiting: dict[str, str] = field(default_factory=dict)
    sends: dict[str, int] = field(default_factory=dict)
    lost: set[str] = field(default_factory=set)
    updates: list[UpdateReceived] = field(default_factory=list)
    missing: dict[str, str] = field(default_factory=dict)
    next_presence: float = 0.0


def read_control(path: Path) -> SessionControl:
    """Return the manager's wishes; an absent or unreadable file means the defaults."""
    try:
        return SessionControl.model_validate_json(path.read_bytes())
    except FileNotFoundError:
        return SessionControl()
    except (OSError, ValidationError):
        logger.warning("control file not readable")
        return SessionControl()


class _Waits(Exception):  # noqa: N818 - sites may still agree
    """Too few sites have agreed to this round; some agreed to earlier ones only, or were asked and have not answered."""


def choose_sites(plan: SessionPlan, control: SessionControl, round_number: int) -> list[str]:
    """Return the round's sites: planned, agreed to this round, not out; a fraction of these drawn by the plan's seed."""
    able = [
        site.site_id
        for site in plan.sites
        if site.site_id not in (*control.withdrawn, *control.suspended) and round_number <= site.rounds
    ]
    count = min(len(able), max(plan.quorum, math.ceil(plan.fraction * len(able))))
    if count == len(able):
        return able
    drawn = set(random.Random(f"{plan.seed}/{round_number}").sample(able, count))  # noqa: S311 - reproducible draw
    return [site_id for site_id in able if site_id in drawn]


class RoundLoop:
    """Runs a session from its newest checkpoint to its end.

    Parameters
    ----------
    plan : SessionPlan
    folder : Path
        The session's folder: control.json is read there, rounds are written there.
    link : SiteLink
    report : callable
        Gets every `ServerEvent` (numbered and dated by the receiver).
    run_id : str
    alive : callable
        Called at every tick, for a watchdog.
    reread : callable
        Returns the plan as it is now; None keeps the known one. Rounds, sites, quorum, fraction and deadline may change
        between rounds, what is trained may not.
    """

    def __init__(
        self,
        *,
        plan: SessionPlan,
        folder: Path,
        link: SiteLink,
        report: Callable[[ServerEvent], None],
        run_id: str,
        alive: Callable[[], None] = lambda: None,
        reread: Callable[[], SessionPlan | None] = lambda: None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plan, self._folder, self._link, self._run_id = plan, folder, link, run_id
        self._report, self._alive, self._clock, self._reread = report, alive, clock, reread
        self._strategy: Strategy = make_strategy(plan.strategy)

    def run(self) -> Outcome:
        """Run to an end and report it; expected failures end in an `Outcome`, a lost engine raises.

        Where the disk refuses even that report, the outcome alone says how it ended.
        """
        outcome = self._to_an_end()
        try:
            self._tell(outcome.ending, outcome.round, code=outcome.code, detail=outcome.detail)
        except StorageFailed as error:
            logger.error("an end was not reported", extra={"ending": outcome.ending, "error": str(error)})
            return outcome if outcome.ending == "failed" else _failed(outcome.round, error)
        return outcome

    def _to_an_end(self) -> Outcome:
        number = 0
        try:
            number, weights, before = self._newest()
            self._tell("started", number)
            while self._goes_on_after(number):
                number += 1
                before, weights = weights, self._round(number, weights, before)
                if self._goes_on_after(number) and self._control().pause_after_round:
                    return Outcome("paused", number)
        except _Waits:
            return Outcome("paused", number - 1, AWAITS_CONSENT)
        except _Stopped:
            return Outcome("stopped", number)
        except FlomirError as error:
            if error.code == "federation.engine_lost":
                raise
            return _failed(number, error)
        return Outcome("completed", number)

    def _goes_on_after(self, number: int) -> bool:
        plan = self._reread()
        if plan is not None and plan != self._plan and _trains_the_same(plan, self._plan):
            self._plan = plan
            self._link.know(plan.sites)
        return number < self._plan.rounds

    def _newest(self) -> tuple[int, Arrays, Arrays | None]:
        """Return the newest closed round, the model it made and the one it began with."""
        folder, session_id, initial = self._folder, self._plan.session_id, Path(self._plan.initial_model)
        record = checkpoints.newest_record(folder, session_id)
        if record is None:
            return 0, checkpoints.load_weights(initial), None
        weights = checkpoints.load_weights(checkpoints.weights_path(folder, record.round))
        return record.round, weights, checkpoints.weights_before(folder, session_id, record.round, initial)

    def _control(self) -> SessionControl:
        return read_control(self._folder / "control.json")

    def _round(self, number: int, weights: Arrays, before: Arrays | None) -> Arrays:
        control = self._control()
        if control.stop:
            raise _Stopped
        site_ids = choose_sites(self._plan, control, number)
        may_be_more = control.awaits_answers or any(site.rounds < number for site in self._plan.sites)
        if len(site_ids) < self._plan.quorum and may_be_more:
            raise _Waits
        self._tell("round_started", number)
        if len(site_ids) < self._plan.quorum:
            message = f"{len(site_ids)} sites are left, {self._plan.quorum} are needed"
            raise RoundFailed(message, code="session.too_few_sites")
        shared = {name: weights[name] for name in task_spec(self._plan.task).shared_keys(weights)}
        begun = self._clock()
        self._strategy.begin(shared, before)
        state = self._send_first(number, shared, site_ids, begun)
        pushed = self._clock()
        self._tell("pushed", number, detail=f"{len(site_ids)} sites")
        self._wait(state, shared)
        waited = self._clock()
        self._tell("aggregating", number)
        combined = {**weights, **self._strategy.result()}
        aggregated = self._clock()
        with _on_disk("the round's model could not be kept"):
            sha256 = save_arrays(checkpoints.weights_path(self._folder, number), combined)
        stored = self._clock()
        slowest_s = max(update.train_s + update.score_s for update in state.updates)
        record = RoundRecord(
            session_id=self._plan.session_id,
            round=number,
            updates=tuple(state.updates),
            missing=state.missing,
            max_update_norm=state.max_update_norm,
            weights_file=checkpoints.weights_path(self._folder, number).name,
            sha256=sha256,
            metrics=weighted_metrics(state.updates),
            push_s=pushed - begun,
            wait_s=waited - pushed,
            aggregate_s=aggregated - waited,
            checkpoint_s=stored - aggregated,
            total_s=stored - begun,
            overhead_s=stored - begun - slowest_s,
        )
        with _on_disk("the round's record could not be kept"):
            checkpoints.write_record(self._folder, record)
        self._tell("round_closed", number, record=record)
        return combined

    def _send_first(self, number: int, shared: Arrays, site_ids: list[str], begun: float) -> _Round:
        request = RoundRequest(
            session_id=self._plan.session_id,
            round=number,
            rounds=self._plan.rounds,
            proximal_mu=proximal_mu(self._plan.strategy),
            deadline_s=self._plan.round_deadline_s,
            packed=pack(shared),
        )
        state = _Round(number, request, begun, self._plan.max_update_norm or usual_bound(shared))
        marks = self._link.present()
        self._link.send(request, site_ids)
        state.waiting = {site_id: marks.get(site_id, "") for site_id in site_ids}
        state.sends = dict.fromkeys(site_ids, 1)
        state.next_presence = self._clock() + PRESENCE_EVERY_S
        return state

    def _wait(self, state: _Round, shared: Arrays) -> None:
        deadline = state.begun + self._plan.round_deadline_s
        while state.waiting:
            self._alive()
            left_s = deadline - self._clock()
            if left_s <= 0:
                break
            for answer in self._link.receive(min(TICK_S, left_s)):
                self._take(state, answer, shared)
            if self._obey(state):
                break
            self._send_again(state)
        state.missing.update(dict.fromkeys(state.waiting, "federation.late"))
        for site_id in state.waiting:
            self._tell("site_failed", state.number, site_id=site_id, code="federation.late")
        if len(state.updates) < self._plan.quorum:
            raise RoundFailed(_too_few(len(state.updates), self._plan.quorum, state.missing))

    def _obey(self, state: _Round) -> bool:
        """Apply the manager's wishes; True when the round is to be combined now."""
        control = self._control()
        if control.stop:
            raise _Stopped
        for left, code in ((control.withdrawn, "consent.missing"), (control.suspended, "trust.suspended")):
            for site_id in [site_id for site_id in state.waiting if site_id in left]:
                self._give_up(state, site_id, code)
        return control.combine_now == state.number and len(state.updates) >= self._plan.quorum

    def _take(self, state: _Round, answer: SiteAnswer, shared: Arrays) -> None:
        site_id = answer.site_id
        if answer.round != state.number or site_id not in state.waiting:
            return
        if answer.reply is None:
            if answer.error_number in RESEND_NUMBERS and state.sends[site_id] < MOST_SENDS:
                state.lost.add(site_id)
                state.next_presence = 0.0
                return
            self._give_up(state, site_id, answer.code)
            return
        reply = answer.reply
        try:
            update, norm = checked_update(reply, shared, shapes_of(shared), state.max_update_norm)
        except InvalidInput as error:
            del state.waiting[site_id]
            state.missing[site_id] = error.code
            self._tell("update_rejected", state.number, site_id=site_id, code=error.code, detail=str(error))
            return
        examples = self._weight_of(site_id, reply.num_examples)
        self._strategy.accumulate(update, float(examples))
        del state.waiting[site_id]
        received = UpdateReceived(
            site_id=site_id,
            bytes=len(reply.packed.data),
            sha256=reply.packed.sha256,
            norm=norm,
            num_examples=examples,
            reported_examples=reply.num_examples if reply.num_examples > examples else None,
            metrics=reply.metrics,
            train_s=max(0.0, reply.metrics.get("train_s", 0.0)),
            score_s=max(0.0, reply.metrics.get("score_s", 0.0)),
            received_after_s=self._clock() - state.begun,
        )
        state.updates.append(received)
        self._tell("update_received", state.number, site_id=site_id, update=received)

    def _weight_of(self, site_id: str, reported: int) -> int:
        """Return what a site weighs: its reported examples, but no more than the studies it agreed to train with.

        More is no reason to refuse: a further agreement may be in force at the site before the plan has it.
        """
        agreed = next(site.studies for site in self._plan.sites if site.site_id == site_id)
        return reported if agreed is None else min(reported, max(1, agreed))

    def _give_up(self, state: _Round, site_id: str, code: str) -> None:
        del state.waiting[site_id]
        state.lost.discard(site_id)
        state.missing[site_id] = code
        self._tell("site_failed", state.number, site_id=site_id, code=code)

    def _send_again(self, state: _Round) -> None:
        """Send to sites that lost the message (an error said so, or their node was restarted) and are online."""
        now = self._clock()
        if not state.waiting or now < state.next_presence:
            return
        state.next_presence = now + PRESENCE_EVERY_S
        marks = self._link.present()
        for site_id, sent_mark in list(state.waiting.items()):
            mark = marks.get(site_id)
            restarted = mark is not None and mark != sent_mark
            if mark is None or not (restarted or site_id in state.lost) or state.sends[site_id] >= MOST_SENDS:
                continue
            left_s = state.begun + self._plan.round_deadline_s - now
            self._link.send(replace(state.request, deadline_s=max(SHORTEST_DEADLINE_S, left_s)), [site_id])
            state.waiting[site_id] = mark
            state.lost.discard(site_id)
            state.sends[site_id] += 1
            self._tell("resent", state.number, site_id=site_id, detail="restarted" if restarted else "lost")

    def _tell(
        self,
        kind: ServerEventType,
        number: int,
        *,
        site_id: str | None = None,
        code: str | None = None,
        detail: str = "",
        update: UpdateReceived | None = None,
        record: RoundRecord | None = None,
    ) -> None:
        event = ServerEvent(
            seq=0,
            at=datetime.now(UTC),
            run_id=self._run_id,
            type=kind,
            session_id=self._plan.session_id,
            round=number,
            site_id=site_id,
            code=code,
            detail=detail,
            update=update,
            record=record,
        )
        with _on_disk("the progress could not be written"):
            self._report(event)


@contextlib.contextmanager
def _on_disk(what: str) -> Iterator[None]:
    """Make a refusal of the disk one with a code; `what` says what could not be done."""
    try:
        yield
    except OSError as error:
        raise StorageFailed.of(error, what) from error


def _failed(number: int, error: FlomirError) -> Outcome:
    return Outcome("failed", number, error.code, str(error))


def weighted_metrics(updates: list[UpdateReceived]) -> dict[str, float]:
    """Average train_loss and the scores over the sites that gave them, weighted by their examples; finite means only."""
    given_names = {name for update in updates for name in update.metrics}
    names = {name for name in given_names - {"score_s"} if name == "train_loss" or name.startswith("score_")}
    means: dict[str, float] = {}
    for name in sorted(names):
        given = [(update.metrics[name], update.num_examples) for update in updates if name in update.metrics]
        means[name] = sum(value * count for value, count in given) / sum(count for _, count in given)
    return {name: mean for name, mean in means.items() if math.isfinite(mean)}


def _too_few(came: int, needed: int, missing: Mapping[str, str]) -> str:
    """Say in words who did not send; the daemon puts the sites' names in."""
    reasons = [
        f"{site_id}: {CATALOGUE[code].title if code in CATALOGUE else code}" for site_id, code in missing.items()
    ]
    counted = f"{came} update{'' if came == 1 else 's'} came, {needed} {'is' if needed == 1 else 'are'} needed."
    return " ".join((counted, *reasons))


def _trains_the_same(one: SessionPlan, other: SessionPlan) -> bool:
    """Tell whether two plans differ in who trains and how long only."""
    names = ("session_id", "task", "task_parameters", "network", "strategy", "seed", "initial_model")
    return all(getattr(one, name) == getattr(other, name) for name in names)
