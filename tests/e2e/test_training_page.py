"""Training and Models by hand: plan, watch, change, compare and export sessions; real daemons, real training."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from flomir.browser import launched_browser
from flomir.demo import federation as fed
from tests.support.journey import TRAIN_MS
from tests.support.pages import Person, person
from tests.support.stack import Stack, running_stack, wait_for

pytestmark = pytest.mark.browser
TITLE, AGAIN = "Hearts from half the counts", "Hearts once more"
STEPS = ("Task", "Initial model", "Sites", "Strategy", "Rounds", "Privacy", "Summary")


@dataclass
class Scene:
    """The manager at the page, a professional at one site's page, the daemons; what the tests made so far."""

    stack: Stack
    manager: Person
    professional: Person
    sha256: str = ""
    sessions: list[str] = field(default_factory=list)

    def view(self) -> Any:
        """Return the first session as the API tells it."""
        return self.stack.session(self.sessions[0])


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with (
        running_stack(tmp_path_factory.mktemp("training"), sites=2) as stack,
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


def _step(scene: Scene, name: str) -> Locator:
    """Go on until the wizard shows a step."""
    region = scene.manager.page.get_by_role("region", name=name, exact=True)
    for _ in STEPS:
        if region.count() > 0:
            return region
        scene.manager.press("Next")
    region.wait_for()
    return region


def _open_session(scene: Scene, session_id: str) -> None:
    manager = scene.manager
    manager.go("Training")
    title = str(scene.stack.session(session_id)["title"])
    manager.page.get_by_role("link", name=title, exact=True).first.click()
    manager.page.get_by_role("heading", level=1, name=title).wait_for()


def _more(scene: Scene, item: str) -> None:
    scene.manager.press("More for this session")
    scene.manager.page.get_by_role("menuitem", name=item).click()


def test_orc_2_supply_or_randomise_initial_model(scene: Scene, tmp_path: Path) -> None:
    manager, page, lab = scene.manager, scene.manager.page, scene.stack.orchestrator
    made = lab.call("POST", "/models/initialise", json_body={"name": "From elsewhere", "task": fed.TASK, "seed": 5})
    good, bad = tmp_path / "elsewhere.safetensors", tmp_path / "broken.safetensors"
    good.write_bytes(lab.client.get(f"/models/{made['id']}/weights").content)
    bad.write_bytes(b"no weights")
    page.goto(f"{lab.url}/training/new?sites={scene.stack.site_ids[1]}")
    region = _step(scene, "Initial model")
    expect(region.get_by_role("radio", name="Random weights")).to_be_checked()
    region.locator("input[type=file]").set_input_files(bad)
    manager.press("Check and use this file", region)
    expect(region.get_by_role("alert")).to_contain_text("This model file does not fit", timeout=30_000)
    manager.look("plan-model-refused", phone=True)
    refused = [one for one in manager.complaints if "422" in one]
    assert len(refused) == 2, "the refused upload, told by the response and by the console"
    manager.complaints = [one for one in manager.complaints if one not in refused]
    region.locator("input[type=file]").set_input_files(good)
    region.get_by_label("Its name").fill("Brought along")
    manager.press("Check and use this file", region)
    expect(region.get_by_role("radio", name="Brought along")).to_be_checked(timeout=30_000)
    manager.look("plan-model", dark=True, phone=True)
    brought = next(model for model in lab.items("/models") if model["name"] == "Brought along")
    scene.sha256 = str(brought["sha256"])
    assert brought["origin"] == "uploaded"


def test_orc_5_select_sites_and_start(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    sites = _step(scene, "Sites")
    expect(sites.get_by_role("checkbox", checked=True)).to_have_count(1)
    sites.get_by_role("checkbox", checked=False).check()
    rounds = _step(scene, "Rounds")
    rounds.get_by_role("textbox", name="Rounds", exact=True).fill("2")
    rounds.get_by_role("textbox", name="Quorum").fill("2")
    rounds.get_by_label("Part of the sites in a round (%)").fill("40")
    rounds.get_by_label("Start at").fill("2020-01-01T10:00")
    expect(rounds.get_by_label("Title")).to_have_value(re.compile("^SPECT reconstruction, "))
    rounds.get_by_label("Title").fill("")
    manager.look("plan-rounds", dark=True, phone=True)
    privacy = _step(scene, "Privacy")
    expect(privacy).to_contain_text("Scans, names, patient numbers, file names.")
    expect(privacy).to_contain_text("no secure aggregation")
    manager.look("plan-privacy", dark=True, phone=True)
    summary = _step(scene, "Summary")
    send = page.get_by_role("button", name="Send requests to sites")
    expect(send).to_be_disabled()
    for why in (
        "it has no title",
        "fewer sites are drawn for a round than the quorum needs",
        "planned start lies in the past",
    ):
        expect(page.get_by_text(why)).to_be_visible()
    manager.look("plan-cannot", phone=True)
    page.get_by_role("button", name="Go to Rounds").first.click()
    rounds.get_by_label("Title").fill(TITLE)
    rounds.get_by_label("Part of the sites in a round (%)").fill("100")
    rounds.get_by_label("Start at").fill("")
    _step(scene, "Summary")
    expect(summary).to_contain_text("not known")  # nobody has trained this task yet
    expect(summary).to_contain_text("all 2")
    expect(page.get_by_text("This session cannot be sent yet")).to_have_count(0)
    manager.look("plan-summary", dark=True, phone=True)
    send.click()
    page.get_by_role("heading", level=1, name=TITLE).wait_for()
    scene.sessions.append(str(scene.stack.orchestrator.items("/sessions")[0]["id"]))
    for site in scene.stack.sites:
        fed.agree(site, scene.sessions[0])
    heading = page.get_by_role("heading", level=1).locator("..")
    expect(heading).to_contain_text("Completed", timeout=TRAIN_MS)
    manager.look("training-completed", dark=True, phone=True)


def test_orc_6_initial_model_reaches_the_sites(scene: Scene) -> None:
    first = scene.view()["rounds"][0]["record"]
    assert {update["site_id"] for update in first["updates"]} == set(scene.stack.site_ids)
    for site in scene.stack.sites:
        request = fed.request_of(site, scene.sessions[0])
        offer: Any = request["offer"]
        assert offer["initial_model_sha256"] == scene.sha256
        lived: Any = site.call("GET", f"/sessions/{scene.sessions[0]}")["rounds"]
        assert lived[0]["scores"], "the site scored the model that it received"
    log = scene.manager.page.get_by_role("region", name="Log")
    expect(log).to_contain_text("Round 1 of 2 started")


def test_orc_7_updates_received(scene: Scene, tmp_path: Path) -> None:
    manager, page = scene.manager, scene.manager.page
    table = page.get_by_role("table", name="Rounds")
    updates = [update for one in scene.view()["rounds"] for update in one["record"]["updates"]]
    assert len(updates) == 4
    for update in updates:
        line = table.get_by_role("row").filter(has_text=update["sha256"][:8])
        expect(line).to_have_count(1)
        expect(line).to_contain_text(str(update["num_examples"]))
    sent = [one["sent"]["sha256"] for site in scene.stack.sites for one in _receipts(scene, site)]
    assert sorted(sent) == sorted(update["sha256"] for update in updates)
    with page.expect_download() as csv:
        _more(scene, "Metrics as CSV")
    csv.value.save_as(tmp_path / "metrics.csv")
    lines = (tmp_path / "metrics.csv").read_text().splitlines()
    assert lines[0] == "round,site_id,site,studies,metric,value"
    assert {line.split(",")[0] for line in lines[1:]} == {"1", "2"}
    with page.expect_download() as picture:
        manager.press("Picture of this chart")
    picture.value.save_as(tmp_path / "chart.png")
    assert (tmp_path / "chart.png").read_bytes().startswith(b"\x89PNG")
    with page.expect_download() as whole:
        _more(scene, "Whole session as JSON")
    whole.value.save_as(tmp_path / "session.json")
    exported = json.loads((tmp_path / "session.json").read_text())
    assert exported["session"]["id"] == scene.sessions[0]
    assert len(exported["documents"]) == 2


def _receipts(scene: Scene, site: Any) -> Any:
    def told() -> Any:
        rounds: Any = site.call("GET", f"/sessions/{scene.sessions[0]}")["rounds"]
        return rounds if len(rounds) == 2 and all(one["sent"] for one in rounds) else None

    return wait_for(told, "the receipts")


def test_orc_8_combined_model(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    page.get_by_role("link", name="Model of round 2").click()
    card = page.get_by_role("dialog", name=f"{TITLE}, round 2")
    expect(card).to_contain_text(scene.view()["rounds"][1]["record"]["sha256"])
    expect(card.get_by_role("list", name="Lineage")).to_contain_text("Brought along")
    expect(card).to_contain_text("no study left its site")
    manager.look("model-card", whole=False)
    card.get_by_role("link", name="Lineage").click()
    page.get_by_role("heading", level=1, name=f"Lineage of {TITLE}, round 2").wait_for()
    graph = page.get_by_role("group", name="Lineage as a graph")
    expect(graph.get_by_role("button")).to_have_count(3)
    expect(graph.get_by_role("button", name=re.compile("this model"))).to_have_count(1)
    manager.look("lineage", dark=True, phone=True)
    page.get_by_text("Lineage as a list").click()
    expect(page.get_by_role("list", name="Lineage as a list").get_by_role("listitem")).to_have_count(3)
    manager.look("lineage-list", phone=True)


def test_orc_9_rename_and_delete_models(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    manager.go("Models")
    page.get_by_role("button", name=f"Details of {TITLE}, round 1", exact=True).click()
    card = page.get_by_role("dialog", name=f"{TITLE}, round 1")
    card.get_by_label("Name").fill("First try")
    manager.press("Rename", card)
    card = page.get_by_role("dialog", name="First try")
    card.wait_for()
    card.get_by_role("link", name="Compare models").click()
    page.get_by_role("heading", level=1, name="Compare models").wait_for()
    page.get_by_role("combobox", name="Second model").click()
    page.get_by_role("option", name=f"{TITLE}, round 2").click()
    page.get_by_role("table", name="Side by side").wait_for(timeout=30_000)
    expect(page.get_by_role("table", name="Where the weights differ").get_by_role("row").nth(1)).to_contain_text("%")
    manager.look("models-compared", dark=True, phone=True)
    manager.go("Models")
    page.get_by_role("button", name="Details of First try").click()
    manager.press("Delete model", page.get_by_role("dialog", name="First try"))
    manager.press("Delete this model", page.get_by_role("dialog", name="Delete First try?"))
    bin_ = page.get_by_role("region", name="Deleted models")
    manager.press("Restore First try", bin_)
    expect(page.get_by_role("button", name="Details of First try")).to_be_visible()
    expect(bin_).to_have_count(0)
    manager.look("models-restored")


def test_a_completed_session_is_extended_after_a_signature_at_each_site(scene: Scene) -> None:
    manager, page, session_id = scene.manager, scene.manager.page, scene.sessions[0]
    _open_session(scene, session_id)
    _more(scene, "Extend")
    dialog = page.get_by_role("dialog", name=f"Extend “{TITLE}”")
    expect(dialog.get_by_role("button", name="Extend and ask the sites")).to_be_disabled()
    dialog.get_by_label("Rounds in all").fill("3")
    manager.look("session-extend", whole=False)
    manager.press("Extend and ask the sites", dialog)
    heading = page.get_by_role("heading", level=1).locator("..")
    expect(heading).to_contain_text("Paused")
    expect(page.get_by_text("It waits for sites to agree to the further rounds.").first).to_be_visible()
    manager.look("session-awaits-consent", dark=True, phone=True)

    professional = scene.professional
    professional.page.get_by_text(f"“{TITLE}” would like more rounds").wait_for()
    professional.look("home-further")
    professional.go("Requests")
    card = professional.page.get_by_role("region", name="You are asked for more rounds")
    expect(card).to_contain_text("3 instead of 2")
    professional.look("requests-further", dark=True, phone=True)
    professional.press("Agree and sign", card)
    expect(card).to_have_count(0)
    other = scene.stack.sites[1]
    permissions = {"take_part": True, "train_on_my_data": True, "send_model": "yes"}
    body = {"decision": "agree", "permissions": permissions}
    wait_for(lambda: other.call("GET", f"/requests/{session_id}")["further"], "the further offer")
    other.call("POST", f"/requests/{session_id}/further", json_body=body)
    expect(heading).to_contain_text("Completed", timeout=TRAIN_MS)
    expect(page.get_by_role("link", name="Model of round 3")).to_be_visible()


def test_an_earlier_session_is_run_again_with_other_sites_between_rounds(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    _more(scene, "Run again")
    page.get_by_text(f"Settings taken from “{TITLE}”").wait_for()
    _step(scene, "Sites").get_by_role("checkbox", checked=True).first.uncheck()
    rounds = _step(scene, "Rounds")
    rounds.get_by_label("Title").fill(AGAIN)
    rounds.get_by_role("textbox", name="Rounds", exact=True).fill("4")
    rounds.get_by_label("Passes over the local data in one round").fill("40")
    summary = _step(scene, "Summary")
    expect(summary).to_contain_text(re.compile("about .* a round; from 3 earlier rounds"))
    manager.look("plan-again", dark=True)
    manager.press("Send requests to sites")
    page.get_by_role("heading", level=1, name=AGAIN).wait_for()
    session_id = next(str(one["id"]) for one in scene.stack.orchestrator.items("/sessions") if one["title"] == AGAIN)
    scene.sessions.append(session_id)
    view: Any = scene.stack.session(session_id)
    [only] = [scene.stack.site_ids.index(part["site_id"]) for part in view["participations"]]
    fed.agree(scene.stack.sites[only], session_id)
    heading = page.get_by_role("heading", level=1).locator("..")
    manager.press("Pause after round")
    manager.press("Pause after this round")
    expect(heading).to_contain_text("Paused", timeout=TRAIN_MS)
    _more(scene, "Change sites")
    dialog = page.get_by_role("dialog", name=f"Change the sites of “{AGAIN}”")
    manager.look("session-sites", whole=False)
    dialog.get_by_role("checkbox", checked=False).check()
    manager.press("Change the sites", dialog)
    expect(page.get_by_role("region", name="Sites").get_by_role("listitem")).to_have_count(2)
    manager.look("session-further-site")
    fed.agree(scene.stack.sites[1 - only], session_id)
    expect(page.get_by_role("region", name="Sites")).to_contain_text("2 of 2 agreed")
    manager.press("Resume")
    manager.press("Resume training")
    expect(heading).to_contain_text("Completed", timeout=TRAIN_MS)
    last: Any = scene.stack.session(session_id)["rounds"]
    assert len(last[0]["record"]["updates"]) == 1
    assert len(last[-1]["record"]["updates"]) == 2


def test_sessions_are_compared(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    manager.go("Training")
    page.get_by_role("link", name="Compare").click()
    choice = page.get_by_role("combobox", name="Sessions to compare")
    for title in (TITLE, AGAIN):
        choice.click()
        page.get_by_role("option", name=re.compile(f"^{title}")).click()
    page.keyboard.press("Escape")
    settings = page.get_by_role("table", name="What was set differently")
    expect(settings.get_by_role("row", name=re.compile("^Rounds planned 3 4"))).to_be_visible()
    expect(page.get_by_role("figure", name="Training loss").get_by_role("row")).to_have_count(5)
    expect(page.get_by_role("table", name="Where each ended").get_by_role("row")).to_have_count(3)
    manager.look("sessions-compared", dark=True, phone=True)


def test_a_session_is_given_up_before_its_start(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    session_id = scene.stack.offer_only(rounds=1, title="Too early")
    _open_session(scene, session_id)
    fed.request_of(scene.stack.sites[0], session_id)
    manager.press("Give up")
    manager.look("session-give-up", whole=False)
    manager.press("Take the requests back")
    heading = page.get_by_role("heading", level=1).locator("..")
    expect(heading).to_contain_text("Given up")
    expect(page.get_by_role("button", name="Resume")).to_have_count(0)
    scene.professional.go("Requests")
    expect(scene.professional.page.get_by_role("region", name="Too early")).to_contain_text("Closed")
    manager.look("session-given-up", dark=True)
