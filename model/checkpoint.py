"""Networks to model files and back: every tensor checked against the network before one weight changes."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import nn

from model.errors import WeightsError
from model.io.atomic import write_atomically
from model.io.weights import (
    ModelCard,
    TensorInfo,
    check_finite,
    check_tensors,
    describe_arrays,
    encode_arrays,
    load_arrays,
    load_card,
    read_tensors_header,
    save_card,
    sha256_of,
    verify_weights,
)
from model.networks import build_network, parse_network
from model.shipped import TASK as SHIPPED_TASK
from model.shipped import shipped_path

_SAFETENSORS_DTYPES = {
    torch.float64: "F64", torch.float32: "F32", torch.float16: "F16", torch.bfloat16: "BF16", torch.int64: "I64",
    torch.int32: "I32", torch.int16: "I16", torch.int8: "I8", torch.uint8: "U8", torch.bool: "BOOL",
}  # fmt: skip


class SavedModel(NamedTuple):
    """Where a model was written, and its card."""

    path: Path
    card: ModelCard


def state_arrays(network: nn.Module) -> dict[str, NDArray[np.generic]]:
    """Copy a network's state to numpy arrays, sorted by name."""
    state = network.state_dict()
    return {name: state[name].detach().cpu().contiguous().numpy().copy() for name in sorted(state)}


def expected_tensors(network: nn.Module) -> dict[str, TensorInfo]:
    """List names, shapes and dtypes of a network's state."""
    state = network.state_dict()
    return {
        name: TensorInfo(tuple(state[name].shape), _SAFETENSORS_DTYPES[state[name].dtype]) for name in sorted(state)
    }


def load_state_arrays(network: nn.Module, arrays: Mapping[str, NDArray[np.generic]]) -> None:
    """Put arrays into a network after checking names, shapes, dtypes and that every value is finite.

    Raises
    ------
    WeightsError
        ``weights.names``, ``weights.shape``, ``weights.dtype`` or ``weights.not_finite``; the network is unchanged.
    """
    found = {name: TensorInfo(entry.shape, entry.dtype) for name, entry in describe_arrays(arrays).items()}
    check_tensors(found, expected_tensors(network))
    check_finite(arrays)
    network.load_state_dict({name: torch.from_numpy(np.array(array)) for name, array in arrays.items()})


def save_model(
    folder: Path,
    network: nn.Module,
    *,
    task: str,
    config: Mapping[str, object],
    created_at: str,
    data: Mapping[str, JsonValue] | None = None,
    training: Mapping[str, JsonValue] | None = None,
    metrics: Mapping[str, JsonValue] | None = None,
    lineage: Sequence[str] = (),
    terms: str = "",
    name: str | None = None,
) -> SavedModel:
    """Write ``<folder>/<content hash>.safetensors`` and its card; the same weights always give the same name.

    With a ``name`` the file is called so instead; the card holds the hash either way.
    The card is written first, so that weights under their final name always have one. Weights with a value that is
    not finite are refused.
    """
    arrays = state_arrays(network)
    check_finite(arrays)
    content = encode_arrays(arrays)
    digest = sha256_of(content)
    card = ModelCard(
        task=task,
        network=parse_network(config).model_dump(mode="json"),
        tensors=describe_arrays(arrays),
        parameters=sum(parameter.numel() for parameter in network.parameters()),
        content_hash=digest,
        created_at=created_at,
        data=dict(data or {}),
        training=dict(training or {}),
        metrics=dict(metrics or {}),
        lineage=list(lineage),
        terms=terms,
    )
    path = folder / f"{name or digest}.safetensors"
    save_card(path, card)
    write_atomically(path, content)
    return SavedModel(path, card)


def load_model(path: Path, *, task: str | None = None) -> tuple[nn.Module, ModelCard]:
    """Build the network a card names and load the weights beside it, in evaluation mode.

    Raises
    ------
    WeightsError
        Card missing or invalid, another task (``weights.task``), another content hash, or tensors that do not fit.
    ModelError
        ``network.invalid`` if the card's network is not one we know.
    """
    card = load_card(path)
    if task is not None and card.task != task:
        message = f"the model is for the task {card.task}, {task} is needed"
        raise WeightsError(code="weights.task", message=message)
    verify_weights(path, card)
    network = build_network(card.network)
    load_weights(path, network)
    network.eval()
    return network, card


def load_weights(path: Path, network: nn.Module) -> None:
    """Load a weights file without needing its card (an upload); checks as `load_state_arrays`."""
    check_tensors(read_tensors_header(path), expected_tensors(network))
    load_state_arrays(network, load_arrays(path))


def load_shipped(name: str) -> tuple[nn.Module, ModelCard]:
    """Return a shipped network, ready to reconstruct, and its card.

    Raises
    ------
    WeightsError
        ``weights.not_shipped``; or what `load_model` finds wrong with the files.
    """
    return load_model(shipped_path(name), task=SHIPPED_TASK)
