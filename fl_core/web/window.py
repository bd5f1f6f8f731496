"""Opens a daemon's page: as an application window where a Chromium is there, else in the default browser."""

import shutil
import webbrowser

APP_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "microsoft-edge", "msedge")


def open_window(link: str) -> bool:
    """Open the one-time link; False when no browser was found."""
    for name in APP_BROWSERS:
        found = shutil.which(name)
        if found is not None:
            return webbrowser.BackgroundBrowser([found, "--app=%s"]).open(link)
    return webbrowser.open(link)
