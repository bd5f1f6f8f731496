"""Limits, retention, drain mode, settings of the next start, and what the program is."""

import errno
import json
import os
import tomllib
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from fl_core.errors import CATALOGUE
from fl_core.next_start import with_keys
from fl_core.settings import MIB
from fl_core.storage import lab_presence, lab_settings, lab_sites
from fl_core.storage.lab_sessions import SessionRow
from fl_core.trust.authority import TrustPaths
from fl_core.trust.identity import fingerprint, load_certificate
from orchestrator.schemas_settings import NextStart, Retention
from orchestrator.services.certificate_watch import CertificateWatch
from orchestrator.services.next_start import LaboratoryStart
from tests.support.orchestrator import Lab

pytestmark = pytest.mark.usefixtures("each_database")


@pytest.fixture
def lab(tmp_path: Path) -> Iterator[Lab]:
    made = Lab(tmp_path)
    yield made
    made.close()


def _code(answer: Any) -> str:
    return str((answer.json or {})["code"])


def _session(*site_ids: str) -> dict[str, object]:
    strategy = {"name": "fedavg", "parameters": {}}
    return {
        "title": "Heart", "task": "brain-segmentation", "site_ids": list(site_ids), "strategy": strategy, "rounds": 2,
        "quorum": 1,
    }  # fmt: skip


# --- limits and retention ----------------------------------------------------------------------------------------


def test_limits_hold_for_the_next_session(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    limits = lab.ok("GET", "/settings/limits")
    lab.ok("PUT", "/settings/limits", {**limits, "most_sites": 1, "most_sessions": 1})
    assert _code(lab.call("POST", "/sessions", _session(site.site_id, other.site_id))) == "session.too_many_sites"
    session_id = lab.offer(site)
    assert _code(lab.call("POST", "/sessions", _session(site.site_id))) == "session.too_many"
    lab.ok("POST", f"/sessions/{session_id}/abort")
    lab.offer(site)
    assert lab.call("PUT", "/settings/limits", {**limits, "most_sites": 0}).status_code == 422
    assert "settings.limits" in {row["action"] for row in lab.items("/audit?limit=1000")}


def _actors(lab: Lab, *actions: str) -> list[str]:
    """Return who is named in the audit for acts, the first one first."""
    return [str(row["actor"]) for row in lab.items("/audit?limit=1000") if row["action"] in actions]


def test_a_setting_that_this_version_refuses_counts_as_not_set(lab: Lab) -> None:
    with lab.database.begin() as tx:
        lab_settings.put(tx, "limits", {"most_sites": -3, "gone": 1}, at=lab.core.desk.now())
    assert lab.ok("GET", "/settings/limits")["most_sites"] == 100


def test_what_is_old_goes_and_what_is_younger_or_unlimited_stays(lab: Lab) -> None:
    site = lab.site("North")
    model = lab.ok("POST", "/models/initialise", {"name": "First", "task": "brain-segmentation"})
    lab.ok("DELETE", f"/models/{model['id']}")
    now = lab.core.desk.now()
    with lab.database.begin() as tx:
        lab_presence.note(tx, [site.site_id], now)
    log = lab.home / "logs" / "gateway.log"
    log.parent.mkdir(exist_ok=True)
    writing = log.open("ab", buffering=0)
    writing.write(b"x" * (MIB + 1))
    later = now + timedelta(days=10)
    object.__setattr__(lab.core.desk, "now", lambda: later)
    lab.core.pruning.prune(Retention(activity_days=0, presence_days=11, bin_days=0, log_mib=2))
    assert lab.items("/activity")
    assert [item["id"] for item in lab.items("/models/bin")] == [model["id"]]
    assert log.stat().st_size == MIB + 1
    lab.core.pruning.prune(Retention(activity_days=9, presence_days=9, bin_days=9, log_mib=1))
    with lab.database.read() as connection:
        assert lab_presence.stays(connection, now - timedelta(days=1)) == []
    assert lab.items("/models/bin") == []
    assert [line["key"] for line in lab.items("/activity")] == ["model.removed"]
    assert _actors(lab, "model.removed") == ["system"]
    writing.write(b"next\n")
    writing.close()
    assert log.read_bytes() == b"next\n"
    assert log.with_suffix(".log.1").stat().st_size == MIB + 1
    assert lab.ok("GET", "/audit/verify")["ok"]


def test_a_certificate_that_ends_soon_is_told_of_once(lab: Lab) -> None:
    site, other = lab.site("North"), lab.site("East")
    soon = lab.core.desk.now() + timedelta(days=5)
    with lab.database.begin() as tx:
        lab_sites.update_site(tx, site.site_id, {"certificate_expires_at": soon})
    for _ in range(3):
        CertificateWatch(lab.core.desk).look()
    lines = [line for line in lab.items("/activity") if line["key"] == "certificate.expires"]
    assert [line["values"] for line in lines] == [{"name": "North", "day": f"{soon:%Y-%m-%d}"}]
    with lab.database.begin() as tx:
        lab_sites.update_site(tx, other.site_id, {"certificate_expires_at": soon})
    CertificateWatch(lab.core.desk).look()
    assert len([line for line in lab.items("/activity") if line["key"] == "certificate.expires"]) == 2


def test_the_laboratorys_own_certificate_is_renewed_while_it_runs_and_the_gateway_is_told(lab: Lab) -> None:
    paths = TrustPaths.of_home(lab.home)
    first = load_certificate(paths.orchestrator_cert.read_bytes())
    lab.core.trust_list.write()
    reloads, listed = lab.gateway.reloads, paths.trusted.stat().st_ino
    for day in (0, 340, 341):
        later = first.not_valid_before_utc + timedelta(days=day)
        object.__setattr__(lab.core.desk, "now", lambda later=later: later)
        lab.core.pruning._due_at = 0.0
        lab.core.pruning.tick()
    second = load_certificate(paths.orchestrator_cert.read_bytes())
    assert second.not_valid_after_utc - first.not_valid_after_utc == timedelta(days=340, minutes=-5)
    assert fingerprint(second) == fingerprint(first)
    assert lab.gateway.reloads == reloads + 1
    assert paths.trusted.stat().st_ino != listed  # by which the gateway finds out by itself if it was not told
    assert [row["action"] for row in lab.items("/audit")].count("certificate.own_renewed") == 1


# --- drain mode --------------------------------------------------------------------------------------------------


def test_while_draining_nothing_new_starts_and_the_page_says_so(lab: Lab) -> None:
    site = lab.site()
    offered = lab.offer(site)
    assert lab.ok("PUT", "/drain", {"on": True})["on"] is True
    assert lab.ok("GET", "/system")["draining"] is True
    assert _code(lab.call("POST", "/sessions", _session(site.site_id))) == "drain.on"
    site.answer(offered)
    assert lab.session(offered)["state"] == "offered"  # agreed, and would have started
    assert _code(lab.call("POST", f"/sessions/{offered}/start")) == "drain.on"
    assert lab.ok("PUT", "/drain", {"on": False})["on"] is False
    lab.core.house.drain.tick()
    assert lab.ok("GET", "/system")["draining"] is False
    assert lab.session(offered)["state"] == "offered"
    lab.ok("POST", f"/sessions/{offered}/start")


def test_a_running_round_is_finished_and_the_session_goes_on_by_itself_afterwards(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.running(site)
    view = lab.ok("PUT", "/drain", {"on": True})
    assert (view["running"], view["held"]) == (1, 1)
    assert lab.control(session_id).pause_after_round is True
    lab.report(session_id, "paused", number=1)
    assert lab.session(session_id)["state"] == "paused"
    assert lab.ok("GET", "/drain")["running"] == 0
    started = len(lab.engine.started)
    lab.core.runs.tick()
    assert len(lab.engine.started) == started
    lab.ok("PUT", "/drain", {"on": False})
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "running"
    assert len(lab.engine.started) == started + 1
    assert lab.ok("GET", "/drain")["held"] == 0


def test_switched_off_before_the_round_is_over_the_session_does_not_pause(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    lab.ok("PUT", "/drain", {"on": True})
    lab.ok("PUT", "/drain", {"on": False})
    assert lab.control(session_id).pause_after_round is False
    assert lab.session(session_id)["state"] == "running"
    acts = ("drain.on", "session.pause_wished", "drain.off", "session.pause_forgotten")
    assert _actors(lab, *acts) == _actors(lab, "drain.on") * 4


def test_a_session_that_a_person_paused_stays_paused(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    lab.ok("POST", f"/sessions/{session_id}/pause")
    lab.ok("PUT", "/drain", {"on": True})
    lab.report(session_id, "paused", number=1)
    lab.ok("PUT", "/drain", {"on": False})
    lab.core.runs.tick()
    assert lab.session(session_id)["state"] == "paused"


def test_a_kill_between_the_wish_and_the_pause_is_made_good_at_the_next_tick(lab: Lab) -> None:
    session_id = lab.running(lab.site())
    with lab.database.begin() as tx:  # as after a kill: the wish is stored, no session was asked yet
        lab_settings.put(tx, "drain", {"on": True}, at=lab.core.desk.now())
    lab.core.house.drain.tick()
    lab.core.house.drain.tick()
    assert lab.control(session_id).pause_after_round is True
    assert lab.ok("GET", "/drain")["held"] == 1
    with lab.database.begin() as tx:  # the same at the end of it
        lab_settings.put(tx, "drain", {"on": False, "held": [session_id]}, at=lab.core.desk.now())
    lab.core.house.drain.tick()
    assert _actors(lab, "session.pause_wished", "session.pause_forgotten") == ["system", "system"]  # nobody's own act


def test_a_starting_session_waits_for_the_end_of_the_drain(lab: Lab) -> None:
    site = lab.site()
    session_id = lab.offer(site)
    site.answer(session_id)
    assert lab.session(session_id)["state"] == "starting"
    assert lab.ok("PUT", "/drain", {"on": True})["running"] == 0  # nothing keeps the drain from being over
    lab.core.runs.tick()
    assert lab.engine.started == []
    lab.ok("PUT", "/drain", {"on": False})
    lab.core.runs.tick()
    assert len(lab.engine.started) == 1


def test_whatever_breaks_one_session_the_others_go_on(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    site = lab.site()
    broken, whole = lab.offer(site), lab.offer(site)
    runs = lab.core.runs
    step = runs._step

    def breaking(row: SessionRow) -> None:
        if row.id == broken:
            message = "something nobody thought of"
            raise TypeError(message)
        step(row)

    monkeypatch.setattr(runs, "_step", breaking)
    for session_id in (broken, whole):
        site.answer(session_id)
    runs.tick()
    assert [started for started, _ in lab.engine.started] == [whole]
    shown = lab.session(broken)
    assert (shown["state"], shown["reason"], shown["advice"]) == ("starting", "internal", CATALOGUE["internal"].advice)


def test_what_keeps_a_session_from_going_on_is_shown_and_logged_once_and_forgotten_when_it_is_over(
    lab: Lab, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    session_id = lab.running(lab.site())

    def full(*_wanted: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "plan.json")

    with monkeypatch.context() as patched:
        patched.setattr(lab.core.runs, "_replan", full)
        for _ in range(3):
            lab.core.runs.tick()
        shown = lab.session(session_id)
        assert (shown["state"], shown["reason"]) == ("running", "storage.disk_full")
        assert "No space left" in shown["reason_text"]
        assert caplog.text.count("a session's step failed") == 1
    with monkeypatch.context() as patched:
        patched.setattr(lab.core.runs._book, "change", full)
        lab.core.runs.tick()  # its end cannot be written either: that, too, is tried again
    lab.core.runs.tick()
    shown = lab.session(session_id)
    assert (shown["state"], shown["reason"], shown["reason_text"]) == ("running", "", "")


# --- the next start ----------------------------------------------------------------------------------------------


def test_the_next_start_is_written_beside_what_the_file_says_already(lab: Lab) -> None:
    file = lab.home / "settings.toml"
    file.write_text('# ours\nname = "Lab"\npublic_host = "127.0.0.1" # old\n')
    view = lab.ok("PUT", "/settings/daemon", {"public_host": "lab.example.org", "upload_limit_mib": 4096})
    assert (view["present"]["public_host"], view["next"]["public_host"]) == ("127.0.0.1", "lab.example.org")
    written = tomllib.loads(file.read_text())
    assert written == {"name": "Lab", "public_host": "lab.example.org", "upload_limit_mib": 4096}
    assert "# ours" in file.read_text()
    for host in ("a b", "lab_pc", "lab.example.org:8443"):
        refused = lab.call("PUT", "/settings/daemon", {"public_host": host, "upload_limit_mib": 1})
        assert (refused.status_code, f"without a port, not {host}" in refused.text) == (422, True)
    file.write_text('upload_limit_mib = "many"\n')  # by a person, while the daemon runs
    misfit = lab.call("GET", "/settings/daemon")
    assert (misfit.status_code, (misfit.json or {})["detail"].partition(": Input")[0]) == (
        422, "settings.toml: upload_limit_mib",
    )  # fmt: skip


def test_what_the_program_was_started_with_cannot_be_changed_on_the_page(lab: Lab, tmp_path: Path) -> None:
    given = LaboratoryStart(
        lab.core.desk,
        file=tmp_path / "none.toml",
        present=NextStart(public_host="given.example.org"),
        address="given.example.org:1",
    )
    assert given.view().fixed == ["public_host"]
    assert given.view().next.public_host == "given.example.org"
    with pytest.raises(Exception, match="public_host") as caught:
        given.change(NextStart(public_host="other.example.org"))
    assert getattr(caught.value, "code", "") == "settings.fixed"
    assert given.change(NextStart(public_host="given.example.org", upload_limit_mib=9)).next.upload_limit_mib == 9


def test_a_value_cannot_break_out_of_its_line() -> None:
    text = with_keys("", {"public_host": 'a"\nbind = "0.0.0.0'})
    assert tomllib.loads(text) == {"public_host": 'a"\nbind = "0.0.0.0'}


def test_the_program_says_what_it_is_made_of(lab: Lab) -> None:
    about = lab.ok("GET", "/about")
    parts = {part["name"].lower(): part for part in about["components"]}
    assert {"flask", "sqlalchemy", "aiohttp"} <= set(parts)
    assert all(part["version"] and part["licence"] for part in parts.values())
    assert about["home"] == str(lab.home)
    assert json.dumps(about)
