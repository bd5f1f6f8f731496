"""The web server as a process: it survives clients that vanish, and ends in time whatever is open."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

DAEMON = """
import json, sys
from pathlib import Path
from flask import request
from fl_core.events import EventBus
from contributor.core import MIGRATIONS
from contributor.roles import ROLES
from fl_core.storage.database import open_database
from fl_core.storage.journal import Journal
from fl_core.web import application, realtime, serving
from fl_core.web.accounts import Accounts
from fl_core.web.logins import Logins
from fl_core.web.security import Gate, GateSettings

listener = serving.bind(0)
port = listener.getsockname()[1]
home = Path(sys.argv[1])

class Daemon:
    def __init__(self):
        app = application.create_app("t", title="t", version="1", upload_limit_bytes=1000)
        app.add_url_rule("/scans", "scans", lambda: str(len(request.get_data())), methods=["POST"])
        self.bus = EventBus()
        self.live = realtime.install(app, self.bus, origins=[f"http://127.0.0.1:{port}"])
        self.logins = Logins.of_home(home)
        database = open_database(":memory:", migrations=MIGRATIONS)
        accounts = Accounts(database=database, journal=Journal(database), roles=ROLES, valid_s=60)
        settings = GateSettings(port=port, max_age_s=60)
        self.wsgi = Gate(app.wsgi_app, settings=settings, logins=self.logins, accounts=accounts, side="Test")
    def start(self):
        print(json.dumps({"port": port, "token": self.logins.new_link_token()}), flush=True)
    def stop(self):
        realtime.disconnect_all(self.live)
        self.bus.close()
        (home / "stopped").write_text("yes")

serving.serve(listener, Daemon, threads=24)
"""
CLIENT = """
import socket, sys, time
port, token = sys.argv[1:]
lines = ["GET /socket.io/?EIO=4&transport=websocket HTTP/1.1", "Host: 127.0.0.1:" + port, "Connection: Upgrade",
         "Upgrade: websocket", "Sec-WebSocket-Version: 13", "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
         "Authorization: Bearer " + token, "", ""]
connection = socket.create_connection(("127.0.0.1", int(port)), timeout=10)
connection.sendall("\\r\\n".join(lines).encode())
assert b" 101 " in connection.recv(4000)
text = b"40/live,"
connection.sendall(bytes([0x81, 0x80 | len(text), 0, 0, 0, 0]) + text)
heard = b""
while b"hello" not in heard:
    heard += connection.recv(4000)
print("open", flush=True)
time.sleep(60)
"""


@contextmanager
def daemon(home: Path) -> Iterator[tuple["subprocess.Popen[str]", int, str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", DAEMON, str(home)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    assert process.stdout is not None
    try:
        line = json.loads(process.stdout.readline())
        yield process, int(line["port"]), (home / "api.token").read_text()
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        process.wait(5)
        process.stdout.close()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, str]]:
    """Give port and token of one daemon for the tests that only ask it something."""
    with daemon(tmp_path_factory.mktemp("served")) as (_, port, token):
        yield port, token


def _get(port: int, path: str, token: str = "") -> tuple[int, bytes]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    request = urllib.request.Request(f"http://127.0.0.1:{port}{path}", headers=headers)
    with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310 - loopback
        return int(answer.status), answer.read()


def _live(port: int, token: str, count: int) -> list["subprocess.Popen[str]"]:
    clients = [
        subprocess.Popen([sys.executable, "-c", CLIENT, str(port), token], stdout=subprocess.PIPE, text=True)
        for _ in range(count)
    ]
    for client in clients:
        assert client.stdout is not None
        assert client.stdout.readline() == "open\n"
    return clients


def _end(clients: list["subprocess.Popen[str]"]) -> None:
    for client in clients:
        client.kill()
    for client in clients:
        client.wait(5)
        assert client.stdout is not None
        client.stdout.close()


def test_a_dozen_live_sockets_killed_at_once_leave_a_server_that_serves_and_ends(tmp_path: Path) -> None:
    with daemon(tmp_path) as (process, port, token):
        _end(_live(port, token, 12))
        for _ in range(20):
            assert _get(port, "/health") == (200, b'{"ok": true}')
        begun = time.monotonic()
        process.terminate()
        assert process.wait(11) == 0
        assert time.monotonic() - begun < 10
        assert (tmp_path / "stopped").read_text() == "yes"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_server_within_ten_seconds_with_sockets_open(tmp_path: Path, number: signal.Signals) -> None:
    with daemon(tmp_path) as (process, port, token):
        clients = _live(port, token, 3)
        idle = socket.create_connection(("127.0.0.1", port), timeout=5)
        try:
            begun = time.monotonic()
            os.killpg(process.pid, number)  # as Ctrl-C does: to the whole group
            process.wait(11)
            assert time.monotonic() - begun < 10
            assert (tmp_path / "stopped").is_file()
        finally:
            idle.close()
            _end(clients)


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "REMOTE_USER", "REMOTE_ADDR", "X_Flomir_Gateway"])
def test_no_header_is_taken_for_what_a_server_in_front_would_say(served: tuple[int, str], name: str) -> None:
    port, _ = served
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        head = f"GET /peer/health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{name}: /peer\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(4000).startswith(b"HTTP/1.1 400 ")
    assert _get(port, "/health") == (200, b'{"ok": true}')


def test_no_header_changes_what_the_server_takes_for_its_own_scheme(served: tuple[int, str]) -> None:
    port, _ = served
    with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
        lies = "X-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off"  # both believed, they would contradict each other
        connection.sendall(f"GET /health HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{lies}\r\n\r\n".encode())
        assert connection.recv(4000).startswith(b"HTTP/1.1 200 ")


def test_a_body_over_the_limit_is_refused_in_our_words(served: tuple[int, str]) -> None:
    port, token = served
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}/scans", data=b"x" * 5000, headers={"Authorization": f"Bearer {token}"}
    )
    with pytest.raises(urllib.error.HTTPError) as caught:
        urllib.request.urlopen(request, timeout=5)  # noqa: S310 - loopback
    with caught.value as answer:
        assert answer.code == 413
        assert answer.headers["Content-Type"] == "application/problem+json"
