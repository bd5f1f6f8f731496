"""Sessions from the offer to the last round, and every way out."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from fl_core.errors import CATALOGUE
from orchestrator.services.engine import RunStatus
from tests.support.orchestrator import Lab, read_offer, received_update

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def test_an_agreed_session_starts_by_itself_trains_and_leaves_a_model_with_lineage_per_round(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second, quorum=2)
    plan = lab.plan(session_id)
    assert {site.site_id for site in plan.sites} == {first.site_id, second.site_id}
    assert set(plan.offer_sha256) == {first.site_id, second.site_id}
    lab.report(session_id, "started", number=0)
    for number in (1, 2):
        lab.report(session_id, "round_started", "pushed", number=number, detail="2 sites")
        assert lab.session(session_id)["phase"] == "train"
        lab.close_round(session_id, number, first.site_id, second.site_id)
    lab.report(session_id, "completed", number=2)
    view = lab.session(session_id)
    assert view["state"] == "completed"
    assert [part["state"] for part in view["participations"]] == ["finished", "finished"]
    assert [part["rounds_contributed"] for part in view["participations"]] == [2, 2]
    assert [found["state"] for found in view["rounds"]] == ["closed", "closed"]
    models = {model["id"]: model for model in lab.items("/models")}
    last = models[view["latest_model_id"]]
    assert (last["round"], last["origin"], last["metrics"]["score_dice"]) == (2, "round", 0.8)
    earlier = models[last["parents"][0]]
    assert earlier["round"] == 1
    assert earlier["parents"] == [view["initial_model_id"]]
    assert last["card"]["lineage"] == [earlier["sha256"]]
    news = [event["payload"] for event in first.events() if event["type"] == "model"]
    assert [(item["round"], item["final"]) for item in news] == [(1, False), (2, True)]
    weights = first.call("GET", f"/peer/v1/models/{last['sha256']}/weights")
    assert weights.status_code == 200
    assert len(weights.data) == last["size_bytes"]
    assert lab.ok("GET", "/audit/verify")["ok"] is True


def test_a_progress_line_counts_once_however_often_it_is_hinted(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started", "pushed", detail="1 sites")
    lab.close_round(session_id, 1, site.site_id)
    lab.hint(session_id)
    lab.close_round(session_id, 1, site.site_id)  # a repeated run writes it again
    view = lab.session(session_id)
    assert view["participations"][0]["rounds_contributed"] == 1
    assert len([model for model in lab.items("/models") if model["origin"] == "round"]) == 1


def test_the_log_says_so_when_a_site_reports_more_studies_than_it_agreed_to(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started", "pushed", detail="2 sites")
    for site, reported in ((first, None), (second, 100_000)):
        update = {**received_update(site.site_id).model_dump(), "reported_examples": reported}
        lab.report(session_id, "update_received", site_id=site.site_id, update=update)
    lines = [line["text"] for line in lab.session(session_id)["log"][-2:]]
    assert lines == [
        "Update of A received (3 studies, trained 0.5 s).",
        "Update of B received (3 studies, trained 0.5 s). It reported 100000 studies but agreed to train on 3; it counts as 3.",
    ]


def test_the_log_says_why_an_update_was_refused_and_what_to_do(lab: Lab) -> None:
    site = lab.site("A")
    session_id = lab.running(site)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started", "pushed", detail="1 sites")
    why = "the update is 8012 away from the sent model, 32 is allowed"
    code = "federation.update_too_large"
    lab.report(session_id, "update_rejected", site_id=site.site_id, code=code, detail=why)
    line = lab.session(session_id)["log"][-1]["text"]
    assert line == f"No update of A in round 1: {why}. {CATALOGUE[code].advice}"


def test_half_a_line_waits_for_its_end(lab: Lab) -> None:
    session_id = lab.running(lab.site(), rounds=1)
    path = lab.home / "sessions" / session_id / "progress.jsonl"
    lab.report(session_id, "started", number=1)
    whole = path.read_bytes()
    with path.open("ab") as stream:
        stream.write(whole.rstrip(b"\n").replace(b'"started"', b'"completed"')[:40])
    lab.hint(session_id)
    assert lab.session(session_id)["state"] == "running"
    with path.open("ab") as stream:
        stream.write(whole.rstrip(b"\n").replace(b'"started"', b'"completed"')[40:] + b"\n")
    lab.hint(session_id)
    assert lab.session(session_id)["state"] == "completed"


def test_a_session_with_fewer_sites_than_its_quorum_is_refused(lab: Lab) -> None:
    site = lab.site()
    body = {"title": "x", "task": "brain-segmentation", "site_ids": [site.site_id], "rounds": 1, "quorum": 2}
    answer = lab.call("POST", "/sessions", {**body, "strategy": {"name": "fedavg"}})
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "session.too_few_sites"


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"site_ids": ["site-unknown"]}, "session.site_not_trusted"),
        ({"task": "no-such-task"}, "task.unknown"),
        ({"strategy": {"name": "nothing"}}, "strategy.unknown"),
        ({"strategy": {"name": "fedprox", "parameters": {"proximal_mu": -1}}}, "input.invalid"),
        ({"task_parameters": {"local_epochs": 0}}, "input.invalid"),
        ({"model_id": "model-unknown"}, "not_found"),
        ({"rounds": 0}, "input.invalid"),
        ({"surprise": 1}, "input.invalid"),
    ],
)
def test_what_does_not_fit_is_refused_by_name_and_leaves_no_session(
    lab: Lab, changes: dict[str, object], code: str
) -> None:
    site = lab.site()
    body: dict[str, object] = {"title": "x", "task": "brain-segmentation", "site_ids": [site.site_id]}
    body |= {"rounds": 1, "quorum": 1, "strategy": {"name": "fedavg"}, **changes}
    answer = lab.call("POST", "/sessions", body)
    assert answer.json is not None
    assert answer.json["code"] == code
    assert lab.items("/sessions") == []
    assert [event for event in site.events() if event["type"] == "offer"] == []


def test_a_pending_site_cannot_be_chosen(lab: Lab) -> None:
    from tests.support.orchestrator import SiteActor

    pending = SiteActor(lab, "B")
    pending.enrol()
    body = {"title": "x", "task": "brain-segmentation", "site_ids": [pending.site_id], "rounds": 1, "quorum": 1}
    answer = lab.call("POST", "/sessions", {**body, "strategy": {"name": "fedavg"}})
    assert answer.json is not None
    assert answer.json["code"] == "session.site_not_trusted"


def test_the_offer_is_signed_by_the_orchestrator_and_names_the_site(lab: Lab) -> None:
    from fl_core.protocol.messages import SessionOffer
    from fl_core.protocol.signing import verify

    site = lab.site()
    session_id = lab.offer(site)
    ca_pem = (lab.home / "trust" / "ca.pem").read_text()
    offer = verify(site.offer(session_id), ca_pem, SessionOffer, "orchestrator", site_id=site.site_id)
    assert offer == read_offer(site.offer(session_id))
    assert offer.task_parameters["local_epochs"] == 4  # defaults are filled in


def test_aborting_twice_is_a_conflict_and_announces_nothing_more(lab: Lab) -> None:
    session_id = lab.offer(lab.site())
    lab.ok("POST", f"/sessions/{session_id}/abort")
    told = len(lab.deltas)
    answer = lab.call("POST", f"/sessions/{session_id}/abort")
    assert answer.status_code == 409
    assert answer.json is not None
    assert answer.json["code"] == "lifecycle.illegal_transition"
    assert len(lab.deltas) == told


def test_starting_without_the_quorum_is_refused(lab: Lab) -> None:
    session_id = lab.offer(lab.site("A"), lab.site("B"), quorum=1)
    answer = lab.call("POST", f"/sessions/{session_id}/start")
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (409, "session.not_ready")


def test_a_running_session_is_told_to_stop_and_ended_when_it_does_not(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    assert lab.ok("POST", f"/sessions/{session_id}/stop")["state"] == "stopping"
    control = json.loads((lab.home / "sessions" / session_id / "control.json").read_text())
    assert control["stop"] is True
    now = [0.0]
    lab.core.runs._clock = lambda: now[0]
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "stopping"
    now[0] = 4.0
    lab.core.runs.tick()
    assert lab.engine.stopped == ["1"]
    assert lab.session(session_id)["state"] == "stopped"


def test_a_stopped_session_goes_on_with_a_new_run_and_without_the_old_wish(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    lab.ok("POST", f"/sessions/{session_id}/stop")
    lab.report(session_id, "stopped")
    assert lab.session(session_id)["can_resume"] is True
    lab.ok("POST", f"/sessions/{session_id}/resume")
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert len(lab.engine.started) == 2
    assert json.loads((lab.home / "sessions" / session_id / "control.json").read_text())["stop"] is False


def test_a_lost_run_is_started_anew_in_the_same_session_at_once(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started")
    lab.close_round(session_id, 1, site.site_id)
    lab.engine.status["1"] = RunStatus("lost", "the agent was restarted")
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert len(lab.engine.started) == 2
    lab.report(session_id, "failed", run_id="1", code="compute.failed")  # a late word of the lost run
    assert lab.session(session_id)["state"] == "running"
    lab.report(session_id, "started", "round_started", number=2, run_id="2")
    lab.close_round(session_id, 2, site.site_id, run_id="2")
    lab.report(session_id, "completed", number=2, run_id="2")
    assert lab.session(session_id)["state"] == "completed"


def test_a_run_that_is_lost_again_and_again_fails_the_session(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    for _ in range(10):
        lab.engine.status = {key: RunStatus("lost", "gone") for key in lab.engine.status}
        lab.core.runs.tick()
    view = lab.session(session_id)
    assert (view["state"], view["reason"]) == ("failed", "federation.engine_lost")
    assert view["advice"]


def test_a_failure_that_only_the_engine_tells_fails_the_session_with_its_own_reason(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    lab.engine.status["1"] = RunStatus("failed", "storage.disk_full the round's model could not be kept: no space")
    lab.core.runs.tick()
    view = lab.session(session_id)
    assert (view["state"], view["reason"]) == ("failed", "storage.disk_full")
    assert len(lab.engine.started) == 1


def test_a_silent_run_is_given_up_and_started_anew(lab: Lab) -> None:
    session_id = lab.running(lab.site(), round_deadline_s=10)
    later = lab.core.desk.now() + timedelta(seconds=500)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    lab.core.runs.tick()
    assert lab.engine.stopped == ["1"]
    assert len(lab.engine.started) == 2
    assert lab.session(session_id)["state"] == "running"


def test_a_shorter_deadline_leaves_the_running_round_the_time_that_it_began_with(lab: Lab) -> None:
    session_id = lab.running(lab.site(), round_deadline_s=3600)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started", "pushed", detail="1 sites")
    lab.ok("POST", f"/sessions/{session_id}/extend", {"round_deadline_s": 60})
    now = lab.core.desk.now()
    object.__setattr__(lab.core.desk, "now", lambda: now + timedelta(seconds=3000))
    lab.core.runs.tick()
    assert lab.engine.stopped == []
    object.__setattr__(lab.core.desk, "now", lambda: now + timedelta(seconds=3800))
    lab.core.runs.tick()
    assert lab.engine.stopped == ["1"]


def test_a_second_stop_has_its_whole_grace_too(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    now = [0.0]
    lab.core.runs._clock = lambda: now[0]
    lab.ok("POST", f"/sessions/{session_id}/stop")
    lab.core.runs.tick()
    lab.report(session_id, "stopped")
    lab.ok("POST", f"/sessions/{session_id}/resume")
    lab.core.runs.tick()
    now[0] = 100.0
    lab.ok("POST", f"/sessions/{session_id}/stop")
    lab.core.runs.tick()
    assert (lab.engine.stopped, lab.session(session_id)["state"]) == ([], "stopping")


def test_a_round_that_is_closed_again_counts_once(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started")
    lab.close_round(session_id, 1, first.site_id, second.site_id)
    lab.engine.status["1"] = RunStatus("lost", "the folder was put back")
    lab.core.runs.tick()
    lab.report(session_id, "started", number=0, run_id="2")
    lab.report(session_id, "round_started", run_id="2")
    lab.close_round(session_id, 1, first.site_id, missing={second.site_id: "federation.late"}, run_id="2")
    counts = {part["site_id"]: part["rounds_contributed"] for part in lab.session(session_id)["participations"]}
    assert counts == {first.site_id: 1, second.site_id: 0}
    models = {model["id"]: model["round"] for model in lab.items("/models") if model["session_id"] == session_id}
    assert sorted(models.values(), key=str) == [1, None], "the round's former model stays in the list"
    assert models[lab.session(session_id)["rounds"][0]["model_id"]] == 1


def test_pause_waits_for_the_round_and_resume_goes_on(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    lab.report(session_id, "started", number=0)
    lab.ok("POST", f"/sessions/{session_id}/pause")
    assert json.loads((lab.home / "sessions" / session_id / "control.json").read_text())["pause_after_round"] is True
    lab.report(session_id, "paused")
    assert lab.session(session_id)["state"] == "paused"
    lab.ok("POST", f"/sessions/{session_id}/resume")
    assert json.loads((lab.home / "sessions" / session_id / "control.json").read_text())["pause_after_round"] is False


def test_combine_now_needs_the_quorum_and_names_the_round(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second, quorum=1)
    lab.report(session_id, "started", number=0)
    lab.report(session_id, "round_started", "pushed", detail="2 sites")
    answer = lab.call("POST", f"/sessions/{session_id}/combine-now")
    assert answer.json is not None
    assert answer.json["code"] == "federation.quorum_missed"
    lab.report(session_id, "update_received", site_id=first.site_id)
    assert lab.session(session_id)["can_combine_now"] is True
    lab.ok("POST", f"/sessions/{session_id}/combine-now")
    assert json.loads((lab.home / "sessions" / session_id / "control.json").read_text())["combine_now"] == 1


def test_a_withdrawal_takes_the_site_out_at_once(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    assert first.withdraw(session_id).status_code == 204
    control = json.loads((lab.home / "sessions" / session_id / "control.json").read_text())
    assert control["withdrawn"] == [first.site_id]
    states = {part["site_id"]: part["state"] for part in lab.session(session_id)["participations"]}
    assert states == {first.site_id: "withdrawn", second.site_id: "training"}


def test_a_refusal_that_was_signed_just_before_the_start_takes_the_site_out_of_the_round(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.running(first, second)
    refusal = first.consent(session_id, "decline").model_dump(mode="json")
    for _ in range(2):  # the letter comes twice
        assert first.call("POST", "/peer/v1/consents", refusal).status_code == 204
    control = json.loads((lab.home / "sessions" / session_id / "control.json").read_text())
    assert control["withdrawn"] == [first.site_id]
    part = next(one for one in lab.session(session_id)["participations"] if one["site_id"] == first.site_id)
    assert (part["state"], part["consent"]["decision"]) == ("withdrawn", "decline")
    documents = lab.ok("GET", f"/sessions/{session_id}/export")["documents"]
    assert [
        json.loads(one["consent"]["payload"])["decision"] for one in documents if one["site_id"] == first.site_id
    ] == [
        "decline",
        "agree",
    ]
    assert first.answer(session_id).status_code == 204  # it may think again
    lab.core.runs.tick()
    assert len(lab.plan(session_id).sites) == 2


@pytest.mark.parametrize("is_over", [True, False])
def test_a_refusal_that_comes_late_takes_the_agreement_back_all_the_same(lab: Lab, is_over: bool) -> None:
    site = lab.site()
    session_id = lab.running(site)
    if is_over:
        lab.report(session_id, "started", number=0)
        lab.close_round(session_id, 1, site.site_id)
        lab.report(session_id, "completed", number=2)
    later = lab.core.desk.now() + timedelta(days=4)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    assert site.answer(session_id, "decline").status_code == 204
    assert lab.session(session_id)["participations"][0]["state"] == "withdrawn"


def test_a_site_that_declines_while_its_run_is_being_started_is_not_in_its_first_round(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.offer(first, second)
    first.answer(session_id)
    second.answer(session_id)
    assert lab.session(session_id)["state"] == "starting"
    assert first.answer(session_id, "decline").status_code == 204
    control = json.loads((lab.home / "sessions" / session_id / "control.json").read_text())
    assert control["withdrawn"] == [first.site_id]


def test_a_consent_for_another_offer_or_by_another_site_is_refused(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.offer(first, second)
    wrong = first.consent(session_id, offer_sha256="0" * 64)
    foreign = second.consent(session_id)
    for document in (wrong, foreign):
        answer = first.call("POST", "/peer/v1/consents", document.model_dump(mode="json"))
        assert answer.json is not None
        assert (answer.status_code, answer.json["code"]) == (403, "trust.signature_invalid")
    assert all(part["state"] == "invited" for part in lab.session(session_id)["participations"])


def test_the_same_consent_twice_changes_nothing_and_one_after_the_end_is_refused(lab: Lab) -> None:
    first, second = lab.site("A"), lab.site("B")
    session_id = lab.offer(first, second)
    document = first.consent(session_id).model_dump(mode="json")
    assert first.call("POST", "/peer/v1/consents", document).status_code == 204
    told = len(lab.deltas)
    assert first.call("POST", "/peer/v1/consents", document).status_code == 204
    assert len(lab.deltas) == told
    lab.ok("POST", f"/sessions/{session_id}/abort")
    answer = second.answer(session_id)
    assert answer.json is not None
    assert (answer.status_code, answer.json["code"]) == (409, "consent.expired")


def test_a_session_in_which_too_few_agree_says_so_and_waits(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.offer(site)
    site.answer(session_id, "decline")
    view = lab.session(session_id)
    assert (view["state"], view["reason"], view["can_start"]) == ("offered", "session.not_ready", False)


def test_a_model_that_a_session_starts_from_is_not_deleted(lab: Lab) -> None:
    session_id = lab.offer(lab.site())
    model_id = lab.session(session_id)["initial_model_id"]
    answer = lab.call("DELETE", f"/models/{model_id}")
    assert answer.json is not None
    assert answer.json["code"] == "model.in_use"
    lab.ok("POST", f"/sessions/{session_id}/abort")
    lab.ok("DELETE", f"/models/{model_id}")
    assert lab.items("/models") == []
    assert lab.deltas[-1].type == "model_deleted"
