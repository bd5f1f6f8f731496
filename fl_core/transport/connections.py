"""Open connections and whose they are: identity by certificate, ended at once when a certificate is withdrawn."""

import asyncio
import logging
import ssl
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass, field
from datetime import UTC, datetime

from aiohttp import web
from aiohttp.web_protocol import RequestHandler
from cryptography import x509

from fl_core.errors import InvalidInput
from fl_core.trust.identity import certificate_key, key_fingerprint, spki_pem

logger = logging.getLogger(__name__)
FIRST_REQUEST_WITHIN_S = 20.0


@dataclass(eq=False, slots=True)
class Connection:
    """One open connection: `fingerprint` and `public_key_pem` are empty without a client certificate."""

    transport: asyncio.Transport
    peer: str
    fingerprint: str = ""
    public_key_pem: bytes = b""
    since: datetime = field(default_factory=lambda: datetime.now(UTC))
    requests: int = 0
    gone: asyncio.Event = field(default_factory=asyncio.Event)


class TrackingServer(web.Server):
    """aiohttp's low-level server that knows its connections; one that asks nothing for 20 s is ended."""

    def __init__(self, handler: Callable[[web.BaseRequest], Awaitable[web.StreamResponse]]) -> None:
        super().__init__(handler, access_log=None, auto_decompress=False, keepalive_timeout=75.0, lingering_time=2.0)
        self._open: dict[RequestHandler, Connection] = {}

    def connection_made(self, handler: RequestHandler, transport: asyncio.Transport) -> None:
        """Note who connected (called once the TLS handshake is complete)."""
        super().connection_made(handler, transport)
        connection = identify(transport)
        self._open[handler] = connection
        asyncio.get_running_loop().call_later(FIRST_REQUEST_WITHIN_S, _end_if_silent, connection)

    def connection_lost(self, handler: RequestHandler, exc: BaseException | None = None) -> None:
        """Forget the connection and wake whatever waits on its behalf."""
        connection = self._open.pop(handler, None)
        if connection is not None:
            connection.gone.set()
        super().connection_lost(handler, exc)

    def of(self, request: web.BaseRequest) -> Connection | None:
        """Return the connection a request came on, None once it is gone."""
        return self._open.get(request.protocol)

    def connection_of(self, handler: object) -> Connection | None:
        """Return the connection that a handler serves, None once it is gone."""
        return self._open.get(handler) if isinstance(handler, RequestHandler) else None

    @property
    def open(self) -> list[Connection]:
        """The connections that are open now."""
        return list(self._open.values())

    def abort_untrusted(self, trusted: Collection[str]) -> int:
        """End, without farewell, every connection whose certificate is not trusted; return how many."""
        ended = [item for item in self.open if item.fingerprint and item.fingerprint not in trusted]
        for connection in ended:
            connection.transport.abort()
        return len(ended)


def identify(transport: asyncio.Transport) -> Connection:
    """Return the connection with the identity that TLS verified."""
    name = transport.get_extra_info("peername")
    connection = Connection(transport, str(name[0]) if name else "")
    tls = transport.get_extra_info("ssl_object")
    der = tls.getpeercert(binary_form=True) if isinstance(tls, ssl.SSLObject) else None
    if der:
        try:
            key = certificate_key(x509.load_der_x509_certificate(der))
        except (InvalidInput, ValueError):
            logger.warning("a certificate of an unexpected kind was shown", extra={"peer": connection.peer})
        else:
            connection.fingerprint = key_fingerprint(key)
            connection.public_key_pem = spki_pem(key)
    return connection


def _end_if_silent(connection: Connection) -> None:
    if connection.requests == 0 and not connection.gone.is_set():
        connection.transport.abort()
