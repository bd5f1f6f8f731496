"""Accepts connections on the public port: so many of one address at a time until they show an approved certificate."""

import asyncio
import contextlib
import logging
import socket
import ssl
from collections import Counter
from collections.abc import Callable, Coroutine

from fl_core.transport.connections import TrackingServer
from fl_core.transport.limits import source_of

MOST_UNKNOWN = 32
"""Of one address. A site that enrols needs one or two; 32 are below the number of threads the daemon has."""
HANDSHAKE_S = 20.0
BACKLOG = 256
NO_ROOM_PAUSE_S = 1.0

logger = logging.getLogger(__name__)


class Doorkeeper:
    """Listens, shakes hands, and hands every connection to the server.

    Parameters
    ----------
    server : TrackingServer
    tls : ssl.SSLContext
        May load another certificate meanwhile.
    is_approved : callable
        Tells of a certificate's fingerprint whether its site may come as often as it likes.
    """

    def __init__(self, server: TrackingServer, tls: ssl.SSLContext, is_approved: Callable[[str], bool]) -> None:
        self._server = server
        self._tls = tls
        self._is_approved = is_approved
        self._unknown: Counter[str] = Counter()
        self._listeners: list[socket.socket] = []
        self._tasks: set[asyncio.Task[None]] = set()

    async def open(self, host: str, port: int) -> int:
        """Listen on every address of the host; return the port. Raises OSError when it is taken."""
        found = await asyncio.get_running_loop().getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )
        for family, address in dict.fromkeys((item[0], item[4]) for item in found):
            self._listeners.append(_listen(family, address))
        for listener in self._listeners:
            self._begin(self._accept(listener))
        return int(self._listeners[0].getsockname()[1])

    async def close(self) -> None:
        """Accept nothing more and end what has not shaken hands; the server ends the rest."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        for listener in self._listeners:
            listener.close()

    def _begin(self, work: Coroutine[object, object, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _accept(self, listener: socket.socket) -> None:
        loop = asyncio.get_running_loop()
        while True:
            try:
                accepted, address = await loop.sock_accept(listener)
            except OSError as error:  # no file left: those that end make room
                logger.warning("no connection can be accepted", extra={"reason": type(error).__name__})
                await asyncio.sleep(NO_ROOM_PAUSE_S)
                continue
            source = source_of(str(address[0]))
            if self._unknown[source] < MOST_UNKNOWN:
                self._unknown[source] += 1
                self._begin(self._greet(accepted, source))
            else:
                accepted.close()
            await asyncio.sleep(0)  # a crowd at the door must not stop those inside

    async def _greet(self, accepted: socket.socket, source: str) -> None:
        """Shake hands; an unknown one counts until it leaves."""
        try:
            with contextlib.suppress(OSError):  # no TLS, none of ours, too slow, gone
                _, handler = await asyncio.get_running_loop().connect_accepted_socket(
                    self._server, accepted, ssl=self._tls, ssl_handshake_timeout=HANDSHAKE_S
                )
                connection = self._server.connection_of(handler)
                if connection is not None and not self._is_approved(connection.fingerprint):
                    await connection.gone.wait()
        finally:
            self._unknown[source] -= 1
            if not self._unknown[source]:
                del self._unknown[source]


def _listen(family: int, address: tuple[object, ...]) -> socket.socket:
    listener = socket.socket(family, socket.SOCK_STREAM)
    try:
        listener.setblocking(False)
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError:
        listener.close()
        raise
    return listener
