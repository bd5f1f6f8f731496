"""`SiteLink` over flwr's grid: only the chosen nodes are seen, each reply is fetched by a thread as soon as it is there."""

import logging
import queue
import threading
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

import httpx

from fl_core.errors import PeerUnreachable
from fl_core.flower.exchange import RoundRequest, SiteAnswer
from fl_core.flower.messages import MESSAGE_LOST, read_answer, request_content, round_message
from fl_core.flower.replies import Arrived, LinkClosed, Replies, ReplyLost, ReplyRefused, Room, room_for
from fl_core.protocol.plan import PlannedSite

FIRST_POLL_S = 0.1
SLOWEST_POLL_S = 0.4
SLOW_AFTER_S = 20.0
TTL_MARGIN_S = 3600.0

logger = logging.getLogger(__name__)


class FlowerLink:
    """Sends through a grid and polls it for the replies of the newest message to each site.

    A reply that brings too much or does not inflate is an answer of its site, with the code of a refused update.

    Parameters
    ----------
    grid : flwr Grid
    sites : the session's chosen sites
    wake : called after messages were pushed, to let the gateway answer the pulls it holds
    """

    def __init__(self, grid: Any, sites: tuple[PlannedSite, ...], wake: Callable[[], None]) -> None:
        self._grid, self._wake = grid, wake
        self._replies = Replies(grid)
        self._nodes: dict[str, int] = {}
        self._names: dict[int, str] = {}
        self.know(sites)
        self._lock = threading.Lock()
        self._pending: dict[str, tuple[str, Room]] = {}
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
        message_ids = self._call(lambda: list(self._grid.push_messages(messages)))
        room = room_for(request.packed)
        with self._lock:
            self._pending = {
                message_id: waits for message_id, waits in self._pending.items() if waits[0] not in site_ids
            }
            for site_id, message_id in zip(site_ids, message_ids, strict=True):
                if message_id:
                    self._pending[message_id] = (site_id, room)
                else:
                    self._answers.put(SiteAnswer(site_id=site_id, error_number=5, code="peer.unreachable"))
        self._sent.set()
        self._wake()

    def receive(self, timeout_s: float) -> list[SiteAnswer]:
        """Return what came, waiting at most this long for the first."""
        answers: list[SiteAnswer] = []
        try:
            item = self._answers.get(timeout=timeout_s)
            while True:
                if isinstance(item, Exception):
                    raise item
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
            waits = self._pending.get(one.reply_to)
            if waits is None:
                return
            self._arriving.add(one.reply_to)
        threading.Thread(target=self._take, args=(one, *waits), name="reply", daemon=True).start()

    def _take(self, one: Arrived, site_id: str, room: Room) -> None:
        answer: SiteAnswer | Exception
        try:
            answer = read_answer(site_id, self._replies.fetch(one, room, self._closed))
        except LinkClosed:
            return
        except ReplyRefused as error:
            logger.warning("reply refused", extra={"site_id": site_id, "error": str(error)})
            answer = SiteAnswer(site_id=site_id, error_number=2, code=error.code)
        except ReplyLost:
            answer = SiteAnswer(site_id=site_id, error_number=MESSAGE_LOST, code="peer.unreachable")
        except Exception as error:  # noqa: BLE001 - whatever ends the fetching ends the run
            answer = engine_lost(error)
        with self._lock:
            self._arriving.discard(one.reply_to)
            wanted = self._pending.pop(one.reply_to, None) is not None
        if wanted or isinstance(answer, Exception):
            self._answers.put(answer)

    @staticmethod
    def _call(action: Callable[[], Any]) -> Any:
        try:
            return action()
        except Exception as error:
            raise engine_lost(error) from error


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
