"""The hospital's settings of the next start."""

from contributor.schemas_settings import DaemonSettingsView, NextStart
from fl_core.next_start import NextStartSettings


class SiteStart:
    """Shows and changes them."""

    def __init__(self, settings: NextStartSettings[NextStart]) -> None:
        self._settings = settings

    def view(self) -> DaemonSettingsView:
        """Return what holds now and what will."""
        return DaemonSettingsView(
            present=self._settings.present, next=self._settings.next(), fixed=self._settings.fixed
        )

    def change(self, wanted: NextStart) -> DaemonSettingsView:
        """Write the settings down; raises Conflict for what is given at the start of the program."""
        self._settings.change(wanted)
        return self.view()
