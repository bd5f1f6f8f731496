"""How the gateway carries Flower's calls: held pulls, uploads carried out once, kills."""

import json
import signal
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest

from fl_core.transport.fleet import STORED
from tests.support.transport import (
    MESSAGE,
    PULL,
    PUSH,
    SECRET,
    Laboratory,
    Seen,
    code_of,
    laboratory,
    signed_headers,
    wait_until,
)
from tests.support.trust import Site

ARRIVAL, FAREWELL = "/v1/fleet/activate-node", "/v1/fleet/deactivate-node"


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
        wait_until(lambda: [row["requests"] for row in lab.connections()] == [1, 1])
        killed.close()
        wait_until(lambda: len(lab.connections()) == 1)
        arrival = pool.submit(next_process.post, ARRIVAL, headers=signed_headers(site.key), content=b"3")
        wait_until(lambda: len(lab.connections()) == 2 and lab.connections()[1]["requests"] == 1)
        assert [seen.body for seen in lab.superlink.seen] == [b"1"]  # the arrival waits for the answer to the farewell
        answered.set()
        assert (slow.result(5).status_code, arrival.result(5).status_code) == (200, 200)
    assert [seen.path for seen in lab.superlink.seen] == [FAREWELL, ARRIVAL]


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
