"""Flower's Fleet API through the gateway: pulls are held open, uploads happen once, a lost message is given again."""

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from aiohttp import ClientSession
from multidict import CIMultiDict

from fl_core.errors import PeerUnreachable
from fl_core.transport.connections import Connection
from fl_core.transport.replay import Answer, ReplayStore
from fl_core.transport.upstream import fetch
from fl_core.transport.wire import has_message

logger = logging.getLogger(__name__)

PREFIX = "/v1/fleet/"
PULL = PREFIX + "pull-messages"
ACTIVATE = PREFIX + "activate-node"
DEACTIVATE = PREFIX + "deactivate-node"
HEARTBEAT = PREFIX + "send-node-heartbeat"
PUSH_OBJECT = PREFIX + "push-object"
CONFIRM = PREFIX + "confirm-message-received"
ONCE = frozenset({PUSH_OBJECT, PREFIX + "push-messages", CONFIRM})
"""Calls that change the SuperLink's state and are not idempotent there."""
PROOF_OF_RECEIPT = frozenset(
    PREFIX + name for name in ("get-run", "get-fab", "pull-object", "confirm-message-received")
)
"""Calls that a SuperNode makes only after it has read a pulled message."""
PRESENCE = frozenset({ACTIVATE, DEACTIVATE, HEARTBEAT})
"""Calls that say whether a site is there; a late one would overwrite what the site said since."""
SERVED = ONCE | PROOF_OF_RECEIPT | PRESENCE | {PULL}
MAX_BODY_BYTES = 64 * 2**20
UPSTREAM_TIMEOUT_S = 25.0
ASK_AGAIN_S = 1.0
ASK_SOON_S = 0.1
GIVE_AGAIN_WITHIN_S = 120.0
STORED = b"\x08\x01"
"""``PushObjectResponse(stored=True)`` (flwr 1.41, ``message.proto``)."""


class Bell:
    """Wakes everybody who waits."""

    def __init__(self) -> None:
        self._rung = asyncio.Event()

    def ring(self) -> None:
        """Wake all present waiters."""
        self._rung.set()
        self._rung = asyncio.Event()

    async def wait(self, gone: asyncio.Event, timeout_s: float) -> bool:
        """Wait for a ring, the caller's end or the time; return whether it rang."""
        rung = self._rung
        waits = [asyncio.ensure_future(rung.wait()), asyncio.ensure_future(gone.wait())]
        try:
            await asyncio.wait(waits, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        return rung.is_set()


@dataclass(slots=True)
class _Given:
    request_id: str
    answer: Answer
    at: float
    again: bool = False


class FleetDoor:
    """Passes Fleet calls of identified sites to the SuperLink."""

    def __init__(
        self,
        *,
        session: ClientSession,
        upstream: str,
        replay: ReplayStore,
        hold_s: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.bell = Bell()
        self.held = 0
        self._session = session
        self._upstream = upstream.rstrip("/")
        self._replay = replay
        self._hold_s = hold_s
        self._clock = clock
        self._given: dict[str, _Given] = {}
        self._presence: dict[str, asyncio.Lock] = {}

    async def call(
        self, connection: Connection, path: str, headers: CIMultiDict[str], body: bytes, request_id: str
    ) -> Answer:
        """Return the SuperLink's answer; raises PeerUnreachable when there is none."""
        if path in PROOF_OF_RECEIPT:
            self._given.pop(connection.fingerprint, None)
        if path == PULL:
            return await self._pull(connection, headers, body, request_id)
        if path in ONCE and request_id:
            return await self._once(connection, path, headers, body, request_id)
        if path in PRESENCE:
            return await self._announce(connection, path, headers, body)
        return await self._ask(path, headers, body)

    async def _announce(self, connection: Connection, path: str, headers: CIMultiDict[str], body: bytes) -> Answer:
        """Ask one at a time a site, in the order they came, and nothing for a caller that has left.

        So a farewell that the SuperLink took long to answer is over before the site's next process arrives, and one
        whose sender is gone does not switch that process off.
        """
        async with self._presence.setdefault(connection.fingerprint, asyncio.Lock()):
            if connection.gone.is_set():
                message = "the caller has left"
                raise PeerUnreachable(message)
            return await self._ask(path, headers, body)

    async def _ask(self, path: str, headers: CIMultiDict[str], body: bytes) -> Answer:
        return await fetch(self._session, "POST", self._upstream + path, headers, body, timeout_s=UPSTREAM_TIMEOUT_S)

    async def _once(
        self, connection: Connection, path: str, headers: CIMultiDict[str], body: bytes, request_id: str
    ) -> Answer:
        key = (connection.fingerprint, request_id)
        in_doubt = self._replay.begun_before(key)

        async def execute() -> Answer:
            nonlocal in_doubt
            try:
                answer = await self._ask(path, headers, body)
            except PeerUnreachable:
                self._replay.doubt(key)
                raise
            if in_doubt and path == PUSH_OBJECT and answer.status == 200 and not answer.body:
                # The first attempt reached the SuperLink, which no longer waits for this object: it has it.
                answer = Answer(200, answer.content_type, STORED)
            return answer

        return await self._replay.once(key, execute)

    async def _pull(self, connection: Connection, headers: CIMultiDict[str], body: bytes, request_id: str) -> Answer:
        lost = self._lost_answer(connection.fingerprint, request_id)
        if lost is not None:
            return lost

        async def execute() -> Answer:
            answer = await self._hold(connection, headers, body)
            if request_id and _brings_message(answer):
                self._given[connection.fingerprint] = _Given(request_id, answer, self._clock())
            return answer

        if not request_id:
            return await execute()
        return await self._replay.once((connection.fingerprint, request_id), execute, worth_keeping=_brings_message)

    def _lost_answer(self, fingerprint: str, request_id: str) -> Answer | None:
        """Return, once, the last message given to this site if it shows no sign of having received it."""
        given = self._given.get(fingerprint)
        if given is None or given.request_id == request_id or not request_id:
            return None
        if given.again or self._clock() - given.at > GIVE_AGAIN_WITHIN_S:
            del self._given[fingerprint]
            return None
        given.again, given.request_id = True, request_id
        logger.info("message given again", extra={"fingerprint": fingerprint})
        return given.answer

    async def _hold(self, connection: Connection, headers: CIMultiDict[str], body: bytes) -> Answer:
        """Ask until there is a message, the time is over or the caller is gone; a ring asks at once."""
        until = self._clock() + self._hold_s
        pause = ASK_AGAIN_S
        with self._counted():
            while True:
                answer = await self._ask(PULL, headers, body)
                left = until - self._clock()
                if answer.status != 200 or has_message(answer.body) or left <= 0 or connection.gone.is_set():
                    return answer
                rang = await self.bell.wait(connection.gone, min(pause, left))
                # What a ring announces may need a moment to become visible: look more often for a while.
                pause = ASK_SOON_S if rang else min(pause * 2, ASK_AGAIN_S)

    @contextlib.contextmanager
    def _counted(self) -> Iterator[None]:
        self.held += 1
        try:
            yield
        finally:
            self.held -= 1


def _brings_message(answer: Answer) -> bool:
    return answer.status == 200 and has_message(answer.body)
