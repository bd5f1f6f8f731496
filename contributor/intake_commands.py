"""`flomir contributor import`, `erase` and `remove-data`: what the page Data does, for scripts."""

import json
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import quote

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
    """Add the commands to the group."""
    _add_erase(group, call=call, home_option=home_option, json_option=json_option)

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


def _add_erase(group: click.Group, *, call: Call, home_option: Option, json_option: Option) -> None:
    @group.command()
    @click.argument("study_id")
    @click.option("--dry-run", is_flag=True, help="Say what would go; delete nothing.")
    @click.option("--yes", is_flag=True, help="Do not ask.")
    @home_option
    @json_option
    def erase(study_id: str, home: Path, *, dry_run: bool, yes: bool, as_json: bool) -> None:
        """Erase the patient of a study for good: every study of the patient, what was made of them, and their names in lists.

        Models that learned from them keep what they learned; so do backups that were made before.
        """
        place = f"/studies/{quote(study_id, safe='')}/erasure"
        plan = call(home, "GET", place, None)
        if dry_run:
            click.echo(json.dumps(plan) if as_json else "\n".join(_going(plan)))
            return
        if not yes:
            click.echo("\n".join(_going(plan)), err=True)
            click.confirm("Erase this patient from this computer for good?", abort=True, err=True)
        erased = call(home, "POST", place, {"studies": plan["studies"]}, REMOVAL_TIMEOUT_S)
        click.echo(
            json.dumps(erased)
            if as_json
            else f"Erased {erased['studies']} studies and {erased['reconstructions']} reconstructions, {erased['files']} files."
        )


def _going(plan: Mapping[str, Any]) -> list[str]:
    """Say what an erasure deletes and what it cannot."""
    lines = [
        (
            f"Goes: {plan['studies']} studies, {plan['files']} files ({plan['bytes'] / 1e6:.1f} MB), {plan['reconstructions']} "
            f"reconstructions, {plan['results']} comparisons, {plan['import_entries']} lines in lists of imports."
        )
    ]
    if plan["imports"]:
        lines.append(f"Goes: {plan['imports']} imports whole, with files that were handed over for them.")
    for session in plan["sessions"]:
        lines.append(
            f"Stays: what models of “{session['title']}” learned; {session['updates']} updates left this site."
        )
    lines.append("Stays: backups that were made before; delete them too. It cannot be undone.")
    if plan["problem"] is not None:
        lines.append(f"Not now: {in_sentences(plan['problem']['title'], plan['problem']['advice'])}")
    return lines


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
