"""Runs a composed contributor: socket, sign-in, first line of output, window."""

import json
import os
import sys
import tempfile
from pathlib import Path

from contributor.app import Contributor, compose
from contributor.settings import ContributorSettings
from fl_core import logs
from fl_core.starting import bound
from fl_core.supervision.child import write_private
from fl_core.web.home_lock import lock_home
from fl_core.web.logins import Logins
from fl_core.web.serving import serve
from fl_core.web.window import open_window


def run_daemon(settings: ContributorSettings, *, running_file: Path, as_json: bool) -> None:
    """Serve until SIGTERM or SIGINT; the first line of standard output says where.

    Raises
    ------
    Conflict
        ``daemon.already_runs`` when another one has the home folder: two would write each other's permissions.
    """
    with lock_home(settings.home):
        _run(settings, running_file=running_file, as_json=as_json)


def _keep_private(home: Path) -> None:
    """Let nobody else read what this process and its children write, and keep uploads on their way off the system's folder."""
    os.umask(0o077)
    folder = home / "run"
    folder.mkdir(parents=True, exist_ok=True)
    tempfile.tempdir = str(folder)


def _run(settings: ContributorSettings, *, running_file: Path, as_json: bool) -> None:
    listener = bound(settings.port)
    _keep_private(settings.home)
    logs.setup_logging("contributor", home=settings.home, level=settings.log_level)
    port = int(listener.getsockname()[1])
    logins = Logins.of_home(settings.home)
    url = f"http://127.0.0.1:{port}"
    link = f"{url}/login?token={logins.new_link_token()}"
    write_private(running_file, json.dumps({"url": url, "pid": os.getpid()}))

    def ready() -> None:
        token_file = str(settings.home / "api.token")
        line = json.dumps({"ready": True, "url": url, "link": link, "api_token_file": token_file})
        words = f"The contributor is running. Open this link once: {link}"
        sys.stdout.write((line if as_json else words) + "\n")
        sys.stdout.flush()
        if not settings.headless:
            open_window(link, settings.home)

    def composed() -> Contributor:
        return compose(settings, port, logins=logins, on_started=ready)

    serve(listener, composed, threads=settings.threads)
