import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from flwr.proto.runtime_pb2 import AcquireTaskResponse
from flwr.proto.task_pb2 import Task

from fl_core.errors import CATALOGUE, ComputeFailed, NotTrusted, StudyUnusable
from fl_core.flower import turn
from fl_core.flower.answered import AnsweredRounds
from fl_core.flower.client_app import SiteWorker
from fl_core.flower.consent_check import GrantsFile, consented_grant, may_send
from fl_core.flower.proximal import proximal_term
from fl_core.flower.records import Packed, pack, shapes_of, unpack
from fl_core.flower.runner import waited
from fl_core.flower.runtime import CLIENT_TASK, SERVER_TASK, acquire
from fl_core.flower.strategies.registry import make_strategy, proximal_mu
from fl_core.flower.turn import RoundLate
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import SendPermission, SitePhase, StrategyChoice
from fl_core.protocol.plan import Grants
from fl_core.strategy_spec import FedProxParameters
from model.task_parameters import TaskParameters
from model.training.steps import ScheduleWindow, TrainHooks, train_network
from tests.support.flower import PARAMETERS, SESSION, eventually, make_grant, write_grants
from tests.support.site_worker import Hospital, in_background, long_training
from tests.support.tasks import write_brain_slice

torch.set_num_threads(1)

DEFAULT_MU = FedProxParameters().proximal_mu


@pytest.fixture
def hospital(tmp_path: Path) -> Hospital:
    return Hospital(tmp_path)


def test_a_round_scores_the_received_model_trains_and_replies(hospital: Hospital) -> None:
    hospital.agree()
    reply = hospital.answer()
    update = unpack(reply.packed, shapes_of(hospital.weights))
    assert any(not np.array_equal(update[name], hospital.weights[name]) for name in update)
    assert {"train_loss", "train_s", "score_s", "score_dice"} <= reply.metrics.keys()
    assert reply.num_examples == 4
    order = list(dict.fromkeys(hospital.phases()))
    assert order == [SitePhase.RECEIVED, SitePhase.SCORING, SitePhase.TRAINING, SitePhase.SENDING, SitePhase.SENT]
    receipt = hospital.events[-1].sent
    assert receipt is not None
    assert (receipt.bytes, receipt.sha256, receipt.tensors) == (
        len(reply.packed.data),
        reply.packed.sha256,
        len(update),
    )
    assert receipt.norm > 0


def test_a_score_that_is_no_number_is_none(hospital: Hospital, monkeypatch: pytest.MonkeyPatch) -> None:
    scores = {"dice": 0.5, "surface_mm": float("inf"), "loss": float("nan"), "none": None}
    monkeypatch.setattr(turn, "mean_metrics", lambda _: scores)
    hospital.agree()
    reply = hospital.answer()
    assert {name for name in reply.metrics if name.startswith("score_")} == {"score_s", "score_dice"}
    told = [event.metrics for event in hospital.events if event.metrics is not None]
    assert told == [{"score_dice": 0.5}]


def test_without_a_grants_file_everything_is_refused(hospital: Hospital) -> None:
    hospital.refused("consent.missing")
    assert hospital.phases() == [SitePhase.RECEIVED, SitePhase.WITHDRAWN]


def test_a_broken_grants_file_grants_nothing(hospital: Hospital) -> None:
    hospital.agree()
    hospital.grants.write_text(hospital.grants.read_text()[:-5])
    hospital.refused("consent.missing")


def test_grants_that_break_or_vanish_later_no_longer_grant_anything(hospital: Hospital) -> None:
    hospital.agree()
    grants = GrantsFile(hospital.grants)
    assert grants.read() is not None
    hospital.grants.write_text("{}")
    assert grants.read() is None
    hospital.agree()
    assert grants.read() is not None
    hospital.grants.unlink()
    assert grants.read() is None


def test_a_session_without_consent_is_refused(hospital: Hospital) -> None:
    hospital.agree()
    hospital.refused("consent.missing", session_id="session-other")


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"train": False}, "consent.missing"),
        ({"bundle_sha256": "1" * 64}, "consent.missing"),
        ({"valid_until": datetime.now(UTC) - timedelta(seconds=1)}, "consent.expired"),
        ({"send": SendPermission.NO}, "consent.send_refused"),
        ({"strategy": StrategyChoice(name="fedprox", parameters={"proximal_mu": 0.1})}, "consent.missing"),
    ],
)
def test_what_was_not_agreed_to_is_refused_before_training(
    hospital: Hospital, changes: dict[str, Any], code: str
) -> None:
    hospital.agree(**changes)
    hospital.refused(code)
    assert SitePhase.TRAINING not in hospital.phases()


def test_a_message_of_fewer_rounds_than_were_agreed_to_meanwhile_is_answered(hospital: Hospital) -> None:
    hospital.agree(rounds=9)
    assert hospital.answer(rounds=2).num_examples > 0


def test_sites_that_agreed_to_different_numbers_of_rounds_train_one_round_alike(tmp_path: Path) -> None:
    replies = []
    for agreed in (2, 10):
        hospital = Hospital(tmp_path / str(agreed))
        hospital.agree(rounds=agreed)
        replies.append(hospital.answer(round=2, rounds=10).packed)
    assert replies[0] == replies[1]


@pytest.mark.parametrize("number", [0, 3, -1])
def test_a_round_outside_of_what_was_agreed_is_refused_however_long_the_schedule(
    hospital: Hospital, number: int
) -> None:
    hospital.agree()
    hospital.refused("consent.missing", round=number)
    hospital.refused("consent.missing", round=number, rounds=10)
    assert SitePhase.TRAINING not in hospital.phases()


def test_a_round_beyond_the_end_of_its_schedule_is_refused(hospital: Hospital) -> None:
    hospital.agree(rounds=9)
    hospital.refused("consent.missing", round=3, rounds=2)


def test_the_gate_itself_lets_only_the_agreed_through() -> None:
    grant = make_grant([])
    grants = Grants(site_id="a", grants={SESSION: grant})
    assert consented_grant(grants, SESSION, 1, bundle_sha256()) == grant
    for given, session_id, number in ((None, SESSION, 1), (grants, "other", 1), (grants, SESSION, 3)):
        with pytest.raises(NotTrusted):
            consented_grant(given, session_id, number, bundle_sha256())
    with pytest.raises(NotTrusted):
        consented_grant(grants, SESSION, 1, "0" * 64)


def test_a_held_round_waits_for_its_own_release() -> None:
    ask = make_grant([], send=SendPermission.ASK, released_rounds=(2,), refused_rounds=(3,))
    assert [may_send(ask, number) for number in (1, 2, 3)] == [None, True, False]
    assert may_send(make_grant([], send=SendPermission.NO, released_rounds=(1,)), 1) is False


def poison(weights: dict[str, Any]) -> dict[str, Any]:
    name = next(iter(weights))
    bad = weights[name].copy()
    bad.flat[0] = np.nan
    return {**weights, name: bad}


@pytest.mark.parametrize(
    "hostile",
    [
        poison,
        lambda weights: {},
        lambda weights: {**weights, "extra": np.zeros(1_000_000, np.float32)},
        lambda weights: {name: np.zeros((*array.shape, 2), array.dtype) for name, array in weights.items()},
        lambda weights: {name: array.astype(np.float64) for name, array in weights.items()},
    ],
)
def test_a_hostile_model_is_refused_before_training(hospital: Hospital, hostile: Any) -> None:
    hospital.agree()
    hospital.refused("model.invalid", packed=pack(hostile(hospital.weights)))
    assert SitePhase.TRAINING not in hospital.phases()


def test_consent_withdrawn_during_training_stops_it_within_a_second_and_nothing_leaves(hospital: Hospital) -> None:
    hospital.studies = hospital.studies * 20
    hospital.agree(task_parameters=long_training())
    thread, results = in_background(hospital)
    assert eventually(lambda: any(e.phase is SitePhase.TRAINING and e.fraction > 0 for e in hospital.events))
    write_grants(hospital.grants)
    begun = time.monotonic()
    thread.join(10)
    assert time.monotonic() - begun < 1.0
    assert isinstance(results[0], NotTrusted)
    assert results[0].code == "consent.missing"
    assert SitePhase.SENT not in hospital.phases()
    assert hospital.phases()[-1] is SitePhase.WITHDRAWN


def test_a_study_withdrawn_during_training_ends_the_round_and_the_next_one_goes_on_without_it(
    hospital: Hospital,
) -> None:
    studies = hospital.studies
    hospital.studies = studies * 20
    hospital.agree(task_parameters=long_training())
    thread, results = in_background(hospital)
    assert eventually(lambda: any(e.phase is SitePhase.TRAINING and e.fraction > 0 for e in hospital.events))
    hospital.studies = studies[1:]
    hospital.agree()
    thread.join(5)
    assert results[0].code == "study.unusable"
    assert SitePhase.SENT not in hospital.phases()
    assert hospital.phases()[-1] is SitePhase.FAILED
    assert hospital.answer(round=2).num_examples == 4


def test_an_update_that_learned_from_a_study_withdrawn_since_never_leaves(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    thread, results = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    hospital.studies = hospital.studies[1:]
    hospital.agree(send=SendPermission.ASK, released_rounds=(1,))
    thread.join(5)
    assert results[0].code == "study.unusable"
    assert SitePhase.SENT not in hospital.phases()


@pytest.mark.parametrize("gone", range(6))
def test_a_withdrawal_takes_one_patient_out_and_no_other_changes_sides(hospital: Hospital, gone: int) -> None:
    before = hospital.worker.loaded_for(SESSION, make_grant(hospital.studies))
    path = hospital.studies.pop(gone)
    after = hospital.worker.loaded_for(SESSION, make_grant(hospital.studies, withdrawn=(str(path),)))
    for half in ("train", "holdout"):
        kept = [sample.name for sample in getattr(before, half) if sample.name != path.stem]
        assert [sample.name for sample in getattr(after, half)] == kept


@pytest.mark.parametrize("first", range(2, 5))
def test_a_further_agreement_moves_nobody_to_the_other_half(hospital: Hospital, first: int) -> None:
    paths = tuple(str(path) for path in hospital.studies[:first])
    before = hospital.worker.loaded_for(SESSION, make_grant(hospital.studies[:first]))
    after = hospital.worker.loaded_for(SESSION, make_grant(hospital.studies, earlier=(paths,)))
    for half in ("train", "holdout"):
        assert {one.name for one in getattr(before, half)} <= {one.name for one in getattr(after, half)}


def test_a_withdrawn_file_that_is_damaged_does_not_end_training(hospital: Hospital) -> None:
    path = hospital.studies.pop()
    path.write_bytes(b"not a study")
    hospital.agree(withdrawn=(str(path),))
    assert hospital.answer().num_examples == 4


def test_a_study_restored_during_a_round_does_not_end_it(hospital: Hospital) -> None:
    every = hospital.studies
    hospital.studies = every[1:]
    hospital.agree(send=SendPermission.ASK)
    thread, results = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    hospital.studies = every
    hospital.agree(send=SendPermission.ASK, released_rounds=(1,))
    thread.join(5)
    assert results[0].num_examples == 4


def test_training_ends_at_the_rounds_deadline(hospital: Hospital) -> None:
    hospital.studies = hospital.studies * 20
    hospital.agree(task_parameters=long_training())
    with pytest.raises(RoundLate):
        hospital.answer(deadline_s=1.0)


def test_a_round_takes_no_longer_than_the_site_signed_for(hospital: Hospital) -> None:
    hospital.studies = hospital.studies * 20
    hospital.agree(task_parameters=long_training(), round_deadline_s=1.0)
    with pytest.raises(RoundLate):
        hospital.answer(deadline_s=600.0)


def test_a_message_that_waited_here_past_its_deadline_is_answered_without_training(hospital: Hospital) -> None:
    hospital.agree()
    with pytest.raises(RoundLate):
        hospital.worker.answer(hospital.request(deadline_s=60.0), bundle_sha256(), waited_s=61.0)
    assert hospital.phases() == [SitePhase.RECEIVED, SitePhase.FAILED]
    assert hospital.worker.answer(hospital.request(deadline_s=60.0), bundle_sha256(), waited_s=1.0).num_examples == 4


@pytest.mark.parametrize(
    ("since", "seconds"),
    [
        ("2026-01-01T00:00:00+00:00", 90.0),
        ("2026-01-01T01:01:00+01:00", 30.0),
        ("2027-01-01T00:00:00+00:00", 0.0),
        ("2026-01-01T00:00:00", 0.0),
        ("", 0.0),
    ],
)
def test_how_long_a_message_waited_is_counted_from_its_arrival(since: str, seconds: float) -> None:
    assert waited(since, datetime(2026, 1, 1, 0, 1, 30, tzinfo=UTC)) == seconds


def test_a_claimed_task_tells_when_its_message_arrived() -> None:
    task = Task(task_id=3, run_id=7, type=CLIENT_TASK, pending_at="2026-01-01T00:00:00+00:00")
    client = SimpleNamespace(AcquireTask=lambda _: AcquireTaskResponse(task=task, token="t"))
    assert acquire(client, CLIENT_TASK) == ("3", "7", "t", "2026-01-01T00:00:00+00:00")
    assert acquire(client, SERVER_TASK) is None


def test_an_update_that_must_be_asked_for_leaves_only_after_its_release(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    thread, results = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    assert not results
    hospital.agree(send=SendPermission.ASK, released_rounds=(1,))
    thread.join(5)
    assert results[0].num_examples == 4
    assert hospital.phases()[-1] is SitePhase.SENT


def test_a_refused_update_never_leaves(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    thread, results = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    hospital.agree(send=SendPermission.ASK, refused_rounds=(1,))
    thread.join(5)
    assert results[0].code == "consent.send_refused"
    assert SitePhase.SENT not in hospital.phases()


def test_a_held_update_is_given_up_at_the_deadline(hospital: Hospital) -> None:
    hospital.agree(send=SendPermission.ASK)
    hospital.refused("federation.late", deadline_s=3.0)
    assert SitePhase.HELD in hospital.phases()


def test_a_round_asked_again_is_answered_from_memory(hospital: Hospital) -> None:
    hospital.agree()
    first = hospital.answer()
    trained = hospital.phases().count(SitePhase.TRAINING)
    assert hospital.answer() == first
    assert hospital.phases().count(SitePhase.TRAINING) == trained


def other_model(hospital: Hospital) -> Packed:
    return pack({name: array * np.array(1.1, array.dtype) for name, array in hospital.weights.items()})


def test_a_round_that_was_answered_is_not_answered_for_another_model(hospital: Hospital) -> None:
    hospital.agree()
    hospital.answer()
    before = hospital.phases()
    with pytest.raises(NotTrusted) as caught:
        hospital.answer(packed=other_model(hospital))
    assert caught.value.code == "round.answered_before"
    assert hospital.phases() == [*before, SitePhase.FAILED]
    assert hospital.answer(round=2, packed=other_model(hospital)).num_examples == 4


def test_another_schedule_draws_no_other_update_from_the_same_model(hospital: Hospital, tmp_path: Path) -> None:
    hospital.agree()
    hospital.worker.answered = AnsweredRounds(tmp_path / "answered.json")
    first = hospital.answer(rounds=2)
    assert hospital.answer(rounds=50) == first
    again = SiteWorker(
        grants=GrantsFile(hospital.grants),
        report=hospital.events.append,
        answered=AnsweredRounds(tmp_path / "answered.json"),
    )
    assert again.answer(hospital.request(rounds=50), bundle_sha256()).packed.sha256 == first.packed.sha256


def test_a_release_is_for_the_model_that_was_shown_and_no_restart_forgets_it(
    hospital: Hospital, tmp_path: Path
) -> None:
    hospital.agree(send=SendPermission.ASK)
    hospital.worker.answered = AnsweredRounds(tmp_path / "answered.json")
    thread, results = in_background(hospital)
    assert eventually(lambda: SitePhase.HELD in hospital.phases())
    hospital.agree(send=SendPermission.ASK, released_rounds=(1,))
    thread.join(5)
    assert results[0].num_examples == 4
    again = SiteWorker(
        grants=GrantsFile(hospital.grants),
        report=hospital.events.append,
        answered=AnsweredRounds(tmp_path / "answered.json"),
    )
    with pytest.raises(NotTrusted, match="another one"):
        again.answer(hospital.request(packed=other_model(hospital)), bundle_sha256())
    assert again.answer(hospital.request(), bundle_sha256()).num_examples == 4


def test_where_the_record_of_answered_rounds_is_broken_nothing_is_answered_and_the_site_says_why(
    hospital: Hospital, tmp_path: Path
) -> None:
    hospital.agree()
    (tmp_path / "answered.json").write_text("[1]")
    hospital.worker.answered = AnsweredRounds(tmp_path / "answered.json")
    for _ in range(2):
        with pytest.raises(ComputeFailed, match="cannot be read") as refused:
            hospital.answer()
        assert refused.value.code == "round.answers_unreadable"
    told = hospital.events[-1]
    assert (told.phase, told.code) == (SitePhase.FAILED, "round.answers_unreadable")
    assert "answered.json" in told.detail
    assert (tmp_path / "answered.json").read_text() == "[1]"


def test_data_that_cannot_be_read_is_an_error_with_a_code(hospital: Hospital) -> None:
    hospital.studies[0].write_bytes(b"not a study")
    hospital.agree()
    with pytest.raises(StudyUnusable):
        hospital.answer()


def test_a_study_list_that_changed_is_loaded_again(hospital: Hospital) -> None:
    hospital.agree()
    assert hospital.answer().num_examples == 4
    hospital.studies = hospital.studies[:3]
    hospital.agree()
    assert hospital.answer(round=2).num_examples == 2


def test_data_is_prepared_before_the_first_round_only_with_a_grant(hospital: Hospital) -> None:
    assert not hospital.worker.prepare()
    hospital.agree(train=False)
    assert not hospital.worker.prepare()
    hospital.agree()
    assert hospital.worker.prepare()
    assert not hospital.worker.prepare()


def test_fedprox_holds_the_site_near_the_received_model(hospital: Hospital) -> None:
    norms = {}
    for mu in (0.0, 10.0):
        strategy = StrategyChoice(name="fedprox", parameters={"proximal_mu": mu})
        hospital.agree(strategy=strategy, task_parameters={**PARAMETERS, "local_epochs": 10})
        hospital.answer(proximal_mu=mu)
        receipt = hospital.events[-1].sent
        assert receipt is not None
        norms[mu] = receipt.norm
    assert norms[10.0] < 0.8 * norms[0.0]


def test_fedprox_with_mu_0_is_fedavg_bit_for_bit(hospital: Hospital) -> None:
    updates = []
    for strategy in (StrategyChoice(name="fedavg"), StrategyChoice(name="fedprox", parameters={"proximal_mu": 0.0})):
        hospital.agree(strategy=strategy)
        reply = hospital.answer(proximal_mu=proximal_mu(strategy))
        hospital.worker.release()
        server = make_strategy(strategy)
        for packed, weight in ((reply.packed, 3.0), (pack(hospital.weights), 7.0)):
            server.accumulate(unpack(packed, shapes_of(hospital.weights)), weight)
        updates.append((reply.packed, pack(server.result())))
    assert updates[0] == updates[1]


def spread_of_updates(hospitals: list[Hospital], mu: float) -> float:
    """Return the root mean square distance of the sites' updates from their mean."""
    strategy = StrategyChoice(name="fedprox", parameters={"proximal_mu": mu})
    flat = []
    for hospital in hospitals:
        hospital.agree(strategy=strategy, task_parameters={**PARAMETERS, "local_epochs": 6})
        update = unpack(hospital.answer(proximal_mu=mu, deadline_s=600.0).packed, shapes_of(hospital.weights))
        flat.append(np.concatenate([np.ravel(update[name]).astype(np.float64) for name in sorted(update)]))
    away = np.stack(flat) - np.mean(flat, axis=0)
    return float(np.sqrt((away**2).sum(axis=1).mean()))


def test_the_larger_mu_is_the_closer_together_the_sites_stay(tmp_path: Path) -> None:
    """Three sites with other slices, and very unequal numbers of them."""
    hospitals = [Hospital(tmp_path / name) for name in "abc"]
    for number, (hospital, copies) in enumerate(zip(hospitals, (1, 2, 4), strict=True)):
        folder = hospital.grants.parent
        hospital.studies = [
            write_brain_slice(folder / f"{n}.npz", seed=100 * number + n, patient=f"p{n}") for n in range(3 * copies)
        ]
    spreads = [spread_of_updates(hospitals, mu) for mu in (0.0, DEFAULT_MU, 1.0, 10.0)]
    assert spreads == sorted(spreads, reverse=True)
    assert spreads[1] < 0.97 * spreads[0]
    assert spreads[3] < 0.5 * spreads[0]


def test_training_with_the_term_ends_at_the_minimum_of_both_losses() -> None:
    """The term is in the gradient that is clipped and given to the optimiser, not beside it."""

    class OneNumber(torch.nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.value = torch.nn.Parameter(torch.tensor(1.0))

    network = OneNumber()
    train_network(
        network,
        lambda net, *_: (net.value - 4.0).square(),
        n_samples=4,
        parameters=TaskParameters(local_epochs=50, learning_rate=0.3, weight_decay=0.0, grad_clip=0.1),
        schedule=ScheduleWindow(),
        seed=0,
        hooks=TrainHooks(extra_loss=proximal_term(network, {"value"}, mu=2.0)),
    )
    assert float(network.value.detach()) == pytest.approx((2 * 4 + 2 * 1) / (2 + 2), abs=0.02)


def test_the_proximal_term_is_half_mu_times_the_squared_distance_of_shared_parameters() -> None:
    network = torch.nn.Linear(3, 2)
    term = proximal_term(network, {"weight"}, mu=0.5)
    assert term is not None
    assert term(network).item() == 0
    with torch.no_grad():
        network.weight.add_(2.0)
        network.bias.add_(100.0)
    loss = term(network)
    assert loss.item() == pytest.approx(0.5 * 0.5 * 6 * 4.0)
    loss.backward()  # type: ignore[no-untyped-call]  # torch's own annotation
    assert network.weight.grad is not None
    assert torch.allclose(network.weight.grad, torch.full((2, 3), 0.5 * 2.0))
    assert network.bias.grad is None
    assert proximal_term(network, {"weight"}, mu=0.0) is None


def test_every_code_that_leaves_a_site_is_in_the_catalogue() -> None:
    codes = {"consent.missing", "consent.expired", "consent.send_refused", "federation.late", "model.invalid"}
    assert codes | {ComputeFailed.code, StudyUnusable.code, "protocol.mismatch"} <= set(CATALOGUE)
