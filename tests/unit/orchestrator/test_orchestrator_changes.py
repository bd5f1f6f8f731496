"""Promises about changing a session: nothing is trained without a signature for it, and a kill loses no wish."""

import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fl_core.protocol.messages import SessionOffer, SignedDocument, Withdrawal
from fl_core.protocol.plan import SessionControl
from fl_core.protocol.signing import sha256_of, verify
from fl_core.storage import lab_amendments
from tests.support.orchestrator import Lab, SiteActor

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    one = Lab(tmp_path)
    yield one
    one.close()


def terms(site: SiteActor, session_id: str) -> SessionOffer:
    return SessionOffer.model_validate_json(site.offer(session_id).payload)


def part(lab: Lab, session_id: str, site: SiteActor) -> dict[str, Any]:
    rows = lab.session(session_id)["participations"]
    return next(row for row in rows if row["site_id"] == site.site_id)


def problem(answer: Any) -> tuple[int, str]:
    return answer.status_code, answer.json["code"]


def test_aborting_sends_every_site_a_signed_withdrawal_and_ends_the_session(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.offer(first, second)
    first.answer(session_id)
    view = lab.ok("POST", f"/sessions/{session_id}/abort")
    assert (view["state"], view["can_resume"], view["can_start"]) == ("aborted", False, False)
    ca_pem = (lab.home / "trust" / "ca.pem").read_text()
    for site in (first, second):
        [event] = [one for one in site.events() if one["type"] == "withdrawal"]
        document = SignedDocument.model_validate(event["payload"])
        withdrawal = verify(document, ca_pem, Withdrawal, "orchestrator", site_id=site.site_id)
        assert withdrawal.session_id == session_id
    assert problem(second.answer(session_id)) == (409, "consent.expired")


def test_a_running_session_is_stopped_and_not_aborted(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    assert problem(lab.call("POST", f"/sessions/{session_id}/abort")) == (409, "lifecycle.illegal_transition")
    assert lab.session(session_id)["can_abort"] is False


def test_further_rounds_need_a_further_signature_and_the_old_one_stays_in_force(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=2)
    view = lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 5})
    assert view["rounds_planned"] == 5
    assert terms(site, session_id).rounds == 5
    lab.core.runs.tick()
    assert [(one.site_id, one.rounds) for one in lab.plan(session_id).sites] == [(site.site_id, 2)]
    assert lab.plan(session_id).rounds == 5
    assert (part(lab, session_id, site)["rounds_agreed"], part(lab, session_id, site)["further"]) == (2, "open")

    assert site.answer(session_id).status_code == 204
    lab.core.runs.tick()
    assert [one.rounds for one in lab.plan(session_id).sites] == [5]
    assert (part(lab, session_id, site)["rounds_agreed"], part(lab, session_id, site)["further"]) == (5, None)
    with lab.database.read() as connection:
        kept = {row.answer for row in lab_amendments.of_session(connection, session_id)}
    assert kept == {"agreed", "past"}


def test_a_site_that_declines_further_rounds_keeps_its_agreement(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=2)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 3})
    assert site.answer(session_id, "decline").status_code == 204
    view = part(lab, session_id, site)
    assert (view["state"], view["rounds_agreed"], view["further"]) == ("training", 2, "declined")
    assert site.answer(session_id).status_code == 204  # it may think again
    assert part(lab, session_id, site)["rounds_agreed"] == 3


def test_a_consent_to_an_offer_that_was_replaced_is_refused(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=2)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 3})
    document = site.consent(session_id)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 4})
    answer = site.call("POST", "/peer/v1/consents", document.model_dump(mode="json"))
    assert problem(answer) == (403, "trust.signature_invalid")


def test_a_run_that_ends_before_the_further_rounds_are_signed_waits_and_goes_on_by_itself(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second, rounds=1, quorum=1)
    lab.report(session_id, "started", number=0)
    lab.close_round(session_id, 1, first.site_id, second.site_id)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 3})
    lab.report(session_id, "paused", number=1, code="session.awaits_consent")
    assert (lab.session(session_id)["state"], lab.session(session_id)["can_resume"]) == ("paused", False)
    lab.core.runs.tick()
    first.answer(session_id)
    assert lab.session(session_id)["state"] == "paused", "the other site may still answer"
    assert lab.session(session_id)["can_resume"] is True
    second.answer(session_id, "decline")
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert {one.site_id: one.rounds for one in lab.plan(session_id).sites} == {first.site_id: 3, second.site_id: 1}


def test_a_run_that_completed_just_before_the_extension_goes_on(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=1)
    lab.report(session_id, "started", number=0)
    lab.close_round(session_id, 1, site.site_id)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 2})
    lab.report(session_id, "completed")
    assert lab.session(session_id)["reason"] == "session.awaits_consent"
    site.answer(session_id)
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"


def test_a_completed_session_is_opened_again_by_an_extension(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=1)
    lab.report(session_id, "started", number=0)
    lab.close_round(session_id, 1, site.site_id)
    lab.report(session_id, "completed")
    assert lab.session(session_id)["can_extend"] is True
    assert lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 2})["state"] == "paused"
    site.answer(session_id)
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert len(lab.engine.started) == 2


def test_wishes_of_a_run_that_cannot_be_read_are_written_anew(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    path = lab.home / "sessions" / session_id / "control.json"
    path.write_text('{"wish_of_another_version": null}')
    lab.core.wishes.settle(session_id)
    assert lab.control(session_id) == SessionControl()


def test_longer_rounds_are_offered_to_be_signed_and_shorter_ones_are_not(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=2, round_deadline_s=60)
    asked = sum(event["type"] == "offer" for event in site.events())
    lab.ok("POST", f"/sessions/{session_id}/extend", {"round_deadline_s": 600})
    lab.core.runs.tick()
    assert lab.plan(session_id).round_deadline_s == 600
    assert terms(site, session_id).round_deadline_s == 600
    view = part(lab, session_id, site)
    assert (view["state"], view["rounds_agreed"], view["further"]) == ("training", 2, "open")
    assert site.answer(session_id).status_code == 204
    assert part(lab, session_id, site)["further"] is None
    lab.ok("POST", f"/sessions/{session_id}/extend", {"round_deadline_s": 30})
    lab.ok("POST", f"/sessions/{session_id}/extend", {"round_deadline_s": 600})
    assert sum(event["type"] == "offer" for event in site.events()) == asked + 1, "it has signed for as long before"


def test_more_time_to_answer_renews_the_offer_of_who_has_not_answered(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.offer(first, second, answer_hours=1)
    first.answer(session_id)
    before = terms(second, session_id)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"answer_hours": 100})
    assert terms(second, session_id).answer_by > before.answer_by + timedelta(days=3)
    assert terms(first, session_id).answer_by == before.answer_by
    assert second.answer(session_id).status_code == 204


@pytest.mark.parametrize("wish", [{"rounds": 1}, {}, {"rounds": 0}, {"answer_hours": 0}])
def test_an_extension_that_extends_nothing_is_refused(lab: Lab, wish: dict[str, object]) -> None:
    session_id = lab.running(lab.site(), rounds=2)
    assert problem(lab.call("POST", f"/sessions/{session_id}/extend", wish)) == (422, "input.invalid")
    assert lab.session(session_id)["rounds_planned"] == 2


def test_a_further_site_trains_once_it_has_signed(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first)
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id]})
    lab.core.runs.tick()
    assert [one.site_id for one in lab.plan(session_id).sites] == [first.site_id]
    assert terms(second, session_id).sites_invited == 2
    assert second.answer(session_id).status_code == 204
    lab.core.runs.tick()
    assert {one.site_id for one in lab.plan(session_id).sites} == {first.site_id, second.site_id}
    assert part(lab, session_id, second)["state"] == "training"


def test_a_site_that_is_left_out_is_not_planned_and_can_come_back_without_a_new_signature(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    lab.ok("POST", f"/sessions/{session_id}/sites", {"leave_out": [second.site_id]})
    lab.core.runs.tick()
    assert [one.site_id for one in lab.plan(session_id).sites] == [first.site_id]
    assert (part(lab, session_id, second)["state"], part(lab, session_id, second)["left_out"]) == ("finished", True)
    offers = len(second.events())
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id]})
    lab.core.runs.tick()
    assert len(lab.plan(session_id).sites) == 2
    assert all(event["type"] != "offer" for event in second.events()[offers:])


def test_a_site_that_withdrew_is_asked_again_and_taken_back(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    second.withdraw(session_id)
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id]})
    assert second.answer(session_id).status_code == 204
    assert lab.control(session_id).withdrawn == ()
    lab.core.runs.tick()
    assert len(lab.plan(session_id).sites) == 2


def stopped(lab: Lab, session_id: str) -> None:
    lab.ok("POST", f"/sessions/{session_id}/stop")
    lab.report(session_id, "stopped")


def failed(lab: Lab, session_id: str) -> None:
    lab.report(session_id, "failed", code="federation.quorum_missed")


@pytest.mark.parametrize("ended", [stopped, failed])
def test_a_site_that_is_asked_in_a_session_that_has_ended_can_answer_and_it_goes_on(
    lab: Lab, ended: Callable[[Lab, str], None]
) -> None:
    first, second, third = lab.site("A"), lab.site("B"), lab.site("C")
    session_id = lab.running(first, third)
    lab.report(session_id, "started", number=0)
    ended(lab, session_id)
    third.withdraw(session_id)
    view = lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id, third.site_id]})
    assert (view["state"], view["reason"]) == ("paused", "session.awaits_consent")
    for site in (first, second, third):
        news = [event["payload"]["state"] for event in site.events() if event["type"] == "session"]
        assert news[-1] == "paused"
    for site in (second, third):
        assert site.answer(session_id).status_code == 204
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert len(lab.plan(session_id).sites) == 3


def test_a_session_that_has_ended_stays_so_when_nobody_is_asked(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    stopped(lab, session_id)
    assert lab.ok("POST", f"/sessions/{session_id}/sites", {"leave_out": [second.site_id]})["state"] == "stopped"
    assert lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id]})["state"] == "stopped"


def test_who_has_not_answered_can_still_when_a_stopped_session_gets_longer_rounds(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.offer(first, second)
    first.answer(session_id)
    lab.ok("POST", f"/sessions/{session_id}/start")
    lab.core.runs.tick()
    lab.report(session_id, "started", number=0)
    stopped(lab, session_id)
    assert lab.ok("POST", f"/sessions/{session_id}/extend", {"round_deadline_s": 7200})["state"] == "paused"
    assert second.answer(session_id).status_code == 204


def test_a_laboratory_that_missed_a_withdrawal_takes_the_agreement_that_followed_it(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.offer(site)
    older = site.consent(session_id)
    site.answer(session_id)
    lab.core.runs.tick()
    [before] = _documents(lab, session_id, site)
    newer = site.consent(session_id, study_count=5)
    for _ in range(2):  # a letter may come twice
        assert site.call("POST", "/peer/v1/consents", newer.model_dump(mode="json")).status_code == 204
    assert part(lab, session_id, site)["state"] == "training"
    present, past = _documents(lab, session_id, site)
    assert (present["consent"], past) == (newer.model_dump(mode="json"), before)
    lab.core.runs.tick()
    assert lab.plan(session_id).sites[0].studies == 5
    refused = site.call("POST", "/peer/v1/consents", older.model_dump(mode="json"))
    assert (refused.status_code, part(lab, session_id, site)["consent"]["study_count"]) == (409, 5)


@pytest.mark.parametrize("is_asked_anew", [True, False])
def test_what_a_site_signed_before_it_agreed_again_is_kept_whole_beside_the_offer_that_it_was_about(
    lab: Lab, is_asked_anew: bool
) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    second.withdraw(session_id)
    before = _documents(lab, session_id, second)
    if is_asked_anew:
        lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id]})
        asked = {"offer": second.offer(session_id).model_dump(mode="json"), "consent": None, "withdrawal": None}
        assert [_unnamed(pair) for pair in _documents(lab, session_id, second)] == [asked, _unnamed(before[0])]
    for path, name in (("consents", "consent"), ("withdrawals", "withdrawal")):  # its letters came twice
        assert second.call("POST", f"/peer/v1/{path}", before[0][name]).status_code == 204
    assert second.answer(session_id).status_code == 204
    present, past = _documents(lab, session_id, second)
    assert past == before[0]
    assert present["withdrawal"] is None
    for pair in (present, past):
        signed = json.loads(pair["consent"]["payload"])
        assert signed["offer_sha256"] == sha256_of(pair["offer"]["payload"])
    assert second.call("POST", "/peer/v1/withdrawals", past["withdrawal"]).status_code == 204
    assert part(lab, session_id, second)["state"] == "agreed"


def _documents(lab: Lab, session_id: str, site: SiteActor) -> list[dict[str, Any]]:
    found = lab.ok("GET", f"/sessions/{session_id}/export")["documents"]
    return [pair for pair in found if pair["site_id"] == site.site_id]


def _unnamed(pair: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in pair.items() if name != "site_id"}


def test_leaving_out_more_than_the_quorum_allows_is_refused(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second, quorum=2)
    answer = lab.call("POST", f"/sessions/{session_id}/sites", {"leave_out": [second.site_id]})
    assert problem(answer) == (409, "session.too_few_sites")
    assert part(lab, session_id, second)["left_out"] is False


def test_a_left_out_site_is_not_trained_either_while_the_one_in_its_place_has_not_answered(lab: Lab) -> None:
    first, second, third = lab.site("A"), lab.site("B"), lab.site("C")
    session_id = lab.running(first, second, quorum=2)
    lab.report(session_id, "started", number=0)
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [third.site_id], "leave_out": [second.site_id]})
    lab.core.runs.tick()
    assert [one.site_id for one in lab.plan(session_id).sites] == [first.site_id]
    assert (part(lab, session_id, second)["state"], lab.control(session_id).awaits_answers) == ("finished", True)
    lab.report(session_id, "paused", number=0, code="session.awaits_consent")
    assert third.answer(session_id).status_code == 204
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert {one.site_id for one in lab.plan(session_id).sites} == {first.site_id, third.site_id}
    assert lab.control(session_id).awaits_answers is False


def test_nobody_is_waited_for_who_may_not_answer_any_more(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first)
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 5, "answer_hours": 100})
    lab.core.runs.tick()
    assert lab.control(session_id).awaits_answers is False, "who trains already makes no round larger by an answer"
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id], "answer_hours": 1})
    lab.core.runs.tick()
    assert lab.control(session_id).awaits_answers is True
    later = lab.core.desk.now() + timedelta(hours=2)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    lab.core.runs.tick()
    assert lab.control(session_id).awaits_answers is False


def test_a_site_that_has_just_agreed_is_waited_for_until_it_is_in_the_plan(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first)
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id]})
    lab.core.runs.tick()
    second.answer(session_id)
    assert lab.control(session_id).awaits_answers is True
    lab.core.runs.tick()
    lab.core.runs.tick()
    assert (len(lab.plan(session_id).sites), lab.control(session_id).awaits_answers) == (2, False)


def test_a_site_whose_agreement_is_over_is_asked_again_and_named(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.offer(first, second, quorum=2)
    later = lab.core.desk.now() + timedelta(days=1, hours=1)  # a `SiteActor` agrees for a day
    document = second.consent(session_id, valid_until=later + timedelta(days=1))
    second.call("POST", "/peer/v1/consents", document.model_dump(mode="json"))
    first.answer(session_id)
    lab.core.runs.tick()
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "paused", number=0)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    assert problem(lab.call("POST", f"/sessions/{session_id}/resume")) == (409, "session.not_ready")
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [first.site_id, second.site_id]})
    assert part(lab, session_id, first)["further"] == "open"
    [told] = [line["text"] for line in lab.items("/activity?limit=50") if line["text"].startswith("Sites changed")]
    assert told == "Sites changed, asked: A; taking part as agreed before: B."
    document = first.consent(session_id, valid_until=later + timedelta(days=1))
    assert first.call("POST", "/peer/v1/consents", document.model_dump(mode="json")).status_code == 204
    assert lab.ok("POST", f"/sessions/{session_id}/resume")["state"] == "starting"


def test_more_sites_than_the_limit_allows_are_not_asked(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first)
    lab.ok("PUT", "/settings/limits", {**lab.ok("GET", "/settings/limits"), "most_sites": 1})
    answer = lab.call("POST", f"/sessions/{session_id}/sites", {"add": [second.site_id]})
    assert problem(answer) == (409, "session.too_many_sites")
    assert [event["type"] for event in second.events()].count("offer") == 0


def test_an_unknown_or_untrusted_site_is_not_asked(lab: Lab) -> None:
    session_id = lab.running(lab.site("A"))
    pending = SiteActor(lab, "B")
    pending.enrol()
    for site_id in (pending.site_id, "site-unknown"):
        answer = lab.call("POST", f"/sessions/{session_id}/sites", {"add": [site_id]})
        assert problem(answer) == (409, "session.site_not_trusted")
    assert len(lab.session(session_id)["participations"]) == 1


def test_a_planned_start_waits_for_its_time_and_then_takes_who_agreed(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    now = lab.core.desk.now()
    session_id = lab.offer(first, second, start_at=(now + timedelta(hours=2)).isoformat())
    first.answer(session_id)
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "offered"
    object.__setattr__(lab.core.desk, "now", lambda: now + timedelta(hours=3))
    lab.core.runs.tick()
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert [one.site_id for one in lab.plan(session_id).sites] == [first.site_id]


def test_the_plan_says_with_how_many_studies_each_site_agreed_to_train(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site, rounds=2)
    assert [one.studies for one in lab.plan(session_id).sites] == [3]
    lab.ok("POST", f"/sessions/{session_id}/extend", {"rounds": 5})
    assert [one.studies for one in lab.plan(session_id).sites] == [3]
    document = site.consent(session_id, study_count=8)
    assert site.call("POST", "/peer/v1/consents", document.model_dump(mode="json")).status_code == 204
    lab.core.runs.tick()
    assert [one.studies for one in lab.plan(session_id).sites] == [8]


def test_the_bound_on_updates_and_the_seed_are_in_the_plan(lab: Lab) -> None:
    session_id = lab.running(lab.site(), max_update_norm=12.5, seed=7)
    plan = lab.plan(session_id)
    assert (plan.max_update_norm, plan.seed) == (12.5, 7)
    assert lab.session(session_id)["max_update_norm"] == 12.5


def test_a_bound_that_nobody_chose_is_left_to_follow_the_model(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    assert lab.plan(session_id).max_update_norm is None
    assert lab.session(session_id)["max_update_norm"] is None
