"""The two ways a notice takes: an e-mail, or a signed HTTP POST. Nothing of a patient is ever in one."""

import hashlib
import hmac
import json
import smtplib
import socket
import ssl
import time
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from urllib.parse import urlsplit

import httpx

from fl_core.errors import PeerUnreachable
from fl_core.notices.schemas import AnyMail, AnyWebhook
from fl_core.transport.proxy import Proxy
from fl_core.transport.way_out import httpx_proxy, is_here, tunnel

TIMEOUT_S = 10.0
SIGNATURE_HEADER = "X-Flomir-Signature"
TIME_HEADER = "X-Flomir-Timestamp"
Content = Mapping[str, object]


def send_mail(
    settings: AnyMail,
    password: str,
    content: Content,
    *,
    proxy: Proxy | None = None,
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> str:
    """Hand one mail to the server and return what it said.

    Raises
    ------
    PeerUnreachable
        ``notice.failed``, with what the server answered; ``proxy...`` when the proxy lets nothing through.
    """
    mail = EmailMessage()
    name = content.get("laboratory") or content.get("site") or "FLoMIR"
    mail["Subject"] = f"[{_line(name)}] {_line(content['text'])}"[:200]
    mail["From"] = settings.sender
    mail["To"] = ", ".join(settings.recipients)
    mail["Date"] = formatdate(localtime=False)
    mail["Message-ID"] = make_msgid(domain=settings.sender.partition("@")[2])
    mail.set_content(f"{content['text']}\n\n{name}, {content['at']}\n")
    try:
        with _server(settings, proxy, context) as server:
            if settings.security == "starttls":
                server.starttls(context=context())
            if settings.username:
                server.login(settings.username, password)
            refused = server.send_message(mail)
    except UnicodeError:
        message = (
            "name, password and addresses of this mail server may only have letters of ASCII: no umlauts, no accents"
        )
        raise _failed(message) from None  # its own words quote the password
    except (smtplib.SMTPException, OSError) as error:
        raise _failed(_words(error)) from error
    if refused:
        message = f"refused for {', '.join(refused)}"
        raise _failed(message)
    return f"taken by {settings.host}"


def send_webhook(
    settings: AnyWebhook,
    secret: str,
    content: Content,
    *,
    proxy: Proxy | None = None,
    trust_environment: bool = False,
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
    now: Callable[[], float] = time.time,
) -> str:
    """Post one notice as JSON and return what the other side answered.

    Without a `proxy`, one that the environment names is taken where that is trusted. With a secret, ``X-Flomir-Signature`` is ``sha256=`` and the HMAC-SHA256 (hex) over the timestamp, a dot and the body.

    Raises
    ------
    PeerUnreachable
        ``notice.failed``, with the status or the cause. Redirects are not followed.
    """
    body = json.dumps(dict(content), separators=(",", ":")).encode()
    stamp = str(int(now()))
    headers = {"Content-Type": "application/json", "User-Agent": "FLoMIR", TIME_HEADER: stamp}
    if secret:
        headers[SIGNATURE_HEADER] = signature(secret, stamp, body)
    through = proxy if proxy is not None and not is_here(urlsplit(settings.url).hostname or "") else None
    try:
        with (
            httpx.Client(
                proxy=None if through is None else httpx_proxy(through),
                trust_env=trust_environment and proxy is None,
                verify=context(),
                follow_redirects=False,
                timeout=TIMEOUT_S,
            ) as client,
            client.stream("POST", settings.url, content=body, headers=headers) as response,
        ):
            status = response.status_code
    except (httpx.HTTPError, httpx.InvalidURL, OSError, ValueError) as error:
        raise _failed(_words(error)) from error
    if status // 100 != 2:
        message = f"HTTP {status}"
        raise _failed(message)
    return f"HTTP {status}"


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return what the receiver computes as well."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class _Mail(smtplib.SMTP):
    """A mail server behind a proxy: connected by a tunnel, everything else as ever."""

    def __init__(self, host: str, port: int, proxy: Proxy) -> None:
        self._proxy = proxy
        super().__init__(host, port, timeout=TIMEOUT_S)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return tunnel(self._proxy, host, port, timeout_s=timeout)


class _EncryptedMail(smtplib.SMTP_SSL):
    """The same for TLS from the first byte."""

    def __init__(self, host: str, port: int, proxy: Proxy, context: ssl.SSLContext) -> None:
        self._proxy = proxy
        super().__init__(host, port, timeout=TIMEOUT_S, context=context)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self.context.wrap_socket(tunnel(self._proxy, host, port, timeout_s=timeout), server_hostname=host)


def _server(settings: AnyMail, proxy: Proxy | None, context: Callable[[], ssl.SSLContext]) -> smtplib.SMTP:
    through = None if proxy is None or is_here(settings.host) else proxy
    if through is not None and through.is_tls and settings.security != "none":
        message = (
            "through a proxy that itself speaks TLS a mail cannot be encrypted; use a mail server inside the house"
        )
        raise _failed(message)
    if settings.security == "tls":
        if through is not None:
            return _EncryptedMail(settings.host, settings.port, through, context())
        return smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_S, context=context())
    if through is not None:
        return _Mail(settings.host, settings.port, through)
    return smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)


def _line(value: object) -> str:
    return " ".join(str(value).split())


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {said}"
    return str(error) or type(error).__name__


def _failed(why: str) -> PeerUnreachable:
    return PeerUnreachable(why[:300], code="notice.failed")
