"""How quickly the pages paint with years of work in the database, and how soon they show a change.

`first_paint_s`: navigation to the first useful paint (rows stand in the page, two frames passed) of the slowest of Home,
Sites and Training, each the median of several loads in a fresh browser profile: nothing cached, only the sign-in given.
`list_2000_models_paint_s`: the same of Models, here with `models` in the database. `event_to_dom_*_ms`: the daemon stamps
every change when it publishes it (`at`, just after the commit); a MutationObserver in the page notes when the changed text
stands in the document. Both read this computer's clock. The changes come twenty a second, on Sites, Models and Home.
`scroll_frame_p95_ms`: frame times while the list of models is scrolled from its beginning to its end.
"""

from __future__ import annotations

import json
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from flomir.bench.figures import Outcome
from flomir.bench.ui_data import Amount, fill
from flomir.browser import launched_browser, new_context
from flomir.daemon_process import DaemonProcess

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, WebSocket

LOADS = 3
EVENTS = 100
"""On each of the three pages."""
EVENT_EVERY_S = 0.05
PAINT_TIMEOUT_MS = 60_000
TAKING_TURNS = 8
"""So many rows are renamed in turn, so that no name is replaced before it was seen."""

PAINTED = {
    "home": ("/", ('[aria-label="Needs you now"] li', '[aria-label="Activity"] li')),
    "sites": ("/sites", ('[aria-label="Sites"] tbody tr',)),
    "training": ("/training", ('[aria-label="Training"] tbody tr',)),
    "laboratory": ("/laboratory", ('[aria-label="Data sets"] tbody tr', '[aria-label="Jobs"] tbody tr')),
    "models": ("/models", ('[aria-label="Models"] tbody tr',)),
}
"""Page -> its address and what must stand in it before it is useful."""

_WATCH_PAINT = """(() => {
  const wanted = %s;
  window.paintedAt = null;
  const look = () => {
    if (window.paintedAt !== null || !wanted.every((one) => document.querySelector(one))) return;
    watcher.disconnect();
    requestAnimationFrame(() => requestAnimationFrame(() => { window.paintedAt = performance.now(); }));
  };
  const watcher = new MutationObserver(look);
  watcher.observe(document, {subtree: true, childList: true});
})()"""
_WATCH_PROBES = r"""() => {
  window.seen = {};
  const look = (node, now) => {
    for (const [name] of (node.textContent ?? "").matchAll(/AA probe \d{4}/g)) window.seen[name] ??= now;
  };
  new MutationObserver((records) => {
    const now = performance.timeOrigin + performance.now();
    for (const record of records) {
      if (record.type === "characterData") look(record.target, now);
      for (const node of record.addedNodes) look(node, now);
    }
  }).observe(document.body, {subtree: true, childList: true, characterData: true});
}"""
_SCROLL = """async (list) => {
  const frames = [];
  let box = document.querySelector(list);
  while (box !== null && box.scrollHeight <= box.clientHeight + 1) box = box.parentElement;
  box ??= document.scrollingElement;
  let last = await new Promise(requestAnimationFrame);
  for (let step = 0; step < 2000 && box.scrollTop + box.clientHeight < box.scrollHeight - 1; step += 1) {
    box.scrollTop += Math.max(300, box.scrollHeight / 200);
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - last);
    last = now;
  }
  return frames;
}"""


@dataclass(frozen=True, slots=True)
class Plan:
    """How much there is, how often it is looked at."""

    amount: Amount = field(default_factory=Amount)
    loads: int = LOADS
    events: int = EVENTS


QUICK = Plan(Amount(sites=12, sessions=6, models=30, invitations=5, sets=3, trainings=6), loads=1, events=12)
"""Shows that the bench works; no figures to quote."""


def bench_ui(plan: Plan, tell: Callable[[str], None]) -> Outcome:
    """Fill a database, run the daemon on it, look at its pages."""
    with tempfile.TemporaryDirectory(prefix="flomir-bench-") as folder:
        home = Path(folder) / "orchestrator"
        home.mkdir()
        tell("filling the database")
        fill(home, plan.amount)
        daemon = DaemonProcess("orchestrator", home)
        with daemon, launched_browser() as browser:
            with new_context(browser) as context:
                context.new_page().goto(daemon.link)
                state = context.storage_state()
            tell("painting")
            paints = {name: _paint_s(browser, daemon, name, state, plan.loads) for name in PAINTED}
            with browser.new_context(storage_state=state, viewport={"width": 1280, "height": 900}) as context:
                frames = _scroll_frames_ms(context, daemon)
                tell("changing things")
                latencies = _latencies_ms(context, daemon, plan.events)
    amount = plan.amount
    return Outcome(
        {
            "event_to_dom_p50_ms": statistics.median(latencies),
            "event_to_dom_p99_ms": statistics.quantiles(latencies, n=100, method="inclusive")[98],
            "event_to_dom_max_ms": max(latencies),
            "first_paint_s": max(paints[name] for name in ("home", "sites", "training")),
            **{f"{name}_paint_s": value for name, value in paints.items() if name != "models"},
            "list_2000_models_paint_s": paints["models"],
            "scroll_frame_p95_ms": statistics.quantiles(frames, n=20, method="inclusive")[18],
        },
        {
            "database": f"{amount.sites} sites, {amount.sessions} sessions, {amount.models} models, "
            f"{amount.sets} data sets, {amount.trainings} trainings",
            "events": f"{len(latencies)} changes, {1 / EVENT_EVERY_S:g} a second",
        },
    )


def _paint_s(browser: Browser, daemon: DaemonProcess, name: str, state: object, loads: int) -> float:
    path, wanted = PAINTED[name]
    found = []
    for _ in range(loads):
        with browser.new_context(storage_state=state, viewport={"width": 1280, "height": 900}) as context:  # type: ignore[arg-type]  # as `storage_state` gave it
            page = context.new_page()
            page.add_init_script(_WATCH_PAINT % json.dumps(wanted))
            page.goto(f"{daemon.url}{path}")
            page.wait_for_function("() => window.paintedAt !== null", timeout=PAINT_TIMEOUT_MS)
            found.append(float(page.evaluate("window.paintedAt")) / 1000)
    return statistics.median(found)


def _scroll_frames_ms(context: BrowserContext, daemon: DaemonProcess) -> list[float]:
    page = context.new_page()
    path, (rows,) = PAINTED["models"]
    page.goto(f"{daemon.url}{path}")
    page.locator(rows).first.wait_for(timeout=PAINT_TIMEOUT_MS)
    page.wait_for_load_state("networkidle")
    frames = [float(ms) for ms in page.evaluate(_SCROLL, rows)]
    page.close()
    return frames if len(frames) > 1 else [*frames, 0.0, 0.0]


def _latencies_ms(context: BrowserContext, daemon: DaemonProcess, events: int) -> list[float]:
    sites = [row for row in daemon.items("/sites") if row["state"] == "trusted"][:TAKING_TURNS]
    models = daemon.items("/models")[:TAKING_TURNS]
    found: list[float] = []
    for page_name, kind, path, rows in (
        ("sites", "site", "/sites", sites),
        ("models", "model", "/models", models),
        ("home", "activity", "/sites", sites),
    ):
        found += _Probe(context, daemon, page_name, kind).run([f"{path}/{row['id']}" for row in rows], events)
    return found


class _Probe:
    """One open page: renames things and compares when each change was published with when it stood in the page."""

    _number = 0

    def __init__(self, context: BrowserContext, daemon: DaemonProcess, page_name: str, kind: str) -> None:
        self._daemon = daemon
        self._kind = kind
        self._published: dict[str, float] = {}
        self._page = context.new_page()
        self._page.on("websocket", self._listen)
        path, wanted = PAINTED[page_name]
        self._page.goto(f"{daemon.url}{path}")
        for one in wanted:
            self._page.locator(one).first.wait_for(timeout=PAINT_TIMEOUT_MS)
        self._page.wait_for_load_state("networkidle")
        self._page.evaluate(_WATCH_PROBES)

    def run(self, paths: list[str], events: int) -> list[float]:
        """Return event to DOM in ms for each change."""
        names = []
        for turn in range(events):
            begin = time.monotonic()
            type(self)._number += 1
            names.append(f"AA probe {type(self)._number:04d}")
            self._daemon.call("PATCH", paths[turn % len(paths)], json_body={"name": names[-1]})
            self._page.wait_for_timeout(max(1.0, 1000 * (EVENT_EVERY_S - (time.monotonic() - begin))))
        last = names[-len(paths) :]
        self._page.wait_for_function("names => names.every((name) => name in window.seen)", arg=last, timeout=60_000)
        seen: dict[str, float] = self._page.evaluate("window.seen")
        self._page.close()
        for before, after in reversed(list(zip(names, names[len(paths) :], strict=False))):
            seen.setdefault(before, seen[after])  # a page too slow to show a name shows the row's next one
        return [seen[name] - self._published[name] for name in names]

    def _listen(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._received)

    def _received(self, frame: str | bytes) -> None:
        text = frame if isinstance(frame, str) else ""
        if not text.startswith('42/live,["delta"'):
            return
        delta = json.loads(text.removeprefix("42/live,"))[1]
        words = json.dumps(delta["data"])
        if delta["type"] == self._kind and "AA probe " in words:
            name = words[words.rindex("AA probe ") :][:13]  # an activity line names the old name first
            self._published.setdefault(name, delta["at"])
