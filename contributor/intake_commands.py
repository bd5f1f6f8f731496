"""`flomir contributor import` and `remove-data`: what the page Data does, for scripts."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import click

from model.sentences import in_sentences

POLL_S = 0.5
REMOVAL_TIMEOUT_S = 1800.0
"""Tens of thousands of files go, and the database is written anew without them."""
MOST_NAMED = 20
NO_SCAN = "import.not_a_scan"
NAMED = ("name", "code", "detail", "advice")
UNDER_WAY = frozenset({"receiving", "queued", "running"})
Option = Callable[[Callable[..., None]], Callable[..., None]]


class Call(Protocol):
    """Asks the running contributor of a home folder; a refusal becomes one line with its remedy."""

    def __call__(
        self, home: Path, method: str, path: str, body: Mapping[str, object] | None, timeout_s: float = ...
    ) -> Mapping[str, object]:
        """Return the answer's JSON object."""


def add_intake_commands(group: click.Group, *, call: Call, home_option: Option, json_option: Option) -> None:
    """Add both commands to the group."""

    @group.command("import")
    @click.argument("folder", type=click.Path(exists=True, path_type=Path))
    @home_option
    @json_option
    def import_folder(folder: Path, home: Path, *, as_json: bool) -> None:
        """Take in every scan of a FOLDER: DICOM NM with CT, Interfile, study files. Goes on when this command is ended.

        Ends with 1 where a scan was not taken; files that are no scans do not count.
        """
        view = call(home, "POST", "/imports/folder", {"path": str(folder.expanduser().resolve())})
        place = f"/imports/{view['id']}"
        with click.progressbar(length=100, label="Reading scans", hidden=as_json) as bar:
            while view["state"] in UNDER_WAY:
                time.sleep(POLL_S)
                view = call(home, "GET", place, None)
                bar.update(_percent(view) - bar.pos)
        not_taken = _not_taken(call, home, place)
        if as_json:
            named = [{key: one[key] for key in NAMED} for one in not_taken]
            click.echo(json.dumps({**view, "not_taken": named}))
        else:
            click.echo(f"{view['added']} added, {view['duplicate']} here already, {view['refused']} not taken.")
            _name(not_taken)
        if view["state"] != "done":
            message = f"The import is {view['state']}. {view['title']} {view['advice']}".strip()
            raise click.ClickException(message)
        if not_taken:
            sys.exit(1)

    @group.command("remove-data")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @home_option
    @json_option
    def remove_data(home: Path, *, yes: bool, as_json: bool) -> None:
        """Delete every study, reconstruction and pseudonym of this site; the audit log keeps that it was done."""
        studies = int(str(call(home, "GET", "/storage", None)["studies"]))
        if not yes:
            click.confirm(
                f"Delete all {studies} studies of this site from this computer for good?", abort=True, err=True
            )
        removed = call(home, "POST", "/storage/removal", {"studies": studies}, REMOVAL_TIMEOUT_S)
        click.echo(
            json.dumps(removed)
            if as_json
            else f"Removed {removed['studies']} studies and {removed['reconstructions']} reconstructions."
        )


def _not_taken(call: Call, home: Path, place: str) -> list[Mapping[str, str]]:
    found = call(home, "GET", f"{place}/files?state=refused", None)["items"]
    return [one for one in found if one["code"] != NO_SCAN] if isinstance(found, list) else []


def _name(not_taken: Sequence[Mapping[str, str]]) -> None:
    for one in not_taken[:MOST_NAMED]:
        click.echo(f"  {one['name']}: {in_sentences(one['detail'], one['advice'])}")
    if len(not_taken) > MOST_NAMED:
        click.echo(f"  and {len(not_taken) - MOST_NAMED} more; the page Data lists them all.")


def _percent(view: Mapping[str, object]) -> int:
    total = int(str(view["total"] or 0))
    return 0 if total == 0 else 100 * (total - int(str(view["waiting"]))) // total
