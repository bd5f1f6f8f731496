"""Promises about the daemon: light, guarded, described, and quick to end."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest
from werkzeug.test import Client

from fl_core.web.window import page_file
from tests.support.contributor import API_TOKEN, client_of, composed

ROOT = Path(__file__).parents[3]


def test_the_daemon_imports_neither_torch_nor_flwr_nor_readers_of_scans() -> None:
    program = (
        "import sys, contributor.commands, contributor.daemon, contributor.api as api\n"
        "api.describe()\n"
        "print(sorted(name for name in sys.modules if name.split('.')[0] in ('torch', 'flwr', 'monai', 'scipy', 'pydicom', 'nibabel')))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stdout.strip() == "[]"


def test_the_committed_description_is_the_one_of_the_routes() -> None:
    from contributor.api import describe
    from fl_core.web.application import openapi_text

    committed = (ROOT / "frontend" / "contributor" / "openapi.json").read_text("utf-8")
    assert openapi_text(describe()) == committed, "run: flomir contributor openapi > frontend/contributor/openapi.json"


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": f"Bearer {API_TOKEN}"}, 200),
        ({"Authorization": "Bearer wrong"}, 401),
        ({"Authorization": f"Bearer {API_TOKEN}", "Host": "evil.example"}, 421),
        ({"Authorization": f"Bearer {API_TOKEN}", "Origin": "http://evil.example"}, 403),
    ],
)
def test_only_the_signed_in_get_in(tmp_path: Path, headers: dict[str, str], status: int) -> None:
    with composed(tmp_path, port=4321) as daemon:
        given = {"Host": "127.0.0.1:4321", **headers}
        answer = Client(daemon.wsgi).get("/api/v1/system", headers=given)
        assert answer.status_code == status
        if status == 200:
            assert int(answer.headers["X-Flomir-Seq"]) > 0


def test_the_runners_hint_needs_its_token(tmp_path: Path) -> None:
    with composed(tmp_path, port=4321) as daemon:
        answer = Client(daemon.wsgi).post("/internal/v1/progress", headers={"Host": "127.0.0.1:4321"})
        assert answer.status_code == 403


def test_peers_have_no_way_in(tmp_path: Path) -> None:
    with composed(tmp_path, port=4321) as daemon:
        for path in ("/peer/v1/hello", "/enrol/v1/requests"):
            assert Client(daemon.wsgi).post(path, headers={"Host": "127.0.0.1:4321"}).status_code == 403


def test_a_fresh_home_is_not_enrolled_and_its_audit_is_whole(tmp_path: Path) -> None:
    with composed(tmp_path) as daemon:
        client: Any = client_of(daemon)
        assert client.get("/api/v1/enrolment").json["state"] == "not_enrolled"
        assert client.get("/api/v1/system").json["children"] == []
        assert client.get("/api/v1/audit/verify").json == {"ok": True, "rows": 0, "broken_at": None, "head": "0" * 64}


def test_sigterm_ends_the_daemon_within_ten_seconds_and_leaves_a_private_home(tmp_path: Path) -> None:
    home = tmp_path / "home"
    command = [sys.executable, "-P", "-m", "flomir", "contributor", "run", "--home", str(home), "--headless", "--json"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, cwd=ROOT)
    assert process.stdout is not None
    with process.stdout as stdout:
        ready = json.loads(stdout.readline())
        assert ready["ready"] is True
        assert ready["link"].startswith(ready["url"] + "/login?token=")
        assert Path(ready["api_token_file"]).stat().st_mode & 0o777 == 0o600
        assert home.stat().st_mode & 0o777 == 0o700
        unused = page_file(home)
        unused.write_text("a link that no browser took")
        began = time.monotonic()
        process.send_signal(signal.SIGTERM)
        process.wait(10)
        assert time.monotonic() - began < 10
        assert not unused.exists()
