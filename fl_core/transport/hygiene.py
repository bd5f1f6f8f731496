"""What a request may look like before anything is done with it, and which headers go on."""

import json
import re
import uuid

from aiohttp import web
from multidict import CIMultiDict, CIMultiDictProxy

from fl_core.errors import CATALOGUE

REQUEST_ID = "X-Flomir-Request-Id"
GATEWAY_SECRET = "X-Flomir-Gateway"  # noqa: S105 - a header's name
FINGERPRINT = "X-Flomir-Fingerprint"
SITE = "X-Flomir-Site"

_PATH = re.compile(r"/[A-Za-z0-9_.~/\-]*")
_QUERY = re.compile(r"[A-Za-z0-9_.~\-=&%+,:]*")
_LONGEST_PATH = 512
_ONCE = ("host", "content-length", "flwr-public-key", "flwr-signature", "flwr-timestamp", "x-flomir-request-id")
_NEVER = ("transfer-encoding", "upgrade", "expect", "te", "trailer", "content-encoding")
_HOP = frozenset(
    {"connection", "keep-alive", "proxy-authenticate", "proxy-authorization", "proxy-connection", "te", "trailer"}
    | {"transfer-encoding", "upgrade", "host", "content-length", "expect"}
)
_SPOOFABLE = ("x-flomir-", "x-forwarded-", "x-real-ip", "forwarded", "cookie")
_RESPONSE_DROP = _HOP | {"server", "set-cookie", "date"}
_LENGTH = re.compile(r"[0-9]{1,15}")


def path_of(raw_path: str) -> str | None:
    """Return the path of a request target, or None when it is anything but a plain origin-form path."""
    path, mark, query = raw_path.partition("?")
    plain = len(path) <= _LONGEST_PATH and _PATH.fullmatch(path) and "//" not in path and "/." not in path
    return path if plain and (not mark or _QUERY.fullmatch(query)) else None


def refuse_headers(headers: CIMultiDictProxy[str]) -> str | None:
    """Return why these headers are refused, or None. A body needs a length: chunked requests are not served.

    A name with an underscore is no header of ours, and servers that speak CGI or WSGI take it for the one with a hyphen or
    for a variable of their own (gunicorn: ``SCRIPT_NAME``).
    """
    if any("_" in name for name in headers):
        return "a header's name with an underscore is not served"
    for name in _NEVER:
        if name in headers:
            return f"header {name} is not served"
    for name in _ONCE:
        if len(headers.getall(name, ())) > 1:
            return f"header {name} appears twice"
    if _LENGTH.fullmatch(headers.get("content-length", "0")) is None:
        return "content-length is not a number"
    return None


def content_length(headers: CIMultiDictProxy[str]) -> int:
    """Return the announced length of the body in bytes (0 without one)."""
    return int(headers.get("content-length", "0"))


def forward_headers(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Return the end-to-end request headers: nothing of this hop, nothing that only a gateway may say."""
    named = {item.strip().lower() for line in headers.getall("connection", ()) for item in line.split(",")}
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        lower = name.lower()
        if lower not in _HOP and lower not in named and not lower.startswith(_SPOOFABLE):
            kept.add(name, value)
    return kept


def answer_headers(headers: CIMultiDictProxy[str]) -> CIMultiDict[str]:
    """Return the end-to-end headers of an answer."""
    kept: CIMultiDict[str] = CIMultiDict()
    for name, value in headers.items():
        if name.lower() not in _RESPONSE_DROP:
            kept.add(name, value)
    return kept


def problem(code: str, detail: str, *, status: int | None = None, close: bool = False) -> web.Response:
    """Return an error of the catalogue as RFC 9457 problem+json."""
    entry = CATALOGUE[code]
    body = {
        "type": "about:blank",
        "title": entry.title,
        "status": status or entry.status,
        "detail": detail,
        "code": code,
        "advice": entry.advice,
        "request_id": uuid.uuid4().hex[:12],
        "retryable": entry.retryable,
    }
    response = web.Response(
        status=status or entry.status, body=json.dumps(body).encode(), content_type="application/problem+json"
    )
    if close:
        response.force_close()
    return response
