"""Reads and writes the settings that are made on a page; each change is written down."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeVar

from pydantic import ValidationError

from fl_core.storage.database import Database
from fl_core.storage.journal import Journal
from fl_core.storage.page_settings import SettingTable
from fl_core.views import Schema

SchemaT = TypeVar("SchemaT", bound=Schema)


@dataclass(frozen=True, kw_only=True)
class PageSettings:
    """One validated object a key; what an older version stored and this one refuses counts as not set.

    Parameters
    ----------
    table : where this daemon keeps them
    actor : who changes them in this request
    """

    database: Database
    journal: Journal
    table: SettingTable
    actor: Callable[[], str]
    now: Callable[[], datetime]

    def get(self, key: str, kind: type[SchemaT]) -> SchemaT:
        """Return the object under a key, its defaults where nothing was set."""
        with self.database.read() as connection:
            stored = self.table.get(connection, key)
        known = {name: value for name, value in stored.items() if name in kind.model_fields}
        try:
            return kind.model_validate(known)
        except ValidationError:
            return kind()

    def put(self, key: str, value: SchemaT) -> SchemaT:
        """Replace the object under a key."""
        content = value.model_dump(mode="json")
        with self.database.begin() as tx:
            self.table.put(tx, key, content, at=self.now())
            self.journal.note(
                tx,
                actor=self.actor(),
                action=f"settings.{key}",
                details=content,
                text=f"The settings ({key}) were changed.",
                values={},
            )
        return value
