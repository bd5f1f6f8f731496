"""The pages of a hospital before and after joining: every way to open an invitation, every way it can fail, check and settings."""

import io
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import segno
from PIL import Image
from playwright.sync_api import FilePayload, expect

from contributor.paths import SitePaths
from fl_core.trust.authority import Authority
from flomir.browser import launched_browser
from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.waiting import wait_until
from tests.support.pages import Person, person

pytestmark = pytest.mark.browser
NAME = "Nordklinik"
CHECK_MS = 90_000


@dataclass
class Scene:
    """A laboratory without a page, a hospital with one."""

    folder: Path
    orchestrator: DaemonProcess
    site: DaemonProcess
    someone: Person

    def invite(self) -> dict[str, str]:
        issued = self.orchestrator.call("POST", "/invitations", json_body={"site_name": NAME})
        return {key: str(value) for key, value in issued.items()}

    def pending(self, fingerprint: str) -> dict[str, object]:
        """Wait until the laboratory sees the request with this fingerprint."""

        def found() -> dict[str, object] | None:
            rows = [row for row in self.orchestrator.items("/sites") if row["fingerprint"] == fingerprint]
            return rows[-1] if rows else None

        return wait_until(found, timeout_s=30, what="the request for trust")


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("welcome")
    orchestrator = DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Test laboratory"])
    site = DaemonProcess("contributor", folder / "site")
    with orchestrator, site, launched_browser() as browser, person(browser, site) as someone:
        yield Scene(folder, orchestrator, site, someone)


def test_con_2_connect_to_an_orchestrator(scene: Scene) -> None:
    someone, page = scene.someone, scene.someone.page
    page.get_by_role("heading", name="Connect this site", level=1).wait_for()
    someone.look("welcome", dark=True, phone=True)
    issued = scene.invite()
    _what_cannot_be_used(scene, issued)
    _open_a_photo(scene, issued["code"])
    someone.look("welcome-review", dark=True, phone=True)
    fingerprint = _ask(someone)
    someone.look("welcome-compare", dark=True, phone=True)
    scene.orchestrator.call("POST", f"/sites/{scene.pending(fingerprint)['id']}/refuse")
    page.get_by_text("The learning manager refused this site.").wait_for()
    someone.look("welcome-declined")
    someone.press("Start again with a new invitation")
    question = page.get_by_role("dialog", name="Start again with a new invitation?")
    expect(question).to_contain_text("deleted and cannot be brought back")
    someone.look("welcome-again", whole=False)
    someone.press("Start again", question)
    _a_used_one(scene, issued["text"])
    _join(scene)
    someone.look("welcome-done", phone=True)
    assert someone.complaints == [], "\n".join(someone.complaints)


@pytest.mark.slow  # every page in two languages
def test_con_1_use_the_pages_of_the_hospital(scene: Scene) -> None:
    someone, page = scene.someone, scene.someone.page
    if scene.site.call("GET", "/enrolment")["state"] != "connected":  # on its own, as a slow test
        _join(scene)
    someone.go("Settings")
    page.get_by_role("tab", name="This site").click()
    _renew(scene)
    someone.look("settings-site", dark=True, phone=True)
    _leave_needs_the_name(someone)
    page.get_by_role("tab", name="Network").click()
    _set_a_proxy(someone)
    page.get_by_role("link", name="Open the check").focus()
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Check this computer", level=1).wait_for()
    someone.look("check-empty")
    someone.press("Check now")
    page.get_by_text(re.compile("This computer is ready|Ready, with|in the way")).wait_for(timeout=CHECK_MS)
    lines = page.get_by_role("list", name="What was checked")
    for name in ("Certificate", "Admission", "Clock", "Training step", "Speed of the line", "Time of a round"):
        expect(lines.get_by_text(name, exact=True)).to_be_visible()
    expect(lines.get_by_text("The laboratory accepts this site's certificate.")).to_be_visible()
    someone.look("check", dark=True, phone=True)
    page.get_by_role("button", name="DE: auf Deutsch anzeigen").click()
    expect(page.get_by_text("Das Labor nimmt das Zertifikat dieses Standorts an.")).to_be_visible()
    someone.look("check-german", dark=True, phone=True)
    page.get_by_role("navigation").get_by_role("link", name="Einstellungen").click()
    page.get_by_role("tab", name="Netz").click()
    page.get_by_label("Adresse des Proxys").wait_for()
    someone.look("settings-network-german", dark=True, phone=True)
    page.get_by_role("button", name="EN: show in English").click()
    _leave_while_nobody_answers(scene)
    assert someone.complaints == [], "\n".join(someone.complaints)


def _leave_while_nobody_answers(scene: Scene) -> None:
    someone, page = scene.someone, scene.someone.page
    scene.orchestrator.stop()
    page.get_by_role("tab", name="This site").click()
    someone.press("Leave the federation")
    dialog = page.get_by_role("dialog", name="Leave the federation?")
    dialog.get_by_label(f"Type {NAME} to confirm").fill(NAME)
    someone.press("Leave the federation", dialog)
    page.get_by_text("Test laboratory could not be told.").wait_for(timeout=CHECK_MS)
    someone.look("settings-left", dark=True, phone=True)
    page.get_by_role("navigation").get_by_role("link", name="Home").click()
    expect(page.get_by_text("Tell the learning manager, so that")).to_be_visible()
    someone.look("welcome-left", phone=True)


def _what_cannot_be_used(scene: Scene, issued: dict[str, str]) -> None:
    """Each of them is told in words with its remedy; the invitation is not used up by it."""
    someone, page = scene.someone, scene.someone.page
    page.get_by_label("Picture of the QR code").set_input_files(_png(np.full((80, 80), 255, np.uint8)))
    expect(page.get_by_role("alert")).to_contain_text("No QR code was found in this picture.")
    someone.look("welcome-no-code")
    document = json.loads(issued["file"])
    page.get_by_label("Invitation file").set_input_files(
        _file(json.dumps({**document, "expires_at": "2020-01-01T00:00:00Z"}))
    )
    expect(page.get_by_role("alert")).to_contain_text("This invitation has expired.")
    someone.look("welcome-expired", phone=True)
    _tolerated(someone, 410)
    page.get_by_label("Invitation file").set_input_files(_file(json.dumps({**document, "address": "127.0.0.1:9"})))
    someone.press("Ask to join")
    expect(page.get_by_role("alert")).to_contain_text("The other side does not answer.")
    someone.look("welcome-no-network")
    _tolerated(someone, 503)
    someone.press("Use another invitation")
    other = Authority.create(scene.folder / "other", "Other laboratory", "127.0.0.1").ca_pem
    page.get_by_label("Invitation file").set_input_files(_file(json.dumps({**document, "ca_pem": other})))
    someone.press("Ask to join")
    expect(page.get_by_role("alert")).to_contain_text("answers in its place")
    someone.look("welcome-wrong-laboratory")
    _tolerated(someone, 502)
    someone.press("Use another invitation")


def _a_used_one(scene: Scene, text: str) -> None:
    someone, page = scene.someone, scene.someone.page
    page.get_by_label("Or paste the invitation text").fill(text)
    someone.press("Open invitation")
    someone.press("Ask to join")
    expect(page.get_by_role("alert")).to_contain_text("This invitation was used already.")
    someone.look("welcome-used")
    _tolerated(someone, 410)
    someone.press("Use another invitation")


def _open_a_photo(scene: Scene, code: str) -> None:
    """Open a code that lies on a grey desk, somewhat turned and dim, as a phone sees it."""
    matrix = np.array([list(row) for row in segno.make_qr(code, error="l").matrix], np.uint8)
    paper = Image.fromarray(np.kron(255 - 215 * np.pad(matrix, 4), np.ones((8, 8), np.uint8)).astype(np.uint8))
    desk = Image.new("L", (paper.width + 400, paper.height + 300), 120)
    desk.paste(paper, (230, 140))
    photo = np.asarray(desk.rotate(4, Image.Resampling.BICUBIC, fillcolor=120))
    scene.someone.page.get_by_label("Picture of the QR code").set_input_files(_png(photo))
    scene.someone.page.get_by_role("heading", name="Invitation from Test laboratory").wait_for()


def _ask(someone: Person) -> str:
    page = someone.page
    expect(page.get_by_label("Name of this site")).to_have_value(NAME)
    someone.press("Ask to join")
    page.get_by_text("Waiting for approval").wait_for()
    return page.get_by_role("group", name="Fingerprint of this site").inner_text().strip()


def _join(scene: Scene) -> None:
    page = scene.someone.page
    page.get_by_label("Invitation file").set_input_files(_file(scene.invite()["file"]))
    fed.approve(scene.orchestrator, _ask(scene.someone))
    page.get_by_text("Connected to Test laboratory").wait_for()


def _renew(scene: Scene) -> None:
    someone = scene.someone
    certificate = SitePaths(scene.site.home).certificate
    before = certificate.read_bytes()
    someone.press("Renew the certificate now")
    someone.page.get_by_text("A new one is on its way.").wait_for()
    # not by the date: it counts seconds, and the site may have joined in this very one
    wait_until(lambda: certificate.read_bytes() != before, timeout_s=30, what="the renewed certificate")


def _leave_needs_the_name(someone: Person) -> None:
    page = someone.page
    someone.press("Leave the federation")
    dialog = page.get_by_role("dialog", name="Leave the federation?")
    expect(dialog.get_by_role("list", name="What stays at the laboratory")).to_contain_text("part of the shared models")
    leave = dialog.get_by_role("button", name="Leave the federation")
    expect(leave).to_be_disabled()
    dialog.get_by_label(f"Type {NAME} to confirm").fill(NAME)
    expect(leave).to_be_enabled()
    someone.look("settings-leave", dark=True, phone=True, whole=False)
    someone.press("Cancel", dialog)


def _set_a_proxy(someone: Person) -> None:
    page = someone.page
    page.get_by_label("Address of the proxy").fill("proxy.hospital.example:3128")
    someone.press("Save")
    expect(page.get_by_role("alert")).to_contain_text("http://HOST:PORT")
    someone.look("settings-network", dark=True, phone=True)
    _tolerated(someone, 422)
    page.get_by_label("Address of the proxy").fill("http://127.0.0.1:9")
    someone.press("Save")
    page.get_by_text("Saved. The connection goes this way now.").wait_for()
    page.get_by_role("tab", name="This site").click()
    page.get_by_text("The proxy http://127.0.0.1:9 does not answer.").wait_for()
    someone.look("settings-proxy-away", phone=True)
    someone.go("Home")
    expect(page.get_by_text("Check its address and port on the page Settings.")).to_be_visible()
    someone.look("home-proxy-away", dark=True, phone=True)
    someone.go("Settings")
    page.get_by_role("tab", name="Network").click()
    page.get_by_label("Address of the proxy").fill("")
    someone.press("Save")
    page.get_by_text("Saved. The connection goes this way now.").wait_for()


def _tolerated(someone: Person, status: int) -> None:
    """Take out the refusal that this step is about; it must have come."""
    about = [one for one in someone.complaints if f"HTTP {status}:" in one or f"status of {status}" in one]
    assert about
    someone.complaints = [one for one in someone.complaints if one not in about]


def _file(content: str) -> FilePayload:
    return {"name": "north.flomir-invitation", "mimeType": "application/octet-stream", "buffer": content.encode()}


def _png(grey: np.ndarray[tuple[int, int], np.dtype[np.uint8]]) -> FilePayload:
    buffer = io.BytesIO()
    Image.fromarray(grey).convert("RGB").save(buffer, "PNG")
    return {"name": "code.png", "mimeType": "image/png", "buffer": buffer.getvalue()}
