"""A headless Chromium of the system, driven by Playwright, that talks to loopback only (for benches and tests)."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, sync_playwright

NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox",
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


class NoBrowserError(Exception):
    """No Chromium was found on this computer."""


def find_browser() -> str:
    """Return the path of the system's Chromium; raises NoBrowserError with the remedy."""
    for name in NAMES:
        path = shutil.which(name)
        if path is not None:
            return path
    message = "Chromium was not found. Install it (for example: apt-get install chromium)."
    raise NoBrowserError(message)


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """Yield a running browser and close it afterwards."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()
