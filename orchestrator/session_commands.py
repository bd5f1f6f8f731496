"""`flomir orchestrator session ...`: training sessions from scripts."""

import json
import sys
import time
from pathlib import Path

import click

from fl_core.protocol.messages import Json
from model.commands.replacing import force_option, refuse_taken
from orchestrator.client import DaemonClient, at
from orchestrator.command_line import Act, add_acts, home_option, json_option, show

ENDED = frozenset({"completed", "stopped", "failed", "aborted"})
WATCH_POLL_S = 1.0
ACTS = (
    Act("stop", "POST", "/sessions/{id}/stop", "{title} is {state}.", "Stop SESSION; closed rounds and their models stay."),
    Act("pause", "POST", "/sessions/{id}/pause", "{title} is {state}; it pauses after this round.", "Pause SESSION after the running round."),
    Act("resume", "POST", "/sessions/{id}/resume", "{title} is {state}.", "Go on with SESSION after its last closed round."),
    Act("combine-now", "POST", "/sessions/{id}/combine-now", "{title} combines what is here.", "Close SESSION's running round with the updates that are here."),
    Act("abort", "POST", "/sessions/{id}/abort", "{title} is {state}; its offers were withdrawn.", "Give SESSION up before it starts; its offers are withdrawn at the sites."),
)  # fmt: skip


@click.group()
def session() -> None:
    """Offer, start, watch, steer and stop training sessions."""


add_acts(session, "SESSION", ACTS)


@session.command("list")
@home_option
@json_option
def list_sessions(home: Path, *, as_json: bool) -> None:
    """List the sessions, newest first."""
    rows = DaemonClient(home).items("/sessions")
    show({"items": rows}, as_json=as_json, words="\n".join(_line(row) for row in rows) or "No session yet.")


@session.command("start")
@home_option
@json_option
@click.argument("what")
def start_session(home: Path, *, as_json: bool, what: str) -> None:
    """Start session WHAT (an id), or offer a new one from a JSON file WHAT (the body of POST /sessions)."""
    client = DaemonClient(home)
    if Path(what).suffix and not Path(what).exists():
        message = f"There is no file {what}. Name a JSON plan, or the id of a session."
        raise click.ClickException(message)
    if Path(what).is_file():
        view = client.call("POST", "/sessions", read_body(Path(what)))
    else:
        view = client.call("POST", at("/sessions/{id}/start", what))
    show(view, as_json=as_json, words=_line(view))


@session.command("watch")
@home_option
@json_option
@click.argument("session_id", metavar="SESSION")
def watch_session(home: Path, *, as_json: bool, session_id: str) -> None:
    """Follow SESSION until it ends; exit code 1 when it failed."""
    client, last = DaemonClient(home), 0
    while True:
        view = client.call("GET", at("/sessions/{id}", session_id))
        for line in view["log"] if isinstance(view["log"], list) else []:  # the newest lines, the latest one last
            if line["seq"] > last:
                last = line["seq"]
                if not as_json:
                    click.echo(line["text"])
        if view["state"] in ENDED:
            break
        time.sleep(WATCH_POLL_S)
    show(view, as_json=as_json, words=f"{view['state']}: {view['reason_text'] or 'all is well'}")
    if view["state"] == "failed":
        sys.exit(1)


@session.command("extend")
@home_option
@json_option
@click.argument("session_id", metavar="SESSION")
@click.option("--rounds", type=click.IntRange(1, 1000), default=None, help="Rounds in all.")
@click.option("--round-minutes", type=click.FloatRange(min=0.1), default=None, help="Deadline of a round.")
@click.option("--answer-hours", type=click.FloatRange(min=0.1), default=72.0, show_default=True)
def extend_session(
    home: Path, *, as_json: bool, session_id: str, rounds: int | None, round_minutes: float | None, answer_hours: float
) -> None:
    """Ask for more rounds or longer ones; each site agrees anew, what it agreed to before stays."""
    deadline_s = None if round_minutes is None else 60 * round_minutes
    body: Json = {"rounds": rounds, "round_deadline_s": deadline_s, "answer_hours": answer_hours}
    view = DaemonClient(home).call("POST", at("/sessions/{id}/extend", session_id), body)
    show(view, as_json=as_json, words=_line(view))


@session.command("sites")
@home_option
@json_option
@click.argument("session_id", metavar="SESSION")
@click.option("--add", multiple=True, metavar="SITE", help="Ask this site too; may be given several times.")
@click.option("--leave-out", multiple=True, metavar="SITE", help="Leave it out from the next round on.")
def change_sites(
    home: Path, *, as_json: bool, session_id: str, add: tuple[str, ...], leave_out: tuple[str, ...]
) -> None:
    """Change who takes part in SESSION between rounds."""
    body: Json = {"add": list(add), "leave_out": list(leave_out)}
    view = DaemonClient(home).call("POST", at("/sessions/{id}/sites", session_id), body)
    show(view, as_json=as_json, words=_line(view))


@session.command("export")
@home_option
@json_option
@click.argument("session_id", metavar="SESSION")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Write the JSON file here.")
@force_option
def export_session(home: Path, *, as_json: bool, session_id: str, out: Path, force: bool) -> None:
    """Write SESSION whole as JSON: rounds, updates, metrics, model cards, signed documents."""
    from model.io.atomic import write_atomically

    refuse_taken(out, force=force)
    found = DaemonClient(home).call("GET", at("/sessions/{id}/export", session_id))
    try:
        write_atomically(out, (json.dumps(found, indent=1) + "\n").encode())
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}. Choose another file with --out."
        raise click.ClickException(message) from error
    title = found["session"]["title"]  # type: ignore[index]  # checked by the API
    show(
        {"out": str(out), "session": session_id, "title": title},
        as_json=as_json,
        words=f"{title} was written to {out}.",
    )


def read_body(path: Path) -> Json:
    """Read the body of a request from a file; raises `click.ClickException` when it is not a JSON object."""
    try:
        body = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        message = f"{path} is not JSON: {error}"
        raise click.ClickException(message) from error
    if not isinstance(body, dict):
        message = f"{path} holds no JSON object."
        raise click.ClickException(message)
    return body


def _line(view: Json) -> str:
    return f"{view['id']}  {view['state']}  {view['title']}"
