"""The relay as a process between flwr-signed requests and a real gateway."""

import json
import signal
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from fl_core.transport.fleet import STORED
from fl_core.trust.identity import generate_key
from tests.support.transport import (
    MESSAGE,
    PULL,
    PUSH,
    Laboratory,
    Process,
    Seen,
    laboratory,
    relay,
    signed_headers,
    wait_until,
)
from tests.support.trust import Site


class Way:
    """A laboratory, and a relay of a trusted site."""

    def __init__(self, lab: Laboratory, process: Process, site: Site) -> None:
        self.lab, self.relay, self.site = lab, process, site

    def client(self) -> httpx.Client:
        return httpx.Client(base_url=f"http://127.0.0.1:{self.relay.port}", timeout=40, trust_env=False)

    def post(self, path: str, body: bytes = b"x") -> httpx.Response:
        with self.client() as client:
            return client.post(path, headers=signed_headers(self.site.key), content=body)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("relay")


@pytest.fixture(scope="module")
def running(folder: Path) -> Iterator[Way]:
    with laboratory(folder, hold_s=5.0) as lab:
        site = lab.new_site("site-aaaaaaaaaaaa")
        with relay(folder, lab.gateway.port, site, answer_within_s=24.0) as process:
            yield Way(lab, process, site)


@pytest.fixture
def way(running: Way) -> Way:
    running.lab.trust(running.site)
    running.lab.ask_admin("POST", "/reload").raise_for_status()
    running.lab.superlink.behave = lambda seen: (200, seen.body)
    running.post("/v1/fleet/get-run")  # shows that the last message of the test before has arrived
    running.lab.superlink.seen.clear()
    return running


def test_a_signed_call_reaches_the_superlink_and_comes_back(way: Way) -> None:
    response = way.post("/v1/fleet/get-run", b"run 7")
    assert (response.status_code, response.content) == (200, b"run 7")
    assert response.headers["content-type"] == "application/protobuf"
    assert "x-flomir-request-id" not in way.lab.superlink.seen[0].headers
    with way.client() as client:
        assert client.get("/health").json()["gateway"] == "connected"


def test_one_tls_connection_serves_many_calls(way: Way) -> None:
    for number in range(10):
        way.post("/v1/fleet/get-run", str(number).encode())
    mine = [c for c in way.lab.ask_admin("GET", "/status").json()["connections"] if c["site_id"]]
    assert len(mine) == 1


def test_only_the_sites_own_fresh_signature_is_served(way: Way) -> None:
    good = signed_headers(way.site.key)
    old = signed_headers(way.site.key, datetime.now(UTC) - timedelta(seconds=90))
    ahead = signed_headers(way.site.key, datetime.now(UTC) + timedelta(seconds=90))
    mixed = {**good, "flwr-timestamp": datetime.now(UTC).isoformat()}
    naive = {**good, "flwr-timestamp": datetime.now().isoformat()}  # noqa: DTZ005 - the promise under test
    missing = {name: value for name, value in good.items() if name != "flwr-signature"}
    with way.client() as client:
        for headers in ({}, signed_headers(generate_key()), old, ahead, mixed, naive, missing):
            response = client.post("/v1/fleet/get-run", headers=headers, content=b"x")
            assert (response.status_code, response.json()["code"]) == (403, "trust.refused")
    assert not way.lab.superlink.seen


@pytest.mark.parametrize("path", ["/", "/peer/v1/events", "/v1/control/start-run", "/v1/fleet/register-node"])
def test_nothing_but_the_fleet_api_is_served(way: Way, path: str) -> None:
    assert way.post(path).status_code == 404
    assert not way.lab.superlink.seen


def test_a_wake_at_the_gateway_reaches_a_held_pull_at_once(way: Way) -> None:
    box = {"body": b""}
    way.lab.superlink.behave = lambda seen: (200, box["body"])
    with ThreadPoolExecutor(1) as pool:
        pull = pool.submit(way.post, PULL)
        wait_until(lambda: way.lab.ask_admin("GET", "/status").json()["held"] == 1)
        box["body"] = MESSAGE
        rung_at = time.monotonic()
        way.lab.ask_admin("POST", "/wake")
        assert pull.result(5).content == MESSAGE
    assert time.monotonic() - rung_at < 0.8


def test_a_supernode_that_ends_its_pull_ends_it_at_the_gateway_too(way: Way) -> None:
    way.lab.superlink.behave = lambda seen: (200, b"")
    with way.client() as client, pytest.raises(httpx.ReadTimeout):
        client.post(PULL, headers=signed_headers(way.site.key), content=b"n", timeout=httpx.Timeout(20, read=0.5))
    wait_until(lambda: way.lab.ask_admin("GET", "/status").json()["held"] == 0, 3)


def test_a_gateway_killed_during_an_upload_costs_nothing(way: Way) -> None:
    executed: list[bytes] = []
    stuck = threading.Event()

    def once(seen: Seen) -> tuple[int, bytes]:
        first = not executed
        executed.append(seen.body)
        if first:
            stuck.wait(30)
        return 200, STORED if first else b""

    way.lab.superlink.behave = once
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(way.post, PUSH, b"chunk" * 1000)
        wait_until(lambda: len(executed) == 1)
        way.lab.restart_gateway()
        stuck.set()
        response = upload.result(40)
    assert (response.status_code, response.content) == (200, STORED)


def test_a_relay_killed_during_an_upload_costs_nothing(way: Way) -> None:
    release = threading.Event()
    executed: list[bytes] = []

    def slow(seen: Seen) -> tuple[int, bytes]:
        executed.append(seen.body)
        release.wait(10)
        return 200, STORED if len(executed) == 1 else b""

    way.lab.superlink.behave = slow
    with ThreadPoolExecutor(1) as pool:
        upload = pool.submit(way.post, PUSH, b"another chunk")
        wait_until(lambda: len(executed) == 1)
        way.relay.end(signal.SIGKILL)
        assert isinstance(upload.exception(5), httpx.TransportError)
    way.relay.start()
    release.set()
    assert way.post(PUSH, b"another chunk").content == STORED  # as the SuperNode repeats it
    assert len(executed) == 1


def test_a_message_in_a_killed_relay_is_given_again(way: Way) -> None:
    answers = iter([MESSAGE])
    way.lab.superlink.behave = lambda seen: (200, next(answers, b""))
    assert way.post(PULL).content == MESSAGE
    way.relay.end(signal.SIGKILL)
    way.relay.start()
    assert way.post(PULL).content == MESSAGE


def test_an_upload_slower_than_the_supernode_waits_goes_on_in_the_background(folder: Path, way: Way) -> None:
    executed: list[bytes] = []
    release = threading.Event()

    def slow(seen: Seen) -> tuple[int, bytes]:
        executed.append(seen.body)
        release.wait(10)
        return 200, STORED

    way.lab.superlink.behave = slow
    other_folder = folder / "slow"
    other_folder.mkdir()
    with relay(other_folder, way.lab.gateway.port, way.site, answer_within_s=0.5) as process:
        impatient = Way(way.lab, process, way.site)
        first = impatient.post(PUSH, b"large")
        assert (first.status_code, first.json()["code"]) == (503, "peer.unreachable")
        release.set()
        wait_until(lambda: impatient.post(PUSH, b"large").status_code == 200)
    assert len(executed) == 1


def test_a_refused_certificate_is_not_shown_to_the_supernode(folder: Path, way: Way) -> None:
    way.lab.trust()
    way.lab.ask_admin("POST", "/reload")
    other_folder = folder / "refused"
    other_folder.mkdir()
    with relay(other_folder, way.lab.gateway.port, way.site, answer_within_s=1.0) as process:
        refused = Way(way.lab, process, way.site)
        assert refused.post("/v1/fleet/get-run").status_code == 503
        begun = time.monotonic()
        assert refused.post("/v1/fleet/deactivate-node").status_code == 503
        assert time.monotonic() - begun < 1.5  # a farewell that is refused is not repeated for its 2 s
        with refused.client() as client:
            state = client.get("/health").json()
        assert (state["gateway"], state["code"]) == ("refused", "trust.unknown_certificate")
        way.lab.trust(way.site)
        way.lab.ask_admin("POST", "/reload")
        wait_until(lambda: refused.post("/v1/fleet/get-run").status_code == 200)  # it tries again by itself


def test_no_gateway_is_a_503_in_time_and_it_goes_on_by_itself(folder: Path, way: Way) -> None:
    way.lab.gateway.end(signal.SIGKILL)
    other_folder = folder / "alone"
    other_folder.mkdir()
    try:
        with relay(other_folder, way.lab.gateway.port, way.site, answer_within_s=1.0) as process:
            alone = Way(way.lab, process, way.site)
            begun = time.monotonic()
            assert alone.post(PULL).status_code == 503
            assert time.monotonic() - begun < 3
            way.lab.gateway.start()
            wait_until(lambda: alone.post("/v1/fleet/get-run").status_code == 200)
    finally:
        if way.lab.gateway.process is not None and way.lab.gateway.process.poll() is not None:
            way.lab.gateway.start()


def test_it_ends_on_sigterm_and_logs_json(way: Way) -> None:
    assert way.relay.end(signal.SIGTERM) == 0
    assert all(json.loads(line)["process"] == "relay" for line in way.relay.log().splitlines())
    assert "Traceback" not in way.relay.log()
    way.relay.start()


def test_flwrs_own_client_is_understood(way: Way) -> None:
    """Contract with flwr 1.41: header names, signature scheme and the message field that a pull is held for."""
    node_auth = pytest.importorskip("flwr.supernode.node_auth_http_interceptor")
    fleet_client = pytest.importorskip("flwr.supernode.fleet_http_client")
    fleet_pb2 = pytest.importorskip("flwr.proto.fleet_pb2")
    message_pb2 = pytest.importorskip("flwr.proto.message_pb2")
    answer = fleet_pb2.PullMessagesResponse(messages_list=[message_pb2.Message()])
    way.lab.superlink.behave = lambda seen: (200, answer.SerializeToString())
    with fleet_client.FleetHttpClient.from_server_address(
        f"127.0.0.1:{way.relay.port}",
        True,
        None,
        interceptors=[node_auth.NodeAuthHttpInterceptor(way.site.key, way.site.key.public_key())],
    ) as client:
        assert len(client.PullMessages(fleet_pb2.PullMessagesRequest()).messages_list) == 1
    assert message_pb2.PushObjectResponse(stored=True).SerializeToString() == STORED
