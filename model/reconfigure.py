# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Another configuration for trained weights, where the two need the same tensors; the card tells what was trained."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from pydantic import JsonValue

from model.checkpoint import load_model, load_weights
from model.errors import ModelError
from model.io.weights import ModelCard
from model.networks import build_network, parse_network
from model.shipped import TASK


def parse_changes(words: Sequence[str]) -> dict[str, str]:
    """Read ``name=value`` words.

    Raises
    ------
    ModelError
        ``network.invalid`` where a word has no value, or changes the kind of network.
    """
    changes: dict[str, str] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not equals or not value:
            raise ModelError("network.invalid", f"--set {word} names no value", f"Write {name}=VALUE.")
        if name == "name":
            message = "weights of one kind of network are none of another"
            raise ModelError("network.invalid", message, "Train the other network with `flomir train --model`.")
        changes[name] = value
    return changes


def reconfigured(path: Path, changes: Mapping[str, object]) -> ModelCard:
    """Return the card of weights with another configuration of their network, checked against the weights.

    What a training run and its figures were of stays in ``training.trained_as``; the calibration, which was of the former
    network, is gone.

    Raises
    ------
    WeightsError
        ``weights.names`` or ``weights.shape`` where the configuration needs other tensors; or what `load_model` finds.
    ModelError
        ``network.invalid``, naming the first wrong field.
    """
    _, card = load_model(path, task=TASK)
    network: dict[str, JsonValue] = parse_network({**card.network, **changes}).model_dump(mode="json")
    load_weights(path, build_network(network))
    if network == card.network:
        return card
    earlier = card.training.get("trained_as")
    trained = {**card.network, **(earlier if isinstance(earlier, dict) else {})}
    training = {key: value for key, value in card.training.items() if key != "trained_as"}
    if changed := {key: value for key, value in trained.items() if network.get(key) != value}:
        training["trained_as"] = changed
    return card.model_copy(update={"network": network, "training": training, "uncertainty": None, "alarm": None})
