"""`flomir orchestrator ...`: run the daemon, and steer a running one from scripts."""

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fl_core.backup_commands import add_backup_commands
from fl_core.install_commands import add_install_commands
from orchestrator.client import DaemonClient
from orchestrator.command_line import home_option, json_option, show
from orchestrator.job_commands import jobs
from orchestrator.model_commands import models
from orchestrator.session_commands import read_body, session
from orchestrator.site_commands import add_site_commands

if TYPE_CHECKING:
    from orchestrator.app import Ready


@click.group()
def orchestrator() -> None:
    """Run the laboratory's side: invite sites, train, keep models."""


@orchestrator.command()
@home_option
@click.option("--port", type=click.IntRange(0, 65_535), default=None, help="Port of the page; 0 takes a free one.")
@click.option("--headless", is_flag=True, help="Do not open a window.")
@click.option("--json", "as_json", is_flag=True, help="First line of output as JSON.")
@click.option("--public-host", default=None, help="DNS name or IP address under which sites reach this computer.")
@click.option("--public-port", type=click.IntRange(0, 65_535), default=None, help="Port for sites; 0 takes a free one.")
@click.option("--bind", default=None, help="Address on which the port for sites is opened.")
@click.option("--name", default=None, help="Name that sites see.")
def run(*, home: Path, headless: bool, as_json: bool, **options: object) -> None:
    """Run the orchestrator until Ctrl-C; opens its window unless --headless."""
    from fl_core.errors import FlomirError
    from fl_core.logs import setup_logging
    from fl_core.starting import bound, one_line, settings_of
    from fl_core.web import serving
    from fl_core.web.home_lock import lock_home
    from orchestrator.app import Orchestrator, check_home
    from orchestrator.settings import OrchestratorSettings

    given = {"headless": headless or None, **options}
    settings = settings_of(
        OrchestratorSettings, home.absolute(), **{key: value for key, value in given.items() if value is not None}
    )
    try:
        with lock_home(settings.home):
            setup_logging("orchestrator", home=settings.home, level=settings.log_level)
            check_home(settings)
            listener = bound(settings.port)
            api_port = int(listener.getsockname()[1])

            def compose() -> Orchestrator:
                return Orchestrator(
                    settings,
                    api_port=api_port,
                    on_ready=lambda ready: _announce(ready, settings.home, as_json=as_json, headless=settings.headless),
                )

            serving.serve(listener, compose, threads=settings.threads)
    except FlomirError as error:
        raise one_line(error) from error


def _announce(ready: "Ready", home: Path, *, as_json: bool, headless: bool) -> None:
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

        open_window(ready.link, home)


@orchestrator.command()
@home_option
@json_option
@click.argument("switch", type=click.Choice(["on", "off", "status"]))
def drain(home: Path, *, as_json: bool, switch: str) -> None:
    """Before an upgrade: nothing new starts (on) until it is over (off); `status` says what still runs."""
    client = DaemonClient(home)
    view = client.call("GET", "/drain") if switch == "status" else client.call("PUT", "/drain", {"on": switch == "on"})
    words = "Drain mode is off."
    if view["on"]:
        rest = [f"{view['running']} session(s) finish their round"] if view["running"] else []
        rest += [f"{view['jobs']} job(s) of the laboratory still run"] if view["jobs"] else []
        words = f"Drain mode is on; {' and '.join(rest) or 'nothing runs'}."
        words += "" if rest else " The program can be stopped and upgraded."
    show(view, as_json=as_json, words=words)


add_backup_commands(orchestrator, role="orchestrator", home_option=home_option)
add_install_commands(
    orchestrator,
    role="orchestrator",
    comment="Train one reconstruction network across hospitals",
    home_option=home_option,
    icon=Path(__file__).parent / "web" / "icon.svg",
    new_link=lambda home: str(DaemonClient(home).call("POST", "/link")["link"]),
)
add_site_commands(orchestrator)
for group in (session, models, jobs):
    orchestrator.add_command(group)


@orchestrator.command()
@home_option
@click.argument("method", type=click.Choice(["GET", "POST", "PUT", "PATCH", "DELETE"], case_sensitive=False))
@click.argument("path")
@click.option("--body", type=click.Path(path_type=Path, exists=True, dir_okay=False), help="JSON file to send.")
def api(home: Path, *, method: str, path: str, body: Path | None) -> None:
    """Send one request to the API (PATH as `openapi` lists it, with or without /api/v1), for example: api GET /new-data. Prints the answer as JSON."""
    route = f"/{path.lstrip('/')}".removeprefix("/api/v1")
    answer = DaemonClient(home).call(method.upper(), route, None if body is None else read_body(body))
    show(answer, as_json=True, words="")


@orchestrator.command()
@home_option
@json_option
def link(home: Path, *, as_json: bool) -> None:
    """Print a fresh one-time link to the page."""
    made = DaemonClient(home).call("POST", "/link")
    show(made, as_json=as_json, words=str(made["link"]))


@orchestrator.command()
def openapi() -> None:
    """Print the description of the UI API."""
    from fl_core.web.application import openapi_text
    from orchestrator.api import describe

    print(openapi_text(describe()), end="")
