"""An interrupted demonstration: the signal is obeyed between two steps, and what runs in processes ends at once."""

import os
import signal
import threading
from concurrent.futures import CancelledError
from pathlib import Path

import pytest

from flomir.demo.baselines import quiet_pool
from flomir.waiting import wait_until
from synthesis.execution.interrupts import interruptible, terminated_as_interrupted
from synthesis.execution.process import long_work


def _for_ever(started: Path) -> None:
    with long_work():
        started.touch()
        threading.Event().wait()


def test_a_wish_to_end_waits_for_the_next_step_of_what_can_be_interrupted() -> None:
    reached = []
    with pytest.raises(KeyboardInterrupt), terminated_as_interrupted(), interruptible() as raise_if_interrupted:
        os.kill(os.getpid(), signal.SIGTERM)
        reached.append("the finaliser that the signal fell into")
        raise_if_interrupted()
    assert reached
    assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL


@pytest.mark.parametrize("wish", [signal.SIGTERM, signal.SIGHUP])
def test_elsewhere_a_wish_to_end_is_an_interrupt(wish: signal.Signals) -> None:
    with pytest.raises(KeyboardInterrupt), terminated_as_interrupted():
        os.kill(os.getpid(), wish)
        threading.Event().wait(10)
    assert signal.getsignal(wish) is signal.SIG_DFL


def test_under_nohup_the_end_of_the_terminal_is_none() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with terminated_as_interrupted():
            assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


@pytest.mark.timeout(60)
def test_training_of_a_baseline_ends_in_its_middle(tmp_path: Path) -> None:
    started = tmp_path / "started"
    with pytest.raises(KeyboardInterrupt), quiet_pool(1) as pool:
        running = pool.submit(_for_ever, started)
        waiting = [pool.submit(_for_ever, tmp_path / "never") for _ in range(3)]
        wait_until(started.exists, timeout_s=50, what="the work to begin", poll_s=0.02)
        raise KeyboardInterrupt
    assert isinstance(running.exception(0), KeyboardInterrupt)
    with pytest.raises(CancelledError):
        waiting[-1].result(0)
    assert not (tmp_path / "never").exists()
