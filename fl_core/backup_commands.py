"""`backup` and `restore` of both daemons: a home folder in one file, and back again."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fl_core.errors import FlomirError
from fl_core.home_option import Option
from model.sentences import in_sentences

if TYPE_CHECKING:
    from fl_core.storage.backup import Manifest

Heard = Callable[[int, int], None]


def add_backup_commands(
    group: click.Group, *, role: str, home_option: Option, bulky: str = "", scans: Callable[[Path], Path] | None = None
) -> None:
    """Add both commands to a daemon's group.

    Parameters
    ----------
    group : click.Group
    role : str
    home_option : decorator
        The daemon's own option --home.
    bulky : str
        What --without-scans leaves out, in words; empty for a daemon without scans.
    scans : callable, optional
        Returns the folder of the scans of a home folder, which may lie elsewhere.
    """

    @group.command()
    @home_option
    @click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="File to write (.tar).")
    @click.option("--without-scans", is_flag=True, hidden=not bulky, help=f"Leave out {bulky}.")
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
    def backup(home: Path, out: Path, *, without_scans: bool, as_json: bool) -> None:
        """Write everything of this daemon into one file, also while it runs.

        The file holds the private keys: keep it as you keep those.
        """
        from fl_core.storage.backup import BULKY, write_backup

        leave_out = BULKY if without_scans else frozenset[str]()
        if out.resolve().is_relative_to(home.resolve()):
            message = f"{out} lies in the data folder, which it would copy. Name a place outside of it with --out."
            raise click.ClickException(message)
        place = home if scans is None or without_scans else scans(home)
        with _in_words(), _bar("Writing", quiet=as_json) as heard:
            made = write_backup(home, out, role=role, version=_version(), leave_out=leave_out, heard=heard)
        elsewhere = None if place == home else str(place)
        facts: dict[str, object] = {
            "out": str(out), "files": len(made.files), "bytes": out.stat().st_size, "left_out": made.left_out, "elsewhere": elsewhere,
        }  # fmt: skip
        click.echo(json.dumps(facts) if as_json else _told(out, made, elsewhere))

    @group.command()
    @click.argument("source", type=click.Path(exists=True, dir_okay=False, path_type=Path))
    @home_option
    @click.option("--json", "as_json", is_flag=True, help="Print one JSON object for machines.")
    def restore(source: Path, home: Path, *, as_json: bool) -> None:
        """Bring a backup back into an empty or new folder; start the daemon with it afterwards.

        Stop the daemon that the backup was made of first: two with one identity would disturb each other.
        """
        from fl_core.storage.backup import restore_backup

        with _in_words(), _bar("Restoring", quiet=as_json) as heard:
            made = restore_backup(source, home, role=role, heard=heard)
        if as_json:
            click.echo(json.dumps({"home": str(home), "files": len(made.files), "created_at": made.created_at}))
            return
        click.echo(f"{home}: as it was on {made.created_at}, {len(made.files)} files.")


def _told(out: Path, made: "Manifest", elsewhere: str | None) -> str:
    size = out.stat().st_size / 1e6
    left = f", without {', '.join(made.left_out)}" if made.left_out else ""
    words = f"{out}: {len(made.files)} files, {size:.1f} MB{left}. It holds private keys: keep it safe."
    return words if elsewhere is None else f"{words}\nNot in it: the scans in {elsewhere}. Copy that folder too."


@contextmanager
def _in_words() -> Iterator[None]:
    try:
        yield
    except FlomirError as error:
        message = in_sentences(error.entry.title, str(error), error.remedy or error.entry.advice)
        raise click.ClickException(message) from error


@contextmanager
def _bar(words: str, *, quiet: bool) -> Iterator[Heard]:
    from rich.console import Console
    from rich.progress import Progress

    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal, transient=True) as progress:
        task = progress.add_task(words, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


def _version() -> str:
    from importlib.metadata import version

    return version("flomir")
