"""Replies fetched from the SuperLink one by one: whatever a site put into its own spoils that one only.

flwr's grid fetches all that came in one call, and any reply that does not inflate ends the call for all of them. Here each
reply is pulled within a limit that follows the model's size, and inflated by itself; so many at a time, however many sites
there are.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import islice
from typing import Any

from flwr.app import Message
from flwr.common.constant import FLWR_PRIVATE_MAX_ARRAY_CHUNK_SIZE as CHUNK_BYTES
from flwr.proto.message_pb2 import ConfirmMessageReceivedRequest
from flwr.proto.runtime_pb2 import PullAppMessagesRequest
from flwr.supercore.inflatable.inflatable_object import get_object_head_values_from_object_content, iterate_object_tree
from flwr.supercore.inflatable.inflatable_protobuf_utils import make_pull_object_fn_protobuf
from flwr.supercore.inflatable.inflatable_utils import (
    ObjectPullError,
    ObjectUnavailableError,
    inflate_object_from_contents,
    pull_objects,
)

from fl_core.errors import InvalidInput
from fl_core.flower.records import Packed
from fl_core.flower.updates import REJECTED

TIMES_THE_MODEL = 2
SPARE_BYTES = 8 * 2**20
"""For metrics and what flwr adds, where the model is small."""
SPARE_OBJECTS = 256
LOOK_S = 0.5


class ReplyRefused(InvalidInput):
    """A reply that cannot be an update, whatever else it is."""

    code = REJECTED


class ReplyLost(Exception):  # noqa: N818 - no failure of ours: the site is asked again
    """The SuperLink does not have all of a reply."""


class _NotThereYet(Exception):  # noqa: N818 - no failure: it is waited for
    """A part of a reply is still being uploaded."""


class Places:
    """How many replies may be in memory at a time: those that are being fetched, and those that nobody has taken yet."""

    def __init__(self, count: int) -> None:
        self._free = threading.Semaphore(count)

    def take(self, closed: threading.Event) -> None:
        """Wait for a place; raises LinkClosed once `closed` is set."""
        while not self._free.acquire(timeout=LOOK_S):
            if closed.is_set():
                raise LinkClosed

    def give_back(self) -> None:
        """Free a place."""
        self._free.release()


class LinkClosed(Exception):  # noqa: N818 - a wish
    """Nobody waits for the reply any more."""


@dataclass(frozen=True, slots=True)
class Room:
    """How much one reply may bring; bytes count what is pulled, and once more what arrays are put together to."""

    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Arrived:
    """A reply that waits on the SuperLink: its id, the message it answers (as the SuperLink checked), its objects."""

    message_id: str
    reply_to: str
    tree: Any


def room_for(packed: Packed) -> Room:
    """Return what a reply to this model may bring: an update is as large as the model it was made from."""
    size = TIMES_THE_MODEL * (len(packed.data) + len(packed.manifest))
    return Room(SPARE_OBJECTS + size // CHUNK_BYTES, SPARE_BYTES + size)


class Replies:
    """The SuperLink's side of a run's replies, over the connection of flwr's grid; safe from several threads."""

    def __init__(self, grid: Any) -> None:
        self._grid = grid

    def arrived(self, message_ids: list[str]) -> list[Arrived]:
        """Return which of these messages have been answered since they were last asked for; each is told once."""
        answer = self._grid._runtime_client.PullMessages(PullAppMessagesRequest(message_ids=message_ids))
        return [
            Arrived(proto.metadata.message_id, proto.metadata.reply_to_message_id, tree)
            for proto, tree in zip(answer.messages_list, answer.message_object_trees, strict=True)
        ]

    def fetch(self, one: Arrived, room: Room, closed: threading.Event, places: Places) -> Message:
        """Pull a reply's objects, waiting for those that are still being uploaded, and inflate them.

        A reply that is returned keeps a place, which the caller gives back; no place is held while a site uploads.

        Raises
        ------
        ReplyRefused
            When it brings too much or does not inflate.
        ReplyLost
            When an object is missing.
        LinkClosed
            Once `closed` is set.
        """
        try:
            contents = self._contents(one, room, closed, places)
        except ReplyRefused:
            self._confirm(one)  # the SuperLink need not keep it
            raise
        try:
            self._confirm(one)
            return _inflated(one.message_id, contents, room)
        except BaseException:
            places.give_back()
            raise

    def _contents(self, one: Arrived, room: Room, closed: threading.Event, places: Places) -> dict[str, bytes]:
        """Return all objects and hold a place for them."""
        while True:
            places.take(closed)
            try:
                return self._pull(one, room, closed, keep=True)
            except _NotThereYet:
                places.give_back()
            except BaseException:
                places.give_back()
                raise
            self._pull(one, room, closed, keep=False)

    def _pull(self, one: Arrived, room: Room, closed: threading.Event, *, keep: bool) -> dict[str, bytes]:
        """Return all objects if they are there now (`keep`), or wait until they are and drop each."""
        object_ids = [node.object_id for node in islice(iterate_object_tree(one.tree), room.objects + 1)]
        if len(object_ids) > room.objects:
            message = f"the reply consists of more than {room.objects} objects"
            raise ReplyRefused(message)
        pull = make_pull_object_fn_protobuf(
            pull_object_protobuf=self._grid._runtime_client.PullObject,
            node=self._grid.node,
            run_id=self._grid.run.run_id,
        )
        try:
            contents: dict[str, bytes] = pull_objects(object_ids, pull_object_fn=_within(pull, room, closed, keep=keep))
        except ObjectPullError as error:
            raise ReplyLost(str(error)) from error
        return contents

    def _confirm(self, one: Arrived) -> None:
        grid = self._grid
        grid._runtime_client.ConfirmMessageReceived(
            ConfirmMessageReceivedRequest(node=grid.node, run_id=grid.run.run_id, message_object_id=one.message_id)
        )


def _within(pull: Callable[[str], bytes], room: Room, closed: threading.Event, *, keep: bool) -> Callable[[str], bytes]:
    """Return the call with a limit on all that it brings."""
    lock = threading.Lock()
    left = room.bytes

    def pull_one(object_id: str) -> bytes:
        nonlocal left
        if closed.is_set():
            raise LinkClosed
        try:
            content = pull(object_id)
        except ObjectUnavailableError as error:
            if keep:
                raise _NotThereYet from error
            raise
        with lock:
            left -= len(content)
            if left < 0:
                message = f"the reply is larger than {room.bytes} bytes"
                raise ReplyRefused(message)
        return content if keep else b""

    return pull_one


def _inflated(message_id: str, contents: dict[str, bytes], room: Room) -> Message:
    try:
        size = sum(_size_of_array(content, contents) for content in contents.values())
        inflated = inflate_object_from_contents(message_id, contents) if size <= room.bytes else None
    except Exception as error:  # flwr raises whatever the site's bytes lead it to
        message = f"the reply does not inflate: {type(error).__name__}"
        raise ReplyRefused(message) from error
    if not isinstance(inflated, Message):
        message = f"the reply holds {size} bytes of arrays, or is no message"
        raise ReplyRefused(message)
    return inflated


def _size_of_array(content: bytes, contents: dict[str, bytes]) -> int:
    """Return what an array is put together to, 0 for another object: it may name one piece any number of times."""
    kind, children, _ = get_object_head_values_from_object_content(content)
    if kind != "Array":
        return 0
    named = json.loads(content.partition(b"\0")[2])["arraychunk_ids"]
    return sum(len(contents[children[index]]) for index in named)
