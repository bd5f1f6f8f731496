"""A dialog whose request or answer is lost, or whose daemon or browser is killed, loses nothing and does nothing twice.

The browser's own network layer drops the request before it leaves, or the answer after the daemon has given it (Chromium's
Fetch domain), and the daemon is killed at either moment. What was done is there, what was not is shown as not done, the
dialog says so and can be tried again, and in the end it happened exactly once.
"""

import os
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, CDPSession, Locator, Page, expect
from playwright.sync_api import TimeoutError as PlaywrightTimeout

from fl_core.supervision.ports import free_ports
from flomir.bench.ui_data import TASK, Amount, fill
from flomir.browser import launched_browser
from flomir.daemon_process import DaemonProcess
from tests.support.pages import Person, person

pytestmark = [pytest.mark.browser, pytest.mark.slow]
UNREACHABLE = "does not answer"
WAIT_MS = 30_000


@dataclass
class Scene:
    """A laboratory with some history, and its manager at the page."""

    home: Path
    daemon: DaemonProcess
    browser: Browser
    weights: Path
    used: set[str] = field(default_factory=set)

    def kill(self) -> None:
        """End the daemon at once, with everything that belongs to it."""
        os.killpg(self.daemon.process.pid, signal.SIGKILL)
        self.daemon.process.wait()

    def start_again(self) -> None:
        self.daemon.stop()
        self.daemon.launch()
        self.daemon.wait_ready()

    def fresh(self, path: str, **wanted: object) -> dict[str, Any]:
        """Return a row that no dialog was tried on before."""
        rows = [row for row in self.daemon.items(path) if all(row[key] == value for key, value in wanted.items())]
        chosen = next(row for row in rows if str(row["id"]) not in self.used)
        self.used.add(str(chosen["id"]))
        return chosen


@dataclass
class Asked:
    """A dialog that is filled in: what confirms it, how often it happened so far, what the page shows when it is done."""

    confirm: Callable[[], Locator]
    happened: Callable[[], int]
    done: Callable[[], Locator]
    gone: bool = False
    """Whether `done` is something that leaves the page."""


Dialog = Callable[[Scene, Person, str], Asked]


def invite(scene: Scene, manager: Person, name: str) -> Asked:
    manager.go("Sites")
    manager.press("Invite a site")
    dialog = manager.page.get_by_role("dialog", name="Invite a site")
    dialog.get_by_label("Name of the site").fill(name)
    return Asked(
        lambda: dialog.get_by_role("button", name="Create invitation"),
        lambda: sum(row["site_name"] == name for row in scene.daemon.items("/invitations")),
        lambda: dialog.get_by_label("As text"),
    )


def approve(scene: Scene, manager: Person, _name: str) -> Asked:
    site = scene.fresh("/sites", state="pending")
    manager.go("Sites")
    region = manager.page.get_by_role("region", name=f"{site['name']} asks to join")
    region.get_by_label("Both fingerprints are the same").check()
    return Asked(
        lambda: region.get_by_role("button", name=f"Approve {site['name']}"),
        lambda: _audited(scene, "site.approved", site["id"]),
        lambda: region,
        gone=True,
    )


def revoke(scene: Scene, manager: Person, _name: str) -> Asked:
    site = scene.fresh("/sites", state="trusted")
    manager.go("Sites")
    manager.page.get_by_role("button", name=f"Details of {site['name']}").click()
    manager.press(f"Revoke {site['name']}")
    question = manager.page.get_by_role("dialog", name=re.compile("^Revoke|trust", re.IGNORECASE)).last
    return Asked(
        lambda: question.get_by_role("button", name="Revoke this site"),
        lambda: _audited(scene, "site.revoked", site["id"]),
        lambda: manager.page.get_by_role("button", name="Revoke this site"),
        gone=True,
    )


def rename_model(scene: Scene, manager: Person, name: str) -> Asked:
    model = scene.fresh("/models", origin="round")
    card = _open_model(manager, str(model["name"]))
    card.get_by_label("Name").fill(name)
    return Asked(
        lambda: card.get_by_role("button", name="Rename"),
        lambda: int(scene.daemon.call("GET", f"/models/{model['id']}")["name"] == name),
        lambda: manager.page.get_by_role("dialog", name=name),
    )


def delete_model(scene: Scene, manager: Person, _name: str) -> Asked:
    model = scene.fresh("/models", origin="round")
    manager.press("Delete model", _open_model(manager, str(model["name"])))
    question = manager.page.get_by_role("dialog", name=f"Delete {model['name']}?")
    return Asked(
        lambda: question.get_by_role("button", name="Delete this model"),
        lambda: _audited(scene, "model.deleted", model["id"]),
        lambda: question,
        gone=True,
    )


def upload_model(scene: Scene, manager: Person, name: str) -> Asked:
    manager.go("Models")
    manager.press("Upload a model")
    dialog = manager.page.get_by_role("dialog", name="Upload a model")
    dialog.get_by_label("Name").fill(name)
    manager.page.locator("input[type=file]").set_input_files(scene.weights)
    return Asked(
        lambda: dialog.get_by_role("button", name="Add model"),
        lambda: sum(row["name"] == name for row in scene.daemon.items("/models")),
        lambda: dialog,
        gone=True,
    )


def send_session(scene: Scene, manager: Person, name: str) -> Asked:
    manager.go("Training")
    manager.page.get_by_role("link", name="New session").first.click()
    manager.page.get_by_role("heading", name="New session", level=1).wait_for()
    title = manager.page.get_by_label("Title")
    for _ in range(8):
        if title.is_visible():
            title.fill(name)
        if manager.page.get_by_role("button", name="Send requests to sites").is_visible():
            break
        manager.press("Next")
    return Asked(
        lambda: manager.page.get_by_role("button", name="Send requests to sites"),
        lambda: sum(row["title"] == name for row in scene.daemon.items("/sessions")),
        lambda: manager.page.get_by_role("heading", name=name, level=1),
    )


def stop_session(scene: Scene, manager: Person, _name: str) -> Asked:
    session = scene.fresh("/sessions", state="paused")
    manager.go("Training")
    manager.page.get_by_role("link", name=str(session["title"])).click()
    manager.press("Stop")
    question = manager.page.get_by_role("dialog")
    return Asked(
        lambda: question.get_by_role("button", name="Stop the session"),
        lambda: _audited(scene, "session.stop_requested", session["id"]),
        lambda: manager.page.get_by_role("heading", level=1).locator("..").get_by_text("Stopped"),
    )


def invite_person(scene: Scene, manager: Person, name: str) -> Asked:
    manager.go("Settings")
    manager.press("Invite a person")
    dialog = manager.page.get_by_role("dialog", name="Invite a person")
    dialog.get_by_label("Name").fill(name)
    return Asked(
        lambda: dialog.get_by_role("button", name="Make the invitation link"),
        lambda: sum(row["name"] == name for row in scene.daemon.items("/accounts")),
        lambda: manager.page.get_by_role("dialog", name=f"Invitation for {name}").get_by_label("Link", exact=True),
    )


DIALOGS: dict[str, Dialog] = {
    "invite a site": invite, "approve": approve, "revoke": revoke, "rename a model": rename_model, "delete a model": delete_model,
    "upload a model": upload_model, "send a session": send_session, "stop a session": stop_session, "invite a person": invite_person,
}  # fmt: skip


def _open_model(manager: Person, name: str) -> Locator:
    manager.go("Models")
    manager.page.get_by_role("button", name=f"Details of {name}", exact=True).click()
    return manager.page.get_by_role("dialog", name=name, exact=True)


def _audited(scene: Scene, action: str, subject: str) -> int:
    rows = scene.daemon.items("/audit?limit=1000")
    while len(rows) % 1000 == 0:
        further = scene.daemon.items(f"/audit?limit=1000&after={rows[-1]['seq']}")
        if not further:
            break
        rows += further
    return sum(row["action"] == action and row["subject"] == subject and row["actor"] != "manager" for row in rows)


class Cut:
    """Holds the next request of a page that changes something: drops it before it leaves, or its answer after it was given."""

    def __init__(
        self, manager: Person, *, answer: bool, act: Callable[[], None] = lambda: None, hold: bool = False
    ) -> None:
        self.held = 0
        self._act = act
        self._hold = hold
        self._session: CDPSession = manager.page.context.new_cdp_session(manager.page)
        self._session.on("Fetch.requestPaused", self._paused)
        stage = "Response" if answer else "Request"
        self._session.send("Fetch.enable", {"patterns": [{"urlPattern": "*/api/v1/*", "requestStage": stage}]})

    def _paused(self, event: dict[str, Any]) -> None:
        if event["request"]["method"] == "GET" or event["request"]["url"].endswith("/estimate"):
            self._session.send("Fetch.continueRequest", {"requestId": event["requestId"]})
            return
        self.held += 1
        self._act()
        if not self._hold:
            refusal = {"requestId": event["requestId"], "errorReason": "ConnectionReset"}
            self._session.send("Fetch.failRequest", refusal)

    def wait(self, page: Page) -> None:
        """Let the browser's events in until the request was held."""
        for _ in range(1200):
            if self.held:
                return
            page.wait_for_timeout(25)
        message = "the page sent nothing"
        raise AssertionError(message)

    def end(self) -> None:
        self._session.send("Fetch.disable")
        self._session.detach()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("dialogs")
    home = folder / "orchestrator"
    home.mkdir()
    fill(home, Amount(sites=40, sessions=8, models=48, invitations=3, sites_per_session=3, pending=8, paused=8))
    daemon = DaemonProcess("orchestrator", home, ["--port", str(free_ports(1)[0])])
    try:
        daemon.launch()
        daemon.wait_ready()
        limits = daemon.call("GET", "/settings/limits")
        daemon.call("PUT", "/settings/limits", json_body={**limits, "most_sessions": 100})
        made = daemon.call("POST", "/models/initialise", json_body={"name": "A start", "task": TASK})
        weights = folder / "weights.safetensors"
        weights.write_bytes((home / "models" / f"{made['sha256']}.safetensors").read_bytes())
        with launched_browser() as browser:
            yield Scene(home, daemon, browser, weights)
    finally:
        daemon.stop()


@pytest.fixture
def manager(scene: Scene) -> Iterator[Person]:
    scene.daemon.ready = {**scene.daemon.ready, "link": str(scene.daemon.call("POST", "/link")["link"])}
    with person(scene.browser, scene.daemon) as someone:
        yield someone


def _finished(asked: Asked) -> None:
    if asked.gone:
        expect(asked.done()).to_have_count(0, timeout=WAIT_MS)
    else:
        expect(asked.done()).to_be_visible(timeout=WAIT_MS)


def _is_finished(asked: Asked) -> bool:
    return asked.done().count() == 0 if asked.gone else asked.done().count() > 0 and asked.done().is_visible()


def _told(asked: Asked, page: Page) -> bool:
    """Wait until the page says that nobody answers (True), or shows what was done because it heard of it (False)."""
    alert = page.get_by_role("alert").filter(has_text=UNREACHABLE)
    for _ in range(WAIT_MS // 25):
        if alert.count() > 0:
            return True
        if _is_finished(asked):
            return False
        page.wait_for_timeout(25)  # lets the browser's events in
    message = "the page neither says that nobody answers nor shows what was done"
    raise AssertionError(message)


def _try_again(asked: Asked, page: Page) -> None:
    """Press again where the dialog still asks; the truth may reach the page by itself, and take the dialog away."""
    for _ in range(3):
        if _is_finished(asked):
            return
        with suppress(PlaywrightTimeout):
            asked.confirm().click(timeout=3000)
        page.wait_for_timeout(100)
    _finished(asked)


@pytest.mark.parametrize("name", DIALOGS)
def test_a_request_that_never_left_is_shown_as_not_done_and_can_be_sent_again(
    name: str, scene: Scene, manager: Person
) -> None:
    asked = DIALOGS[name](scene, manager, f"Lost request, {name}")
    cut = Cut(manager, answer=False)
    asked.confirm().click()
    expect(manager.page.get_by_role("alert").filter(has_text=UNREACHABLE)).to_be_visible()
    assert cut.held == 1
    assert asked.happened() == 0
    if name == "invite a site":
        manager.look("dialog-unreachable", whole=False)
    expect(asked.confirm()).to_be_enabled()
    cut.end()
    asked.confirm().click()
    _finished(asked)
    assert asked.happened() == 1


@pytest.mark.parametrize("name", DIALOGS)
def test_an_answer_that_was_lost_is_asked_for_again_and_nothing_happens_twice(
    name: str, scene: Scene, manager: Person
) -> None:
    asked = DIALOGS[name](scene, manager, f"Lost answer, {name}")
    cut = Cut(manager, answer=True)
    asked.confirm().click()
    cut.wait(manager.page)
    _told(asked, manager.page)
    assert asked.happened() == 1
    cut.end()
    _try_again(asked, manager.page)
    assert asked.happened() == 1


@pytest.mark.parametrize("answered", [False, True], ids=["before it answered", "after it did it"])
@pytest.mark.parametrize("name", DIALOGS)
def test_a_daemon_that_is_killed_in_a_dialog_is_back_with_exactly_what_was_done(
    name: str, answered: bool, scene: Scene, manager: Person
) -> None:
    asked = DIALOGS[name](scene, manager, f"Killed {answered}, {name}")
    cut = Cut(manager, answer=answered, act=scene.kill)
    asked.confirm().click()
    cut.wait(manager.page)
    assert _told(asked, manager.page) or answered, "what was not done is shown as done"
    cut.end()
    expect(manager.page.get_by_text(re.compile("Reconnecting")).first).to_be_visible()
    scene.start_again()
    assert asked.happened() == int(answered)
    expect(manager.page.get_by_role("status").get_by_text("Live")).to_be_visible(timeout=WAIT_MS)
    _try_again(asked, manager.page)
    assert asked.happened() == 1
    assert scene.daemon.call("GET", "/audit/verify")["ok"] is True


@pytest.mark.parametrize("name", ["invite a site", "send a session", "upload a model", "revoke"])
def test_a_browser_that_dies_in_a_dialog_finds_what_was_done_when_it_is_back(
    name: str, scene: Scene, manager: Person
) -> None:
    title = f"Lost browser, {name}"
    asked = DIALOGS[name](scene, manager, title)
    cut = Cut(manager, answer=True, hold=True)
    asked.confirm().click()
    cut.wait(manager.page)
    manager.page.context.close()
    assert asked.happened() == 1
    with person(scene.browser, _with_link(scene)) as again:
        again.go("Training" if name == "send a session" else "Models" if name == "upload a model" else "Sites")
        shown = "Revoked" if name == "revoke" else title
        expect(again.page.get_by_text(shown).first).to_be_visible()
        assert again.complaints == []


def _with_link(scene: Scene) -> DaemonProcess:
    scene.daemon.ready = {**scene.daemon.ready, "link": str(scene.daemon.call("POST", "/link")["link"])}
    return scene.daemon
