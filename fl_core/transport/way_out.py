"""Ordinary connections to the outside, through the hospital's proxy where there is one: HTTP, and a tunnel for anything else."""

import base64
import ipaddress
import socket
import ssl

import httpx

from fl_core.errors import PeerUnreachable
from fl_core.transport.proxy import Proxy

LONGEST_HEAD = 16_384
LOGIN_WANTED = 407
_END = b"\r\n\r\n"


def httpx_proxy(proxy: Proxy) -> httpx.Proxy:
    """Return the proxy as httpx knows it."""
    login = (proxy.username, proxy.password) if proxy.username else None
    return httpx.Proxy(proxy.url, auth=login, ssl_context=proxy.context())


def is_here(host: str) -> bool:
    """Tell whether a host is this computer: a proxy would take the name for its own."""
    host = host.strip("[]")
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def tunnel(proxy: Proxy, host: str, port: int, *, timeout_s: float) -> socket.socket:
    """Return a connection to a host and port by the proxy's CONNECT; not one byte of the other side is read.

    Raises
    ------
    PeerUnreachable
        ``proxy.unreachable``, ``proxy.login`` or ``proxy.refused``.
    """
    context = proxy.context()
    try:
        made = socket.create_connection(proxy.address, timeout=timeout_s)
        try:
            made = made if context is None else context.wrap_socket(made, server_hostname=proxy.address[0])
            made.sendall(_question(proxy, host, port))
            status = _status(made)
        except BaseException:
            made.close()
            raise
    except (OSError, ssl.SSLError, ValueError) as error:
        message = f"the proxy does not answer: {type(error).__name__}"
        raise PeerUnreachable(message, code="proxy.unreachable") from error
    if status // 100 == 2:
        return made
    made.close()
    message = f"the proxy answers {status} for {host}:{port}"
    raise PeerUnreachable(message, code="proxy.login" if status == LOGIN_WANTED else "proxy.refused")


def _question(proxy: Proxy, host: str, port: int) -> bytes:
    target = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    lines = [f"CONNECT {target} HTTP/1.1", f"Host: {target}"]
    if proxy.username:
        login = base64.b64encode(f"{proxy.username}:{proxy.password}".encode()).decode()
        lines.append(f"Proxy-Authorization: Basic {login}")
    return "\r\n".join([*lines, "", ""]).encode()


def _status(made: socket.socket) -> int:
    """Read the head of the answer byte by byte: what follows is the other side's, and a mail server speaks first."""
    head = b""
    while not head.endswith(_END):
        piece = made.recv(1)
        if not piece or len(head) > LONGEST_HEAD:
            message = "no whole answer"
            raise ValueError(message)
        head += piece
    return int(head.split(b" ", 2)[1][:3])
