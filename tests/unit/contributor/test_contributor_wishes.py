"""Promises about standing rules, reminders, pauses, caps and the information sheet."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from contributor.information import information
from contributor.services.reminders import Reminders
from fl_core.desk import Desk
from fl_core.flower.limits import round_key
from fl_core.protocol.messages import Consent, Json, SessionOffer, SitePhase
from fl_core.protocol.plan import RunnerEvent, SentUpdate
from fl_core.protocol.signing import verify
from fl_core.storage.journal import Journal
from fl_core.storage.site_outbox import OutboxStore
from tests.support.contributor import SITE_ID, TestSite, enrolled_site, make_offer

RULE: Json = {
    "name": "Nights",
    "task": "spect-reconstruction",
    "max_rounds": 5,
    "rounds_a_week": 20,
    "hours": {"begin": "20:00", "end": "06:00"},
}
KNOWN_SHEETS = {
    "1.0": "82d8b95963686ed935a05797673213d92eaa258c70391002cbdabd2266eb026b",
    "1.1": "749b9a9d5ff486e7f25b2ea5221ff0169a819fca09e08b65582009b232b9fbc0",
}
"""A changed word is a new version: add its hash, never change one."""


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        yield one


def make_rule(site: TestSite, **changes: object) -> Json:
    answer = site.client.post("/api/v1/rules", json={**RULE, **changes})
    assert answer.status_code == 201, answer.json
    return dict(answer.json)


def lived(site: TestSite, *events: RunnerEvent) -> None:
    """Let the runner have told these events."""
    site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
    site.paths.progress.write_text("".join(event.model_dump_json() + "\n" for event in events))
    site.daemon.services.participation.ingest()
    site.daemon.grants.write()


def consent_of(site: TestSite) -> Consent:
    letter = OutboxStore(site.daemon.database).waiting()[-1]
    return verify(letter.document, site.authority.ca_pem, Consent, "site", site_id=SITE_ID)


def test_a_rule_agrees_within_its_limits_and_the_signed_consent_names_it(site: TestSite) -> None:
    site.add_studies(1)
    rule = make_rule(site)
    session_id = site.receive()
    view = site.client.get(f"/api/v1/requests/{session_id}").json
    assert view["state"] == "agreed"
    assert view["rule_name"] == "Nights"
    cited = consent_of(site).rule
    assert cited is not None
    assert (cited.rule_id, cited.version, cited.sha256) == (rule["id"], 1, rule["sha256"])
    grant = site.grants().grants[session_id]
    assert (grant.rule_id, grant.rounds_a_week) == (rule["id"], 20)
    assert grant.hours is not None
    assert grant.hours.begin == "20:00"
    actors = {row.action: row.actor for row in site.daemon.services.records.audit_rows(after=0, limit=100)}
    assert actors["consent.agreed"] == f"rule:{rule['id']}"


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"max_rounds": 2}, {}),
        ({"task": "brain-segmentation"}, {}),
        ({}, {"rounds": 6}),
    ],
)
def test_what_a_rule_does_not_allow_waits_for_a_person(site: TestSite, changes: Json, offered: Json) -> None:
    site.add_studies(1)
    make_rule(site, **changes)
    session_id = site.receive(make_offer(**offered))
    assert site.client.get(f"/api/v1/requests/{session_id}").json["state"] == "open"
    assert site.grants().grants == {}


def test_a_paused_rule_agrees_to_nothing_until_it_is_resumed(site: TestSite) -> None:
    site.add_studies(1)
    rule = make_rule(site)
    site.client.post(f"/api/v1/rules/{rule['id']}/pause")
    first = site.receive()
    assert site.client.get(f"/api/v1/requests/{first}").json["state"] == "open"
    site.client.post(f"/api/v1/rules/{rule['id']}/resume")
    second = site.receive(make_offer(session_id="session-000000000002"))
    assert site.client.get(f"/api/v1/requests/{second}").json["state"] == "agreed"
    assert site.audit_actions().count("rule.paused") == site.audit_actions().count("rule.resumed") == 1


def _killed_before_the_rules(site: TestSite, offer: SessionOffer, monkeypatch: pytest.MonkeyPatch) -> None:
    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(site.daemon.inbox._requests, "publish", killed)
        site.receive(offer)


def test_a_rule_answers_an_offer_that_a_kill_kept_from_it(site: TestSite, monkeypatch: pytest.MonkeyPatch) -> None:
    site.add_studies(1)
    make_rule(site)
    offer = make_offer()
    _killed_before_the_rules(site, offer, monkeypatch)
    assert site.client.get(f"/api/v1/requests/{offer.session_id}").json["state"] == "open"
    site.receive(offer)
    assert site.client.get(f"/api/v1/requests/{offer.session_id}").json["state"] == "agreed"
    assert site.audit_actions().count("request.received") == 1


@pytest.mark.parametrize("case", ["answered once", "rule made since"])
def test_an_offer_that_comes_twice_is_left_to_a_person_where_the_first_was(site: TestSite, case: str) -> None:
    site.add_studies(1)
    session_id = site.receive()
    if case == "answered once":
        make_rule(site)
        assert site.answer(session_id, "decline")["state"] == "declined"
    again = make_offer(issued_at=datetime.now(UTC) + timedelta(seconds=1))
    site.receive(again)
    if case == "rule made since":
        make_rule(site)
    site.receive(again)
    assert site.client.get(f"/api/v1/requests/{session_id}").json["state"] == "open"


def test_a_changed_or_deleted_rule_leaves_what_it_agreed_to(site: TestSite) -> None:
    site.add_studies(1)
    rule = make_rule(site)
    session_id = site.receive()
    changed = site.client.put(f"/api/v1/rules/{rule['id']}", json={**RULE, "rounds_a_week": 1}).json
    assert changed["version"] == 2
    assert changed["sha256"] != rule["sha256"]
    assert site.grants().grants[session_id].rounds_a_week == 20
    assert site.client.delete(f"/api/v1/rules/{rule['id']}").status_code == 200
    assert site.client.get("/api/v1/rules").json["items"] == []
    site.daemon.grants.write()
    assert site.grants().grants[session_id].rounds_a_week == 20
    later = site.receive(make_offer(session_id="session-000000000002"))
    assert site.client.get(f"/api/v1/requests/{later}").json["state"] == "open"


def test_a_rule_without_usable_studies_leaves_the_request_to_a_person_and_says_so(site: TestSite) -> None:
    make_rule(site)
    session_id = site.receive()
    assert site.client.get(f"/api/v1/requests/{session_id}").json["state"] == "open"
    assert "rule.could_not_agree" in site.audit_actions()


@pytest.mark.parametrize("said", ["decline", "withdraw"])
def test_a_rule_does_not_agree_again_where_a_person_said_no(site: TestSite, said: str) -> None:
    site.add_studies(1)
    if said == "decline":
        session_id = site.receive()
        assert site.answer(session_id, "decline")["state"] == "declined"
        make_rule(site)
    else:
        make_rule(site)
        session_id = site.receive()
        site.client.post(f"/api/v1/sessions/{session_id}/withdraw", json={"reason": ""})
    site.receive(make_offer(issued_at=datetime.now(UTC) + timedelta(seconds=1)))
    assert site.client.get(f"/api/v1/requests/{session_id}").json["state"] == "open"
    assert site.grants().grants == {}


def test_the_rounds_of_a_week_are_counted_over_all_sessions_of_a_rule(site: TestSite) -> None:
    site.add_studies(1)
    make_rule(site)
    first = site.receive()
    second = site.receive(make_offer(session_id="session-000000000002"))
    now = datetime.now(UTC)
    lived(
        site,
        RunnerEvent(seq=1, at=now - timedelta(days=8), session_id=first, round=1, phase=SitePhase.SENT, metrics={}),
        RunnerEvent(seq=2, at=now, session_id=first, round=2, phase=SitePhase.SENT),
        RunnerEvent(seq=3, at=now, session_id=first, round=3, phase=SitePhase.WAITING, code="site.outside_hours"),
    )
    assert set(site.grants().grants[second].begun) == {round_key(first, 2)}
    [rule] = site.client.get("/api/v1/rules").json["items"]
    assert rule["rounds_this_week"] == 1


def test_a_round_whose_update_left_counts_though_it_is_asked_for_again(site: TestSite) -> None:
    site.add_studies(1)
    make_rule(site)
    session_id, now = site.receive(), datetime.now(UTC)
    sent = SentUpdate(bytes=1000, tensors=1, shapes={"w": (2, 2)}, sha256="a" * 64, norm=1.5, num_examples=3)
    lived(
        site,
        RunnerEvent(seq=1, at=now, session_id=session_id, round=1, phase=SitePhase.SENT, sent=sent),
        RunnerEvent(seq=2, at=now, session_id=session_id, round=1, phase=SitePhase.RECEIVED),
    )
    assert set(site.grants().grants[session_id].begun) == {round_key(session_id, 1)}


def test_every_consent_cites_the_information_sheet_in_force(site: TestSite) -> None:
    site.add_studies(1)
    site.answer(site.receive())
    cited, sheet = consent_of(site).information, site.client.get("/api/v1/information").json
    assert cited is not None
    assert (cited.version, cited.sha256) == (sheet["version"], sheet["sha256"])
    assert consent_of(site).rule is None


def test_a_changed_sheet_is_a_new_version() -> None:
    sheet = information()
    assert KNOWN_SHEETS.get(sheet.version) == sheet.sha256


def test_the_sheet_says_the_same_in_both_languages() -> None:
    english, german = information().sheets
    assert [len(one.paragraphs) for one in english.sections] == [len(one.paragraphs) for one in german.sections]


def test_a_request_that_was_put_off_comes_back_once_before_its_answer_is_due(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    url = f"/api/v1/requests/{session_id}/reminder"
    at = datetime.now(UTC) + timedelta(hours=1)
    assert site.client.put(url, json={"at": at.isoformat()}).json["remind_at"] is not None
    database = site.daemon.database
    desk = Desk(database, Journal(database), site.daemon.bus, now=lambda: at + timedelta(seconds=1))
    reminders = Reminders(desk, changed=lambda _session: None)
    reminders.tell_due()
    reminders.tell_due()
    assert site.client.get(f"/api/v1/requests/{session_id}").json["remind_at"] is None
    lines = [line.key for line in site.daemon.services.records.activity(before=None, limit=50)]
    assert lines.count("request.reminder") == 1


@pytest.mark.parametrize("hours", [-1, 25])
def test_a_reminder_lies_between_now_and_the_deadline(site: TestSite, hours: int) -> None:
    session_id = site.receive()
    at = datetime.now(UTC) + timedelta(hours=hours)
    answer = site.client.put(f"/api/v1/requests/{session_id}/reminder", json={"at": at.isoformat()})
    assert answer.json["code"] == "input.invalid"


def test_an_answered_request_cannot_be_put_off(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    at = datetime.now(UTC) + timedelta(hours=1)
    assert site.client.put(f"/api/v1/requests/{session_id}/reminder", json={"at": at.isoformat()}).status_code == 409


def test_a_pause_reaches_the_runner_at_once_and_a_resume_too(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    assert site.client.post(f"/api/v1/sessions/{session_id}/pause").status_code == 409
    site.answer(session_id)
    assert site.client.post(f"/api/v1/sessions/{session_id}/pause").json["paused"] is True
    assert site.grants().grants[session_id].paused
    assert site.client.post(f"/api/v1/sessions/{session_id}/resume").json["paused"] is False
    assert not site.grants().grants[session_id].paused
    assert {"training.paused", "training.resumed"} <= set(site.audit_actions())


def test_the_caps_are_kept_audited_and_told_to_the_runner(site: TestSite) -> None:
    wanted = {"threads": 1, "memory_mib": 1024, "hours": {"begin": "22:00", "end": "05:00"}}
    assert site.client.put("/api/v1/resources", json=wanted).json["chosen"] == wanted
    assert site.grants().resources.model_dump(mode="json") == wanted
    assert "resources.changed" in site.audit_actions()


@pytest.mark.parametrize(
    "wanted", [{"threads": 1025}, {"threads": 900}, {"memory_mib": 10}, {"hours": {"begin": "25:00", "end": "05:00"}}]
)
def test_caps_beyond_this_computer_are_refused(site: TestSite, wanted: Json) -> None:
    before = site.client.get("/api/v1/resources").json
    assert site.client.put("/api/v1/resources", json=wanted).json["code"] == "input.invalid"
    assert site.client.get("/api/v1/resources").json == before


def test_the_receipt_in_the_audit_names_where_an_update_went(site: TestSite) -> None:
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    sent = {"bytes": 10, "tensors": 1, "shapes": {"w": [2]}, "sha256": "0" * 64, "norm": 1.0, "num_examples": 1}
    event = RunnerEvent.model_validate(
        {"seq": 1, "at": datetime.now(UTC), "session_id": session_id, "round": 1, "phase": "sent", "sent": sent}
    )
    site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
    site.paths.progress.write_text(event.model_dump_json() + "\n")
    site.daemon.services.participation.ingest()
    row = site.daemon.services.records.audit_rows(after=0, limit=100)[-1]
    assert row.action == "update.sent"
    assert row.details["destination"] == "Test laboratory (127.0.0.1:1)"


@pytest.mark.parametrize("language", ["en", "de"])
def test_the_audit_is_handed_over_as_a_printed_document(site: TestSite, language: str) -> None:
    make_rule(site, name="Nächte “Łódź” – 夜")
    answer = site.client.get(f"/api/v1/audit/export?format=pdf&language={language}&area=rule")
    assert answer.status_code == 200
    assert answer.mimetype == "application/pdf"
    assert answer.data.startswith(b"%PDF-")
    assert answer.data.rstrip().endswith(b"%%EOF")
