"""What sites call through the gateway: enrolment without, everything else with their certificate."""

from typing import TypeVar

from flask import Blueprint, Response, request, send_file
from pydantic import BaseModel

from fl_core.protocol import peer_api
from fl_core.protocol.messages import DataSummary, EnrolmentRequest, Hello, RenewalRequest, SignedDocument, SiteProgress
from fl_core.web.parsing import answer, body, nothing, query_float, query_int
from fl_core.web.security import FINGERPRINT_HEADER, SITE_HEADER
from orchestrator.services.consents import Consents
from orchestrator.services.enrolment import Enrolment
from orchestrator.services.models import Models
from orchestrator.services.peers import Peers

ModelT = TypeVar("ModelT", bound=BaseModel)
LARGEST_SEQ = 2**53
LARGEST_BODY_BYTES = 300_000


def enrolment_routes(enrolment: Enrolment) -> Blueprint:
    """Bind the routes of the enrolment."""
    api = Blueprint("enrol", __name__)

    @api.post(peer_api.ENROL_REQUESTS)
    def request_enrolment() -> Response:
        """Take a signing request that carries an invitation's token."""
        return answer(enrolment.request(_small(EnrolmentRequest)), 201)

    @api.get(_flask_path(peer_api.ENROL_STATUS))
    def get_enrolment(enrolment_id: str) -> Response:
        """Say where the enrolment stands; held while it is pending."""
        secret = request.headers.get("Authorization", "").removeprefix("Bearer ")
        wait_s = query_float("wait_s", 0.0, low=0.0, high=peer_api.LONGEST_WAIT_S)
        return answer(enrolment.status(enrolment_id, secret, wait_s=wait_s))

    return api


def peer_routes(peers: Peers, consents: Consents, models: Models, enrolment: Enrolment) -> Blueprint:
    """Bind the routes of the trusted sites."""
    api = Blueprint("peer", __name__)
    _add_connection(api, peers)
    _add_documents(api, consents, models, enrolment)
    return api


def _add_connection(api: Blueprint, peers: Peers) -> None:

    @api.before_request
    def check_site() -> None:
        """Refuse a site whose trust was taken back after the gateway let it in."""
        peers.check(_site(), request.environ.get(FINGERPRINT_HEADER, ""))

    @api.post(peer_api.HELLO)
    def hello() -> Response:
        """Agree on a version."""
        return answer(peers.hello(_site(), _small(Hello)))

    @api.get(peer_api.EVENTS)
    def get_events() -> Response:
        """Return the site's events after a number; held while there are none."""
        after = query_int("after", 0, low=0, high=LARGEST_SEQ)
        wait_s = query_float("wait_s", 0.0, low=0.0, high=peer_api.LONGEST_WAIT_S)
        return answer(peers.events(_site(), after=after, wait_s=wait_s))

    @api.post(peer_api.SUMMARY)
    def put_summary() -> Response:
        """Take the counts a site tells about its data."""
        peers.take_summary(_site(), _small(DataSummary))
        return nothing()

    @api.post(peer_api.PROGRESS)
    def post_progress() -> Response:
        """Take a hint about a site's progress."""
        peers.take_progress(_site(), _small(SiteProgress))
        return nothing()


def _add_documents(api: Blueprint, consents: Consents, models: Models, enrolment: Enrolment) -> None:
    @api.post(peer_api.CONSENTS)
    def post_consent() -> Response:
        """Take a signed answer to an offer."""
        consents.take_consent(_site(), _small(SignedDocument))
        return nothing()

    @api.post(peer_api.WITHDRAWALS)
    def post_withdrawal() -> Response:
        """Take a signed withdrawal."""
        consents.take_withdrawal(_site(), _small(SignedDocument))
        return nothing()

    @api.get(_flask_path(peer_api.MODEL_WEIGHTS))
    def get_weights(sha256: str) -> Response:
        """Return the weights of a model this site may have."""
        path = models.weights_for_site(_site(), sha256)
        return send_file(path, mimetype="application/octet-stream", etag=sha256, conditional=True)

    @api.post(peer_api.RENEWALS)
    def renew() -> Response:
        """Issue a fresh certificate for the same key."""
        return answer(enrolment.renew(_site(), _small(RenewalRequest)))

    @api.post(peer_api.LEAVE)
    def leave() -> Response:
        """Take a site's leave; its connections are ended once it has the answer."""
        site_id = _site()
        enrolment.leave(site_id)
        answered = nothing()
        answered.call_on_close(lambda: enrolment.see_off(site_id))
        return answered


def _site() -> str:
    return str(request.environ.get(SITE_HEADER, ""))


def _small(kind: type[ModelT]) -> ModelT:
    request.max_content_length = LARGEST_BODY_BYTES
    return body(kind)


def _flask_path(template: str) -> str:
    return template.replace("{", "<").replace("}", ">")
