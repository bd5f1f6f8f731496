"""`flomir orchestrator ...`: run the daemon, and steer a running one from scripts."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fl_core.backup_commands import add_backup_commands
from orchestrator.client import DaemonClient

if TYPE_CHECKING:
    import socket

    from fl_core.protocol.messages import Json
    from orchestrator.app import Ready
    from orchestrator.settings import OrchestratorSettings

DEFAULT_HOME = Path.home() / ".flomir" / "orchestrator"
ENDED = frozenset({"completed", "stopped", "failed", "aborted"})
WATCH_POLL_S = 1.0

home_option = click.option(
    "--home",
    type=click.Path(path_type=Path, file_okay=False),
    default=DEFAULT_HOME,
    show_default=True,
    help="Folder that holds everything of this orchestrator.",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")


@click.group()
def orchestrator() -> None:
    """Run the laboratory's side: invite sites, train, keep models."""


@orchestrator.command()
@home_option
@click.option("--port", type=click.IntRange(0, 65_535), default=None, help="Port of the page; 0 takes a free one.")
@click.option("--headless", is_flag=True, help="Do not open a window.")
@click.option("--json", "as_json", is_flag=True, help="First line of output as JSON.")
@click.option("--public-host", default=None, help="Name or address under which sites reach this computer.")
@click.option("--public-port", type=click.IntRange(0, 65_535), default=None, help="Port for sites; 0 takes a free one.")
@click.option("--bind", default=None, help="Address on which the port for sites is opened.")
@click.option("--name", default=None, help="Name that sites see.")
def run(*, home: Path, headless: bool, as_json: bool, **options: object) -> None:
    """Run the orchestrator until Ctrl-C; opens its window unless --headless."""
    from fl_core.errors import FlomirError
    from fl_core.logs import setup_logging
    from fl_core.web import serving
    from fl_core.web.home_lock import lock_home
    from orchestrator.app import Orchestrator, check_home

    settings = _settings(home, headless=headless or None, **options)
    try:
        with lock_home(settings.home):
            setup_logging("orchestrator", home=settings.home, level=settings.log_level)
            check_home(settings)
            listener = _bind(settings.port)
            api_port = int(listener.getsockname()[1])

            def compose() -> Orchestrator:
                return Orchestrator(
                    settings,
                    api_port=api_port,
                    on_ready=lambda ready: _announce(ready, as_json=as_json, headless=settings.headless),
                )

            serving.serve(listener, compose, threads=settings.threads)
    except FlomirError as error:
        message = f"{error}. {error.entry.advice}"
        raise click.ClickException(message) from error


def _bind(port: int) -> "socket.socket":
    from fl_core.web import serving

    try:
        return serving.bind(port)
    except OSError as error:
        message = f"Port {port} is taken. Choose another with --port, or 0 for a free one."
        raise click.ClickException(message) from error


def _settings(home: Path, **options: object) -> "OrchestratorSettings":
    from pydantic import ValidationError

    from fl_core.web.complaints import first_problem
    from orchestrator.settings import OrchestratorSettings

    given = {key: value for key, value in options.items() if value is not None}
    try:
        return OrchestratorSettings(home=home.absolute(), **given)  # type: ignore[arg-type]  # checked by the model
    except ValidationError as error:
        message = f"The settings do not fit: {first_problem(error)}"
        raise click.ClickException(message) from error


def _announce(ready: "Ready", *, as_json: bool, headless: bool) -> None:
    if as_json:
        line = {
            "ready": True,
            "url": ready.url,
            "link": ready.link,
            "api_token_file": ready.api_token_file,
            "gateway": ready.gateway,
        }
        print(json.dumps(line), flush=True)
    else:
        print(f"The orchestrator is running. Open it once with this link: {ready.link}", flush=True)
        print(f"Sites reach it at {ready.gateway}. Stop it with Ctrl-C.", flush=True)
    if not headless:
        from fl_core.web.window import open_window

        open_window(ready.link)


@orchestrator.command()
@home_option
@json_option
@click.option("--site-name", default=None, help="Name of the site that is invited.")
@click.option("--valid-hours", type=click.IntRange(1, 720), default=72, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=None, help="Write the invitation file here.")
def invite(home: Path, *, as_json: bool, site_name: str | None, valid_hours: int, out: Path | None) -> None:
    """Make a single-use invitation for a site."""
    issued = _client(home).call("POST", "/invitations", {"site_name": site_name, "valid_hours": valid_hours})
    if out is not None:
        from fl_core.trust.files import write_private

        write_private(out, str(issued["file"]).encode())
    _show(issued, as_json=as_json, words=f"Invitation written to {out}." if out else str(issued["text"]).rstrip())


@orchestrator.command()
@home_option
@json_option
@click.argument("site")
@click.argument("fingerprint")
def approve(home: Path, *, as_json: bool, site: str, fingerprint: str) -> None:
    """Trust the pending SITE whose FINGERPRINT you compared on both screens."""
    view = _client(home).call("POST", f"/sites/{site}/approve", {"fingerprint": fingerprint})
    _show(view, as_json=as_json, words=f"{view['name']} is trusted now.")


@orchestrator.command()
@home_option
@json_option
@click.argument("site")
def revoke(home: Path, *, as_json: bool, site: str) -> None:
    """Take the trust in SITE back; its connections close at once."""
    view = _client(home).call("POST", f"/sites/{site}/revoke")
    _show(view, as_json=as_json, words=f"The trust in {view['name']} was taken back.")


@orchestrator.command()
@home_option
@json_option
def sites(home: Path, *, as_json: bool) -> None:
    """List the sites."""
    rows = _client(home).items("/sites")
    lines = [
        f"{row['id']}  {row['state']:8}  {'online ' if row['online'] else 'offline'}  {row['fingerprint']}  {row['name']}"
        for row in rows
    ]
    _show(
        {"items": rows},
        as_json=as_json,
        words="\n".join(lines) or "No site yet. Invite one: flomir orchestrator invite",
    )


@orchestrator.command()
@home_option
@json_option
@click.argument("switch", type=click.Choice(["on", "off", "status"]))
def drain(home: Path, *, as_json: bool, switch: str) -> None:
    """Before an upgrade: nothing new starts (on) until it is over (off); `status` says what still runs."""
    client = _client(home)
    view = client.call("GET", "/drain") if switch == "status" else client.call("PUT", "/drain", {"on": switch == "on"})
    running = view["running"]
    words = "Drain mode is off."
    if view["on"]:
        words = (
            f"Drain mode is on; {running} still finish{'es' if running == 1 else ''} a round."
            if running
            else ("Drain mode is on; nothing runs. The program can be stopped and upgraded.")
        )
    _show(view, as_json=as_json, words=words)


add_backup_commands(orchestrator, role="orchestrator", home_option=home_option)


@orchestrator.group()
def session() -> None:
    """Start, watch and stop training sessions."""


@session.command("start")
@home_option
@json_option
@click.argument("what")
def start_session(home: Path, *, as_json: bool, what: str) -> None:
    """Start session WHAT (an id), or offer a new one from a JSON file WHAT (the body of POST /sessions)."""
    client = _client(home)
    if Path(what).is_file():
        try:
            body = json.loads(Path(what).read_text("utf-8"))
        except ValueError as error:
            message = f"{what} is not JSON: {error}"
            raise click.ClickException(message) from error
        view = client.call("POST", "/sessions", body)
    else:
        view = client.call("POST", f"/sessions/{what}/start")
    _show(view, as_json=as_json, words=f"{view['id']}  {view['state']}  {view['title']}")


@session.command("watch")
@home_option
@json_option
@click.argument("session_id")
def watch_session(home: Path, *, as_json: bool, session_id: str) -> None:
    """Follow a session until it ends; exit code 1 when it failed."""
    import time

    client, shown = _client(home), 0
    while True:
        view = client.call("GET", f"/sessions/{session_id}")
        log = [str(line) for line in view["log"]] if isinstance(view["log"], list) else []
        if not as_json:
            for line in log[shown:]:
                print(line, flush=True)
            shown = len(log)
        if view["state"] in ENDED:
            break
        time.sleep(WATCH_POLL_S)
    _show(view, as_json=as_json, words=f"{view['state']}: {view['reason_text'] or 'all is well'}")
    if view["state"] == "failed":
        sys.exit(1)


@session.command("stop")
@home_option
@json_option
@click.argument("session_id")
def stop_session(home: Path, *, as_json: bool, session_id: str) -> None:
    """Stop a session; closed rounds and their models stay."""
    view = _client(home).call("POST", f"/sessions/{session_id}/stop")
    _show(view, as_json=as_json, words=f"{view['title']} is {view['state']}.")


@session.command("abort")
@home_option
@json_option
@click.argument("session_id")
def abort_session(home: Path, *, as_json: bool, session_id: str) -> None:
    """Give a session up before it starts; its offers are withdrawn at the sites."""
    view = _client(home).call("POST", f"/sessions/{session_id}/abort")
    _show(view, as_json=as_json, words=f"{view['title']} is {view['state']}; its offers were withdrawn.")


@session.command("export")
@home_option
@click.argument("session_id")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Write the JSON file here.")
def export_session(home: Path, *, session_id: str, out: Path) -> None:
    """Write a session whole as JSON: rounds, updates, metrics, model cards, signed documents."""
    from model.io.atomic import write_atomically

    found = _client(home).call("GET", f"/sessions/{session_id}/export")
    try:
        write_atomically(out, (json.dumps(found, indent=1) + "\n").encode())
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}. Choose another file with --out."
        raise click.ClickException(message) from error
    click.echo(f"{found['session']['title']} was written to {out}.")  # type: ignore[index]  # checked by the API


@orchestrator.command()
@home_option
@json_option
def models(home: Path, *, as_json: bool) -> None:
    """List the models."""
    rows = _client(home).items("/models")
    lines = [f"{row['id']}  {row['task']}  {str(row['sha256'])[:12]}  {row['name']}" for row in rows]
    _show({"items": rows}, as_json=as_json, words="\n".join(lines) or "No model yet.")


@orchestrator.command()
@home_option
@json_option
def link(home: Path, *, as_json: bool) -> None:
    """Print a fresh one-time link to the page."""
    made = _client(home).call("POST", "/link")
    _show(made, as_json=as_json, words=str(made["link"]))


@orchestrator.command()
def openapi() -> None:
    """Print the description of the UI API."""
    from fl_core.web.application import openapi_text
    from orchestrator.api import describe

    print(openapi_text(describe()), end="")


def _client(home: Path) -> DaemonClient:
    return DaemonClient(home)


def _show(value: "Json", *, as_json: bool, words: str) -> None:
    print(json.dumps(value) if as_json else words, flush=True)
