"""The gateway as a process, with real TLS on loopback."""

import asyncio
import json
import signal
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import httpx
import pytest

from contributor.peer_client import _problem
from fl_core.errors import FlomirError, PeerUnreachable
from fl_core.protocol import peer_api
from fl_core.transport import gateway
from fl_core.transport.config import GatewayConfig
from fl_core.transport.doorkeeper import MOST_UNKNOWN
from fl_core.transport.fleet import STORED
from fl_core.transport.gateway import ENROL_POLLS, PEER_AT_ONCE, PEER_POLLS, SMALL_BODY_BYTES
from fl_core.trust.tls import client_context, enrol_context
from fl_core.trust.trusted import write_trusted
from tests.support.transport import (
    ENGINE,
    MESSAGE,
    SECRET,
    Laboratory,
    Seen,
    Upstream,
    laboratory,
    signed_headers,
    wait_until,
)
from tests.support.trust import Site, make_authority, make_site

PULL = "/v1/fleet/pull-messages"
PUSH = "/v1/fleet/push-object"
ARRIVAL, FAREWELL = "/v1/fleet/activate-node", "/v1/fleet/deactivate-node"


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Laboratory]:
    with laboratory(tmp_path_factory.mktemp("gateway")) as lab:
        yield lab


@pytest.fixture(scope="module")
def site(running: Laboratory) -> Site:
    return running.new_site("site-aaaaaaaaaaaa")


@pytest.fixture
def lab(running: Laboratory, site: Site) -> Laboratory:
    running.trust(site)
    running.ask_admin("POST", "/reload").raise_for_status()
    for server in (running.api, running.superlink):
        server.seen.clear()
        server.behave = lambda seen: (200, seen.body)
    return running


def code_of(response: httpx.Response) -> str:
    assert response.headers["content-type"] == "application/problem+json"
    return str(response.json()["code"])


def test_enrolment_needs_no_certificate(lab: Laboratory) -> None:
    with lab.client() as client:
        response = client.post("/enrol/v1/requests?x=1", content=b"hello")
    assert (response.status_code, response.content) == (200, b"hello")
    seen = lab.api.seen[0]
    assert (seen.path, seen.headers["x-flomir-gateway"]) == ("/enrol/v1/requests?x=1", SECRET)
    assert "x-flomir-fingerprint" not in seen.headers


def test_the_peer_api_sees_who_asks_and_cannot_be_told_otherwise(lab: Laboratory, site: Site) -> None:
    lies = {"X-Flomir-Site": "site-evil", "X-Flomir-Fingerprint": "0" * 64, "X-Flomir-Gateway": "guess"}
    hops = {"Connection": "keep-alive, X-Secret", "X-Secret": "1", "X-Forwarded-For": "1.2.3.4", "Cookie": "a=b"}
    with lab.client(site) as client:
        assert client.get("/peer/v1/events", headers={**lies, **hops, "Accept": "text/plain"}).status_code == 200
    headers = lab.api.seen[0].headers
    assert headers["x-flomir-site"] == site.site_id
    assert headers["x-flomir-fingerprint"] == site.fingerprint
    assert headers["x-flomir-gateway"] == SECRET
    assert headers["accept"] == "text/plain"
    assert not {"x-secret", "x-forwarded-for", "cookie"} & set(headers)


def test_the_peer_api_is_closed_without_a_certificate(lab: Laboratory) -> None:
    with lab.client() as client:
        assert code_of(client.get("/peer/v1/events")) == "trust.refused"
        assert code_of(client.post(PULL)) == "trust.refused"
    assert not lab.api.seen
    assert not lab.superlink.seen


def test_a_certificate_that_nobody_approved_is_refused(lab: Laboratory) -> None:
    stranger = lab.new_site("site-cccccccccccc")
    with lab.client(stranger) as client:
        response = client.get("/peer/v1/events")
    assert (response.status_code, code_of(response)) == (403, "trust.unknown_certificate")
    assert not lab.api.seen


def test_another_authoritys_certificate_ends_the_handshake(lab: Laboratory, tmp_path: Path) -> None:
    foreign = make_site(make_authority(tmp_path), tmp_path, "site-aaaaaaaaaaaa")
    foreign.ca.write_text(lab.authority.ca_pem)
    with lab.client(foreign) as client, pytest.raises(httpx.TransportError):
        client.get("/peer/v1/events")
    assert not lab.api.seen


def test_a_site_does_not_talk_to_another_authoritys_gateway(lab: Laboratory, tmp_path: Path) -> None:
    foreign = make_site(make_authority(tmp_path), tmp_path)
    with lab.client(foreign) as client, pytest.raises(httpx.ConnectError, match="certificate verify failed"):
        client.get("/peer/v1/events")


def test_older_tls_is_refused(lab: Laboratory) -> None:
    context = ssl.create_default_context(cadata=lab.authority.ca_pem)
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{lab.url}/enrol/v1/x", verify=context, trust_env=False)


def test_the_flower_key_must_be_the_certificates_key(lab: Laboratory, site: Site, tmp_path: Path) -> None:
    other = lab.new_site("site-dddddddddddd")
    with lab.client(site) as client:
        for headers in ({}, {"flwr-public-key": "no"}, signed_headers(other.key)):
            response = client.post("/v1/fleet/get-run", headers=headers, content=b"x")
            assert (response.status_code, code_of(response)) == (403, "trust.refused")
        assert not lab.superlink.seen
        response = client.post("/v1/fleet/get-run", headers=signed_headers(site.key), content=b"x")
    assert (response.status_code, response.content) == (200, b"x")
    assert lab.superlink.seen[0].headers["flwr-signature"]
    assert "x-flomir-gateway" not in lab.superlink.seen[0].headers


def test_the_superlink_sees_the_gateways_secret_whatever_the_site_says(lab: Laboratory, site: Site) -> None:
    headers = {**signed_headers(site.key), "X-Flomir-Engine": "guess"}
    with lab.client(site) as client:
        assert client.post("/v1/fleet/get-run", headers=headers, content=b"x").status_code == 200
        assert client.get("/peer/v1/x", headers=headers).status_code == 200
    assert lab.superlink.seen[0].headers["x-flomir-engine"] == ENGINE
    assert "x-flomir-engine" not in lab.api.seen[0].headers


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
    answering = threading.Event()

    def behave(seen: Seen) -> tuple[int, bytes]:
        if seen.path == path and seen.headers["x-flomir-site"] == site.site_id:
            answering.wait(20)
        return 200, b"x"

    lab.api.behave = behave
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
    answering = threading.Event()
    path = "/enrol/v1/requests/e?wait_s=20"

    def behave(seen: Seen) -> tuple[int, bytes]:
        if seen.path == path:
            answering.wait(20)
        return 200, b"x"

    lab.api.behave = behave
    with lab.client() as client, ThreadPoolExecutor(ENROL_POLLS + 4) as pool:
        asked = [pool.submit(client.get, path) for _ in range(ENROL_POLLS + 4)]
        try:
            wait_until(lambda: lab.api.paths().count(path) >= ENROL_POLLS)
            assert client.post("/enrol/v1/requests", content=b"{}").status_code == 200
            assert lab.api.paths().count(path) == ENROL_POLLS
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
    wait_until(lambda: not _connections(lab))
    with lab.client() as client:  # they have left
        assert client.get("/enrol/v1/requests/x").status_code == 200


def test_a_site_that_is_known_may_come_as_often_as_it_likes(lab: Laboratory, site: Site) -> None:
    with ExitStack() as held, lab.client() as stranger:
        for _ in range(MOST_UNKNOWN + 8):
            held.enter_context(lab.socket(site))
        assert len(_connections(lab)) == MOST_UNKNOWN + 8
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


def test_the_admin_port_wants_the_secret(lab: Laboratory) -> None:
    for path in ("/reload", "/wake"):
        assert lab.ask_admin("POST", path, secret="guess").status_code == 403
    assert lab.ask_admin("GET", "/status").json()["held"] == 0


def test_a_pull_is_held_until_the_wake_and_then_answered_at_once(lab: Laboratory, site: Site) -> None:
    box = {"body": b""}
    lab.superlink.behave = lambda seen: (200, box["body"])
    with ThreadPoolExecutor(1) as pool, lab.client(site) as client:
        pull = pool.submit(client.post, PULL, headers=signed_headers(site.key), content=b"n")
        wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 1)
        assert not pull.done()
        box["body"] = MESSAGE
        rung_at = time.monotonic()
        lab.ask_admin("POST", "/wake").raise_for_status()
        assert pull.result(5).content == MESSAGE
    assert time.monotonic() - rung_at < 0.8


def test_a_pull_without_message_ends_after_the_holding_time(lab: Laboratory, site: Site) -> None:
    lab.superlink.behave = lambda seen: (200, b"\x0a\x02\x08\x05")  # only `reconnect`
    begun = time.monotonic()
    with lab.client(site) as client:
        response = client.post(PULL, headers=signed_headers(site.key), content=b"n")
    assert response.content == b"\x0a\x02\x08\x05"
    assert 4.5 < time.monotonic() - begun < 8
    assert len(lab.superlink.seen) < 10


def test_revocation_ends_a_held_pull_within_five_seconds(lab: Laboratory, site: Site) -> None:
    lab.superlink.behave = lambda seen: (200, b"")
    with ThreadPoolExecutor(1) as pool, lab.client(site) as client:
        pull = pool.submit(client.post, PULL, headers=signed_headers(site.key), content=b"n")
        wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 1)
        lab.trust(revoked=(site.fingerprint,))
        revoked_at = time.monotonic()
        lab.ask_admin("POST", "/reload").raise_for_status()  # or the gateway noticed the list by itself before
        with pytest.raises(httpx.TransportError):
            pull.result(5)
        assert time.monotonic() - revoked_at < 2
    wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 0, 3)
    with lab.client(site) as client:
        assert code_of(client.get("/peer/v1/events")) == "trust.revoked"


def test_a_replaced_list_is_noticed_without_a_reload(lab: Laboratory, site: Site) -> None:
    with lab.client(site) as client:
        assert client.get("/peer/v1/x").status_code == 200
        lab.trust()
        wait_until(lambda: not any(c["site_id"] for c in lab.ask_admin("GET", "/status").json()["connections"]))
        assert code_of(client.get("/peer/v1/x")) == "trust.unknown_certificate"


def test_a_damaged_list_changes_nothing(lab: Laboratory, site: Site) -> None:
    lab.authority.paths.trusted.write_text("{")
    lab.ask_admin("POST", "/reload")
    with lab.client(site) as client:
        assert client.get("/peer/v1/x").status_code == 200


def test_a_repeated_upload_is_carried_out_once(lab: Laboratory, site: Site) -> None:
    counter = iter(range(100))
    lab.superlink.behave = lambda seen: (200, b"\x08\x01" if next(counter) == 0 else b"")
    headers = {**signed_headers(site.key), "X-Flomir-Request-Id": "upload-1"}
    with lab.client(site) as client:
        answers = {client.post(PUSH, headers=headers, content=b"chunk").content for _ in range(3)}
        assert answers == {STORED}
        assert len(lab.superlink.seen) == 1
        client.post(PUSH, headers={**headers, "X-Flomir-Request-Id": "upload-2"}, content=b"other")
    assert len(lab.superlink.seen) == 2


def test_an_upload_whose_answer_was_lost_is_carried_out_once(lab: Laboratory, site: Site) -> None:
    release = threading.Event()

    def slow(seen: Seen) -> tuple[int, bytes]:
        release.wait(5)
        return 200, STORED

    lab.superlink.behave = slow
    headers = {**signed_headers(site.key), "X-Flomir-Request-Id": "upload-lost"}
    head = "".join(f"{name}: {value}\r\n" for name, value in headers.items())
    with lab.socket(site) as connection:
        connection.sendall(f"POST {PUSH} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 5\r\n\r\nchunk".encode())
        wait_until(lambda: len(lab.superlink.seen) == 1)
    release.set()
    with lab.client(site) as client:
        assert client.post(PUSH, headers=headers, content=b"chunk").content == STORED
    assert len(lab.superlink.seen) == 1


def test_two_sites_do_not_share_request_ids(lab: Laboratory, site: Site) -> None:
    other = lab.new_site("site-bbbbbbbbbbbb")
    lab.trust(site, other)
    lab.ask_admin("POST", "/reload")
    for asking in (site, other):
        with lab.client(asking) as client:
            headers = {**signed_headers(asking.key), "X-Flomir-Request-Id": "same"}
            assert client.post(PUSH, headers=headers, content=asking.site_id.encode()).text == asking.site_id


def test_a_message_that_did_not_arrive_is_given_again_once(lab: Laboratory, site: Site) -> None:
    answers = iter([MESSAGE])
    lab.superlink.behave = lambda seen: (200, next(answers, b"\x12\x01z"))

    def pull(client: httpx.Client, request_id: str) -> bytes:
        headers = {**signed_headers(site.key), "X-Flomir-Request-Id": request_id}
        return client.post(PULL, headers=headers, content=b"n").content

    with lab.client(site) as client:
        assert [pull(client, name) for name in ("p1", "p2", "p3")] == [MESSAGE, MESSAGE, b"\x12\x01z"]
        client.post("/v1/fleet/pull-object", headers=signed_headers(site.key), content=b"o")
        assert pull(client, "p4") == b"\x12\x01z"
    assert lab.superlink.paths().count(PULL) == 3


def test_a_late_farewell_does_not_switch_the_sites_next_process_off(lab: Laboratory, site: Site) -> None:
    """One farewell is slow, a second one waits behind it and loses its sender; only then the next process arrives."""
    answered = threading.Event()
    lab.superlink.behave = lambda seen: (answered.wait(10), (200, b""))[1]
    head = "".join(f"{name}: {value}\r\n" for name, value in signed_headers(site.key).items())
    with ThreadPoolExecutor(2) as pool, lab.client(site) as first, lab.client(site) as next_process:
        slow = pool.submit(first.post, FAREWELL, headers=signed_headers(site.key), content=b"1")
        wait_until(lambda: len(lab.superlink.seen) == 1)
        killed = lab.socket(site)
        killed.sendall(f"POST {FAREWELL} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 1\r\n\r\n2".encode())
        wait_until(lambda: [row["requests"] for row in _connections(lab)] == [1, 1])
        killed.close()
        wait_until(lambda: len(_connections(lab)) == 1)
        arrival = pool.submit(next_process.post, ARRIVAL, headers=signed_headers(site.key), content=b"3")
        wait_until(lambda: len(_connections(lab)) == 2 and _connections(lab)[1]["requests"] == 1)
        assert [seen.body for seen in lab.superlink.seen] == [b"1"]  # the arrival waits for the answer to the farewell
        answered.set()
        assert (slow.result(5).status_code, arrival.result(5).status_code) == (200, 200)
    assert [seen.path for seen in lab.superlink.seen] == [FAREWELL, ARRIVAL]


def _connections(lab: Laboratory) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = lab.ask_admin("GET", "/status").json()["connections"]
    return rows


def test_an_absent_superlink_is_a_503_that_flower_repeats(lab: Laboratory, site: Site, tmp_path: Path) -> None:
    with laboratory(tmp_path) as other:
        there = other.new_site("site-aaaaaaaaaaaa")
        other.trust(there)
        other.ask_admin("POST", "/reload")
        other.superlink.close()
        with other.client(there) as client:
            response = client.post("/v1/fleet/get-run", headers=signed_headers(there.key), content=b"x")
        assert (response.status_code, code_of(response)) == (503, "peer.unreachable")
        other.superlink = type(other.superlink)()


def test_a_killed_gateway_remembers_what_it_carried_out(tmp_path: Path) -> None:
    with laboratory(tmp_path) as lab:
        site = lab.new_site("site-aaaaaaaaaaaa")
        lab.trust(site)
        counter = iter(range(100))
        lab.superlink.behave = lambda seen: (200, STORED if next(counter) == 0 else b"")
        headers = {**signed_headers(site.key), "X-Flomir-Request-Id": "upload-1"}
        lab.ask_admin("POST", "/reload")
        with lab.client(site) as client:
            assert client.post(PUSH, headers=headers, content=b"chunk").content == STORED
        lab.restart_gateway()
        with lab.client(site) as client:
            assert client.post(PUSH, headers=headers, content=b"chunk").content == STORED
        assert len(lab.superlink.seen) == 1


def test_an_upload_in_doubt_after_a_kill_counts_as_stored(tmp_path: Path) -> None:
    with laboratory(tmp_path) as lab:
        site = lab.new_site("site-aaaaaaaaaaaa")
        lab.trust(site)
        lab.ask_admin("POST", "/reload")
        stuck = threading.Event()
        lab.superlink.behave = lambda seen: (stuck.wait(10), (200, STORED))[1]
        headers = {**signed_headers(site.key), "X-Flomir-Request-Id": "upload-1"}
        with ThreadPoolExecutor(1) as pool, lab.client(site) as client:
            upload = pool.submit(client.post, PUSH, headers=headers, content=b"chunk")
            wait_until(lambda: len(lab.superlink.seen) == 1)
            lab.restart_gateway()
            with pytest.raises(httpx.TransportError):
                upload.result(5)
        stuck.set()
        lab.superlink.behave = lambda seen: (200, b"")  # Flower's "not stored": it has the object already
        with lab.client(site) as client:
            assert client.post(PUSH, headers=headers, content=b"chunk").content == STORED


def test_a_dozen_killed_clients_leave_a_serving_gateway(lab: Laboratory, site: Site) -> None:
    lab.superlink.behave = lambda seen: (200, b"")
    head = "".join(f"{name}: {value}\r\n" for name, value in signed_headers(site.key).items())
    connections = [lab.socket(site) for _ in range(12)]
    for connection in connections:
        connection.sendall(f"POST {PULL} HTTP/1.1\r\nHost: x\r\n{head}Content-Length: 1\r\n\r\nn".encode())
    wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 12)
    for connection in connections:
        connection.close()
    wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 0, 4)
    with lab.client(site) as client:
        assert client.get("/peer/v1/x").status_code == 200


def test_it_ends_quickly_and_its_log_is_json_without_secrets(tmp_path: Path) -> None:
    with laboratory(tmp_path) as lab:
        site = lab.new_site("site-aaaaaaaaaaaa")
        lab.trust(site)
        lab.ask_admin("POST", "/reload")
        lab.superlink.behave = lambda seen: (200, b"")
        with ThreadPoolExecutor(1) as pool, lab.client(site) as client:
            pull = pool.submit(client.post, PULL, headers=signed_headers(site.key), content=b"n")
            wait_until(lambda: lab.ask_admin("GET", "/status").json()["held"] == 1)
            begun = time.monotonic()
            assert lab.gateway.end(signal.SIGTERM) == 0
            assert time.monotonic() - begun < 5
            pull.exception(5)
        lines = lab.gateway.log().splitlines()
        assert lines
        assert all(json.loads(line)["process"] == "gateway" for line in lines)
        assert SECRET not in lab.gateway.log()
        lab.gateway.start()
