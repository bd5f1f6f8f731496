"""People come in by invitation, do what their role allows, and are out at once when their account is disabled."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect

from flomir.browser import DESKTOP, launched_browser, new_context
from flomir.daemon_process import DaemonProcess
from tests.support.axe import violations
from tests.support.journey import row
from tests.support.pages import Person, person

pytestmark = pytest.mark.browser
NAME, PASSWORD = "Vera Viewer", "a walk in the long grass"


@dataclass
class House:
    """One running orchestrator and its owner at a page."""

    daemon: DaemonProcess
    browser: Browser
    owner: Person


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("accounts")
    daemon = DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Test laboratory"])
    try:
        daemon.launch()
        daemon.wait_ready()
        with launched_browser() as browser, person(browser, daemon) as owner:
            yield House(daemon, browser, owner)
    finally:
        daemon.stop()


def test_a_viewer_joins_looks_and_is_signed_out(house: House) -> None:
    owner, page = house.owner, house.owner.page
    owner.go("Settings")
    owner.look("accounts", dark=True, phone=True)
    owner.press("Invite a person")
    dialog = page.get_by_role("dialog", name="Invite a person")
    dialog.get_by_label("Name").fill(NAME)
    dialog.get_by_role("radio", name="Viewer").check()
    owner.look("accounts-invite", whole=False)
    owner.press("Make the invitation link", dialog)
    ready = page.get_by_role("dialog", name=f"Invitation for {NAME}")
    link = ready.get_by_label("Link", exact=True).input_value()
    owner.look("accounts-link", whole=False)
    owner.press("Done", ready)
    expect(row(owner, "Accounts", NAME)).to_contain_text("Invited")

    context = new_context(house.browser, size=DESKTOP)
    viewer = Person(context.new_page(), "orchestrator", house.daemon.url)
    guest = viewer.page
    guest.goto(link)
    expect(guest.get_by_role("heading", name=f"Welcome, {NAME}")).to_be_visible()
    viewer.look("join", dark=True, phone=True)
    guest.get_by_label("New password").fill(PASSWORD)
    guest.get_by_label("The same again").fill(PASSWORD)
    viewer.press("Join")
    guest.get_by_role("heading", level=1, name="Home").wait_for()
    expect(guest.get_by_text("View only")).to_be_visible()
    viewer.go("Sites")
    invite = guest.get_by_role("button", name="Invite a site").first
    expect(invite).to_be_disabled()
    expect(invite).to_have_attribute("title", "Your role looks and changes nothing.")
    viewer.look("viewer-sites")
    viewer.go("Settings")
    expect(guest.get_by_role("region", name="Accounts")).to_have_count(0)
    viewer.look("viewer-settings", dark=True)
    assert viewer.complaints == []

    owner.go("Home")
    owner.go("Settings")
    page.get_by_role("button", name=f"Actions for {NAME}").click()
    page.get_by_role("menuitem", name="Disable").click()
    expect(row(owner, "Accounts", NAME)).to_contain_text("Disabled")
    expect(guest.get_by_role("heading", name="Sign in")).to_be_visible(timeout=20_000)
    guest.goto(f"{house.daemon.url}/sites")
    expect(guest.get_by_role("heading", name="Sign in")).to_be_visible()
    assert violations(guest) == []
    guest.get_by_label("Name").fill(NAME)
    guest.get_by_label("Password").fill(PASSWORD)
    viewer.press("Sign in")
    expect(guest.get_by_role("alert")).to_contain_text("Name or password is wrong")
    viewer.look("sign-in-wrong")
    context.close()
    assert owner.complaints == []


def test_a_person_reads_the_page_in_german_and_it_stays_so(house: House) -> None:
    owner, page = house.owner, house.owner.page
    page.get_by_role("button", name="DE: auf Deutsch anzeigen").click()
    expect(page.get_by_role("heading", level=1, name="Einstellungen")).to_be_visible()
    owner.look("settings-german", dark=True, phone=True)
    page.reload()
    expect(page.get_by_role("heading", level=1, name="Einstellungen")).to_be_visible()
    for name in ("Standorte", "Training", "Modelle", "Prüfprotokoll", "Start"):
        page.get_by_role("navigation").get_by_role("link", name=name).click()
        expect(page.get_by_role("navigation").get_by_role("link", name=name)).to_have_attribute("aria-current", "page")
        owner.look(f"{name.lower()}-german", phone=True)
    page.get_by_role("button", name="EN: show in English").click()
    expect(page.get_by_role("heading", level=1, name="Home")).to_be_visible()
    assert owner.complaints == []


def test_the_owner_sets_a_password_and_signs_in_with_it(house: House) -> None:
    owner, page = house.owner, house.owner.page
    owner.go("Settings")
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    owner.press("Set a password")
    expect(page.get_by_text("The password is saved.")).to_be_visible()
    owner.look("account-password")
    page.get_by_role("button", name="O, account of Owner").click()
    owner.look("account-menu", whole=False)
    page.get_by_role("menuitem", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    owner.look("sign-in", dark=True, phone=True)
    page.get_by_label("Name").fill("owner")
    page.get_by_label("Password").fill(PASSWORD)
    owner.press("Sign in")
    page.get_by_role("heading", level=1, name="Home").wait_for()
    assert owner.complaints == []
