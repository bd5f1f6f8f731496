"""Reads and writes the settings that are made on the page; each change is written down."""

from typing import TypeVar

from pydantic import ValidationError

from fl_core.storage import lab_settings
from fl_core.views import Schema
from orchestrator.schemas_settings import Limits
from orchestrator.services.desk import Desk, by_manager

SchemaT = TypeVar("SchemaT", bound=Schema)


class HouseSettings:
    """One validated object a key; what an older version stored and this one refuses counts as not set."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def limits(self) -> Limits:
        """Return the present limits."""
        return self.get("limits", Limits)

    def get(self, key: str, kind: type[SchemaT]) -> SchemaT:
        """Return the object under a key, its defaults where nothing was set."""
        with self._desk.database.read() as connection:
            stored = lab_settings.get(connection, key)
        known = {name: value for name, value in stored.items() if name in kind.model_fields}
        try:
            return kind.model_validate(known)
        except ValidationError:
            return kind()

    def put(self, key: str, value: SchemaT) -> SchemaT:
        """Replace the object under a key."""
        content = value.model_dump(mode="json")
        with self._desk.database.begin() as tx:
            lab_settings.put(tx, key, content, at=self._desk.now())
            self._desk.journal.note(
                tx,
                actor=by_manager(),
                action=f"settings.{key}",
                details=content,
                text=f"The settings ({key}) were changed.",
                values={},
            )
        return value
