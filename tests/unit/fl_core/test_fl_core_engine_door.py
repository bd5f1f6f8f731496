"""The SuperLink's door: who is refused, and that what is let in arrives whole."""

import asyncio
from typing import Any

import pytest

from fl_core.transport.engine_door import ENGINE_SECRET, EngineDoor, Message, Receive, Scope, Send

PORT = 8000
SECRET = "engine-secret-of-the-tests"
HOST = ("host", f"127.0.0.1:{PORT}")
SHOWN = (ENGINE_SECRET.lower(), SECRET)


def ask(*headers: tuple[str, str], path: str = "/v1/control/list-nodes", kind: str = "http") -> tuple[list[Any], bool]:
    """Return what the door sent and whether the application behind it was reached."""
    sent: list[Any] = []
    reached: list[Scope] = []

    async def inner(scope: Scope, receive: Receive, send: Send) -> None:
        reached.append(scope)

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message.get("status", message.get("code")))

    scope = {"type": kind, "path": path, "headers": [(name.encode(), value.encode()) for name, value in headers]}
    asyncio.run(EngineDoor(inner, secret=SECRET, port=PORT)(scope, receive, send))
    return [item for item in sent if item is not None], bool(reached)


def test_who_shows_the_secret_to_the_loopback_address_is_let_in() -> None:
    assert ask(HOST, SHOWN) == ([], True)
    assert ask(("host", f"localhost:{PORT}"), SHOWN) == ([], True)


@pytest.mark.parametrize(
    "path", ["/v1/control/start-run", "/v1/fleet/activate-node", "/v1/runtime/x", "/docs", "/", "/health/"]
)
@pytest.mark.parametrize(
    "shown",
    [
        [],
        [(SHOWN[0], "")],
        [(SHOWN[0], SECRET[:-1])],
        [(SHOWN[0], SECRET + "x")],
        [SHOWN, SHOWN],
        [SHOWN, (SHOWN[0], "x")],
    ],
)
def test_without_the_secret_nothing_but_health_is_there(path: str, shown: list[tuple[str, str]]) -> None:
    assert ask(HOST, *shown, path=path) == ([403], False)
    assert ask(HOST, *shown, path="/health") == ([], True)


@pytest.mark.parametrize(
    "hosts", [[], ["evil.example"], ["evil.example:8000"], ["127.0.0.1:80"], ["127.0.0.1:8000"] * 2]
)
def test_a_page_whose_name_points_here_is_refused(hosts: list[str]) -> None:
    headers = [("host", host) for host in hosts]
    assert ask(*headers, SHOWN) == ([403], False)
    assert ask(*headers, path="/health") == ([403], False)


def test_there_are_no_websockets_and_the_servers_own_start_passes() -> None:
    assert ask(HOST, SHOWN, kind="websocket") == ([1008], False)
    assert ask(kind="lifespan") == ([], True)
