"""What the gateway refuses and how much of the house one caller can hold, with real TLS on loopback."""

import asyncio
import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import httpx
import pytest

from contributor.peer_client import _problem
from fl_core.errors import FlomirError, PeerUnreachable
from fl_core.protocol import peer_api
from fl_core.transport import gateway
from fl_core.transport.config import GatewayConfig
from fl_core.transport.doorkeeper import MOST_UNKNOWN
from fl_core.transport.gateway import ALL_ENROL_POLLS, ENROL_POLLS, PEER_AT_ONCE, PEER_POLLS, SMALL_BODY_BYTES
from fl_core.trust.tls import client_context, enrol_context
from fl_core.trust.trusted import write_trusted
from tests.support.transport import (
    ENGINE,
    SECRET,
    Laboratory,
    Seen,
    Upstream,
    code_of,
    signed_headers,
    wait_until,
)
from tests.support.trust import Site, make_authority, make_site


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/v1/control/start-run",
        "/v1/runtime/x",
        "/v1/fleet/",
        "/v1/fleet/register-node",
        "/api/v1/sites",
        "/peer/v2/x",
        "/health",
    ],
)
def test_everything_else_is_not_there(lab: Laboratory, site: Site, path: str) -> None:
    with lab.client(site) as client:
        assert code_of(client.post(path, headers=signed_headers(site.key))) == "not_found"
    assert not lab.api.seen
    assert not lab.superlink.seen


@pytest.mark.parametrize(
    "head",
    [
        b"GET /peer/v1/../../api/v1/sites HTTP/1.1\r\nHost: x",
        b"GET /peer/v1/%2e%2e/api HTTP/1.1\r\nHost: x",
        b"GET /peer/v1//x HTTP/1.1\r\nHost: x",
        b"GET //peer/v1/x HTTP/1.1\r\nHost: x",
        b"GET http://127.0.0.1/peer/v1/x HTTP/1.1\r\nHost: x",
        b"GET /peer/v1/x\\y HTTP/1.1\r\nHost: x",
        b"CONNECT 127.0.0.1:22 HTTP/1.1\r\nHost: x",
        b"TRACE /peer/v1/x HTTP/1.1\r\nHost: x",
        b"POST /peer/v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked",
        b"POST /peer/v1/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nContent-Length: 3",
        b"POST /peer/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Length: 4",
        b"POST /peer/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: -3",
        b"POST /peer/v1/x HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\nContent-Encoding: gzip",
        b"GET /peer/v1/x HTTP/1.1\r\nHost: x\r\nHost: y",
        b"GET /peer/v1/x HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: upgrade",
        b"GET /peer/v1/x HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 20_000,
        b"GET /enrol/v1/login HTTP/1.1\r\nHost: x\r\nSCRIPT_NAME: /enrol/v1",
        b"GET /enrol/v1/login HTTP/1.1\r\nHost: x\r\nx_flomir_site: site-x",
        b"\x16\x03\x01 nonsense",
    ],
)
def test_malformed_requests_get_400_and_reach_nobody(lab: Laboratory, site: Site, head: bytes) -> None:
    with lab.socket(site) as connection:
        connection.sendall(head + b"\r\n\r\n")
        answer = connection.recv(65_536)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.0 400"))
    assert not lab.api.seen


def test_bodies_stream_in_both_directions(lab: Laboratory, site: Site) -> None:
    content = bytes(range(256)) * 4 * 8192  # 8 MiB
    with lab.client(site) as client:
        response = client.post("/peer/v1/models", content=content)
    assert response.content == content


def test_too_large_bodies_are_refused_before_they_are_read(lab: Laboratory, site: Site) -> None:
    with lab.socket(site) as connection:
        connection.sendall(b"POST /enrol/v1/requests HTTP/1.1\r\nHost: x\r\nContent-Length: 70000\r\n\r\n")
        assert b" 413 " in connection.recv(65_536).split(b"\r\n")[0]
    with lab.client(site) as client:
        assert client.post("/peer/v1/x", content=b"a" * 70_000).status_code == 200


def test_a_stranger_that_trickles_holds_the_gateway_only(lab: Laboratory) -> None:
    with lab.socket() as connection, lab.client() as client:
        connection.sendall(b"POST /enrol/v1/slow HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        assert client.get("/enrol/v1/requests/x").status_code == 200
        assert [seen.path for seen in lab.api.seen] == ["/enrol/v1/requests/x"]
        connection.sendall(b"cd")
        assert b" 200 " in connection.recv(65_536).split(b"\r\n")[0]
    assert [(seen.path, seen.body) for seen in lab.api.seen][1:] == [("/enrol/v1/slow", b"abcd")]


def test_a_site_that_trickles_holds_the_gateway_only(lab: Laboratory, site: Site) -> None:
    other = lab.new_site("site-dddddddddddd")
    lab.trust(site, other)
    lab.ask_admin("POST", "/reload").raise_for_status()
    before = lab.api.taken
    with ExitStack() as held, lab.client(other) as client:
        slow = [held.enter_context(lab.socket(site)) for _ in range(70)]
        for connection in slow:
            connection.sendall(b"POST /peer/v1/hello HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\nab")
        assert client.post("/peer/v1/hello", content=b"1").status_code == 200
        assert ([seen.body for seen in lab.api.seen], lab.api.taken - before) == ([b"1"], 1)
        slow[0].sendall(b"cd")
        assert b" 200 " in slow[0].recv(65_536).split(b"\r\n")[0]
    assert [seen.body for seen in lab.api.seen] == [b"1", b"abcd"]


def test_a_route_of_small_bodies_takes_no_large_one(lab: Laboratory, site: Site) -> None:
    for path in (peer_api.HELLO, peer_api.SUMMARY, peer_api.EVENTS, peer_api.LEAVE):
        with lab.socket(site) as connection:
            head = f"POST {path}?x=1 HTTP/1.1\r\nHost: x\r\nContent-Length: {SMALL_BODY_BYTES + 1}\r\n\r\n"
            connection.sendall(head.encode())
            assert b" 413 " in connection.recv(65_536).split(b"\r\n")[0]
    with lab.client(site) as client:
        whole = client.post(peer_api.SUMMARY, content=b"a" * SMALL_BODY_BYTES)
    assert (whole.status_code, len(whole.content)) == (200, SMALL_BODY_BYTES)
    assert len(lab.api.seen) == 1


def held_at(lab: Laboratory, path: str, site: Site | None = None) -> threading.Event:
    """Let the daemon answer requests for a path (of one site, if given) only once the returned event is set."""
    answering = threading.Event()

    def behave(seen: Seen) -> tuple[int, bytes]:
        if seen.path == path and (site is None or seen.headers.get("x-flomir-site") == site.site_id):
            answering.wait(20)
        return 200, b"x"

    lab.api.behave = behave
    return answering


@pytest.mark.parametrize(
    ("path", "most", "beside"),
    [
        (peer_api.PROGRESS, PEER_AT_ONCE, peer_api.EVENTS),
        ("/peer/v1/models/a/weights", PEER_AT_ONCE, peer_api.EVENTS),
        (peer_api.EVENTS + "?after=0&wait_s=20", PEER_POLLS, peer_api.HELLO),
    ],
)
def test_the_daemon_answers_so_many_requests_of_one_site_at_a_time(
    lab: Laboratory, site: Site, path: str, most: int, beside: str
) -> None:
    other = lab.new_site("site-eeeeeeeeeeee")
    lab.trust(site, other)
    lab.ask_admin("POST", "/reload").raise_for_status()
    answering = held_at(lab, path, site)
    with lab.client(site) as client, lab.client(other) as stranger, ThreadPoolExecutor(most + 4) as pool:
        asked = [pool.submit(client.get, path) for _ in range(most + 4)]
        try:
            wait_until(lambda: lab.api.paths().count(path) >= most)
            assert stranger.get(path).status_code == 200
            assert client.get(beside).status_code == 200
            assert [seen.headers["x-flomir-site"] for seen in lab.api.seen if seen.path == path].count(
                site.site_id
            ) == most
        finally:
            answering.set()
        assert {one.result().status_code for one in asked} == {200}


def test_strangers_of_one_address_hold_a_part_of_the_daemon_only(lab: Laboratory, site: Site) -> None:
    answering = held_at(lab, path := "/enrol/v1/requests/e?wait_s=20")
    with lab.client() as client, ThreadPoolExecutor(ENROL_POLLS + 4) as pool:
        asked = [pool.submit(client.get, path) for _ in range(ENROL_POLLS + 4)]
        try:
            wait_until(lambda: lab.api.paths().count(path) >= ENROL_POLLS)
            assert client.post("/enrol/v1/requests", content=b"{}").status_code == 200
            assert lab.api.paths().count(path) == ENROL_POLLS
        finally:
            answering.set()
        assert {one.result().status_code for one in asked} == {200}


def test_strangers_of_many_addresses_hold_a_part_of_the_daemon_only(lab: Laboratory, site: Site) -> None:
    answering = held_at(lab, path := "/enrol/v1/requests/e?wait_s=20")
    each, addresses = ENROL_POLLS // 2, [f"127.0.0.{number}" for number in range(2, 7)]
    assert each * len(addresses) > ALL_ENROL_POLLS
    with ExitStack() as held, ThreadPoolExecutor(each * len(addresses)) as pool, lab.client(site) as known:
        clients = [held.enter_context(lab.client(address=address)) for address in addresses]
        asked = [pool.submit(client.get, path) for client in clients for _ in range(each)]
        try:
            wait_until(lambda: lab.api.paths().count(path) >= ALL_ENROL_POLLS)
            assert known.get("/peer/v1/events").status_code == 200
            assert clients[-1].post("/enrol/v1/requests", content=b"{}").status_code == 200
            assert lab.api.paths().count(path) == ALL_ENROL_POLLS
        finally:
            answering.set()
        assert {one.result().status_code for one in asked} == {200}


def test_whoever_waited_long_enough_is_told_to_come_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PLACE_WAIT_S", 0.2)
    authority = make_authority(tmp_path)
    paths, site = authority.paths, make_site(authority, tmp_path, "site-aaaaaaaaaaaa")
    write_trusted(paths.trusted, {site.fingerprint: site.site_id}, ())
    answering = threading.Event()
    api = Upstream(lambda _seen: (200, b"x" if answering.wait(20) else b""))
    config = GatewayConfig(
        public_host="127.0.0.1", public_port=0, admin_port=0, cert=paths.orchestrator_cert, key=paths.orchestrator_key,
        ca=paths.ca_cert, trusted_file=paths.trusted, upstream_api=f"http://127.0.0.1:{api.port}",
        upstream_fleet="http://127.0.0.1:1", gateway_secret=SECRET, engine_secret=ENGINE,
    )  # fmt: skip

    async def crowd() -> tuple[FlomirError, set[int]]:
        door = gateway.Gateway(config)
        port = (await door.start())["port"]
        context = client_context(site.ca, site.cert, site.key_path)
        limits = httpx.Limits(max_connections=None)
        async with httpx.AsyncClient(
            base_url=f"https://127.0.0.1:{port}", verify=context, trust_env=False, timeout=20, limits=limits
        ) as client:
            asked = [asyncio.create_task(client.get(peer_api.PROGRESS)) for _ in range(PEER_AT_ONCE + 1)]
            try:
                first, rest = await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
                answering.set()
                refused = first.pop().result()
                return _problem(refused), {(await one).status_code for one in rest}
            finally:
                answering.set()
                await door.stop()

    try:
        error, rest = asyncio.run(crowd())
    finally:
        api.close()
    assert isinstance(error, PeerUnreachable)  # which a site's uplink tries again, keeping what it wanted to say
    assert rest == {200}


def closed_at_once(connection: socket.socket) -> bool:
    """Tell whether the other side hung up without a word."""
    connection.settimeout(0.3)
    try:
        return connection.recv(1) == b""
    except ConnectionError:
        return True
    except TimeoutError:
        return False


def test_one_address_cannot_fill_the_house_with_silent_connections(lab: Laboratory, site: Site) -> None:
    lab.trust(site)
    with ExitStack() as held:
        shaken = [held.enter_context(lab.socket()) for _ in range(MOST_UNKNOWN // 2)]
        port = lab.gateway.port
        raw = [
            held.enter_context(socket.create_connection(("127.0.0.1", port), timeout=5)) for _ in range(MOST_UNKNOWN)
        ]
        wait_until(lambda: [closed_at_once(one) for one in raw].count(True) == MOST_UNKNOWN - len(shaken), 10)
        with (
            socket.create_connection(("127.0.0.1", port), timeout=5, source_address=("127.0.0.2", 0)) as beside,
            enrol_context(lab.authority.ca_pem).wrap_socket(beside, server_hostname="127.0.0.1") as other,
        ):
            other.sendall(b"GET /enrol/v1/requests/x HTTP/1.1\r\nHost: x\r\n\r\n")
            assert other.recv(100).startswith(b"HTTP/1.1 200")
    wait_until(lambda: not lab.connections())
    with lab.client() as client:  # they have left
        assert client.get("/enrol/v1/requests/x").status_code == 200


def test_a_site_that_is_known_may_come_as_often_as_it_likes(lab: Laboratory, site: Site) -> None:
    with ExitStack() as held, lab.client() as stranger:
        for _ in range(MOST_UNKNOWN + 8):
            held.enter_context(lab.socket(site))
        assert len(lab.connections()) == MOST_UNKNOWN + 8
        assert stranger.get("/enrol/v1/requests/x").status_code == 200


def test_a_probe_is_cut_off_after_a_while_however_it_trickles(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "PROBE_S", 0.5)
    authority = make_authority(tmp_path)
    paths = authority.paths
    config = GatewayConfig(
        public_host="127.0.0.1", public_port=0, admin_port=0, cert=paths.orchestrator_cert, key=paths.orchestrator_key,
        ca=paths.ca_cert, trusted_file=paths.trusted, upstream_api="http://127.0.0.1:1",
        upstream_fleet="http://127.0.0.1:1", gateway_secret=SECRET, engine_secret=ENGINE,
    )  # fmt: skip

    async def trickle() -> bytes:
        door = gateway.Gateway(config)
        ready = await door.start()
        try:
            reader, writer = await asyncio.open_connection(
                "127.0.0.1", int(str(ready["port"])), ssl=enrol_context(authority.ca_pem), server_hostname="127.0.0.1"
            )
            writer.write(b"POST /enrol/v1/probe HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
            answer = asyncio.create_task(reader.read())
            for _ in range(40):
                writer.write(b"x")
                await asyncio.sleep(0.05)
            writer.close()
            return await asyncio.wait_for(answer, 5)
        finally:
            await door.stop()

    assert b'"peer.unreachable"' in asyncio.run(trickle())


def test_strangers_are_slowed_down_at_the_enrolment_door(lab: Laboratory) -> None:
    with lab.client() as client:
        first = client.get("/enrol/v1/requests/x").status_code
        refused = any(client.get("/enrol/v1/requests/x").status_code == 429 for _ in range(300))
    assert (first, refused) == (200, True)
