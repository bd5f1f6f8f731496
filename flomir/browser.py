"""A headless Chromium, driven by Playwright, that talks to loopback only (for benches, pictures and tests)."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
FLAGS = (
    "--no-sandbox",
    "--headless=new",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
    "--disable-quic",
    "--disable-gpu",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)
"""The last flag keeps Chromium from asking for any address but loopback."""

DESKTOP = (1280, 900)
PHONE = (390, 844)
Theme = Literal["light", "dark"]


class NoBrowserError(Exception):
    """No Chromium was found on this computer, or nothing that drives it; the message says what to do."""


def find_browser() -> str:
    """Return the Chromium to drive (``FLOMIR_CHROMIUM``, else the system's); raises NoBrowserError with the remedy."""
    named = os.environ.get("FLOMIR_CHROMIUM")
    found = named or next((path for name in NAMES if (path := shutil.which(name))), None)
    if found is None:
        message = "Chromium was not found. Install it (for example: apt-get install chromium) or set FLOMIR_CHROMIUM."
        raise NoBrowserError(message)
    return found


@contextmanager
def launched_browser() -> Iterator[Browser]:
    """Yield a running browser and close it afterwards; raises NoBrowserError."""
    try:
        from playwright.sync_api import sync_playwright
    except ModuleNotFoundError as error:
        message = "The package that drives the browser is missing. Install it: pip install playwright"
        raise NoBrowserError(message) from error
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_browser(), args=list(FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def new_context(
    browser: Browser, *, size: tuple[int, int] = DESKTOP, theme: Theme = "light", timeout_ms: float = 15_000
) -> BrowserContext:
    """Return a fresh profile with a window of `size` (width, height) CSS pixels."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]}, color_scheme=theme, reduced_motion="reduce", locale="en-GB"
    )
    context.set_default_timeout(timeout_ms)
    return context
