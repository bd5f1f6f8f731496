"""A site behind an HTTP proxy: enrolment, uplink and rounds go through it with name and password, and nothing around it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from flomir.daemon_process import DaemonError, DaemonProcess
from flomir.demo import federation as fed
from flomir.waiting import wait_until
from tests.support.loopback import ensure_loopback_certificate
from tests.support.proxy import NAME, RunningProxy, running_proxy
from tests.support.stack import child_pid, make_studies

pytestmark = pytest.mark.slow  # four checks, each with a training step, and two rounds
USER, PASSWORD = "north-hospital", "a pass phrase & more"


@dataclass
class Scene:
    """A laboratory that only the proxies find, a site behind them."""

    folder: Path
    orchestrator: DaemonProcess
    site: DaemonProcess
    plain: RunningProxy
    encrypted: RunningProxy
    invitation: str

    def use(self, proxy: RunningProxy | None, *, password: str = PASSWORD, ca_file: str = "") -> dict[str, object]:
        body = {"url": proxy.url if proxy else "", "username": USER, "password": password, "ca_file": ca_file}
        return self.site.call("PUT", "/settings/proxy", json_body=body)

    def preflight(self, invitation: str = "") -> dict[str, str]:
        """Run the check; returns check -> code."""
        self.site.call("POST", "/preflight", json_body={"invitation": invitation})

        def done() -> dict[str, object] | None:
            view = self.site.call("GET", "/preflight")
            return view if view["state"] == "done" else None

        lines = wait_until(done, timeout_s=120, what="the check")["lines"]
        assert isinstance(lines, list)
        return {line["check"]: line["code"].partition(".")[2] for line in lines}


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    folder = tmp_path_factory.mktemp("proxy")
    cert, key = folder / "proxy.pem", folder / "proxy.key"
    ensure_loopback_certificate(cert, key)
    orchestrator = DaemonProcess("orchestrator", folder / "orchestrator", ["--public-host", NAME])
    site = DaemonProcess("contributor", folder / "site")
    login = ("--user", USER, "--password", PASSWORD)
    with (
        running_proxy(folder / "plain", *login) as plain,
        running_proxy(folder / "tls", *login, "--cert", str(cert), "--key", str(key)) as encrypted,
        orchestrator,
        site,
    ):
        issued = orchestrator.call("POST", "/invitations", json_body={"site_name": "North"})
        yield Scene(folder, orchestrator, site, plain, encrypted, str(issued["text"]))


def test_without_the_proxy_there_is_no_way_and_the_check_says_why(scene: Scene) -> None:
    found = scene.preflight(scene.invitation)
    assert found["certificate"] == "invitation"
    assert found["name"] == "missing"
    assert found["step"] == "works"
    with pytest.raises(DaemonError, match="does not answer"):
        scene.site.call("POST", "/enrolment", json_body={"invitation": scene.invitation, "site_name": "North"})


def test_a_wrong_password_and_an_unknown_authority_are_told_apart(scene: Scene) -> None:
    scene.use(scene.plain, password="wrong")
    assert scene.preflight(scene.invitation)["proxy"] == "login"
    with pytest.raises(DaemonError, match="asks for a name and a password"):
        scene.site.call("POST", "/enrolment", json_body={"invitation": scene.invitation, "site_name": "North"})
    scene.use(scene.encrypted)
    assert scene.preflight(scene.invitation)["proxy"] == "certificate"


def test_a_whole_training_goes_through_a_proxy_that_wants_a_password(scene: Scene) -> None:
    scene.use(scene.plain)
    found = scene.preflight(scene.invitation)
    assert {found[name] for name in ("name", "proxy", "port", "tls", "clock", "speed")} == {
        "by_proxy", "through", "right", "measured",
    }  # fmt: skip
    view = scene.site.call("POST", "/enrolment", json_body={"invitation": scene.invitation, "site_name": "North"})
    fed.approve(scene.orchestrator, str(view["fingerprint"]))
    site_id = fed.connected(scene.site)
    _train(scene, site_id)
    assert {line["target"].rpartition(":")[0] for line in scene.plain.lines() if "status" in line} == {NAME}  # type: ignore[attr-defined]


def test_a_change_to_a_proxy_that_speaks_tls_holds_at_once_for_uplink_and_relay(scene: Scene) -> None:
    old = child_pid(scene.site, "relay")
    scene.use(scene.encrypted, ca_file=str(scene.folder / "proxy.pem"))
    wait_until(lambda: child_pid(scene.site, "relay") != old, timeout_s=60, what="the relay's restart")
    before = len(scene.plain.lines())
    site_id = fed.connected(scene.site)
    _train(scene, site_id)
    found = scene.preflight()
    assert (found["certificate"], found["trust"], found["proxy"]) == ("valid", "accepted", "through")
    assert sum(line.get("status") == 200 for line in scene.encrypted.lines()) >= 2
    assert not [line for line in scene.plain.lines()[before:] if "status" in line]


def test_the_password_is_in_private_files_only_and_in_no_log_or_answer(scene: Scene) -> None:
    view = scene.site.call("GET", "/settings/proxy")
    assert view["has_password"] is True
    assert PASSWORD not in str(view)
    holders = [path for path in scene.site.home.rglob("*") if path.is_file() and PASSWORD.encode() in path.read_bytes()]
    assert {path.name for path in holders} == {"proxy.json"}
    assert all(path.stat().st_mode & 0o077 == 0 for path in holders)
    logs = [path.read_text(errors="replace") for path in scene.site.home.rglob("*.log")]
    assert logs
    assert not re.search(re.escape(PASSWORD), "\n".join(logs))


def test_the_password_is_not_carried_over_to_another_proxy(scene: Scene) -> None:
    body = {"url": scene.plain.url, "username": USER, "password": None, "ca_file": ""}
    assert scene.site.call("PUT", "/settings/proxy", json_body=body)["has_password"] is False


def _train(scene: Scene, site_id: str) -> None:
    if not scene.site.items("/studies"):
        count = fed.add_studies(scene.site, make_studies(scene.folder / "data", 3))
        fed.wait_for_summaries(scene.orchestrator, [(site_id, count)])
    body = {
        "title": "Behind a proxy", "task": fed.TASK, "task_parameters": {"local_epochs": 1}, "site_ids": [site_id],
        "strategy": {"name": "fedavg", "parameters": {}}, "rounds": 1, "quorum": 1, "round_deadline_s": 120,
    }  # fmt: skip
    session_id = str(scene.orchestrator.call("POST", "/sessions", json_body=body)["id"])
    fed.agree(scene.site, session_id)

    def ended() -> dict[str, object] | None:
        session = scene.orchestrator.call("GET", f"/sessions/{session_id}")
        return session if session["state"] in fed.ENDED else None

    session = wait_until(ended, timeout_s=180, what="the session")
    assert session["state"] == "completed", session["reason_text"]
