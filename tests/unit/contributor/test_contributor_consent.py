"""Promises about consent: what the runner may do is exactly what was agreed to, and it ends first when it ends."""

import errno
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contributor.services import grants
from contributor.services.grants import grant_of
from contributor.services.requests import request_state, studies_digest
from fl_core.protocol.messages import Consent, SessionNews, Withdrawal
from fl_core.protocol.plan import RunnerEvent
from fl_core.protocol.signing import verify
from fl_core.storage.site_outbox import OutboxStore
from fl_core.storage.site_requests import RequestStore
from tests.support.contributor import SITE_ID, TestSite, enrolled_site, make_offer


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


def test_agreeing_grants_the_session_and_queues_a_signed_consent(site: TestSite) -> None:
    ids = site.add_studies(2)
    session_id = site.receive()
    view = site.answer(session_id)
    assert view["state"] == "agreed"
    grant = site.grants().grants[session_id]
    assert site.grants().site_id == SITE_ID
    assert {Path(path).stem for path in grant.studies} == set(ids)
    assert grant.train
    assert grant.send == "yes"
    [letter] = OutboxStore(site.daemon.database).waiting()
    consent = verify(letter.document, site.authority.ca_pem, Consent, "site", site_id=SITE_ID)
    assert consent.study_count == 2
    assert consent.offer_sha256 == view["offer_sha256"]
    hashes = [site.client.get(f"/api/v1/studies/{one}").json["sha256"] for one in ids]
    assert consent.studies_sha256 == studies_digest(hashes)


def test_without_an_answer_the_runner_may_do_nothing(site: TestSite) -> None:
    site.add_studies(1)
    site.receive()
    site.daemon.grants.write()
    assert site.grants().grants == {}


def test_declining_grants_nothing_and_is_told(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    assert site.answer(session_id, "decline")["state"] == "declined"
    assert site.grants().grants == {}
    [letter] = OutboxStore(site.daemon.database).waiting()
    assert Consent.model_validate_json(letter.document.payload).decision == "decline"


def test_a_consent_covers_usable_studies_of_the_task_with_a_reference_only(site: TestSite) -> None:
    good = site.add_studies(2)
    site.add_studies(1, first_seed=10, with_reference=False)
    withdrawn = site.add_studies(1, first_seed=20)
    site.client.delete(f"/api/v1/studies/{withdrawn[0]}")
    session_id = site.receive()
    assert site.answer(session_id)["studies_covered"] == 2
    assert {Path(path).stem for path in site.grants().grants[session_id].studies} == set(good)


def test_a_training_that_learns_from_all_counts_covers_studies_without_a_reference(site: TestSite) -> None:
    bare = site.add_studies(2, with_reference=False)
    plain = site.receive(make_offer(session_id="session-000000000002"))
    assert site.client.get(f"/api/v1/requests/{plain}").json["studies_covered"] == 0
    session_id = site.receive(make_offer(task_parameters={"without_reference": "full-counts"}))
    assert site.client.get(f"/api/v1/requests/{session_id}").json["studies_covered"] == 2
    assert site.answer(session_id)["studies_covered"] == 2
    assert {Path(path).stem for path in site.grants().grants[session_id].studies} == set(bare)


def test_studies_added_after_the_consent_are_not_covered(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    site.add_studies(1, first_seed=5)
    site.daemon.grants.write()
    assert len(site.grants().grants[session_id].studies) == 1


def test_withdrawing_a_study_takes_it_out_of_running_sessions(site: TestSite) -> None:
    ids = site.add_studies(2)
    session_id = site.receive()
    site.answer(session_id)
    site.client.delete(f"/api/v1/studies/{ids[0]}")
    grant = site.grants().grants[session_id]
    assert [Path(path).stem for path in grant.studies] == [ids[1]]
    assert [Path(path).stem for path in grant.withdrawn] == [ids[0]]
    site.client.post(f"/api/v1/studies/{ids[0]}/restore")
    grant = site.grants().grants[session_id]
    assert (len(grant.studies), grant.withdrawn) == (2, ())


def test_agreeing_to_train_without_a_usable_study_is_a_conflict(site: TestSite) -> None:
    assert site.answer(site.receive())["code"] == "conflict"
    assert site.grants().grants == {}


def test_permissions_are_kept_apart(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id, train_on_my_data=False, send_model="no")
    grant = site.grants().grants[session_id]
    assert not grant.train
    assert grant.send == "no"
    assert grant.studies == ()


def test_an_agreement_without_taking_part_is_refused(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    assert site.answer(session_id, take_part=False)["code"] == "input.invalid"
    assert site.client.get(f"/api/v1/requests/{session_id}").json["state"] == "open"


def test_withdrawal_removes_the_grant_before_anything_else(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    seen: list[bool] = []
    withdraw = RequestStore.withdraw

    def watch(store: RequestStore, *arguments: object) -> None:
        seen.append(session_id in site.grants().grants)
        withdraw(store, *arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(RequestStore, "withdraw", watch)
    view = site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={"reason": "patient asked"}).json
    assert seen == [False]
    assert view["consent_state"] == "withdrawn"
    assert site.grants().grants == {}
    letter = OutboxStore(site.daemon.database).waiting()[-1]
    assert verify(letter.document, site.authority.ca_pem, Withdrawal, "site", site_id=SITE_ID).reason == "patient asked"


def test_a_disk_that_refuses_the_permissions_leaves_none(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(grants, "write_private", full)
    answer = site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={"reason": ""})
    assert (answer.status_code, answer.json["code"]) == (507, "storage.disk_full")
    assert not site.paths.grants.exists()
    monkeypatch.undo()
    site.daemon.services.requests.expire()
    assert session_id in site.grants().grants  # nothing was recorded, so the agreement is in force again


def test_an_agreement_whose_time_is_over_is_withdrawn_where_it_is_declined(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    news = SessionNews(session_id=session_id, state="running", round=1, rounds=3)
    site.daemon.services.participation.take_news(news.model_dump(mode="json"))
    assert site.answer(session_id, "decline")["state"] == "withdrawn"
    assert OutboxStore(site.daemon.database).waiting()[-1].kind == "withdrawal"


def test_an_agreement_with_a_former_laboratory_is_withdrawn_without_telling_the_present_one(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    connection = site.daemon.services.connection
    moved = replace(connection.record, site_id="site-elsewhere")
    connection.replace(moved, actor="system", action="connection.moved", text="Moved.")
    view = site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={"reason": ""}).json
    assert view["consent_state"] == "withdrawn"
    assert OutboxStore(site.daemon.database).waiting() == []


def test_withdrawing_twice_is_a_conflict(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={})
    assert site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={}).status_code == 409


def test_a_withdrawn_site_may_agree_again(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={})
    assert site.answer(session_id)["state"] == "agreed"
    assert session_id in site.grants().grants


def test_agreeing_twice_is_a_conflict(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    assert site.answer(session_id)["code"] == "conflict"


def test_an_expired_consent_grants_nothing(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    record = RequestStore(site.daemon.database).get(session_id)
    assert record.consent is not None
    assert grant_of(record, [], (), record.consent.valid_until - timedelta(seconds=1)) is not None
    assert grant_of(record, [], (), record.consent.valid_until) is None


def test_a_completed_session_closes_the_request_and_ends_the_grant(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    news = SessionNews(session_id=session_id, state="completed", round=3, rounds=3)
    site.daemon.services.participation.take_news(news.model_dump(mode="json"))
    assert site.client.get(f"/api/v1/requests/{session_id}").json["state"] == "closed"
    assert site.grants().grants == {}


def test_a_revoked_site_grants_nothing(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    site.daemon.services.connection.move("revoked")
    site.daemon.grants.write()
    assert site.grants().grants == {}
    assert site.answer(session_id, "decline")["code"] == "enrolment.none"


@pytest.mark.parametrize(("send", "field"), [(True, "released_rounds"), (False, "refused_rounds")])
def test_a_held_update_goes_or_stays_as_the_professional_says(site: TestSite, *, send: bool, field: str) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id, send_model="ask")
    url = f"/api/v1/sessions/{session_id}/rounds/1/release"
    assert site.client.post(url, json={"send": send}).status_code == 409
    event = RunnerEvent(seq=1, at=datetime.now(UTC), session_id=session_id, round=1, phase="held")
    site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
    site.paths.progress.write_text(event.model_dump_json() + "\n")
    site.daemon.services.participation.ingest()
    assert site.client.post(url, json={"send": send}).status_code == 200
    assert getattr(site.grants().grants[session_id], field) == (1,)
    assert site.client.post(url, json={"send": not send}).status_code == 409


NOW = datetime(2026, 1, 2, tzinfo=UTC)
LATER, EARLIER = NOW + timedelta(hours=1), NOW - timedelta(hours=1)


@pytest.mark.parametrize(
    ("answer", "due", "session", "expected"),
    [
        ("none", LATER, None, "open"),
        ("none", EARLIER, None, "expired"),
        ("none", LATER, "stopped", "closed"),
        ("agree", EARLIER, "running", "agreed"),
        ("agree", EARLIER, "completed", "closed"),
        ("decline", LATER, None, "declined"),
        ("withdrawn", LATER, "running", "withdrawn"),
        ("withdrawn", LATER, "completed", "withdrawn"),
    ],
)
def test_the_state_of_a_request_follows_from_facts(answer: str, due: datetime, session: str, expected: str) -> None:
    assert request_state(answer, due, session, NOW) == expected  # type: ignore[arg-type]


def test_the_offer_says_more_sites_but_the_grant_says_only_ours(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive(make_offer(sites_invited=9))
    site.answer(session_id)
    assert str(site.paths.studies) in site.grants().grants[session_id].studies[0]
    told = str(site.told("request")) + str(site.told("session"))
    assert str(site.paths.home) not in told
