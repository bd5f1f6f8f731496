"""Two people at two pages: a manager and a professional with real daemons that know nothing yet, and a site without a page."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flomir.browser import launched_browser
from flomir.daemon_process import DaemonProcess
from tests.support.pages import Person, person


@dataclass
class Scene:
    """Who takes part; `other_id` is the second site's once it is enrolled."""

    folder: Path
    manager: Person
    professional: Person
    orchestrator: DaemonProcess
    site: DaemonProcess
    other: DaemonProcess
    other_id: str = ""

    @property
    def people(self) -> tuple[Person, Person]:
        """The manager and the professional."""
        return self.manager, self.professional


@contextmanager
def opened_scene(folder: Path) -> Iterator[Scene]:
    """Start three daemons and open two pages; everything is ended on the way out."""
    daemons = (
        DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Test laboratory"]),
        DaemonProcess("contributor", folder / "contributor-1"),
        DaemonProcess("contributor", folder / "contributor-2"),
    )
    try:
        for daemon in daemons:
            daemon.launch()
        for daemon in daemons:
            daemon.wait_ready()
        orchestrator, site, other = daemons
        with (
            launched_browser() as browser,
            person(browser, orchestrator) as manager,
            person(browser, site) as professional,
        ):
            yield Scene(folder, manager, professional, orchestrator, site, other)
    finally:
        for daemon in reversed(daemons):
            daemon.stop()
