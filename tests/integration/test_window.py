"""A real browser opens the file that stands for the one-time link, and is signed in."""

import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from contributor.core import MIGRATIONS
from contributor.roles import ROLES
from fl_core.storage.database import open_database
from fl_core.storage.journal import Journal
from fl_core.web.accounts import Accounts
from fl_core.web.logins import Logins
from fl_core.web.security import Gate, GateSettings
from fl_core.web.window import open_window, page_file
from flomir.browser import launched_browser, new_context


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def signed_in(_: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
    start_response("200 OK", [("Content-Type", "text/html")])
    return [b"<title>Signed in</title>"]


@pytest.fixture
def daemon(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """Serve the gate in front of one page; return the home folder and a one-time link."""
    database = open_database(":memory:", migrations=MIGRATIONS)
    accounts = Accounts(database=database, journal=Journal(database), roles=ROLES, valid_s=60)
    logins = Logins.of_home(tmp_path)
    with make_server("127.0.0.1", 0, signed_in, handler_class=Quiet) as server:
        settings = GateSettings(port=server.server_port, max_age_s=60)
        server.set_app(Gate(signed_in, settings=settings, logins=logins, accounts=accounts, side="Test"))
        serving = threading.Thread(target=server.serve_forever, args=(0.02,))
        serving.start()
        try:
            yield tmp_path, f"http://127.0.0.1:{server.server_port}/login?token={logins.new_link_token()}"
        finally:
            server.shutdown()
            serving.join(5)
            database.close()


def test_the_file_signs_a_browser_in_and_is_gone_then(
    daemon: tuple[Path, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home, link = daemon
    opened: list[str] = []

    def note(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("webbrowser.open", note)
    open_window(link, home)
    monkeypatch.undo()
    with launched_browser() as browser, new_context(browser) as context:
        page = context.new_page()
        page.goto(opened[0])
        page.wait_for_url(link.partition("/login")[0] + "/")
        assert page.title() == "Signed in"
        assert not page_file(home).exists()
        assert page.goto(link).status == 403  # type: ignore[union-attr]  # of a navigation there is an answer
