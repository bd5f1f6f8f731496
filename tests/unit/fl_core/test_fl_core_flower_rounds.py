import errno
import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pytest
from flwr.app import ArrayRecord, MetricRecord, RecordDict
from flwr.serverapp.strategy.strategy_utils import aggregate_arrayrecords
from numpy.typing import NDArray
from pydantic import ValidationError

from fl_core.errors import InvalidInput, PeerUnreachable
from fl_core.flower import progress_file
from fl_core.flower.checkpoints import newest_record, weights_path
from fl_core.flower.exchange import RoundReply, RoundRequest, SiteAnswer
from fl_core.flower.records import pack, shapes_of, unpack
from fl_core.flower.reporting import EventLog, Hints
from fl_core.flower.rounds import Outcome, RoundLoop, choose_sites
from fl_core.flower.strategies.fedavg import FedAvg
from fl_core.flower.strategies.registry import BUILDERS, make_strategy, proximal_mu
from fl_core.flower.updates import SMALLEST_BOUND, TIMES_THE_MODEL
from fl_core.protocol.messages import StrategyChoice
from fl_core.protocol.plan import PlannedSite, RoundRecord, ServerEvent, SessionControl, SessionPlan
from fl_core.strategy_spec import STRATEGIES
from model.io.weights import content_hash, load_arrays, save_arrays

Arrays = dict[str, NDArray[np.generic]]
Behaviour = Callable[[RoundRequest, Arrays], RoundReply | tuple[int, str] | None]
START: Arrays = {"w": np.zeros(4, np.float32), "steps": np.array(0, np.int64)}


def adds(value: float, examples: int = 1) -> Behaviour:
    """Return a site whose training adds a number to every weight."""

    def train(_: RoundRequest, received: Arrays) -> RoundReply:
        update: Arrays = {
            "w": (received["w"].astype(np.float32) + np.float32(value)).astype(np.float32),
            "steps": np.array(int(received["steps"]) + 1),
        }
        metrics = {"train_loss": value, "train_s": 0.5, "score_s": 0.25, "score_dice": value / 2}
        return RoundReply(packed=pack(update), metrics=metrics, num_examples=examples)

    return train


class Clock:
    """Time that passes only while the loop waits."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class MemoryLink:
    """Sites in memory; a behaviour a site, answering at the next receive."""

    def __init__(self, clock: Clock, sites: Mapping[str, Behaviour]) -> None:
        self.clock, self.sites = clock, dict(sites)
        self.marks = dict.fromkeys(sites, "1")
        self.sent: list[tuple[int, str]] = []
        self.answers: list[SiteAnswer] = []
        self.asked: list[tuple[int, int, tuple[str, ...]]] = []
        self.known: list[str] = []
        self.on_receive: Callable[[], None] = lambda: None

    def present(self) -> Mapping[str, str]:
        return dict(self.marks)

    def know(self, sites: tuple[PlannedSite, ...]) -> None:
        self.known = [site.site_id for site in sites]

    def send(self, request: RoundRequest, site_ids: list[str]) -> None:
        self.asked.append((request.round, request.rounds, tuple(site_ids)))
        for site_id in site_ids:
            self.sent.append((request.round, site_id))
            done = self.sites[site_id](request, unpack(request.packed, shapes_of(START)))
            if isinstance(done, RoundReply):
                self.answers.append(SiteAnswer(site_id=site_id, round=request.round, reply=done))
            elif done is not None:
                code = done[1]
                self.answers.append(SiteAnswer(site_id=site_id, round=request.round, error_number=done[0], code=code))

    def receive(self, timeout_s: float) -> list[SiteAnswer]:
        self.on_receive()
        self.clock.now += timeout_s
        answers, self.answers = self.answers, []
        return answers


class Session:
    """A session folder with a loop over sites in memory."""

    def __init__(self, folder: Path, sites: Mapping[str, Behaviour], **plan: object) -> None:
        self.folder = folder
        self.clock = Clock()
        self.link = MemoryLink(self.clock, sites)
        save_arrays(folder / "initial.safetensors", START)
        values: dict[str, object] = {
            "session_id": "session-a",
            "task": "brain-segmentation",
            "task_parameters": {},
            "network": {"name": "unet_2d"},
            "strategy": StrategyChoice(name="fedavg"),
            "rounds": 2,
            "quorum": len(sites),
            "round_deadline_s": 30.0,
            "sites": tuple(PlannedSite(site_id=one, name=one, node_id="1") for one in sites),
            "initial_model": str(folder / "initial.safetensors"),
            "offer_sha256": {},
        }
        self.plan = SessionPlan.model_validate({**values, **plan})

    def run(self) -> Outcome:
        log = EventLog(self.folder / "progress.jsonl", Hints("", ""))
        loop = RoundLoop(
            plan=self.plan,
            folder=self.folder,
            link=self.link,
            report=lambda event: log.append(event.session_id, event),
            run_id="1",
            reread=lambda: self.plan,
            clock=self.clock,
        )
        return loop.run()

    def control(self, **wishes: object) -> None:
        control = SessionControl.model_validate(wishes)
        (self.folder / "control.json").write_text(control.model_dump_json())

    def events(self) -> list[ServerEvent]:
        lines = (self.folder / "progress.jsonl").read_text().splitlines()
        return [ServerEvent.model_validate_json(line) for line in lines]

    def weights(self, number: int) -> Arrays:
        return load_arrays(weights_path(self.folder, number))


def test_every_round_is_the_weighted_mean_and_is_recorded(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0, 1), "b": adds(3.0, 3)})
    assert session.run() == Outcome("completed", 2)
    assert session.weights(1)["w"].tolist() == [2.5] * 4
    assert session.weights(2)["w"].tolist() == [5.0] * 4
    assert session.weights(2)["steps"] == 2
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert {update.site_id: update.num_examples for update in record.updates} == {"a": 1, "b": 3}
    assert record.metrics == {"train_loss": 2.5, "score_dice": 1.25}
    assert record.total_s == pytest.approx(record.push_s + record.wait_s + record.aggregate_s + record.checkpoint_s)
    assert record.overhead_s == pytest.approx(record.total_s - 0.75)
    assert [event.seq for event in session.events()] == list(range(1, len(session.events()) + 1))


def scores(value: float, examples: int) -> Behaviour:
    """Return a site that trains nothing and reports a score of its own."""

    def train(_: RoundRequest, received: Arrays) -> RoundReply:
        return RoundReply(packed=pack(received), metrics={"score_nrmse": value}, num_examples=examples)

    return train


def test_a_mean_that_is_no_number_is_left_out_and_the_rounds_record_can_be_read_again(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": scores(1e308, 5), "b": adds(1.0)}, rounds=1)
    assert session.run() == Outcome("completed", 1)
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert record.metrics == {"train_loss": 1.0, "score_dice": 0.5}
    assert next(event for event in session.events() if event.type == "round_closed").record == record


@pytest.mark.parametrize("value", [float("inf"), float("nan")])
def test_a_record_that_json_cannot_hold_is_refused_before_it_is_written(tmp_path: Path, value: float) -> None:
    Session(tmp_path, {"a": adds(1.0)}, rounds=1).run()
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    with pytest.raises(ValidationError, match="finite"):
        RoundRecord.model_validate({**record.model_dump(), "metrics": {"score_nrmse": value}})


def planned(**studies: int | None) -> list[PlannedSite]:
    """Return sites by the number of studies that each agreed to train with."""
    return [PlannedSite(site_id=one, name=one, node_id="1", studies=count) for one, count in studies.items()]


def test_a_site_weighs_no_more_than_the_studies_it_agreed_to_train_with(tmp_path: Path) -> None:
    honest = {name: adds(1.0, 12) for name in "abc"}
    session = Session(tmp_path, {**honest, "d": adds(1001.0, 100_000)}, rounds=1, max_update_norm=1e4)
    further(session, sites=planned(a=12, b=15, c=12, d=12))
    assert session.run().ending == "completed"
    assert session.weights(1)["w"].tolist() == [251.0] * 4
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    counted = {update.site_id: (update.num_examples, update.reported_examples) for update in record.updates}
    assert counted == {"a": (12, None), "b": (12, None), "c": (12, None), "d": (12, 100_000)}
    assert record.metrics["train_loss"] == 251.0


def test_a_site_that_agreed_to_more_studies_weighs_more_from_the_next_round_on(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(0.0, 10), "b": adds(4.0, 30)}, rounds=2)
    further(session, sites=planned(a=10, b=10))
    session.link.on_receive = lambda: further(session, sites=planned(a=10, b=30))
    assert session.run().ending == "completed"
    assert session.weights(1)["w"].tolist() == [2.0] * 4
    assert session.weights(2)["w"].tolist() == [5.0] * 4


def test_a_site_that_agreed_to_no_study_counts_as_one_and_an_older_plan_bounds_nothing(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(0.0, 5), "b": adds(4.0, 3)}, rounds=1)
    further(session, sites=planned(a=0, b=None))
    assert session.run().ending == "completed"
    assert session.weights(1)["w"].tolist() == [3.0] * 4


def test_the_mean_equals_flowers_own() -> None:
    random = np.random.default_rng(3)
    updates = [
        ({"a": random.normal(size=(5, 3)).astype(np.float32), "b": random.normal(size=7).astype(np.float32)}, count)
        for count in (1, 17, 250, 3)
    ]
    ours = FedAvg()
    ours.begin({}, None)
    for update, count in updates:
        ours.accumulate(update, float(count))
    records = [
        RecordDict({"arrays": ArrayRecord(list(update.values())), "metrics": MetricRecord({"num-examples": count})})
        for update, count in updates
    ]
    theirs = aggregate_arrayrecords(records, "num-examples").to_numpy_ndarrays()
    for mine, other in zip(ours.result().values(), theirs, strict=True):
        np.testing.assert_allclose(mine.astype(np.float32), other, rtol=1e-6, atol=1e-6)


def test_a_mean_of_nothing_is_refused() -> None:
    empty = FedAvg()
    empty.begin({}, None)
    with pytest.raises(InvalidInput):
        empty.result()


def test_every_declared_strategy_can_be_made() -> None:
    assert set(BUILDERS) == set(STRATEGIES)
    for name in STRATEGIES:
        make_strategy(StrategyChoice(name=name))
    fedprox = StrategyChoice(name="fedprox", parameters={"proximal_mu": 0.5})
    assert proximal_mu(fedprox) == 0.5
    assert proximal_mu(StrategyChoice(name="fedavg")) == 0


def with_momentum(momentum: float) -> StrategyChoice:
    return StrategyChoice(name="fedavgm", parameters={"server_momentum": momentum})


def test_with_momentum_a_round_also_goes_on_in_the_direction_of_the_one_before(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(0.5), "b": adds(1.5)}, rounds=3, strategy=with_momentum(0.5))
    assert session.run() == Outcome("completed", 3)
    assert [session.weights(number)["w"].tolist() for number in (1, 2, 3)] == [[1.0] * 4, [2.5] * 4, [4.25] * 4]
    assert session.weights(3)["steps"] == 3


@pytest.mark.parametrize("closed", [1, 2])
def test_a_session_that_was_paused_keeps_its_momentum(tmp_path: Path, closed: int) -> None:
    plan = {"strategy": with_momentum(0.5), "rounds": 4}
    folders = [tmp_path / name for name in ("whole", "paused")]
    for folder in folders:
        folder.mkdir()
    assert Session(folders[0], {"a": adds(0.1)}, **plan).run().ending == "completed"
    assert Session(folders[1], {"a": adds(0.1)}, **{**plan, "rounds": closed}).run().ending == "completed"
    assert Session(folders[1], {"a": adds(0.1)}, **plan).run() == Outcome("completed", 4)
    whole, paused = (content_hash(weights_path(folder, 4)) for folder in folders)
    assert paused == whole


@pytest.mark.parametrize(("closed", "gone"), [(2, "round-0001.safetensors"), (1, "initial.safetensors")])
def test_without_the_model_before_the_momentum_begins_anew(tmp_path: Path, closed: int, gone: str) -> None:
    strategy = with_momentum(0.5)
    first = Session(tmp_path, {"a": adds(1.0)}, rounds=closed, strategy=strategy)
    first.run()
    again = Session(tmp_path, {"a": adds(1.0)}, rounds=closed + 1, strategy=strategy)
    (tmp_path / gone).write_bytes(b"damaged")
    assert again.run().ending == "completed"
    assert again.weights(closed + 1)["w"].tolist() == [again.weights(closed)["w"][0] + 1.0] * 4


def test_momentum_0_is_fedavg(tmp_path: Path) -> None:
    for name, strategy in (("avg", StrategyChoice(name="fedavg")), ("avgm", with_momentum(0.0))):
        (tmp_path / name).mkdir()
        Session(tmp_path / name, {"a": adds(0.1, 3), "b": adds(0.7, 4)}, rounds=3, strategy=strategy).run()
    assert content_hash(weights_path(tmp_path / "avg", 3)) == content_hash(weights_path(tmp_path / "avgm", 3))


def test_the_session_goes_on_after_the_newest_checkpoint(tmp_path: Path) -> None:
    first = Session(tmp_path, {"a": adds(1.0)}, rounds=4)
    first.control(pause_after_round=True)
    assert first.run() == Outcome("paused", 1)
    (tmp_path / "control.json").unlink()
    again = Session(tmp_path, {"a": adds(1.0)}, rounds=4)
    assert again.run() == Outcome("completed", 4)
    assert [number for number, _ in again.link.sent] == [2, 3, 4]
    assert again.weights(4)["w"].tolist() == [4.0] * 4
    seqs = [event.seq for event in again.events()]
    assert seqs == sorted(set(seqs))


def test_a_checkpoint_that_is_not_whole_is_passed_over(tmp_path: Path) -> None:
    Session(tmp_path, {"a": adds(1.0)}, rounds=2).run()
    weights_path(tmp_path, 2).write_bytes(b"torn")
    again = Session(tmp_path, {"a": adds(1.0)}, rounds=2)
    assert again.run() == Outcome("completed", 2)
    assert [number for number, _ in again.link.sent] == [2]
    (tmp_path / "round-0002.json").write_text("{")
    assert newest_record(tmp_path, "session-a") is not None
    assert newest_record(tmp_path, "session-of-another") is None


def silent(_: RoundRequest, __: Arrays) -> None:
    return None


def test_a_round_closes_at_its_deadline_with_the_quorum_and_names_who_is_missing(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": silent}, rounds=1, quorum=1)
    begun = session.clock.now
    assert session.run().ending == "completed"
    assert 30 <= session.clock.now - begun < 31
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert record.missing == {"b": "federation.late"}


def test_below_the_quorum_the_session_fails_and_keeps_its_checkpoints(tmp_path: Path) -> None:
    def once(request: RoundRequest, received: Arrays) -> RoundReply | None:
        answer = adds(1.0)(request, received)
        return answer if request.round == 1 and isinstance(answer, RoundReply) else None

    session = Session(tmp_path, {"a": adds(1.0), "b": once})
    outcome = session.run()
    assert (outcome.ending, outcome.round, outcome.code) == ("failed", 2, "federation.quorum_missed")
    assert outcome.detail.startswith("1 update came, 2 are needed. b: ")
    assert "federation.late" not in outcome.detail
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert record.round == 1


def test_combine_now_closes_the_named_round_once_the_quorum_is_met(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": silent}, rounds=1, quorum=1)
    session.control(combine_now=1)
    begun = session.clock.now
    assert session.run().ending == "completed"
    assert session.clock.now - begun < 1


def test_combine_now_does_not_close_a_round_below_the_quorum(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": silent}, rounds=1, quorum=2)
    session.control(combine_now=1)
    assert session.run().code == "federation.quorum_missed"


def test_stop_ends_the_waiting_at_once(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": silent})
    session.link.on_receive = lambda: session.control(stop=True)
    begun = session.clock.now
    assert session.run().ending == "stopped"
    assert session.clock.now - begun < 1
    assert session.events()[-1].type == "stopped"


def test_a_withdrawn_site_is_no_longer_waited_for_nor_chosen(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": silent}, quorum=1)
    session.link.on_receive = lambda: session.control(withdrawn=["b"])
    begun = session.clock.now
    assert session.run().ending == "completed"
    assert session.clock.now - begun < 2
    assert session.link.sent == [(1, "a"), (1, "b"), (2, "a")]


@pytest.mark.parametrize("number", [3, 4, 5, 8])
def test_a_lost_message_is_sent_again_when_the_site_is_online(tmp_path: Path, number: int) -> None:
    tries: list[int] = []

    def flaky(request: RoundRequest, received: Arrays) -> RoundReply | tuple[int, str] | None:
        tries.append(1)
        return adds(1.0)(request, received) if len(tries) == 3 else (number, "peer.unreachable")

    session = Session(tmp_path, {"a": flaky}, rounds=1)
    assert session.run().ending == "completed"
    assert [event.type for event in session.events()].count("resent") == 2


def test_a_restarted_node_gets_its_message_again(tmp_path: Path) -> None:
    calls: list[int] = []

    def forgetful(request: RoundRequest, received: Arrays) -> RoundReply | tuple[int, str] | None:
        calls.append(1)
        return adds(1.0)(request, received) if len(calls) == 2 else None

    session = Session(tmp_path, {"a": forgetful}, rounds=1)
    session.link.on_receive = lambda: session.link.marks.update(a="2")
    assert session.run().ending == "completed"
    assert len(calls) == 2


def test_a_message_that_is_sent_again_carries_the_time_that_is_left(tmp_path: Path) -> None:
    given: list[tuple[float, float]] = []

    def forgetful(request: RoundRequest, received: Arrays) -> RoundReply | tuple[int, str] | None:
        given.append((session.clock.now, request.deadline_s))
        return adds(1.0)(request, received) if len(given) == 3 else (3, "peer.unreachable")

    session = Session(tmp_path, {"a": forgetful}, rounds=1)
    begun = session.clock.now

    def slowly() -> None:
        session.clock.now += 10.0

    session.link.on_receive = slowly
    assert session.run().ending == "completed"
    assert [left_s for _, left_s in given] == [begun + 30.0 - at for at, _ in given]
    assert given[-1][1] < 10.0


def test_an_offline_site_is_not_flooded(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": lambda *_: (5, "peer.unreachable")}, rounds=1)
    session.link.marks.clear()
    assert session.run().code == "federation.quorum_missed"
    assert len(session.link.sent) == 1


def test_a_refusing_site_is_not_asked_again_in_the_round(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": lambda *_: (6, "consent.missing")}, rounds=1, quorum=1)
    assert session.run().ending == "completed"
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert record.missing == {"b": "consent.missing"}
    assert len(session.link.sent) == 2


def test_a_poisoned_update_is_left_out(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": adds(float("nan"))}, rounds=1, quorum=1)
    assert session.run().ending == "completed"
    assert session.weights(1)["w"].tolist() == [1.0] * 4
    rejected = [event for event in session.events() if event.type == "update_rejected"]
    assert [(event.site_id, event.code) for event in rejected] == [("b", "federation.update_rejected")]


@pytest.mark.parametrize(
    ("start", "chosen", "bound", "missing"),
    [
        (0.0, None, SMALLEST_BOUND, {"b": "federation.update_too_large"}),
        (0.0, 1e4, 1e4, {}),
        (1000.0, None, TIMES_THE_MODEL * 2000.0, {}),
        (1000.0, 500.0, 500.0, {"b": "federation.update_too_large"}),
    ],
)
def test_the_bound_on_updates_follows_the_model_of_the_round_unless_the_plan_says_another(
    tmp_path: Path, start: float, chosen: float | None, bound: float, missing: dict[str, str]
) -> None:
    session = Session(tmp_path, {"a": adds(4.0), "b": adds(1000.0)}, rounds=1, quorum=1, max_update_norm=chosen)
    save_arrays(tmp_path / "initial.safetensors", {**START, "w": np.full(4, start, np.float32)})
    assert session.run().ending == "completed"
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert (record.max_update_norm, record.missing) == (bound, missing)


def test_a_second_answer_of_a_site_does_not_count_twice(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": adds(3.0)}, rounds=1)
    session.link.on_receive = lambda: session.link.answers.extend(session.link.answers[:1])
    assert session.run().ending == "completed"
    assert session.weights(1)["w"].tolist() == [2.0] * 4


@pytest.mark.parametrize("error", [0, 2])
def test_what_a_late_site_answers_to_a_closed_round_says_nothing_in_the_next(tmp_path: Path, error: int) -> None:
    def late(request: RoundRequest, received: Arrays) -> RoundReply | None:
        answer = adds(3.0)(request, received)
        assert isinstance(answer, RoundReply)
        if request.round == 2:
            return answer
        code = "compute.failed" if error else ""
        stale.append(
            SiteAnswer(site_id="b", round=1, reply=None if error else answer, error_number=error, code=code)
        )  # fmt: skip
        return None

    stale: list[SiteAnswer] = []
    session = Session(tmp_path, {"a": adds(1.0), "b": late}, quorum=1)
    present = session.link.present

    def in_the_second_round() -> Mapping[str, str]:
        if session.link.asked and session.link.asked[-1][0] == 1 and weights_path(tmp_path, 1).exists():
            session.link.answers[:0] = stale
        return present()

    session.link.present = in_the_second_round  # type: ignore[method-assign]
    assert session.run().ending == "completed"
    assert session.weights(1)["w"].tolist() == [1.0] * 4
    assert session.weights(2)["w"].tolist() == [3.0] * 4
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert record.missing == {}


def test_too_few_sites_that_are_left_end_the_session_with_that_code(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": adds(1.0)})
    session.control(suspended=["b"])
    assert session.run().code == "session.too_few_sites"


def test_a_lost_engine_is_not_an_end_of_the_session(tmp_path: Path) -> None:
    def lose() -> None:
        message = "gone"
        raise PeerUnreachable(message, code="federation.engine_lost")

    session = Session(tmp_path, {"a": silent})
    session.link.on_receive = lose
    with pytest.raises(PeerUnreachable):
        session.run()
    assert session.events()[-1].type == "pushed"


def full_disk(*_: object, **__: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


@pytest.mark.parametrize("what", ["save_arrays", "checkpoints.write_record"])
def test_a_full_disk_at_a_checkpoint_ends_the_session_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    session = Session(tmp_path, {"a": adds(1.0)})
    session.control(pause_after_round=True)
    assert session.run() == Outcome("paused", 1)
    (tmp_path / "control.json").unlink()
    monkeypatch.setattr(f"fl_core.flower.rounds.{what}", full_disk)
    outcome = session.run()
    assert (outcome.ending, outcome.round, outcome.code) == ("failed", 2, "storage.disk_full")
    assert (session.events()[-1].type, session.events()[-1].code) == ("failed", "storage.disk_full")
    record = newest_record(tmp_path, "session-a")
    assert record is not None
    assert record.round == 1


@pytest.mark.parametrize("lines", [0, 3, 6])
def test_a_disk_that_takes_no_line_of_progress_ends_the_session_with_its_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: int
) -> None:
    left = [lines]

    def append(path: Path, line: bytes) -> None:
        left[0] -= 1
        full_disk() if left[0] < 0 else progress_file.append_line(path, line)

    monkeypatch.setattr("fl_core.flower.reporting.append_line", append)
    session = Session(tmp_path, {"a": adds(1.0)}, rounds=1)
    outcome = session.run()
    assert (outcome.ending, outcome.code) == ("failed", "storage.disk_full")


def test_a_fraction_is_drawn_anew_each_round_and_reproducibly(tmp_path: Path) -> None:
    plan = Session(tmp_path, {f"s{n}": adds(1.0) for n in range(10)}, quorum=2, fraction=0.3).plan
    draws = [tuple(choose_sites(plan, SessionControl(), number)) for number in range(1, 9)]
    assert all(len(draw) == 3 for draw in draws)
    assert len(set(draws)) > 3
    assert draws == [tuple(choose_sites(plan, SessionControl(), number)) for number in range(1, 9)]


def test_a_torn_progress_line_does_not_swallow_the_next(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0)}, rounds=1)
    session.run()
    path = tmp_path / "progress.jsonl"
    newest = session.events()[-1]
    with path.open("a") as stream:
        stream.write('{"seq": ')
    EventLog(path, Hints("", "")).append("session-a", newest)
    assert json.loads(path.read_text().splitlines()[-1])["seq"] == newest.seq + 1


def test_the_end_of_a_long_progress_file_tells_its_last_number(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    session = Session(tmp_path, {"a": adds(1.0)}, rounds=3, quorum=1)
    session.run()
    path, newest = tmp_path / "progress.jsonl", session.events()[-1]
    monkeypatch.setattr(progress_file, "TAIL_BYTES", len(path.read_bytes().splitlines()[-1]) + 20)
    EventLog(path, Hints("", "")).append("session-a", newest)
    assert [event.seq for event in session.events()][-2:] == [newest.seq, newest.seq + 1]


def further(session: Session, **changes: object) -> None:
    """Change the plan as the daemon does, between two rounds."""
    session.plan = SessionPlan.model_validate({**session.plan.model_dump(), **changes})


def test_a_changed_plan_is_taken_from_the_next_round_on(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0, 1), "b": adds(3.0, 3)}, rounds=1, quorum=1)
    first = tuple(site for site in session.plan.sites if site.site_id == "a")
    both = session.plan.sites
    further(session, sites=first)
    session.link.on_receive = lambda: further(session, rounds=2, sites=both)
    assert session.run() == Outcome("completed", 2)
    assert session.link.sent == [(1, "a"), (2, "a"), (2, "b")]
    assert session.link.known == ["a", "b"]


def test_a_site_trains_no_more_rounds_than_it_agreed_to_and_all_of_a_round_train_on_one_schedule(
    tmp_path: Path,
) -> None:
    session = Session(tmp_path, {"a": adds(1.0, 1), "b": adds(3.0, 3)}, rounds=2, quorum=1)
    agreed = [
        PlannedSite(site_id="a", name="a", node_id="1", rounds=1),
        PlannedSite(site_id="b", name="b", node_id="1", rounds=9),
    ]
    further(session, sites=agreed)
    assert session.run() == Outcome("completed", 2)
    assert session.link.asked == [(1, 2, ("a", "b")), (2, 2, ("b",))]


def test_an_extension_moves_the_schedule_of_every_site_also_of_one_that_has_not_agreed_to_it(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0, 1), "b": adds(3.0, 3)}, rounds=3, quorum=2)
    agreed = [
        PlannedSite(site_id="a", name="a", node_id="1", rounds=10),
        PlannedSite(site_id="b", name="b", node_id="1", rounds=3),
    ]
    session.link.on_receive = lambda: further(session, rounds=10, sites=agreed)
    assert session.run() == Outcome("paused", 3, "session.awaits_consent")
    assert session.link.asked == [(1, 3, ("a", "b")), (2, 10, ("a", "b")), (3, 10, ("a", "b"))]


def test_a_message_that_is_sent_again_names_the_schedule_that_the_round_began_with(tmp_path: Path) -> None:
    tries: list[int] = []

    def flaky(request: RoundRequest, received: Arrays) -> RoundReply | tuple[int, str] | None:
        tries.append(1)
        return adds(1.0)(request, received) if len(tries) > 1 else (3, "peer.unreachable")

    session = Session(tmp_path, {"a": flaky}, rounds=2)
    further(session, sites=[PlannedSite(site_id="a", name="a", node_id="1", rounds=1)])
    assert session.run().ending == "paused"
    assert session.link.asked == [(1, 2, ("a",)), (1, 2, ("a",))]


def test_a_session_pauses_when_too_few_have_agreed_to_a_further_round(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0, 1)}, rounds=3, quorum=1)
    further(session, sites=[PlannedSite(site_id="a", name="a", node_id="1", rounds=1)])
    assert session.run() == Outcome("paused", 1, "session.awaits_consent")
    assert [event.type for event in session.events()][-2:] == ["round_closed", "paused"]


def test_a_session_with_too_few_sites_waits_for_those_that_were_asked(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0), "b": adds(1.0)}, rounds=2, quorum=2)
    first = tuple(site for site in session.plan.sites if site.site_id == "a")

    def leave_one_out() -> None:
        further(session, sites=first)
        session.control(awaits_answers=True)

    session.link.on_receive = leave_one_out
    assert session.run() == Outcome("paused", 1, "session.awaits_consent")
    assert session.link.sent == [(1, "a"), (1, "b")]


def test_a_plan_that_would_train_something_else_is_not_taken(tmp_path: Path) -> None:
    session = Session(tmp_path, {"a": adds(1.0, 1)}, rounds=1)
    session.link.on_receive = lambda: further(session, rounds=5, network={"name": "other"})
    assert session.run() == Outcome("completed", 1)
