"""Promises about when a round may begin at a site, and what the runner may take."""

import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import torch

from fl_core.errors import FlomirError
from fl_core.flower.client_app import SiteWorker
from fl_core.flower.consent_check import GrantsFile
from fl_core.flower.limits import Wait, is_within, next_begin, reason_to_wait, round_key, time_allowed_s
from fl_core.protocol.messages import HoursOfDay, SitePhase
from fl_core.protocol.plan import Grant, Grants, Resources, RunnerEvent
from fl_core.supervision.child import write_private
from tests.support.flower import SESSION, eventually, make_grant
from tests.support.site_worker import Hospital

torch.set_num_threads(1)

NIGHT = HoursOfDay(begin="20:00", end="06:00")
NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)
KEY = round_key(SESSION, 1)


@pytest.mark.parametrize(
    ("agreed", "wished", "allowed"), [(600.0, 60.0, 60.0), (600.0, 7200.0, 600.0), (None, 9.0, 9.0)]
)
def test_a_round_takes_no_longer_than_was_agreed_to(agreed: float | None, wished: float, allowed: float) -> None:
    grant = make_grant([], round_deadline_s=agreed)
    assert time_allowed_s(grant, wished) == allowed


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    return Hospital(tmp_path)


def allow(hospital: Hospital, resources: Resources = Resources(), **changes: object) -> None:  # noqa: B008 - frozen
    grant = make_grant(hospital.studies, **changes)
    write_private(
        hospital.grants, Grants(site_id="site-a", grants={SESSION: grant}, resources=resources).model_dump_json()
    )


@pytest.mark.parametrize(
    ("hours", "at", "inside"),
    [
        (NIGHT, 12, False),
        (NIGHT, 20, True),
        (NIGHT, 3, True),
        (NIGHT, 6, False),
        (HoursOfDay(begin="08:00", end="17:00"), 12, True),
        (HoursOfDay(begin="08:00", end="17:00"), 17, False),
        (HoursOfDay(begin="08:00", end="08:00"), 3, True),
    ],
)
def test_hours_may_go_over_midnight(hours: HoursOfDay, at: int, inside: bool) -> None:
    assert is_within(hours, NOON.replace(hour=at)) is inside


def test_the_hours_begin_again_on_the_same_or_the_next_day() -> None:
    assert next_begin(NIGHT, NOON) == NOON.replace(hour=20)
    assert next_begin(NIGHT, NOON.replace(hour=21)) == NOON.replace(day=3, hour=20)


def grant(**changes: object) -> Grant:
    return make_grant([], **changes)


def test_the_hours_of_the_rule_and_of_the_site_both_count() -> None:
    assert reason_to_wait(grant(hours=NIGHT), Resources(), KEY, {}, NOON) == Wait(
        "site.outside_hours", NOON.replace(hour=20)
    )
    assert reason_to_wait(grant(), Resources(hours=NIGHT), KEY, {}, NOON) is not None
    assert reason_to_wait(grant(), Resources(), KEY, {}, NOON) is None


def test_the_rounds_of_seven_days_are_counted_and_the_round_itself_is_not() -> None:
    begun = {KEY: NOON, "a/1": NOON - timedelta(days=6), "a/2": NOON - timedelta(days=8)}
    assert reason_to_wait(grant(rounds_a_week=2), Resources(), KEY, begun, NOON) is None
    begun["a/3"] = NOON - timedelta(days=1)
    wait = reason_to_wait(grant(rounds_a_week=2), Resources(), KEY, begun, NOON)
    assert wait == Wait("site.weekly_limit", NOON + timedelta(days=1))


def test_a_round_outside_of_the_hours_is_refused_before_training_when_they_begin_after_its_deadline(
    hospital: Hospital,
) -> None:
    allow(hospital, hours=NIGHT)
    hospital.worker = SiteWorker(
        grants=GrantsFile(hospital.grants), report=hospital.events.append, local_time=lambda: NOON
    )
    hospital.refused("site.outside_hours")
    assert SitePhase.TRAINING not in hospital.phases()


def test_a_round_waits_for_the_hours_that_begin_before_its_deadline(hospital: Hospital) -> None:
    allow(hospital, hours=NIGHT)
    now = [NOON.replace(hour=19, minute=59, second=30)]
    worker = SiteWorker(grants=GrantsFile(hospital.grants), report=hospital.events.append, local_time=lambda: now[0])
    hospital.worker = worker
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(hospital.answer()), daemon=True)
    thread.start()
    assert eventually(
        lambda: [event.code for event in hospital.events if event.phase is SitePhase.WAITING] == ["site.outside_hours"]
    )
    assert SitePhase.SCORING not in hospital.phases()
    now[0] = NOON.replace(hour=20)
    thread.join(60)
    assert done
    assert SitePhase.SENT in hospital.phases()


def test_the_runner_counts_what_began_before_the_daemon_wrote_it_down(hospital: Hospital) -> None:
    allow(hospital, rule_id="rule-1", rounds_a_week=1)
    hospital.answer()
    hospital.events.clear()
    hospital.refused("site.weekly_limit", round=2)


def test_a_paused_session_begins_nothing_and_goes_on_when_resumed(hospital: Hospital) -> None:
    allow(hospital, paused=True)
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(hospital.answer()), daemon=True)
    thread.start()
    assert eventually(lambda: SitePhase.WAITING in hospital.phases())
    assert SitePhase.SCORING not in hospital.phases()
    allow(hospital)
    thread.join(60)
    assert done


def test_a_pause_in_the_training_stands_still_and_sends_nothing_until_it_is_resumed(hospital: Hospital) -> None:
    steps: list[RunnerEvent] = []

    def report(event: RunnerEvent) -> None:
        steps.append(event)
        if event.phase is SitePhase.TRAINING and event.loss is not None and len(steps) < 100 and not paused.is_set():
            allow(hospital, paused=True)
            paused.set()

    paused = threading.Event()
    allow(hospital)
    hospital.worker = SiteWorker(grants=GrantsFile(hospital.grants), report=report)
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(hospital.answer()), daemon=True)
    thread.start()
    assert paused.wait(60)
    assert eventually(lambda: any(event.code == "site.paused" for event in steps))
    assert not done
    assert not any(event.phase in {SitePhase.SENDING, SitePhase.SENT} for event in steps)
    allow(hospital)
    thread.join(60)
    assert done
    assert steps[-1].phase is SitePhase.SENT


def test_a_pause_leaves_a_held_update_to_be_answered_and_keeps_it_until_it_is_resumed(hospital: Hospital) -> None:
    allow(hospital, send="ask")
    done: list[object] = []
    thread = threading.Thread(target=lambda: done.append(hospital.answer()), daemon=True)
    thread.start()
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    allow(hospital, send="ask", paused=True)
    assert not eventually(lambda: hospital.phases()[-1] is not SitePhase.HELD, 1.0)
    allow(hospital, send="ask", paused=True, released_rounds=(1,))
    assert eventually(lambda: hospital.events[-1].code == "site.paused")
    assert SitePhase.SENT not in hospital.phases()
    allow(hospital, send="ask", released_rounds=(1,))
    thread.join(60)
    assert done
    assert hospital.phases()[-1] is SitePhase.SENT


def test_a_withdrawal_ends_a_pause_at_once_and_nothing_is_sent(hospital: Hospital) -> None:
    allow(hospital, paused=True)
    codes: list[str] = []

    def ask() -> None:
        try:
            hospital.answer()
        except FlomirError as error:
            codes.append(error.code)

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    assert eventually(lambda: SitePhase.WAITING in hospital.phases())
    write_private(hospital.grants, Grants(site_id="site-a").model_dump_json())
    thread.join(5)
    assert codes == ["consent.missing"]
    assert SitePhase.SENT not in hospital.phases()


def test_a_round_that_takes_more_memory_than_allowed_ends_with_its_own_code(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(hospital, Resources(memory_mib=256))
    monkeypatch.setattr("model.machine.resident_bytes", lambda: 257 * 1024 * 1024)
    hospital.refused("site.memory_limit")


def test_data_that_took_too_much_memory_is_not_loaded_again_until_its_next_round(
    hospital: Hospital, monkeypatch: pytest.MonkeyPatch
) -> None:
    allow(hospital, Resources(memory_mib=256))
    monkeypatch.setattr("model.machine.resident_bytes", lambda: 257 * 1024 * 1024)
    assert not hospital.worker.prepare()
    hospital.refused("site.memory_limit")
    monkeypatch.setattr("model.machine.resident_bytes", lambda: 0)
    assert not hospital.worker.prepare()
    assert hospital.answer().num_examples == 4


@pytest.mark.parametrize(
    "changes",
    [
        {"paused": True},
        {"hours": NIGHT},
        {"valid_until": NOON},
        {"rounds_a_week": 1, "rule_id": "r", "begun": {"a/1": NOON - timedelta(days=1)}},
    ],
)
def test_data_is_not_loaded_ahead_of_a_round_that_may_not_begin_now(
    hospital: Hospital, changes: dict[str, Any]
) -> None:
    hospital.worker = SiteWorker(
        grants=GrantsFile(hospital.grants), report=hospital.events.append, local_time=lambda: NOON
    )
    allow(hospital, **{"valid_until": NOON + timedelta(days=1), **changes})
    assert not hospital.worker.prepare()
    allow(hospital, valid_until=NOON + timedelta(days=1))
    assert hospital.worker.prepare()


def test_the_processor_threads_are_those_the_site_allows(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    taken: list[int] = []
    monkeypatch.setattr(torch, "set_num_threads", taken.append)
    allow(hospital, Resources(threads=torch.get_num_threads() + 1))
    hospital.answer()
    assert taken == [torch.get_num_threads() + 1]
