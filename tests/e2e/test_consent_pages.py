"""Requests, Training and Privacy of a site by hand: consent in every form, pauses, receipts; real daemons, real training."""

import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from contributor.information import VERSION
from flomir.browser import DESKTOP, launched_browser, new_context
from flomir.demo import federation as fed
from tests.support.journey import TRAIN_MS, row
from tests.support.pages import Person, person
from tests.support.sinks import hook_sink
from tests.support.stack import Stack, running_stack, wait_for

pytestmark = pytest.mark.browser
PASSWORD = "a walk in the long grass"
FIRST, SECOND = "Hearts from half the counts", "Hearts at night"


@dataclass
class Scene:
    """The professional at the page of the one site, the manager at hers."""

    stack: Stack
    manager: Person
    professional: Person

    def offer(self, title: str, *, rounds: int = 2, epochs: int = 1) -> str:
        """Ask the site; returns the session's id."""
        body = {
            "title": title, "task": fed.TASK, "site_ids": self.stack.site_ids, "rounds": rounds, "quorum": 1,
            "strategy": {"name": "fedavg", "parameters": {}}, "task_parameters": {"local_epochs": epochs},
        }  # fmt: skip
        session_id = str(self.stack.orchestrator.call("POST", "/sessions", json_body=body)["id"])
        fed.request_of(self.stack.sites[0], session_id)
        return session_id

    def card(self, title: str) -> Locator:
        """Return a session's or request's card on the professional's page."""
        return self.professional.page.get_by_role("region", name=title, exact=True)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with (
        running_stack(tmp_path_factory.mktemp("consent"), sites=1) as stack,
        launched_browser() as browser,
        person(browser, stack.orchestrator) as manager,
        person(browser, stack.sites[0]) as professional,
    ):
        yield Scene(stack, manager, professional)


@pytest.fixture(autouse=True)
def nothing_goes_wrong_unseen(scene: Scene) -> Iterator[None]:
    yield
    for someone in (scene.manager, scene.professional):
        assert someone.complaints == [], "\n".join(someone.complaints)


def test_con_4_a_request_is_understood_put_off_signed_and_shown_again(scene: Scene) -> None:
    professional, page = scene.professional, scene.professional.page
    scene.offer(FIRST, rounds=2, epochs=50)
    professional.go("Home")
    page.get_by_text(f"You are asked to join “{FIRST}”").wait_for()
    professional.go("Requests")
    card = scene.card(FIRST)
    expect(card).to_contain_text("What I get")
    professional.press("Ask me later", card)
    professional.look("request-later", whole=False)
    professional.press("Remind me", page.get_by_role("dialog", name="Ask me again later"))
    expect(card).to_contain_text("You are asked again on")
    professional.look("request-put-off", dark=True, phone=True)
    professional.go("Home")
    page.get_by_text("Nothing waits for you").wait_for()
    professional.go("Requests")
    professional.press("Ask me now", card)
    card.get_by_role("link", name="Information sheet").click()
    page.get_by_role("article", name="Learning from images without giving them away").wait_for()
    professional.look("information", dark=True, phone=True)
    page.get_by_text("Deutsch", exact=True).click()
    sheet = page.get_by_role("article", name="Aus Bildern lernen, ohne sie wegzugeben")
    sheet.wait_for()
    page.emulate_media(media="print")
    expect(page.get_by_role("navigation", name="Main")).to_be_hidden()
    expect(sheet).to_be_visible()
    page.emulate_media(media="screen")
    professional.go("Requests")
    card.get_by_label("Ask me again before sending").check()
    professional.press("Agree and sign", card)
    record = card.get_by_role("region", name="Signed record")
    expect(record).to_contain_text("A person at this site")
    expect(record).to_contain_text(f"Version {VERSION}")
    professional.look("request-signed", dark=True, phone=True)


def test_con_4_a_standing_rule_agrees_within_its_limits(scene: Scene) -> None:
    professional, page = scene.professional, scene.professional.page
    rules = page.get_by_role("region", name="Standing rules")
    professional.press("New rule", rules)
    dialog = page.get_by_role("dialog", name="New standing rule")
    expect(dialog.get_by_label("Rounds in seven days")).to_have_value("20")
    professional.look("rule-new", whole=False)
    dialog.get_by_label("Only at some hours").uncheck()
    professional.press("Make this rule", dialog)
    mine = rules.get_by_role("listitem", name="Night training")
    expect(mine).to_contain_text("at most 20 rounds a week")
    session_id = scene.offer(SECOND, rounds=1)
    expect(scene.card(SECOND).get_by_role("region", name="Signed record")).to_contain_text(
        "Standing rule “Night training”, version 1"
    )

    def told() -> Any:
        view: Any = scene.stack.session(session_id)
        return view["participations"][0]["consent"]

    assert wait_for(told, "the consent at the laboratory")["rule"]["rounds_a_week"] == 20
    professional.press("Change", mine)
    dialog = page.get_by_role("dialog", name="Change the standing rule")
    dialog.get_by_label("Rounds in seven days").fill("3")
    professional.press("Save as a new version", dialog)
    expect(mine).to_contain_text("version 2")
    professional.press("Pause rule", mine)
    expect(mine).to_contain_text("Paused")
    professional.look("rules", dark=True, phone=True)
    professional.press("Delete rule", mine)
    professional.look("rule-delete", whole=False)
    professional.press("Delete rule", page.get_by_role("dialog", name="Delete “Night training”?"))
    expect(rules.get_by_text("No standing rule")).to_be_visible()


def test_con_6_a_running_training_is_watched_paused_resumed_and_withdrawn(scene: Scene) -> None:
    professional, page = scene.professional, scene.professional.page
    manager = scene.manager
    professional.go("Training")
    card = scene.card(FIRST)
    held = card.get_by_role("group", name="Held update of round 1")
    held.wait_for(timeout=TRAIN_MS)
    professional.look("training-held", phone=True)
    professional.press("Pause", card)
    expect(card).to_contain_text("Nothing begins and nothing is finished")
    expect(card.get_by_role("button", name="Resume", exact=True)).to_be_enabled()
    with page.expect_response(lambda answer: answer.url.endswith("/rounds/1/release")):
        professional.press("Send this update", held)
    expect(card).to_contain_text("Paused by this site")
    expect(card).to_contain_text("paused by this site", timeout=TRAIN_MS)
    professional.look("training-paused", dark=True, phone=True)
    manager.go("Training")
    manager.page.get_by_role("link", name=FIRST, exact=True).first.click()
    expect(manager.page.get_by_role("region", name="Sites")).to_contain_text("it has paused this training")
    manager.look("session-site-paused", dark=True, phone=True)
    professional.press("Resume", card)
    expect(row(professional, "Receipts", "Update sent").first).to_be_visible(timeout=TRAIN_MS)
    caps = page.get_by_role("region", name="What training may take")
    caps.get_by_label("Cap the memory of the training").check()
    professional.press("Save", caps)
    expect(caps.get_by_role("status")).to_contain_text("Saved.")
    professional.look("training-caps", phone=True)
    # only a round that began is shown as withdrawn
    expect(card.get_by_role("button", name="Receipt of round 2", exact=True)).to_be_visible(timeout=TRAIN_MS)
    professional.press("Withdraw", card)
    professional.press("Withdraw my consent", page.get_by_role("dialog", name=f"Withdraw from “{FIRST}”?"))
    expect(card).to_contain_text("You withdrew")
    expect(card).to_contain_text("Withdrawn", timeout=TRAIN_MS)


def test_con_7_receipts_and_the_audit_log_are_searched_exported_and_verified(scene: Scene, tmp_path: Path) -> None:
    professional, page = scene.professional, scene.professional.page
    professional.go("Privacy")
    card = scene.card(FIRST)
    professional.press("Receipt of round 1", card)
    receipt = page.get_by_role("dialog", name=f"Receipt of round 1, “{FIRST}”")
    expect(receipt).to_contain_text("Test laboratory (")
    expect(receipt.get_by_role("table", name="Tensors that left").get_by_role("row")).not_to_have_count(1)
    expect(receipt).to_contain_text("Images, projections and attenuation maps")
    professional.look("receipt", whole=False)
    professional.press("Close", receipt)
    log = page.get_by_role("region", name="Audit log")
    log.get_by_label("Text").fill("rule-")
    expect(log.get_by_role("table", name="Audit log")).to_contain_text("Rule created")
    expect(log.get_by_role("table", name="Audit log")).not_to_contain_text("Enrolment")
    professional.press("Verify the chain", log)
    page.get_by_text("The log is complete and unchanged").wait_for()
    professional.look("privacy-audit", dark=True, phone=True)
    professional.press("Show everything", log)
    files = {}
    for kind in ("PDF", "JSON"):
        with page.expect_download() as download:
            log.get_by_role("link", name=f"Export {kind}").click()
        files[kind] = tmp_path / f"audit.{kind.lower()}"
        download.value.save_as(files[kind])
    assert files["PDF"].read_bytes().startswith(b"%PDF-")
    command = [sys.executable, "-P", "-m", "flomir", "audit", "verify", "--json", "--file", str(files["JSON"])]
    told = json.loads(subprocess.run(command, capture_output=True, text=True, check=True, timeout=60).stdout)
    assert told["whole"]
    assert told["rows"] > 10
    professional.go("Home")
    page.get_by_role("button", name="Mark as read").click()
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(0)
    professional.look("home-read", phone=True)


def test_con_1_settings_tell_a_program_of_a_new_request(scene: Scene) -> None:
    professional, page = scene.professional, scene.professional.page
    with hook_sink() as sink:
        _settings(professional, "Notices")
        hook = page.get_by_role("region", name="Webhook")
        hook.get_by_label("Address").fill(sink.url)
        expect(hook.get_by_role("button", name="Send a test")).to_be_disabled()  # nothing is saved yet
        hook.get_by_label("Secret").fill("a secret of ours")
        hook.get_by_role("switch", name="Send to the webhook").check()
        professional.press("Save", hook)
        expect(hook.get_by_role("status").first).to_have_text("Saved.")
        professional.press("Send a test", hook)
        expect(hook).to_contain_text("Sent: HTTP 204.")
        scene.offer("Told by notice")
        sink.wait(2)
        test, told = sink.contents()
        assert (test["kind"], told["event"]) == ("test", "request.received")
        assert told["site"] == test["site"] != "FLoMIR"
        assert "Told by notice" in str(told["text"])
        assert all("X-Flomir-Signature" in headers for headers, _ in sink.posts)
        expect(page.get_by_role("list", name="Latest notices")).to_contain_text("Sent", timeout=30_000)
        professional.look("settings-notices", dark=True, phone=True)
        hook.get_by_role("switch", name="Send to the webhook").uncheck()
        professional.press("Save", hook)
        expect(hook.get_by_role("status").first).to_have_text("Saved.")
    assert "a secret of ours" not in json.dumps(scene.stack.sites[0].call("GET", "/settings/notices"))


def test_con_1_settings_hold_the_place_of_the_data_and_the_next_start(scene: Scene) -> None:
    professional, page = scene.professional, scene.professional.page
    _settings(professional, "This computer")
    place = page.get_by_role("region", name="Where the data are")
    professional.press("Change", place)
    limit = page.get_by_role("dialog", name="Where the data are")
    limit.get_by_label("Limit").fill("5")
    professional.press("Save", limit)
    expect(place).to_contain_text("of 5.0 GB")
    professional.look("settings-computer", dark=True, phone=True)
    page.get_by_role("tab", name="Program").click()
    start = page.get_by_role("region", name="From the next start on")
    expect(start.get_by_label("Open the window at the start")).to_be_disabled()  # given on the command line
    start.get_by_label("Days a browser stays signed in").fill("30")
    professional.press("Save", start)
    expect(start).to_contain_text("Saved; it holds from the next start on.")
    page.get_by_role("table", name="Made with").wait_for()
    professional.look("settings-program", dark=True, phone=True)
    assert "login_days = 30" in (scene.stack.sites[0].home / "settings.toml").read_text()
    page.get_by_role("button", name="DE: auf Deutsch anzeigen").click()
    expect(page.get_by_role("region", name="Ab dem nächsten Start")).to_contain_text("Gespeichert; es gilt")
    professional.look("settings-program-german", phone=True)
    page.get_by_role("tab", name="Benachrichtigungen").click()
    page.get_by_role("region", name="Web-Hook").wait_for()
    professional.look("settings-notices-german", phone=True)
    page.get_by_role("button", name="EN: show in English").click()


def test_con_1_settings_are_read_by_a_professional_and_changed_by_an_administrator(scene: Scene) -> None:
    site, browser = scene.stack.sites[0], scene.professional.page.context.browser
    assert browser is not None
    invited = site.call("POST", "/accounts", json_body={"name": "Dr. Lang", "role": "professional"})
    context = new_context(browser, size=DESKTOP, theme="light")
    colleague = Person(context.new_page(), site.role, site.url)
    page = colleague.page
    page.goto(str(invited["link"]))
    page.get_by_label("New password").fill(PASSWORD)
    page.get_by_label("The same again").fill(PASSWORD)
    colleague.press("Join")
    page.get_by_role("heading", level=1, name="Home").wait_for()
    page.goto(f"{site.url}/settings?part=notices")
    mail = page.get_by_role("region", name="E-mail")
    expect(mail.get_by_label("Mail server")).to_be_disabled()
    expect(mail.get_by_role("button", name="Save", exact=True)).to_be_disabled()
    expect(page.get_by_role("main")).to_contain_text("Only an administrator changes this.")
    colleague.look("settings-notices-read", phone=True)
    page.get_by_role("tab", name="Program").click()
    start = page.get_by_role("region", name="From the next start on")
    expect(start.get_by_label("Port of this page")).to_be_disabled()
    expect(start).to_contain_text("Only an administrator changes this.")
    colleague.look("settings-program-read")
    page.get_by_role("tab", name="Network").click()
    expect(page.get_by_label("Address of the proxy")).to_be_disabled()
    colleague.look("settings-network-read")
    assert colleague.complaints == []
    context.close()


def _settings(professional: Person, part: str) -> None:
    professional.go("Settings")
    professional.page.get_by_role("tab", name=part).click()
