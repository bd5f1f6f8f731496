"""How long it takes to join: from the invitation opened in the page to the page saying "connected", by hand of a browser.

Real daemons, a real browser; the manager approves by the API as soon as the request is there. What a person reads, types and
says on the telephone comes on top. `start_s`: starting the contributor until its page can be opened.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flomir.bench.figures import Outcome
from flomir.browser import launched_browser, new_context
from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

SITES = 3
WAIT_MS = 60_000


def bench_enrol(sites: int = SITES) -> Outcome:
    """Let some hospitals join one after the other, each from a fresh home folder; the slowest counts."""
    taken, started = [], []
    with tempfile.TemporaryDirectory(prefix="flomir-bench-") as home, launched_browser() as browser:
        folder = Path(home)
        orchestrator = DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Bench laboratory"])
        with orchestrator:
            for number in range(sites):
                begin = time.monotonic()
                with DaemonProcess("contributor", folder / f"site-{number}") as site:
                    started.append(time.monotonic() - begin)
                    taken.append(_join(browser, orchestrator, site, f"Site {number + 1}", folder))
    return Outcome(
        {"enrolment_s": max(taken), "enrolment_median_s": statistics.median(taken), "start_s": max(started)},
        {"sites": f"{sites}, one after the other", "begin": "the invitation file is chosen in the page"},
    )


def _join(browser: Browser, orchestrator: DaemonProcess, site: DaemonProcess, name: str, folder: Path) -> float:
    issued = orchestrator.call("POST", "/invitations", json_body={"site_name": name})
    file = folder / f"{name}.flomir-invitation"
    file.write_text(str(issued["file"]), encoding="utf-8")
    with new_context(browser, timeout_ms=WAIT_MS) as context:
        page: Page = context.new_page()
        page.goto(site.link)
        page.get_by_role("heading", name="Connect this site", level=1).wait_for()
        begin = time.monotonic()
        page.get_by_label("Invitation file").set_input_files(file)
        page.get_by_role("button", name="Ask to join").click()
        fingerprint = page.get_by_role("group", name="Fingerprint of this site").inner_text().strip()
        fed.approve(orchestrator, fingerprint)
        page.get_by_text("Connected to Bench laboratory").wait_for()
        return time.monotonic() - begin
