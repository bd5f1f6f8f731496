"""Promises of signed documents: whatever does not fit is refused, with one code."""

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec

from fl_core.errors import NotTrusted
from fl_core.protocol.messages import Consent, SessionOffer, SignedDocument, Withdrawal
from fl_core.protocol.signing import canonical, sha256_of, sign, verify
from fl_core.trust.authority import Authority
from fl_core.trust.identity import generate_key
from tests.support.trust import NOW, Site, make_authority, make_consent, make_offer, make_site


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return make_authority(tmp_path_factory.mktemp("home"))


@pytest.fixture(scope="module")
def site(authority: Authority, tmp_path_factory: pytest.TempPathFactory) -> Site:
    return make_site(authority, tmp_path_factory.mktemp("site"))


def offer_of(authority: Authority) -> SignedDocument:
    return sign("offer", make_offer(), authority.orchestrator_key(), authority.orchestrator_pem())


def refuse(document: SignedDocument, authority: Authority, **how: object) -> None:
    with pytest.raises(NotTrusted) as refusal:
        verify(document, authority.ca_pem, SessionOffer, "orchestrator", **how)  # type: ignore[arg-type]
    assert refusal.value.code == "trust.signature_invalid"


def test_a_signed_offer_comes_back_whole_also_over_the_wire(authority: Authority) -> None:
    document = SignedDocument.model_validate_json(offer_of(authority).model_dump_json())
    offer = verify(document, authority.ca_pem, SessionOffer, "orchestrator", site_id="site-aaaaaaaaaaaa")
    assert offer == make_offer()
    assert canonical(offer) == document.payload
    assert sha256_of(canonical(offer)) == sha256_of(document.payload)


def test_a_signed_consent_comes_back_whole(authority: Authority, site: Site) -> None:
    document = sign("consent", make_consent(), site.key, site.cert_pem)
    assert verify(document, authority.ca_pem, Consent, "site", site_id=site.site_id) == make_consent()


def test_a_forged_payload_is_refused(authority: Authority) -> None:
    document = offer_of(authority)
    refuse(document.model_copy(update={"payload": document.payload.replace('"rounds":3', '"rounds":9')}), authority)


@pytest.mark.parametrize("signature", ["", "AAAA", "not base64!", "é"])
def test_a_broken_signature_is_refused(authority: Authority, signature: str) -> None:
    refuse(offer_of(authority).model_copy(update={"signature": signature}), authority)


def test_the_same_content_in_another_form_is_refused(authority: Authority) -> None:
    document = offer_of(authority)
    refuse(document.model_copy(update={"payload": document.payload.replace(":", ": ", 1)}), authority)


def test_another_authoritys_signature_is_refused(authority: Authority, tmp_path: Path) -> None:
    refuse(offer_of(make_authority(tmp_path)), authority)


def test_a_site_cannot_speak_as_the_orchestrator(authority: Authority, site: Site) -> None:
    refuse(sign("offer", make_offer(), site.key, site.cert_pem), authority)


def test_a_site_cannot_consent_for_another(authority: Authority, site: Site, tmp_path: Path) -> None:
    other = make_site(authority, tmp_path, "site-bbbbbbbbbbbb")
    document = sign("consent", make_consent(site.site_id), other.key, other.cert_pem)
    for wanted in (None, site.site_id, other.site_id):
        with pytest.raises(NotTrusted):
            verify(document, authority.ca_pem, Consent, "site", site_id=wanted)


def test_an_offer_to_another_site_is_refused(authority: Authority) -> None:
    refuse(offer_of(authority), authority, site_id="site-bbbbbbbbbbbb")


def test_a_document_is_never_taken_for_another_kind(authority: Authority, site: Site) -> None:
    consent = sign("consent", make_consent(), site.key, site.cert_pem)
    for document in (consent, consent.model_copy(update={"kind": "withdrawal"})):
        refuse(document, authority)
        with pytest.raises(NotTrusted):
            verify(document.model_copy(update={"kind": "withdrawal"}), authority.ca_pem, Consent, "site")


def test_a_signature_made_for_another_kind_does_not_fit(authority: Authority, site: Site) -> None:
    content = Withdrawal(session_id="session-1", site_id=site.site_id, signed_at=NOW)
    document = sign("withdrawal", content, site.key, site.cert_pem)

    def signed_as(kind: str) -> SignedDocument:
        text = f"flomir-signed-document:{kind}\n{document.payload}".encode()
        signature = base64.b64encode(site.key.sign(text, ec.ECDSA(hashes.SHA384()))).decode()
        return document.model_copy(update={"signature": signature})

    assert verify(signed_as("withdrawal"), authority.ca_pem, Withdrawal, "site") == content
    for kind in ("consent", "offer", ""):
        with pytest.raises(NotTrusted):
            verify(signed_as(kind), authority.ca_pem, Withdrawal, "site")


def test_an_expired_certificate_signs_nothing_new_but_old_documents_stay_verifiable(
    authority: Authority, tmp_path: Path
) -> None:
    then = datetime.now(UTC) - timedelta(days=100)
    old = make_site(authority, tmp_path, at=then)
    document = sign("consent", make_consent(), old.key, old.cert_pem)
    with pytest.raises(NotTrusted, match="valid until"):
        verify(document, authority.ca_pem, Consent, "site")
    assert verify(document, authority.ca_pem, Consent, "site", at=then + timedelta(days=1)) == make_consent()


def test_signing_with_anothers_certificate_is_a_programming_error(site: Site) -> None:
    with pytest.raises(ValueError, match="another key"):
        sign("consent", make_consent(), generate_key(), site.cert_pem)
    with pytest.raises(ValueError, match="SessionOffer"):
        sign("offer", make_consent(), site.key, site.cert_pem)
