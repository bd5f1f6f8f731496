"""The whole main flow through the daemons' own APIs: invite, enrol, approve, add studies, offer, consent, rounds."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from flomir.daemon_process import DaemonError, DaemonProcess
from flomir.demo.settings import DemoSettings
from flomir.waiting import wait_until

ENROL_TIMEOUT_S = 90.0
SESSION_TIMEOUT_S = 3600.0
IMPORT_TIMEOUT_S = 3600.0
NOT_A_SCAN = "import.not_a_scan"
TASK = "spect-reconstruction"
ENDED = {"completed", "stopped", "failed"}
JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Federation:
    """The running daemons; `sites` are the contributors in the order of their folders."""

    orchestrator: DaemonProcess
    sites: tuple[DaemonProcess, ...]

    def stop(self) -> None:
        """End every daemon, the contributors first and all at once."""
        with ThreadPoolExecutor(max(1, len(self.sites))) as pool:
            list(pool.map(DaemonProcess.stop, self.sites))
        self.orchestrator.stop()


def launch(settings: DemoSettings) -> Federation:
    """Start all daemons without waiting for them."""
    orchestrator = DaemonProcess("orchestrator", settings.workdir / "orchestrator", ["--name", "Demo laboratory"])
    sites = tuple(
        DaemonProcess("contributor", settings.workdir / f"contributor-{index + 1}")
        for index in range(settings.contributors)
    )
    federation = Federation(orchestrator, sites)
    try:
        for daemon in (orchestrator, *sites):
            daemon.launch()
    except BaseException:  # interrupted, or the third did not start: the first two must not stay
        federation.stop()
        raise
    return federation


def enrol(federation: Federation, settings: DemoSettings) -> list[str]:
    """Invite, enrol, compare fingerprints and approve every site; returns the site ids in order."""
    for index, site in enumerate(federation.sites):
        if site.call("GET", "/enrolment")["state"] != "not_enrolled":
            continue
        name = settings.site_name(index)
        issued = federation.orchestrator.call("POST", "/invitations", json_body={"site_name": name})
        site.call("POST", "/enrolment", json_body={"invitation": issued["text"], "site_name": name})
    for site in federation.sites:
        fingerprint = wait_until(
            lambda site=site: site.call("GET", "/enrolment")["fingerprint"],  # type: ignore[misc]
            timeout_s=ENROL_TIMEOUT_S,
            what="the site's fingerprint",
        )
        approve(federation.orchestrator, str(fingerprint))
    return [connected(site) for site in federation.sites]


def approve(orchestrator: DaemonProcess, fingerprint: str) -> None:
    """Approve the pending site with this fingerprint, as a manager does after comparing both screens."""

    def pending() -> JsonObject | None:
        found = [site for site in orchestrator.items("/sites") if site["fingerprint"] == fingerprint]
        return found[-1] if found else None

    site = wait_until(pending, timeout_s=ENROL_TIMEOUT_S, what="the request for trust")
    if site["state"] == "pending":
        orchestrator.call("POST", f"/sites/{site['id']}/approve", json_body={"fingerprint": fingerprint})


def connected(site: DaemonProcess) -> str:
    """Wait until a site is connected; returns its id."""

    def connection() -> JsonObject | None:
        view = site.call("GET", "/enrolment")
        return view if view["state"] == "connected" else None

    return str(wait_until(connection, timeout_s=ENROL_TIMEOUT_S, what="the site's connection")["site_id"])


def add_studies(site: DaemonProcess, folder: Path) -> int:
    """Import a folder of studies; raises DaemonError naming the first refused scan. Returns how many are there."""
    place = f"/imports/{site.call('POST', '/imports/folder', json_body={'path': str(folder)})['id']}"

    def ended() -> JsonObject | None:
        view = site.call("GET", place)
        return view if view["state"] in {"done", "failed", "cancelled"} else None

    view = wait_until(ended, timeout_s=IMPORT_TIMEOUT_S, what=f"the studies of {folder.name}")
    if view["state"] != "done":
        message = f"the import is {view['state']}: {view['title']} {view['advice']}"
        raise DaemonError(message)
    refused = [row for row in site.items(f"{place}/files") if row["state"] == "refused" and row["code"] != NOT_A_SCAN]
    if refused:
        message = f"study {refused[0]['name']} was refused: {refused[0]['detail']}"
        raise DaemonError(message)
    return len(site.items("/studies"))


def wait_for_summaries(orchestrator: DaemonProcess, expected: Sequence[tuple[str, int]]) -> None:
    """Wait until the orchestrator knows of every site's studies (it is told at once, but over the network)."""

    def known() -> bool:
        rows = {str(site["id"]): site["data"] for site in orchestrator.items("/sites")}
        return all(_usable(rows.get(site_id)) >= count for site_id, count in expected)

    wait_until(known, timeout_s=ENROL_TIMEOUT_S, what="the sites' data summaries")


def offer_session(
    orchestrator: DaemonProcess,
    settings: DemoSettings,
    site_ids: Sequence[str],
    title: str,
    *,
    quorum: int | None = None,
    deadline_s: float = 900,
) -> str:
    """Send a signed offer to the sites; returns the session id. Without a quorum, one site may be missing."""
    body = {
        "title": title,
        "task": TASK,
        "site_ids": list(site_ids),
        "rounds": settings.rounds,
        "task_parameters": {"local_epochs": settings.local_epochs, "seed": settings.seed},
        "strategy": {"name": settings.strategy, "parameters": {}},
        "quorum": max(1, len(site_ids) - 1) if quorum is None else quorum,
        "round_deadline_s": deadline_s,
        "seed": settings.seed,
    }
    return str(orchestrator.call("POST", "/sessions", json_body=body)["id"])


def agree(site: DaemonProcess, session_id: str, *, send: str = "yes") -> None:
    """Wait for the request and agree to it with all three permissions."""
    request_of(site, session_id)
    permissions = {"take_part": True, "train_on_my_data": True, "send_model": send}
    site.call("POST", f"/requests/{session_id}/answer", json_body={"decision": "agree", "permissions": permissions})


def request_of(site: DaemonProcess, session_id: str) -> JsonObject:
    """Wait until a session's request has come to a site; returns it."""

    def request() -> JsonObject | None:
        found = [row for row in site.items("/requests") if row["session_id"] == session_id]
        return found[0] if found else None

    return wait_until(request, timeout_s=ENROL_TIMEOUT_S, what="the session's request at a site")


def follow(
    orchestrator: DaemonProcess,
    session_id: str,
    on_view: Callable[[JsonObject], None],
    *,
    timeout_s: float = SESSION_TIMEOUT_S,
) -> JsonObject:
    """Watch a session to its end; returns its last view, whatever the end was."""

    def ended() -> JsonObject | None:
        view = orchestrator.call("GET", f"/sessions/{session_id}")
        on_view(view)
        return view if view["state"] in ENDED else None

    return wait_until(ended, timeout_s=timeout_s, what="the end of the session", poll_s=0.5)


def download_model(orchestrator: DaemonProcess, model_id: str, path: Path) -> Path:
    """Save a ModelVersion's weights."""
    answer = orchestrator.client.get(f"/models/{model_id}/weights")
    if answer.is_error:
        message = f"model {model_id} could not be downloaded: HTTP {answer.status_code}"
        raise DaemonError(message)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_suffix(".part")
    part.write_bytes(answer.content)
    part.replace(path)
    return path


def _usable(summary: object) -> int:
    return int(summary["studies_usable"]) if isinstance(summary, dict) else 0
