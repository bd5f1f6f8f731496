"""The gate of every offer: signed by this federation's orchestrator, for this site, for the code installed here."""

from dataclasses import dataclass

from pydantic import ValidationError

from fl_core.errors import FlomirError, InvalidInput, NotTrusted, ProtocolMismatch
from fl_core.protocol.messages import Json, SessionOffer, SignedDocument
from fl_core.protocol.signing import sha256_of, verify
from fl_core.strategy_spec import strategy_parameters
from model.errors import ModelError
from model.task_spec import task_spec


@dataclass(frozen=True, slots=True)
class VerifiedOffer:
    """An offer that passed every check, with the document as it came and its hash."""

    offer: SessionOffer
    document: SignedDocument
    sha256: str


def verified_offer(payload: Json, *, ca_pem: str, site_id: str, bundle_sha256: str) -> VerifiedOffer:
    """Check an offer as it came from outside.

    Raises
    ------
    NotTrusted
        ``trust.signature_invalid``: unsigned, changed, signed by somebody else, or for another site.
    ProtocolMismatch
        The offer is for another version of the federation code.
    InvalidInput
        The task, its parameters or the strategy are not known here.
    """
    try:
        document = SignedDocument.model_validate(payload)
    except ValidationError as error:
        message = "the offer is not a signed document"
        raise NotTrusted(message, code="trust.signature_invalid") from error
    offer = verify(document, ca_pem, SessionOffer, "orchestrator", site_id=site_id)
    if offer.bundle_sha256 != bundle_sha256:
        message = f"the offer is for federation code {offer.bundle_sha256[:12]}, installed is {bundle_sha256[:12]}"
        raise ProtocolMismatch(message)
    _check_known(offer)
    return VerifiedOffer(offer, document, sha256_of(document.payload))


def _check_known(offer: SessionOffer) -> None:
    try:
        task_spec(offer.task).parameters.model_validate(offer.task_parameters)
    except (ModelError, ValidationError) as error:
        message = f"the offer's task {offer.task[:40]!r} cannot be run here"
        raise InvalidInput(message, code="task.unknown") from error
    strategy_parameters(offer.strategy.name, offer.strategy.parameters)


def refusal_words(error: FlomirError) -> str:
    """Say in one sentence why an offer was not shown."""
    return f"An offer was refused and not shown: {error.entry.title} ({error})"
