"""A mail server and a webhook receiver on loopback that keep what they are given."""

import base64
import http.server
import json
import socketserver
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage


@dataclass
class MailSink:
    """What a mail server was told; `context` makes it offer STARTTLS, `login` asks for a name and password."""

    context: ssl.SSLContext | None = None
    login: tuple[str, str] | None = None
    refuse_with: str = ""
    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[str] = field(default_factory=list)
    was_encrypted: list[bool] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    def wait(self, count: int, timeout_s: float = 20.0) -> None:
        """Wait until so many mails have come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.mails) >= count, timeout_s), f"{len(self.mails)} mails came"


@dataclass
class HookSink:
    """What a webhook was posted; answers with the codes in `answers`, then with 204; `context` makes it speak TLS."""

    context: ssl.SSLContext | None = None
    answers: list[int] = field(default_factory=list)
    location: str = ""
    port: int = 0
    posts: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    arrived: threading.Condition = field(default_factory=threading.Condition)

    @property
    def url(self) -> str:
        """Where it listens."""
        return f"http://127.0.0.1:{self.port}/hook"

    def contents(self) -> list[dict[str, object]]:
        """Return the bodies that were posted."""
        return [dict(json.loads(body)) for _, body in self.posts]

    def wait(self, count: int, timeout_s: float = 20.0) -> None:
        """Wait until so many posts have come."""
        with self.arrived:
            assert self.arrived.wait_for(lambda: len(self.posts) >= count, timeout_s), f"{len(self.posts)} posts came"


@contextmanager
def mail_sink(**options: object) -> Iterator[MailSink]:
    """Open a mail server."""
    sink = MailSink(**options)  # type: ignore[arg-type]  # the fields of the class

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            talk = _Talk(self, sink)
            with suppress(ssl.SSLError):  # a client that does not trust the certificate
                talk.run()
            talk.close()

    with _served(socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler)) as port:
        sink.port = port
        yield sink


@contextmanager
def hook_sink(**options: object) -> Iterator[HookSink]:
    """Open a webhook receiver."""
    sink = HookSink(**options)  # type: ignore[arg-type]  # the fields of the class

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            with sink.arrived:  # before the answer: whoever got that looks here at once
                sink.posts.append((dict(self.headers), body))
                sink.arrived.notify_all()
            code = sink.answers.pop(0) if sink.answers else 204
            self.send_response(code)
            if sink.location:
                self.send_header("Location", sink.location)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            return

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    if sink.context is not None:
        server.socket = sink.context.wrap_socket(server.socket, server_side=True)
    with _served(server) as port:
        sink.port = port
        yield sink


@contextmanager
def _served(server: socketserver.TCPServer) -> Iterator[int]:
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)


class _Talk:
    """One conversation of the mail server."""

    def __init__(self, handler: socketserver.StreamRequestHandler, sink: MailSink) -> None:
        self._handler = handler
        self._sink = sink
        self._encrypted = False
        self._signed_in = sink.login is None
        self._recipients: list[str] = []
        self._tls: ssl.SSLSocket | None = None

    def close(self) -> None:
        if self._tls is not None:
            self._handler.rfile.close()
            with suppress(OSError):
                self._handler.wfile.close()
            self._tls.close()

    def run(self) -> None:
        self._say("220 sink")
        while line := self._handler.rfile.readline().decode("utf-8").rstrip("\r\n"):
            word = line.partition(" ")[0].upper()
            if word == "QUIT":
                self._say("221 bye")
                return
            getattr(self, f"_on_{word.lower()}", self._on_other)(line)

    def _say(self, text: str) -> None:
        self._handler.wfile.write(text.encode() + b"\r\n")
        self._handler.wfile.flush()

    def _on_ehlo(self, _line: str) -> None:
        offers = ["STARTTLS"] if self._sink.context is not None and not self._encrypted else []
        offers += ["AUTH PLAIN"] if self._sink.login is not None else []
        for offer in ["sink", *offers][:-1]:
            self._say(f"250-{offer}")
        self._say(f"250 {['sink', *offers][-1]}")

    def _on_starttls(self, _line: str) -> None:
        assert self._sink.context is not None
        self._say("220 go")
        connection = self._sink.context.wrap_socket(
            self._handler.connection, server_side=True, do_handshake_on_connect=False
        )
        self._tls = connection
        connection.do_handshake()
        self._handler.rfile = connection.makefile("rb")
        self._handler.wfile = connection.makefile("wb")
        self._encrypted = True

    def _on_auth(self, line: str) -> None:
        _, name, password = base64.b64decode(line.split()[2]).decode().split("\0")
        self._signed_in = self._sink.login == (name, password)
        self._say("235 welcome" if self._signed_in else "535 wrong name or password")

    def _on_mail(self, _line: str) -> None:
        self._recipients = []
        self._say(self._sink.refuse_with or ("250 ok" if self._signed_in else "530 sign in first"))

    def _on_rcpt(self, line: str) -> None:
        self._recipients.append(line.partition("<")[2].partition(">")[0])
        self._say("250 ok")

    def _on_data(self, _line: str) -> None:
        self._say("354 go")
        lines = []
        while (line := self._handler.rfile.readline()) != b".\r\n":
            lines.append(line.removeprefix(b"."))
        mail = message_from_bytes(b"".join(lines), policy=policy.default)
        assert isinstance(mail, EmailMessage)
        with self._sink.arrived:
            self._sink.mails.append(mail)
            self._sink.recipients += self._recipients
            self._sink.was_encrypted.append(self._encrypted)
            self._sink.arrived.notify_all()
        self._say("250 taken")

    def _on_other(self, _line: str) -> None:
        self._say("250 ok")
