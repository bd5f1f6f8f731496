"""A person at one of the pages: signs in once, goes by the navigation, looks at it, and nothing may go wrong unseen.

Everything that the browser complains about (console errors, uncaught errors, violated content policy, failed requests)
and what axe finds wherever the person looks is collected; `complaints` must stay empty. Requests to the API are counted, so that a test can see polling.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response, expect

from flomir.browser import DESKTOP, PHONE, Theme, new_context
from flomir.daemon_process import DaemonProcess
from tests.support.axe import COLOURS, violations

expect.set_options(timeout=15_000)  # as actions have it: what is expected often comes from another process
_POLICY_WATCH = """
document.addEventListener("securitypolicyviolation",
  (event) => console.error(`CSP ${event.violatedDirective}: ${event.blockedURI} ${event.sourceFile}:${event.lineNumber}:${event.columnNumber} ${event.sample}`));
"""
_SETTLE = """async () => {
  const isMoving = () => document.getAnimations().some((one) => Number.isFinite(one.effect?.getComputedTiming().endTime));
  for (let frame = 0, calm = 0; frame < 120 && calm < 3; frame += 1) {
    await new Promise(requestAnimationFrame);
    calm = isMoving() ? 0 : calm + 1;
  }
}"""
"""What is on its way (a fade, a change of colours) arrives; what turns for ever is not waited for."""
_OVERFLOW = """async () => {
  const overflow = () => document.documentElement.scrollWidth - window.innerWidth;
  for (let frame = 0; frame < 3 || (frame < 120 && overflow() > 0); frame += 1) await new Promise(requestAnimationFrame);
  return overflow();
}"""
"""Charts follow a new window size some frames later; what is still too wide after two seconds stays too wide."""


def pictures_folder() -> Path | None:
    """Return where pictures go, ``FLOMIR_SCREENSHOTS`` (`make screenshots`); None where nobody asked for any."""
    named = os.environ.get("FLOMIR_SCREENSHOTS")
    if not named:
        return None
    folder = Path(named)
    folder.mkdir(parents=True, exist_ok=True)
    return folder


@dataclass
class Person:
    """One signed-in browser window of one daemon."""

    page: Page
    app: str
    url: str
    complaints: list[str] = field(default_factory=list)
    reads: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.add_init_script(_POLICY_WATCH)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.complaints.append(f"page error: {error}"))
        self.page.on("response", self._answered)
        self.page.on("request", self._asked)

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(f"console {message.type}: {message.text}")

    def _answered(self, response: Response) -> None:
        if response.status >= 400:
            self.complaints.append(f"HTTP {response.status}: {response.request.method} {response.url}")

    def _asked(self, request: Request) -> None:
        if request.method == "GET" and "/api/v1/" in request.url:
            self.reads.append(request.url.partition("/api/v1")[2])

    def sign_in(self, daemon: DaemonProcess) -> None:
        """Open the one-time link."""
        self.page.goto(daemon.link)
        self.page.get_by_role("main").wait_for()

    def go(self, name: str, heading: str | None = None) -> None:
        """Choose an entry of the navigation and wait for its page (never loads the page anew)."""
        self.page.get_by_role("navigation", name="Main").get_by_role("link", name=name).click()
        self.page.get_by_role("heading", level=1, name=heading or name, exact=True).wait_for()

    def press(self, name: str, within: Locator | None = None) -> None:
        """Press a button."""
        (within or self.page).get_by_role("button", name=name, exact=True).click()

    def look(self, name: str, *, dark: bool = False, phone: bool = False, whole: bool = True) -> None:
        """Let axe judge the page as it is, on request also its dark colours and its width on a phone.

        Where pictures are asked for, one is taken of each; `whole` makes the window as tall as the page for it, without
        it (a dialog is open) the window stays as it is.
        """
        self.page.evaluate(_SETTLE)
        self._complain(name, violations(self.page))
        self._picture(name, DESKTOP, whole=whole)
        if dark:
            self.page.emulate_media(color_scheme="dark")
            self.page.evaluate(_SETTLE)
            self._complain(f"{name}, dark", violations(self.page, only=COLOURS))
            self._picture(f"{name}-dark", DESKTOP, whole=whole)
            self.page.emulate_media(color_scheme="light")
        if phone:
            self._resize(PHONE)
            overflow = int(self.page.evaluate(_OVERFLOW))
            if overflow > 0:
                self.complaints.append(f"{name}: {overflow} pixels wider than a phone")
            self._picture(f"{name}-phone", PHONE, whole=whole)
        self._resize(DESKTOP)

    def _complain(self, name: str, found: list[str]) -> None:
        self.complaints += [f"axe, {name}: {violation}" for violation in found]

    def _picture(self, name: str, size: tuple[int, int], *, whole: bool) -> None:
        folder = pictures_folder()
        if folder is None:
            return
        self._resize(size)
        if whole and (height := int(self.page.evaluate("document.documentElement.scrollHeight"))) > size[1]:
            self._resize((size[0], height))
            self.page.evaluate(_OVERFLOW)
        self.page.screenshot(path=folder / f"{self.app}-{name}.png", animations="disabled")

    def _resize(self, size: tuple[int, int]) -> None:
        if self.page.viewport_size != {"width": size[0], "height": size[1]}:
            self.page.set_viewport_size({"width": size[0], "height": size[1]})


@contextmanager
def person(
    browser: Browser, daemon: DaemonProcess, *, size: tuple[int, int] = DESKTOP, theme: Theme = "light"
) -> Iterator[Person]:
    """Sign a person in at a daemon's page, in a profile of their own."""
    context = new_context(browser, size=size, theme=theme)
    try:
        someone = Person(context.new_page(), daemon.role, daemon.url)
        someone.sign_in(daemon)
        yield someone
    finally:
        context.close()
