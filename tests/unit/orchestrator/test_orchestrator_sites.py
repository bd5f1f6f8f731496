"""Suspension, return and renewal of sites; when they were there."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest
from sqlalchemy import delete

from fl_core.flower.rounds import choose_sites
from fl_core.protocol.messages import Json
from fl_core.storage import lab_presence, lab_sites
from fl_core.storage.lab_presence import Stay, shares
from fl_core.storage.lab_tables import inbox
from fl_core.trust.trusted import read_trusted
from tests.support.orchestrator import Lab

pytestmark = pytest.mark.usefixtures("each_database")

NOW = datetime(2026, 1, 2, 12, tzinfo=UTC)
HOUR = timedelta(hours=1)


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def _trusted(lab: Lab) -> tuple[set[str], set[str]]:
    listed = read_trusted(lab.home / "trust" / "trusted.json")
    return set(listed.sites.values()), set(listed.suspended)


def test_a_suspended_site_is_refused_by_name_and_comes_back_with_certificate_and_node(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    nodes, reloads = dict(lab.engine.nodes), lab.gateway.reloads
    assert lab.ok("POST", f"/sites/{site.site_id}/suspend")["state"] == "suspended"
    assert lab.gateway.reloads == reloads + 1
    assert _trusted(lab) == ({other.site_id}, {site.fingerprint})
    refused = site.hello()
    assert (refused.status_code, (refused.json or {})["code"]) == (403, "trust.suspended")
    assert lab.engine.nodes == nodes
    assert lab.call("POST", f"/sites/{site.site_id}/suspend").status_code == 409
    assert lab.call("POST", "/sessions", _session(site.site_id)).status_code == 409
    assert lab.ok("POST", f"/sites/{site.site_id}/readmit")["state"] == "trusted"
    assert _trusted(lab) == ({site.site_id, other.site_id}, set())
    assert site.hello().status_code == 200
    assert lab.engine.nodes == nodes
    assert {"site.suspended", "site.readmitted"} <= {row["action"] for row in lab.items("/audit")}


def test_a_site_that_was_revoked_or_left_is_told_so_at_the_gate_until_its_key_is_enrolled_again(lab: Lab) -> None:
    revoked, left, _ = lab.site("A"), lab.site("B"), lab.site("C")
    lab.ok("POST", f"/sites/{revoked.site_id}/revoke", {"reason": "keys were copied"})
    assert left.call("POST", "/peer/v1/leave").status_code == 204

    def told() -> list[str]:
        listed = read_trusted(lab.home / "trust" / "trusted.json")
        return [listed.why_refused(site.fingerprint) for site in (revoked, left)]

    assert told() == ["trust.revoked", "trust.revoked"]
    receipt = left.enrol()
    again = next(row["id"] for row in lab.items("/sites") if row["state"] == "pending")
    lab.ok("POST", f"/sites/{again}/approve", {"fingerprint": receipt.fingerprint})
    assert again in _trusted(lab)[0]
    assert told() == ["trust.revoked", "trust.unknown_certificate"]  # the second is not asked why: it is let in


def test_a_suspended_site_can_be_revoked_and_not_taken_back_after_it(lab: Lab) -> None:
    site = lab.site()
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    assert lab.ok("POST", f"/sites/{site.site_id}/revoke")["state"] == "revoked"
    assert _trusted(lab) == (set(), set())
    assert lab.call("POST", f"/sites/{site.site_id}/readmit").status_code == 409
    lab.core.trust_list.settle_nodes()
    assert lab.engine.nodes == {}


def test_a_running_session_leaves_a_suspended_site_out_and_asks_it_again_when_it_is_back(lab: Lab) -> None:
    site, other, left = lab.site("North"), lab.site("East"), lab.site("West")
    session_id = lab.running(site, other, left)
    left.withdraw(session_id)
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    assert lab.control(session_id).withdrawn == (left.site_id,)
    assert lab.control(session_id).suspended == (site.site_id,)  # named for what it is in the round's record
    parts = {part["site_id"]: part["state"] for part in lab.session(session_id)["participations"]}
    assert parts[site.site_id] == "training"  # its consent stays
    lab.ok("POST", f"/sites/{left.site_id}/suspend")
    lab.ok("POST", f"/sites/{left.site_id}/readmit")
    lab.ok("POST", f"/sites/{site.site_id}/readmit")
    assert lab.control(session_id).withdrawn == (left.site_id,)  # who withdrew stays out
    assert lab.control(session_id).suspended == ()


@pytest.mark.parametrize("by_itself", [True, False])
def test_a_session_waits_for_a_suspended_site_where_its_quorum_needs_it(lab: Lab, by_itself: bool) -> None:
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.offer(site, other, quorum=2, start_when_ready=by_itself)
    assert site.answer(session_id).status_code == 204
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    assert other.answer(session_id).status_code == 204
    lab.core.runs.tick()
    view = lab.session(session_id)
    assert (view["state"], view["can_start"]) == ("offered", False)
    assert view["reason"] == ("session.not_ready" if by_itself else "")
    refused = lab.call("POST", f"/sessions/{session_id}/start")
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "session.not_ready")
    lab.deltas.clear()
    lab.ok("POST", f"/sites/{site.site_id}/readmit")
    told = [cast("Json", delta.data)["can_start"] for delta in lab.deltas if delta.type == "session"]
    assert told[-1] is True
    if not by_itself:
        lab.ok("POST", f"/sessions/{session_id}/start")
    lab.core.runs.tick()
    lab.core.runs.tick()
    view = lab.session(session_id)
    assert (view["state"], {part["state"] for part in view["participations"]}) == ("running", {"training"})


def test_a_paused_session_goes_on_only_with_its_quorum_of_trusted_sites(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.running(site, other, quorum=2)
    _pause(lab, session_id)
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    assert lab.session(session_id)["can_resume"] is False
    refused = lab.call("POST", f"/sessions/{session_id}/resume")
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "session.not_ready")
    assert lab.session(session_id)["state"] == "paused"


def test_a_site_that_came_back_while_the_session_was_paused_is_asked_when_it_goes_on(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.running(site, other, quorum=2)
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    _pause(lab, session_id)
    lab.ok("POST", f"/sites/{site.site_id}/readmit")
    assert _asked_when_it_goes_on(lab, session_id) == {site.site_id, other.site_id}


def test_a_site_that_agreed_again_when_the_daemon_was_killed_is_asked_when_the_session_goes_on(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.running(site, other)
    site.withdraw(session_id)
    _pause(lab, session_id)
    lab.ok("POST", f"/sessions/{session_id}/sites", {"add": [site.site_id]})
    object.__setattr__(lab.core.consents, "_on_changed", lambda session_id: None)  # killed before it
    assert site.answer(session_id).status_code == 204
    assert _asked_when_it_goes_on(lab, session_id) == {site.site_id, other.site_id}


def test_a_site_that_is_still_suspended_is_not_asked_when_the_session_goes_on(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.running(site, other)
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    _pause(lab, session_id)
    assert _asked_when_it_goes_on(lab, session_id) == {other.site_id}


def _pause(lab: Lab, session_id: str) -> None:
    lab.ok("POST", f"/sessions/{session_id}/pause")
    lab.report(session_id, "paused")
    assert lab.session(session_id)["state"] == "paused"


def _asked_when_it_goes_on(lab: Lab, session_id: str) -> set[str]:
    lab.ok("POST", f"/sessions/{session_id}/resume")
    lab.core.runs.tick()
    return set(choose_sites(lab.plan(session_id), lab.control(session_id), 1))


def test_a_suspended_site_reads_the_models_of_its_sessions_when_it_is_back(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.running(site, other)
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    lab.close_round(session_id, 1, other.site_id)
    lab.ok("POST", f"/sites/{site.site_id}/readmit")
    assert [event["payload"]["round"] for event in site.events() if event["type"] == "model"] == [1]


def test_a_site_is_asked_to_renew_its_certificate_if_its_program_can(lab: Lab) -> None:
    site = lab.site()
    lab.ok("POST", f"/sites/{site.site_id}/renew")
    assert [event["type"] for event in site.events()] == ["renew"]
    with lab.database.begin() as tx:
        from fl_core.storage.lab_sites import update_site

        update_site(tx, site.site_id, {"protocol": "1.0"})
    refused = lab.call("POST", f"/sites/{site.site_id}/renew")
    assert (refused.status_code, (refused.json or {})["code"]) == (409, "site.cannot_renew")
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    assert lab.call("POST", f"/sites/{site.site_id}/renew").status_code == 409


def test_presence_is_kept_as_intervals_that_join_over_a_short_gap(lab: Lab) -> None:
    site = lab.site()
    for minutes in (0, 1, 2, 10, 11):
        with lab.database.begin() as tx:
            lab_presence.note(tx, [site.site_id], NOW + timedelta(minutes=minutes))
    with lab.database.read() as connection:
        found = lab_presence.stays(connection, NOW - HOUR)
        assert lab_presence.stays(connection, NOW + timedelta(minutes=5)) == found[1:]
    assert [(stay.since - NOW, stay.until - NOW) for stay in found] == [
        (timedelta(0), timedelta(minutes=2)),
        (timedelta(minutes=10), timedelta(minutes=11)),
    ]
    with lab.database.begin() as tx:
        assert lab_presence.prune(tx, NOW + timedelta(minutes=5)) == 1


def test_the_share_of_each_part_of_the_time_is_what_the_intervals_cover() -> None:
    stays = [
        Stay("s", NOW - 9 * HOUR, NOW - 3.5 * HOUR),  # begins before
        Stay("s", NOW - 2.25 * HOUR, NOW - 1.75 * HOUR),  # over a border
        Stay("s", NOW - 0.5 * HOUR, NOW),
    ]
    assert shares(stays, since=NOW - 4 * HOUR, until=NOW, parts=4) == [0.5, 0.25, 0.25, 0.5]
    assert shares([], since=NOW - HOUR, until=NOW, parts=3) == [0, 0, 0]


def test_the_page_reads_presence_of_sites_that_were_once_trusted(lab: Lab) -> None:
    site = lab.site()
    site.hello()
    lab.core.tell_presence()
    later = lab.core.desk.now() + timedelta(minutes=30)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    with lab.database.begin() as tx:
        lab_presence.note(tx, [site.site_id], later - timedelta(minutes=15))
        lab_presence.note(tx, [site.site_id], later - timedelta(minutes=14))
    view = lab.ok("GET", "/sites/presence?hours=1&parts=60")
    assert [item["site_id"] for item in view["items"]] == [site.site_id]
    covered = [index for index, share in enumerate(view["items"][0]["shares"]) if share > 0]
    assert 45 in covered
    assert lab.call("GET", "/sites/presence?hours=0").status_code == 422


def test_a_diagnosis_names_the_step_that_is_broken(lab: Lab) -> None:
    site = lab.site()
    node = next(iter(lab.engine.nodes.values()))

    def levels() -> dict[str, tuple[str, str]]:
        checks = lab.ok("GET", f"/sites/{site.site_id}/diagnosis")["checks"]
        return {check["step"]: (check["level"], check["code"]) for check in checks}

    assert levels() == {
        "trust": ("good", "good"),
        "gateway": ("bad", "never_seen"),
        "peer_api": ("bad", "never_seen"),
        "flower": ("good", "good"),
    }
    site.hello()
    lab.gateway.open = {site.site_id: lab.core.desk.now()}
    lab.engine.node_status = {node: "offline"}
    assert levels()["gateway"] == levels()["peer_api"] == ("good", "good")
    assert levels()["flower"] == ("warning", "node_offline")
    lab.gateway.is_down = True
    assert levels()["gateway"] == ("warning", "unknown")
    lab.engine.nodes = {}
    assert levels()["flower"] == ("bad", "not_registered")
    later = lab.core.desk.now() + timedelta(days=91)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    assert levels()["trust"] == ("bad", "certificate_ended")
    lab.ok("POST", f"/sites/{site.site_id}/suspend")
    assert levels() == {"trust": ("warning", "suspended")}
    assert lab.call("GET", "/sites/none/diagnosis").status_code == 404


def test_the_history_counts_rounds_and_bytes_of_each_session(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    session_id = lab.running(site, other)
    lab.close_round(session_id, 1, site.site_id, other.site_id)
    lab.close_round(session_id, 2, site.site_id, missing={other.site_id: "federation.late"})
    history = lab.ok("GET", f"/sites/{site.site_id}/history")
    assert (history["rounds"], history["bytes"]) == (2, 48)
    [item] = history["items"]
    assert (item["title"], item["rounds"], item["bytes"], item["examples"]) == ("Heart", 2, 48, 3)
    assert lab.ok("GET", f"/sites/{other.site_id}/history")["rounds"] == 1


def test_a_site_may_tell_how_its_studies_are_spread_and_an_older_one_does_not(lab: Lab) -> None:
    site = lab.site()
    body: dict[str, object] = {"studies_usable": 5, "studies_total": 5, "with_reference": 5, "patients": 5}
    assert site.call("POST", "/peer/v1/summary", body).status_code == 204
    assert lab.ok("GET", f"/sites/{site.site_id}")["data"]["distributions"] is None
    spread = {"kinds": {"SPECT study": 5}, "cameras": {"60 views": 3, "other": 2}, "counts": {"316228": 5}, "warned": 1}
    assert site.call("POST", "/peer/v1/summary", {**body, "distributions": spread}).status_code == 204
    assert lab.ok("GET", f"/sites/{site.site_id}")["data"]["distributions"] == spread
    assert site.call("POST", "/peer/v1/summary", body).status_code == 204  # permitted no more: what was known goes
    assert lab.ok("GET", f"/sites/{site.site_id}")["data"]["distributions"] is None


def _session(site_id: str) -> dict[str, object]:
    strategy = {"name": "fedavg", "parameters": {}}
    return {
        "title": "Heart", "task": "brain-segmentation", "site_ids": [site_id], "strategy": strategy, "rounds": 1,
        "quorum": 1,
    }  # fmt: skip


def test_a_site_hears_what_is_new_after_the_records_were_brought_back_from_a_backup(lab: Lab) -> None:
    site = lab.site()
    with lab.database.read() as connection:
        kept = lab_sites.site_by_id(connection, site.site_id).inbox_seq
    for _ in range(3):
        lab.ok("POST", f"/sites/{site.site_id}/renew")
    handled = [event["seq"] for event in site.events()]
    assert handled == sorted(set(handled))
    with lab.database.begin() as tx:
        lab_sites.update_site(tx, site.site_id, {"inbox_seq": kept})
        tx.connection.execute(delete(inbox))
    later = lab.core.desk.now() + timedelta(minutes=1)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    for number in (1, 2):
        lab.ok("POST", f"/sites/{site.site_id}/renew")
        assert len(site.events(after=handled[-1])) == number
