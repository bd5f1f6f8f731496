"""Real gateway and relay processes with recording servers behind them."""

import base64
import contextlib
import json
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fl_core.supervision.ports import free_ports
from fl_core.trust.authority import Authority
from fl_core.trust.identity import Key, spki_pem
from fl_core.trust.tls import client_context, enrol_context
from fl_core.trust.trusted import write_trusted
from tests.support.trust import Site, make_authority, make_site

SECRET = "gateway-secret-of-the-tests"
ENGINE = "engine-secret-of-the-tests"
MESSAGE = b"\x12\x03abc"
"""A serialised PullMessagesResponse with one (opaque) message."""
PULL, PUSH = "/v1/fleet/pull-messages", "/v1/fleet/push-object"


@dataclass
class Seen:
    """A request as the server behind the gateway saw it."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes


Behaviour = Callable[[Seen], tuple[int, bytes]]


class Upstream:
    """An HTTP server that records what it is asked and answers as told."""

    def __init__(self, behave: Behaviour | None = None, port: int = 0) -> None:
        self.seen: list[Seen] = []
        self.taken = 0
        """Connections so far: each is a thread, as with the daemon."""
        self.behave: Behaviour = behave or (lambda seen: (200, seen.body))
        outer = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def setup(self) -> None:
                outer.taken += 1
                super().setup()

            def _answer(self) -> None:
                body = self.rfile.read(int(self.headers.get("content-length", 0)))
                lower = {name.lower(): value for name, value in self.headers.items()}
                seen = Seen(self.command, self.path, lower, body)
                outer.seen.append(seen)
                status, answer = outer.behave(seen)
                with contextlib.suppress(OSError):
                    self.send_response(status)
                    self.send_header("Content-Type", "application/protobuf")
                    self.send_header("Content-Length", str(len(answer)))
                    self.end_headers()
                    self.wfile.write(answer)

            do_GET = do_POST = do_PUT = do_DELETE = _answer  # noqa: N815 - the base class dispatches by these names

            def log_message(self, format: str, *args: object) -> None:
                pass

        ThreadingHTTPServer.daemon_threads = True
        self._server = ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True)
        self._thread.start()

    def paths(self) -> list[str]:
        return [seen.path for seen in self.seen]

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)


@dataclass
class Process:
    """A gateway or relay process."""

    module: str
    config: Path
    ready: dict[str, object] = field(default_factory=dict)
    process: subprocess.Popen[str] | None = None

    def start(self) -> "Process":
        log = self.config.with_suffix(".log").open("a")
        self.process = subprocess.Popen(
            [sys.executable, "-P", "-m", self.module, "--config", str(self.config)],
            stdout=subprocess.PIPE,
            stderr=log,
            text=True,
            cwd=Path(__file__).parents[2],
            env={"PYTHONPATH": str(Path(__file__).parents[2]), "PYTHONWARNINGS": "default"},
        )
        log.close()
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            self.process.wait(10)
            self.process.stdout.close()
            raise AssertionError(self.log())
        self.ready = json.loads(line)
        self._keep_ports()
        return self

    def _keep_ports(self) -> None:
        """Note the ports that the first start was given, so that a restart takes them again."""
        config = json.loads(self.config.read_text())
        config["public_port" if "public_port" in config else "port"] = self.ready["port"]
        if "admin_port" in config:
            config["admin_port"] = self.ready["admin_port"]
        self.config.write_text(json.dumps(config))

    @property
    def port(self) -> int:
        return int(str(self.ready["port"]))

    def end(self, number: int = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        code = self.process.wait(10)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return code

    def log(self) -> str:
        return self.config.with_suffix(".log").read_text()


@dataclass
class Laboratory:
    """A gateway with a site that is trusted, the daemon's and the SuperLink's stand-ins behind it."""

    folder: Path
    authority: Authority
    api: Upstream
    superlink: Upstream
    gateway: Process

    @property
    def admin(self) -> str:
        return f"http://127.0.0.1:{self.gateway.ready['admin_port']}"

    @property
    def url(self) -> str:
        return f"https://127.0.0.1:{self.gateway.port}"

    def ask_admin(self, method: str, path: str, secret: str = SECRET) -> httpx.Response:
        return httpx.request(method, self.admin + path, headers={"Authorization": f"Bearer {secret}"}, timeout=5)

    def connections(self) -> list[dict[str, Any]]:
        """Return the gateway's open connections, as its status has them."""
        rows: list[dict[str, Any]] = self.ask_admin("GET", "/status").json()["connections"]
        return rows

    def trust(self, *sites: Site, revoked: tuple[str, ...] = ()) -> None:
        write_trusted(self.authority.paths.trusted, {site.fingerprint: site.site_id for site in sites}, revoked)

    def new_site(self, site_id: str) -> Site:
        return make_site(self.authority, self.folder / site_id, site_id)

    def client(self, site: Site | None = None, *, address: str = "127.0.0.1") -> httpx.Client:
        """Return a client that comes from a loopback address, with the certificate of a site or without any."""
        context = client_context(site.ca, site.cert, site.key_path) if site else enrol_context(self.authority.ca_pem)
        way = httpx.HTTPTransport(verify=context, trust_env=False, local_address=address)
        return httpx.Client(base_url=self.url, transport=way, timeout=20)

    def socket(self, site: Site | None = None) -> ssl.SSLSocket:
        context = client_context(site.ca, site.cert, site.key_path) if site else enrol_context(self.authority.ca_pem)
        raw = socket.create_connection(("127.0.0.1", self.gateway.port), timeout=10)
        return context.wrap_socket(raw, server_hostname="127.0.0.1")

    def restart_gateway(self) -> None:
        """Kill the gateway and start it again on the same ports."""
        self.gateway.end(signal.SIGKILL)
        self.gateway.start()

    def close(self) -> None:
        self.gateway.end()
        self.api.close()
        self.superlink.close()


@contextlib.contextmanager
def laboratory(folder: Path, *, hold_s: float = 5.0) -> Iterator[Laboratory]:
    """Run a gateway process in front of two recording servers."""
    authority = make_authority(folder / "laboratory")
    api, superlink = Upstream(), Upstream()
    config = folder / "gateway.json"
    paths, (public, admin) = authority.paths, free_ports(2)
    config.write_text(
        json.dumps(
            {
                "public_host": "127.0.0.1",
                "public_port": public,
                "cert": str(paths.orchestrator_cert),
                "key": str(paths.orchestrator_key),
                "ca": str(paths.ca_cert),
                "trusted_file": str(paths.trusted),
                "upstream_api": f"http://127.0.0.1:{api.port}",
                "upstream_fleet": f"http://127.0.0.1:{superlink.port}",
                "gateway_secret": SECRET,
                "engine_secret": ENGINE,
                "admin_port": admin,
                "hold_s": hold_s,
                "home": str(folder),
            }
        )
    )
    running = Laboratory(folder, authority, api, superlink, Process("fl_core.transport.gateway", config).start())
    try:
        yield running
    finally:
        running.close()


@contextlib.contextmanager
def relay(folder: Path, gateway_port: int, site: Site, *, answer_within_s: float = 10.0) -> Iterator[Process]:
    """Run a relay process of a site."""
    config = folder / f"relay-{site.site_id}.json"
    config.write_text(
        json.dumps(
            {
                "port": free_ports(1)[0],
                "gateway": f"127.0.0.1:{gateway_port}",
                "ca": str(site.ca),
                "cert": str(site.cert),
                "key": str(site.key_path),
                "public_key_pem": spki_pem(site.key.public_key()).decode(),
                "answer_within_s": answer_within_s,
                "home": str(folder),
            }
        )
    )
    process = Process("fl_core.transport.relay", config).start()
    try:
        yield process
    finally:
        if process.process is not None and process.process.poll() is None:
            process.end()


def signed_headers(key: Key, at: datetime | None = None) -> dict[str, str]:
    """Return the headers that flwr's SuperNode signs."""
    timestamp = (at or datetime.now(UTC)).isoformat()
    signature = key.sign(timestamp.encode("ascii"), ec.ECDSA(hashes.SHA256()))
    return {
        "flwr-public-key": base64.b64encode(spki_pem(key.public_key())).decode(),
        "flwr-timestamp": timestamp,
        "flwr-signature": base64.b64encode(signature).decode(),
        "content-type": "application/protobuf",
    }


def wait_until(condition: Callable[[], bool], timeout_s: float = 30.0) -> None:
    """Return as soon as the condition holds; fail after the time."""
    until = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < until, "the condition did not come true"
        time.sleep(0.01)


def code_of(response: httpx.Response) -> str:
    """Return the code of a refusal."""
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["code"])
