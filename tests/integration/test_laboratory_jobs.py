"""Jobs of the laboratory through a real daemon and real children: killed in the middle, gone on with, the same in the end."""

import os
import signal
from pathlib import Path

import pytest

from flomir.daemon_process import DaemonProcess
from flomir.waiting import wait_until
from synthesis.form import presets
from synthesis.manifest import read_manifest
from tests.support.stack import descendants, is_alive

JobView = dict[str, object]
STUDIES = 100  # so many that a kill comes before the last one on a busy machine too
WAIT_S = 90.0


def start(home: Path) -> DaemonProcess:
    daemon = DaemonProcess("orchestrator", home, ["--name", "Test laboratory"])
    daemon.launch()
    daemon.wait_ready()
    return daemon


def kill(daemon: DaemonProcess) -> None:
    """Kill the daemon and its worker, and see that every process that it started ends by itself."""
    below = descendants(daemon.process.pid)
    for pid in (daemon.process.pid, *(pid for pid in below if parent_is(pid, daemon.process.pid))):
        os.kill(pid, signal.SIGKILL)
    wait_until(lambda: not any(is_alive(pid) for pid in below), timeout_s=WAIT_S, what="the orphans to end")
    daemon.stop()


def parent_is(pid: int, parent: int) -> bool:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False
    return int(stat.rpartition(")")[2].split()[1]) == parent


def job(daemon: DaemonProcess, job_id: object) -> JobView:
    return daemon.call("GET", f"/laboratory/jobs/{job_id}")


def live(view: JobView) -> dict[str, object]:
    found = view["live"]
    assert isinstance(found, dict)
    return found


def wait_for(daemon: DaemonProcess, job_id: object, *states: str) -> JobView:
    def probe() -> JobView | None:
        view = job(daemon, job_id)
        return view if view["state"] in states else None

    return wait_until(probe, timeout_s=WAIT_S, what=f"the job to be {' or '.join(states)}", poll_s=0.05)


@pytest.mark.slow
def test_a_synthesis_and_a_training_outlive_a_killed_daemon(tmp_path: Path) -> None:
    home, first = tmp_path / "home", presets()[0]
    choices = first.choices.model_dump() | {"views": 16}
    daemon = start(home)
    try:
        asked = {"name": "Many", "preset": first.name, "choices": choices, "studies": STUDIES, "seed": 4}
        made = daemon.call("POST", "/laboratory/synthesis", json_body=asked)["id"]
        waiting = daemon.call("POST", "/laboratory/synthesis", json_body=asked | {"name": "Few", "studies": 2})["id"]
        wait_until(
            lambda: (live(job(daemon, made))["done"] or 0) != 0, timeout_s=WAIT_S, what="a first study", poll_s=0.02
        )
        kill(daemon)

        daemon = start(home)
        view = wait_for(daemon, made, "interrupted")
        assert view["can_resume"] is True
        wait_for(daemon, waiting, "done")  # what waited was confirmed, and runs by itself
        folder = Path(str(next(row for row in daemon.items("/laboratory/sets") if row["name"] == "Many")["folder"]))
        before = {path.name: path.stat().st_mtime_ns for path in folder.glob("study-*.h5")}
        assert 0 < len(before) < STUDIES
        daemon.call("POST", f"/laboratory/jobs/{made}/resume")
        wait_for(daemon, made, "done")
        after = {path.name: path.stat().st_mtime_ns for path in folder.glob("study-*.h5")}
        assert len(after) == STUDIES
        assert {name: after[name] for name in before} == before  # nothing was made twice
        manifest = read_manifest(folder)
        assert manifest is not None
        assert manifest.complete

        set_id = next(row for row in daemon.items("/laboratory/sets") if row["name"] == "Few")["id"]
        body = {"name": "Long", "set_ids": [set_id], "network": "fbp_unet", "epochs": 400, "holdout": 0.5}
        trained = daemon.call("POST", "/laboratory/trainings", json_body=body)["id"]
        wait_until(
            lambda: int(str(live(job(daemon, trained))["step"] or 0)) > 3,
            timeout_s=WAIT_S,
            what="some steps",
            poll_s=0.02,
        )
        kill(daemon)

        daemon = start(home)
        view = wait_for(daemon, trained, "interrupted")
        assert live(view)["curve"] != []
        checkpoint = home / "laboratory" / "jobs" / str(trained) / "model.checkpoint.json"
        assert checkpoint.is_file()
        daemon.call("POST", f"/laboratory/jobs/{trained}/resume")
        wait_for(daemon, trained, "running")
        wait_until(
            lambda: "Going on after step" in str(daemon.call("GET", f"/laboratory/jobs/{trained}/log")["lines"]),
            timeout_s=WAIT_S,
            what="the training to go on",
            poll_s=0.05,
        )
        daemon.call("POST", f"/laboratory/jobs/{trained}/cancel")
        assert wait_for(daemon, trained, "cancelled")["can_resume"] is True
        assert checkpoint.is_file()
    finally:
        daemon.stop()
