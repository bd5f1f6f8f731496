"""The way to the laboratory, step by step as a real connection takes it: name, proxy, port, TLS, trust, clock, speed.

Everything goes through one client that is made as the uplink's is, so what is green here works there. Nothing of the site
but a request without content and random bytes is sent.
"""

import ipaddress
import os
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
from cryptography import x509
from cryptography.x509.oid import NameOID

from contributor.connecting import Steps, at_proxy
from contributor.preflight.words import line
from contributor.schemas_network import PreflightLine
from fl_core.errors import InvalidInput
from fl_core.protocol import peer_api
from fl_core.transport.proxy import Proxy
from fl_core.transport.way_out import httpx_proxy

TIMEOUT_S = 10.0
CLOCK_RIGHT_S = 10.0
CLOCK_WRONG_S = 120.0
"""Certificates begin five minutes before they are made, signatures count for less; half of that is too close."""
PROBE_BYTES = peer_api.LARGEST_PROBE_BYTES
SLOW_UPDATE_S = 60.0

Tell = Callable[[PreflightLine], None]


@dataclass(frozen=True, kw_only=True)
class Target:
    """Where the laboratory is and how it is spoken to."""

    address: str
    context: Callable[[], ssl.SSLContext]
    enrolled: bool

    @property
    def host(self) -> str:
        """The name or number."""
        return self.address.rpartition(":")[0].strip("[]")

    @property
    def port(self) -> int:
        """The port."""
        return int(self.address.rpartition(":")[2])


@dataclass(frozen=True)
class Way:
    """What was learned: `open` when the laboratory was reached, and the bytes a second that went out."""

    open: bool
    bytes_per_s: float | None = None


def look(
    target: Target, proxy: Proxy | None, tell: Tell, *, clock: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> Way:
    """Take the way and tell a line for each of its steps; the first red one ends it."""
    if not _name(target, proxy, tell):
        return Way(open=False)
    steps = Steps()
    try:
        with _client(target.context(), proxy, f"https://{target.address}") as client:
            begin = clock()
            path = peer_api.ENROL_STATUS.format(enrolment_id="preflight")
            answer = client.get(path, extensions={"trace": steps})
            _reached(target, proxy, steps, tell)
            tell(line("tls.right", version=steps.version))
            _clock(answer, begin, clock(), tell)
            if target.enrolled:
                _trust(client, tell)
            else:
                tell(line("trust.later"))
            return Way(open=True, bytes_per_s=_speed(client))
    except InvalidInput:
        tell(line("proxy.settings"))
    except httpx.HTTPError as error:
        _broken(target, proxy, steps, error, tell)
    return Way(open=False)


@contextmanager
def _client(context: ssl.SSLContext, proxy: Proxy | None, base_url: str) -> Iterator[httpx.Client]:
    with httpx.Client(
        base_url=base_url,
        verify=context,
        proxy=None if proxy is None else httpx_proxy(proxy),
        trust_env=False,
        timeout=TIMEOUT_S,
        headers={"Authorization": "Bearer none"},
    ) as client:
        yield client


def _name(target: Target, proxy: Proxy | None, tell: Tell) -> bool:
    host = target.host if proxy is None else proxy.address[0]
    begin = time.monotonic()
    found = _is_number(host) or _resolved(host)
    if not found:
        tell(line("name.missing", host=host))
    elif proxy is not None:
        tell(line("name.by_proxy", host=target.host))
    elif _is_number(host):
        tell(line("name.number", host=host))
    else:
        tell(line("name.found", host=host, ms=max(1, round(1000 * (time.monotonic() - begin)))))
    return found


def _is_number(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def _resolved(host: str) -> bool:
    """Ask the system's resolver, which knows no time-out of its own."""
    answers: list[object] = []

    def ask() -> None:
        try:
            answers.extend(socket.getaddrinfo(host, None))
        except (OSError, UnicodeError):
            return

    thread = threading.Thread(target=ask, name="preflight-name", daemon=True)
    thread.start()
    thread.join(TIMEOUT_S)
    return bool(answers)


def _reached(target: Target, proxy: Proxy | None, steps: Steps, tell: Tell) -> None:
    """Tell that the laboratory's port was reached."""
    if proxy is None:
        tell(line("proxy.none"))
        tell(line("port.open", host=target.host, port=target.port, ms=max(1, round(1000 * steps.connect_s))))
    else:
        tell(line("proxy.through", proxy=proxy.url))
        tell(line("port.by_proxy", host=target.host, port=target.port))


def _broken(target: Target, proxy: Proxy | None, steps: Steps, error: httpx.HTTPError, tell: Tell) -> None:
    """Tell what was reached, and the step at which the connection broke."""
    stopped = at_proxy(proxy, steps, error, host=target.host, port=target.port)
    if stopped is not None:
        tell(stopped)
    elif not steps.connected:
        tell(line("proxy.none"))
        silent = isinstance(error, httpx.TimeoutException)
        tell(line("port.silent" if silent else "port.closed", host=target.host, port=target.port))
    else:
        _reached(target, proxy, steps, tell)
        tell(_untrusted(target, proxy, str(error)))


def _untrusted(target: Target, proxy: Proxy | None, words: str) -> PreflightLine:
    """Return why the encrypted connection did not come about, by the words of OpenSSL."""
    if "CERTIFICATE_VERIFY_FAILED" not in words:
        return line("tls.failed", host=target.host, port=target.port)
    if "expired" in words or "not yet valid" in words:
        return line("tls.dates")
    if "mismatch" in words:
        return line("tls.other_name", host=target.host)
    return line("tls.inspected", issuer=_issuer(target, proxy), host=target.host, port=target.port)


def _issuer(target: Target, proxy: Proxy | None) -> str:
    """Return who vouches for whoever answers: the certificate is looked at, nothing is entrusted to it."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    steps = Steps()
    with suppress(httpx.HTTPError), _client(context, proxy, f"https://{target.address}") as client:
        client.get("/", extensions={"trace": steps})
    try:
        issuer = x509.load_der_x509_certificate(steps.certificate).issuer
    except ValueError:
        return "?"
    for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME):
        if named := issuer.get_attributes_for_oid(oid):
            return str(named[0].value)[:80]
    return "?"


def _clock(answer: httpx.Response, begin: datetime, end: datetime, tell: Tell) -> None:
    """Compare with the answer's Date, which is cut to whole seconds."""
    try:
        theirs = parsedate_to_datetime(answer.headers["Date"])
    except (KeyError, ValueError):
        return
    off = (begin + (end - begin) / 2 - theirs).total_seconds() - 0.5
    code = "clock.right" if abs(off) <= CLOCK_RIGHT_S else "clock.off" if abs(off) < CLOCK_WRONG_S else "clock.wrong"
    tell(line(code, seconds=max(1, round(abs(off)))))


def _trust(client: httpx.Client, tell: Tell) -> None:
    answer = client.post(peer_api.PROBE, content=b"")
    code = _code(answer)
    if code == "trust.suspended":
        tell(line("trust.suspended"))
    else:
        tell(line("trust.refused" if code.startswith("trust.") else "trust.accepted"))


def _speed(client: httpx.Client) -> float | None:
    """Return bytes a second of a larger upload less what a small one takes, None where the other side takes none."""
    small, large = b"", os.urandom(PROBE_BYTES)
    times = []
    for body in (small, large):
        begin = time.monotonic()
        answer = client.post(
            peer_api.ENROL_PROBE, content=body, timeout=httpx.Timeout(TIMEOUT_S, write=60.0, read=60.0)
        )
        if answer.status_code != httpx.codes.NO_CONTENT:
            return None
        times.append(time.monotonic() - begin)
    return PROBE_BYTES / max(times[1] - times[0], 1e-3)


def _code(answer: httpx.Response) -> str:
    try:
        body = answer.json()
    except ValueError:
        return ""
    return str(body.get("code", "")) if isinstance(body, dict) else ""
