"""A site goes on after its network was away and after its computer slept, in the middle of a training: real processes."""

import contextlib
import os
import signal
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from fl_core.supervision.ports import free_ports
from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.waiting import wait_until
from tests.support.proxy import NAME, running_proxy
from tests.support.stack import descendants, make_studies

pytestmark = pytest.mark.slow  # a computer that sleeps is waited for
AWAY_S = 8.0
ASLEEP_S = 40.0
"""Longer than any held request, so that every connection is dead on waking."""


@dataclass
class Scene:
    """A laboratory that is reached through one proxy only: the proxy is the site's network."""

    folder: Path
    orchestrator: DaemonProcess
    site: DaemonProcess
    site_id: str = ""
    port: int = field(default_factory=lambda: free_ports(1)[0])
    _network: ExitStack = field(default_factory=ExitStack)

    def network_up(self) -> None:
        proxy = self._network.enter_context(running_proxy(self.folder / "network", port=self.port))
        self.port = proxy.port

    def network_down(self) -> None:
        self._network.close()

    def state(self) -> str:
        return str(self.site.call("GET", "/enrolment")["state"])

    def wait_site(self, state: str, timeout_s: float = 60) -> None:
        wait_until(lambda: self.state() == state, timeout_s=timeout_s, what=f"the site to be {state}")

    def train(self, rounds: int) -> str:
        body = {
            "title": "Goes on", "task": fed.TASK, "task_parameters": {"local_epochs": 2}, "site_ids": [self.site_id],
            "strategy": {"name": "fedavg", "parameters": {}}, "rounds": rounds, "quorum": 1, "round_deadline_s": 240,
        }  # fmt: skip
        session_id = str(self.orchestrator.call("POST", "/sessions", json_body=body)["id"])
        fed.agree(self.site, session_id)
        wait_until(lambda: self._closed(session_id) >= 1, timeout_s=180, what="the first round")
        return session_id

    def wait_completed(self, session_id: str, rounds: int) -> None:
        def ended() -> str | None:
            state = str(self.orchestrator.call("GET", f"/sessions/{session_id}")["state"])
            return state if state in fed.ENDED else None

        assert wait_until(ended, timeout_s=240, what="the session") == "completed"
        assert self._closed(session_id) == rounds

    def _closed(self, session_id: str) -> int:
        rounds = self.orchestrator.call("GET", f"/sessions/{session_id}")["rounds"]
        assert isinstance(rounds, list)
        return sum(row["state"] == "closed" for row in rounds)


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("survives")
    orchestrator = DaemonProcess("orchestrator", folder / "orchestrator", ["--public-host", NAME])
    site = DaemonProcess("contributor", folder / "site")
    running = Scene(folder, orchestrator, site)
    with orchestrator, site, contextlib.closing(running._network):
        running.network_up()
        site.call("PUT", "/settings/proxy", json_body={"url": f"http://127.0.0.1:{running.port}"})
        issued = orchestrator.call("POST", "/invitations", json_body={"site_name": "North"})
        view = site.call("POST", "/enrolment", json_body={"invitation": issued["text"], "site_name": "North"})
        fed.approve(orchestrator, str(view["fingerprint"]))
        running.site_id = fed.connected(site)
        count = fed.add_studies(site, make_studies(folder / "data", 3))
        fed.wait_for_summaries(orchestrator, [(running.site_id, count)])
        yield running


def test_a_training_goes_on_when_the_network_comes_back(scene: Scene) -> None:
    session_id = scene.train(rounds=3)
    scene.network_down()
    scene.wait_site("reconnecting")
    gone = time.monotonic()
    wait_until(lambda: time.monotonic() - gone > AWAY_S, timeout_s=2 * AWAY_S, what="a while without a network")
    assert scene.state() == "reconnecting"
    scene.network_up()
    scene.wait_site("connected")
    scene.wait_completed(session_id, 3)


def test_a_training_goes_on_when_the_computer_wakes(scene: Scene) -> None:
    session_id = scene.train(rounds=3)
    processes = [scene.site.process.pid, *descendants(scene.site.process.pid)]
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    scene.network_down()  # what was open is dead on waking, as after a change of the network
    fell_asleep = time.monotonic()
    wait_until(lambda: time.monotonic() - fell_asleep > ASLEEP_S, timeout_s=2 * ASLEEP_S, what="the end of the sleep")
    scene.network_up()
    for pid in processes:
        os.kill(pid, signal.SIGCONT)
    wait_until(lambda: _answers(scene), timeout_s=30, what="the page's daemon to answer")
    scene.wait_site("connected")
    scene.wait_completed(session_id, 3)


def test_a_daemon_started_again_after_a_power_cut_connects_by_itself(scene: Scene) -> None:
    for pid in [scene.site.process.pid, *descendants(scene.site.process.pid)]:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    scene.site.stop()
    scene.site.launch()
    scene.site.wait_ready()
    scene.wait_site("connected")
    session_id = scene.train(rounds=1)
    scene.wait_completed(session_id, 1)


def _answers(scene: Scene) -> bool:
    with contextlib.suppress(Exception):
        return scene.state() != ""
    return False
