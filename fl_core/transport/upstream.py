"""Outgoing connections: the one place where connectors are made and answers are fetched."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Mapping
from pathlib import Path

from aiohttp import (
    BasicAuth,
    ClientConnectorCertificateError,
    ClientError,
    ClientHttpProxyError,
    ClientProxyConnectionError,
    ClientRequest,
    ClientSession,
    ClientTimeout,
    DummyCookieJar,
    TCPConnector,
    web,
)
from aiohttp.connector import AddrInfoType
from multidict import CIMultiDict

from fl_core.errors import PeerUnreachable
from fl_core.transport.hygiene import answer_headers, content_length
from fl_core.transport.proxy import Proxy
from fl_core.transport.replay import Answer
from fl_core.trust.tls import client_context

CONNECT_TIMEOUT_S = 10.0
CHUNK_BYTES = 256 * 1024
PROXY_LOGIN = 407
SLOWEST_PIECE_S = 60.0
SLOWEST_BYTES_PER_S = 4096
_QUIET = ("User-Agent", "Accept", "Accept-Encoding", "Content-Type")


def loopback_session() -> ClientSession:
    """Return a session to our own servers on this computer.

    Each request opens its own connection: on loopback that costs 0.1 ms, and no request ever meets a connection that
    the server is just closing.
    """
    return _session(TCPConnector(force_close=True, limit=0))


def gateway_session(*, ca: Path, cert: Path, key: Path, proxy: Proxy | None = None) -> ClientSession:
    """Return a site's session to the gateway: mutual TLS, connections kept open between requests."""
    return _session(_GatewayConnector(client_context(ca, cert, key), None if proxy is None else proxy.context()))


class _GatewayConnector(TCPConnector):
    """Checks a TLS proxy against its own authorities; aiohttp would check both ends of the tunnel alike.

    The proxy's request is the one that names no proxy itself (aiohttp 3.14 ``_create_proxy_connection``).
    """

    def __init__(self, gateway: ssl.SSLContext, proxy: ssl.SSLContext | None) -> None:
        super().__init__(ssl=gateway, limit=16, keepalive_timeout=60.0, socket_factory=_watched_socket)
        self._proxy_context = proxy

    def _get_ssl_context(self, req: ClientRequest) -> ssl.SSLContext | None:
        if self._proxy_context is not None and req.proxy is None:
            return self._proxy_context
        return super()._get_ssl_context(req)


def _watched_socket(address: AddrInfoType) -> socket.socket:
    """Return a socket on which a silently dead path is noticed within about 15 s, also during an upload."""
    family, kind, protocol, _, _ = address
    made = socket.socket(family, kind, protocol)
    made.setblocking(False)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    for option, value in (("TCP_KEEPIDLE", 6), ("TCP_KEEPINTVL", 3), ("TCP_KEEPCNT", 3), ("TCP_USER_TIMEOUT", 15_000)):
        number = getattr(socket, option, None)  # not on every system
        if number is not None:
            made.setsockopt(socket.IPPROTO_TCP, number, value)
    return made


def _session(connector: TCPConnector) -> ClientSession:
    return ClientSession(
        connector=connector,
        auto_decompress=False,
        cookie_jar=DummyCookieJar(),
        trust_env=False,
        skip_auto_headers=_QUIET,
        raise_for_status=False,
    )


async def fetch(
    session: ClientSession,
    method: str,
    url: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    timeout_s: float,
    proxy: Proxy | None = None,
) -> Answer:
    """Send a whole request, through the proxy where there is one, and return the whole answer.

    Raises
    ------
    PeerUnreachable
        When no whole answer came back in time; whether the request was carried out is not known then.
    """
    timeout = ClientTimeout(total=timeout_s, sock_connect=CONNECT_TIMEOUT_S)
    try:
        async with session.request(
            method,
            url,
            headers=headers,
            data=body,
            timeout=timeout,
            allow_redirects=False,
            proxy=None if proxy is None else proxy.url,
            proxy_auth=BasicAuth(proxy.username, proxy.password, "utf-8") if proxy and proxy.username else None,
        ) as response:
            content = await response.read()
            return Answer(response.status, response.headers.get("Content-Type", ""), content)
    except (ClientError, TimeoutError, OSError) as error:
        message = f"no answer: {type(error).__name__}"
        raise PeerUnreachable(message, code=_code_of(error)) from error


def _code_of(error: Exception) -> str:
    if isinstance(error, ClientHttpProxyError):
        return "proxy.login" if error.status == PROXY_LOGIN else "proxy.refused"
    if isinstance(error, ClientProxyConnectionError):
        return "proxy.unreachable"
    return "peer.other_certificate" if isinstance(error, ClientConnectorCertificateError) else PeerUnreachable.code


async def stream(
    session: ClientSession,
    request: web.BaseRequest,
    url: str,
    headers: CIMultiDict[str],
    *,
    idle_s: float,
    body: bytes | None = None,
) -> web.StreamResponse:
    """Pass a request on and its answer back, both as they come, without holding either in memory.

    With `body` the request's body has been read already.

    Raises
    ------
    PeerUnreachable
        When nothing came back; once an answer has begun, a failure cuts the connection instead.
    """
    length = content_length(request.headers)
    if length:
        headers["Content-Length"] = str(length)
    timeout = ClientTimeout(total=None, sock_connect=CONNECT_TIMEOUT_S, sock_read=idle_s)
    try:
        answering = await session.request(
            request.method,
            url,
            headers=headers,
            data=None if not length else _pieces(request) if body is None else body,
            timeout=timeout,
            allow_redirects=False,
        )
    except (ClientError, TimeoutError, OSError) as error:
        message = f"no answer: {type(error).__name__}"
        raise PeerUnreachable(message) from error
    async with answering:
        response = web.StreamResponse(status=answering.status, headers=answer_headers(answering.headers))
        if "Content-Length" in answering.headers:
            response.content_length = int(answering.headers["Content-Length"])
        try:
            await response.prepare(request)
            async for piece in answering.content.iter_chunked(CHUNK_BYTES):
                await response.write(piece)
            await response.write_eof()
        except (ClientError, TimeoutError, OSError):
            if request.transport is not None:
                request.transport.abort()
            raise
        return response


async def read_body(request: web.BaseRequest) -> bytes:
    """Return a request's whole body (its length was checked before); raises TimeoutError when it stalls or trickles."""
    return b"".join([piece async for piece in _pieces(request)])


async def discard_body(request: web.BaseRequest) -> None:
    """Read a request's whole body and keep none of it; raises TimeoutError when it stalls or trickles."""
    async for _ in _pieces(request):
        pass


async def _pieces(request: web.BaseRequest) -> AsyncIterator[bytes]:
    """Yield a body as it comes, each piece within `SLOWEST_PIECE_S` and the whole not slower than `SLOWEST_BYTES_PER_S`."""
    now = asyncio.get_running_loop().time
    until = now() + SLOWEST_PIECE_S + content_length(request.headers) / SLOWEST_BYTES_PER_S
    while piece := await asyncio.wait_for(request.content.readany(), min(SLOWEST_PIECE_S, until - now())):
        yield piece
