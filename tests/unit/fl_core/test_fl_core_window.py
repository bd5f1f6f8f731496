"""The page's window: its one-time link is in no command line, and the file that leads there is its owner's and short-lived."""

import re
import stat
import threading
import time
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

from fl_core.web import window
from fl_core.web.logins import Logins
from fl_core.web.window import open_window, page_file


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a daemon's home folder, hidden in its user's; there are no snaps."""
    user = tmp_path / "user"
    (user / ".flomir" / "site 1").mkdir(parents=True)
    monkeypatch.setattr(Path, "home", lambda: user)
    monkeypatch.setattr(window, "SNAPS", tmp_path / "snap")
    return user / ".flomir" / "site 1"


@pytest.fixture
def started(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Put a Chromium in the path and return the command lines with which it is started."""
    program = tmp_path / "bin" / "chromium"
    program.parent.mkdir()
    program.touch(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    lines: list[list[str]] = []

    class Background:
        def __init__(self, words: list[str]) -> None:
            self._words = words

        def open(self, address: str) -> bool:
            lines.append([word.replace("%s", address) for word in self._words])
            return True

    monkeypatch.setattr("webbrowser.BackgroundBrowser", Background)
    return lines


def read(address: str) -> str:
    return Path(unquote(urlsplit(address).path)).read_text("utf-8")


def test_the_application_window_gets_a_file_that_leads_on(home: Path, started: list[list[str]]) -> None:
    link = "http://127.0.0.1:1/login?token=secret-token&x=1"
    assert open_window(link, home)
    [[_, option]] = started
    address = option.removeprefix("--app=")
    assert address == page_file(home).as_uri()
    assert "secret-token" not in option
    assert 'content="0;url=http://127.0.0.1:1/login?token=secret-token&amp;x=1"' in read(address)
    assert stat.S_IMODE(page_file(home).stat().st_mode) == 0o600
    assert page_file(home).parent == home


def test_the_default_browser_gets_the_file_too(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[str] = []

    def note(address: str) -> bool:
        opened.append(address)
        return True

    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("webbrowser.open", note)
    assert open_window("http://127.0.0.1:1/login?token=secret-token", home)
    assert opened == [page_file(home).as_uri()]


def test_the_file_goes_when_its_link_is_used_and_not_before(home: Path, started: list[list[str]]) -> None:
    logins = Logins.of_home(home)
    first, second = logins.new_link_token(), logins.new_link_token()
    open_window(f"http://127.0.0.1:1/login?token={first}", home)
    assert not logins.redeem("guess")
    assert logins.redeem(second)
    assert page_file(home).exists()
    assert logins.redeem(first)
    assert not page_file(home).exists()


def test_the_file_goes_when_the_daemon_stops_or_starts_again(home: Path, started: list[list[str]]) -> None:
    logins = Logins.of_home(home)
    open_window(f"http://127.0.0.1:1/login?token={logins.new_link_token()}", home)
    logins.forget_page()
    assert not page_file(home).exists()
    open_window(f"http://127.0.0.1:1/login?token={logins.new_link_token()}", home)
    Logins.of_home(home)
    assert not page_file(home).exists()


def test_without_a_browser_no_file_is_left(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")
    monkeypatch.setattr("webbrowser.open", lambda _address: False)
    assert not open_window("http://127.0.0.1:1/login?token=t", home)
    assert not page_file(home).exists()


def test_a_folder_that_cannot_be_written_opens_nothing(home: Path, started: list[list[str]]) -> None:
    (home / "file").write_text("")
    assert not open_window("http://127.0.0.1:1/login?token=t", home / "file")


def test_two_starts_at_once_open_two_windows(home: Path, started: list[list[str]]) -> None:
    logins = Logins.of_home(home)
    first, second = logins.new_link_token(), logins.new_link_token()
    open_window(f"http://127.0.0.1:1/login?token={first}", home)
    address = started[0][1].removeprefix("--app=")
    other = threading.Thread(target=open_window, args=(f"http://127.0.0.1:1/login?token={second}", home))
    other.start()
    time.sleep(0.3)
    assert first in read(address)  # the second waits for the first browser
    assert logins.redeem(first)
    other.join(5)
    assert second in read(address)


def test_a_file_that_no_browser_took_does_not_stop_the_next_start(
    home: Path, started: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(window, "TAKEN_WITHIN_S", 0.3)
    for token in ("one", "two"):
        assert open_window(f"http://127.0.0.1:1/login?token={token}", home)
    assert "token=two" in page_file(home).read_text()


@pytest.mark.parametrize("place", [".flomir/orchestrator", "work/.hidden/x", "../elsewhere"])
def test_a_browser_from_a_snap_finds_the_file_where_it_may_read(home: Path, place: str) -> None:
    user = Path.home()
    window.SNAPS.mkdir()
    found = page_file(user / place)
    assert found.parent == user
    assert re.fullmatch(r"flomir-[0-9a-f]{12}\.html", found.name)
    assert page_file(user / "flomir" / "lab") == user / "flomir" / "lab" / "open.html"
    assert page_file(user / ".other") != found
