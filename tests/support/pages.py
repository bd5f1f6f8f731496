"""Opens the built pages in the system's Chromium, with nothing reaching out beyond loopback."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

from playwright.sync_api import Browser, BrowserContext, sync_playwright

CHROMIUM_FLAGS = (
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
"""The last flag keeps Chromium from asking for any address but loopback."""

DESKTOP = (1280, 900)
PHONE = (390, 844)


def chromium_path() -> str | None:
    """Return the Chromium to drive (``FLOMIR_CHROMIUM``, else the system's), or None when there is none."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return os.environ.get("FLOMIR_CHROMIUM") or next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def launch_browser() -> Iterator[Browser]:
    """Start a headless Chromium and close it in the end.

    Without a Chromium of the system, the one that Playwright installed is used.
    """
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium_path(), args=list(CHROMIUM_FLAGS))
        try:
            yield browser
        finally:
            browser.close()


def new_context(
    browser: Browser, *, size: tuple[int, int] = DESKTOP, dark: bool = False, timeout_ms: float = 15_000
) -> BrowserContext:
    """Return a fresh profile with a window of `size` (width, height) pixels in the light or dark theme."""
    context = browser.new_context(
        viewport={"width": size[0], "height": size[1]},
        color_scheme="dark" if dark else "light",
        reduced_motion="reduce",
        locale="en-GB",
    )
    context.set_default_timeout(timeout_ms)
    return context
