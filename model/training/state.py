"""What a run needs to go on after a kill: weights, optimiser, random state and progress, in files that are whole or absent.

Beside ``NAME.safetensors`` lie ``NAME.checkpoint.json`` and the tensors it names, ``NAME.checkpoint-<step>.safetensors``.
The tensors are written first, then the JSON replaces the former one, then the former tensors go: whenever the process
dies, the JSON names tensors that are complete. Nothing is pickled.
"""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from pydantic import JsonValue
from torch import nn

from model.checkpoint import load_state_arrays, state_arrays
from model.errors import ModelError
from model.io.atomic import write_atomically
from model.io.weights import content_hash, load_arrays, save_arrays

Arrays = dict[str, NDArray[np.generic]]
FORMAT = "flomir-training-checkpoint"


@dataclass
class RunState:
    """How far a run is; everything else it does follows from its seed.

    Parameters
    ----------
    epoch, position : int
        Epochs done, and steps done in the present one.
    steps : int
        Steps done in all.
    elapsed_s : float
        Wall seconds of all parts of the run so far.
    loss_sum, loss_count : float, int
        Of the present row of the curve.
    curve : list of rows
        One a validation.
    best_score, best_step, best_epoch, since_best
        Of the kept weights; validations without improvement since.
    """

    epoch: int = 0
    position: int = 0
    steps: int = 0
    elapsed_s: float = 0.0
    loss_sum: float = 0.0
    loss_count: int = 0
    curve: list[dict[str, JsonValue]] = field(default_factory=list)
    best_score: float | None = None
    best_step: int = 0
    best_epoch: int = 0
    since_best: int = 0


@dataclass(frozen=True)
class Checkpoint:
    """A saved run: its state, weights and optimiser, and what it was a run of."""

    identity: dict[str, JsonValue]
    state: RunState
    arrays: Arrays


def optimiser_arrays(network: nn.Module, optimiser: torch.optim.Optimizer) -> Arrays:
    """Copy an optimiser's memory, keyed ``<parameter>/<quantity>``."""
    found: Arrays = {}
    for name, parameter in network.named_parameters():
        for key, value in optimiser.state.get(parameter, {}).items():
            found[f"{name}/{key}"] = np.array(value.detach().cpu().numpy())
    return found


def restore_optimiser(network: nn.Module, optimiser: torch.optim.Optimizer, arrays: Mapping[str, object]) -> None:
    """Put back what `optimiser_arrays` copied."""
    by_name: dict[str, dict[str, torch.Tensor]] = {}
    for full, array in arrays.items():
        name, key = full.rsplit("/", 1)
        by_name.setdefault(name, {})[key] = torch.from_numpy(np.array(array))
    for name, parameter in network.named_parameters():
        if name in by_name:
            optimiser.state[parameter] = {
                key: value if key == "step" else value.to(parameter.device) for key, value in by_name[name].items()
            }


class CheckpointFile:
    """The checkpoint beside a model file.

    Parameters
    ----------
    out : Path
        The model file that the run will write.
    """

    def __init__(self, out: Path) -> None:
        self.path = out.with_name(f"{out.stem}.checkpoint.json")
        self._prefix = f"{out.stem}.checkpoint-"

    @property
    def exists(self) -> bool:
        """Whether there is an unfinished run."""
        return self.path.is_file()

    def save(
        self,
        identity: Mapping[str, JsonValue],
        state: RunState,
        network: nn.Module,
        optimiser: torch.optim.Optimizer,
        best: Mapping[str, NDArray[np.generic]],
    ) -> None:
        """Write a checkpoint; the former one stays valid until this one is."""
        groups: dict[str, Mapping[str, NDArray[np.generic]]] = {
            "weights": state_arrays(network),
            "best": best,
            "optimiser": optimiser_arrays(network, optimiser),
            "random": _random_arrays(),
        }
        arrays = {f"{group}:{key}": value for group, members in groups.items() for key, value in members.items()}
        tensors = self.path.with_name(f"{self._prefix}{state.steps}.safetensors")
        digest = save_arrays(tensors, arrays)
        record = {
            "format": FORMAT,
            "schema_version": 1,
            "tensors": tensors.name,
            "sha256": digest,
            "identity": dict(identity),
            "state": asdict(state),
        }
        write_atomically(self.path, (json.dumps(record, indent=1, sort_keys=True) + "\n").encode())
        self._remove_tensors(keep=tensors.name)

    def load(self) -> Checkpoint:
        """Read the checkpoint.

        Raises
        ------
        ModelError
            ``training.checkpoint`` if it is damaged.
        """
        try:
            record = json.loads(self.path.read_bytes())
            if record["format"] != FORMAT or record["schema_version"] != 1:
                raise ValueError(record["format"])
            tensors = self.path.with_name(Path(str(record["tensors"])).name)
            state, identity = RunState(**record["state"]), cast("dict[str, JsonValue]", record["identity"])
            whole = content_hash(tensors) == record["sha256"]
        except (OSError, ValueError, KeyError, TypeError, ModelError) as error:
            raise self._damaged() from error
        if not whole:
            raise self._damaged()
        return Checkpoint(identity, state, dict(load_arrays(tensors)))

    def restore(self, saved: Checkpoint, network: nn.Module, optimiser: torch.optim.Optimizer) -> Arrays:
        """Put weights, optimiser and random state back and return the best weights so far."""
        load_state_arrays(network, _group(saved.arrays, "weights"))
        restore_optimiser(network, optimiser, _group(saved.arrays, "optimiser"))
        _restore_random(_group(saved.arrays, "random"))
        return _group(saved.arrays, "best")

    def remove(self) -> None:
        """Delete the checkpoint; the run is finished."""
        self.path.unlink(missing_ok=True)
        self._remove_tensors(keep=None)

    def _remove_tensors(self, keep: str | None) -> None:
        for path in self.path.parent.glob(f"{self._prefix}*.safetensors"):
            if path.name != keep:
                path.unlink(missing_ok=True)

    def _damaged(self) -> ModelError:
        message = f"the checkpoint {self.path.name} or its tensors are damaged"
        return ModelError("training.checkpoint", message, "Delete it and start without --resume.")


def differences(then: Mapping[str, JsonValue], now: Mapping[str, JsonValue], place: str = "") -> list[str]:
    """Name every leaf in which two records differ: ``parameters.heart_weight: 4.0 then, 8.0 now``."""
    found: list[str] = []
    for key in sorted(then.keys() | now.keys()):
        before, after, name = then.get(key), now.get(key), f"{place}{key}"
        if isinstance(before, dict) and isinstance(after, dict):
            found += differences(before, after, f"{name}.")
        elif before != after:
            found.append(f"{name}: {_short(before)} then, {_short(after)} now")
    return found


def _short(value: JsonValue) -> str:
    text = "absent" if value is None else str(value)
    return text if len(text) <= 24 else f"{text[:12]}..."


def _group(arrays: Mapping[str, NDArray[np.generic]], name: str) -> Arrays:
    start = f"{name}:"
    return {key.removeprefix(start): value for key, value in arrays.items() if key.startswith(start)}


def _random_arrays() -> Arrays:
    arrays: Arrays = {"cpu": torch.get_rng_state().numpy().copy()}
    if torch.cuda.is_available():
        arrays["cuda"] = torch.cuda.get_rng_state().numpy().copy()
    return arrays


def _restore_random(arrays: Mapping[str, NDArray[np.generic]]) -> None:
    torch.set_rng_state(torch.from_numpy(np.array(arrays["cpu"])))
    if "cuda" in arrays and torch.cuda.is_available():
        torch.cuda.set_rng_state(torch.from_numpy(np.array(arrays["cuda"])))
