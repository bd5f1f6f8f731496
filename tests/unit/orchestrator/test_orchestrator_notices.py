"""Notices: what becomes one, how it is sent, what happens when it is not, and that no secret is ever shown."""

import hashlib
import hmac
import json
import ssl
import stat
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import MetaData, Table, inspect, select

from fl_core.errors import PeerUnreachable
from fl_core.notices import channels
from fl_core.notices.channels import send_mail
from fl_core.notices.sender import FIRST_DELAY, MOST_ATTEMPTS, Sender, delay_after
from fl_core.notices.words import GERMAN_TEST
from fl_core.trust.authority import Authority, TrustPaths
from orchestrator.schemas_settings import MailSettings
from orchestrator.services.notice_kinds import KIND_OF
from orchestrator.services.notice_words import GERMAN
from tests.support.orchestrator import Lab
from tests.support.sinks import hook_sink, mail_sink

pytestmark = pytest.mark.usefixtures("each_database")
CONTENT = {"text": "North asks to join.", "laboratory": "Lab", "at": "2026-01-01T00:00:00+00:00"}


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def _sender(lab: Lab) -> Sender:
    lab.core.house.sender.collect()
    return lab.core.house.sender


def _webhook(lab: Lab, url: str, **more: object) -> dict[str, Any]:
    return lab.ok("PUT", "/settings/notices", {"webhook": {"enabled": True, "url": url}, **more})


def _later(lab: Lab, delay: timedelta) -> None:
    at = lab.core.desk.now() + delay
    object.__setattr__(lab.core.desk, "now", lambda: at)


def test_what_happens_after_the_settings_are_made_is_posted_with_a_signature(lab: Lab) -> None:
    lab.site("Before")
    with hook_sink() as sink:
        sender = _sender(lab)
        _webhook(lab, sink.url, webhook_secret="a long secret")
        lab.site("North")
        assert sender.collect() == 1  # the request; the approval is an own act
        assert sender.collect() == 0
        sender.deliver()
        sender.deliver()
    (headers, body), content = sink.posts[0], sink.contents()[0]
    assert len(sink.posts) == 1
    assert (content["kind"], content["event"], content["laboratory"]) == ("approval", "enrolment.requested", "Lab")
    assert "North asks to join" in str(content["text"])
    expected = hmac.new(b"a long secret", headers["X-Flomir-Timestamp"].encode() + b"." + body, hashlib.sha256)
    assert headers["X-Flomir-Signature"] == f"sha256={expected.hexdigest()}"
    assert lab.ok("GET", "/settings/notices")["latest"][0]["state"] == "sent"


def test_only_the_chosen_kinds_are_sent(lab: Lab) -> None:
    sender = _sender(lab)
    lab.ok("PUT", "/settings/notices", {"webhook": {"enabled": True, "url": "http://127.0.0.1:9/", "kinds": ["data"]}})
    lab.site("North")
    assert sender.collect() == 0


def test_a_notice_that_fails_is_tried_again_ever_later_and_given_up_in_the_end(lab: Lab) -> None:
    with hook_sink(answers=[500, 503]) as sink:
        sender = _sender(lab)
        _webhook(lab, sink.url)
        lab.site("North")
        sender.collect()
        sender.deliver()
        first = lab.ok("GET", "/settings/notices")["latest"][0]
        assert (first["state"], first["attempts"], first["problem"]) == ("waiting", 1, "HTTP 500")
        sender.deliver()
        assert len(sink.posts) == 1  # not before its time
        _later(lab, FIRST_DELAY)
        sender.deliver()
        _later(lab, FIRST_DELAY)
        sender.deliver()
        assert len(sink.posts) == 2  # the second wait is twice as long
        _later(lab, FIRST_DELAY)
        sender.deliver()
    assert lab.ok("GET", "/settings/notices")["latest"][0]["state"] == "sent"
    _webhook(lab, "http://127.0.0.1:9/")
    lab.site("East")
    sender.collect()
    for _ in range(MOST_ATTEMPTS + 3):
        sender.deliver()
        _later(lab, timedelta(days=1))
    last = lab.ok("GET", "/settings/notices")["latest"][0]
    assert (last["state"], last["attempts"]) == ("failed", MOST_ATTEMPTS)


def test_a_notice_is_tried_for_a_day_and_not_for_good() -> None:
    waits = sum((delay_after(attempt) for attempt in range(1, MOST_ATTEMPTS)), timedelta())
    assert timedelta(hours=24) <= waits <= timedelta(hours=30)  # the page Settings and docs/privacy.md: about a day


def test_a_mail_that_cannot_be_written_down_is_counted_and_holds_no_other_notice_back(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths, context = TrustPaths.of_home(lab.home), ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(paths.orchestrator_cert, paths.orchestrator_key)
    monkeypatch.setenv("SSL_CERT_FILE", str(paths.ca_cert))
    with hook_sink() as sink, mail_sink(context=context, login=("lab", "geheim")) as server:
        sender = _sender(lab)
        mail = {"host": "127.0.0.1", "port": server.port, "recipients": ["a@x.org"]}
        changes = {"mail": {"enabled": True, "username": "lab", **mail}, "mail_password": "Schlüssel123"}
        _webhook(lab, sink.url, **changes)
        lab.site("North")
        sender.collect()
        sender.deliver()
        assert len(sink.posts) == 1
        refused = lab.call("POST", "/settings/notices/test", {"channel": "mail"})
    problem = refused.json or {}
    assert (refused.status_code, problem["code"]) == (502, "notice.failed")
    assert "ASCII" in problem["detail"]
    first = next(one for one in lab.ok("GET", "/settings/notices")["latest"] if one["channel"] == "mail")
    assert (first["state"], first["attempts"]) == ("waiting", 1)
    assert "ü" not in refused.text + first["problem"]


def test_a_failure_nobody_thought_of_is_counted_like_any_other(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object, **__: object) -> str:
        message = "a secret"
        raise RuntimeError(message)

    monkeypatch.setattr(channels, "send_webhook", broken)
    sender = _sender(lab)
    _webhook(lab, "http://127.0.0.1:9/")
    lab.site("North")
    sender.collect()
    for _ in range(MOST_ATTEMPTS):
        sender.deliver()
        _later(lab, timedelta(days=1))
    last = lab.ok("GET", "/settings/notices")["latest"][0]
    assert (last["state"], last["attempts"]) == ("failed", MOST_ATTEMPTS)
    assert "secret" not in last["problem"]


def test_a_mail_travels_encrypted_and_signed_in(tmp_path: Path) -> None:
    Authority.create(tmp_path, "Lab", "127.0.0.1")
    paths = TrustPaths.of_home(tmp_path)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(paths.orchestrator_cert, paths.orchestrator_key)
    settings = MailSettings.model_validate(
        {"enabled": True, "host": "127.0.0.1", "username": "lab", "recipients": ["a@x.org", "b@x.org"]}
    )

    def trusting() -> ssl.SSLContext:
        return ssl.create_default_context(cafile=str(paths.ca_cert))

    with mail_sink(context=server, login=("lab", "geheim")) as sink:
        there = settings.model_copy(update={"port": sink.port})
        send_mail(there, "geheim", CONTENT, context=trusting)
        with pytest.raises(PeerUnreachable, match="535"):
            send_mail(there, "wrong", CONTENT, context=trusting)
        with pytest.raises(PeerUnreachable):
            send_mail(there, "geheim", CONTENT)  # nobody vouches for this server
    assert sink.was_encrypted == [True]
    assert sink.recipients == ["a@x.org", "b@x.org"]
    mail = sink.mails[0]
    assert mail["Subject"] == "[Lab] North asks to join."
    assert "North asks to join." in mail.get_content()


def test_mails_are_german_where_that_was_chosen_and_every_kind_of_line_has_german_words(lab: Lab) -> None:
    with mail_sink() as sink:
        sender = _sender(lab)
        mail = {"host": "127.0.0.1", "port": sink.port, "security": "none", "recipients": ["a@x.org"], "language": "de"}
        lab.ok("PUT", "/settings/notices", {"mail": {"enabled": True, **mail}})
        lab.site("North")
        sender.collect()
        sender.deliver()
        lab.ok("POST", "/settings/notices/test", {"channel": "mail"})
    told = ["North möchte beitreten. Vergleichen Sie den Fingerabdruck.", GERMAN_TEST]
    assert [mail["Subject"].strip() for mail in sink.mails] == [f"[Lab] {text}" for text in told]
    assert set(GERMAN) == set(KIND_OF)


def test_german_words_about_sessions_ask_only_for_what_every_line_about_a_session_has(lab: Lab) -> None:
    lab.offer(lab.site())
    line = next(line for line in lab.items("/activity") if str(line["key"]).startswith("session."))
    for key, words in GERMAN.items():
        if key.startswith("session."):
            assert "{" not in words.format_map(line["values"])


def test_a_line_break_in_a_name_adds_no_header_to_a_mail() -> None:
    settings = MailSettings(host="127.0.0.1", security="none", recipients=["a@x.org"])
    with mail_sink() as sink:
        send_mail(settings.model_copy(update={"port": sink.port}), "", {**CONTENT, "text": "North\r\nBcc: c@x.org"})
    assert sink.mails[0]["Bcc"] is None
    assert sink.recipients == ["a@x.org"]


def test_a_test_says_what_the_other_side_answered(lab: Lab) -> None:
    assert lab.call("POST", "/settings/notices/test", {"channel": "mail"}).status_code == 409
    with mail_sink(refuse_with="550 we know no such sender") as sink:
        mail = {"host": "127.0.0.1", "port": sink.port, "security": "none", "recipients": ["a@x.org"]}
        lab.ok("PUT", "/settings/notices", {"mail": mail})
        refused = lab.call("POST", "/settings/notices/test", {"channel": "mail"})
        assert refused.status_code == 502
        assert "we know no such sender" in refused.text
        sink.refuse_with = ""
        assert lab.ok("POST", "/settings/notices/test", {"channel": "mail"})["answer"] == "taken by 127.0.0.1"
    with hook_sink(answers=[302], location="http://127.0.0.1:9/elsewhere") as hook:
        _webhook(lab, hook.url)
        assert "HTTP 302" in lab.call("POST", "/settings/notices/test", {"channel": "webhook"}).text


def test_secrets_are_kept_apart_for_the_owner_only_and_never_shown(lab: Lab) -> None:
    view = _webhook(lab, "https://example.org/hook", webhook_secret="s3cret-s3cret", mail_password="passw0rd-passw0rd")
    assert (view["has_webhook_secret"], view["has_mail_password"]) == (True, True)
    file = lab.home / "secrets" / "notices.json"
    assert stat.S_IMODE(file.stat().st_mode) == 0o600
    with lab.database.read() as connection:
        tables = [Table(name, MetaData(), autoload_with=connection) for name in inspect(connection).get_table_names()]
        raw = "".join(str(row) for table in tables for row in connection.execute(select(table)))
    assert "example.org" in raw
    shown = json.dumps([view, lab.ok("GET", "/settings/notices"), lab.items("/audit?limit=1000")])
    for secret in ("s3cret-s3cret", "passw0rd-passw0rd"):
        assert secret in file.read_text()
        assert secret not in raw
        assert secret not in shown
    kept = _webhook(lab, "https://example.org/other")
    assert (kept["has_webhook_secret"], kept["has_mail_password"]) == (True, True)  # absent: as before
    assert (
        lab.ok("PUT", "/settings/notices", {"webhook_secret": "", "mail_password": ""})["has_webhook_secret"] is False
    )


@pytest.mark.parametrize(
    "other",
    [{"host": "mail.elsewhere.org"}, {"port": 2525}, {"security": "tls"}, {"username": "somebody"}],
    ids=lambda other: next(iter(other)),
)
def test_a_kept_mail_password_never_goes_to_another_mailbox(lab: Lab, other: dict[str, object]) -> None:
    mail = {"host": "mail.example.org", "port": 587, "security": "starttls", "username": "flomir"}
    change = {"mail": mail, "mail_password": "passw0rd-passw0rd", "webhook_secret": "s3cret-s3cret"}
    assert lab.ok("PUT", "/settings/notices", change)["has_mail_password"] is True
    assert lab.ok("PUT", "/settings/notices", {"mail": mail | {"language": "de"}})["has_mail_password"] is True
    changed = lab.ok("PUT", "/settings/notices", {"mail": mail | other})
    assert (changed["has_mail_password"], changed["has_webhook_secret"]) == (False, True)
    assert "passw0rd" not in (lab.home / "secrets" / "notices.json").read_text()


@pytest.mark.parametrize(
    "body",
    [
        {"webhook": {"enabled": True, "url": "file:///etc/passwd"}},
        {"webhook": {"enabled": True, "url": "ftp://example.org/x"}},
        {"webhook": {"enabled": True, "url": "https://name:pass@example.org/x"}},
        {"webhook": {"enabled": True}},
        {"mail": {"enabled": True}},
        {"mail": {"recipients": ["a@x.org\nBcc: b@x.org"]}},
        {"mail": {"security": "none", "username": "lab"}},
        {"mail": {"port": 0}},
        {"mail": {"kinds": ["weather"]}},
    ],
)
def test_settings_that_cannot_work_or_would_leak_are_refused(lab: Lab, body: dict[str, object]) -> None:
    before = lab.ok("GET", "/settings/notices")
    assert lab.call("PUT", "/settings/notices", body).status_code == 422
    assert lab.ok("GET", "/settings/notices") == before


def test_a_daemon_that_was_killed_before_it_marked_its_place_finds_the_lines_again(lab: Lab) -> None:
    sender = _sender(lab)
    _webhook(lab, "http://127.0.0.1:9/")
    lab.site("North")
    with pytest.raises(RuntimeError), lab.database.begin() as tx:  # the notice without the mark: neither stays
        from fl_core.storage import notices

        notices.add(tx, channel="webhook", kind="approval", content={}, at=datetime.now(UTC))
        raise RuntimeError
    again = Sender(
        settings=lab.core.house.notices,
        page=lab.core.settings,
        kind_of={"enrolment.requested": "approval"},
        sender=lambda: ("laboratory", "Lab"),
    )
    assert again.collect() == 1
    assert sender.collect() == 0
