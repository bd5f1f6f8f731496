"""What training may take of this computer: kept in a file of the site's own, obeyed by the runner from the next check on."""

import os
from collections.abc import Callable
from pathlib import Path

from pydantic import ValidationError

from contributor.schemas_consent import ResourcesView
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import InvalidInput
from fl_core.protocol.plan import Resources
from fl_core.trust.files import write_private

MIB = 1024 * 1024


class SiteResources:
    """Keeps the caps; an unreadable file means the defaults of the daemon's settings.

    Parameters
    ----------
    threads : processor threads as long as nothing was chosen
    changed : called after each change
    """

    def __init__(self, desk: Desk, *, file: Path, threads: int, changed: Callable[[], None]) -> None:
        self._file = file
        self._threads = threads
        self._desk = desk
        self._changed = changed

    def chosen(self) -> Resources:
        """Return the caps in force."""
        try:
            return Resources.model_validate_json(self._file.read_bytes())
        except (OSError, ValidationError):
            return Resources(threads=self._threads)

    def view(self) -> ResourcesView:
        """Return the caps beside what this computer has."""
        return ResourcesView(chosen=self.chosen(), threads_here=os.cpu_count() or 1, memory_here_mib=memory_here_mib())

    def choose(self, wanted: Resources) -> ResourcesView:
        """Set the caps; raises InvalidInput when they are beyond this computer."""
        here = self.view()
        if wanted.threads is not None and wanted.threads > here.threads_here:
            message = f"threads: {wanted.threads} are wished, this computer has {here.threads_here}"
            raise InvalidInput(message)
        if wanted.memory_mib is not None and here.memory_here_mib and wanted.memory_mib > here.memory_here_mib:
            message = f"memory_mib: {wanted.memory_mib} are wished, this computer has {here.memory_here_mib}"
            raise InvalidInput(message)
        if wanted != here.chosen:
            write_private(self._file, wanted.model_dump_json().encode())
            with self._desk.database.begin() as tx:
                self._desk.journal.note(
                    tx,
                    actor=acted_by("professional"),
                    action="resources.changed",
                    details=wanted.model_dump(mode="json"),
                    text="What training may take of this computer was changed.",
                    values={},
                )
            self._changed()
        return self.view()


def memory_here_mib() -> int | None:
    """Return the memory of this computer, MiB; None where the system does not tell."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // MIB
    except (AttributeError, ValueError, OSError):
        return None
