"""The SuperLink's door: flwr's Control API asks nobody who he is, so every call shows a secret of the laboratory's own processes.

Other users of the computer reach its loopback, and so does a web page whose name was made to point there; neither can
read the 0600 files in which the daemon hands the secret to SuperLink, agent and gateway.
"""

import hmac
import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

ENGINE_SECRET = "X-Flomir-Engine"  # noqa: S105 - a header's name
OPEN = "/health"
POLICY_VIOLATION = 1008  # RFC 6455, 7.4.1

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]


class EngineDoor:
    """ASGI application around flwr's whole one; without the secret only ``/health`` is answered.

    Parameters
    ----------
    inner : ASGI application
    secret : str
        Made anew at every start of the daemon.
    port : int
        Of the loopback address under which alone it is reached.
    """

    def __init__(self, inner: Application, *, secret: str, port: int) -> None:
        self._inner = inner
        self._secret = secret.encode()
        self._hosts = frozenset({f"127.0.0.1:{port}".encode(), f"localhost:{port}".encode()})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a call in or refuse it."""
        if scope["type"] == "websocket":
            await send({"type": "websocket.close", "code": POLICY_VIOLATION})
            return
        refusal = self._refusal(scope) if scope["type"] == "http" else None
        if refusal is None:
            await self._inner(scope, receive, send)
            return
        body = json.dumps({"detail": refusal}).encode()
        headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
        await send({"type": "http.response.start", "status": 403, "headers": [*headers, (b"connection", b"close")]})
        await send({"type": "http.response.body", "body": body})

    def _refusal(self, scope: Scope) -> str | None:
        if _values(scope, b"host") not in [[host] for host in self._hosts]:
            return "this host is not served here"
        if scope["path"] == OPEN:
            return None
        given = _values(scope, ENGINE_SECRET.lower().encode())
        if len(given) != 1 or not hmac.compare_digest(given[0], self._secret):
            return f"header {ENGINE_SECRET} is missing or wrong"
        return None


def _values(scope: Scope, wanted: bytes) -> list[bytes]:
    return [value for name, value in scope["headers"] if name == wanted]
