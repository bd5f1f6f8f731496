"""The outermost gate of a daemon's web server: it sees every request before Flask and before engine.io.

Pages and UI API: right Host, signed-in cookie (or bearer token), own Origin, CSRF header on unsafe methods. ``/login`` and
``/join``: the forms of who is not signed in, see `fl_core.web.entrance`. ``/peer`` and ``/enrol``: through the gateway
only, which in turn leads nowhere else. ``/internal``: with the token of the daemon's own children. ``/health``: open.
"""

import hmac
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from fl_core.errors import FlomirError, NotTrusted
from fl_core.web.accounts import Accounts
from fl_core.web.entrance import Entrance
from fl_core.web.logins import Logins
from fl_core.web.principal import PRINCIPAL, SCRIPT, Principal
from fl_core.web.problems import refuse, request_id_of

if TYPE_CHECKING:
    from types import TracebackType

NONCE = "flomir.csp_nonce"
CSRF = "flomir.csrf"
GATEWAY_HEADER = "HTTP_X_FLOMIR_GATEWAY"
SITE_HEADER = "HTTP_X_FLOMIR_SITE"
FINGERPRINT_HEADER = "HTTP_X_FLOMIR_FINGERPRINT"
_GATEWAYS = frozenset({GATEWAY_HEADER, SITE_HEADER, FINGERPRINT_HEADER})
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})


@dataclass(frozen=True, kw_only=True)
class GateSettings:
    """What the gate compares with.

    `gateway_secret` None: there is no gateway (``/peer`` and ``/enrol`` do not exist). `internal_token` likewise.
    """

    port: int
    max_age_s: int
    gateway_secret: str | None = None
    internal_token: str | None = None

    @property
    def hosts(self) -> frozenset[str]:
        """The Host headers that are answered."""
        return frozenset({f"127.0.0.1:{self.port}", f"localhost:{self.port}"})

    @property
    def cookie_name(self) -> str:
        """Cookies ignore ports, so the name holds it."""
        return f"flomir_{self.port}"


class Gate:
    """WSGI application around the whole of the daemon's."""

    def __init__(
        self, inner: WSGIApplication, *, settings: GateSettings, logins: Logins, accounts: Accounts, side: str
    ) -> None:
        self._inner = inner
        self._settings = settings
        self._logins = logins
        self._accounts = accounts
        self._entrance = Entrance(
            logins, accounts, side=side, cookie_name=settings.cookie_name, max_age_s=settings.max_age_s
        )

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Let a request through, answer it here, or refuse it."""
        environ[NONCE] = secrets.token_urlsafe(16)
        environ.pop(CSRF, None)
        environ.pop(PRINCIPAL, None)
        request_id_of(environ)
        answer = _with_headers(environ, start_response, self._policy(environ))
        path = environ.get("PATH_INFO", "")
        try:
            _check_way(environ, path)
            if _under(path, "/peer", "/enrol"):
                self._check_gateway(environ)
            elif _under(path, "/internal"):
                self._check_internal(environ)
            else:
                self._check_host(environ)
                self._check_origin(environ)
                if path in {"/login", "/join"}:
                    return self._entrance.answer(environ, answer, environ[NONCE])
                if path != "/health":
                    self._check_user(environ, path)
        except FlomirError as error:
            if _under(path, "/api", "/socket.io", "/peer", "/enrol", "/internal", "/health"):
                return refuse(environ, answer, error)
            return self._entrance.refuse(environ, answer, environ[NONCE], error)
        return self._inner(environ, answer)

    def _check_gateway(self, environ: WSGIEnvironment) -> None:
        secret = self._settings.gateway_secret
        if secret is None or not _equal(environ.get(GATEWAY_HEADER, ""), secret):
            message = "the request did not come through the gateway"
            raise NotTrusted(message, code="peer.gateway_only")
        if _under(environ.get("PATH_INFO", ""), "/peer") and not environ.get(SITE_HEADER):
            message = "the gateway named no site"
            raise NotTrusted(message, code="trust.unknown_certificate")

    def _check_internal(self, environ: WSGIEnvironment) -> None:
        token = self._settings.internal_token
        if token is None or not _equal(environ.get("HTTP_X_FLOMIR_PROGRESS", ""), token):
            message = "this route is for the program's own processes"
            raise NotTrusted(message, code="auth.forbidden")

    def _check_host(self, environ: WSGIEnvironment) -> None:
        host = environ.get("HTTP_HOST", "")
        if host not in self._settings.hosts:
            message = f"host {host[:100]!r} is not served here"
            raise NotTrusted(message, code="auth.host")

    def _check_origin(self, environ: WSGIEnvironment) -> None:
        origin = environ.get("HTTP_ORIGIN")
        if origin is not None and origin != f"http://{environ.get('HTTP_HOST', '')}":
            message = f"origin {origin[:100]!r} is not this page"
            raise NotTrusted(message, code="auth.forbidden")

    def _check_user(self, environ: WSGIEnvironment, path: str) -> None:
        authorization = environ.get("HTTP_AUTHORIZATION", "")
        if authorization.startswith("Bearer "):
            if not self._logins.is_api_token(authorization.removeprefix("Bearer ")):
                message = "the bearer token is not valid"
                raise NotTrusted(message, code="auth.required")
            environ[CSRF] = ""
            environ[PRINCIPAL] = Principal(SCRIPT, SCRIPT, self._accounts.roles.highest, "")
            return
        cookie = _cookie(environ, self._settings.cookie_name)
        who = self._accounts.sign_ins.principal(cookie) if cookie else None
        if who is None:
            message = "no valid sign-in came with the request"
            raise NotTrusted(message, code="auth.required")
        environ[CSRF] = self._logins.csrf(cookie)
        environ[PRINCIPAL] = who
        if environ.get("REQUEST_METHOD") not in _SAFE_METHODS:
            self._check_unsafe(environ, path, cookie)

    def _check_unsafe(self, environ: WSGIEnvironment, path: str, cookie: str) -> None:
        if _under(path, "/socket.io"):  # engine.io's own client sends no header of ours; its Origin must be there
            if environ.get("HTTP_ORIGIN") is None:
                message = "a live connection without an origin"
                raise NotTrusted(message, code="auth.forbidden")
        elif not self._logins.is_csrf(cookie, environ.get("HTTP_X_FLOMIR_CSRF", "")):
            message = "header X-Flomir-CSRF is missing or wrong"
            raise NotTrusted(message, code="auth.csrf")

    def _policy(self, environ: WSGIEnvironment) -> str:
        nonce = environ[NONCE]
        return (
            f"default-src 'none'; script-src 'self' 'nonce-{nonce}' 'wasm-unsafe-eval'; "
            f"style-src 'self' 'nonce-{nonce}'; style-src-attr 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; "
            f"connect-src 'self' ws://127.0.0.1:{self._settings.port} ws://localhost:{self._settings.port}; "
            "worker-src 'self' blob:; manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        )


def _check_way(environ: WSGIEnvironment, path: str) -> None:
    """Refuse a path that is not the one asked for, and what came through the gateway to anything but its own two."""
    if environ.get("SCRIPT_NAME"):
        message = "a part of the path was taken away before it came here"
        raise NotTrusted(message, code="auth.forbidden")
    if not _under(path, "/peer", "/enrol") and not _GATEWAYS.isdisjoint(environ):
        message = "the gateway leads to the peer API and to enrolment only"
        raise NotTrusted(message, code="auth.forbidden")


def _with_headers(environ: WSGIEnvironment, start_response: StartResponse, policy: str) -> StartResponse:
    fixed = [
        ("Content-Security-Policy", policy),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),  # with no-referrer a form comes with the origin "null"
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Cross-Origin-Resource-Policy", "same-origin"),
        ("X-Request-Id", request_id_of(environ)),
    ]

    def answer(
        status: str,
        headers: list[tuple[str, str]],
        exc_info: "tuple[type[BaseException], BaseException, TracebackType] | tuple[None, None, None] | None" = None,
        /,
    ) -> Callable[[bytes], object]:
        given = {name.lower() for name, _ in headers}
        extra = [*fixed, *([] if "cache-control" in given else [("Cache-Control", "no-store")])]
        if "content-security-policy" in given:  # a stricter one, of a page that a job wrote
            extra = extra[1:]
        return start_response(status, [*headers, *extra], exc_info)

    return answer


def _under(path: str, *roots: str) -> bool:
    return any(path == root or path.startswith(root + "/") for root in roots)


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(), wanted.encode())


def _cookie(environ: WSGIEnvironment, name: str) -> str:
    try:
        morsel = SimpleCookie(environ.get("HTTP_COOKIE", "")).get(name)
    except CookieError:
        return ""
    return "" if morsel is None else morsel.value
