"""Promises about several sessions at one site: one computes, and what waits for a person is in nobody's way."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest
import torch

from fl_core.errors import FlomirError
from fl_core.flower.exchange import RoundReply
from fl_core.flower.records import pack
from fl_core.flower.site_agent import TasksInHand
from fl_core.flower.supernode_main import Sender
from fl_core.protocol.messages import SendPermission, SitePhase
from tests.support.flower import SESSION, eventually, make_grant, write_grants
from tests.support.site_worker import Hospital, in_background, long_training

torch.set_num_threads(1)

OTHER = "session-b"


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    return Hospital(tmp_path)


def agree_to_both(hospital: Hospital, *, other: dict[str, Any] | None = None, **changes: Any) -> None:
    first = make_grant(hospital.studies, **changes)
    write_grants(hospital.grants, first, make_grant(hospital.studies, session_id=OTHER, **(other or {})))


def phases_of(hospital: Hospital, session_id: str) -> list[SitePhase]:
    return [event.phase for event in hospital.events if event.session_id == session_id]


def is_waiting_for(hospital: Hospital, code: str, session_id: str = SESSION) -> bool:
    return any(event.code == code and event.session_id == session_id for event in hospital.events)


def is_training(hospital: Hospital, session_id: str = SESSION) -> bool:
    return any(
        event.phase is SitePhase.TRAINING and event.fraction > 0 and event.session_id == session_id
        for event in hospital.events
    )


def done(thread: threading.Thread, results: list[Any]) -> Any:
    thread.join(20)
    assert not thread.is_alive()
    return results[0]


def test_an_update_that_waits_for_a_person_keeps_no_other_session_waiting(hospital: Hospital) -> None:
    agree_to_both(hospital, send=SendPermission.ASK)
    held = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in phases_of(hospital, SESSION))
    assert [hospital.answer(session_id=OTHER, round=number).num_examples for number in (1, 2)] == [4, 4]
    agree_to_both(hospital, send=SendPermission.ASK, released_rounds=(1,))
    assert isinstance(done(*held), RoundReply)
    assert phases_of(hospital, SESSION)[-1] is SitePhase.SENT


def test_a_paused_session_keeps_no_other_one_waiting(hospital: Hospital) -> None:
    agree_to_both(hospital, paused=True)
    waiting = in_background(hospital)
    assert eventually(lambda: is_waiting_for(hospital, "site.paused"))
    assert isinstance(hospital.answer(session_id=OTHER), RoundReply)
    agree_to_both(hospital)
    assert isinstance(done(*waiting), RoundReply)


def test_a_session_paused_in_its_training_lets_another_train_and_ends_with_the_same_update(
    hospital: Hospital, tmp_path: Path
) -> None:
    epochs = {**long_training(), "local_epochs": 30}
    alone = Hospital(tmp_path / "alone")
    alone.studies = hospital.studies
    alone.agree(task_parameters=epochs)
    agree_to_both(hospital, task_parameters=epochs)
    training = in_background(hospital)
    assert eventually(lambda: is_training(hospital))
    agree_to_both(hospital, task_parameters=epochs, paused=True)
    assert eventually(lambda: is_waiting_for(hospital, "site.paused"))
    assert isinstance(hospital.answer(session_id=OTHER), RoundReply)
    agree_to_both(hospital, task_parameters=epochs)
    assert done(*training).packed == alone.answer().packed


def test_one_session_computes_at_a_time_and_the_other_says_that_it_waits(hospital: Hospital) -> None:
    agree_to_both(hospital, task_parameters=long_training())
    training = in_background(hospital)
    assert eventually(lambda: is_training(hospital))
    other = in_background(hospital, session_id=OTHER)
    assert eventually(lambda: is_waiting_for(hospital, "site.busy", OTHER))
    assert SitePhase.SCORING not in phases_of(hospital, OTHER)
    agree_to_both(hospital, train=False)
    assert isinstance(done(*training), FlomirError)
    assert isinstance(done(*other), RoundReply)


def test_who_waits_for_the_computer_gives_up_at_the_rounds_deadline(hospital: Hospital) -> None:
    agree_to_both(hospital, task_parameters=long_training())
    training = in_background(hospital)
    assert eventually(lambda: is_training(hospital))
    late = done(*in_background(hospital, session_id=OTHER, deadline_s=0.3))
    assert late.code == "federation.late"
    write_grants(hospital.grants)
    done(*training)


def test_a_round_that_the_laboratory_has_closed_makes_way_for_the_next_one(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    held = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    following = in_background(hospital, round=2)
    assert done(*held).code == "federation.late"
    hospital.agree(send=SendPermission.ASK, released_rounds=(2,))
    assert isinstance(done(*following), RoundReply)
    assert [event.round for event in hospital.events if event.phase is SitePhase.SENT] == [2]


def test_a_round_asked_again_while_its_update_waits_for_a_person_is_trained_once(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    held = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    again = in_background(hospital, deadline_s=50.0)
    hospital.agree(send=SendPermission.ASK, released_rounds=(1,))
    assert done(*held).packed == done(*again).packed
    assert [event.fraction for event in hospital.events if event.phase is SitePhase.SCORING].count(1.0) == 1


def test_a_message_that_is_refused_ends_no_round_that_goes_on(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    held = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    other = pack({name: array + 1 for name, array in hospital.weights.items()})
    hospital.refused("round.answered_before", packed=other)
    hospital.refused("consent.missing", round=9, rounds=9)
    hospital.agree(send=SendPermission.ASK, released_rounds=(1,))
    assert isinstance(done(*held), RoundReply)


def test_a_turn_that_gave_up_leaves_the_line_as_it_was(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    held = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    assert done(*in_background(hospital, deadline_s=0.3)).code == "federation.late"  # asks the same, waits, gives up
    following = in_background(hospital, round=2)
    assert done(*held).code == "federation.late"
    hospital.agree(send=SendPermission.ASK, released_rounds=(2,))
    assert isinstance(done(*following), RoundReply)


def test_each_session_keeps_its_answer_and_its_own_parts_while_another_trains(hospital: Hospital) -> None:
    agree_to_both(hospital)
    first = hospital.answer()
    hospital.answer(session_id=OTHER)
    hospital.events.clear()
    assert hospital.answer() == first
    assert SitePhase.TRAINING not in hospital.phases()


def test_an_answer_made_with_other_data_is_not_given_again(hospital: Hospital) -> None:
    agree_to_both(hospital)
    first = hospital.answer()
    hospital.answer(session_id=OTHER)
    hospital.studies = hospital.studies[2:]
    agree_to_both(hospital)
    assert hospital.answer().packed != first.packed


def test_the_tasks_in_hand_outlive_their_agent(tmp_path: Path) -> None:
    file = tmp_path / "task.json"
    tasks = TasksInHand(file)
    tasks.add("1", "token-1")
    tasks.add("2", "token-2")
    tasks.remove("1")
    assert TasksInHand(file).all() == [("2", "token-2")]
    tasks.remove("2")
    tasks.remove("2")
    assert not file.exists()


@pytest.mark.parametrize("text", ["", "[", "[1]", "7", json.dumps({})])
def test_a_broken_note_of_the_tasks_in_hand_is_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "task.json"
    file.write_text(text)
    assert TasksInHand(file).all() == []


def test_replies_are_sent_while_the_loop_goes_on_and_a_failure_ends_nothing() -> None:
    sent: list[str] = []
    failures: list[int] = []
    release = threading.Event()

    def push(*, state: str) -> None:
        if not failures:
            raise LookupError(state)
        assert release.wait(10)
        sent.append(state)
        release.clear()

    sender = Sender(push, lambda: failures.append(1))
    for _ in range(3):
        sender(state="s")  # returns although nothing is there to be sent
    assert sent == []
    release.set()
    assert eventually(lambda: sent == ["s"])
    assert failures == [1]
