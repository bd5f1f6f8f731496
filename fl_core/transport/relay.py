"""The site's end of the way to the laboratory: SuperNode -> loopback -> mutual TLS -> gateway.

It serves only requests that the site's own key signed a moment ago. A lost connection is tried again with the same
request id, so that nothing is carried out twice; what takes longer than the SuperNode waits goes on in the background
and is handed out when it asks again (it repeats after 503, flwr 1.41 ``http_retry.py``).
"""

import asyncio
import contextlib
import hashlib
import json
import logging
import random
import time
import uuid
from collections.abc import Callable
from datetime import UTC, datetime
from functools import partial

from aiohttp import ClientError, web
from multidict import CIMultiDict

from fl_core.errors import NotTrusted, PeerUnreachable
from fl_core.transport import fleet, hygiene
from fl_core.transport.config import RelayConfig
from fl_core.transport.connections import Connection, TrackingServer
from fl_core.transport.hygiene import problem
from fl_core.transport.node_auth import NodeAuth
from fl_core.transport.proxy import Proxy, load_proxy
from fl_core.transport.replay import Answer
from fl_core.transport.serve import run_process
from fl_core.transport.upstream import fetch, gateway_session, read_body

logger = logging.getLogger("fl_core.transport.relay")  # also when run as __main__

TRY_FOR_S = 300.0
KEEP_ANSWER_S = 120.0
FIRST_PAUSE_S = 0.1
LONGEST_PAUSE_S = 2.0
FAREWELL_S = 2.0
GOES_ON = fleet.ONCE | fleet.PROOF_OF_RECEIPT
"""Calls that are finished in the background; pulls, heartbeats, arrival and farewell only matter while asked."""
_PROBLEM = "application/problem+json"
_AGAIN = frozenset({429, 502, 503, 504})


class GatewayState:
    """What the relay knows about the gateway; a change is logged once."""

    def __init__(self) -> None:
        self.state = "unknown"
        self.code = ""
        self.since = datetime.now(UTC)

    def note(self, state: str, code: str = "") -> None:
        """Remember the outcome of an attempt."""
        if state == self.state:
            self.code = code
            return
        self.state, self.code, self.since = state, code, datetime.now(UTC)
        level = logging.INFO if state == "connected" else logging.WARNING
        logger.log(level, "gateway state changed", extra={"gateway": state, "code": code})

    def as_json(self) -> dict[str, str]:
        """Return the state for ``GET /health``."""
        return {"gateway": self.state, "code": self.code, "since": self.since.isoformat()}


class _Transfer:
    """One request on its way, with the newest headers the SuperNode signed for it."""

    def __init__(self, path: str, headers: CIMultiDict[str], body: bytes, request_id: str) -> None:
        self.path = path
        self.headers = headers
        self.body = body
        self.request_id = request_id
        self.task: asyncio.Task[Answer] | None = None


class Relay:
    """Serves the SuperNode. One object a process; `start` opens the port."""

    def __init__(self, config: RelayConfig, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._config = config
        self._auth = NodeAuth(config.public_key_pem)
        self._clock = clock
        self._transfers: dict[str, _Transfer] = {}
        self.gateway = GatewayState()
        self._proxy: Proxy | None = None

    async def start(self) -> dict[str, object]:
        """Open the loopback port and return its number."""
        config = self._config
        self._proxy = load_proxy(config.proxy_file) if config.proxy_file is not None else None
        self._session = gateway_session(ca=config.ca, cert=config.cert, key=config.key, proxy=self._proxy)
        self._server = TrackingServer(self._handle)
        self._runner = web.ServerRunner(self._server, handle_signals=False, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, "127.0.0.1", config.port, reuse_address=True)
        await site.start()
        return {"port": self._runner.addresses[0][1]}

    async def stop(self) -> None:
        """Close everything; what is under way is given up (the SuperNode, if it lives, asks again)."""
        for transfer in self._transfers.values():
            if transfer.task is not None:
                transfer.task.cancel()
        await self._runner.cleanup()
        await self._session.close()

    # --- the SuperNode's side -------------------------------------------------------------------------------------

    async def _handle(self, request: web.BaseRequest) -> web.StreamResponse:
        try:
            return await self._route(request)
        except NotTrusted as error:
            logger.warning("request refused", extra={"reason": str(error)})
            return problem("trust.refused", str(error), close=True)
        except (ClientError, TimeoutError, OSError) as error:
            logger.info("local connection cut", extra={"reason": type(error).__name__})
            return problem("peer.unreachable", "the request was cut", close=True)

    async def _route(self, request: web.BaseRequest) -> web.StreamResponse:
        connection = self._server.of(request)
        path = hygiene.path_of(request.raw_path)
        refusal = hygiene.refuse_headers(request.headers)
        if connection is None or path is None or refusal is not None:
            return problem("input.invalid", refusal or "the path is not plain", status=400, close=True)
        connection.requests += 1
        if (request.method, path) == ("GET", "/health"):
            return web.json_response(self.gateway.as_json())
        if request.method != "POST" or path not in fleet.SERVED:
            return problem("not_found", "the relay serves the Fleet API only", close=True)
        self._auth.check(request.headers)
        if hygiene.content_length(request.headers) > fleet.MAX_BODY_BYTES:
            return problem("upload.too_large", f"the limit is {fleet.MAX_BODY_BYTES} bytes", close=True)
        headers = hygiene.forward_headers(request.headers)
        answer = await self._serve(connection, path, headers, await read_body(request))
        if answer is None:
            return problem("peer.unreachable", "the laboratory has not answered yet")
        return web.Response(status=answer.status, body=answer.body, headers={"Content-Type": answer.content_type})

    async def _serve(self, connection: Connection, path: str, headers: CIMultiDict[str], body: bytes) -> Answer | None:
        """Return the answer, or None when there is none yet (503 makes the SuperNode ask again)."""
        if path in GOES_ON:
            answer = await self._meanwhile(self._joined(path, headers, body))
        else:
            within_s = FAREWELL_S if path == fleet.DEACTIVATE else self._config.answer_within_s
            answer = await self._while_asked(connection, _Transfer(path, headers, body, uuid.uuid4().hex), within_s)
        return answer

    def _joined(self, path: str, headers: CIMultiDict[str], body: bytes) -> _Transfer:
        """Return the transfer of this very request if one is under way, else begin one.

        The id is made of the content: the SuperNode's own repetition, also after this process was killed, is the
        same request to the gateway.
        """
        request_id = hashlib.sha256(path.encode() + b"\0" + body).hexdigest()[:32]
        transfer = self._transfers.get(request_id)
        if transfer is None:
            transfer = _Transfer(path, headers, body, request_id)
            transfer.task = asyncio.create_task(self._deliver(transfer, TRY_FOR_S))
            self._transfers[request_id] = transfer
            transfer.task.add_done_callback(partial(self._forget_later, transfer))
        transfer.headers = headers
        return transfer

    def _forget_later(self, transfer: _Transfer, _done: asyncio.Task[Answer]) -> None:
        """Drop an answer that nobody fetches."""
        asyncio.get_running_loop().call_later(KEEP_ANSWER_S, self._forget, transfer)

    def _forget(self, transfer: _Transfer) -> None:
        """Drop this transfer; the same request may be on its way anew, which stays."""
        if self._transfers.get(transfer.request_id) is transfer:
            del self._transfers[transfer.request_id]

    async def _meanwhile(self, transfer: _Transfer) -> Answer | None:
        task = transfer.task
        if task is None:
            return None
        done, _ = await asyncio.wait({task}, timeout=self._config.answer_within_s)
        if not done:
            return None
        self._forget(transfer)
        with contextlib.suppress(PeerUnreachable):
            return task.result()
        return None

    async def _while_asked(self, connection: Connection, transfer: _Transfer, within_s: float) -> Answer | None:
        """Try for as long as the SuperNode is there; its end ends a held pull at the gateway too."""
        task = asyncio.create_task(self._deliver(transfer, within_s))
        gone = asyncio.create_task(connection.gone.wait())
        try:
            await asyncio.wait({task, gone}, return_when=asyncio.FIRST_COMPLETED)
            with contextlib.suppress(PeerUnreachable):
                return task.result() if task.done() else None
            return None
        finally:
            gone.cancel()
            task.cancel()

    # --- the gateway's side ---------------------------------------------------------------------------------------

    async def _deliver(self, transfer: _Transfer, within_s: float) -> Answer:
        """Send until answered, with growing pauses; raises PeerUnreachable when the time is over.

        A farewell that the gateway refuses is given up at once: a site that is no longer trusted is off already.
        """
        until = self._clock() + within_s
        pause = FIRST_PAUSE_S
        while True:
            with contextlib.suppress(PeerUnreachable):
                answer = await self._attempt(transfer, until - self._clock())
                if not self._is_refusal(answer):
                    return answer
            left = until - self._clock()
            if left <= pause or (transfer.path == fleet.DEACTIVATE and self.gateway.state == "refused"):
                message = "the gateway refused" if left > pause else f"no answer within {within_s:.0f} s"
                raise PeerUnreachable(message)
            await asyncio.sleep(pause * random.uniform(0.8, 1.2))  # noqa: S311 - jitter
            pause = min(pause * 2, LONGEST_PAUSE_S)

    async def _attempt(self, transfer: _Transfer, timeout_s: float) -> Answer:
        headers = CIMultiDict(transfer.headers)
        headers[hygiene.REQUEST_ID] = transfer.request_id
        url = f"https://{self._config.gateway}{transfer.path}"
        try:
            return await fetch(
                self._session, "POST", url, headers, transfer.body, timeout_s=timeout_s, proxy=self._proxy
            )
        except PeerUnreachable as error:
            self.gateway.note("unreachable", error.code if error.code != PeerUnreachable.code else str(error))
            raise

    def _is_refusal(self, answer: Answer) -> bool:
        """Say whether the gateway itself refused: the SuperNode must not see that, 401 and 403 would end its work."""
        from_gateway = answer.content_type.startswith(_PROBLEM)
        if from_gateway and answer.status in {401, 403, 404}:
            self.gateway.note("refused", _code(answer))
            return True
        if answer.status in _AGAIN:
            self.gateway.note("waiting", _code(answer) if from_gateway else str(answer.status))
            return True
        if answer.status == 401:
            logger.warning("the laboratory did not accept a signature: clocks differ, or the node is not registered")
        self.gateway.note("connected")
        return False


def _code(answer: Answer) -> str:
    with contextlib.suppress(ValueError):
        content = json.loads(answer.body)
        if isinstance(content, dict):
            return str(content.get("code", ""))[:60]
    return ""


def main() -> None:
    """Run the relay: ``python -P -m fl_core.transport.relay --config FILE``."""
    run_process("relay", RelayConfig, lambda config, _path: Relay(config))


if __name__ == "__main__":
    main()
