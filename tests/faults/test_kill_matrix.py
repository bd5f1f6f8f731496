"""Each process of the federation is killed during a round; the session goes on within 90 s and completes."""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.stack import Stack, child_pid, descendant_pid, descendants, is_alive, running_stack, wait_for

pytestmark = pytest.mark.slow
ROUNDS = 3
LOCAL_EPOCHS = 30
RECOVERY_S = 90.0


@pytest.fixture(scope="module")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    with running_stack(tmp_path_factory.mktemp("kill"), sites=2) as running:
        yield running


def _is_training(stack: Stack, session_id: str) -> bool:
    view = stack.session(session_id)
    rows = view["participations"]
    assert isinstance(rows, list)
    return any(
        row["progress"] and row["progress"]["round"] == 2 and row["progress"]["phase"] == "training" for row in rows
    )


def _serverapp(stack: Stack) -> int:
    return descendant_pid(child_pid(stack.orchestrator, "agent"), "serverapp")


def _runner(stack: Stack) -> int:
    return descendant_pid(child_pid(stack.sites[0], "agent"), "fl_core.flower.runner")


VICTIMS: dict[str, Callable[[Stack], int]] = {
    "gateway": lambda stack: child_pid(stack.orchestrator, "gateway"),
    "superlink": lambda stack: child_pid(stack.orchestrator, "superlink"),
    "laboratory agent": lambda stack: child_pid(stack.orchestrator, "agent"),
    "serverapp": _serverapp,
    "relay": lambda stack: child_pid(stack.sites[0], "relay"),
    "supernode": lambda stack: child_pid(stack.sites[0], "supernode"),
    "site agent": lambda stack: child_pid(stack.sites[0], "agent"),
    "runner": _runner,
}


@pytest.mark.timeout(420)
@pytest.mark.parametrize("victim", VICTIMS)
def test_session_survives_the_kill_of(
    victim: str, stack: Stack, record_property: Callable[[str, object], None]
) -> None:
    session_id = stack.offer(rounds=ROUNDS, local_epochs=LOCAL_EPOCHS)
    stack.wait_round(session_id, 1, timeout_s=120)
    pid = VICTIMS[victim](stack)
    wait_for(lambda: _is_training(stack, session_id), "a site to train in round 2")
    os.kill(pid, signal.SIGKILL)
    killed = time.monotonic()
    assert stack.closed_rounds(session_id) == 1, "the round was over before the kill: give it more to do"
    stack.wait_round(session_id, 2, timeout_s=RECOVERY_S)
    record_property("recovery_s", round(time.monotonic() - killed, 1))
    view = stack.wait_state(session_id, "completed", "failed", "stopped", timeout_s=240)
    assert view["state"] == "completed", view["reason_text"]
    assert stack.closed_rounds(session_id) == ROUNDS


def test_no_process_outlives_its_daemon(tmp_path: Path) -> None:
    with running_stack(tmp_path, sites=1, studies=3) as stack:
        pids = [pid for daemon in (stack.orchestrator, *stack.sites) for pid in descendants(daemon.process.pid)]
        assert len(pids) >= 6
        begin = time.monotonic()
        stack.stop()
        assert time.monotonic() - begin < 20  # two daemons, 10 s each
        wait_for(lambda: not any(is_alive(pid) for pid in pids), "every child to end", timeout_s=5)
