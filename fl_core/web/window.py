"""Opens a daemon's page: as an application window where a Chromium is there, else in the default browser.

A command line is read by every user of the computer, so the one-time link is in none: the browser gets the name of a file
that only its owner may read and that leads on. The daemon removes it when the link is used, and when it stops.
"""

import hashlib
import shutil
import time
import webbrowser
from contextlib import suppress
from html import escape
from pathlib import Path

from fl_core.supervision.child import write_private

APP_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge", "msedge")
SNAPS = Path("/snap")
"""Where it is, the browser may be a snap."""
TAKEN_WITHIN_S = 10.0
TAKEN_POLL_S = 0.1

_PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><meta name="color-scheme" content="light dark">
<meta name="referrer" content="no-referrer"><meta http-equiv="refresh" content="0;url={link}">
<title>FLoMIR</title><a href="{link}">FLoMIR</a></html>
"""


def page_file(home: Path) -> Path:
    """Return the file that leads to the page of the daemon with this home folder.

    A browser that is a snap reads of its user's own folder only what is not hidden, and nothing beside it.
    """
    home, user = home.resolve(), Path.home().resolve()
    if SNAPS.is_dir() and not _is_open(home, user):
        return user / f"flomir-{hashlib.sha256(str(home).encode()).hexdigest()[:12]}.html"
    return home / "open.html"


def open_window(link: str, home: Path) -> bool:
    """Open the one-time link of the daemon with this home folder; False when no browser was found."""
    page = page_file(home)
    try:
        _let_be_taken(page)
        write_private(page, _PAGE.format(link=escape(link)))
    except OSError:
        return False
    if _browse(page.as_uri()):
        return True
    remove_page(page)
    return False


def remove_page(page: Path, token: str = "") -> None:
    """Remove the file; with a token only if that is the one in it."""
    with suppress(OSError):
        if token in page.read_text("utf-8"):
            page.unlink()


def _is_open(home: Path, user: Path) -> bool:
    return home.is_relative_to(user) and not any(part.startswith(".") for part in home.relative_to(user).parts)


def _let_be_taken(page: Path) -> None:
    """Wait for a browser that is only just starting, so that its link is not overwritten."""
    with suppress(FileNotFoundError):
        while 0 <= time.time() - page.stat().st_mtime < TAKEN_WITHIN_S:
            time.sleep(TAKEN_POLL_S)


def _browse(address: str) -> bool:
    for name in APP_BROWSERS:
        found = shutil.which(name)
        if found is not None:
            return webbrowser.BackgroundBrowser([found, "--app=%s"]).open(address)
    return webbrowser.open(address)
