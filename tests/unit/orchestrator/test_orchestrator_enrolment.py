"""Invitations, approval, renewal, revocation, and what the trusted sites say."""

import json
import threading
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.version import PROTOCOL
from fl_core.trust.identity import generate_key, make_csr
from orchestrator.services.inboxes import KEPT
from tests.support.orchestrator import Lab, SiteActor, picture_of
from tests.support.postgres import everything_in

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def _request(lab: Lab, token: str, **changes: object) -> TestResponse:
    body = {
        "token": token,
        "csr_pem": make_csr(generate_key(), "x"),
        "site_name": "X",
        "protocol": "1.0",
        "software": "t",
        **changes,
    }
    return lab.gateway_call("POST", "/enrol/v1/requests", body)


def _code(answer: TestResponse) -> tuple[int, str]:
    assert answer.json is not None, answer.text
    return answer.status_code, str(answer.json["code"])


def test_an_invitation_works_once(lab: Lab) -> None:
    token = lab.invitation_token()
    assert _request(lab, token).status_code == 201
    assert _code(_request(lab, token)) == (410, "invitation.used")
    assert [row["state"] for row in lab.items("/invitations")] == ["used"]
    assert len(lab.items("/sites")) == 1


def test_an_invitation_comes_with_the_picture_of_its_code(lab: Lab) -> None:
    issued = lab.ok("POST", "/invitations", {})
    size, path = picture_of(issued["code"])
    assert issued["qr"] == {"size": size, "path": path}


def test_an_expired_a_withdrawn_and_an_invented_invitation_are_refused(lab: Lab) -> None:
    expired, withdrawn = lab.invitation_token(), lab.invitation_token()
    newest = lab.items("/invitations")[0]["id"]
    assert lab.ok("DELETE", f"/invitations/{newest}")["state"] == "withdrawn"
    assert lab.call("DELETE", f"/invitations/{newest}").status_code == 409
    assert _code(_request(lab, withdrawn)) == (403, "invitation.unknown")
    assert _code(_request(lab, "x" * 40)) == (403, "invitation.unknown")
    later = lab.core.desk.now() + timedelta(days=31)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    assert _code(_request(lab, expired)) == (410, "invitation.expired")
    assert lab.items("/sites") == []


def test_the_secret_of_an_invitation_is_stored_nowhere(lab: Lab) -> None:
    token = lab.invitation_token()
    raw = everything_in(lab.database)
    assert token not in raw
    assert token not in json.dumps(lab.items("/audit"))


def test_a_request_that_is_no_signing_request_does_not_use_the_invitation_up(lab: Lab) -> None:
    token = lab.invitation_token()
    assert _code(_request(lab, token, csr_pem="nonsense"))[0] == 422
    assert _code(_request(lab, token, protocol="2.0")) == (409, "protocol.mismatch")
    assert _request(lab, token).status_code == 201


def test_the_manager_must_name_the_fingerprint_she_compared(lab: Lab) -> None:
    site = SiteActor(lab)
    receipt = site.enrol()
    wrong = lab.call("POST", f"/sites/{site.site_id}/approve", {"fingerprint": "0000-0000-0000-0000"})
    assert _code(wrong) == (409, "trust.fingerprint_mismatch")
    assert lab.items("/sites")[0]["state"] == "pending"
    lab.ok("POST", f"/sites/{site.site_id}/approve", {"fingerprint": receipt.fingerprint})
    again = lab.call("POST", f"/sites/{site.site_id}/approve", {"fingerprint": receipt.fingerprint})
    assert _code(again) == (409, "lifecycle.illegal_transition")


def test_approval_writes_the_gateways_list_registers_the_node_and_wakes_the_waiting_site(lab: Lab) -> None:
    site = SiteActor(lab)
    receipt = site.enrol()
    answers: list[TestResponse] = []
    path = f"/enrol/v1/requests/{receipt.enrolment_id}?wait_s=10"
    waiting = threading.Thread(target=lambda: answers.append(lab.gateway_call("GET", path, bearer=receipt.poll_secret)))
    waiting.start()
    begun = time.monotonic()
    lab.ok("POST", f"/sites/{site.site_id}/approve", {"fingerprint": receipt.fingerprint})
    waiting.join(8)
    assert time.monotonic() - begun < 5
    assert answers[0].json is not None
    assert answers[0].json["state"] == "approved"
    trusted = json.loads((lab.home / "trust" / "trusted.json").read_text())
    assert list(trusted["sites"].values()) == [site.site_id]
    assert lab.gateway.reloads == 1
    assert len(lab.engine.nodes) == 1


def test_only_the_holder_of_the_secret_learns_of_an_enrolment(lab: Lab) -> None:
    receipt = SiteActor(lab).enrol()
    answer = lab.gateway_call("GET", f"/enrol/v1/requests/{receipt.enrolment_id}", bearer="guess")
    assert _code(answer) == (403, "trust.refused")


def test_a_site_whose_receipt_was_lost_gets_it_again_with_the_same_invitation_and_key(lab: Lab) -> None:
    site, token = SiteActor(lab), lab.invitation_token()
    lost, receipt = site.enrol(token), site.enrol(token)
    assert [row["state"] for row in lab.items("/sites")] == ["pending"]
    lab.ok("POST", f"/sites/{site.site_id}/approve", {"fingerprint": receipt.fingerprint})
    path = f"/enrol/v1/requests/{receipt.enrolment_id}"
    assert (lab.gateway_call("GET", path, bearer=receipt.poll_secret).json or {})["state"] == "approved"
    assert _code(lab.gateway_call("GET", path, bearer=lost.poll_secret)) == (403, "trust.refused")


def test_an_invitation_that_was_used_gives_no_receipt_to_another_key_nor_after_the_decision(lab: Lab) -> None:
    site, token = SiteActor(lab), lab.invitation_token()
    receipt = site.enrol(token)
    other = SiteActor(lab, "Other")
    other.enrol()
    for csr in (other.csr, make_csr(generate_key(), "x")):
        assert _code(_request(lab, token, csr_pem=csr)) == (410, "invitation.used")
    lab.ok("POST", f"/sites/{site.site_id}/approve", {"fingerprint": receipt.fingerprint})
    assert _code(_request(lab, token, csr_pem=site.csr)) == (410, "invitation.used")
    path = f"/enrol/v1/requests/{receipt.enrolment_id}"
    assert (lab.gateway_call("GET", path, bearer=receipt.poll_secret).json or {})["state"] == "approved"


def test_a_refused_site_learns_it_and_stays_out(lab: Lab) -> None:
    site = SiteActor(lab)
    receipt = site.enrol()
    lab.ok("POST", f"/sites/{site.site_id}/refuse")
    answer = lab.gateway_call("GET", f"/enrol/v1/requests/{receipt.enrolment_id}", bearer=receipt.poll_secret)
    assert answer.json is not None
    assert answer.json["state"] == "refused"
    assert lab.engine.nodes == {}


def test_a_revoked_site_is_out_everywhere_at_once(lab: Lab) -> None:
    site, other = lab.site("A"), lab.site("B")
    session_id = lab.running(site, other)
    lab.ok("POST", f"/sites/{site.site_id}/revoke")
    trusted = json.loads((lab.home / "trust" / "trusted.json").read_text())
    assert list(trusted["sites"].values()) == [other.site_id]
    assert len(lab.engine.nodes) == 1
    assert _code(site.call("GET", "/peer/v1/events")) == (403, "trust.revoked")
    states = {part["site_id"]: part["state"] for part in lab.session(session_id)["participations"]}
    assert states == {site.site_id: "withdrawn", other.site_id: "training"}
    control = json.loads((lab.home / "sessions" / session_id / "control.json").read_text())
    assert control["withdrawn"] == [site.site_id]


def test_a_site_that_leaves_is_out_everywhere_by_its_own_wish(lab: Lab) -> None:
    site, other = lab.site("A"), lab.site("B")
    session_id = lab.running(site, other)
    reloads = lab.gateway.reloads
    assert site.call("POST", "/peer/v1/leave").status_code == 204
    assert lab.gateway.reloads == reloads + 1
    trusted = json.loads((lab.home / "trust" / "trusted.json").read_text())
    assert list(trusted["sites"].values()) == [other.site_id]
    assert len(lab.engine.nodes) == 1
    row = lab.ok("GET", f"/sites/{site.site_id}")
    assert (row["state"], row["online"]) == ("left", False)
    assert _code(site.call("POST", "/peer/v1/leave")) == (403, "trust.revoked")
    states = {part["site_id"]: part["state"] for part in lab.session(session_id)["participations"]}
    assert states == {site.site_id: "withdrawn", other.site_id: "training"}
    control = json.loads((lab.home / "sessions" / session_id / "control.json").read_text())
    assert control["withdrawn"] == [site.site_id]
    told = next(one for one in lab.items("/activity") if one["key"] == "site.left")
    assert (told["text"], told["actor"]) == ("A has left the federation.", f"site:{site.site_id}")
    noted = next(one for one in lab.items("/audit") if one["action"] == "site.left")
    assert (noted["actor"], noted["subject"]) == (f"site:{site.site_id}", site.site_id)
    assert lab.ok("GET", f"/sites/{site.site_id}/diagnosis")["checks"][0]["code"] == "left"
    assert lab.call("POST", f"/sites/{site.site_id}/readmit").status_code == 409
    lab.core.enrolment.see_off(site.site_id)  # what is cut off between answer and farewell is done again at any time
    assert len(lab.engine.nodes) == 1


def test_another_certificate_cannot_speak_for_a_site(lab: Lab) -> None:
    site, other = lab.site("A"), lab.site("B")
    answer = lab.gateway_call("GET", "/peer/v1/events", site=site.site_id, fingerprint=other.fingerprint)
    assert _code(answer) == (403, "trust.unknown_certificate")


def test_renewal_is_for_the_same_key_only(lab: Lab) -> None:
    site = lab.site()
    answer = site.call("POST", "/peer/v1/renewals", {"csr_pem": site.csr})
    assert answer.json is not None
    assert answer.json["certificate_pem"].startswith("-----BEGIN CERTIFICATE")
    assert _code(site.call("POST", "/peer/v1/renewals", {"csr_pem": make_csr(generate_key(), "x")}))[0] == 403


def test_versions_that_do_not_match_are_named(lab: Lab) -> None:
    site = lab.site()
    assert site.hello().status_code == 200
    body = {"protocol": "2.1", "software": "t", "bundle_sha256": bundle_sha256()}
    answer = site.call("POST", "/peer/v1/hello", body)
    assert _code(answer) == (409, "protocol.mismatch")
    assert "2.1" in answer.text
    assert str(PROTOCOL) in answer.text
    other = site.call("POST", "/peer/v1/hello", {**body, "protocol": "1.0", "bundle_sha256": "0" * 64})
    assert _code(other) == (409, "protocol.mismatch")


def test_a_site_is_seen_online_while_it_asks_for_events_and_its_counts_appear_at_once(lab: Lab) -> None:
    site = lab.site()
    site.events()
    assert lab.items("/sites")[0]["online"] is True
    summary = {"studies_usable": 5, "studies_total": 6, "with_reference": 5, "patients": 4}
    assert site.call("POST", "/peer/v1/summary", summary).status_code == 204
    told = [delta.data for delta in lab.deltas if delta.type == "site"]
    assert isinstance(told[-1], dict)
    assert (told[-1]["new_studies"], told[-1]["data"]["studies_usable"]) == (5, 5)


def test_a_held_request_for_events_wakes_when_something_comes(lab: Lab) -> None:
    site = lab.site()
    answers: list[TestResponse] = []
    waiting = threading.Thread(target=lambda: answers.append(site.call("GET", "/peer/v1/events?after=0&wait_s=10")))
    waiting.start()
    begun = time.monotonic()
    lab.offer(site)
    waiting.join(8)
    assert time.monotonic() - begun < 5
    assert answers[0].json is not None
    assert answers[0].json["events"][0]["type"] == "offer"


def test_handled_events_stay_for_a_site_that_is_brought_back_from_a_backup(lab: Lab) -> None:
    site = lab.site()
    lab.offer(site)
    first = site.events()
    assert site.events(after=first[-1]["seq"]) == []
    assert site.events() == first
    later = lab.core.desk.now() + KEPT
    object.__setattr__(lab.core.desk, "now", lambda: later)
    assert site.events() == first  # not handled: it stays however old it is
    assert site.events(after=first[-1]["seq"]) == []
    assert site.events() == []


def test_a_site_gets_only_models_of_its_own_sessions(lab: Lab) -> None:
    site, other = lab.site("A"), lab.site("B")
    session_id = lab.offer(site)
    sha256 = lab.ok("GET", f"/models/{lab.session(session_id)['initial_model_id']}")["sha256"]
    assert site.call("GET", f"/peer/v1/models/{sha256}/weights").status_code == 200
    assert other.call("GET", f"/peer/v1/models/{sha256}/weights").status_code == 404
    assert site.call("GET", f"/peer/v1/models/{'0' * 64}/weights").status_code == 404


def test_progress_is_shown_for_participants_only(lab: Lab) -> None:
    site, stranger = lab.site("A"), lab.site("B")
    session_id = lab.running(site)
    body = {"session_id": session_id, "round": 1, "phase": "training", "fraction": 0.5, "loss": 0.1}
    assert site.call("POST", "/peer/v1/progress", body).status_code == 204
    assert stranger.call("POST", "/peer/v1/progress", body).status_code == 204
    parts = lab.session(session_id)["participations"]
    assert [part["progress"]["fraction"] for part in parts] == [0.5]
