"""A site's side of a training: answers rounds by what was granted here. No Flower but for the bundle's `app`.

Everything that decides comes from the locally stored grant; of the message only the session, the round, the
length of the schedule, the time that is left and the tensors are used, and each of them is checked; of that time no
more is taken than the grant gives a round.
"""

import logging
import threading
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from pydantic import ValidationError

from fl_core.errors import FlomirError, NotTrusted
from fl_core.flower.answered import AnsweredRounds
from fl_core.flower.consent_check import GrantsFile
from fl_core.flower.exchange import RoundReply, RoundRequest
from fl_core.flower.limits import WEEK, reason_to_wait
from fl_core.flower.seat import Seat
from fl_core.flower.turn import MEMORY_LIMIT, Loaded, Remembered, Turn, above_cap, as_flomir_error
from fl_core.protocol.messages import SitePhase
from fl_core.protocol.plan import Grant, Grants, Resources, RunnerEvent
from model import machine
from model.errors import ModelError
from model.tasks import load_halves, load_task

logger = logging.getLogger(__name__)

Report = Callable[[RunnerEvent], None]
"""Takes the runner's events; they are numbered and dated by the receiver."""


class SiteWorker:
    """Answers rounds, of several sessions at once; one of them computes, keeps the data warm, and the others wait.

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
        self.grants, self.report, self.clock, self.local_time = grants, report, clock, local_time
        self.answered = AnsweredRounds() if answered is None else answered
        self.seat = Seat()
        self._begun: dict[str, dict[str, datetime]] = {}
        self._loaded: Loaded | None = None
        self._remembered: dict[str, Remembered] = {}
        self._outgrown: set[str] = set()
        self._last: dict[str, Turn] = {}
        self._guard = threading.Lock()

    def prepare(self) -> bool:
        """Load the data of a granted session ahead of its first round, when idle; True when something was loaded.

        Nothing is loaded for a session whose round could not begin now, or that outgrew the site's memory before.
        """
        with self.seat.if_free() as is_free:
            if not is_free:
                return False
            try:
                grants = self.grants.read()
                able = [] if grants is None else self._ready(grants)
                if self._loaded is not None or not able:
                    return False
                self.loaded_for(able[-1].session_id, able[-1])
            except (ModelError, ValidationError) as error:
                logger.warning("data not prepared", extra={"kind": type(error).__name__})
                return False
            return True

    def _ready(self, grants: Grants) -> list[Grant]:
        now, resources = self.local_time(), grants.resources
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
        turn = Turn(self, request, bundle_sha256, is_cancelled, self.clock() - waited_s)
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

    def join(self, turn: Turn) -> Turn | None:
        """Let a turn stand in its session's line; returns the one before it, if that has not ended."""
        with self._guard:
            before = self._last.get(turn.session_id)
            self._last[turn.session_id] = turn
            return before

    def leave(self, turn: Turn) -> None:
        """Let go of a turn that ends; the one it waited for in vain stays in line."""
        with self._guard:
            if self._last.get(turn.session_id) is not turn:
                return
            if turn.earlier is None:
                del self._last[turn.session_id]
            else:
                self._last[turn.session_id] = turn.earlier

    def begun_of(self, grant: Grant) -> dict[str, datetime]:
        """Return when rounds of the grant's rule began: what the daemon knows, and what began since it wrote that."""
        now = self.local_time()
        with self._guard:
            own = self._begun.get(grant.rule_id, {})
            self._begun[grant.rule_id] = {key: at for key, at in own.items() if now - at < WEEK}
            return {**self._begun[grant.rule_id], **grant.begun}

    def begin(self, grant: Grant, key: str) -> None:
        """Remember that a round began."""
        if grant.rule_id:
            with self._guard:
                self._begun.setdefault(grant.rule_id, {})[key] = self.local_time()

    def resources(self) -> Resources:
        """Return what may be taken of this computer now."""
        grants = self.grants.read()
        return Resources() if grants is None else grants.resources

    def release(self) -> None:
        """Let go of data and network."""
        self._loaded = None
        machine.give_memory_back()

    def remembered_for(self, session_id: str, key: tuple[object, ...]) -> Remembered:
        """Return what the session keeps from round to round; nothing where it was made with other data or another network."""
        grants = self.grants.read()
        granted = {} if grants is None else grants.grants
        with self._guard:
            self._remembered = {name: kept for name, kept in self._remembered.items() if name in granted}
            if session_id not in self._remembered or self._remembered[session_id].key != key:
                self._remembered[session_id] = Remembered(key)
            return self._remembered[session_id]

    def loaded_for(self, session_id: str, grant: Grant) -> Loaded:
        """Return the warm session, loading task, samples and network when anything it depends on changed."""
        drawn = (grant.studies, grant.withdrawn, grant.earlier)
        key = (session_id, grant.task, repr(grant.task_parameters), repr(grant.network), drawn)
        if self._loaded is None or self._loaded.key != key:
            self._loaded = None
            task = load_task(grant.task)
            parameters = task.spec.parameters.model_validate(grant.task_parameters)
            studies, gone = map(Path, grant.studies), map(Path, grant.withdrawn)
            earlier = [[*map(Path, files)] for files in grant.earlier]
            train, holdout = load_halves(task, [*studies], parameters, left_out=[*gone], earlier=earlier)
            network = task.build_network(grant.network, seed=parameters.seed)
            self._loaded = Loaded(key, task, train, holdout, network)
        return self._loaded


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
