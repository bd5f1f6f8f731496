import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from fl_core.errors import ComputeFailed, FlomirError, InvalidInput, StudyUnusable
from fl_core.supervision.child import Child, ChildSpec
from fl_core.supervision.jobs import JobCancelled, job_error, run_job
from fl_core.supervision.reconcile import Action, Observed, decide, next_delay_s
from fl_core.supervision.supervisor import ChildStatus, Supervisor
from model.errors import GeometryMismatch, TrainingDiverged

SERVE = """
import json, sys, time, pathlib, signal
config = json.loads(pathlib.Path(sys.argv[2]).read_text())
if config.get("deaf"): signal.signal(signal.SIGTERM, signal.SIG_IGN)
if config.get("exit") is not None: sys.exit(config["exit"])
print("noise before", flush=True)
print(json.dumps({"ready": True, "port": 7, "argv": sys.argv}), flush=True)
time.sleep(60)
"""

PARENT = """
import sys, pathlib, time, json
from fl_core.supervision.child import Child, ChildSpec
child = Child(ChildSpec(name="grandchild", module="flomirtest_serve", config={}, cwd=pathlib.Path.cwd()))
child.start(); child.wait_ready(10)
print(json.dumps({"ready": True, "grandchild": child.pid}), flush=True)
time.sleep(60)
"""

JOB = """
import json, sys, time
request = json.loads(sys.stdin.readline())
print(json.dumps({"progress": 0.5}), flush=True)
if request["do"] == "sleep": time.sleep(60)
if request["do"] == "die": print("the last words", file=sys.stderr); sys.exit(3)
if request["do"] == "fail":
    print(json.dumps({"error": {"code": request["code"], "message": "no"}})); sys.exit(1)
print(json.dumps({"answer": request["value"] * 2}))
"""


def eventually(condition: Callable[[], object], timeout_s: float = 10.0) -> bool:
    end = time.monotonic() + timeout_s
    while time.monotonic() < end:
        if condition():
            return True
        time.sleep(0.02)
    return False


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    stat = Path(f"/proc/{pid}/stat")
    return not stat.exists() or stat.read_text().rsplit(")", 1)[1].split()[0] != "Z"


@pytest.fixture
def modules(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "modules"
    folder.mkdir()
    for name, source in {"serve": SERVE, "parent": PARENT, "job": JOB}.items():
        (folder / f"flomirtest_{name}.py").write_text(source)
    monkeypatch.setenv("PYTHONPATH", str(folder))
    return folder


@pytest.fixture
def supervisor(modules: Path) -> Iterator[Supervisor]:
    made = Supervisor()
    yield made
    made.stop_all(timeout_s=3)


def spec(home: Path, name: str = "one", *, module: str = "flomirtest_serve", **config: object) -> ChildSpec:
    return ChildSpec(name=name, module=module, config=config, cwd=home, ready_timeout_s=20)


def test_a_child_is_ready_with_its_line_and_its_secrets_are_private(modules: Path, tmp_path: Path) -> None:
    child = Child(spec(tmp_path, secret="s3cret"))
    child.start()
    try:
        ready = child.wait_ready()
        assert ready["port"] == 7
        assert "s3cret" not in json.dumps(ready["argv"])
        assert child.spec.config_path.stat().st_mode & 0o077 == 0
        assert eventually(lambda: "noise before" in child.spec.log_path.read_text())
    finally:
        child.stop()
    assert not child.is_alive


def test_a_child_that_dies_before_it_is_ready_is_an_error_with_its_exit(modules: Path, tmp_path: Path) -> None:
    child = Child(spec(tmp_path, exit=4))
    child.start()
    with pytest.raises(ComputeFailed, match="ended with 4"):
        child.wait_ready()


def test_a_child_deaf_to_sigterm_is_killed(modules: Path, tmp_path: Path) -> None:
    child = Child(spec(tmp_path, deaf=True))
    child.start()
    child.wait_ready()
    assert child.stop(grace_s=0.2) == -signal.SIGKILL


@pytest.mark.skipif(sys.platform == "win32", reason="process groups")
def test_a_grandchild_ends_when_its_parent_is_killed(modules: Path, tmp_path: Path) -> None:
    child = Child(spec(tmp_path, module="flomirtest_parent"))
    child.start()
    ready = child.wait_ready()
    grandchild = ready["grandchild"]
    assert isinstance(grandchild, int)
    assert child.pid is not None
    os.kill(child.pid, signal.SIGKILL)
    assert eventually(lambda: not is_running(grandchild), 6)
    child.stop()


def test_a_killed_child_comes_back_and_the_change_is_told(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(spec(tmp_path), start=True)
    supervisor.wait_ready("one", 20)
    before = supervisor.status("one")
    assert before.pid is not None
    os.kill(before.pid, signal.SIGKILL)
    assert eventually(lambda: supervisor.status("one").restarts == 1 and supervisor.status("one").state == "ready")
    after = supervisor.status("one")
    assert after.pid != before.pid
    assert after.last_exit == -signal.SIGKILL


def test_a_listener_may_call_back_into_the_supervisor(modules: Path, tmp_path: Path) -> None:
    told: list[ChildStatus] = []
    made = Supervisor(on_change=lambda status: told.append(made.status(status.name)))
    made.add(spec(tmp_path), start=True)
    made.wait_ready("one", 20)
    made.stop_all(3)
    assert {status.state for status in told} >= {"ready", "stopped"}


def test_stop_all_is_bounded_idempotent_and_leaves_nothing(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(spec(tmp_path, "deaf", deaf=True))
    supervisor.add(spec(tmp_path, "kind"))
    supervisor.start_all()
    pids = [supervisor.wait_ready(name, 20) and supervisor.status(name).pid for name in ("deaf", "kind")]
    begun = time.monotonic()
    supervisor.stop_all(timeout_s=2)
    supervisor.stop_all(timeout_s=2)
    assert time.monotonic() - begun < 4
    assert not any(is_running(pid) for pid in pids if isinstance(pid, int))
    assert [status.state for status in supervisor.statuses()] == ["stopped", "stopped"]


def test_a_restart_uses_the_new_specification(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(spec(tmp_path, deaf=False), start=True)
    supervisor.wait_ready("one", 20)
    old = supervisor.status("one").pid
    supervisor.add(spec(tmp_path, marker=5))
    supervisor.restart("one")
    assert eventually(lambda: supervisor.status("one").pid not in {None, old})
    supervisor.wait_ready("one", 20)
    assert json.loads((tmp_path / "run" / "one.json").read_text()) == {"marker": 5}


def test_removing_a_child_ends_it(supervisor: Supervisor, tmp_path: Path) -> None:
    supervisor.add(spec(tmp_path), start=True)
    supervisor.wait_ready("one", 20)
    pid = supervisor.status("one").pid
    supervisor.remove("one")
    assert pid is not None
    assert not is_running(pid)
    assert supervisor.statuses() == []


def test_delays_double_to_ten_seconds_and_start_again_after_health() -> None:
    failures, delays = 0, []
    for _ in range(9):
        failures, delay_s = next_delay_s(failures, lived_s=1)
        delays.append(delay_s)
    assert delays[:4] == [0.2, 0.4, 0.8, 1.6]
    assert delays[-1] == 10.0
    assert next_delay_s(failures, lived_s=31) == (1, 0.2)


def observed(**changes: object) -> Observed:
    values: dict[str, object] = {
        "wanted": True,
        "alive": True,
        "has_process": True,
        "ready": False,
        "known_ready": False,
        "started_at": 0.0,
        "ready_timeout_s": 10.0,
        "start_not_before": 0.0,
        "kill_at": None,
    }
    return Observed(**{**values, **changes})  # type: ignore[arg-type]  # a table of overrides


@pytest.mark.parametrize(
    ("seen", "action"),
    [
        (observed(alive=False, has_process=False), Action.START),
        (observed(alive=False, has_process=False, start_not_before=9.0), Action.NONE),
        (observed(alive=False, has_process=False, wanted=False), Action.NONE),
        (observed(alive=False), Action.NOTE_EXIT),
        (observed(ready=True), Action.NOTE_READY),
        (observed(ready=True, known_ready=True), Action.NONE),
        (observed(started_at=-20.0), Action.END_UNREADY),
        (observed(wanted=False), Action.TERMINATE),
        (observed(wanted=False, kill_at=1.0), Action.KILL),
        (observed(wanted=False, kill_at=9.0), Action.NONE),
    ],
)
def test_the_supervisor_takes_the_next_step(seen: Observed, action: Action) -> None:
    assert decide(seen, now=5.0) is action


def test_a_job_returns_its_last_line_and_tells_progress(modules: Path) -> None:
    told: list[dict[str, object]] = []
    answer = run_job("flomirtest_job", {"do": "x", "value": 21}, timeout_s=20, on_progress=told.append)
    assert answer == {"answer": 42}
    assert told == [{"progress": 0.5}]


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("weights.shape", InvalidInput),
        ("study.counts", StudyUnusable),
        ("model.training_diverged", ComputeFailed),
        ("other", ComputeFailed),
    ],
)
def test_a_jobs_error_keeps_its_code_in_the_detail(modules: Path, code: str, error: type[FlomirError]) -> None:
    with pytest.raises(error, match=code):
        run_job("flomirtest_job", {"do": "fail", "code": code}, timeout_s=20)


@pytest.mark.parametrize(
    ("code", "ours"),
    [
        (TrainingDiverged("the loss is not finite").code, "compute.diverged"),
        ("model.config", "model.invalid"),
        ("weights.shape", "model.invalid"),
        (GeometryMismatch("60 views, not 64").code, "study.unusable"),
    ],
)
def test_a_jobs_code_becomes_one_of_the_catalogue(code: str, ours: str) -> None:
    assert job_error(code, "why").code == ours


def test_a_job_that_dies_says_its_last_words(modules: Path) -> None:
    with pytest.raises(ComputeFailed, match=r"ended with 3.*the last words"):
        run_job("flomirtest_job", {"do": "die"}, timeout_s=20)


def test_a_job_is_cancelled_and_bounded(modules: Path) -> None:
    cancel = threading.Event()
    with pytest.raises(JobCancelled):
        run_job("flomirtest_job", {"do": "sleep"}, timeout_s=20, cancel=cancel, on_progress=lambda _: cancel.set())
    with pytest.raises(ComputeFailed, match="longer"):
        run_job("flomirtest_job", {"do": "sleep"}, timeout_s=0.5)
