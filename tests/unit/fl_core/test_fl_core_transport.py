"""Promises of the transport's small parts."""

import asyncio
import json
import ssl
import tracemalloc
from collections.abc import Collection
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest
from aiohttp.web import BaseRequest
from hypothesis import given
from hypothesis import strategies as st
from multidict import CIMultiDict, CIMultiDictProxy

from fl_core.errors import InvalidInput, NotTrusted, PeerUnreachable
from fl_core.settings import DaemonSettings
from fl_core.transport import hygiene, replay, upstream
from fl_core.transport.config import GatewayConfig, RelayConfig, read_config
from fl_core.transport.connections import TrackingServer
from fl_core.transport.gateway import ALL_ENROL_AT_ONCE, ALL_ENROL_POLLS, ENROL_AT_ONCE, ENROL_POLLS, Gateway
from fl_core.transport.limits import BURST, Crowded, Places, RateLimit, source_of
from fl_core.transport.node_auth import NodeAuth
from fl_core.transport.relay import Relay
from fl_core.transport.replay import Answer, ReplayStore
from fl_core.transport.upstream import discard_body, read_body
from fl_core.transport.wire import has_message
from fl_core.trust.identity import generate_key, spki_pem
from fl_core.trust.trusted import TrustedSites, read_trusted, write_trusted
from tests.support.transport import signed_headers

OK = Answer(200, "application/protobuf", b"\x08\x01")
KEY = ("fingerprint", "request")


# --- wire ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        (b"", False),
        (b"\x0a\x02\x08\x05", False),  # reconnect
        (b"\x0a\x02\x08\x05\x12\x00", True),  # reconnect and an empty message
        (b"\x12\x03abc", True),
        (b"\x1a\x04\x12\x02ab", False),  # an object tree that contains what looks like a message
        (b"\xaa\x01\x01x\x12\x00", True),  # a field of a later version first
        (b"\x08\x96\x01\x3d\x00\x00\x00\x00\x41" + b"\0" * 8, False),  # numbers of all kinds
    ],
)
def test_a_message_is_seen(body: bytes, expected: bool) -> None:
    assert has_message(body) is expected


@given(st.binary(max_size=60))
def test_whatever_comes_is_read_without_harm(body: bytes) -> None:
    assert has_message(body) in {True, False}


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\x05ab", b"\xff" * 12, b"\x0b"])
def test_what_cannot_be_read_is_handed_on(body: bytes) -> None:
    assert has_message(body)


def test_the_wire_walk_agrees_with_flwrs_own_messages() -> None:
    fleet_pb2 = pytest.importorskip("flwr.proto.fleet_pb2")
    message_pb2 = pytest.importorskip("flwr.proto.message_pb2")
    empty = fleet_pb2.PullMessagesResponse(
        reconnect=fleet_pb2.Reconnect(reconnect=5), message_object_trees=[message_pb2.ObjectTree(object_id="a" * 64)]
    )
    assert not has_message(empty.SerializeToString())
    empty.messages_list.append(message_pb2.Message())
    assert has_message(empty.SerializeToString())


# --- paths and headers --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", ["/peer/v1/events?after=3&wait_s=20", "/a-b_c.d~e/f", "/x?q=%20"])
def test_plain_paths_pass(target: str) -> None:
    assert hygiene.path_of(target) == target.partition("?")[0]


@pytest.mark.parametrize(
    "target",
    [
        "",
        "*",
        "x",
        "http://a/b",
        "//a",
        "/a//b",
        "/a/../b",
        "/a/.",
        "/.git",
        "/%61",
        "/a;b",
        "/a b",
        "/a\\b",
        "/a?b#c",
        "/é",
        "/" + "a" * 600,
        "/a\r\nX: y",
    ],
)
def test_anything_but_a_plain_path_is_refused(target: str) -> None:
    assert hygiene.path_of(target) is None


def headers_of(*pairs: tuple[str, str]) -> CIMultiDictProxy[str]:
    return CIMultiDictProxy(CIMultiDict(pairs))


def test_doubled_identity_headers_are_refused() -> None:
    for name in ("flwr-public-key", "Flwr-Signature", "content-length", "host", "x-flomir-request-id"):
        assert hygiene.refuse_headers(headers_of((name, "1"), (name, "1"))) is not None
    assert hygiene.refuse_headers(headers_of(("accept", "a"), ("accept", "b"))) is None


@pytest.mark.parametrize("name", ["SCRIPT_NAME", "PATH_INFO", "REMOTE_USER", "x_flomir_gateway", "flwr_signature"])
def test_headers_that_a_server_may_take_for_others_are_refused(name: str) -> None:
    assert hygiene.refuse_headers(headers_of((name, "1"))) is not None


def test_headers_of_one_hop_and_of_gateways_do_not_pass() -> None:
    kept = hygiene.forward_headers(
        headers_of(("Connection", "X-A, close"), ("X-A", "1"), ("x-Flomir-site", "s"), ("TE", "x"), ("X-B", "2"))
    )
    assert dict(kept) == {"X-B": "2"}


# --- rate limit ---------------------------------------------------------------------------------------------------


def test_each_address_has_its_own_limit_and_regains_it() -> None:
    limit = RateLimit()
    assert all(limit.allow("a", 0.0) for _ in range(int(BURST)))
    assert not limit.allow("a", 0.0)
    assert limit.allow("b", 0.0)
    assert limit.allow("a", 1.0)


@pytest.mark.parametrize(
    ("address", "source"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("", ""),
    ],
)
def test_a_household_with_many_addresses_counts_as_one(address: str, source: str) -> None:
    assert source_of(address) == source


def test_places_are_given_in_order_for_each_one_alone_and_forgotten() -> None:
    async def walk() -> list[str]:
        places = Places(2, 0.2)
        order: list[str] = []

        async def visit(name: str, key: str = "a") -> None:
            async with places.one_for(key):
                order.append(name)
                await leave.wait()

        leave = asyncio.Event()
        visits = [asyncio.create_task(visit(str(n))) for n in range(3)]
        visits.append(asyncio.create_task(visit("other", "b")))
        await asyncio.sleep(0.05)
        assert order == ["0", "1", "other"]
        with pytest.raises(Crowded):
            async with places.one_for("a"):
                pass
        with pytest.raises(Crowded):
            await visits[2]
        waiting = asyncio.create_task(visit("later"))
        await asyncio.sleep(0.01)
        leave.set()
        await asyncio.gather(visits[0], visits[1], visits[3], waiting)
        assert not places._free
        return order

    assert asyncio.run(walk()) == ["0", "1", "other", "later"]


# --- bodies -------------------------------------------------------------------------------------------------------


class Trickle:
    """A request whose body comes in pieces, each after a pause."""

    def __init__(self, pieces: int, piece: bytes, pause_s: float = 0.0) -> None:
        self.headers = headers_of(("content-length", str(pieces * len(piece))))
        self.content = self
        self._left, self._piece, self._pause_s = pieces, piece, pause_s

    async def readany(self) -> bytes:
        await asyncio.sleep(self._pause_s)
        self._left -= 1
        return bytes(bytearray(self._piece)) if self._left >= 0 else b""


def test_a_body_that_nobody_needs_is_not_kept() -> None:
    tracemalloc.start()
    try:
        asyncio.run(discard_body(cast("BaseRequest", Trickle(64, b"x" * 1_000_000))))
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_a_body_that_goes_on_byte_by_byte_is_cut_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(upstream, "SLOWEST_PIECE_S", 0.2)
    for read in (read_body, discard_body):
        with pytest.raises(TimeoutError):
            asyncio.run(read(cast("BaseRequest", Trickle(100, b"x", pause_s=0.02))))
    assert asyncio.run(read_body(cast("BaseRequest", Trickle(3, b"x", pause_s=0.02)))) == b"xxx"


# --- replay -------------------------------------------------------------------------------------------------------


class Counted:
    """Something to execute that counts."""

    def __init__(self, answer: Answer = OK) -> None:
        self.answer = answer
        self.times = 0
        self.go = asyncio.Event()
        self.go.set()

    async def __call__(self) -> Answer:
        self.times += 1
        await self.go.wait()
        return self.answer


def test_the_same_id_is_executed_once_also_at_the_same_time() -> None:
    async def scenario() -> None:
        store, work = ReplayStore(), Counted()
        work.go.clear()
        both = asyncio.gather(store.once(KEY, work), store.once(KEY, work))
        await asyncio.sleep(0)
        work.go.set()
        assert tuple(await both) == (OK, OK)
        assert await store.once(KEY, work) == OK
        assert work.times == 1
        await store.once(("other", "request"), work)
        assert work.times == 2

    asyncio.run(scenario())


def test_a_caller_that_leaves_does_not_stop_the_execution() -> None:
    async def scenario() -> None:
        store, work = ReplayStore(), Counted()
        work.go.clear()
        caller = asyncio.create_task(store.once(KEY, work))
        while not work.times:
            await asyncio.sleep(0)
        caller.cancel()
        work.go.set()
        assert await store.once(KEY, work) == OK
        assert work.times == 1

    asyncio.run(scenario())


@pytest.mark.parametrize("status", [502, 503, 504])
def test_try_again_answers_are_not_kept(status: int) -> None:
    async def scenario() -> None:
        store, work = ReplayStore(), Counted(Answer(status, "", b""))
        await store.once(KEY, work)
        await store.once(KEY, work)
        assert work.times == 2

    asyncio.run(scenario())


def test_answers_are_forgotten_after_a_while_and_when_memory_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scenario() -> None:
        now = [0.0]
        store, work = ReplayStore(clock=lambda: now[0]), Counted()
        await store.once(KEY, work)
        now[0] = replay.KEEP_S + 1
        await store.once(KEY, work)
        assert work.times == 2
        monkeypatch.setattr(replay, "MAX_MEMORY_BYTES", 10)
        for number in range(20):
            await store.once(("f", str(number)), work)
        await store.once(KEY, work)
        assert work.times == 23

    asyncio.run(scenario())


def test_the_journal_carries_answers_and_doubts_over_a_kill(tmp_path: Path) -> None:
    journal = tmp_path / "answers"

    async def before() -> None:
        store = ReplayStore(journal)
        await store.once(KEY, Counted())
        stuck = Counted()
        stuck.go.clear()
        asking = asyncio.create_task(store.once(("fingerprint", "in doubt"), stuck))
        while not stuck.times:
            await asyncio.sleep(0)
        asking.cancel()

    async def after() -> None:
        store, work = ReplayStore(journal), Counted()
        assert await store.once(KEY, work) == OK
        assert work.times == 0
        assert store.begun_before(("fingerprint", "in doubt"))
        assert not store.begun_before(KEY)

    asyncio.run(before())
    with journal.open("ab") as file:
        file.write(b'{"t": 1, "k": ["cut')  # a kill in the middle of a line
    asyncio.run(after())
    assert journal.stat().st_mode & 0o777 == 0o600


def test_the_journal_does_not_grow_for_ever(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replay, "JOURNAL_BYTES", 2_000)
    journal = tmp_path / "answers"

    async def fill() -> None:
        store = ReplayStore(journal)
        for number in range(100):
            await store.once(("f", str(number)), Counted())

    asyncio.run(fill())
    assert sum(path.stat().st_size for path in tmp_path.iterdir()) < 5_000

    async def newest() -> None:
        work = Counted()
        assert await ReplayStore(journal).once(("f", "99"), work) == OK
        assert work.times == 0

    asyncio.run(newest())


def test_a_failed_execution_is_reported_and_tried_again() -> None:
    async def scenario() -> None:
        async def fail() -> Answer:
            raise PeerUnreachable("no")

        store, work = ReplayStore(), Counted()
        with pytest.raises(PeerUnreachable):
            await store.once(KEY, fail)
        assert await store.once(KEY, work) == OK

    asyncio.run(scenario())


# --- node authentication ------------------------------------------------------------------------------------------


def test_flwrs_own_signature_is_accepted_and_a_later_one_is_not() -> None:
    asymmetric = pytest.importorskip("flwr.supercore.primitives.asymmetric")
    key = generate_key()
    auth = NodeAuth(spki_pem(key.public_key()).decode())
    headers = signed_headers(key)
    auth.check(headers)
    assert asymmetric.public_key_to_bytes(key.public_key()) == spki_pem(key.public_key())
    for offset in (-61, 61):
        with pytest.raises(NotTrusted):
            auth.check(headers, datetime.now(UTC) + timedelta(seconds=offset))
    with pytest.raises(NotTrusted):
        auth.check(signed_headers(generate_key()))


# --- configuration ------------------------------------------------------------------------------------------------


def test_a_wrong_configuration_names_its_fields_and_never_their_values(tmp_path: Path) -> None:
    path = tmp_path / "gateway.json"
    path.write_text(json.dumps({"gateway_secret": "short-secret", "surplus": 1}))
    with pytest.raises(InvalidInput) as refusal:
        read_config(path, GatewayConfig)
    assert "gateway_secret" in str(refusal.value)
    assert "short-secret" not in str(refusal.value)
    with pytest.raises(InvalidInput):
        read_config(tmp_path / "missing.json", RelayConfig)


def test_half_of_the_daemons_threads_stay_with_those_it_knows() -> None:
    assert DaemonSettings.model_fields["threads"].default / 2 >= ALL_ENROL_AT_ONCE + ALL_ENROL_POLLS
    assert ALL_ENROL_AT_ONCE > ENROL_AT_ONCE  # no single address takes what is for all
    assert ALL_ENROL_POLLS > ENROL_POLLS


# --- trust files and transfers ------------------------------------------------------------------------------------

ONE, OTHER = "a" * 64, "b" * 64


class Door:
    """What a gateway does with its trust files: the certificate's place, and whose connections are ended."""

    def __init__(self, folder: Path) -> None:
        self.list = folder / "trusted.json"
        write_trusted(self.list, {ONE: "one", OTHER: "other"})
        self.kept: list[set[str]] = []
        names = ("cert", "key", "ca", "trusted_file")
        values = {name: folder / f"{name}.pem" for name in names} | {"trusted_file": self.list}
        urls = {"upstream_api": "http://127.0.0.1:1", "upstream_fleet": "http://127.0.0.1:2"}
        secrets = {"gateway_secret": "g" * 20, "engine_secret": "e" * 20}
        given = {"public_host": "h", "public_port": 0, "admin_port": 0, **values, **urls, **secrets}
        self.gateway = Gateway(GatewayConfig.model_validate(given))
        self.gateway._server = cast(TrackingServer, SimpleNamespace(abort_untrusted=self._end_others))
        self.gateway._tls = cast(ssl.SSLContext, SimpleNamespace(load_cert_chain=lambda *_: None))

    def _end_others(self, trusted: Collection[str]) -> int:
        self.kept.append(set(trusted))
        return 0


@pytest.fixture
def door(tmp_path: Path) -> Door:
    return Door(tmp_path)


def test_a_certificate_that_cannot_be_read_keeps_no_revoked_connection_open(door: Door) -> None:
    def broken(*_: object) -> None:
        raise ssl.SSLError(1, "no start line")

    door.gateway._tls = cast(ssl.SSLContext, SimpleNamespace(load_cert_chain=broken))
    write_trusted(door.list, {ONE: "one"}, [OTHER])
    door.gateway.reload()
    assert door.kept == [{ONE}]


def test_a_list_that_cannot_be_read_ends_nothing_and_the_certificate_is_read_nevertheless(door: Door) -> None:
    read: list[object] = []
    door.gateway._tls = cast(ssl.SSLContext, SimpleNamespace(load_cert_chain=lambda *files: read.append(files)))
    door.list.write_text("{")
    assert door.gateway.reload() == 0
    assert (door.kept, len(read)) == ([], 1)


def test_a_list_that_is_replaced_while_the_former_is_read_is_read_too(
    door: Door, monkeypatch: pytest.MonkeyPatch
) -> None:
    def read_and_replace(path: Path) -> TrustedSites:
        listed = read_trusted(path)
        if len(listed.sites) > 1:
            write_trusted(path, {ONE: "one"}, [OTHER])
        return listed

    monkeypatch.setattr("fl_core.transport.gateway.read_trusted", read_and_replace)
    write_trusted(door.list, {ONE: "one", OTHER: "other"})
    door.gateway.reload_if_changed()
    door.gateway.reload_if_changed()
    door.gateway.reload_if_changed()
    assert door.kept == [{ONE, OTHER}, {ONE}]


def test_the_clean_up_of_a_transfer_drops_no_newer_one_of_the_same_request(tmp_path: Path) -> None:
    values = {name: tmp_path / f"{name}.pem" for name in ("ca", "cert", "key")}
    public = spki_pem(generate_key().public_key()).decode()
    relay = Relay(RelayConfig(port=0, gateway="lab:443", public_key_pem=public, **values))

    async def ask_twice() -> tuple[bool, int]:
        first = relay._joined("/p", CIMultiDict(), b"x")
        relay._forget(first)
        second = relay._joined("/p", CIMultiDict(), b"x")
        relay._forget(first)
        joined = relay._joined("/p", CIMultiDict(), b"x") is second
        relay._forget(second)
        for transfer in (first, second):
            assert transfer.task is not None
            transfer.task.cancel()
        return joined, len(relay._transfers)

    assert asyncio.run(ask_twice()) == (True, 0)
