"""Steps that people take on the two pages, by role and name; each ends when the page shows that it is done."""

import re
from pathlib import Path

from playwright.sync_api import Locator, expect

from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.demo.data import SCENARIO, study_files
from synthesis.pipeline import generate
from synthesis.scenario import load_scenario
from tests.support.pages import Person

TRAIN_MS = 90_000
"""Longest wait for something that needs training (ms); it is seconds on an idle machine."""


def heart_studies(folder: Path, profile: str, count: int) -> list[Path]:
    """Synthesise studies of one hospital of the demonstration (0.6 s each); returns the files."""
    generate(load_scenario(SCENARIO), folder, count, 7, site=profile)
    return study_files(folder)


def invite(manager: Person, name: str) -> str:
    """Make an invitation on the page Sites; returns the text block that the manager copies."""
    page = manager.page
    manager.go("Sites")
    manager.press("Invite a site")
    dialog = page.get_by_role("dialog", name="Invite a site")
    dialog.get_by_label("Name of the site").fill(name)
    manager.look("sites-invite", whole=False)
    manager.press("Create invitation", dialog)
    block = dialog.get_by_label("As text")
    expect(block).to_have_value(re.compile("BEGIN FLOMIR INVITATION"))
    text = block.input_value()
    manager.look("sites-invitation-ready", whole=False)
    manager.press("Done", dialog)
    expect(page.get_by_role("list", name="Open invitations").get_by_text(name)).to_be_visible()
    return text


def ask_to_join(professional: Person, invitation: str, name: str) -> str:
    """Paste the invitation, name the site, ask; returns the fingerprint that the page shows."""
    page = professional.page
    page.get_by_role("heading", name="Connect this site", level=1).wait_for()
    professional.look("connect", dark=True, phone=True)
    page.get_by_label("Or paste the invitation text").fill("not an invitation")
    page.get_by_label("Or paste the invitation text").fill(invitation)
    professional.press("Open invitation")
    page.get_by_label("Name of this site").fill(name)
    professional.look("connect-name")
    professional.press("Ask to join")
    fingerprint = page.get_by_role("group", name="Fingerprint of this site")
    fingerprint.wait_for(timeout=30_000)
    page.get_by_text("Waiting for approval").wait_for()
    professional.look("connect-compare", phone=True)
    return fingerprint.inner_text().strip()


def approve(manager: Person, name: str, fingerprint: str) -> None:
    """Compare the fingerprints and approve; the other page goes on by itself."""
    page = manager.page
    region = page.get_by_role("region", name=f"{name} asks to join")
    shown = region.get_by_role("group", name=f"Fingerprint of {name}")
    expect(shown).to_have_text(fingerprint)
    button = region.get_by_role("button", name=f"Approve {name}")
    expect(button).to_be_disabled()
    region.get_by_label("Both fingerprints are the same").check()
    manager.look("sites-compare", dark=True, phone=True)
    button.click()
    expect(row(manager, "Sites", name).get_by_text("Online")).to_be_visible(timeout=30_000)


def enrol_by_api(orchestrator: DaemonProcess, site: DaemonProcess, name: str) -> str:
    """Connect a further site without a page; returns its id."""
    issued = orchestrator.call("POST", "/invitations", json_body={"site_name": name})
    view = site.call("POST", "/enrolment", json_body={"invitation": issued["text"], "site_name": name})
    fed.approve(orchestrator, str(view["fingerprint"]))
    return fed.connected(site)


def add_files(professional: Person, files: list[Path]) -> None:
    """Choose study files on the page Data and wait for the verdict."""
    page = professional.page
    page.get_by_label("Scan files").set_input_files(files)
    page.get_by_text(f"{len(files)} studies added").wait_for(timeout=60_000)


def row(person: Person, table: str, name: str) -> Locator:
    """Return the row of a table that holds a name."""
    return person.page.get_by_role("table", name=table).get_by_role("row").filter(has_text=name)
