"""The whole main flow by hand in a browser: two built pages, three real daemons, real training; a picture of each page."""

import re
import zipfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from flomir.demo import federation as fed
from model.io.study import read_study, write_study
from tests.support import journey
from tests.support.journey import TRAIN_MS, row
from tests.support.scene import Scene, opened_scene

pytestmark = pytest.mark.browser
ROUNDS = 3
TITLE = "Heart SPECT, first try"
FIRST, SECOND = "Site North", "Site East"


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with opened_scene(tmp_path_factory.mktemp("flow")) as opened:
        yield opened


def test_main_flow_by_hand_through_both_pages(scene: Scene) -> None:
    for someone in scene.people:
        someone.page.evaluate("window.neverReloaded = true")
    _empty_pages(scene)
    _connect(scene)
    _add_data(scene)
    _send_requests(scene)
    _consent(scene)
    _watch_rounds(scene)
    _look_at_results(scene)
    _manage_models(scene)
    _second_session_is_declined(scene)
    _verify_audit(scene)
    _revoke(scene)
    for someone in scene.people:
        assert someone.page.evaluate("window.neverReloaded") is True, f"{someone.app}: the page was loaded anew"
        assert someone.complaints == [], "\n".join(someone.complaints)


def _empty_pages(scene: Scene) -> None:
    manager = scene.manager
    manager.page.get_by_role("heading", name="Home", level=1).wait_for()
    manager.look("home-empty")
    for name in ("Sites", "Training", "Models"):
        manager.go(name)
        manager.look(f"{name.lower()}-empty")


def _connect(scene: Scene) -> None:
    manager, professional = scene.people
    invitation = journey.invite(manager, FIRST)
    fingerprint = journey.ask_to_join(professional, invitation, FIRST)
    assert len(fingerprint.replace("-", "")) >= 16
    manager.go("Home")
    manager.page.get_by_text(f"{FIRST} asks to join").first.wait_for()
    manager.look("home-pending")
    manager.page.get_by_role("link", name="Compare").click()
    journey.approve(manager, FIRST, fingerprint)
    professional.page.get_by_text("Connected to Test laboratory").wait_for(timeout=30_000)
    professional.look("connect-done")
    scene.other_id = journey.enrol_by_api(scene.orchestrator, scene.other, SECOND)
    expect(row(manager, "Sites", SECOND)).to_be_visible()


def _add_data(scene: Scene) -> None:
    manager, professional = scene.people
    page = professional.page
    professional.go("Home")
    professional.look("home-connected")
    professional.go("Data")
    professional.look("data-empty", phone=True)
    journey.add_files(professional, journey.heart_studies(scene.folder / "north", "north", 6))
    broken = scene.folder / "broken.h5"
    broken.write_bytes(b"no study")
    page.get_by_label("Scan files").set_input_files([broken])
    page.get_by_text("1 file was not taken").wait_for(timeout=60_000)
    professional.look("data", dark=True, phone=True)
    page.get_by_role("table", name="Studies").get_by_role("link").last.click()
    page.get_by_role("slider", name="View").first.wait_for()
    professional.look("study", dark=True, phone=True)
    page.get_by_role("tab", name="Reference").click()
    page.get_by_role("slider", name="Reference, Axial").wait_for()
    professional.look("study-reference")
    page.get_by_role("tab", name="Attenuation").click()
    page.get_by_role("slider", name="Attenuation, Axial").wait_for()
    professional.look("study-attenuation")
    _refuse_for_training(scene)
    journey.heart_studies(scene.folder / "east", "east", 4)
    fed.add_studies(scene.other, scene.folder / "east")
    expect(row(manager, "Sites", FIRST)).to_contain_text("+6")
    expect(row(manager, "Sites", SECOND)).to_contain_text("+4")
    manager.look("sites", dark=True, phone=True)
    manager.page.get_by_role("button", name=f"Details of {FIRST}").click()
    manager.page.get_by_role("dialog", name=FIRST).wait_for()
    manager.look("sites-details", whole=False)
    manager.press("Close details")
    manager.go("Home")
    manager.page.get_by_text("10 new studies since the last training").wait_for()
    manager.look("home-new-data", dark=True)


def _refuse_for_training(scene: Scene) -> None:
    """Add a study whose radii are in cm: it may not train, its findings stand beside its images."""
    professional, page = scene.professional, scene.professional.page
    study = read_study(sorted((scene.folder / "north").glob("*.h5"))[0])
    radii = tuple(radius / 10 for radius in study.geometry.radius_mm)
    write_study(scene.folder / "in-cm.h5", replace(study, geometry=replace(study.geometry, radius_mm=radii)))
    professional.go("Data")
    page.get_by_label("Scan files").set_input_files([scene.folder / "in-cm.h5"])
    mine = page.get_by_role("table", name="Studies").get_by_role("row").filter(has_text="in-cm.h5")
    expect(mine).to_contain_text("May not train", timeout=60_000)
    professional.look("data-quality", dark=True, phone=True)
    mine.get_by_role("link").click()
    findings = page.get_by_role("list", name="Quality control")
    expect(findings).to_contain_text("The radius of the orbit runs from")
    expect(page.get_by_role("main").get_by_text("The radius of the orbit runs from")).to_have_count(1)
    findings.get_by_role("img").first.wait_for()
    professional.look("study-quality", dark=True, phone=True)
    page.get_by_role("slider", name="View").first.wait_for()


def _send_requests(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    manager.go("Training")
    page.get_by_role("link", name="New session").click()
    page.get_by_role("heading", name="New session", level=1).wait_for()
    for name in ("task", "model", "sites", "strategy"):
        page.get_by_role(
            "region", name=re.compile("model" if name == "model" else name, re.IGNORECASE)
        ).first.wait_for()
        manager.look(f"new-session-{name}", phone=name == "task")
        manager.press("Next")
    page.get_by_label("Title").fill(TITLE)
    page.get_by_role("textbox", name="Rounds", exact=True).fill(str(ROUNDS))
    page.get_by_label("Passes over the local data in one round").fill("2")
    page.get_by_label("Note to the sites").fill(
        "We want sharper images of the heart from half the counts. Thank you for helping."
    )
    manager.look("new-session-rounds")
    manager.press("Next")
    manager.look("new-session-privacy", phone=True)
    manager.press("Next")
    manager.look("new-session-summary", dark=True, phone=True)
    manager.press("Send requests to sites")
    page.get_by_role("heading", name=TITLE, level=1).wait_for(timeout=60_000)
    page.get_by_text("Waiting for the answers of 2 sites").wait_for()
    manager.look("session-waiting")


def _consent(scene: Scene) -> None:
    professional, page = scene.professional, scene.professional.page
    professional.go("Home")
    page.get_by_text(f"You are asked to join “{TITLE}”").wait_for()
    professional.look("home-request")
    page.get_by_role("link", name="Read the request").click()
    card = page.get_by_role("region", name=TITLE)
    expect(card).to_contain_text("Test laboratory asks to learn")
    expect(card).to_contain_text("on 6 of your studies")
    expect(card).to_contain_text("images, names, patient numbers")
    expect(card.get_by_label("Yes, after each round")).to_be_checked()
    professional.look("requests", dark=True, phone=True)
    card.get_by_label("Train on my 6 studies").uncheck()
    expect(card.get_by_role("button", name="Agree and sign")).to_be_disabled()
    card.get_by_label("Train on my 6 studies").check()
    professional.press("Agree and sign", card)
    card.get_by_role("region", name="Signed record").wait_for()
    professional.look("requests-agreed")
    expect(scene.manager.page.get_by_role("listitem", name=FIRST)).to_contain_text("Agreed")
    professional.go("Training")


def _watch_rounds(scene: Scene) -> None:
    """Everything on both pages moves by itself: nothing is read again, nothing is loaded anew."""
    manager, professional = scene.people
    for someone in scene.people:
        someone.reads.clear()
    _count_changes(manager.page)
    _count_changes(professional.page)
    fed.agree(scene.other, str(scene.orchestrator.items("/sessions")[0]["id"]))
    expect(manager.page.get_by_role("heading", level=1).locator("..")).to_contain_text("Running", timeout=TRAIN_MS)
    manager.page.get_by_role("table", name="Rounds").wait_for(timeout=TRAIN_MS)
    for number in range(1, ROUNDS):
        done = manager.page.get_by_role("table", name="Rounds").get_by_role(
            "row", name=re.compile(f"^{number} 2 of 2 updates")
        )
        expect(done).not_to_contain_text("Running", timeout=TRAIN_MS)
        done.wait_for(timeout=TRAIN_MS)
    manager.look("session-running", dark=True)
    professional.look("training-running", dark=True, phone=True)
    heading = manager.page.get_by_role("heading", level=1).locator("..")
    expect(heading).to_contain_text("Completed", timeout=TRAIN_MS)
    expect(professional.page.get_by_role("region", name=TITLE)).to_contain_text("Completed", timeout=TRAIN_MS)
    for someone in scene.people:
        assert someone.page.evaluate("window.changes") > 2 * ROUNDS, f"{someone.app}: the page stood still"
        assert [read for read in someone.reads if read.startswith("/sessions")] == []
    manager.look("session", dark=True, phone=True)
    professional.look("training")


def _count_changes(page: Page) -> None:
    page.evaluate(
        """() => { window.changes = 0;
        new MutationObserver(() => { window.changes += 1; })
          .observe(document.getElementById("main"), { subtree: true, childList: true, characterData: true, attributes: true }); }"""
    )


def _look_at_results(scene: Scene) -> None:
    professional, page = scene.professional, scene.professional.page
    receipts = row(professional, "Receipts", "Update sent")
    expect(receipts).to_have_count(ROUNDS)
    professional.go("Results")
    final = page.get_by_role("listitem", name=re.compile(f"round {ROUNDS}"))
    expect(final).to_contain_text("Final")
    professional.look("results-models", phone=True)
    professional.press("Compare")
    page.get_by_role("region", name="What my participation brought").wait_for(timeout=TRAIN_MS)
    expect(page.get_by_text("Too few patients to say: only 1 held out.")).to_be_visible()
    expect(page.get_by_text("1, 2, 3", exact=True)).to_be_visible()
    case = page.get_by_role("table", name="Case by case").get_by_role("row").nth(1)
    expect(case.get_by_role("cell")).to_have_count(4)
    page.get_by_role("slider", name="My data only, Axial").wait_for()
    professional.look("results", dark=True, phone=True)
    with page.expect_download() as download:
        page.get_by_role("link", name=re.compile(f"Save .*round {ROUNDS} with its card")).click()
    with zipfile.ZipFile(download.value.path()) as package:
        assert sorted(Path(name).suffix for name in package.namelist()) == [".json", ".safetensors"]
    professional.go("Reconstruct")
    professional.press("Reconstruct")
    page.get_by_role("slider", name="OSEM, Axial", exact=True).wait_for(timeout=TRAIN_MS)
    page.get_by_role("table", name="Against the reference").wait_for()
    professional.look("reconstruct-received")
    professional.go("Home")
    professional.look("home", dark=True, phone=True)
    professional.go("Settings")
    professional.look("settings", dark=True)


def _manage_models(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    manager.go("Home")
    expect(page.get_by_text("new studies since the last training")).to_have_count(0)
    manager.look("home", dark=True, phone=True)
    manager.go("Sites")
    expect(row(manager, "Sites", FIRST)).not_to_contain_text("+6")
    manager.go("Training")
    manager.look("training", phone=True)
    manager.go("Models")
    expect(page.get_by_text("In use")).to_have_count(0)
    manager.look("models", dark=True, phone=True)
    name = f"{TITLE}, round {ROUNDS}"
    page.get_by_role("button", name=f"Details of {name}").click()
    card = page.get_by_role("dialog", name=name)
    card.get_by_label("Name").fill("Heart model 1")
    manager.look("models-details", whole=False)
    manager.press("Rename", card)
    page.get_by_role("dialog", name="Heart model 1").wait_for()
    manager.press("Close", page.get_by_role("dialog", name="Heart model 1"))
    name = f"{TITLE}, round 1"
    page.get_by_role("button", name=f"Details of {name}").click()
    manager.press("Delete model", page.get_by_role("dialog", name=name))
    question = page.get_by_role("dialog", name=f"Delete {name}?")
    manager.look("models-delete", whole=False)
    manager.press("Delete this model", question)
    expect(row(manager, "Models", "Heart model 1")).to_be_visible()
    expect(page.get_by_role("button", name=f"Details of {name}")).to_have_count(0)
    bin_ = page.get_by_role("region", name="Deleted models")
    manager.look("models-bin", dark=True, phone=True)
    manager.press(f"Restore {name}", bin_)
    expect(page.get_by_role("button", name=f"Details of {name}")).to_be_visible()
    expect(bin_).to_have_count(0)
    page.get_by_role("button", name="Details of Heart model 1").click()
    card = page.get_by_role("dialog", name="Heart model 1")
    manager.press("Recommend for its task", card)
    expect(card.get_by_role("button", name="Recommend no more")).to_be_visible()
    manager.press("Close", card)
    expect(row(manager, "Models", "Recommended")).to_contain_text("Heart model 1")
    manager.press("Create random model")
    page.get_by_role("dialog", name="Create random model").get_by_label("Name").fill("Fresh start")
    manager.look("models-random", whole=False)
    manager.press("Create model")
    expect(row(manager, "Models", "Fresh start")).to_be_visible(timeout=30_000)


def _second_session_is_declined(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    site_ids = [str(site["id"]) for site in scene.orchestrator.items("/sites")]
    body = {
        "title": "Low counts", "task": fed.TASK, "site_ids": site_ids, "rounds": 2, "quorum": 2,
        "strategy": {"name": "fedavg", "parameters": {}},
    }  # fmt: skip
    session_id = str(scene.orchestrator.call("POST", "/sessions", json_body=body)["id"])
    fed.request_of(scene.other, session_id)
    answer = {
        "decision": "decline", "reason": "Our ethics board meets next month.",
        "permissions": {"take_part": False, "train_on_my_data": False, "send_model": "no"},
    }  # fmt: skip
    scene.other.call("POST", f"/requests/{session_id}/answer", json_body=answer)
    manager.go("Training")
    page.get_by_role("link", name="Low counts").click()
    expect(page.get_by_role("listitem", name=SECOND)).to_contain_text("Declined")
    expect(page.get_by_role("listitem", name=SECOND)).to_contain_text("ethics board")
    manager.look("session-declined")
    manager.press("Give up")
    manager.look("session-abort", whole=False)
    manager.press("Take the requests back")
    expect(page.get_by_role("heading", level=1).locator("..")).to_contain_text("Given up")
    manager.look("session-aborted")


def _verify_audit(scene: Scene) -> None:
    manager, professional = scene.people
    manager.go("Audit", "Audit log")
    professional.go("Privacy")
    for someone, name in ((manager, "audit"), (professional, "privacy")):
        someone.press("Verify the chain")
        someone.page.get_by_text("The log is complete and unchanged").wait_for()
        someone.look(name, dark=True, phone=True)
    manager.go("Settings")
    manager.look("system", dark=True, phone=True)


def _revoke(scene: Scene) -> None:
    manager, professional = scene.people
    manager.go("Sites")
    manager.page.get_by_role("button", name=f"Details of {FIRST}").click()
    manager.press(f"Revoke {FIRST}")
    manager.look("sites-revoke", whole=False)
    manager.press("Revoke this site")
    expect(row(manager, "Sites", FIRST)).to_contain_text("Revoked")
    professional.go("Home")
    professional.page.get_by_text("This site's trust was taken back.").wait_for(timeout=30_000)
    professional.look("home-revoked")
    professional.page.get_by_role("link", name="Look at it").click()
    professional.page.get_by_role("heading", name="Connect this site").wait_for()
    professional.look("connect-revoked")
