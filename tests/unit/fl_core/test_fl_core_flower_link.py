"""Replies over flwr's own grid and objects, with a SuperLink in memory: what one site sends spoils its own reply only."""

import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from flwr.app import Array, ArrayRecord, ConfigRecord, Message, MetricRecord, RecordDict
from flwr.common.constant import TIMESTAMP_TOLERANCE
from flwr.common.serde import message_to_proto
from flwr.proto.message_pb2 import (
    ConfirmMessageReceivedRequest,
    ConfirmMessageReceivedResponse,
    ObjectTree,
    PullObjectRequest,
    PullObjectResponse,
)
from flwr.proto.runtime_pb2 import PullAppMessagesRequest, PullAppMessagesResponse, PushAppMessagesResponse
from flwr.supercore.inflatable.inflatable_object import (
    InflatableObject,
    get_all_nested_objects,
    get_object_tree,
    iterate_object_tree,
)
from flwr.supercore.inflatable.inflatable_utils import validate_object_content
from flwr.supercore.run import Run
from flwr.supercore.task_identity import TaskIdentity
from flwr.superlink.grid.http_grid import HttpGrid

from fl_core.errors import FlomirError
from fl_core.flower.exchange import RoundReply, RoundRequest, SiteAnswer
from fl_core.flower.flower_link import MOST_IN_MEMORY, TTL_MARGIN_S, FlowerLink
from fl_core.flower.messages import STYPE, reply_message
from fl_core.flower.records import Packed, pack
from fl_core.protocol.plan import PlannedSite

PACKED = pack({"w": np.arange(4, dtype=np.float32)})
REJECTED = "federation.update_rejected"
RUN = 7


@pytest.fixture(autouse=True)
def _in_a_run(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("_run_id", RUN), ("_node_id", 1), ("_task_id", 1)):
        monkeypatch.setattr(TaskIdentity, name, value)


class SuperLink:
    """The runtime's calls that a grid makes, over objects in memory."""

    def __init__(self) -> None:
        self.replies: list[tuple[Any, ObjectTree]] = []
        self.objects: dict[str, bytes] = {}
        self.pulled: list[str] = []
        self.confirmed: list[str] = []
        self.broken = False

    def PushMessages(self, request: Any) -> PushAppMessagesResponse:  # noqa: N802 - flwr's name
        ids = [proto.metadata.message_id for proto in request.messages_list]
        return PushAppMessagesResponse(message_ids=ids, session_id="s")

    def PushObject(self, request: Any) -> Any:  # noqa: N802 - flwr's name
        """Not called: nothing is named as missing."""
        raise NotImplementedError

    def PullMessages(self, request: PullAppMessagesRequest) -> PullAppMessagesResponse:  # noqa: N802 - flwr's name
        came = [one for one in list(self.replies) if one[0].metadata.reply_to_message_id in request.message_ids]
        for one in came:
            self.replies.remove(one)
        return PullAppMessagesResponse(
            messages_list=[proto for proto, _ in came], message_object_trees=[tree for _, tree in came]
        )

    def PullObject(self, request: PullObjectRequest) -> PullObjectResponse:  # noqa: N802 - flwr's name
        if self.broken:
            message = "gone"
            raise ConnectionError(message)
        self.pulled.append(request.object_id)
        content = self.objects.get(request.object_id)
        if content is None:
            return PullObjectResponse(object_found=False)
        return PullObjectResponse(object_found=True, object_available=content != b"", object_content=content)

    def ConfirmMessageReceived(  # noqa: N802 - flwr's name
        self, request: ConfirmMessageReceivedRequest
    ) -> ConfirmMessageReceivedResponse:
        self.confirmed.append(request.message_object_id)
        return ConfirmMessageReceivedResponse()

    def close(self) -> None:
        """Part of a client."""


class Grid(HttpGrid):  # type: ignore[misc, unused-ignore]  # flwr is not analysed
    """flwr's grid on the SuperLink in memory; keeps what was sent."""

    def __init__(self, superlink: SuperLink) -> None:
        super().__init__(token="t")
        self._client = superlink
        self._run = Run.create_empty(RUN)
        self.sent: dict[int, Message] = {}

    def push_messages(self, messages: Iterable[Message]) -> Iterable[str]:
        kept = list(messages)
        ids: Iterable[str] = super().push_messages(kept)
        for message in kept:
            self.sent[message.metadata.dst_node_id] = message
        return ids


class House:
    """A link over a SuperLink in memory, and what its sites answer."""

    def __init__(self, *names: str) -> None:
        self.superlink = SuperLink()
        self.grid = Grid(self.superlink)
        sites = tuple(PlannedSite(site_id=name, name=name, node_id=str(n)) for n, name in enumerate(names, 1))
        self.nodes = {site.site_id: int(site.node_id) for site in sites}
        self.link = FlowerLink(self.grid, sites, lambda: None)
        self.ask(1, *names)

    def ask(self, number: int, *names: str) -> None:
        request = RoundRequest(
            session_id="s", round=number, rounds=9, proximal_mu=0.0, deadline_s=60.0, packed=PACKED
        )  # fmt: skip
        self.link.send(request, list(names))

    def message_of(self, name: str) -> Message:
        return self.grid.sent[self.nodes[name]]

    def reply(self, name: str, content: RecordDict | None = None) -> Message:
        if content is None:
            packed = Packed(PACKED.manifest, name.encode().ljust(len(PACKED.data)))
            return reply_message(self.message_of(name), RoundReply(packed=packed, metrics={}, num_examples=3))
        return Message(content, reply_to=self.message_of(name))

    def was_confirmed(self, reply: Message, within_s: float = 5.0) -> bool:
        until = time.monotonic() + within_s
        while time.monotonic() < until and reply.object_id not in self.superlink.confirmed:
            time.sleep(0.01)
        return reply.object_id in self.superlink.confirmed

    def send(
        self,
        reply: Message,
        change: Callable[[InflatableObject, bytes], bytes] = lambda _, raw: raw,
        reply_to: str | None = None,
    ) -> None:
        """Store a reply as a site pushes it; `change` alters objects on the way, ids stay."""
        reply.metadata.__dict__["_message_id"] = reply.object_id
        for object_id, one in get_all_nested_objects(reply).items():
            self.superlink.objects[object_id] = change(one, one.deflate())
        proto = message_to_proto(reply)
        proto.metadata.reply_to_message_id = reply_to or proto.metadata.reply_to_message_id
        self.superlink.replies.append((proto, get_object_tree(reply)))

    def send_raw(self, name: str, raw: bytes) -> None:
        """Store a reply whose one object is what the site made it: the SuperLink's own checks pass."""
        validate_object_content(raw)
        reply = self.reply(name)
        object_id = hashlib.sha256(raw).hexdigest()
        reply.metadata.__dict__["_message_id"] = object_id
        self.superlink.objects[object_id] = raw
        proto = message_to_proto(reply)
        self.superlink.replies.append((proto, ObjectTree(object_id=object_id)))

    def answers(self, count: int, within_s: float = 5.0) -> dict[str, SiteAnswer]:
        until = time.monotonic() + within_s
        came: dict[str, SiteAnswer] = {}
        while len(came) < count:
            assert time.monotonic() < until, f"only {sorted(came)} answered"
            came |= {answer.site_id: answer for answer in self.link.receive(0.1)}
        return came


@contextmanager
def house(*names: str) -> Iterator[House]:
    made = House(*names)
    try:
        yield made
    finally:
        made.link.close()


def array_record(data: bytes) -> ArrayRecord:
    return ArrayRecord({"packed": Array(dtype="uint8", shape=(len(data),), stype=STYPE, data=data)})


def content_with(update: ArrayRecord) -> RecordDict:
    return RecordDict(
        {
            "update": update,
            "facts": ConfigRecord({"manifest": PACKED.manifest}),
            "metrics": MetricRecord({"num-examples": 1}),
        }
    )


def test_whole_replies_arrive_and_are_confirmed() -> None:
    with house("a", "b") as lab:
        for name in ("a", "b"):
            lab.send(lab.reply(name))
        answers = lab.answers(2)
        came = {name: answer.reply.packed.data.strip() for name, answer in answers.items() if answer.reply}
        assert came == {"a": b"a", "b": b"b"}
        assert len(lab.superlink.confirmed) == 2


@pytest.mark.parametrize(
    "raw",
    [
        b"Message  4\0\xff\xff\xff\xff",
        b"Message  0\0",
        b"ArrayRecord  2\0{}",
        b"RecordDict  2\0{}",
        b"Message " + b"a" * 64 + b" 0\0",
        b"Array  2\0[]",
    ],
)
def test_a_reply_that_does_not_inflate_is_its_sites_failure_and_the_others_count(raw: bytes) -> None:
    with house("bad", "good") as lab:
        lab.send_raw("bad", raw)
        lab.send(lab.reply("good"))
        answers = lab.answers(2)
        assert (answers["bad"].reply, answers["bad"].code) == (None, REJECTED)
        assert answers["good"].reply is not None
        assert len(lab.superlink.confirmed) == 2  # the SuperLink need not keep what was refused


def test_records_of_another_kind_are_a_refused_update() -> None:
    with house("bad", "good") as lab:
        lab.send(lab.reply("bad", RecordDict({"update": ConfigRecord({"manifest": 1}), "metrics": ArrayRecord()})))
        lab.send(lab.reply("good"))
        answers = lab.answers(2)
        assert answers["bad"].code == REJECTED
        assert answers["good"].reply is not None


def test_an_update_far_larger_than_the_model_is_not_fetched_whole() -> None:
    with house("bad", "good") as lab:
        lab.send(lab.reply("bad", content_with(array_record(np.random.default_rng(0).bytes(64 * 2**20)))))
        lab.send(lab.reply("good"))
        answers = lab.answers(2)
        assert answers["bad"].code == REJECTED
        assert answers["good"].reply is not None
        assert sum(len(lab.superlink.objects[one]) for one in lab.superlink.pulled) < 32 * 2**20


def test_a_reply_of_very_many_objects_is_not_fetched_at_all() -> None:
    with house("bad", "good") as lab:
        many = ArrayRecord({f"a{n}": Array(dtype="uint8", shape=(1,), stype=STYPE, data=b"%d" % n) for n in range(400)})
        bad = lab.reply("bad", content_with(many))
        lab.send(bad)
        answers = lab.answers(1)
        assert answers["bad"].code == REJECTED
        of_bad = {tree.object_id for tree in iterate_object_tree(get_object_tree(bad))}
        assert not of_bad & set(lab.superlink.pulled)


def test_an_array_that_names_one_piece_very_often_is_not_put_together() -> None:
    def many_times(one: InflatableObject, raw: bytes) -> bytes:
        if not isinstance(one, Array):
            return raw
        head, _, body = raw.partition(b"\0")
        facts = json.loads(body)
        facts["arraychunk_ids"] = [0] * 1000
        again = json.dumps(facts).encode()
        return head.rsplit(b" ", 1)[0] + b" %d\0" % len(again) + again

    with house("bad", "good") as lab:
        lab.send(lab.reply("bad", content_with(array_record(b"x" * 200_000))), many_times)
        lab.send(lab.reply("good"))
        answers = lab.answers(2)
        assert answers["bad"].code == REJECTED
        assert answers["good"].reply is not None


def test_a_reply_whose_objects_do_not_come_keeps_nobody_waiting() -> None:
    with house("slow", "good") as lab:
        lab.send(lab.reply("slow"), lambda one, raw: b"" if isinstance(one, Array) else raw)
        lab.send(lab.reply("good"))
        assert set(lab.answers(1)) == {"good"}
    until = time.monotonic() + 5
    while any(thread.name == "reply" for thread in threading.enumerate()):
        assert time.monotonic() < until, "a thread went on after the link was closed"
        time.sleep(0.05)


def test_a_reply_that_was_lost_on_the_superlink_is_asked_for_again() -> None:
    with house("a") as lab:
        lab.send(lab.reply("a"))
        lab.superlink.objects.clear()
        answer = lab.answers(1)["a"]
        assert (answer.reply, answer.error_number, answer.code) == (None, 3, "peer.unreachable")


def test_a_reply_counts_for_the_site_that_was_asked_whatever_it_says_itself() -> None:
    with house("a", "b") as lab:
        reply = lab.reply("a")
        before, lie = reply.metadata.reply_to_message_id, lab.message_of("b").metadata.message_id
        reply.metadata.__dict__["_reply_to_message_id"] = lie
        lab.send(reply, reply_to=before)
        assert set(lab.answers(1)) == {"a"}


def test_a_superlink_that_does_not_give_its_objects_ends_the_run() -> None:
    with house("a") as lab:
        lab.superlink.broken = True
        lab.send(lab.reply("a"))
        with pytest.raises(FlomirError) as raised:
            lab.answers(1)
        assert raised.value.code == "federation.engine_lost"


def test_a_reply_that_was_fetched_but_not_taken_is_not_counted_in_the_next_round() -> None:
    with house("a") as lab:
        late = lab.reply("a")
        lab.send(late)
        assert lab.was_confirmed(late)
        until = time.monotonic() + 5
        while any(thread.name == "reply" for thread in threading.enumerate()) and time.monotonic() < until:
            time.sleep(0.01)
        lab.ask(2, "a")
        assert lab.link.receive(0.2) == []
        lab.send(lab.reply("a"))
        answer = lab.answers(1)["a"]
        assert (answer.round, answer.reply is None) == (2, False)


def test_a_reply_to_a_closed_round_is_taken_off_the_superlink_and_dropped() -> None:
    with house("a", "b") as lab:
        late = lab.reply("a")
        lab.ask(2, "a")
        lab.send(late)
        assert lab.was_confirmed(late)
        lab.send(lab.reply("b"))  # of the first round, in which b was asked last
        lab.send(lab.reply("a"))
        assert lab.answers(1)["a"].round == 2
        assert lab.link.receive(0.2) == []


def test_while_a_message_is_pushed_the_former_one_of_its_site_counts_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    with house("a") as lab:
        late = lab.reply("a")
        push = lab.grid.push_messages

        def slowly(messages: Iterable[Message]) -> Iterable[str]:
            lab.send(late)
            assert lab.was_confirmed(late)
            return push(messages)

        monkeypatch.setattr(lab.grid, "push_messages", slowly)
        lab.ask(2, "a")
        assert lab.link.receive(0.2) == []


def test_a_message_does_not_outlive_its_round_by_much() -> None:
    with house("a") as lab:
        assert lab.message_of("a").metadata.ttl == 60.0 + TTL_MARGIN_S
        assert TIMESTAMP_TOLERANCE < TTL_MARGIN_S <= 900


def test_replies_that_nobody_has_taken_wait_at_the_superlink_however_many_they_are() -> None:
    names = [f"s{n}" for n in range(3 * MOST_IN_MEMORY)]
    with house(*names) as lab:
        for name in names:
            lab.send(lab.reply(name))
        until = time.monotonic() + 5
        while len(lab.superlink.confirmed) < MOST_IN_MEMORY and time.monotonic() < until:
            time.sleep(0.01)
        assert len(lab.superlink.confirmed) == MOST_IN_MEMORY
        assert not lab.link._places._free.acquire(blocking=False)
        assert set(lab.answers(len(names))) == set(names)
        assert len(lab.superlink.confirmed) == len(names)


def test_replies_that_are_still_being_uploaded_take_no_place_from_those_that_are_there() -> None:
    slow = [f"slow{n}" for n in range(2 * MOST_IN_MEMORY)]
    with house(*slow, "good", "refused") as lab:
        whole: dict[str, bytes] = {}

        def late(one: InflatableObject, raw: bytes) -> bytes:
            if not isinstance(one, Array):
                return raw
            whole[one.object_id] = raw
            return b""

        for name in slow:
            lab.send(lab.reply(name), late)
        lab.send_raw("refused", b"Message  0\0")
        lab.send(lab.reply("good"))
        assert set(lab.answers(2)) == {"good", "refused"}
        lab.superlink.objects.update(whole)
        assert set(lab.answers(len(slow))) == set(slow)


def test_replies_that_are_refused_or_too_late_leave_their_places() -> None:
    with house("a") as lab:
        for number in range(2, MOST_IN_MEMORY + 4):
            lab.send(lab.reply("a"))
            lab.answers(1)
            lab.ask(number, "a")
            late = lab.reply("a")
            lab.ask(number + 1, "a")
            lab.send(late)
            assert lab.was_confirmed(late)
            lab.send(lab.reply("a", RecordDict({"update": ConfigRecord({"manifest": 1})})))
            assert lab.answers(1)["a"].code == REJECTED
            lab.ask(number + 1, "a")
