"""`SiteLink` over flwr's grid: only the chosen nodes are seen, each reply is fetched by a thread as soon as it is there."""

import logging
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import httpx

from fl_core.errors import PeerUnreachable
from fl_core.flower.exchange import RoundRequest, SiteAnswer
from fl_core.flower.messages import (
    CLIENT_APP_RAISED,
    MESSAGE_LOST,
    NODE_UNAVAILABLE,
    read_answer,
    request_content,
    round_message,
)
from fl_core.flower.replies import Arrived, LinkClosed, Places, Replies, ReplyLost, ReplyRefused, Room, room_for
from fl_core.protocol.plan import PlannedSite

FIRST_POLL_S = 0.1
SLOWEST_POLL_S = 0.4
SLOW_AFTER_S = 20.0
MOST_IN_MEMORY = 4
"""Replies that are fetched before the loop takes them; more wait at the SuperLink, on the disk."""
TTL_MARGIN_S = 600.0
"""A message lives on for this long after its round, no longer, as nobody needs to train for it. It is what clocks may
differ by: flwr counts a reply's life by the site's clock, and serves no site whose clock is off by more than five minutes.
"""

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Asked:
    """What a message asked for, and what its reply may bring."""

    site_id: str
    round: int
    room: Room


class FlowerLink:
    """Sends through a grid and polls it for replies; only those to the newest message of each site are answers.

    A reply to an older message is fetched too and dropped, so that the SuperLink need not keep it. A reply that brings too much or does not inflate is an answer of its site, with the code of a refused update.

    Parameters
    ----------
    grid : flwr Grid
    sites : the session's chosen sites
    wake : called after messages were pushed, to let the gateway answer the pulls it holds
    """

    def __init__(self, grid: Any, sites: tuple[PlannedSite, ...], wake: Callable[[], None]) -> None:
        self._grid, self._wake = grid, wake
        self._replies, self._places = Replies(grid), Places(MOST_IN_MEMORY)
        self._nodes: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self.know(sites)
        self._lock = threading.Lock()
        self._round = 0
        self._newest: dict[str, str] = {}
        self._pending: dict[str, _Asked] = {}
        self._arriving: set[str] = set()
        self._answers: queue.Queue[SiteAnswer | Exception] = queue.Queue()
        self._sent = threading.Event()
        self._closed = threading.Event()
        self._thread = threading.Thread(target=self._fetch, name="replies", daemon=True)
        self._thread.start()

    def know(self, sites: tuple[PlannedSite, ...]) -> None:
        """Take further sites; those that left a plan stay known, for they may have messages under way."""
        self._nodes |= {site.site_id: int(site.node_id) for site in sites}
        self._names |= {int(site.node_id): site.site_id for site in sites}

    def present(self) -> Mapping[str, str]:
        """Return the chosen sites that are online, each with the time of its node's last activation."""
        nodes = self._call(lambda: list(self._grid.get_nodes()))
        return {self._names[node.node_id]: str(node.last_activated_at) for node in nodes if node.node_id in self._names}

    def send(self, request: RoundRequest, site_ids: list[str]) -> None:
        """Push one message a site; the content is stored once for all."""
        content = request_content(request)
        ttl_s = request.deadline_s + TTL_MARGIN_S
        messages = [round_message(content, self._nodes[site_id], request.round, ttl_s) for site_id in site_ids]
        with self._lock:
            self._round = request.round
            for site_id in site_ids:
                self._newest.pop(site_id, None)
        message_ids = self._call(lambda: list(self._grid.push_messages(messages)))
        room = room_for(request.packed)
        with self._lock:
            for site_id, message_id in zip(site_ids, message_ids, strict=True):
                if message_id:
                    self._newest[site_id] = message_id
                    self._pending[message_id] = _Asked(site_id, request.round, room)
                else:
                    self._answers.put(_error(site_id, request.round, NODE_UNAVAILABLE, "peer.unreachable"))
        self._sent.set()
        self._wake()

    def receive(self, timeout_s: float) -> list[SiteAnswer]:
        """Return what came, waiting at most this long for the first; what waited here since a former round is dropped."""
        answers: list[SiteAnswer] = []
        try:
            item = self._answers.get(timeout=timeout_s)
            while True:
                if isinstance(item, Exception):
                    raise item
                if item.reply is not None:
                    self._places.give_back()
                if item.round == self._round:
                    answers.append(item)
                item = self._answers.get_nowait()
        except queue.Empty:
            return answers

    def close(self) -> None:
        """End the fetching threads; one that waits for an object ends at its next look."""
        self._closed.set()
        self._sent.set()
        self._thread.join(timeout=2)

    def _fetch(self) -> None:
        waited_s = 0.0
        while not self._closed.is_set():
            with self._lock:
                asked = [message_id for message_id in self._pending if message_id not in self._arriving]
            if not asked:
                self._sent.wait()
                self._sent.clear()
                waited_s = 0.0
                continue
            try:
                arrived = self._replies.arrived(asked)
            except Exception as error:  # noqa: BLE001 - whatever ends the fetching ends the run
                self._answers.put(engine_lost(error))
                return
            for one in arrived:
                self._begin(one)
            pause_s = FIRST_POLL_S if waited_s < SLOW_AFTER_S else SLOWEST_POLL_S
            if not arrived:
                waited_s += pause_s
                if self._sent.wait(pause_s):
                    self._sent.clear()
                    waited_s = 0.0

    def _begin(self, one: Arrived) -> None:
        """Fetch a reply beside the others: it may wait for what its site is still uploading."""
        with self._lock:
            asked = self._pending.get(one.reply_to)
            if asked is None:
                return
            self._arriving.add(one.reply_to)
        threading.Thread(target=self._take, args=(one, asked), name="reply", daemon=True).start()

    def _take(self, one: Arrived, asked: _Asked) -> None:
        answer: SiteAnswer | Exception
        try:
            reply = self._replies.fetch(one, asked.room, self._closed, self._places)
            answer = read_answer(asked.site_id, asked.round, reply)
            if answer.reply is None:
                self._places.give_back()
        except LinkClosed:
            return
        except ReplyRefused as error:
            logger.warning("reply refused", extra={"site_id": asked.site_id, "error": str(error)})
            answer = _error(asked.site_id, asked.round, CLIENT_APP_RAISED, error.code)
        except ReplyLost:
            answer = _error(asked.site_id, asked.round, MESSAGE_LOST, "peer.unreachable")
        except Exception as error:  # noqa: BLE001 - whatever ends the fetching ends the run
            answer = engine_lost(error)
        with self._lock:
            self._arriving.discard(one.reply_to)
            del self._pending[one.reply_to]
            wanted = self._newest.get(asked.site_id) == one.reply_to
        if wanted or isinstance(answer, Exception):
            self._answers.put(answer)
        elif answer.reply is not None:
            self._places.give_back()

    @staticmethod
    def _call(action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Exception as error:
            raise engine_lost(error) from error


def _error(site_id: str, round_number: int, number: int, code: str) -> SiteAnswer:
    return SiteAnswer(site_id=site_id, round=round_number, error_number=number, code=code)


def engine_lost(error: Exception) -> PeerUnreachable:
    """Return the one error that says that the SuperLink no longer serves this run."""
    status = error.response.status_code if isinstance(error, httpx.HTTPStatusError) else ""
    message = f"the federation engine does not answer: {type(error).__name__} {status}"
    return PeerUnreachable(message, code="federation.engine_lost")


def gateway_waker(admin_url: str, secret: str) -> Callable[[], None]:
    """Return a call that makes the gateway look for messages at once; without an address it does nothing."""
    if not admin_url:
        return lambda: None
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def wake() -> None:
        request = urllib.request.Request(  # noqa: S310 - the gateway's loopback address
            f"{admin_url.rstrip('/')}/wake", b"", {"Authorization": f"Bearer {secret}"}, method="POST"
        )
        try:
            with opener.open(request, timeout=2):
                pass
        except (urllib.error.URLError, OSError) as error:
            logger.warning("gateway not woken", extra={"error": str(error)})

    return wake
