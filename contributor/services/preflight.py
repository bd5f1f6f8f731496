"""Runs the check for the page, in a thread of its own, and keeps the last one."""

import logging
import threading
from collections.abc import Callable
from datetime import UTC, datetime

from contributor.preflight.check import Subject, check
from contributor.schemas_network import PreflightLine, PreflightView
from fl_core.errors import FlomirError
from fl_core.events import EventBus
from fl_core.supervision.jobs import run_job

STOP_WITHIN_S = 3.0

logger = logging.getLogger(__name__)


class Preflight:
    """One check at a time; a second wish while one runs sees that one."""

    def __init__(
        self,
        *,
        bus: EventBus,
        subject: Callable[[str], Subject],
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._bus = bus
        self._subject = subject
        self._clock = clock
        self._lock = threading.Lock()
        self._view = PreflightView(state="never", of="", started_at=None, ended_at=None, lines=[], round_s=None)
        self._cancel = threading.Event()
        self._thread: threading.Thread | None = None

    def view(self) -> PreflightView:
        """Return the lines so far."""
        return self._view

    def start(self, invitation: str) -> PreflightView:
        """Begin a check, unless one runs."""
        with self._lock:
            if self._view.state == "running":
                return self._view
            self._view = PreflightView(
                state="running", of="", started_at=self._clock(), ended_at=None, lines=[], round_s=None
            )
            self._cancel.clear()
            self._thread = threading.Thread(target=self._run, args=(invitation,), name="preflight", daemon=True)
            self._thread.start()
        self._publish()
        return self._view

    def stop(self) -> None:
        """End a check that runs, with its child; idempotent."""
        self._cancel.set()
        if self._thread is not None:
            self._thread.join(STOP_WITHIN_S)

    def _run(self, invitation: str) -> None:
        ending: dict[str, object] = {}
        try:
            subject = self._subject(invitation)
            outcome = check(subject, self._tell)
            ending = {"of": outcome.of, "round_s": outcome.round_s}
        except FlomirError as error:
            logger.warning("the check ended early", extra={"code": error.code})
        except Exception:
            logger.exception("the check failed")
        self._change(state="done", ended_at=self._clock(), **ending)

    def cancellable_job(self, module: str, request: dict[str, object], *, timeout_s: float) -> dict[str, object]:
        """Run a child that ends with this service."""
        return run_job(module, request, timeout_s=timeout_s, cancel=self._cancel)

    def _tell(self, found: PreflightLine) -> None:
        self._change(lines=[*self._view.lines, found])

    def _change(self, **changes: object) -> None:
        with self._lock:
            self._view = self._view.model_copy(update=changes)
        self._publish()

    def _publish(self) -> None:
        self._bus.publish("preflight", self.view)
