"""Calls the orchestrator through its gateway: TLS to the pinned authority, answers as models, failures as ours.

A failure at the hospital's own proxy is told apart from one beyond it (`contributor.connecting`).
"""

import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TypeVar

import httpx
from pydantic import BaseModel, ValidationError

from contributor.connecting import ProxyInTheWay, Steps, at_proxy
from fl_core.errors import CATALOGUE, Conflict, FlomirError, InvalidInput, NotTrusted, PeerUnreachable, ProtocolMismatch
from fl_core.protocol import peer_api
from fl_core.protocol.messages import (
    DataSummary,
    EnrolmentReceipt,
    EnrolmentRequest,
    EnrolmentStatus,
    EventPage,
    Hello,
    RenewalAnswer,
    RenewalRequest,
    SignedDocument,
    SiteProgress,
    Welcome,
)
from fl_core.storage.site_outbox import LetterKind
from fl_core.transport.proxy import Proxy
from fl_core.transport.way_out import httpx_proxy

CONNECT_TIMEOUT_S = 10.0
ANSWER_TIMEOUT_S = 20.0
LEAVE_TIMEOUT_S = 4.0
TOO_MANY = 429
"""The gateway's limit on one address: it says nothing about what was asked."""
WAIT_S = peer_api.LONGEST_WAIT_S - 5.0
LETTER_PATHS: dict[LetterKind, str] = {"consent": peer_api.CONSENTS, "withdrawal": peer_api.WITHDRAWALS}

ModelT = TypeVar("ModelT", bound=BaseModel)


class PeerClient:
    """One gateway, one TLS context, perhaps a proxy; used by several threads at once. Tests hand in a `transport` of their own."""

    def __init__(
        self,
        address: str,
        context: ssl.SSLContext | None,
        *,
        proxy: Proxy | None = None,
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        self._address = address
        self._proxy = proxy
        self._http = httpx.Client(
            base_url=f"https://{address}",
            verify=context if context is not None else True,
            proxy=None if proxy is None else httpx_proxy(proxy),
            transport=transport,
            trust_env=False,
            timeout=httpx.Timeout(ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S),
        )

    def close(self) -> None:
        """Close the connections."""
        self._http.close()

    def enrol(self, request: EnrolmentRequest) -> EnrolmentReceipt:
        """Hand in a signing request."""
        return _parsed(EnrolmentReceipt, self._post(peer_api.ENROL_REQUESTS, request))

    def enrolment_status(self, enrolment_id: str, poll_secret: str) -> EnrolmentStatus:
        """Ask for the outcome; held open while it is pending."""
        response = self._get(
            peer_api.ENROL_STATUS.format(enrolment_id=enrolment_id),
            params={"wait_s": WAIT_S},
            headers={"Authorization": f"Bearer {poll_secret}"},
        )
        return _parsed(EnrolmentStatus, response)

    def hello(self, hello: Hello) -> Welcome:
        """Begin a connection."""
        return _parsed(Welcome, self._post(peer_api.HELLO, hello))

    def events(self, after: int) -> EventPage:
        """Return events after a sequence number; held open while there are none."""
        return _parsed(EventPage, self._get(peer_api.EVENTS, params={"after": after, "wait_s": WAIT_S}))

    def send_summary(self, summary: DataSummary) -> None:
        """Tell what data there is."""
        self._post(peer_api.SUMMARY, summary, leave_out_none=True)

    def send_letter(self, kind: LetterKind, document: SignedDocument) -> None:
        """Hand in a signed document; the same one may be sent again."""
        self._post(LETTER_PATHS[kind], document)

    def send_progress(self, progress: SiteProgress) -> None:
        """Tell what the runner is doing."""
        self._post(peer_api.PROGRESS, progress)

    def renew(self, request: RenewalRequest) -> RenewalAnswer:
        """Ask for a fresh certificate of the same key."""
        return _parsed(RenewalAnswer, self._post(peer_api.RENEWALS, request))

    def leave(self) -> None:
        """Tell that this site leaves; the other side then ends its connections and accepts its certificate no more."""
        with self._on_the_way() as trace:
            response = self._http.post(peer_api.LEAVE, timeout=LEAVE_TIMEOUT_S, extensions=trace)
        _checked(response)

    @contextmanager
    def weights(self, sha256: str) -> Iterator[Iterator[bytes]]:
        """Open a model's weights as a stream of chunks."""
        path = peer_api.MODEL_WEIGHTS.format(sha256=sha256)
        with self._on_the_way() as trace, self._http.stream("GET", path, extensions=trace) as response:
            if response.status_code >= 400:
                response.read()
                raise _problem(response)
            yield response.iter_bytes()

    def _get(
        self, path: str, *, params: dict[str, str | int | float], headers: dict[str, str] | None = None
    ) -> httpx.Response:
        timeout = httpx.Timeout(WAIT_S + ANSWER_TIMEOUT_S, connect=CONNECT_TIMEOUT_S)
        with self._on_the_way() as trace:
            response = self._http.get(path, params=params, headers=headers, timeout=timeout, extensions=trace)
        return _checked(response)

    def _post(self, path: str, body: BaseModel, *, leave_out_none: bool = False) -> httpx.Response:
        with self._on_the_way() as trace:
            response = self._http.post(
                path,
                content=body.model_dump_json(exclude_none=leave_out_none),
                headers={"Content-Type": "application/json"},
                extensions=trace,
            )
        return _checked(response)

    @contextmanager
    def _on_the_way(self) -> Iterator[dict[str, Steps]]:
        """Watch how far a request comes and raise what broke it as a failure of ours: PeerUnreachable, ProxyInTheWay."""
        steps = Steps()
        try:
            yield {"trace": steps}
        except httpx.HTTPError as error:
            host, _, port = self._address.rpartition(":")
            stopped = at_proxy(self._proxy, steps, error, host=host.strip("[]"), port=int(port))
            raise _unreachable(error) if stopped is None else ProxyInTheWay(stopped) from error


def _checked(response: httpx.Response) -> httpx.Response:
    if response.status_code >= 400:
        raise _problem(response)
    return response


def _parsed(kind: type[ModelT], response: httpx.Response) -> ModelT:
    try:
        return kind.model_validate_json(response.content)
    except ValidationError as error:
        message = f"the orchestrator's answer does not read as {kind.__name__}; the versions may differ"
        raise PeerUnreachable(message) from error


def _unreachable(error: Exception) -> PeerUnreachable:
    code = _code_of(error)
    if code == "peer.other_certificate":
        return PeerUnreachable("the certificate that was shown is not the laboratory's", code=code)
    words = "took too long" if isinstance(error, httpx.TimeoutException) else str(error) or type(error).__name__
    return PeerUnreachable(words[:200], code=code)


def _code_of(error: Exception) -> str:
    """Return the code of a failure on the way beyond the proxy."""
    if isinstance(error, httpx.ConnectError) and "CERTIFICATE_VERIFY_FAILED" in str(error):
        return "peer.other_certificate"
    return PeerUnreachable.code


def _problem(response: httpx.Response) -> FlomirError:
    """Turn problem+json into the expected failure of the same code."""
    try:
        body = response.json()
        code, detail = str(body["code"]), str(body.get("detail", ""))[:300]
    except (ValueError, KeyError, TypeError):
        return PeerUnreachable(f"the orchestrator answered {response.status_code} without a reason")
    if code not in CATALOGUE or response.status_code >= 500 or response.status_code == TOO_MANY:
        return PeerUnreachable(f"the orchestrator answered {response.status_code}: {detail}")
    if code == ProtocolMismatch.code:
        return ProtocolMismatch(detail)
    if code.startswith("trust."):
        return NotTrusted(detail, code=code)
    return Conflict(detail, code=code) if response.status_code == 409 else InvalidInput(detail, code=code)
