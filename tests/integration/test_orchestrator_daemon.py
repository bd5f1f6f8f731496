"""The orchestrator as it is run: enrolment by hand through the gateway, revocation, restart, the end of every child."""

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import httpx
import pytest

from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import InvitationDocument
from fl_core.trust.identity import generate_key, key_fingerprint, key_pem, make_csr, short_fingerprint
from fl_core.trust.invitation import decode
from fl_core.trust.tls import client_context, enrol_context
from fl_core.web.window import page_file

READY_S = 60


@dataclass
class Running:
    process: "subprocess.Popen[str]"
    home: Path
    url: str
    link: str
    client: httpx.Client

    def call(self, method: str, path: str, body: object = None) -> dict[str, object]:
        answer = self.client.request(method, f"/api/v1{path}", json=body)
        assert answer.is_success, answer.text
        parsed = answer.json()
        assert isinstance(parsed, dict)
        return parsed

    def children(self) -> dict[str, dict[str, object]]:
        rows = self.call("GET", "/system")["children"]
        assert isinstance(rows, list)
        return {str(row["name"]): row for row in rows}

    def stop(self) -> float:
        begun = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(15)
        return time.monotonic() - begun


@contextmanager
def running(home: Path) -> Iterator[Running]:
    command = [sys.executable, "-P", "-m", "flomir", "orchestrator", "run", "--home", str(home), "--headless", "--json"]
    with (home.parent / "daemon.log").open("ab") as log:
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=log, text=True, start_new_session=True)
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        assert line, (home.parent / "daemon.log").read_text()[-2000:]
        said = json.loads(line)
        headers = {"Authorization": f"Bearer {(home / 'api.token').read_text()}"}
        with httpx.Client(base_url=said["url"], headers=headers, timeout=30, trust_env=False) as client:
            found = Running(process, home, said["url"], said["link"], client)
            wait_for(lambda: found.children()["gateway"]["state"] == "ready", "the gateway")
            yield found
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(10)
        process.stdout.close()


def wait_for(condition: Callable[[], bool], what: str, timeout_s: float = READY_S) -> None:
    end = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < end, f"waited {timeout_s} s for {what}"
        time.sleep(0.05)


@pytest.fixture(scope="module")
def daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(tmp_path_factory.mktemp("orchestrator") / "home") as found:
        yield found


@dataclass
class HandMadeSite:
    """A site made of a key and httpx."""

    folder: Path
    invitation: InvitationDocument
    site_id: str

    def client(self) -> httpx.Client:
        context = client_context(self.folder / "ca.pem", self.folder / "site.pem", self.folder / "site.key")
        return httpx.Client(base_url=f"https://{self.invitation.address}", verify=context, timeout=30, trust_env=False)


def enrol(daemon: Running, folder: Path, name: str) -> HandMadeSite:
    """Take part by hand: key, signing request, comparison, approval, certificate."""
    invitation = decode(str(daemon.call("POST", "/invitations", {"site_name": name})["text"]))
    key = generate_key()
    folder.mkdir()
    (folder / "site.key").write_bytes(key_pem(key))
    (folder / "ca.pem").write_text(invitation.ca_pem)
    body = {"token": invitation.token, "csr_pem": make_csr(key, name), "site_name": name}
    body |= {"protocol": "1.0", "software": "by hand"}
    with httpx.Client(
        base_url=f"https://{invitation.address}", verify=enrol_context(invitation.ca_pem), timeout=40, trust_env=False
    ) as client:
        receipt = client.post("/enrol/v1/requests", json=body)
        assert receipt.status_code == 201, receipt.text
        other = {**body, "csr_pem": make_csr(generate_key(), name)}
        assert client.post("/enrol/v1/requests", json=other).json()["code"] == "invitation.used"
        shown = short_fingerprint(key_fingerprint(key.public_key()))
        assert receipt.json()["fingerprint"] == shown
        rows = daemon.call("GET", "/sites")["items"]
        assert isinstance(rows, list)
        site_id = next(str(row["id"]) for row in rows if row["fingerprint"] == shown)
        answers: list[httpx.Response] = []
        path = f"/enrol/v1/requests/{receipt.json()['enrolment_id']}?wait_s=20"
        headers = {"Authorization": f"Bearer {receipt.json()['poll_secret']}"}
        waiting = threading.Thread(target=lambda: answers.append(client.get(path, headers=headers)))
        waiting.start()
        daemon.call("POST", f"/sites/{site_id}/approve", {"fingerprint": shown})
        waiting.join(30)
    assert answers[0].json()["state"] == "approved"
    (folder / "site.pem").write_text(answers[0].json()["certificate_pem"])
    return HandMadeSite(folder, invitation, site_id)


def test_a_site_enrols_by_hand_and_is_out_within_five_seconds_when_its_trust_is_taken_back(
    daemon: Running, tmp_path: Path
) -> None:
    site = enrol(daemon, tmp_path / "site", "By hand")
    hello = {"protocol": "1.0", "software": "by hand", "bundle_sha256": bundle_sha256()}
    with site.client() as client:
        assert client.post("/peer/v1/hello", json=hello).json()["site_id"] == site.site_id
        mismatch = client.post("/peer/v1/hello", json={**hello, "protocol": "7.0"})
        assert (mismatch.status_code, mismatch.json()["code"]) == (409, "protocol.mismatch")
        assert client.get("/api/v1/sites").status_code == 404  # the gateway has no such path
        ended: list[float] = []

        def hold() -> None:
            with suppress(httpx.HTTPError):
                client.get("/peer/v1/events?after=0&wait_s=20")
            ended.append(time.monotonic())

        waiting = threading.Thread(target=hold)
        waiting.start()
        wait_for(lambda: daemon.call("GET", f"/sites/{site.site_id}")["online"] is True, "the site to be online")
        begun = time.monotonic()
        assert daemon.call("POST", f"/sites/{site.site_id}/revoke")["state"] == "revoked"
        waiting.join(15)
        assert ended[0] - begun < 5
    with site.client() as client, suppress(httpx.TransportError):
        assert client.get("/peer/v1/events").status_code == 403
    assert daemon.call("GET", "/audit/verify")["ok"] is True


def test_the_port_for_sites_does_not_lead_to_the_pages(daemon: Running) -> None:
    invitation = decode(str(daemon.call("POST", "/invitations", {"site_name": "Nobody"})["text"]))
    token = {"Authorization": f"Bearer {(daemon.home / 'api.token').read_text()}"}
    with httpx.Client(
        base_url=f"https://{invitation.address}", verify=enrol_context(invitation.ca_pem), timeout=20, trust_env=False
    ) as client:
        for name in ("SCRIPT_NAME", "Script-Name", "X-Script-Name", "X-Forwarded-Prefix"):
            for path in ("/login", "/health", "/api/v1/me", "/socket.io/"):
                answer = client.get(f"/enrol/v1{path}", headers={**token, name: "/enrol/v1"})
                assert answer.status_code in {400, 404}, (name, path, answer.text)


def test_the_page_opens_by_its_link_once(daemon: Running) -> None:
    link = str(daemon.call("POST", "/link")["link"])
    with httpx.Client(follow_redirects=True, trust_env=False) as browser:
        page = browser.get(link, headers={"Accept": "text/html"})
        assert page.status_code == 200
        assert browser.get(f"{daemon.url}/api/v1/me").json()["csrf"]
    assert httpx.get(link, trust_env=False).status_code == 403


def test_a_killed_child_comes_back_and_the_pages_learn_of_it(daemon: Running) -> None:
    wait_for(lambda: daemon.children()["gateway"]["state"] == "ready", "the gateway")
    before = int(str(daemon.children()["gateway"]["pid"]))
    os.kill(before, signal.SIGKILL)

    def is_back() -> bool:
        gateway = daemon.children()["gateway"]
        return gateway["state"] == "ready" and gateway["pid"] != before

    wait_for(is_back, "the gateway to come back")


def test_a_stopped_daemon_leaves_no_child_and_goes_on_where_it_was(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as first:
        wait_for(lambda: all(row["state"] == "ready" for row in first.children().values()), "every child")
        pids = [int(str(row["pid"])) for row in first.children().values()]
        site = enrol(first, tmp_path / "site", "Stays")
        page_file(home).write_text("a link that no browser took")
        assert first.stop() < 10
        assert not page_file(home).exists()
        for pid in pids:
            with pytest.raises(ProcessLookupError):
                os.kill(pid, 0)
    with running(home) as second:
        hello = {"protocol": "1.0", "software": "by hand", "bundle_sha256": bundle_sha256()}
        with site.client() as client:  # the same public port, the same trust
            assert client.post("/peer/v1/hello", json=hello).status_code == 200
        taken = subprocess.run(
            [sys.executable, "-P", "-m", "flomir", "orchestrator", "run", "--home", str(home), "--headless"],
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert taken.returncode == 1
        assert "Another daemon runs" in taken.stderr
        assert second.process.poll() is None


def test_a_killed_daemon_can_be_started_again_at_once_and_knows_its_sites(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as first:
        site = enrol(first, tmp_path / "site", "Stays")
        first.process.kill()
        first.process.wait(5)
        with running(home) as second:
            rows = second.call("GET", "/sites")["items"]
            assert isinstance(rows, list)
            assert [row["id"] for row in rows] == [site.site_id]
            with site.client() as client:
                hello = {"protocol": "1.0", "software": "by hand", "bundle_sha256": bundle_sha256()}
                assert client.post("/peer/v1/hello", json=hello).status_code == 200


def test_models_are_made_downloaded_uploaded_and_refused_when_they_do_not_fit(daemon: Running, tmp_path: Path) -> None:
    wanted = {"name": "First", "task": "brain-segmentation", "seed": 3}
    made = daemon.call("POST", "/models/initialise", wanted)
    headers = {"Authorization": f"Bearer {(daemon.home / 'api.token').read_text()}"}
    weights = httpx.get(f"{daemon.url}/api/v1/models/{made['id']}/weights", headers=headers, timeout=30).content
    assert len(weights) == made["size_bytes"]

    def upload(content: bytes, task: str) -> httpx.Response:
        return httpx.post(
            f"{daemon.url}/api/v1/models",
            headers=headers,
            data={"name": "Up", "task": task},
            files={"file": ("w.safetensors", content)},
            timeout=60,
        )

    good = upload(weights, "brain-segmentation")
    assert (good.status_code, good.json()["sha256"]) == (201, made["sha256"])
    for content, task in ((b"nonsense", "brain-segmentation"), (weights, "spect-reconstruction")):
        bad = upload(content, task)
        assert (bad.status_code, bad.json()["code"]) == (422, "model.invalid"), bad.text
    assert upload(weights, "no-such-task").json()["code"] == "task.unknown"
    assert not list((daemon.home / "models").glob(".*"))


def test_a_killed_worker_process_is_replaced_with_all_its_children(tmp_path: Path) -> None:
    home = tmp_path / "home"
    with running(home) as daemon:
        worker = int(json.loads((home / "daemon.json").read_text())["pid"])
        os.kill(worker, signal.SIGKILL)

        def is_back() -> bool:
            with suppress(httpx.HTTPError, ValueError):
                is_new = json.loads((home / "daemon.json").read_text())["pid"] != worker
                return is_new and daemon.children()["gateway"]["state"] == "ready"
            return False

        wait_for(is_back, "the worker to be replaced")
        assert daemon.stop() < 10
