"""Real SuperLink, SuperNodes, agents, runners and ServerApps; each fault states what the session does afterwards."""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from fl_core.flower.checkpoints import newest_record
from fl_core.protocol.messages import SendPermission, SitePhase
from tests.support.flower import (
    PARAMETERS,
    Federation,
    Site,
    eventually,
    federation,
    make_grant,
    timings,
    write_grants,
)

RECOVERY_S = 90.0
SLOW: dict[str, object] = {**PARAMETERS, "local_epochs": 40, "batch_size": 1}


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    # enough slices for a kill to fall into the training, not into the tenth of a second in which the reply is sent
    with federation(tmp_path_factory.mktemp("federation"), 2, slices=40) as made:
        yield made


@pytest.fixture
def two_sites(running: Federation) -> Iterator[Federation]:
    """Give the running federation with an empty session folder and no grants."""
    running.new_session()
    yield running
    running.end_session()


def agree(stack: Federation, **changes: Any) -> None:
    for site in stack.sites:
        write_grants(
            site.grants, make_grant(site.studies, session_id=stack.session_id, **changes), site_id=site.site_id
        )


def test_a_session_runs_through_and_every_round_says_where_its_time_went(two_sites: Federation) -> None:
    agree(two_sites, rounds=5)
    run_id = two_sites.run(two_sites.plan(rounds=5))
    assert two_sites.wait(run_id)["status"] == "completed"
    records = two_sites.records()
    assert [record.round for record in records] == [1, 2, 3, 4, 5]
    assert all(len(record.updates) == 2 and not record.missing for record in records)
    assert all(record.metrics["train_loss"] > 0 and "score_dice" in record.metrics for record in records)
    print("\n" + timings(records))
    assert statistics.median(record.overhead_s for record in records) < 8  # on a loaded computer; idle: below 1


def test_a_session_that_waits_for_people_keeps_no_other_session_of_its_sites_waiting(two_sites: Federation) -> None:
    first, second = two_sites.session_id, f"{two_sites.session_id}-b"

    def agree_to_both(**changes: Any) -> None:
        for site in two_sites.sites:
            held = make_grant(site.studies, session_id=first, send=SendPermission.ASK, **changes)
            write_grants(site.grants, held, make_grant(site.studies, session_id=second), site_id=site.site_id)

    def is_held(site: Site) -> bool:
        return any(event.phase is SitePhase.HELD and event.session_id == first for event in site.events())

    agree_to_both()
    waiting = two_sites.run(two_sites.plan(rounds=1))
    assert eventually(lambda: all(map(is_held, two_sites.sites)), 60)
    two_sites.session_id = second
    other = two_sites.run(two_sites.plan())
    assert two_sites.wait(other)["status"] == "completed"
    assert two_sites.call("GET", f"/runs/{waiting}")["status"] == "running"
    agree_to_both(released_rounds=(1,))
    assert two_sites.wait(waiting)["status"] == "completed"
    record = newest_record(two_sites.laboratory / "sessions" / first, first)
    assert record is not None
    assert len(record.updates) == 2


def in_training(stack: Federation, round_number: int = 1) -> bool:
    return all(
        any(event.round == round_number and event.phase is SitePhase.TRAINING for event in site.events())
        for site in stack.sites
    )


def runner_of(stack: Federation) -> int:
    return stack.children_of(stack.pid("site-0-agent"))[0]


def serverapp_of(stack: Federation) -> int:
    return stack.children_of(stack.pid("agent"))[0]


VICTIMS: dict[str, Callable[[Federation], int]] = {
    "SuperLink": lambda stack: stack.pid("superlink"),
    "laboratory agent": lambda stack: stack.pid("agent"),
    "ServerApp": serverapp_of,
    "SuperNode": lambda stack: stack.pid("site-0-node"),
    "site agent": lambda stack: stack.pid("site-0-agent"),
    "runner": runner_of,
}


@pytest.mark.parametrize("victim", VICTIMS)
def test_a_session_completes_although_a_process_was_killed_in_a_round(two_sites: Federation, victim: str) -> None:
    agree(two_sites, task_parameters=SLOW)
    plan = two_sites.plan(task_parameters=SLOW)
    two_sites.run(plan)
    assert eventually(lambda: in_training(two_sites), 60)
    begun = time.monotonic()
    two_sites.kill(VICTIMS[victim](two_sites))
    answer = two_sites.carry_through(plan, 150)
    took_s = time.monotonic() - begun
    print(f"\n{victim}: completed {took_s:.1f} s after the kill")
    assert answer["status"] == "completed"
    record = newest_record(two_sites.session_folder, two_sites.session_id)
    assert record is not None
    assert record.round == 2
    assert len(record.updates) == 2
    assert took_s < RECOVERY_S
