"""Drain mode, for upgrades: nothing new starts, what runs finishes its round and goes on by itself afterwards."""

from collections.abc import Callable
from contextlib import suppress
from datetime import datetime

from pydantic import Field

from fl_core.desk import Desk
from fl_core.errors import Conflict, FlomirError
from fl_core.lifecycle import SessionState
from fl_core.storage import lab_sessions, lab_settings
from fl_core.views import Schema
from orchestrator.schemas_settings import DrainView
from orchestrator.services.desk import SYSTEM, by_manager
from orchestrator.services.house_settings import HouseSettings
from orchestrator.services.laboratory.jobs import Jobs
from orchestrator.services.sessions import GOING_ON, Sessions

KEY = "drain"


class DrainState(Schema):
    """What is stored: the wish, and the sessions that it paused."""

    on: bool = False
    since: datetime | None = None
    by: str = ""
    held: list[str] = Field(default_factory=list)


class Drain:
    """Stores the wish first; `tick` then brings the sessions to it, however often it is interrupted."""

    def __init__(
        self, desk: Desk, *, settings: HouseSettings, sessions: Sessions, laboratory: Jobs, publish: Callable[[], None]
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._sessions = sessions
        self._laboratory = laboratory
        self._publish = publish

    def view(self) -> DrainView:
        """Return how far it is."""
        state = self._settings.get(KEY, DrainState)
        with self._desk.database.read() as connection:
            going_on = lab_sessions.all_sessions(connection, GOING_ON)
        running = sum(
            row.state is SessionState.RUNNING or row.run_id is not None for row in going_on
        )  # the others wait
        jobs = self._laboratory.running()
        return DrainView(on=state.on, since=state.since, by=state.by, running=running, held=len(state.held), jobs=jobs)

    def switch(self, *, on: bool) -> DrainView:
        """Switch it on or off; switching to what it is changes nothing."""
        with self._desk.database.begin() as tx:
            state = DrainState.model_validate(lab_settings.get(tx.connection, KEY))
            if state.on != on:
                changed = DrainState(on=on, since=self._desk.now(), by=by_manager(), held=state.held)
                lab_settings.put(tx, KEY, changed.model_dump(mode="json"), at=self._desk.now())
                word = "on: nothing new starts" if on else "off"
                self._desk.journal.note(
                    tx,
                    actor=by_manager(),
                    action="drain.on" if on else "drain.off",
                    text=f"Drain mode is {word}.",
                    values={},
                )
                tx.after_commit(self._publish)
        self._settle(by_manager())
        self._laboratory.look()
        return self.view()

    def tick(self) -> None:
        """While it is on, have running sessions pause after their round; once it is off, let them go on."""
        self._settle(SYSTEM)

    def _settle(self, actor: str) -> None:
        state = self._settings.get(KEY, DrainState)
        if state.on:
            self._hold(state, actor)
        elif state.held:
            self._release(state, actor)

    def _hold(self, state: DrainState, actor: str) -> None:
        with self._desk.database.read() as connection:
            running = lab_sessions.all_sessions(connection, [SessionState.RUNNING])
        for row in running:
            if row.wish != "run":
                continue
            state = self._remember([*state.held, row.id] if row.id not in state.held else state.held)
            try:
                self._sessions.pause(row.id, actor=actor)
            except Conflict:
                continue  # it ended meanwhile

    def _release(self, state: DrainState, actor: str) -> None:
        for session_id in state.held:
            with suppress(FlomirError):  # it waits for a person then: its page says why
                self._sessions.go_on(session_id, actor=actor)
            state = self._remember([other for other in state.held if other != session_id])
        with self._desk.database.read() as connection:
            waiting = lab_sessions.all_sessions(connection, [SessionState.OFFERED])
        for row in waiting:
            self._sessions.on_answer(row.id)

    def _remember(self, held: list[str]) -> DrainState:
        with self._desk.database.begin() as tx:
            state = DrainState.model_validate(lab_settings.get(tx.connection, KEY))
            changed = state.model_copy(update={"held": held})
            lab_settings.put(tx, KEY, changed.model_dump(mode="json"), at=self._desk.now())
        return changed
