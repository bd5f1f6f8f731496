"""Keeps children running: starts, watches, restarts with back-off, and ends them in reverse order within a bound."""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from fl_core.errors import ComputeFailed, NotFound
from fl_core.supervision.child import Child, ChildSpec
from fl_core.supervision.reconcile import Action, Observed, decide, next_delay_s

TICK_S = 0.1
GRACE_S = 5.0

logger = logging.getLogger(__name__)

ChildState = Literal["starting", "ready", "restarting", "stopped"]


@dataclass(frozen=True, kw_only=True)
class ChildStatus:
    """One child as the daemon's system page shows it; `since` is unix time of the last change of state."""

    name: str
    state: ChildState
    pid: int | None
    restarts: int
    since: float
    last_exit: int | None
    ready: dict[str, object] | None = None


class _Entry:
    def __init__(self, spec: ChildSpec) -> None:
        self.spec = spec
        self.child: Child | None = None
        self.wanted = False
        self.state: ChildState = "stopped"
        self.restarts = 0
        self.failures = 0
        self.since = time.time()
        self.last_exit: int | None = None
        self.start_not_before = 0.0
        self.kill_at: float | None = None
        self.asked_to_end = False

    def observe(self) -> Observed:
        child = self.child
        return Observed(
            wanted=self.wanted and not self.asked_to_end,
            alive=child is not None and child.is_alive,
            has_process=child is not None,
            ready=child is not None and child.ready is not None,
            known_ready=self.state == "ready",
            started_at=0.0 if child is None else child.started_at,
            ready_timeout_s=self.spec.ready_timeout_s,
            start_not_before=self.start_not_before,
            kill_at=self.kill_at,
        )

    def status(self) -> ChildStatus:
        child = self.child
        return ChildStatus(
            name=self.spec.name,
            state=self.state,
            pid=None if child is None else child.pid,
            restarts=self.restarts,
            since=self.since,
            last_exit=self.last_exit,
            ready=None if child is None else child.ready,
        )


class Supervisor:
    """Owns a set of children and the one thread that starts and watches them.

    Parameters
    ----------
    on_change : callable, optional
        Called from the supervising thread with the new `ChildStatus` at each change of state.
    """

    def __init__(self, *, on_change: Callable[[ChildStatus], None] | None = None) -> None:
        self._on_change = on_change
        self._entries: dict[str, _Entry] = {}
        self._changed = threading.Condition()
        self._thread: threading.Thread | None = None
        self._ending = False
        self._untold: list[ChildStatus] = []

    def add(self, spec: ChildSpec, *, start: bool = False) -> None:
        """Register a child (replacing the specification of a known one); `start` also wants it running."""
        with self._changed:
            entry = self._entries.get(spec.name)
            if entry is None:
                entry = self._entries[spec.name] = _Entry(spec)
            entry.spec = spec
        if start:
            self.start(spec.name)

    def start_all(self) -> None:
        """Want every child running, in the order of `add`."""
        for name in list(self._entries):
            self.start(name)

    def start(self, name: str) -> None:
        """Want one child running; returns at once (see `wait_ready`)."""
        with self._changed:
            entry = self._entry(name)
            if not entry.wanted:
                entry.wanted, entry.start_not_before = True, 0.0
                self._set_state(entry, "starting")
            if self._thread is None:
                self._ending = False
                self._thread = threading.Thread(target=self._watch, name="supervisor", daemon=True)
                self._thread.start()
            self._changed.notify_all()

    def stop(self, name: str) -> None:
        """Want one child stopped; returns at once."""
        with self._changed:
            self._entry(name).wanted = False
            self._changed.notify_all()

    def restart(self, name: str) -> None:
        """End one child and start it anew with its present specification, without back-off."""
        with self._changed:
            entry = self._entry(name)
            entry.wanted = True
            entry.asked_to_end = entry.child is not None
            entry.start_not_before = 0.0
        self.start(name)

    def remove(self, name: str, timeout_s: float = GRACE_S) -> None:
        """End one child and forget it."""
        with self._changed:
            entry = self._entries.get(name)
            if entry is None:
                return
            entry.wanted = False
            self._changed.notify_all()
            if self._thread is not None:
                self._changed.wait_for(lambda: entry.child is None, timeout_s)
            if entry.child is not None:
                entry.child.kill()
            self._entries.pop(name, None)

    def status(self, name: str) -> ChildStatus:
        """Return one child's state; raises NotFound."""
        with self._changed:
            return self._entry(name).status()

    def statuses(self) -> list[ChildStatus]:
        """Return every child's state, in the order of `add`."""
        with self._changed:
            return [entry.status() for entry in self._entries.values()]

    def wait_ready(self, name: str, timeout_s: float) -> dict[str, object]:
        """Wait until a child is ready and return its ready line; raises ComputeFailed."""
        with self._changed:
            entry = self._entry(name)
            self._changed.wait_for(lambda: entry.state == "ready", timeout_s)
            ready = None if entry.child is None else entry.child.ready
            if entry.state != "ready" or ready is None:
                message = f"{name} is {entry.state} after {timeout_s:g} s (last exit {entry.last_exit})"
                raise ComputeFailed(message)
            return ready

    def stop_all(self, timeout_s: float = 8.0) -> None:
        """End every child, last added first, within the bound; idempotent."""
        with self._changed:
            self._ending = True
            entries = list(reversed(self._entries.values()))
            for entry in entries:
                entry.wanted = False
            self._changed.notify_all()
            thread = self._thread
        end = time.monotonic() + timeout_s
        alive = [child for entry in entries if (child := entry.child) is not None]
        for left, child in zip(range(len(alive), 0, -1), alive, strict=True):
            child.terminate()
            child.wait_exit(max(0.05, (end - time.monotonic()) / (left + 1)))
        for child in alive:
            child.kill()
        if thread is not None and thread is not threading.current_thread():
            thread.join(max(0.5, end - time.monotonic()))
        with self._changed:
            self._thread = None
            for entry in entries:
                self._note_exit(entry)
        self._tell()

    def _entry(self, name: str) -> _Entry:
        try:
            return self._entries[name]
        except KeyError:
            message = f"no child is called {name!r}"
            raise NotFound(message) from None

    def _watch(self) -> None:
        while True:
            with self._changed:
                if not self._untold:
                    self._changed.wait(TICK_S)
                if self._ending:
                    return
                for entry in list(self._entries.values()):
                    self._tick(entry, time.monotonic())
            self._tell()

    def _tell(self) -> None:
        """Hand the changes to the listener, without the lock, so that it may call back or take its own."""
        with self._changed:
            untold, self._untold = self._untold, []
        if self._on_change is not None:
            for status in untold:
                self._on_change(status)

    def _tick(self, entry: _Entry, now: float) -> None:
        action = decide(entry.observe(), now)
        if action is Action.START:
            self._spawn(entry)
        elif action is Action.NOTE_READY:
            self._set_state(entry, "ready")
        elif action is Action.NOTE_EXIT:
            self._note_exit(entry)
        elif action in {Action.TERMINATE, Action.END_UNREADY} and entry.child is not None:
            entry.child.terminate()
            entry.kill_at = now + GRACE_S
        elif action is Action.KILL and entry.child is not None:
            entry.child.kill()

    def _spawn(self, entry: _Entry) -> None:
        child = Child(entry.spec)
        entry.kill_at = None
        try:
            child.start()
        except OSError as error:
            entry.failures, delay_s = next_delay_s(entry.failures, 0.0)
            entry.start_not_before = time.monotonic() + delay_s
            logger.warning("child could not be started", extra={"child": entry.spec.name, "error": str(error)})
            self._set_state(entry, "restarting")
            return
        entry.child = child
        self._set_state(entry, "starting" if entry.restarts == 0 else "restarting")

    def _note_exit(self, entry: _Entry) -> None:
        child = entry.child
        if child is None:
            self._set_state(entry, "stopped" if not entry.wanted else entry.state)
            return
        child.kill()  # whatever the process left behind in its group
        entry.last_exit, entry.child, entry.kill_at = child.exit_code, None, None
        now = time.monotonic()
        if entry.wanted and not entry.asked_to_end and not entry.spec.restart:
            entry.wanted = False
        if not entry.wanted:
            self._set_state(entry, "stopped")
            return
        entry.restarts += 1
        if entry.asked_to_end:
            entry.asked_to_end, entry.failures = False, 0
        else:
            entry.failures, delay_s = next_delay_s(entry.failures, now - child.started_at)
            entry.start_not_before = now + delay_s
            logger.warning("child ended", extra={"child": entry.spec.name, "exit": entry.last_exit, "delay_s": delay_s})
        self._set_state(entry, "restarting")

    def _set_state(self, entry: _Entry, state: ChildState) -> None:
        changed = entry.state != state
        entry.state = state
        if changed:
            entry.since = time.time()
        self._changed.notify_all()
        if changed or state == "restarting":
            self._untold.append(entry.status())
