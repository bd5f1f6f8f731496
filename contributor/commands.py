"""`flomir contributor`: run the daemon, enrol it, get a new sign-in link, print the API's description."""

import json
import os
from collections.abc import Mapping
from pathlib import Path

import click
import httpx

from contributor.home_option import home_option, json_option
from contributor.intake_commands import add_intake_commands
from contributor.preflight_command import preflight, read_invitation
from fl_core.backup_commands import add_backup_commands
from fl_core.errors import FlomirError
from fl_core.install_commands import add_install_commands
from model.sentences import in_sentences

ANSWER_TIMEOUT_S = 60.0
RUNNING_FILE = Path("run") / "contributor.json"


@click.group()
def contributor() -> None:
    """Run and set up the hospital's side."""


@contributor.command()
@home_option
@click.option("--port", type=click.IntRange(0, 65_535), default=None, help="Port of the page; 0 takes a free one.")
@click.option("--headless", is_flag=True, help="Do not open a window.")
@json_option
def run(home: Path, port: int | None, *, headless: bool, as_json: bool) -> None:
    """Serve until Ctrl-C; prints the one-time link to the page."""
    from contributor.daemon import run_daemon
    from contributor.settings import ContributorSettings
    from fl_core.starting import one_line, settings_of

    home = home.resolve()
    given: dict[str, object] = {}
    if port is not None:
        given["port"] = port
    if headless:
        given["headless"] = True
    settings = settings_of(ContributorSettings, home, **given)
    try:
        run_daemon(settings, running_file=home / RUNNING_FILE, as_json=as_json)
    except FlomirError as error:
        raise one_line(error) from error


def _data_folder(home: Path) -> Path:
    from contributor.paths import SitePaths
    from contributor.settings import ContributorSettings
    from fl_core.starting import settings_of

    return SitePaths(home, settings_of(ContributorSettings, home).data_folder).data


add_backup_commands(
    contributor,
    role="contributor",
    home_option=home_option,
    bulky="scans, also those that are coming in, and all images made of them: the largest part",
    scans=_data_folder,
)


add_install_commands(
    contributor,
    role="contributor",
    comment="Take part in the training of a reconstruction network",
    home_option=home_option,
    icon=Path(__file__).parent / "web" / "icon.svg",
    new_link=lambda home: str(_call(home, "POST", "/links", None)["link"]),
)


contributor.add_command(preflight)


@contributor.command()
@click.argument("invitation", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--name", "site_name", required=True, help="Name of this site, as the learning manager will see it.")
@home_option
@json_option
def enrol(invitation: Path, site_name: str, home: Path, *, as_json: bool) -> None:
    """Accept an INVITATION file; the running contributor then waits for the learning manager's approval."""
    body = {"invitation": read_invitation(invitation), "site_name": site_name}
    view = _call(home, "POST", "/enrolment", body)
    if as_json:
        click.echo(json.dumps(view))
        return
    click.echo(f"Asked {view['orchestrator']} for admission. This site's fingerprint: {view['fingerprint']}")
    click.echo("The learning manager sees the same fingerprint and approves it there.")


@contributor.command()
@home_option
@json_option
def link(home: Path, *, as_json: bool) -> None:
    """Print a new one-time link to the running contributor's page."""
    view = _call(home, "POST", "/links", None)
    click.echo(json.dumps(view) if as_json else view["link"])


@contributor.command()
def openapi() -> None:
    """Print the OpenAPI description of the page's API."""
    from contributor.api import describe
    from fl_core.web.application import openapi_text

    click.echo(openapi_text(describe()), nl=False)


def _call(
    home: Path, method: str, path: str, body: Mapping[str, object] | None, timeout_s: float = ANSWER_TIMEOUT_S
) -> dict[str, object]:
    """Ask the running contributor of a home folder; a refusal becomes one line with its remedy."""
    home = home.resolve()
    not_running = f"No contributor is running in this home folder. Start it: flomir contributor run --home {home}"
    try:
        running = json.loads((home / RUNNING_FILE).read_text("utf-8"))
        address, headers = f"{running['url']}/api/v1{path}", {"Authorization": f"Bearer {_token(home)}"}
        os.kill(int(running["pid"]), 0)
    except (OSError, ValueError, KeyError) as error:
        raise click.ClickException(not_running) from error
    try:
        return _parsed(httpx.request(method, address, json=body, headers=headers, timeout=timeout_s, trust_env=False))
    except (httpx.ConnectError, httpx.ConnectTimeout) as error:
        raise click.ClickException(not_running) from error
    except httpx.TimeoutException as error:
        message = (
            f"The contributor did not answer within {timeout_s:.0f} s; it may still be at it. Look at its page first."
        )
        raise click.ClickException(message) from error
    except (httpx.HTTPError, ValueError) as error:
        message = "The contributor's answer broke off or cannot be read. Look whether it runs, and at its page."
        raise click.ClickException(message) from error


def _token(home: Path) -> str:
    return (home / "api.token").read_text("ascii").strip()


def _parsed(response: httpx.Response) -> dict[str, object]:
    """Return the answer's object; raises ValueError where it is none, and `click.ClickException` for a refusal."""
    answer = response.json()
    if not isinstance(answer, dict):
        raise ValueError(response.status_code)
    if response.status_code >= 400:
        raise click.ClickException(in_sentences(*(str(answer.get(part, "")) for part in ("title", "detail", "advice"))))
    return answer


add_intake_commands(contributor, call=_call, home_option=home_option, json_option=json_option)
