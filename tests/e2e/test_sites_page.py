"""The page Sites by hand: a site is invited, approved, renamed, renewed, suspended, taken back and revoked, live on both pages."""

import re
import time
from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, expect

from flomir.demo import federation as fed
from tests.support import journey
from tests.support.journey import row
from tests.support.pages import Person
from tests.support.scene import Scene, opened_scene

pytestmark = pytest.mark.browser
FIRST, RENAMED, SECOND = "Site North", "North Hospital", "Site East"
CLOSED_WITHIN_S = 5.0


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    with opened_scene(tmp_path_factory.mktemp("sites")) as opened:
        yield opened


def _details(manager: Person, name: str) -> Locator:
    manager.page.get_by_role("button", name=f"Details of {name}").click()
    dialog = manager.page.get_by_role("dialog", name=name, exact=True)
    dialog.wait_for()
    return dialog


def _site(scene: Scene, name: str) -> dict[str, object]:
    return next(site for site in scene.orchestrator.items("/sites") if site["name"] == name)


def test_orc_3_define_trusted_contributors(scene: Scene) -> None:
    manager, professional = scene.manager, scene.professional
    invitation = journey.invite(manager, FIRST)
    fingerprint = journey.ask_to_join(professional, invitation, FIRST)
    journey.approve(manager, FIRST, fingerprint)
    journey.enrol_by_api(scene.orchestrator, scene.other, SECOND)
    expect(row(manager, "Sites", SECOND)).to_contain_text("Online")
    _rename(scene)
    _renew(scene)
    _suspend_and_take_back(scene)
    assert manager.complaints == []
    assert professional.complaints == []


def _rename(scene: Scene) -> None:
    manager = scene.manager
    before = _site(scene, FIRST)
    dialog = _details(manager, FIRST)
    dialog.get_by_label("Name of this site").fill(RENAMED)
    manager.press("Rename", dialog)
    renamed = manager.page.get_by_role("dialog", name=RENAMED, exact=True)
    renamed.wait_for()
    manager.look("sites-drawer", dark=True, phone=True, whole=False)
    manager.press("Close details", renamed)
    expect(row(manager, "Sites", RENAMED)).to_contain_text("Online")
    after = _site(scene, RENAMED)
    assert (after["id"], after["fingerprint"]) == (before["id"], before["fingerprint"])
    manager.look("sites-table", dark=True, phone=True)


def _renew(scene: Scene) -> None:
    manager = scene.manager
    before = _site(scene, RENAMED)["certificate_expires_at"]
    dialog = _details(manager, RENAMED)
    manager.press("Renew certificate now", dialog)
    expect(dialog.get_by_role("status")).to_contain_text("was asked")
    manager.press("Close details", dialog)
    manager.go("Home")
    expect(manager.page.get_by_role("list", name="Activity")).to_contain_text(
        f"The certificate of {RENAMED} was renewed.", timeout=20_000
    )
    assert str(_site(scene, RENAMED)["certificate_expires_at"]) > str(before)
    manager.go("Sites")


def _suspend_and_take_back(scene: Scene) -> None:
    manager, professional = scene.manager, scene.professional
    professional.go("Home")
    dialog = _details(manager, RENAMED)
    manager.press(f"Suspend {RENAMED}", dialog)
    question = manager.page.get_by_role("dialog", name=f"Suspend {RENAMED}?")
    manager.look("sites-suspend", whole=False)
    begun = time.monotonic()
    manager.press("Suspend this site", question)
    notice = professional.page.get_by_text("The learning manager has suspended this site for the time being.")
    expect(notice.first).to_be_visible(timeout=CLOSED_WITHIN_S * 1000)
    assert time.monotonic() - begun < CLOSED_WITHIN_S
    expect(row(manager, "Sites", RENAMED)).to_contain_text("Suspended")
    expect(row(manager, "Sites", SECOND)).to_contain_text("Online")
    manager.look("sites-suspended", whole=False)
    professional.look("home-suspended", dark=True, phone=True)
    manager.press(f"Let {RENAMED} in again", dialog)
    expect(row(manager, "Sites", RENAMED)).to_contain_text("Online", timeout=15_000)
    expect(notice).to_have_count(0, timeout=15_000)
    manager.press("Close details", dialog)
    presence = scene.orchestrator.call("GET", "/sites/presence?hours=1&parts=60")["items"]
    assert isinstance(presence, list)
    assert any(item["shares"][-1] > 0 or item["shares"][-2] > 0 for item in presence)


def test_orc_4_see_who_has_new_data(scene: Scene) -> None:
    manager, page = scene.manager, scene.manager.page
    manager.go("New data")
    table = page.get_by_role("table", name="New data")
    expect(row(manager, "New data", SECOND)).to_contain_text("Nothing new")
    journey.heart_studies(scene.folder / "north", "north", 4)
    fed.add_studies(scene.site, scene.folder / "north")
    expect(row(manager, "New data", RENAMED)).to_contain_text("+4")
    expect(row(manager, "New data", RENAMED)).to_contain_text("Enough")
    expect(page.get_by_text("Not enough for a session yet")).to_be_visible()
    journey.heart_studies(scene.folder / "east", "east", 1)
    fed.add_studies(scene.other, scene.folder / "east")
    expect(row(manager, "New data", SECOND)).to_contain_text("2 more needed")
    manager.look("new-data", dark=True, phone=True)
    choice = table.get_by_role("checkbox", name=SECOND)
    expect(choice).not_to_be_checked()
    choice.check()
    manager.go("Home")
    in_parts = re.compile(rf"{RENAMED} has \d+ new usable stud(y|ies)\.")  # a slow import is told in parts
    expect(page.get_by_role("list", name="Activity")).to_contain_text(in_parts)
    manager.look("home-unread", dark=True, phone=True)
    manager.press("Mark as read")
    expect(page.get_by_role("button", name="Mark as read")).to_have_count(0)
    page.get_by_role("link", name="See what is new").click()
    choice.check()
    manager.press("Start a session with these 2 sites")
    page.get_by_role("heading", name="New session", level=1).wait_for()
    chosen = [str(site["id"]) for site in scene.orchestrator.items("/sites")]
    assert set(page.url.partition("sites=")[2].replace("%2C", ",").split(",")) == set(chosen)
    assert manager.complaints == []


def test_orc_1_the_drawer_tells_data_contributions_and_connection(scene: Scene) -> None:
    manager, professional, page = scene.manager, scene.professional, scene.manager.page
    manager.go("Sites")
    dialog = _details(manager, RENAMED)
    dialog.get_by_role("tab", name="Data").click()
    expect(dialog).to_contain_text("told only where the site permits it")
    professional.go("Privacy")
    permission = professional.page.get_by_role("switch", name="Tell the laboratory the spread")
    permission.click()
    expect(permission).to_be_checked()
    expect(professional.page.get_by_text("The laboratory learns exactly this:")).to_be_visible()
    professional.look("privacy-sharing", dark=True, phone=True)
    expect(dialog.get_by_role("list", name="By acquisition set-up").get_by_role("listitem")).not_to_have_count(0)
    manager.look("sites-drawer-data", dark=True, phone=True, whole=False)
    dialog.get_by_role("tab", name="Contributions").click()
    expect(dialog).to_contain_text("Not asked to a session yet")
    dialog.get_by_role("tab", name="Connection").click()
    way = dialog.get_by_role("list", name="The way from this site")
    expect(way.get_by_text("Good", exact=True)).to_have_count(4, timeout=30_000)
    manager.look("sites-drawer-connection", dark=True, phone=True, whole=False)
    manager.press("Close details", dialog)
    assert page.get_by_role("dialog").count() == 0
    assert manager.complaints == []
    assert professional.complaints == []


def test_orc_3_a_revoked_site_is_out_at_once(scene: Scene) -> None:
    manager, professional = scene.manager, scene.professional
    professional.go("Home")
    manager.go("Sites")
    dialog = _details(manager, RENAMED)
    manager.press(f"Revoke {RENAMED}", dialog)
    manager.press("Revoke this site")
    expect(row(manager, "Sites", RENAMED)).to_contain_text("Revoked")
    manager.press("Close details", dialog)
    professional.page.get_by_text("This site's trust was taken back.").wait_for(timeout=30_000)
    expect(row(manager, "Sites", SECOND)).to_contain_text("Online")
    assert manager.complaints == []


def test_orc_3_a_site_that_leaves_tells_the_manager(scene: Scene) -> None:
    manager = scene.manager
    scene.other.call("DELETE", "/enrolment")
    expect(row(manager, "Sites", SECOND)).to_contain_text("Left")
    dialog = _details(manager, SECOND)
    expect(dialog.get_by_role("button", name=f"Revoke {SECOND}")).to_have_count(0)
    dialog.get_by_role("tab", name="Connection").click()
    expect(dialog).to_contain_text("The site has left by its own wish.")
    manager.look("sites-left", dark=True, phone=True, whole=False)
    manager.press("Close details", dialog)
    manager.go("Home")
    expect(manager.page.get_by_role("list", name="Activity")).to_contain_text(f"{SECOND} has left the federation.")
    manager.look("home-site-left")
    assert manager.complaints == []
