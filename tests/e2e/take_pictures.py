"""Take the README's pictures from real daemons with the four hospitals' data: ``python -m tests.e2e.take_pictures``.

Writes ``docs/pictures/orchestrator.png`` (a running session) and ``docs/pictures/contributor.png`` (a reconstruction
beside the usual one). Takes about two minutes.
"""

import re
import tempfile
from pathlib import Path

from playwright.sync_api import Browser

from flomir.browser import launched_browser
from flomir.demo import federation as fed
from flomir.demo.data import make_data
from flomir.demo.settings import DemoSettings
from flomir.waiting import wait_until
from tests.support.pages import person

OUT = Path(__file__).parents[2] / "docs" / "pictures"
SIZE = (1440, 1000)
CLOSED = 5
TITLE = "Cardiac SPECT, four hospitals"


def main() -> None:
    """Run a session of the demonstration with both pages open."""
    OUT.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="flomir-pictures-") as folder:
        settings = DemoSettings(
            contributors=4, studies=8, rounds=8, local_epochs=2, holdout=2, validation=1, workdir=Path(folder)
        )
        data = make_data(settings, lambda _fraction: None)
        federation = fed.launch(settings)
        try:
            for daemon in (federation.orchestrator, *federation.sites):
                daemon.wait_ready()
            site_ids = fed.enrol(federation, settings)
            for site, train in zip(federation.sites, data.train, strict=True):
                fed.add_studies(site, train)
            with launched_browser() as browser:
                _session(browser, federation, settings, site_ids)
                _results(browser, federation)
        finally:
            federation.stop()


def _session(browser: Browser, federation: fed.Federation, settings: DemoSettings, site_ids: list[str]) -> None:
    session_id = fed.offer_session(federation.orchestrator, settings, site_ids, TITLE)
    with person(browser, federation.orchestrator, size=SIZE) as manager:
        manager.go("Training")
        manager.page.get_by_role("link", name=TITLE).click()
        for site in federation.sites:
            fed.agree(site, session_id)
        running = f"Round {CLOSED + 1} of {settings.rounds}"
        manager.page.get_by_role("main").get_by_text(running).first.wait_for(timeout=300_000)
        manager.page.get_by_text("% since the round before").wait_for()
        manager.page.get_by_text(re.compile(r"^[3-7]\d %$")).first.wait_for(timeout=60_000)
        manager.page.screenshot(path=OUT / "orchestrator.png", animations="disabled")
    fed.follow(federation.orchestrator, session_id, lambda _view: None)


def _results(browser: Browser, federation: fed.Federation) -> None:
    site = federation.sites[0]
    wait_until(
        lambda: any(row["final"] and row["fetched"] for row in site.items("/models")), timeout_s=60, what="the model"
    )
    with person(browser, site, size=SIZE) as professional:
        professional.go("Reconstruct")
        professional.press("Reconstruct")
        axial = professional.page.get_by_role("slider", name="OSEM, Axial", exact=True)
        axial.wait_for(timeout=120_000)
        professional.page.evaluate("window.scrollTo(0, 0)")
        professional.page.screenshot(path=OUT / "contributor.png", animations="disabled")


if __name__ == "__main__":
    main()
