import json

import numpy as np
import pytest
from flwr.app import Message
from flwr.app.error import Error
from flwr.supercore.task_identity import TaskIdentity
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from fl_core.errors import CATALOGUE, InvalidInput
from fl_core.flower.exchange import RoundReply, RoundRequest
from fl_core.flower.messages import (
    LARGEST_EXAMPLES,
    read_answer,
    read_request,
    reply_message,
    request_content,
    round_message,
)
from fl_core.flower.records import DTYPES, Packed, distance, pack, shapes_of, unpack
from fl_core.flower.updates import SMALLEST_BOUND, TIMES_THE_MODEL, checked_update, usual_bound
from model.tasks import load_task

WEIGHTS: dict[str, NDArray[np.generic]] = {
    "layer.weight": np.arange(12, dtype=np.float32).reshape(3, 4),
    "layer.steps": np.array(7, np.int64),
    "empty": np.zeros((0, 3), np.float32),
}


@pytest.fixture(autouse=True)
def flower_task(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("_run_id", "_task_id", "_node_id"):
        monkeypatch.setattr(TaskIdentity, name, 1)


@pytest.fixture
def round_request() -> RoundRequest:
    return RoundRequest(
        session_id="session-a", round=3, rounds=5, proximal_mu=0.1, deadline_s=60.0, packed=pack(WEIGHTS)
    )


def reply(arrays: dict[str, NDArray[np.generic]], examples: int = 3, **metrics: float) -> RoundReply:
    return RoundReply(packed=pack(arrays), metrics=metrics, num_examples=examples)


def test_arrays_come_back_as_they_were() -> None:
    back = unpack(pack(WEIGHTS), shapes_of(WEIGHTS))
    assert {name: (a.dtype, a.shape, a.tolist()) for name, a in back.items()} == {
        name: (a.dtype, a.shape, a.tolist()) for name, a in WEIGHTS.items()
    }


@given(st.dictionaries(st.text(min_size=1, max_size=20), st.tuples(st.sampled_from(DTYPES), st.integers(0, 5))))
def test_packing_is_lossless_and_equal_arrays_give_equal_bytes(entries: dict[str, tuple[str, int]]) -> None:
    arrays: dict[str, NDArray[np.generic]] = {name: np.ones(size, dtype) for name, (dtype, size) in entries.items()}
    assert pack(arrays) == pack(dict(reversed(list(arrays.items()))))
    back = unpack(pack(arrays), shapes_of(arrays))
    assert all(np.array_equal(back[name], arrays[name]) for name in arrays)


@pytest.mark.parametrize(
    "manifest",
    [
        "",
        "{",
        "[1]",
        json.dumps([["layer.weight", "object", [3, 4]]]),
        json.dumps([["layer.weight", "float32", [-3, 4]]]),
        json.dumps([["layer.weight", "float32", [3, 4]]] * 2),
        json.dumps([["layer.weight", "float32", [2**41]]]),
        json.dumps([["layer.weight", "float32", [True, 4]]]),
        "[" * 100_000,
    ],
)
def test_a_hostile_manifest_is_refused(manifest: str) -> None:
    with pytest.raises(InvalidInput):
        unpack(Packed(manifest, b"\0" * 48), {"layer.weight": ("float32", (3, 4))})


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({**WEIGHTS, "extra": np.zeros(1, np.float32)}, "unknown: ['extra']"),
        ({"layer.weight": WEIGHTS["layer.weight"]}, "missing"),
        ({**WEIGHTS, "layer.weight": np.zeros((4, 3), np.float32)}, "expected float32 [3, 4]"),
        ({**WEIGHTS, "layer.weight": np.zeros((3, 4), np.float64)}, "expected float32 [3, 4]"),
    ],
)
def test_an_update_with_other_tensors_is_rejected_with_both_sides(
    changed: dict[str, NDArray[np.generic]], words: str
) -> None:
    with pytest.raises(InvalidInput) as caught:
        checked_update(reply(changed), WEIGHTS, shapes_of(WEIGHTS), 1e4)
    assert words in str(caught.value)
    assert caught.value.code == "federation.update_rejected"


@pytest.mark.parametrize("surplus", [-1, 1, 10_000])
def test_an_update_of_another_size_is_rejected(surplus: int) -> None:
    packed = pack(WEIGHTS)
    data = packed.data[:surplus] if surplus < 0 else packed.data + b"\0" * surplus
    with pytest.raises(InvalidInput, match="bytes"):
        unpack(Packed(packed.manifest, data), shapes_of(WEIGHTS))


@pytest.mark.parametrize("poison", [np.nan, np.inf, -np.inf])
def test_an_update_that_is_not_finite_is_rejected(poison: float) -> None:
    bad = WEIGHTS["layer.weight"].copy()
    bad[1, 2] = poison
    with pytest.raises(InvalidInput, match="1 of 12 values"):
        checked_update(reply({**WEIGHTS, "layer.weight": bad}), WEIGHTS, shapes_of(WEIGHTS), 1e4)


def test_an_update_that_went_too_far_is_rejected_and_one_below_the_limit_counts() -> None:
    moved = {**WEIGHTS, "layer.weight": WEIGHTS["layer.weight"].astype(np.float32) + np.float32(10)}
    with pytest.raises(InvalidInput, match=r"34.64 away.*30 is allowed"):
        checked_update(reply(moved), WEIGHTS, shapes_of(WEIGHTS), 30.0)
    update, norm = checked_update(reply(moved), WEIGHTS, shapes_of(WEIGHTS), 35.0)
    assert norm == pytest.approx(np.sqrt(12 * 100))
    assert np.array_equal(update["layer.weight"], moved["layer.weight"])


def test_an_update_that_went_too_far_has_a_code_of_its_own_with_a_remedy() -> None:
    moved = {**WEIGHTS, "layer.weight": WEIGHTS["layer.weight"].astype(np.float32) + np.float32(10)}
    with pytest.raises(InvalidInput) as caught:
        checked_update(reply(moved), WEIGHTS, shapes_of(WEIGHTS), 30.0)
    assert caught.value.code == "federation.update_too_large"
    assert "larger bound" in CATALOGUE[caught.value.code].advice


def test_an_update_of_nothing_but_zeros_is_rejected_unless_the_model_is_zero_too() -> None:
    zeros = {name: np.zeros_like(array) for name, array in WEIGHTS.items()}
    with pytest.raises(InvalidInput, match="zero"):
        checked_update(reply(zeros), WEIGHTS, shapes_of(WEIGHTS), 1e4)
    checked_update(reply(zeros), zeros, shapes_of(WEIGHTS), 1e4)


def default_model(task: str) -> dict[str, NDArray[np.generic]]:
    """Return the random weights of a task's default network."""
    made = load_task(task)
    network = made.build_network(made.spec.default_network, seed=0)
    return {name: tensor.numpy() for name, tensor in network.state_dict().items()}


@pytest.mark.parametrize("task", ["spect-reconstruction", "brain-segmentation"])
@pytest.mark.parametrize("factor", [-1000.0, 0.0, 1000.0])
def test_the_usual_bound_refuses_what_no_training_makes_of_a_default_network(task: str, factor: float) -> None:
    sent = default_model(task)
    broken = {name: np.multiply(array, factor).astype(array.dtype) for name, array in sent.items()}
    with pytest.raises(InvalidInput):
        checked_update(reply(broken), sent, shapes_of(sent), usual_bound(sent))


def test_the_usual_bound_leaves_a_model_that_starts_near_zero_room_to_learn() -> None:
    assert usual_bound({"w": np.zeros(4, np.float32)}) == SMALLEST_BOUND
    assert usual_bound({"w": np.full(4, 50.0, np.float32)}) == pytest.approx(TIMES_THE_MODEL * 100.0)


def test_whole_number_tensors_do_not_count_towards_the_norm() -> None:
    assert distance({"steps": np.array(1000)}, {"steps": np.array(0)}) == 0


def test_a_round_travels_in_one_array_and_comes_back(round_request: RoundRequest) -> None:
    message = round_message(request_content(round_request), 5, 3, 60.0)
    assert len(message.content["model"]) == 1
    assert read_request(message) == round_request
    answer = read_answer("site-a", 1, reply_message(message, reply(WEIGHTS, train_loss=0.5)))
    assert answer.reply == reply(WEIGHTS, train_loss=0.5)


@pytest.mark.parametrize(
    "change",
    [
        {"round": 0},
        {"round": 6},
        {"round": True},
        {"round": 1.0},
        {"rounds": 10_000},
        {"proximal_mu": float("nan")},
        {"proximal_mu": -1.0},
        {"deadline_s": 0.0},
        {"deadline_s": float("inf")},
        {"session_id": "x" * 81},
        {"session_id": 5},
        {"manifest": 3},
    ],
)
def test_a_site_refuses_a_message_that_is_out_of_range(round_request: RoundRequest, change: dict[str, object]) -> None:
    content = request_content(round_request)
    content["round"].update(change)
    with pytest.raises(InvalidInput):
        read_request(round_message(content, 5, 3, 60.0))


def test_a_replys_numbers_are_checked_and_capped(round_request: RoundRequest) -> None:
    message = round_message(request_content(round_request), 5, 3, 60.0)
    huge = read_answer("a", 1, reply_message(message, reply(WEIGHTS, 10**9, train_loss=float("nan"), train_s=2.0)))
    assert huge.reply is not None
    assert huge.reply.num_examples == LARGEST_EXAMPLES
    assert huge.reply.metrics == {"train_s": 2.0}
    far = read_answer("a", 1, reply_message(message, reply(WEIGHTS, 5, score_nrmse=-1e308, train_loss=1e12)))
    assert far.reply is not None
    assert far.reply.metrics == {"train_loss": 1e12}
    assert read_answer("a", 1, reply_message(message, reply(WEIGHTS, 0))).code == "federation.update_rejected"
    crowded = reply_message(message, reply(WEIGHTS, 1, **{f"m{n}": 1.0 for n in range(100)}))
    assert read_answer("a", 1, crowded).code == "federation.update_rejected"


@pytest.mark.parametrize(
    ("number", "reason", "code"),
    [
        (6, "consent.missing", "consent.missing"),
        (7, "protocol.mismatch", "protocol.mismatch"),
        (2, "compute.failed:ValueError", "compute.failed"),
        (2, "<b>patient name</b>", "compute.failed"),
        (5, "node unavailable", "peer.unreachable"),
        (8, "", "compute.failed"),
    ],
)
def test_only_known_codes_are_taken_from_a_sites_error(
    round_request: RoundRequest, number: int, reason: str, code: str
) -> None:
    message = round_message(request_content(round_request), 5, 3, 60.0)
    answer = read_answer("a", 1, Message(Error(number, reason), reply_to=message))
    assert (answer.error_number, answer.code, answer.reply) == (number, code, None)
