"""Promises about newer offers of a session this site has agreed to, and about offers that are taken back."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from fl_core.errors import NotTrusted
from fl_core.protocol.messages import Consent, SessionNews, SessionOffer, SignedDocument, Withdrawal
from fl_core.protocol.signing import sign
from fl_core.storage.site_outbox import OutboxStore
from fl_core.storage.site_requests import RequestStore
from fl_core.storage.site_tables import past_request
from fl_core.trust.authority import Authority
from tests.support.contributor import AGREE, SITE_ID, TestSite, enrolled_site, make_offer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


def agreed(site: TestSite, rounds: int = 3) -> str:
    site.add_studies(1)
    session_id = site.receive(make_offer(rounds=rounds))
    assert site.answer(session_id)["state"] == "agreed"
    return session_id


def newer(site: TestSite, rounds: int = 8, **changes: object) -> SessionOffer:
    offer = make_offer(rounds=rounds, issued_at=datetime.now(UTC) + timedelta(seconds=1), **changes)
    site.receive(offer)
    return offer


def reply(site: TestSite, session_id: str, decision: str, **permissions: object) -> Any:
    body = {"decision": decision, "permissions": {**AGREE, **permissions}}
    return site.client.post(f"/api/v1/requests/{session_id}/further", json=body)


def view(site: TestSite, session_id: str) -> dict[str, Any]:
    found = site.client.get(f"/api/v1/requests/{session_id}").json
    assert isinstance(found, dict)
    return found


def withdrawal(authority: Authority, at: datetime) -> SignedDocument:
    content = Withdrawal(session_id=make_offer().session_id, site_id=SITE_ID, signed_at=at, reason="given up")
    return sign("withdrawal", content, authority.orchestrator_key(), authority.orchestrator_pem())


def test_a_newer_offer_changes_nothing_until_it_is_signed(site: TestSite) -> None:
    session_id = agreed(site)
    before = site.grants()
    newer(site)
    site.daemon.grants.write()
    assert site.grants() == before
    shown = view(site, session_id)
    assert (shown["state"], shown["offer"]["rounds"], shown["further"]["offer"]["rounds"]) == ("agreed", 3, 8)


def test_agreeing_to_it_widens_the_permission_and_queues_a_consent_to_it(site: TestSite) -> None:
    session_id = agreed(site)
    newer(site)
    sha256 = view(site, session_id)["further"]["offer_sha256"]
    site.add_studies(1, first_seed=5)
    assert reply(site, session_id, "agree", send_model="ask").status_code == 200
    grant = site.grants().grants[session_id]
    assert (grant.rounds, grant.offer_sha256, grant.send, len(grant.studies)) == (8, sha256, "ask", 2)
    letters = OutboxStore(site.daemon.database).waiting()
    consent = Consent.model_validate_json(letters[-1].document.payload)
    assert (consent.offer_sha256, consent.decision) == (sha256, "agree")
    assert view(site, session_id)["further"] is None


def test_the_studies_of_earlier_agreements_are_told_whose_patients_stay_on_their_halves(site: TestSite) -> None:
    session_id = agreed(site)
    first = site.grants().grants[session_id].studies
    newer(site, rounds=8)
    site.add_studies(1, first_seed=5)
    reply(site, session_id, "agree")
    second = site.grants().grants[session_id].studies
    assert (site.grants().grants[session_id].earlier, len(second)) == ((first,), 2)
    site.client.delete(f"/api/v1/studies/{Path(first[0]).stem}")
    site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={"reason": ""})
    newer(site, rounds=9)  # in the place of what was withdrawn from
    site.answer(session_id, "decline")
    site.add_studies(1, first_seed=6)
    site.answer(session_id)
    grant = site.grants().grants[session_id]
    assert (grant.earlier, grant.withdrawn, len(grant.studies)) == ((first, second), first, 2)


def test_the_same_studies_agreed_to_again_are_no_further_agreement(site: TestSite) -> None:
    session_id = agreed(site)
    first = site.grants().grants[session_id].studies
    for rounds in (8, 9):
        newer(site, rounds=rounds)
        reply(site, session_id, "agree")
    assert site.grants().grants[session_id].earlier == (first,)


def test_a_round_may_take_as_long_as_was_signed_for(site: TestSite) -> None:
    session_id = agreed(site)
    newer(site, rounds=3, round_deadline_s=7200.0)
    assert site.grants().grants[session_id].round_deadline_s == 600
    reply(site, session_id, "agree")
    assert site.grants().grants[session_id].round_deadline_s == 7200


def test_declining_it_leaves_the_agreement_as_it_is(site: TestSite) -> None:
    session_id = agreed(site)
    newer(site)
    assert reply(site, session_id, "decline").status_code == 200
    assert site.grants().grants[session_id].rounds == 3
    letters = OutboxStore(site.daemon.database).waiting()
    assert Consent.model_validate_json(letters[-1].document.payload).decision == "decline"
    assert reply(site, session_id, "agree").status_code == 404


def test_an_older_offer_that_comes_again_is_not_shown(site: TestSite) -> None:
    session_id = agreed(site)
    site.receive(make_offer(rounds=9, issued_at=datetime.now(UTC) - timedelta(hours=1)))
    assert view(site, session_id)["further"] is None


def test_it_cannot_be_answered_after_its_time_nor_after_the_agreement_was_taken_back(site: TestSite) -> None:
    session_id = agreed(site)
    newer(site, answer_by=datetime.now(UTC) - timedelta(seconds=1))
    assert reply(site, session_id, "agree").json["code"] == "consent.expired"
    assert view(site, session_id)["further"]["open"] is False
    site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={"reason": ""})
    assert reply(site, session_id, "agree").status_code in {404, 409}
    assert session_id not in site.grants().grants


def test_a_session_that_is_opened_again_can_be_agreed_to_further(site: TestSite) -> None:
    session_id = agreed(site)
    for state in ("completed", "paused"):
        news = SessionNews(session_id=session_id, state=state, round=3, rounds=8)
        site.daemon.services.participation.take_news(news.model_dump(mode="json"))
    newer(site)
    assert reply(site, session_id, "agree").status_code == 200
    assert site.grants().grants[session_id].rounds == 8


def test_an_offer_that_is_taken_back_ends_the_permission(site: TestSite) -> None:
    session_id = agreed(site)
    site.daemon.inbox.recall(
        withdrawal(site.authority, datetime.now(UTC) + timedelta(seconds=1)).model_dump(mode="json")
    )
    assert site.grants().grants == {}
    assert view(site, session_id)["state"] == "closed"
    assert "request.recalled" in site.audit_actions()


def test_a_withdrawal_of_an_older_offer_or_by_somebody_else_changes_nothing(site: TestSite, tmp_path: Path) -> None:
    session_id = agreed(site)
    inbox = site.daemon.inbox
    inbox.recall(withdrawal(site.authority, datetime.now(UTC) - timedelta(hours=1)).model_dump(mode="json"))
    foreign = Authority.create(tmp_path / "foreign", "Foreign", "127.0.0.1")
    with pytest.raises(NotTrusted):
        inbox.recall(withdrawal(foreign, datetime.now(UTC) + timedelta(seconds=1)).model_dump(mode="json"))
    assert session_id in site.grants().grants


def kept_documents(site: TestSite, session_id: str) -> list[tuple[object, ...]]:
    columns = (past_request.c.offer, past_request.c.answer, past_request.c.consent, past_request.c.withdrawal)
    with site.daemon.database.read() as connection:
        rows = connection.execute(select(*columns).where(past_request.c.session_id == session_id))
        return [tuple(row) for row in rows]


def test_what_this_site_signed_before_it_was_asked_again_is_kept_whole(site: TestSite) -> None:
    session_id = agreed(site)
    site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={})
    letters = {letter.kind: letter.document for letter in OutboxStore(site.daemon.database).waiting()}
    offer = RequestStore(site.daemon.database).get(session_id).offer_document
    signed = tuple(one.model_dump(mode="json") for one in (letters["consent"], letters["withdrawal"]))
    site.receive(make_offer(issued_at=datetime.now(UTC) + timedelta(seconds=2)))
    assert kept_documents(site, session_id) == [(offer.model_dump(mode="json"), "withdrawn", *signed)]


def test_a_refusal_is_kept_when_this_site_agrees_after_all(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id, "decline")
    assert kept_documents(site, session_id) == []
    [refusal] = OutboxStore(site.daemon.database).waiting()
    site.answer(session_id)
    [(_, answer, consent, withdrawal)] = kept_documents(site, session_id)
    assert (answer, consent, withdrawal) == ("decline", refusal.document.model_dump(mode="json"), None)


def test_a_renewed_offer_after_a_withdrawal_can_be_answered(site: TestSite) -> None:
    session_id = agreed(site)
    at = datetime.now(UTC)
    site.daemon.inbox.recall(withdrawal(site.authority, at + timedelta(seconds=1)).model_dump(mode="json"))
    site.receive(make_offer(issued_at=at + timedelta(seconds=2)))
    assert view(site, session_id)["state"] == "open"
    assert site.answer(session_id)["state"] == "agreed"
