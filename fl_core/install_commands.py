"""`install`, `uninstall` and `open` of both daemons: in the desktop's menu, as a service, and the page in a window."""

import json
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

from fl_core import desktop
from fl_core.desktop import Desktop
from fl_core.home_option import Option

SYSTEMCTL_S = 60.0
ANSWERS_WITHIN_S = 30.0
"""A daemon is up in two or three seconds; a first start makes keys and tables, and a computer may be busy at sign-in."""
POLL_S = 0.5
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")


def add_install_commands(
    group: click.Group, *, role: str, comment: str, home_option: Option, icon: Path, new_link: Callable[[Path], str]
) -> None:
    """Add the three commands to a daemon's group, which has a command `run`.

    Parameters
    ----------
    group : click.Group
    role, comment : str
        Of the menu entry.
    home_option : decorator
        The daemon's own option --home.
    icon : Path
        SVG file of the entry.
    new_link : callable
        Makes a one-time link to the page of the daemon that runs in a home folder; raises `click.ClickException` when
        none does.
    """
    group.add_command(_install(role, comment, home_option, icon))
    group.add_command(_uninstall(role))
    group.add_command(_open(group, role, home_option, new_link))


def _install(role: str, comment: str, home_option: Option, icon: Path) -> click.Command:
    title = f"FLoMIR {role}"

    @click.command()
    @home_option
    @click.option("--desktop/--no-desktop", "entry", default=True, show_default=True, help="An entry in the menu.")
    @click.option("--service", is_flag=True, help="A service of this user, which runs from sign-in on.")
    @json_option
    def install(home: Path, *, entry: bool, service: bool, as_json: bool) -> None:
        """Put this daemon into the desktop's menu; with --service, let it run from sign-in on.

        Ends with 1 where the service was written but systemd does not start it.
        """
        if not (entry or service):
            message = "With --no-desktop there is nothing to install; add --service."
            raise click.UsageError(message)
        place, home = _place(), home.absolute()
        written: list[Path] = []
        with _in_words("written"):
            if entry:
                written.append(desktop.write_entry(place, role, title=title, comment=comment, home=home, icon=icon))
            if service:
                written.append(desktop.write_unit(place, role, title=title, home=home))
        started = service and _systemctl("daemon-reload") and _systemctl("enable", "--now", desktop.unit_name(role))
        words = [f"Written: {path}" for path in written]
        if service and not started:
            unit = desktop.unit_name(role)
            words.append(
                f"The service was not started. Start it with: systemctl --user daemon-reload && systemctl --user enable --now {unit}"
            )
        found = {"written": [str(path) for path in written], "service_started": started}
        click.echo(json.dumps(found) if as_json else "\n".join(words))
        if service and not started:
            sys.exit(1)

    return install


def _uninstall(role: str) -> click.Command:
    @click.command()
    @json_option
    def uninstall(*, as_json: bool) -> None:
        """Take this daemon out of the menu and the services; its home folder stays as it is."""
        place = _place()
        if place.unit(role).exists():
            _systemctl("disable", "--now", desktop.unit_name(role))
        with _in_words("removed"):
            removed = desktop.remove(place, role)
        words = "\n".join(f"Removed: {path}" for path in removed) or "Nothing was installed."
        click.echo(json.dumps({"removed": [str(path) for path in removed]}) if as_json else words)

    return uninstall


def _open(group: click.Group, role: str, home_option: Option, new_link: Callable[[Path], str]) -> click.Command:
    @click.command("open")
    @home_option
    @click.pass_context
    def open_page(context: click.Context, home: Path) -> None:
        """Open the page of the daemon that runs in this home folder, or start one: its service, where it has one."""
        from fl_core.web.window import open_window

        try:
            link = new_link(home)
        except click.ClickException:
            if not _service_starts(role, home.absolute()):
                context.invoke(group.commands["run"], home=home)
                return
            link = link_of_service(role, lambda: new_link(home))
        if not open_window(link, home):
            click.echo(f"No browser was found. Open this link: {link}")

    return open_page


def _service_starts(role: str, home: Path) -> bool:
    """Start the service of this home folder, or let it run; False where there is none, or systemd does not take it."""
    if sys.platform != "linux" or not desktop.serves(Desktop.of_user(), role, home):
        return False
    return _systemctl("start", desktop.unit_name(role))


def link_of_service(
    role: str,
    new_link: Callable[[], str],
    *,
    clock: Callable[[], float] = time.monotonic,
    sleep: Callable[[float], None] = time.sleep,
) -> str:
    """Ask a service that has just been started until it answers with a link to its page.

    A second daemon would not do meanwhile: it finds the home folder taken, or takes it, so that the service fails.

    Raises
    ------
    click.ClickException
        When it does not answer within `ANSWERS_WITHIN_S`: where to look.
    """
    unit, until = desktop.unit_name(role), clock() + ANSWERS_WITHIN_S
    click.echo(f"Waiting for the service {unit} to answer ...", err=True)
    while True:
        try:
            return new_link()
        except click.ClickException as error:
            if clock() >= until:
                message = (
                    f"The service {unit} does not answer: {error.message} Look at `systemctl --user status {unit}` and "
                    f"`journalctl --user -u {unit}`, correct what they say, then `systemctl --user restart {unit}`."
                )
                raise click.ClickException(message) from error
        sleep(POLL_S)


@contextmanager
def _in_words(what: str) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{error.filename} cannot be {what}: {error.strerror}. Check the folder's permissions and free space."
        raise click.ClickException(message) from error


def _place() -> Desktop:
    if sys.platform != "linux":
        message = "Menu entries and services are written on Linux only; start the daemon with `run`."
        raise click.ClickException(message)
    return Desktop.of_user()


def _systemctl(*words: str) -> bool:
    found = shutil.which("systemctl")
    if found is None:
        return False
    try:
        done = subprocess.run([found, "--user", *words], capture_output=True, timeout=SYSTEMCTL_S, check=False)
    except (OSError, subprocess.TimeoutExpired):
        return False
    return done.returncode == 0
