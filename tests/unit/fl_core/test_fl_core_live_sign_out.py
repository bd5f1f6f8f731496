"""Live connections of the pages, on loopback through both daemons' whole web applications: they end with the sign-in."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from wsgiref.types import WSGIApplication

import pytest
from werkzeug.serving import make_server
from werkzeug.test import Client, TestResponse
from wsproto import ConnectionType, WSConnection
from wsproto.events import (
    AcceptConnection,
    CloseConnection,
    Event,
    Ping,
    RejectConnection,
    Request,
    TextMessage,
)

from fl_core.events import EventBus
from fl_core.protocol.messages import Json
from fl_core.views import Deleted
from fl_core.web.accounts import Accounts
from tests.support.contributor import composed
from tests.support.orchestrator import PORT, Lab

PASSWORD = "a walk in the long grass"
ANSWER_S = 10.0
HOST = f"127.0.0.1:{PORT}"
ORIGIN = f"http://{HOST}"


class Browser:
    """A browser's live connection as the wire carries it: it never closes by itself, whatever it is told."""

    def __init__(self, port: int, cookie: str) -> None:
        self._socket = socket.create_connection(("127.0.0.1", port), timeout=ANSWER_S)
        self._wire = WSConnection(ConnectionType.CLIENT)
        self._text = ""
        target = "/socket.io/?EIO=4&transport=websocket"
        headers = [(b"Cookie", f"flomir_{PORT}={cookie}".encode()), (b"Origin", ORIGIN.encode())]
        self._socket.sendall(self._wire.send(Request(host=HOST, target=target, extra_headers=headers)))
        self._events: Iterator[Event] = self._read()
        self.answer = next(self._events)

    def _read(self) -> Iterator[Event]:
        while data := self._socket.recv(4096):
            self._wire.receive_data(data)
            yield from self._wire.events()

    def say(self, text: str) -> None:
        """Send one packet; a connection that is closed already takes none."""
        try:
            self._socket.sendall(self._wire.send(TextMessage(text)))
        except OSError:
            return

    def hears(self) -> Iterator[str]:
        """Give one packet after the other until the other side has closed the connection."""
        for event in self._events:
            if isinstance(event, CloseConnection):
                return
            if isinstance(event, Ping):
                self._socket.sendall(self._wire.send(event.response()))
            if isinstance(event, TextMessage):
                self._text += event.data
                if event.message_finished:
                    packet, self._text = self._text, ""
                    if packet == "2":  # engine.io asks whether somebody is there
                        self.say("3")
                    else:
                        yield packet

    def waits_for(self, words: str) -> str:
        """Return the next packet with these words in it."""
        return next(packet for packet in self.hears() if words in packet)

    def join(self) -> None:
        """Join the live channel, as a page does."""
        self.say("40/live,")
        self.waits_for('"hello"')

    def close(self) -> None:
        """Let go of the connection."""
        self._socket.close()


class House:
    """One daemon's web application on loopback, with its accounts and its bus."""

    def __init__(self, wsgi: WSGIApplication, accounts: Accounts, bus: EventBus, port: int) -> None:
        self.wsgi = wsgi
        self.accounts = accounts
        self.bus = bus
        self._port = port
        self._opened: list[Browser] = []

    def invited(self, name: str) -> str:
        """Return the cookie of somebody who has just joined."""
        _, token = self.accounts.invite(name, "viewer")
        return self.accounts.join(token, PASSWORD, "first")

    def browser(self, cookie: str) -> Browser:
        """Open a live connection; `Browser.answer` says whether it was accepted."""
        browser = Browser(self._port, cookie)
        self._opened.append(browser)
        return browser

    def page(self, cookie: str) -> Callable[[str, str], TestResponse]:
        """Return what calls the API as a page with this cookie does."""
        client = Client(self.wsgi, TestResponse)
        client.set_cookie(f"flomir_{PORT}", cookie, domain="127.0.0.1")
        me: Json = client.get("/api/v1/me", base_url=ORIGIN).json or {}
        headers = {"X-Flomir-CSRF": str(me["csrf"]), "Origin": ORIGIN}
        return lambda method, path: client.open(path, method=method, headers=headers, base_url=ORIGIN, buffered=True)

    def close(self) -> None:
        """Let go of every connection."""
        for browser in self._opened:
            browser.close()


@contextmanager
def _served(wsgi: WSGIApplication, accounts: Accounts, bus: EventBus) -> Iterator[House]:
    server = make_server("127.0.0.1", 0, wsgi, threaded=True)
    server.daemon_threads = True  # type: ignore[attr-defined]  # of the threaded one, which werkzeug does not tell
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
    thread.start()
    house = House(wsgi, accounts, bus, server.server_port)
    try:
        yield house
    finally:
        house.close()
        server.shutdown()
        server.server_close()
        thread.join(ANSWER_S)


@pytest.fixture(scope="module", params=["orchestrator", "contributor"])
def house(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    home: Path = tmp_path_factory.mktemp("live")
    if request.param == "orchestrator":
        lab = Lab(home)
        try:
            with _served(lab.wsgi, lab.core.accounts, lab.core.desk.bus) as found:
                yield found
        finally:
            lab.close()
    else:
        with (
            composed(home, port=PORT) as daemon,
            _served(daemon.wsgi, daemon.services.accounts, daemon.bus) as found,
        ):
            yield found


def test_signing_out_closes_this_browsers_whole_connection_and_no_other(house: House) -> None:
    cookie = house.invited("Vera")
    leaving, staying = house.browser(cookie), house.browser(house.accounts.sign_in("Vera", PASSWORD, "second"))
    for browser in (leaving, staying):
        assert isinstance(browser.answer, AcceptConnection)
        browser.join()
    assert house.page(cookie)("POST", "/api/v1/me/sign-out").status_code == 200
    leaving.say("40/live,")  # the namespace alone could be joined again
    assert not [packet for packet in leaving.hears() if "hello" in packet or "delta" in packet]
    house.bus.publish("thing_deleted", Deleted(id="told-after"))
    assert '"delta"' in staying.waits_for("told-after")


def test_a_browser_that_is_signed_out_comes_in_no_more(house: House) -> None:
    cookie = house.invited("Nora")
    house.browser(cookie).join()
    assert house.page(cookie)("POST", "/api/v1/me/sign-out").status_code == 200
    refused = house.browser(cookie).answer
    assert isinstance(refused, RejectConnection)
    assert refused.status_code == 401


@pytest.mark.parametrize("act", ["ended elsewhere", "removed"])
def test_who_is_signed_out_by_others_hears_no_more(house: House, act: str) -> None:
    name = f"Otto, {act}"
    cookie = house.invited(name)
    browser = house.browser(cookie)
    browser.join()
    if act == "removed":
        (account,) = [one for one in house.accounts.all() if one.name == name]
        house.accounts.remove(account.id)
    else:
        other = house.page(house.accounts.sign_in(name, PASSWORD, "second"))
        items = (other("GET", "/api/v1/me/sign-ins").json or {})["items"]
        (first,) = [item["id"] for item in items if not item["current"]]
        assert other("DELETE", f"/api/v1/me/sign-ins/{first}").status_code == 200
    house.bus.publish("thing_deleted", Deleted(id="told-after"))
    assert not [packet for packet in browser.hears() if "told-after" in packet]
