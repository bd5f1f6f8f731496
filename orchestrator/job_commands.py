"""`flomir orchestrator jobs ...`: see, follow, cancel and go on with the laboratory's jobs from scripts."""

import sys
import time
from pathlib import Path

import click

from fl_core.protocol.messages import Json
from model.commands.listing import is_listing
from orchestrator.client import DaemonClient, at
from orchestrator.command_line import Act, add_acts, home_option, json_option, show

WATCH_POLL_S = 1.0
UNDER_WAY = frozenset({"queued", "running"})
ACTS = (
    Act("cancel", "POST", "/laboratory/jobs/{id}/cancel", "{title} is being cancelled.", "End JOB; what is finished of it stays."),
    Act("resume", "POST", "/laboratory/jobs/{id}/resume", "{title} is queued again.", "Go on with JOB, which was cancelled, interrupted, or failed."),
)  # fmt: skip


@click.group(invoke_without_command=True)
@home_option
@json_option
@click.pass_context
def jobs(context: click.Context, home: Path, *, as_json: bool) -> None:
    """List the laboratory's jobs, newest first; or follow, cancel or go on with one."""
    if is_listing(context):
        rows = DaemonClient(home).items("/laboratory/jobs")
        show({"items": rows}, as_json=as_json, words="\n".join(_line(row) for row in rows) or "No job yet.")


add_acts(jobs, "JOB", ACTS)


@jobs.command()
@home_option
@json_option
@click.argument("job")
def watch(home: Path, *, as_json: bool, job: str) -> None:
    """Follow JOB until it is over; exit code 1 when it is not done."""
    client, said = DaemonClient(home), ""
    while (view := client.call("GET", at("/laboratory/jobs/{id}", job)))["state"] in UNDER_WAY:
        if not as_json and (line := _line(view)) != said:
            said = line
            click.echo(line)
        time.sleep(WATCH_POLL_S)
    show(view, as_json=as_json, words=_line(view))
    if view["state"] != "done":
        sys.exit(1)


def _line(row: Json) -> str:
    live, problem = row["live"], row["problem"]
    share = f" {100 * float(str(live['share'])):3.0f} %" if row["state"] == "running" and isinstance(live, dict) else ""
    why = f": {problem['title']} {problem['detail']}" if isinstance(problem, dict) else ""
    return f"{row['id']}  {row['state']}{share}  {row['kind']}  {row['title']}{why}"
