"""Signed documents: canonical JSON (RFC 8785), ECDSA P-384 with SHA-384, by a certificate of this federation.

The signature covers the kind as well as the payload, so that a document is never taken for one of another kind.
"""

import base64
import binascii
import hashlib
import json
from datetime import datetime
from typing import Literal, TypeVar

import rfc8785
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from pydantic import BaseModel, ValidationError

from fl_core.errors import InvalidInput, NotTrusted
from fl_core.protocol.messages import Consent, SessionOffer, SignedDocument, Withdrawal
from fl_core.trust.authority import certificate_role, certificate_site_id, check_chain
from fl_core.trust.identity import Key, certificate_key, load_certificate

Kind = Literal["offer", "consent", "withdrawal"]
Role = Literal["orchestrator", "site"]
Document = TypeVar("Document", bound=BaseModel)

MODELS: dict[Kind, type[BaseModel]] = {"offer": SessionOffer, "consent": Consent, "withdrawal": Withdrawal}
_DOMAIN = "flomir-signed-document"


def canonical(model: BaseModel) -> str:
    """Return the model as canonical JSON (RFC 8785): the same content gives the same text everywhere."""
    return rfc8785.dumps(model.model_dump(mode="json")).decode()


def sha256_of(payload: str) -> str:
    """Return the SHA-256 (hex) of a canonical payload: for an offer this is its ``offer_sha256``."""
    return hashlib.sha256(payload.encode()).hexdigest()


def sign(kind: Kind, model: BaseModel, key: Key, cert_pem: str) -> SignedDocument:
    """Sign a document.

    Raises
    ------
    ValueError
        If the model is not of this kind, or the certificate is not the key's: both are programming errors.
    """
    if not isinstance(model, MODELS[kind]):
        message = f"a {kind} is a {MODELS[kind].__name__}, got {type(model).__name__}"
        raise ValueError(message)
    if certificate_key(load_certificate(cert_pem)) != key.public_key():
        message = "the certificate belongs to another key"
        raise ValueError(message)
    payload = canonical(model)
    signature = key.sign(_signed_bytes(kind, payload), ec.ECDSA(hashes.SHA384()))
    return SignedDocument(
        kind=kind,
        payload=payload,
        signature=base64.b64encode(signature).decode("ascii"),
        certificate_pem=cert_pem,
    )


def verify(
    document: SignedDocument,
    ca_pem: str,
    model_type: type[Document],
    role: Role,
    *,
    site_id: str | None = None,
    at: datetime | None = None,
) -> Document:
    """Check a signed document and return its content.

    Parameters
    ----------
    document : SignedDocument
    ca_pem : str, the federation's authority
    model_type : type, the expected content; it fixes the expected kind
    role : who must have signed
    site_id : the site that the content must name and, for role ``site``, that must have signed
    at : the moment at which the certificate must be valid (default: now; for stored documents their arrival)

    Raises
    ------
    NotTrusted
        With code ``trust.signature_invalid`` for everything that does not fit.
    """
    try:
        certificate = load_certificate(document.certificate_pem)
        check_chain(certificate, load_certificate(ca_pem), at=at)
        _check_signature(document, certificate)
    except (InvalidInput, NotTrusted) as error:
        raise _refused(why=str(error)) from error
    if MODELS[document.kind] is not model_type:
        raise _refused(why=f"a {model_type.__name__} was expected, this is a {document.kind}")
    if certificate_role(certificate) != role:
        raise _refused(why=f"only the {role} may sign this")
    content = _content(document.payload, model_type)
    _check_site(content, certificate, role, site_id)
    return content


def _signed_bytes(kind: str, payload: str) -> bytes:
    return f"{_DOMAIN}:{kind}\n{payload}".encode()


def _check_signature(document: SignedDocument, certificate: x509.Certificate) -> None:
    try:
        certificate_key(certificate).verify(
            base64.b64decode(document.signature, validate=True),
            _signed_bytes(document.kind, document.payload),
            ec.ECDSA(hashes.SHA384()),
        )
    except (InvalidSignature, binascii.Error, ValueError) as error:
        message = "the signature does not fit the text"
        raise NotTrusted(message) from error


def _content(payload: str, model_type: type[Document]) -> Document:
    try:
        if rfc8785.dumps(json.loads(payload)).decode() != payload:
            raise _refused(why="the text is not canonical")
        return model_type.model_validate_json(payload)
    except (ValidationError, ValueError, RecursionError) as error:
        raise _refused(why=f"the text does not read as a {model_type.__name__}") from error


def _check_site(content: BaseModel, certificate: x509.Certificate, role: Role, site_id: str | None) -> None:
    named = getattr(content, "site_id", None)
    if site_id is not None and named != site_id:
        raise _refused(why="the document names another site")
    if role == "site" and certificate_site_id(certificate) != named:
        raise _refused(why="the signing site is not the site that the document names")


def _refused(why: str) -> NotTrusted:
    return NotTrusted(why, code="trust.signature_invalid")
