"""Promises about the hospital's notices: what becomes one, which way it takes, what is watched; and about the next start."""

import hashlib
import hmac
import json
import stat
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from contributor.schemas_settings import KINDS, MailSettings, NextStart, WebhookSettings
from contributor.services.notice_kinds import KIND_OF
from contributor.services.notice_words import GERMAN
from contributor.services.watch import LONG, SOON, Seen, judged
from contributor.settings import ContributorSettings
from fl_core.notices.words import in_german_too
from fl_core.protocol.messages import Json, ModelNews, SitePhase
from fl_core.protocol.plan import RunnerEvent
from fl_core.storage.journal import ActivityRow
from fl_core.storage.site_connection import ConnectionRecord
from tests.support.contributor import TestSite, enrolled_site, make_offer
from tests.support.proxy import running_proxy
from tests.support.sinks import HookSink, hook_sink, mail_sink

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)


@pytest.fixture
def site(tmp_path: Path) -> Iterator[TestSite]:
    with enrolled_site(tmp_path) as one:
        one.daemon.services.house.sender.collect()
        yield one


def set_notices(site: TestSite, **body: object) -> Json:
    answer = site.client.put("/api/v1/settings/notices", json=body)
    assert answer.status_code == 200, answer.json
    return dict(answer.json)


def sent(site: TestSite, sink: HookSink) -> list[dict[str, object]]:
    """Return what is posted because of everything that happened so far."""
    site.daemon.services.house.sender.collect()
    site.daemon.services.house.sender.deliver()
    posted, sink.posts = sink.contents(), []
    return posted


def test_a_new_request_is_posted_signed_and_names_the_site(site: TestSite) -> None:
    with hook_sink() as sink:
        set_notices(site, webhook={"enabled": True, "url": sink.url}, webhook_secret="a long secret")
        session_id = site.receive()
        site.daemon.services.house.sender.collect()
        site.daemon.services.house.sender.deliver()
        (headers, body), content = sink.posts[0], sink.contents()[0]
    assert (content["kind"], content["event"], content["site"]) == ("request", "request.received", "Test hospital")
    assert (content["subject"], "laboratory" in content) == (session_id, False)
    assert "Test laboratory asks to take part in “Cardiac SPECT”" in str(content["text"])
    expected = hmac.new(b"a long secret", headers["X-Flomir-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["X-Flomir-Signature"] == f"sha256={expected.hexdigest()}"
    assert stat.S_IMODE(site.paths.notice_secrets.stat().st_mode) == 0o600
    assert "a long secret" not in site.client.get("/api/v1/settings/notices").text


def test_training_models_and_failures_are_told_and_nothing_else_that_happens_here_is(site: TestSite) -> None:
    with hook_sink() as sink:
        set_notices(site, webhook={"enabled": True, "url": sink.url})
        site.add_studies(2)
        site.client.put("/api/v1/sharing", json={"distributions": True})
        assert sent(site, sink) == []
        session_id = site.receive()
        site.answer(session_id)
        for state in ("starting", "running", "completed"):
            site.daemon.services.participation.take_news(
                {"session_id": session_id, "state": state, "round": 1, "rounds": 3}
            )
        site.paths.progress.parent.mkdir(parents=True, exist_ok=True)
        failed = RunnerEvent(
            seq=1, at=datetime.now(UTC), session_id=session_id, round=1, phase=SitePhase.FAILED, code="compute.memory"
        )
        site.paths.progress.write_text(failed.model_dump_json() + "\n")
        site.daemon.services.participation.ingest()
        for number, final in ((1, False), (3, True)):
            news = ModelNews(
                session_id=session_id, round=number, rounds=3, model_id=f"model-{number}", name="Hearts", sha256="0" * 64,
                size_bytes=1, task="spect-reconstruction", metrics={}, final=final, card={},
            )  # fmt: skip
            site.daemon.services.models.receive(news.model_dump(mode="json"))
        events = [one["event"] for one in sent(site, sink)]
    told = ["request.received", "session.running", "session.completed", "round.failed", "model.final"]
    assert events == told


def test_a_reminder_that_is_due_is_told_and_kinds_that_were_not_chosen_are_not(site: TestSite) -> None:
    with hook_sink() as sink:
        set_notices(site, webhook={"enabled": True, "url": sink.url, "kinds": ["reminder", "import"]})
        session_id = site.receive(make_offer())
        reminders = site.daemon.services.reminders
        reminders.set(session_id, datetime.now(UTC) + timedelta(minutes=1))
        reminders._desk = replace(reminders._desk, now=lambda: datetime.now(UTC) + timedelta(hours=1))
        reminders.tell_due()
        site.daemon.services.connection.move("suspended")
        events = [one["event"] for one in sent(site, sink)]
    assert events == ["request.reminder"]


def test_every_kind_can_come_and_every_event_has_one() -> None:
    assert set(KIND_OF.values()) == set(KINDS)


def test_a_suspension_reaches_people_by_mail(site: TestSite) -> None:
    with mail_sink() as sink:
        mail = {
            "enabled": True, "host": "127.0.0.1", "port": sink.port, "security": "none", "recipients": ["a@hospital.org"],
        }  # fmt: skip
        set_notices(site, mail=mail)
        site.daemon.services.connection.move("suspended")
        site.daemon.services.house.sender.collect()
        site.daemon.services.house.sender.deliver()
    assert sink.mails[0]["Subject"].startswith("[Test hospital] The learning manager has suspended this site")


def test_mails_are_german_where_that_was_chosen_and_every_kind_of_line_has_german_words(site: TestSite) -> None:
    with mail_sink() as sink:
        mail = {"enabled": True, "host": "127.0.0.1", "port": sink.port, "security": "none", "language": "de"}
        set_notices(site, mail={**mail, "recipients": ["a@hospital.org"]})
        site.receive()
        site.daemon.services.house.sender.collect()
        site.daemon.services.house.sender.deliver()
        site.client.post("/api/v1/settings/notices/test", json={"channel": "mail"})
    told = [
        "Test laboratory bittet um Teilnahme an „Cardiac SPECT“.",
        "Dies ist eine Probe: Benachrichtigungen kommen hier an.",
    ]
    assert [mail["Subject"].strip() for mail in sink.mails] == [f"[Test hospital] {text}" for text in told]
    assert set(GERMAN) == set(KIND_OF)


def test_a_line_keeps_its_english_for_programs_and_where_its_values_are_not_known() -> None:
    notice_text = in_german_too(GERMAN)
    line = ActivityRow(1, NOW, "certificate", "It ends.", None, "certificate.expires", {"day": "2026-12-24"})
    assert notice_text(MailSettings(language="de"), line).startswith(
        "Das Zertifikat dieses Standorts endet am 24.12.2026."
    )
    assert notice_text(WebhookSettings(), line) == notice_text(MailSettings(), line) == "It ends."
    unknown = ActivityRow(1, NOW, "certificate", "It ends.", None, "certificate.expires", {})
    assert notice_text(MailSettings(language="de"), unknown) == "It ends."


def test_a_notice_goes_through_the_proxy_that_is_set_and_around_it_only_where_that_was_said(
    site: TestSite, tmp_path: Path
) -> None:
    with running_proxy(tmp_path / "proxy", "--refuse") as proxy, hook_sink() as sink:
        site.client.put("/api/v1/settings/proxy", json={"url": proxy.url})
        set_notices(site, webhook={"url": "https://receiver.invalid/hook"})
        refused = site.client.post("/api/v1/settings/notices/test", json={"channel": "webhook"})
        assert (refused.status_code, refused.json["code"]) == (502, "notice.failed")
        assert [line["target"] for line in proxy.lines()] == ["receiver.invalid:443"]
        set_notices(site, webhook={"url": "https://receiver.invalid/hook", "direct": True})
        assert site.client.post("/api/v1/settings/notices/test", json={"channel": "webhook"}).status_code == 502
        assert len(proxy.lines()) == 1
        set_notices(site, webhook={"url": sink.url})  # this computer itself
        assert (
            site.client.post("/api/v1/settings/notices/test", json={"channel": "webhook"}).json["answer"] == "HTTP 204"
        )
        mail = {"host": "mail.invalid", "recipients": ["a@hospital.org"]}
        set_notices(site, mail=mail)
        refused = site.client.post("/api/v1/settings/notices/test", json={"channel": "mail"})
        assert (refused.status_code, refused.json["code"]) == (502, "proxy.refused")
        assert [line["target"] for line in proxy.lines()][-1] == "mail.invalid:587"


# --- the watch ---------------------------------------------------------------------------------------------------


def record(**changes: Any) -> ConnectionRecord:
    known: dict[str, Any] = {
        "state": "connected", "since": NOW, "site_id": "site-1", "certificate_expires_at": NOW + timedelta(days=80),
    }  # fmt: skip
    return ConnectionRecord(**{**known, **changes})


def look(before: Seen, room: str = "ok", *, now: datetime = NOW, **changes: Any) -> tuple[list[str], Seen]:
    lines, after = judged(before, record(**changes), room, now)
    return [line.key for line in lines], after


def test_a_certificate_that_was_renewed_and_one_that_ends_are_told_once() -> None:
    told, seen = look(Seen())
    assert told == []  # the first one is no renewal
    told, seen = look(seen, certificate_expires_at=NOW + timedelta(days=90))
    assert told == ["certificate.renewed"]
    told, seen = look(seen, certificate_expires_at=NOW + timedelta(days=90))
    assert told == []
    near = NOW + timedelta(days=90) - SOON + timedelta(hours=1)
    told, seen = look(seen, now=near, certificate_expires_at=NOW + timedelta(days=90))
    assert told == ["certificate.expires"]
    told, seen = look(seen, now=near + timedelta(days=1), certificate_expires_at=NOW + timedelta(days=90))
    assert told == []
    told, _ = look(seen, site_id="site-2", certificate_expires_at=NOW + timedelta(days=400))
    assert told == []  # another relation, not a renewal


def test_a_long_silence_and_its_end_are_told_once_and_a_short_one_is_not() -> None:
    told, seen = look(Seen(), state="reconnecting", now=NOW + LONG)
    assert told == []
    told, seen = look(seen, state="reconnecting", now=NOW + LONG + timedelta(minutes=1))
    assert told == ["connection.unreachable"]
    told, seen = look(seen, state="reconnecting", now=NOW + 2 * LONG)
    assert told == []
    told, seen = look(seen)
    assert told == ["connection.back"]
    assert look(seen)[0] == []


def test_a_disk_that_fills_is_told_as_it_gets_worse() -> None:
    told, seen = look(Seen(), "low")
    assert told == ["storage.low"]
    assert look(seen, "low")[0] == []
    told, seen = look(seen, "full")
    assert told == ["storage.full"]
    told, seen = look(seen, "ok")
    assert told == []
    assert look(seen, "full")[0] == ["storage.full"]


def test_what_was_told_stays_told(site: TestSite) -> None:
    watch = site.daemon.services.watch
    site.daemon.services.storage.prepare()
    assert watch.look() == []
    site.client.put("/api/v1/storage", json={"folder": None, "quota_bytes": 1})
    (site.paths.studies / "large").write_bytes(b"12")
    assert watch.look() == ["storage.full"]
    assert watch.look() == []


# --- the next start ----------------------------------------------------------------------------------------------


def test_the_next_start_is_written_for_the_daemon_to_read(site: TestSite) -> None:
    wanted = {"headless": True, "port": 8123, "login_days": 30, "upload_limit_mib": 100, "reserve_mib": 0}
    view = site.client.put("/api/v1/settings/daemon", json=wanted).json
    assert (view["next"], view["present"], view["fixed"]) == (wanted, NextStart().model_dump(), [])
    assert tomllib.loads(site.paths.settings.read_text()) == wanted
    started = ContributorSettings(home=site.paths.home)
    assert {name: getattr(started, name) for name in wanted} == wanted
    assert site.client.put("/api/v1/settings/daemon", json={**wanted, "port": 70_000}).status_code == 422


def test_the_page_knows_the_defaults_and_bounds_of_the_daemon() -> None:
    for name, field in NextStart.model_fields.items():
        theirs = ContributorSettings.model_fields[name]
        assert (field.default, field.metadata) == (theirs.default, theirs.metadata), name


def test_the_program_says_where_its_things_lie(site: TestSite) -> None:
    about = site.client.get("/api/v1/about").json
    assert about["home"] == str(site.paths.home)
    assert {"flask", "sqlalchemy"} <= {part["name"].lower() for part in about["components"]}
    assert json.dumps(about)
