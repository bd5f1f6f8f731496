"""Settings that hold from the next start on: written into settings.toml, the rest of the file stays as it is."""

import json
import re
import tomllib
from pathlib import Path

from fl_core.errors import Conflict, InvalidInput
from fl_core.storage import lab_sites
from fl_core.trust.files import write_public
from orchestrator.schemas_settings import DaemonSettingsView, NextStart
from orchestrator.services.desk import Desk, by_manager


class NextStartSettings:
    """Shows what holds now and what will; one given on the command line or by the environment cannot be changed here."""

    def __init__(self, desk: Desk, *, file: Path, present: NextStart, address: str) -> None:
        self._desk = desk
        self._file = file
        self._present = present
        self._address = address
        stored = self._stored()
        defaults = NextStart()
        self._fixed = [
            name
            for name in NextStart.model_fields
            if getattr(present, name) != stored.get(name, getattr(defaults, name))
        ]

    def view(self) -> DaemonSettingsView:
        """Return both."""
        with self._desk.database.read() as connection:
            open_invitations = lab_sites.count_open_invitations(connection, self._desk.now())
        return DaemonSettingsView(
            present=self._present,
            next=self._next(),
            fixed=self._fixed,
            public_address=self._address,
            open_invitations=open_invitations,
        )

    def change(self, wanted: NextStart) -> DaemonSettingsView:
        """Write the settings down.

        Raises
        ------
        Conflict
            ``settings.fixed`` when one is given at the start of the program.
        InvalidInput
            When settings.toml cannot be read.
        """
        before = self._next()
        changed = {name: value for name, value in wanted.model_dump().items() if value != getattr(before, name)}
        fixed = sorted(set(changed) & set(self._fixed))
        if fixed:
            message = f"{', '.join(fixed)}: given on the command line or by the environment"
            raise Conflict(message, code="settings.fixed")
        if changed:
            write_public(self._file, with_keys(self._text(), changed).encode())
            with self._desk.database.begin() as tx:
                self._desk.journal.note(
                    tx,
                    actor=by_manager(),
                    action="settings.daemon",
                    details=dict(changed),
                    text="The settings of the next start were changed.",
                    values={},
                )
        return self.view()

    def _next(self) -> NextStart:
        fixed = {name: getattr(self._present, name) for name in self._fixed}
        stored = {name: value for name, value in self._stored().items() if name in NextStart.model_fields}
        return NextStart.model_validate({**stored, **fixed})

    def _text(self) -> str:
        return self._file.read_text("utf-8") if self._file.is_file() else ""

    def _stored(self) -> dict[str, object]:
        try:
            return tomllib.loads(self._text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            message = f"settings.toml cannot be read: {error}"
            raise InvalidInput(message) from error


def with_keys(text: str, values: dict[str, object]) -> str:
    """Return a TOML text with top-level keys set to texts or numbers; comments, order and other keys stay."""
    for name, value in values.items():
        line = f"{name} = {json.dumps(value)}"
        text, count = re.subn(rf"(?m)^{name}[ \t]*=.*$", lambda _found, line=line: line, text, count=1)  # type: ignore[misc]
        if count == 0:
            text = f"{line}\n{text}"
    return text
