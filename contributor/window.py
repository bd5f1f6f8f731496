"""Opens the page in a window of its own where a Chromium-like browser is there, else in the usual browser."""

import shutil
import webbrowser

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "microsoft-edge")


def open_window(link: str) -> None:
    """Open the link; a computer without a browser is no failure, the link has been printed."""
    for name in BROWSERS:
        path = shutil.which(name)
        if path is not None and webbrowser.BackgroundBrowser([path, "--app=%s"]).open(link):
            return
    webbrowser.open(link)
