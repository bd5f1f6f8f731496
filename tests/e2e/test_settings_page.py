"""The page Settings by hand: limits, notices to a real mail server and a real receiver, drain mode, the program."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect

from flomir.browser import launched_browser
from flomir.daemon_process import DaemonProcess
from tests.support.pages import Person, person
from tests.support.sinks import hook_sink, mail_sink

pytestmark = pytest.mark.browser


@dataclass
class House:
    """One orchestrator, its manager at a page, and a site that asks to join."""

    home: Path
    daemon: DaemonProcess
    site: DaemonProcess
    manager: Person


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    folder: Path = tmp_path_factory.mktemp("settings")
    daemon = DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Test laboratory"])
    site = DaemonProcess("contributor", folder / "contributor")
    try:
        for process in (daemon, site):
            process.launch()
        for process in (daemon, site):
            process.wait_ready()
        with launched_browser() as browser, person(browser, daemon) as manager:
            yield House(folder / "orchestrator", daemon, site, manager)
    finally:
        site.stop()
        daemon.stop()


def _part(manager: Person, name: str) -> None:
    manager.go("Settings")
    manager.page.get_by_role("tab", name=name).click()


def test_limits_and_times_of_keeping_are_changed(house: House) -> None:
    manager, page = house.manager, house.manager.page
    _part(manager, "Limits and keeping")
    limits = page.get_by_role("region", name="Limits")
    limits.get_by_label("Most sites in one session").fill("12")
    manager.press("Save", limits)
    expect(limits.get_by_role("status")).to_have_text("Saved.")
    kept = page.get_by_role("region", name="How long things are kept")
    kept.get_by_label("Activity (days)").fill("30")
    manager.press("Save", kept)
    expect(kept.get_by_role("status")).to_have_text("Saved.")
    manager.look("settings-house", dark=True, phone=True)
    assert house.daemon.call("GET", "/settings/limits")["most_sites"] == 12
    assert house.daemon.call("GET", "/settings/retention")["activity_days"] == 30
    assert manager.complaints == []


def test_a_request_to_join_reaches_people_by_mail_and_a_program_by_webhook(house: House) -> None:
    manager, page = house.manager, house.manager.page
    with mail_sink() as mails, hook_sink(answers=[500]) as hooks:
        _part(manager, "Notices")
        mail = page.get_by_role("region", name="E-mail")
        mail.get_by_label("Mail server").fill("127.0.0.1")
        mail.get_by_label("Port").fill(str(mails.port))
        mail.get_by_role("combobox", name="Encryption").click()
        page.get_by_role("option", name="None (only inside this computer)").click()
        mail.get_by_label("Recipients").fill("manager@lab.example.org")
        mail.get_by_label("Recipients").press("Enter")
        mail.get_by_role("switch", name="Send e-mails").check()
        manager.press("Save", mail)
        expect(mail.get_by_role("status").first).to_have_text("Saved.")
        manager.press("Send a test", mail)
        expect(mail).to_contain_text("Sent: taken by 127.0.0.1.")
        hook = page.get_by_role("region", name="Webhook")
        hook.get_by_label("Address").fill(hooks.url)
        hook.get_by_label("Secret").fill("a secret of ours")
        hook.get_by_role("switch", name="Send to the webhook").check()
        manager.press("Save", hook)
        expect(hook.get_by_role("status").first).to_have_text("Saved.")
        expect(hook).to_contain_text("One is kept; type to replace it.")
        invitation = house.daemon.call("POST", "/invitations", json_body={"site_name": "North Hospital"})["text"]
        house.site.call("POST", "/enrolment", json_body={"invitation": invitation, "site_name": "North Hospital"})
        mails.wait(2)
        hooks.wait(1)
        assert mails.recipients == ["manager@lab.example.org"] * 2
        assert "North Hospital asks to join" in mails.mails[1].get_content()
        assert hooks.contents()[0]["event"] == "enrolment.requested"
        assert "X-Flomir-Signature" in hooks.posts[0][0]
        latest = page.get_by_role("list", name="Latest notices")
        expect(latest).to_contain_text("Sent", timeout=30_000)
        expect(latest).to_contain_text("HTTP 500", timeout=30_000)
        manager.look("settings-notices", dark=True, phone=True)
    assert "a secret of ours" not in json.dumps(house.daemon.call("GET", "/settings/notices"))
    assert manager.complaints == []


def test_drain_mode_is_switched_on_told_on_every_page_and_switched_off(house: House) -> None:
    manager, page = house.manager, house.manager.page
    _part(manager, "Limits and keeping")
    manager.press("Switch drain mode on")
    question = page.get_by_role("dialog", name="Switch drain mode on?")
    manager.look("settings-drain-ask", whole=False)
    manager.press("Switch drain mode on", question)
    card = page.get_by_role("region", name="Drain mode")
    expect(card).to_contain_text("Nothing runs. The program can be stopped and upgraded now.")
    manager.go("Home")
    expect(page.get_by_text("Drain mode is on: nothing new starts.").first).to_be_visible()
    manager.look("home-drain", phone=True)
    assert _cli(house, "status") == "Drain mode is on; nothing runs. The program can be stopped and upgraded."
    assert _cli(house, "off") == "Drain mode is off."
    expect(page.get_by_text("Sessions finish their round and go on when it is switched off")).to_have_count(0)
    assert manager.complaints == []


def test_the_program_says_what_it_is_and_what_holds_next_time(house: House) -> None:
    manager, page = house.manager, house.manager.page
    _part(manager, "Program")
    page.get_by_role("table", name="Made with").wait_for()
    page.get_by_label("Public address (host name)").fill("lab.example.org")
    expect(page.get_by_text("Sites know this laboratory as 127.0.0.1:")).to_be_visible()
    manager.press("Save", page.get_by_role("region", name="From the next start on"))
    expect(page.get_by_text("Saved; it holds from the next start on.")).to_be_visible()
    manager.look("settings-program", dark=True, phone=True)
    assert 'public_host = "lab.example.org"' in (house.home / "settings.toml").read_text()
    assert manager.complaints == []


def test_the_audit_log_is_looked_through_and_handed_over(house: House) -> None:
    manager, page = house.manager, house.manager.page
    manager.go("Audit", "Audit log")
    table = page.get_by_role("table", name="Audit log")
    search = page.get_by_role("search", name="Look through the audit log")
    search.get_by_role("combobox", name="What").click()
    page.get_by_role("option", name="Settings").click()
    expect(table).to_contain_text("Settings daemon")
    expect(table).not_to_contain_text("Enrolment requested")
    search.get_by_label("Text").fill("most_sites")
    expect(table.get_by_role("row")).to_have_count(2)
    manager.look("audit-filtered", dark=True, phone=True)
    with page.expect_download() as handed:
        page.get_by_role("link", name="Export CSV").click()
    lines = Path(handed.value.path()).read_text().splitlines()
    assert handed.value.suggested_filename == "flomir-audit.csv"
    assert len(lines) == 2
    assert "settings.limits" in lines[1]
    search.get_by_label("Text").fill("nothing like this")
    expect(page.get_by_text("No row is like this")).to_be_visible()
    page.get_by_role("button", name="Show everything").last.click()
    expect(table).to_contain_text("Enrolment requested")
    manager.press("Verify the chain")
    page.get_by_text("The log is complete and unchanged").wait_for()
    assert manager.complaints == []


def _cli(house: House, switch: str) -> str:
    command = [sys.executable, "-P", "-m", "flomir", "orchestrator", "drain", switch, "--home", str(house.home)]
    return subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout.strip()
