"""The one public port of the laboratory: mutual TLS in front of the daemon's peer API and of the SuperLink.

==============  =======================================  ===========================================
path            who                                      where to
==============  =======================================  ===========================================
/enrol/v1/*     anybody, rate limited                    the daemon
/peer/v1/*      an approved certificate                  the daemon
/v1/fleet/*     an approved certificate whose key is     the SuperLink (a fixed list of calls)
                also the Flower key of the request
==============  =======================================  ===========================================

Everything else is 404. The daemon answers each request with a thread of its own, so it is asked only once a small body is
here whole, and for so many requests of one site, of one stranger's address, and of all strangers at a time. The daemon believes only what carries the gateway's secret, the SuperLink only what carries its own.
"""

import asyncio
import base64
import binascii
import contextlib
import hmac
import logging
import os
import time
from pathlib import Path

from aiohttp import ClientError, web
from aiohttp.typedefs import Handler
from multidict import CIMultiDict

from fl_core.errors import PeerUnreachable, StorageFailed
from fl_core.protocol import peer_api
from fl_core.protocol.peer_api import ENROL_PROBE, LARGEST_PROBE_BYTES, PROBE
from fl_core.transport import fleet, hygiene
from fl_core.transport.config import GatewayConfig
from fl_core.transport.connections import Connection, TrackingServer
from fl_core.transport.doorkeeper import Doorkeeper
from fl_core.transport.engine_door import ENGINE_SECRET
from fl_core.transport.hygiene import problem
from fl_core.transport.limits import Crowded, Places, RateLimit, source_of
from fl_core.transport.replay import ReplayStore
from fl_core.transport.serve import run_process
from fl_core.transport.upstream import discard_body, fetch, loopback_session, read_body, stream
from fl_core.trust.identity import short_fingerprint
from fl_core.trust.tls import gateway_context
from fl_core.trust.trusted import TrustedSites, read_trusted

logger = logging.getLogger("fl_core.transport.gateway")  # also when run as __main__

ENROL = "/enrol/v1/"
PEER = "/peer/v1/"
ENROL_BODY_BYTES = 64 * 1024
ENROL_BODY_S = 20.0
PROBE_S = 120.0
"""The whole of a probe: 70 kbit/s, less than any line on which models can be exchanged."""
PEER_IDLE_S = 60.0
SMALL_BODY_BYTES = 300_000
"""More than anything a site says; the daemon's own limit is the same."""
SMALL = frozenset(
    {peer_api.HELLO, peer_api.EVENTS, peer_api.SUMMARY, peer_api.CONSENTS, peer_api.WITHDRAWALS}
    | {peer_api.PROGRESS, peer_api.RENEWALS, peer_api.LEAVE}
)
"""Routes on which a larger body is refused; on another it streams to the daemon."""
PEER_AT_ONCE = 8
PEER_POLLS = 2
"""A held request for events has places of its own: one for the present process, one for what its predecessor left behind."""
ENROL_AT_ONCE = 8
ENROL_POLLS = 16
"""Of one address, behind which several sites may wait to be approved."""
ALL_ENROL_AT_ONCE = 12
ALL_ENROL_POLLS = 20
"""Of all strangers together: half of the threads that the daemon has by default stay with those it knows."""
PLACE_WAIT_S = 10.0
"""As long as a predecessor's request for events stays with the daemon, and less than a site waits for an answer."""
WATCH_S = 1.0
_METHODS = frozenset({"GET", "POST", "PUT", "DELETE"})


class Gateway:
    """Decides who may ask what, and passes it on. One object a process; `start` opens both ports."""

    def __init__(self, config: GatewayConfig, *, journal: Path | None = None) -> None:
        self._config = config
        self._mark = _mark(config.trusted_file)
        self._trusted: TrustedSites = read_trusted(config.trusted_file)
        self._replay = ReplayStore(journal)
        self._limit = RateLimit()
        self._peers, self._peer_polls = Places(PEER_AT_ONCE, PLACE_WAIT_S), Places(PEER_POLLS, PLACE_WAIT_S)
        self._strangers, self._enrol_polls = Places(ENROL_AT_ONCE, PLACE_WAIT_S), Places(ENROL_POLLS, PLACE_WAIT_S)
        self._all_strangers = Places(ALL_ENROL_AT_ONCE, PLACE_WAIT_S)
        self._all_enrol_polls = Places(ALL_ENROL_POLLS, PLACE_WAIT_S)
        self._tasks: list[asyncio.Task[None]] = []
        self._runners: list[web.BaseRunner] = []

    async def start(self) -> dict[str, object]:
        """Open the public and the admin port; return their numbers."""
        config = self._config
        self._session = loopback_session()
        self._tls = gateway_context(config.cert, config.key, config.ca)
        self._fleet = fleet.FleetDoor(
            session=self._session, upstream=config.upstream_fleet, replay=self._replay, hold_s=config.hold_s
        )
        self._server = TrackingServer(self._handle)
        self._door = Doorkeeper(self._server, self._tls, lambda fingerprint: fingerprint in self._trusted.sites)
        public = web.ServerRunner(self._server, handle_signals=False, shutdown_timeout=2.0)
        admin = web.AppRunner(self._admin(), handle_signals=False, access_log=None, shutdown_timeout=1.0)
        self._runners = [public, admin]
        await public.setup()
        await admin.setup()
        port = await self._door.open(config.bind, config.public_port)
        await web.TCPSite(admin, "127.0.0.1", config.admin_port, reuse_address=True).start()
        self._tasks = [asyncio.create_task(self._watch())]
        return {"port": port, "admin_port": admin.addresses[0][1]}

    async def stop(self) -> None:
        """Close everything."""
        for task in self._tasks:
            task.cancel()
        await self._door.close()
        for connection in self._server.open:
            connection.gone.set()
        for runner in self._runners:
            await runner.cleanup()
        await self._session.close()

    # --- requests -------------------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._route(request)
        except Crowded as error:
            logger.info("asked too much at once", extra={"path": request.raw_path[:80], "reason": str(error)})
            # 503: a site of a former version takes 429 for a refusal of what it said
            response = problem("peer.unreachable", "too many requests at once, come again", close=True)
            response.headers["Retry-After"] = "2"
            return response
        except PeerUnreachable as error:
            logger.info("upstream did not answer", extra={"path": request.raw_path[:80], "reason": str(error)})
            return problem("peer.unreachable", "the service behind the gateway is being restarted")
        except (ClientError, TimeoutError, OSError) as error:
            logger.info("connection cut", extra={"reason": type(error).__name__})
            return problem("peer.unreachable", "the transfer was cut", close=True)

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = self._server.of(request)
        if connection is None:
            return problem("peer.unreachable", "the connection is closed", close=True)
        connection.requests += 1
        path = hygiene.path_of(request.raw_path)
        refusal = "the path is not plain" if path is None else hygiene.refuse_headers(request.headers)
        if path is None or refusal is not None or request.method not in _METHODS:
            return problem("input.invalid", refusal or "the method is not served", status=400, close=True)
        if path.startswith(ENROL):
            return await self._enrol(request, connection)
        if path.startswith(PEER):
            return self._stranger(connection) or await self._peer(request, connection)
        if path in fleet.SERVED and request.method == "POST":
            return self._stranger(connection) or await self._fleet_call(request, connection, path)
        return problem("not_found", "this address serves enrolment, the peer API and the Fleet API only", close=True)

    def _stranger(self, connection: Connection) -> web.Response | None:
        """Return the refusal of a connection without an approved certificate."""
        if not connection.fingerprint:
            return problem("trust.refused", "this route needs the site's certificate")
        if connection.fingerprint in self._trusted.sites:
            return None
        code = self._trusted.why_refused(connection.fingerprint)
        return problem(code, f"certificate {short_fingerprint(connection.fingerprint)} is not approved", close=True)

    async def _enrol(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        if not self._limit.allow(source_of(connection.peer), time.monotonic()):
            response = problem("peer.unreachable", "too many requests from this address", status=429)
            response.headers["Retry-After"] = "2"
            return response
        if request.raw_path == ENROL_PROBE:
            return await self._probe(request)
        if hygiene.content_length(request.headers) > ENROL_BODY_BYTES:
            return problem("upload.too_large", "an enrolment request is at most 64 KiB", close=True)
        async with asyncio.timeout(ENROL_BODY_S):  # a stranger's trickle must not hold one of the daemon's threads
            body = await read_body(request)
        url, headers = self._for_daemon(request, connection)
        is_poll = request.method == "GET"
        of_one = self._enrol_polls if is_poll else self._strangers
        of_all = self._all_enrol_polls if is_poll else self._all_strangers
        async with of_one.one_for(source_of(connection.peer)), of_all.one_for("strangers"):
            _still_there(connection)
            answer = await fetch(self._session, request.method, url, headers, body, timeout_s=PEER_IDLE_S)
        kept = {"Content-Type": answer.content_type} if answer.content_type else {}
        return web.Response(status=answer.status, body=answer.body, headers=kept)

    async def _probe(self, request: web.BaseRequest) -> web.StreamResponse:
        """Take up to 1 MiB and drop it, so that a site can measure its line."""
        if hygiene.content_length(request.headers) > LARGEST_PROBE_BYTES:
            return problem("upload.too_large", f"a probe is at most {LARGEST_PROBE_BYTES} bytes", close=True)
        async with asyncio.timeout(PROBE_S):
            await discard_body(request)
        return web.Response(status=204)

    async def _peer(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        if request.raw_path == PROBE:
            return await self._probe(request)
        if hygiene.content_length(request.headers) > self._config.max_body_bytes:
            return problem("upload.too_large", f"the limit is {self._config.max_body_bytes} bytes", close=True)
        path, length = request.raw_path.partition("?")[0], hygiene.content_length(request.headers)
        if path in SMALL and length > SMALL_BODY_BYTES:
            return problem("upload.too_large", f"the limit is {SMALL_BODY_BYTES} bytes here", close=True)
        places = self._peer_polls if path == peer_api.EVENTS else self._peers
        async with places.one_for(connection.fingerprint):
            _still_there(connection)
            return await self._to_daemon(request, connection)

    async def _to_daemon(self, request: web.BaseRequest, connection: Connection) -> web.StreamResponse:
        """Pass a request on, a small one only once it is here whole: a trickle must not hold one of the daemon's threads."""
        small = hygiene.content_length(request.headers) <= SMALL_BODY_BYTES
        body = await read_body(request) if small else None
        url, headers = self._for_daemon(request, connection)
        return await stream(self._session, request, url, headers, idle_s=PEER_IDLE_S, body=body)

    def _for_daemon(self, request: web.BaseRequest, connection: Connection) -> tuple[str, CIMultiDict[str]]:
        headers = hygiene.forward_headers(request.headers)
        headers[hygiene.GATEWAY_SECRET] = self._config.gateway_secret
        self._add_identity(headers, connection)
        return self._config.upstream_api.rstrip("/") + request.raw_path, headers

    async def _fleet_call(self, request: web.BaseRequest, connection: Connection, path: str) -> web.StreamResponse:
        if not _same_key(request.headers.get("flwr-public-key", ""), connection.public_key_pem):
            return problem("trust.refused", "the Flower key is not the certificate's key", close=True)
        if hygiene.content_length(request.headers) > fleet.MAX_BODY_BYTES:
            return problem("upload.too_large", f"the limit is {fleet.MAX_BODY_BYTES} bytes", close=True)
        headers = hygiene.forward_headers(request.headers)
        headers[ENGINE_SECRET] = self._config.engine_secret
        request_id = request.headers.get(hygiene.REQUEST_ID, "")[:64]
        answer = await self._fleet.call(connection, path, headers, await read_body(request), request_id)
        kept = {"Content-Type": answer.content_type} if answer.content_type else {}
        return web.Response(status=answer.status, body=answer.body, headers=kept)

    def _add_identity(self, headers: CIMultiDict[str], connection: Connection) -> None:
        if connection.fingerprint:
            headers[hygiene.FINGERPRINT] = connection.fingerprint
            site_id = self._trusted.sites.get(connection.fingerprint)
            if site_id is not None:
                headers[hygiene.SITE] = site_id

    # --- administration, on loopback --------------------------------------------------------------------------------

    def _admin(self) -> web.Application:
        application = web.Application(middlewares=[self._authorise])
        application.add_routes(
            [
                web.post("/reload", self._on_reload),
                web.post("/wake", self._on_wake),
                web.get("/status", self._on_status),
            ]
        )
        return application

    @web.middleware
    async def _authorise(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        expected = f"Bearer {self._config.gateway_secret}".encode()
        given = request.headers.get("Authorization", "").encode("utf-8", "surrogateescape")
        if not hmac.compare_digest(expected, given):
            return problem("peer.gateway_only", "the gateway's secret is needed")
        return await handler(request)

    async def _on_reload(self, _request: web.Request) -> web.Response:
        return web.json_response({"ended": self.reload(), "trusted": len(self._trusted.sites)})

    async def _on_wake(self, _request: web.Request) -> web.Response:
        self._fleet.bell.ring()
        return web.json_response({"held": self._fleet.held})

    async def _on_status(self, _request: web.Request) -> web.Response:
        connections = [
            {
                "site_id": self._trusted.sites.get(item.fingerprint),
                "fingerprint": item.fingerprint,
                "since": item.since.isoformat(),
                "requests": item.requests,
            }
            for item in self._server.open
        ]
        return web.json_response({"connections": connections, "held": self._fleet.held})

    def reload(self) -> int:
        """Read the trusted list and the certificate again; end connections no longer trusted and return how many.

        What cannot be read leaves its present one in force, and keeps the other from nothing.
        """
        self._mark = _mark(self._config.trusted_file)  # before it is read: what is written meanwhile is seen next time
        try:
            self._tls.load_cert_chain(self._config.cert, self._config.key)
        except OSError as error:
            logger.error("the certificate cannot be read, the former one is shown", extra={"reason": str(error)})
        try:
            self._trusted = read_trusted(self._config.trusted_file)
        except StorageFailed as error:
            logger.error("the list cannot be read, the former one stays in force", extra={"reason": str(error)})
            return 0
        ended = self._server.abort_untrusted(self._trusted.sites.keys())
        logger.info("trusted sites read", extra={"sites": len(self._trusted.sites), "connections_ended": ended})
        return ended

    def reload_if_changed(self) -> None:
        """Read the trust files again if the list is another one than was read last."""
        if _mark(self._config.trusted_file) != self._mark:
            self.reload()

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(WATCH_S)
            self.reload_if_changed()


def _still_there(connection: Connection) -> None:
    """Ask nothing for a caller that left while it waited for a place."""
    if connection.gone.is_set():
        message = "the caller has left"
        raise PeerUnreachable(message)


def _mark(path: Path) -> tuple[int, int, int]:
    with contextlib.suppress(OSError):
        found = os.stat(path)  # noqa: PTH116 - one call, also on Windows
        return found.st_mtime_ns, found.st_ino, found.st_size
    return 0, 0, 0


def _same_key(header: str, public_key_pem: bytes) -> bool:
    try:
        return bool(public_key_pem) and hmac.compare_digest(base64.b64decode(header, validate=True), public_key_pem)
    except (binascii.Error, ValueError):
        return False


def main() -> None:
    """Run the gateway: ``python -P -m fl_core.transport.gateway --config FILE``."""
    run_process(
        "gateway",
        GatewayConfig,
        lambda config, path: Gateway(config, journal=config.journal or path.with_suffix(".answers")),
    )


if __name__ == "__main__":
    main()
