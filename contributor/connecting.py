"""How far a connection to the laboratory came, and where it broke: at the hospital's own proxy, or beyond it."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx

from contributor.preflight.words import line
from contributor.schemas_network import PreflightLine
from fl_core.errors import FlomirError, PeerUnreachable
from fl_core.transport.proxy import Proxy

SHOWN_ANSWER = 80


class ProxyInTheWay(PeerUnreachable):
    """The hospital's proxy did not let a connection through; `finding` says how, with what to do about it."""

    def __init__(self, finding: PreflightLine) -> None:
        named = [str(finding.values[key]) for key in ("proxy", "answer") if key in finding.values]
        super().__init__(": ".join(named), code=finding.code)
        self.finding = finding


@dataclass
class Steps:
    """How far a connection came; fed by the events of the HTTP library (httpcore 1.0 ``trace``)."""

    handshakes: int = 0
    version: str = ""
    certificate: bytes = b""
    """What the other end of the last handshake showed, DER; nothing without one."""
    connected: bool = False
    began: dict[str, float] = field(default_factory=dict)
    connect_s: float = 0.0

    def __call__(self, event: str, info: Mapping[str, Any]) -> None:
        """Take one event."""
        if event.endswith("connect_tcp.started"):
            self.began["tcp"] = time.monotonic()
        elif event.endswith("connect_tcp.complete"):
            self.connected, self.connect_s = True, time.monotonic() - self.began["tcp"]
        elif event.endswith("start_tls.started"):
            self.handshakes += 1
        elif event.endswith("start_tls.complete"):
            tls = info["return_value"].get_extra_info("ssl_object")
            self.version, self.certificate = str(tls.version()), tls.getpeercert(True) or b""


def at_proxy(
    proxy: Proxy | None, steps: Steps, error: httpx.HTTPError, *, host: str, port: int
) -> PreflightLine | None:
    """Return what the proxy did to a connection to `host`; None without a proxy, or when the way broke beyond it."""
    if proxy is None:
        return None
    if isinstance(error, httpx.ProxyError):
        code = "proxy.login" if str(error).startswith("407") else "proxy.refused"
        return line(code, proxy=proxy.url, answer=str(error)[:SHOWN_ANSWER], host=host, port=port)
    if not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout):
        return None
    if not steps.connected:
        return line("proxy.unreachable", proxy=proxy.url)
    if proxy.is_tls and steps.handshakes <= 1 and isinstance(error, httpx.ConnectError):
        return line("proxy.certificate", proxy=proxy.url)
    return None


def finding_of(error: FlomirError) -> PreflightLine | None:
    """Return what a failure says about the hospital's own network; None where it says nothing about it."""
    if isinstance(error, ProxyInTheWay):
        return error.finding
    return line("proxy.settings") if error.code == "proxy.settings" else None
