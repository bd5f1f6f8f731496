"""The laboratory's settings of the next start, with what another public address would mean."""

from pathlib import Path

from fl_core.desk import Desk
from fl_core.next_start import NextStartSettings
from fl_core.storage import lab_sites
from orchestrator.schemas_settings import DaemonSettingsView, NextStart
from orchestrator.services.desk import by_manager


class LaboratoryStart:
    """Shows and changes them."""

    def __init__(self, desk: Desk, *, file: Path, present: NextStart, address: str) -> None:
        self._desk = desk
        self._address = address
        self._settings = NextStartSettings(
            database=desk.database, journal=desk.journal, file=file, present=present, actor=by_manager
        )

    def view(self) -> DaemonSettingsView:
        """Return what holds now and what will."""
        with self._desk.database.read() as connection:
            open_invitations = lab_sites.count_open_invitations(connection, self._desk.now())
        return DaemonSettingsView(
            present=self._settings.present,
            next=self._settings.next(),
            fixed=self._settings.fixed,
            public_address=self._address,
            open_invitations=open_invitations,
        )

    def change(self, wanted: NextStart) -> DaemonSettingsView:
        """Write the settings down; raises Conflict for what is given at the start of the program."""
        self._settings.change(wanted)
        return self.view()
