"""The two ways a notice takes: an e-mail, or a signed HTTP POST. Nothing of a patient is ever in one."""

import hashlib
import hmac
import json
import smtplib
import ssl
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping
from email.message import EmailMessage
from email.utils import formatdate, make_msgid
from http.client import HTTPException

from fl_core.errors import PeerUnreachable
from fl_core.notices.schemas import AnyMail, AnyWebhook

TIMEOUT_S = 10.0
SIGNATURE_HEADER = "X-Flomir-Signature"
TIME_HEADER = "X-Flomir-Timestamp"
Content = Mapping[str, object]


def send_mail(
    settings: AnyMail,
    password: str,
    content: Content,
    *,
    context: Callable[[], ssl.SSLContext] = ssl.create_default_context,
) -> str:
    """Hand one mail to the server and return what it said.

    Raises
    ------
    PeerUnreachable
        ``notice.failed``, with what the server answered.
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
        if settings.security == "tls":
            server: smtplib.SMTP = smtplib.SMTP_SSL(settings.host, settings.port, timeout=TIMEOUT_S, context=context())
        else:
            server = smtplib.SMTP(settings.host, settings.port, timeout=TIMEOUT_S)
        with server:
            if settings.security == "starttls":
                server.starttls(context=context())
            if settings.username:
                server.login(settings.username, password)
            refused = server.send_message(mail)
    except (smtplib.SMTPException, OSError) as error:
        raise _failed(_words(error)) from error
    if refused:
        message = f"refused for {', '.join(refused)}"
        raise _failed(message)
    return f"taken by {settings.host}"


def send_webhook(settings: AnyWebhook, secret: str, content: Content, *, now: Callable[[], float] = time.time) -> str:
    """Post one notice as JSON and return what the other side answered.

    With a secret, ``X-Flomir-Signature`` is ``sha256=`` and the HMAC-SHA256 (hex) over the timestamp, a dot and the body.

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
    request = urllib.request.Request(settings.url, body, headers, method="POST")  # noqa: S310 - checked by the settings
    try:
        with urllib.request.build_opener(_NoRedirect).open(request, timeout=TIMEOUT_S) as answer:
            return f"HTTP {answer.status}"
    except urllib.error.HTTPError as error:
        error.close()
        message = f"HTTP {error.code}"
        raise _failed(message) from error
    except (urllib.error.URLError, HTTPException, OSError, ValueError) as error:
        raise _failed(_words(error)) from error


def signature(secret: str, stamp: str, body: bytes) -> str:
    """Return what the receiver computes as well."""
    return "sha256=" + hmac.new(secret.encode(), stamp.encode() + b"." + body, hashlib.sha256).hexdigest()


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        """Follow nothing: the signed notice goes to the given address only."""


def _line(value: object) -> str:
    return " ".join(str(value).split())


def _words(error: Exception) -> str:
    if isinstance(error, smtplib.SMTPResponseException):
        said = error.smtp_error.decode("utf-8", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        return f"{error.smtp_code} {said}"
    return str(getattr(error, "reason", "")) or str(error) or type(error).__name__


def _failed(why: str) -> PeerUnreachable:
    return PeerUnreachable(why[:300], code="notice.failed")
