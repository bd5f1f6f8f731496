# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Several training processes as one: gradients and decisions are added up once a step (torchrun starts the processes).

With gloo on a CPU or NCCL on GPUs. Alone, the same interface costs nothing.
"""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Self

import torch
import torch.distributed as dist
from torch import Tensor, nn

from model.errors import ModelError


@dataclass(frozen=True)
class Summed:
    """What one step's exchange told: the mean loss over all processes, whether anyone asks to stop, rank 0's clock."""

    loss: float
    stop: bool
    elapsed_share: float


class Group:
    """The processes that train one network; ``rank`` 0 alone writes and prints.

    Parameters
    ----------
    rank, size : int
    """

    def __init__(self, rank: int = 0, size: int = 1) -> None:
        self.rank, self.size = rank, size

    @property
    def leads(self) -> bool:
        """Whether this process writes."""
        return self.rank == 0

    def sum_step(self, network: nn.Module, total: float, count: int, *, stop: bool, elapsed_share: float) -> Summed:
        """Turn summed gradients of ``count`` samples into their mean over every process's samples.

        A parameter that no process has a gradient for keeps none.
        """
        parameters = [p for p in network.parameters() if p.requires_grad]
        if self.size == 1:
            for parameter in parameters:
                if parameter.grad is not None and count > 1:
                    parameter.grad /= count
            return Summed(total / max(count, 1), stop, elapsed_share)
        head = [total, float(count), float(stop), elapsed_share if self.leads else 0.0]
        head += [float(p.grad is not None) for p in parameters]
        pieces = [torch.zeros_like(p) if p.grad is None else p.grad for p in parameters]
        flat = torch.cat([parameters[0].new_tensor(head), *(piece.reshape(-1) for piece in pieces)])
        dist.all_reduce(flat)
        told = flat[: len(head)].tolist()
        samples, position = max(told[1], 1.0), len(head)
        for number, parameter in enumerate(parameters):
            if told[4 + number]:
                piece = flat[position : position + parameter.numel()]
                parameter.grad = (piece / samples).view_as(parameter).clone()
            position += parameter.numel()
        return Summed(told[0] / samples, told[2] > 0, told[3])

    def sum_table(self, table: Tensor) -> Tensor:
        """Add up tables of which each process filled in its own rows."""
        if self.size == 1:
            return table
        shared = table.to("cuda" if dist.get_backend() == "nccl" else "cpu")
        dist.all_reduce(shared)
        return shared.cpu()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.size > 1 and dist.is_initialized():
            dist.destroy_process_group()


def join_group(device: str, environment: Mapping[str, str] = os.environ) -> Group:
    """Join the processes that torchrun started (variables WORLD_SIZE, RANK, LOCAL_RANK); a group of one without it.

    Raises
    ------
    ModelError
        ``training.group`` if the processes do not find each other.
    """
    size = int(environment.get("WORLD_SIZE", "1"))
    if size <= 1:
        return Group()
    try:
        if device.startswith("cuda"):
            torch.cuda.set_device(int(environment.get("LOCAL_RANK", "0")))
            dist.init_process_group("nccl")
        else:
            dist.init_process_group("gloo")
    except (RuntimeError, ValueError) as error:
        message = f"process {environment.get('RANK', '?')} of {size} did not find the others: {error}"
        raise ModelError("training.group", message, "Start with torchrun --standalone --nproc-per-node N.") from error
    return Group(dist.get_rank(), dist.get_world_size())
