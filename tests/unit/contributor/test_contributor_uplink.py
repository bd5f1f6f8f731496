"""Promises about the line to the orchestrator: it comes back, loses nothing, and knows when it is over."""

import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest

from contributor.certificates import SiteCertificates
from contributor.connecting import ProxyInTheWay
from contributor.paths import SitePaths
from contributor.peer_client import PeerClient
from contributor.preflight.words import line as line_of
from fl_core.errors import StorageFailed
from fl_core.protocol import peer_api
from fl_core.protocol.messages import InvitationDocument, SessionNews, SiteProgress
from fl_core.storage.site_connection import ConnectionState
from fl_core.storage.site_outbox import OutboxStore
from fl_core.trust.authority import SITE_LIFE, Authority
from fl_core.trust.identity import fingerprint, load_certificate
from fl_core.trust.invitation import encode_file, encode_text, new_token
from fl_core.web.problems import problem
from tests.support.contributor import (
    FakeOrchestrator,
    TestSite,
    client_of,
    composed,
    enrol_offline,
    enrolled_site,
    make_offer,
    wait_for,
)


@pytest.fixture
def line(tmp_path: Path) -> Iterator[tuple[TestSite, FakeOrchestrator]]:
    other: list[FakeOrchestrator] = []
    with enrolled_site(tmp_path, site_client=lambda *_: other[0].client()) as site:
        other.append(FakeOrchestrator(site.authority))
        yield site, other[0]


def invitation_of(authority: Authority) -> InvitationDocument:
    return InvitationDocument(
        orchestrator="Test laboratory",
        address="127.0.0.1:1",
        ca_pem=authority.ca_pem,
        token=new_token(),
        expires_at=datetime.now(UTC) + timedelta(days=1),
    )


def _state(site: TestSite) -> Callable[[str], Callable[[], bool]]:
    return lambda state: lambda: site.client.get("/api/v1/enrolment").json["state"] == state


def test_a_connection_says_hello_and_tells_the_counts_at_once(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    site.add_studies(1)
    site.daemon.uplink.start()
    assert other.wait_told(peer_api.SUMMARY)[-1]["studies_usable"] == 1
    wait_for(_state(site)("connected"))
    site.add_studies(1, first_seed=4)
    assert other.wait_told(peer_api.SUMMARY, 2)[-1]["studies_usable"] == 2


def test_an_offer_arrives_and_the_signed_answer_goes_back(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    site.add_studies(1)
    site.daemon.uplink.start()
    other.add_event("offer", site.signed(make_offer()).model_dump(mode="json"))
    wait_for(lambda: bool(site.client.get("/api/v1/requests").json["items"]))
    site.answer(make_offer().session_id)
    [document] = other.wait_told(peer_api.CONSENTS)
    assert document["kind"] == "consent"
    wait_for(lambda: OutboxStore(site.daemon.database).waiting() == [])


def test_a_letter_waits_while_nobody_answers_and_goes_later(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    other.refuse("internal")
    site.add_studies(1)
    site.daemon.uplink.start()
    site.answer(site.receive())
    wait_for(lambda: len(other.told) > 1)
    assert site.client.get("/api/v1/enrolment").json["state"] == "reconnecting"
    assert len(OutboxStore(site.daemon.database).waiting()) == 1
    other.refuse(None)
    other.wait_told(peer_api.CONSENTS)


def test_a_letter_that_is_refused_is_told(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    site.add_studies(1)
    session_id = site.receive()
    site.daemon.uplink.start()
    wait_for(_state(site)("connected"))
    route = other._route

    def refusing(path: str, request: httpx.Request) -> httpx.Response:
        if path == peer_api.CONSENTS:
            return httpx.Response(409, json=problem("consent.expired", "as the test wants it", "0"))
        return route(path, request)

    other._route = refusing  # type: ignore[method-assign]
    site.answer(session_id)
    wait_for(lambda: "letter.refused" in site.audit_actions())
    line_told = site.client.get("/api/v1/activity").json["items"][0]
    assert line_told["values"]["code"] == "consent.expired"
    assert "Cardiac SPECT" in line_told["text"]


def test_letters_to_a_laboratory_end_with_the_relation(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, _ = line
    site.add_studies(1)
    site.answer(site.receive())
    outbox = OutboxStore(site.daemon.database)
    assert len(outbox.waiting()) == 1
    _left(site)
    assert outbox.waiting() == []


def test_a_forged_offer_does_not_block_the_events_after_it(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    other.add_event("offer", make_offer().model_dump(mode="json"))
    other.add_event("offer", {"payload": 7})
    other.add_event("offer", site.signed(make_offer()).model_dump(mode="json"))
    site.daemon.uplink.start()
    wait_for(lambda: len(site.client.get("/api/v1/requests").json["items"]) == 1)
    wait_for(lambda: site.daemon.services.connection.record.last_event == 3)
    assert site.audit_actions().count("request.refused") == 2


def test_events_that_were_handled_are_not_handled_again(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    other.add_event("session", SessionNews(session_id=session_id, state="running", round=1, rounds=3).model_dump())
    site.daemon.uplink.start()
    wait_for(lambda: site.daemon.services.connection.record.last_event == 1)
    site.daemon.uplink.stop()
    before = len(site.told("session"))
    site.daemon.uplink.start()
    other.wait_told(peer_api.HELLO, 2)
    wait_for(_state(site)("connected"))
    assert len(site.told("session")) == before
    assert site.client.get(f"/api/v1/sessions/{session_id}").json["state"] == "running"


def test_a_revoked_site_stops_and_says_so(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    site.add_studies(1)
    session_id = site.receive()
    site.answer(session_id)
    site.daemon.uplink.start()
    wait_for(_state(site)("connected"))
    other.refuse("trust.revoked")
    wait_for(_state(site)("revoked"))
    wait_for(lambda: site.grants().grants == {})
    assert all(child.state == "stopped" for child in site.daemon.children.statuses())
    assert "connection.revoked" in site.audit_actions()


def test_a_revocation_that_was_a_mistake_ends_by_itself(
    line: tuple[TestSite, FakeOrchestrator], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, other = line
    started: list[str] = []
    monkeypatch.setattr("contributor.uplink.REVOKED_DELAY_S", 0.1)
    monkeypatch.setattr(site.daemon.children, "start", lambda record: started.append(record.state))
    other.refuse("trust.revoked")
    site.daemon.uplink.start()
    wait_for(_state(site)("revoked"))
    other.refuse(None)
    wait_for(_state(site)("connected"))
    wait_for(lambda: started == ["connected"])


def test_an_unknown_certificate_is_tried_a_few_times_before_it_is_final(
    line: tuple[TestSite, FakeOrchestrator],
) -> None:
    site, other = line
    other.refuse("trust.unknown_certificate")
    site.daemon.uplink.start()
    other.wait_told(peer_api.HELLO, 2)
    other.refuse(None)
    wait_for(_state(site)("connected"))


def test_another_major_version_is_named(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    other.refuse("protocol.mismatch")
    site.daemon.uplink.start()
    wait_for(_state(site)("protocol_mismatch"))
    view = site.client.get("/api/v1/system").json["connection"]
    assert (view["code"], bool(view["detail"])) == ("protocol.mismatch", True)
    line_of_it = next(
        one for one in site.client.get("/api/v1/activity").json["items"] if one["key"] == "connection.protocol_mismatch"
    )
    assert line_of_it["values"] == {"detail": view["detail"], "code": "protocol.mismatch"}


def test_progress_is_coalesced_to_the_newest(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    site.daemon.uplink.start()
    wait_for(_state(site)("connected"))
    for step in range(100):
        site.daemon.uplink.forward(SiteProgress(session_id="s", round=1, phase="training", fraction=step / 100))
    wait_for(lambda: bool(other._told(peer_api.PROGRESS)) and other._told(peer_api.PROGRESS)[-1]["fraction"] == 0.99)
    assert len(other._told(peer_api.PROGRESS)) < 10


def test_a_certificate_that_ends_soon_is_renewed_for_the_same_key(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    enrol_offline(site.daemon, site.paths, site.authority, issued_at=datetime.now(UTC) - SITE_LIFE + timedelta(days=10))
    before = load_certificate(site.paths.certificate.read_bytes())
    site.daemon.uplink.start()
    other.wait_told(peer_api.RENEWALS)
    wait_for(lambda: load_certificate(site.paths.certificate.read_bytes()).serial_number != before.serial_number)
    after = load_certificate(site.paths.certificate.read_bytes())
    assert fingerprint(after) == fingerprint(before)
    wait_for(
        lambda: (
            site.daemon.services.connection.record.certificate_expires_at == after.not_valid_after_utc
            and site.daemon.services.connection.record.state == "connected"
        )
    )


def test_enrolment_makes_the_key_here_and_waits_for_a_person(tmp_path: Path) -> None:

    authority = Authority.create(tmp_path / "laboratory", "Test laboratory", "127.0.0.1")
    other = FakeOrchestrator(authority)
    with composed(tmp_path / "site", site_client=other.client, enrol_client=other.client) as daemon:
        started: list[str] = []
        daemon.children.start = lambda record: started.append(record.site_id or "")  # type: ignore[method-assign]
        invitation = invitation_of(authority)
        client: Any = client_of(daemon)
        body = {"invitation": encode_text(invitation), "site_name": "North"}
        preview = client.post("/api/v1/enrolment/preview", json={"invitation": body["invitation"]}).json
        assert preview["orchestrator"] == "Test laboratory"
        assert other.told == []
        view = client.post("/api/v1/enrolment", json=body).json
        assert view["state"] == "pending"
        assert view["ca_fingerprint"] == preview["ca_fingerprint"]
        paths = SitePaths(tmp_path / "site")
        assert paths.key.stat().st_mode & 0o777 == 0o600
        assert "PRIVATE" not in str(other.told)
        assert client.post("/api/v1/enrolment", json=body).json["code"] == "enrolment.exists"
        other.decide("approved")
        wait_for(lambda: client.get("/api/v1/enrolment").json["state"] == "connected")
        wait_for(lambda: started == [other.site_id])  # right after it is told
        assert client.get("/api/v1/enrolment").json["certificate_expires_at"]
        assert client.delete("/api/v1/enrolment").json["state"] == "not_enrolled"
        assert not paths.key.exists()
        assert client.delete("/api/v1/enrolment").json["code"] == "enrolment.none"


def test_a_proxy_that_goes_away_while_a_site_waits_for_its_approval_is_named(tmp_path: Path) -> None:
    authority = Authority.create(tmp_path / "laboratory", "Test laboratory", "127.0.0.1")
    other, ways = FakeOrchestrator(authority), [True]

    def client_to(*_: object) -> PeerClient:
        if not ways[0]:
            raise ProxyInTheWay(line_of("proxy.unreachable", proxy="http://proxy.example:3128"))
        return other.client()

    with composed(tmp_path / "site", site_client=client_to, enrol_client=client_to) as daemon:
        invitation = invitation_of(authority)
        client: Any = client_of(daemon)
        client.post("/api/v1/enrolment", json={"invitation": encode_file(invitation), "site_name": "North"})
        ways[0] = False
        wait_for(lambda: (client.get("/api/v1/enrolment").json["finding"] or {}).get("code") == "proxy.unreachable")
        view = client.get("/api/v1/enrolment").json
        assert (view["state"], view["detail"]) == ("pending", "The proxy http://proxy.example:3128 does not answer.")
        ways[0] = True
        wait_for(lambda: client.get("/api/v1/enrolment").json["finding"] is None)


def _left(site: TestSite) -> tuple[str | None, bool]:
    """Leave; return what is said about it, and what the audit says of the orchestrator's knowing."""
    view = site.client.delete("/api/v1/enrolment").json
    assert view["state"] == "not_enrolled"
    assert not site.paths.key.exists()
    row = site.daemon.services.records.audit_rows(after=0, limit=1000)[-1]
    assert row.action == "enrolment.left"
    return view["finding"] and view["finding"]["code"], bool(row.details["told"])


def test_a_site_that_leaves_tells_the_orchestrator_before_its_key_goes(
    line: tuple[TestSite, FakeOrchestrator],
) -> None:
    site, other = line
    site.daemon.uplink.start()
    wait_for(lambda: _state(site)("connected")())
    had_key: list[bool] = []
    ask = other.answer

    def answer(request: httpx.Request) -> httpx.Response:
        had_key.append(site.paths.key.exists())
        return ask(request)

    other.answer = answer  # type: ignore[method-assign]
    assert _left(site) == ("leave.told", True)
    assert len(other.wait_told(peer_api.LEAVE)) == 1
    assert had_key[-1]
    assert site.client.get("/api/v1/activity").json["items"][0]["values"]["context"] == "told"


def test_a_leave_that_was_cut_off_is_asked_again_and_a_refusal_confirms_it(
    line: tuple[TestSite, FakeOrchestrator],
) -> None:
    site, other = line
    asked: list[str] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        if len(asked) == 1:
            message = "the connection was cut"
            raise httpx.RemoteProtocolError(message)
        return httpx.Response(403, json=problem("trust.unknown_certificate", "not approved", "0"))

    other.answer = answer  # type: ignore[method-assign]
    assert _left(site) == ("leave.told", True)
    assert asked == [peer_api.LEAVE] * 2


@pytest.mark.parametrize("code", ["trust.suspended", "not_found", "peer.unreachable"])
def test_a_site_leaves_although_the_orchestrator_cannot_be_told_and_says_so(
    line: tuple[TestSite, FakeOrchestrator], code: str
) -> None:
    site, other = line
    other.refuse(code)
    assert _left(site) == ("leave.not_told", False)
    words = site.client.get("/api/v1/activity").json["items"][0]["text"]
    assert words.endswith("This site has left, but Test laboratory could not be told.")


def test_a_site_that_was_revoked_has_nobody_to_tell(line: tuple[TestSite, FakeOrchestrator]) -> None:
    site, other = line
    site.daemon.services.connection.move("revoked")
    assert _left(site) == (None, False)
    assert other.told == []


@pytest.mark.parametrize(
    ("code", "status", "state"),
    [("peer.unreachable", 429, "pending"), ("input.invalid", 422, "pending"), ("trust.refused", 403, "refused")],
)
def test_only_an_answer_about_the_enrolment_ends_the_waiting_for_it(
    tmp_path: Path, code: str, status: int, state: str
) -> None:
    authority = Authority.create(tmp_path / "laboratory", "Test laboratory", "127.0.0.1")
    other = FakeOrchestrator(authority)
    answer = other.answer
    other.answer = lambda request: (  # type: ignore[method-assign]
        httpx.Response(status, json=problem(code, "not now", "0")) if request.method == "GET" else answer(request)
    )
    with composed(tmp_path / "site", site_client=other.client, enrol_client=other.client) as daemon:
        invitation = invitation_of(authority)
        client: Any = client_of(daemon)
        client.post("/api/v1/enrolment", json={"invitation": encode_file(invitation), "site_name": "North"})
        wait_for(lambda: client.get("/api/v1/enrolment").json["code"] == code)
        assert client.get("/api/v1/enrolment").json["state"] == state
        client.delete("/api/v1/enrolment")


def test_why_an_enrolment_was_refused_keeps_its_code_over_the_end_of_the_program(tmp_path: Path) -> None:
    with composed(tmp_path / "site") as daemon:
        daemon.services.connection.move("refused", "not now", code="trust.refused")
    with composed(tmp_path / "site") as daemon:
        view = client_of(daemon).get("/api/v1/enrolment").json
        assert view is not None
        assert (view["state"], view["detail"], view["code"]) == ("refused", "not now", "trust.refused")
        daemon.services.connection.move("reconnecting")
    with composed(tmp_path / "site") as daemon:
        assert daemon.services.connection.view().code == ""


def test_a_refused_enrolment_says_so_and_can_be_begun_anew(tmp_path: Path) -> None:

    authority = Authority.create(tmp_path / "laboratory", "Test laboratory", "127.0.0.1")
    other = FakeOrchestrator(authority)
    with composed(tmp_path / "site", site_client=other.client, enrol_client=other.client) as daemon:
        invitation = invitation_of(authority)
        client: Any = client_of(daemon)
        body = {"invitation": encode_file(invitation), "site_name": "North"}
        client.post("/api/v1/enrolment", json=body)
        other.decide("refused")
        wait_for(lambda: client.get("/api/v1/enrolment").json["state"] == "refused")
        other.decide("pending")
        assert client.post("/api/v1/enrolment", json=body).json["state"] == "pending"
        client.delete("/api/v1/enrolment")


def test_telling_the_pages_and_changing_the_state_never_wait_for_each_other(tmp_path: Path) -> None:
    with enrolled_site(tmp_path) as site:
        connection, done = site.daemon.services.connection, threading.Event()

        def change() -> None:
            for step in range(60):
                connection.move("connected" if step % 2 else "reconnecting", str(step))
            done.set()

        def publish() -> None:
            while not done.is_set():
                site.daemon.services.system.publish()

        both = [threading.Thread(target=target, daemon=True) for target in (publish, change)]
        for one in both:
            one.start()
        assert done.wait(20), "the two wait for each other"
        for one in both:
            one.join(20)  # not to read a database that is gone


def test_a_leave_whose_end_cannot_be_written_leaves_the_relation_whole_and_can_be_asked_for_again(
    line: tuple[TestSite, FakeOrchestrator], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = line

    def full(*_: object, **__: object) -> None:
        message = "disk full"
        raise StorageFailed(message, code="storage.disk_full")

    with monkeypatch.context() as patch:
        patch.setattr(OutboxStore, "clear", full)
        assert site.client.delete("/api/v1/enrolment").json["code"] == "storage.disk_full"
    assert SiteCertificates(site.paths).is_whole()
    assert site.client.get("/api/v1/enrolment").json["state"] != "not_enrolled"
    assert _left(site) == ("leave.told", True)


def test_a_leave_that_is_killed_before_the_key_is_gone_is_finished_at_the_next_start(
    line: tuple[TestSite, FakeOrchestrator], monkeypatch: pytest.MonkeyPatch
) -> None:
    site, _ = line

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(SiteCertificates, "remove", killed)
        site.daemon.services.enrolment.leave()
    with composed(site.paths.home) as again:
        again.start()
        assert again.services.enrolment.connection().state == "not_enrolled"
    assert not any(path.exists() for path in (site.paths.key, site.paths.flower_key, site.paths.certificate))


@pytest.mark.parametrize("gone", ["key", "certificate"])
@pytest.mark.parametrize("state", ["connected", "suspended"])
def test_a_site_whose_key_or_certificate_is_gone_starts_as_one_that_is_not_enrolled(
    line: tuple[TestSite, FakeOrchestrator], gone: str, state: ConnectionState
) -> None:
    site, _ = line
    site.daemon.services.connection.move(state)
    getattr(site.paths, gone).unlink()
    with composed(site.paths.home) as again:
        again.start()
        assert again.services.enrolment.connection().state == "not_enrolled"
        row = again.services.records.audit_rows(after=0, limit=1000)[-1]
        assert (row.action, row.actor) == ("enrolment.left", "system")
    assert not site.paths.key.exists()
