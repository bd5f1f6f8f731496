"""Settings that hold from the next start on: written into settings.toml, the rest of the file stays as it is."""

import json
import re
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from pydantic import ValidationError

from fl_core.errors import Conflict, InvalidInput
from fl_core.storage.database import Database
from fl_core.storage.journal import Journal
from fl_core.trust.files import write_public
from fl_core.views import Schema
from fl_core.web.complaints import first_problem

StartT = TypeVar("StartT", bound=Schema)


class NextStartSettings(Generic[StartT]):
    """Knows what holds now and what will; one given on the command line or by the environment cannot be changed here.

    Parameters
    ----------
    file : settings.toml of the home folder
    present : what this run was started with; its class has a default for every setting
    actor : who changes them in this request
    """

    def __init__(
        self, *, database: Database, journal: Journal, file: Path, present: StartT, actor: Callable[[], str]
    ) -> None:
        self._database = database
        self._journal = journal
        self._file = file
        self._actor = actor
        self.present = present
        stored = self._stored()
        defaults = type(present)()
        self.fixed = [
            name
            for name in type(present).model_fields
            if getattr(present, name) != stored.get(name, getattr(defaults, name))
        ]

    def next(self) -> StartT:
        """Return what holds from the next start on; raises InvalidInput when settings.toml cannot be read, or does not fit."""
        kind = type(self.present)
        fixed = {name: getattr(self.present, name) for name in self.fixed}
        stored = {name: value for name, value in self._stored().items() if name in kind.model_fields}
        try:
            return kind.model_validate({**stored, **fixed})
        except ValidationError as error:  # a person may have changed the file meanwhile
            message = f"settings.toml: {first_problem(error)}"
            raise InvalidInput(message) from error

    def change(self, wanted: StartT) -> None:
        """Write the settings down.

        Raises
        ------
        Conflict
            ``settings.fixed`` when one is given at the start of the program.
        InvalidInput
            When settings.toml cannot be read.
        """
        before = self.next()
        changed = {name: value for name, value in wanted.model_dump().items() if value != getattr(before, name)}
        fixed = sorted(set(changed) & set(self.fixed))
        if fixed:
            message = f"{', '.join(fixed)}: given on the command line or by the environment"
            raise Conflict(message, code="settings.fixed")
        if changed:
            write_public(self._file, with_keys(self._text(), changed).encode())
            with self._database.begin() as tx:
                self._journal.note(
                    tx,
                    actor=self._actor(),
                    action="settings.daemon",
                    details=dict(changed),
                    text="The settings of the next start were changed.",
                    values={},
                )

    def _text(self) -> str:
        return self._file.read_text("utf-8") if self._file.is_file() else ""

    def _stored(self) -> dict[str, object]:
        try:
            return tomllib.loads(self._text())
        except (OSError, tomllib.TOMLDecodeError) as error:
            message = f"settings.toml cannot be read: {error}"
            raise InvalidInput(message) from error


def with_keys(text: str, values: dict[str, object]) -> str:
    """Return a TOML text with top-level keys set to texts, numbers, true or false; comments, order and other keys stay."""
    for name, value in values.items():
        line = f"{name} = {json.dumps(value)}"
        text, count = re.subn(rf"(?m)^{name}[ \t]*=.*$", lambda _found, line=line: line, text, count=1)  # type: ignore[misc]
        if count == 0:
            text = f"{line}\n{text}"
    return text
