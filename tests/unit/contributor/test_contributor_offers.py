"""Promises about offers: only what the orchestrator signed, for this site and this code, is ever shown."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from fl_core.protocol.messages import SignedDocument
from fl_core.protocol.signing import sign
from fl_core.trust.authority import Authority
from fl_core.trust.identity import load_key
from tests.support.contributor import TestSite, enrolled_site, make_offer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


def _refused(site: TestSite, payload: dict[str, object]) -> None:
    site.daemon.inbox.receive(payload)
    assert site.client.get("/api/v1/requests").json["items"] == []
    assert site.told("request") == []
    assert site.audit_actions()[-1] == "request.refused"


def test_a_signed_offer_becomes_an_open_request(site: TestSite) -> None:
    session_id = site.receive()
    shown = site.client.get(f"/api/v1/requests/{session_id}").json
    assert shown["state"] == "open"
    assert shown["verified"] is True
    assert shown["total_bytes"] == 3000
    assert len(site.told("request")) == 1


def test_an_unsigned_offer_is_refused_and_audited(site: TestSite) -> None:
    _refused(site, make_offer().model_dump(mode="json"))


def test_an_offer_with_a_changed_word_is_refused(site: TestSite) -> None:
    document = site.signed(make_offer())
    changed = document.model_copy(update={"payload": document.payload.replace("Cardiac SPECT", "Cardiac CT")})
    _refused(site, changed.model_dump(mode="json"))


def test_an_offer_without_its_signature_is_refused(site: TestSite) -> None:
    document = site.signed(make_offer()).model_copy(update={"signature": ""})
    _refused(site, document.model_dump(mode="json"))


def test_an_offer_of_another_federation_is_refused(site: TestSite, tmp_path: Path) -> None:
    stranger = Authority.create(tmp_path / "stranger", "Stranger", "127.0.0.1")
    _refused(site, site.signed(make_offer(), authority=stranger).model_dump(mode="json"))


def test_an_offer_signed_by_a_site_is_refused(site: TestSite) -> None:
    key = load_key(site.paths.key)
    document = sign("offer", make_offer(), key, site.paths.certificate.read_text())
    _refused(site, document.model_dump(mode="json"))


def test_an_offer_for_another_site_is_refused(site: TestSite) -> None:
    offer = make_offer(site_id="site-ffffffffffff")
    _refused(site, site.signed(offer).model_dump(mode="json"))


def test_an_offer_for_other_federation_code_is_refused(site: TestSite) -> None:
    offer = make_offer(bundle_sha256="1" * 64)
    _refused(site, site.signed(offer).model_dump(mode="json"))


@pytest.mark.parametrize(
    "changes", [{"task": "stock-prices"}, {"task_parameters": {"learning_rate": -1}}, {"strategy": {"name": "magic"}}]
)
def test_an_offer_that_cannot_run_here_is_refused(site: TestSite, changes: dict[str, object]) -> None:
    offer = make_offer().model_dump(mode="json") | changes
    _refused(site, site.signed(make_offer().model_validate(offer)).model_dump(mode="json"))


def test_an_expired_offer_is_shown_as_expired_and_cannot_be_agreed_to(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive(make_offer(answer_by=datetime.now(UTC) - timedelta(seconds=1)))
    assert site.client.get(f"/api/v1/requests/{session_id}").json["state"] == "expired"
    assert site.answer(session_id)["code"] == "consent.expired"
    assert site.grants().grants == {}


def test_an_offer_that_comes_twice_is_one_request(site: TestSite) -> None:
    document = site.signed(make_offer())
    for _ in range(2):
        site.daemon.inbox.receive(document.model_dump(mode="json"))
    assert len(site.client.get("/api/v1/requests").json["items"]) == 1
    assert site.audit_actions().count("request.received") == 1


def test_the_offer_is_stored_whole_as_it_came(site: TestSite) -> None:
    document = site.signed(make_offer())
    site.daemon.inbox.receive(document.model_dump(mode="json"))
    from fl_core.storage.site_requests import RequestStore

    stored = RequestStore(site.daemon.database).get(make_offer().session_id)
    assert stored.offer_document == SignedDocument.model_validate(document)
