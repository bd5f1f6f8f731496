"""How long a round takes beyond the training itself, how fast the daemons start, how fast the page follows.

`round_overhead_s` is the median over rounds of (push to checkpoint - slowest site's own training and scoring time),
with four sites on this machine; the other `*_s` keys say where that time goes (see `flomir.bench.breakdown`). `startup_s` is the time from starting
the orchestrator to its first answer. `event_to_dom_*_ms` runs from sending a request that changes a site's name to
the new name standing in an open page: an upper bound of event to DOM, since it includes the request.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

from flomir.bench.breakdown import round_breakdown
from flomir.bench.figures import Figures
from flomir.browser import find_browser, launched_browser
from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.demo.data import make_data
from flomir.demo.settings import DemoSettings

if TYPE_CHECKING:
    from playwright.sync_api import Page

SITES = 4
ROUNDS = 8
EVENTS = 120
BREAKDOWN = ("push_s", "wait_s", "aggregate_s", "checkpoint_s")
_WATCH = """
(names) => {
  window.seen = {};
  const look = () => {
    const text = document.body.innerText;
    const now = performance.timeOrigin + performance.now();
    for (const name of names) if (!(name in window.seen) && text.includes(name)) window.seen[name] = now;
  };
  new MutationObserver(look).observe(document.body, {subtree: true, childList: true, characterData: true});
}
"""


def bench_round() -> Figures:
    """Run one small session with four real sites and watch a real page; raises NoBrowserError before the session."""
    find_browser()
    with tempfile.TemporaryDirectory(prefix="flomir-bench-") as folder:
        settings = DemoSettings(
            contributors=SITES, rounds=ROUNDS, local_epochs=1, studies=3, holdout=2, validation=1, workdir=Path(folder)
        )
        data = make_data(settings, lambda _fraction: None)
        begin = time.monotonic()
        federation = fed.launch(settings)
        try:
            federation.orchestrator.wait_ready()
            startup_s = time.monotonic() - begin
            for site in federation.sites:
                site.wait_ready()
            site_ids = fed.enrol(federation, settings)
            enrolled_s = time.monotonic() - begin
            for site, train in zip(federation.sites, data.train, strict=True):
                fed.add_studies(site, train)
            session_id = fed.offer_session(federation.orchestrator, settings, site_ids, "Bench")
            for site in federation.sites:
                fed.agree(site, session_id)
            session = fed.follow(federation.orchestrator, session_id, lambda _view: None)
            sites = {site_id: site.home for site_id, site in zip(site_ids, federation.sites, strict=True)}
            parts = round_breakdown(federation.orchestrator.home / "sessions" / session_id, sites)
            latencies = event_to_dom_ms(federation.orchestrator, site_ids[0])
        finally:
            federation.stop()
    return {
        "startup_s": startup_s,
        "all_sites_connected_s": enrolled_s,
        **round_figures(session),
        **parts,
        "event_to_dom_p50_ms": statistics.median(latencies),
        "event_to_dom_p99_ms": statistics.quantiles(latencies, n=100, method="inclusive")[98],
    }


def round_figures(session: dict[str, object]) -> dict[str, float]:
    """Return the medians over a session's closed rounds."""
    rows = session["rounds"]
    records = [row["record"] for row in rows if row["record"]] if isinstance(rows, list) else []
    own = [max(update["train_s"] + update["score_s"] for update in record["updates"]) for record in records]
    return {
        "rounds": len(records),
        "round_overhead_s": statistics.median(record["overhead_s"] for record in records),
        "slowest_site_s": statistics.median(own),
        **{key: statistics.median(record[key] for record in records) for key in BREAKDOWN},
    }


def event_to_dom_ms(orchestrator: DaemonProcess, site_id: str) -> list[float]:
    """Rename a site again and again and see when an open page shows each name."""
    names = [f"Latency probe {number:03d}." for number in range(EVENTS)]
    sent: dict[str, float] = {}
    with launched_browser() as browser:
        page = browser.new_page()
        page.goto(orchestrator.link)
        page.goto(f"{orchestrator.url}/sites")
        page.get_by_role("heading", name="Sites").first.wait_for()
        page.evaluate(_WATCH, names)
        for name in names:
            sent[name] = time.time() * 1000
            orchestrator.call("PATCH", f"/sites/{site_id}", json_body={"name": name})
            _wait_for_name(page, name)
        seen = page.evaluate("window.seen")
    return [float(seen[name]) - sent[name] for name in names]


def _wait_for_name(page: Page, name: str) -> None:
    page.wait_for_function("name => name in window.seen", arg=name, timeout=10_000)
