"""The training loop every task shares: AdamW on a window of one cosine, clipped, stoppable, reproducible.

A loop is a pure function of (network, samples, parameters, schedule, seed): the same arguments on the same machine
with the same number of threads give the same bits.
"""

import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor, nn

from model.errors import TrainingDiverged
from model.task_parameters import TaskParameters

WARM_UP_STEPS = 8
"""Steps over which each call's rate rises. Adam starts each call without a memory of gradients, and its first steps
are as large as the rate allows in every weight, noise or not; a site in a federation starts anew every round. Four
simulated hospitals, 6 rounds x 4 epochs: body NRMSE .152 -> .141 together with twice the rate."""

LossOfBatch = Callable[[nn.Module, list[int], torch.Generator], Tensor]
"""(network, indices of the batch's samples, random source) -> mean loss of the batch."""


@dataclass(frozen=True)
class ScheduleWindow:
    """The part of the whole cosine that this call covers, as fractions: a round of six is (k/6, (k+1)/6)."""

    start: float = 0.0
    end: float = 1.0

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end <= 1:
            message = f"a schedule window lies within 0 and 1 in order, got {self.start:g} to {self.end:g}"
            raise ValueError(message)

    def factor(self, step: int, steps: int) -> float:
        """Return the factor on the learning rate before ``step`` of ``steps``: half a cosine from 1 to 0."""
        fraction = self.start + (self.end - self.start) * step / max(steps, 1)
        return 0.5 * (1.0 + math.cos(math.pi * fraction))


@dataclass(frozen=True)
class TrainHooks:
    """Where a strategy joins the loop: ``extra_loss`` is added to every step's loss (the proximal term)."""

    extra_loss: Callable[[nn.Module], Tensor] | None = None


@dataclass(frozen=True)
class TrainProgress:
    """One finished step: ``step`` counts from 1 to ``steps``, ``epoch`` from 1; ``loss`` is the task's own."""

    step: int
    steps: int
    epoch: int
    loss: float


@dataclass(frozen=True)
class TrainOutcome:
    """What a call did. ``examples`` counts distinct samples seen (Flower's weight); losses without ``extra_loss``."""

    steps: int
    examples: int
    mean_loss: float
    last_loss: float
    seconds: float
    stopped: bool


def train_network(
    network: nn.Module,
    loss_of_batch: LossOfBatch,
    *,
    n_samples: int,
    parameters: TaskParameters,
    schedule: ScheduleWindow,
    seed: int,
    hooks: TrainHooks,
    on_progress: Callable[[TrainProgress], None] | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> TrainOutcome:
    """Train in place for ``parameters.local_epochs`` passes.

    ``should_stop`` is asked before every step; when it says yes the weights of the last finished step stay.

    Raises
    ------
    TrainingDiverged
        If a loss or a gradient is not finite; the weights are then those before that step.
    """
    started = time.monotonic()
    generator = torch.Generator().manual_seed(seed)
    optimiser = torch.optim.AdamW(
        network.parameters(), lr=parameters.learning_rate, weight_decay=parameters.weight_decay, foreach=True
    )
    steps = parameters.local_epochs * math.ceil(n_samples / parameters.batch_size)
    losses: list[float] = []
    seen: set[int] = set()
    stopped = False
    network.train()
    for epoch, batch in _batches(n_samples, parameters, generator):
        if should_stop is not None and should_stop():
            stopped = True
            break
        for group in optimiser.param_groups:
            group["lr"] = parameters.learning_rate * schedule.factor(len(losses), steps) * warm_up(len(losses))
        loss = optimisation_step(
            network,
            [partial(loss_of_batch, network, batch, generator)],
            optimiser,
            grad_clip=parameters.grad_clip,
            hooks=hooks,
            number=len(losses) + 1,
        )
        losses.append(loss)
        seen.update(batch)
        if on_progress is not None:
            on_progress(TrainProgress(step=len(losses), steps=steps, epoch=epoch, loss=loss))
    return TrainOutcome(
        steps=len(losses),
        examples=len(seen),
        mean_loss=sum(losses) / len(losses) if losses else math.nan,
        last_loss=losses[-1] if losses else math.nan,
        seconds=time.monotonic() - started,
        stopped=stopped,
    )


def warm_up(step: int, steps: int = WARM_UP_STEPS) -> float:
    """Return the factor on the rate before ``step`` of one call (from 0), rising over ``steps``."""
    return min(1.0, (step + 1) / steps)


def _batches(n_samples: int, parameters: TaskParameters, generator: torch.Generator) -> Iterator[tuple[int, list[int]]]:
    for epoch in range(1, parameters.local_epochs + 1):
        order = torch.randperm(n_samples, generator=generator).tolist()
        for begin in range(0, n_samples, parameters.batch_size):
            yield epoch, order[begin : begin + parameters.batch_size]


def optimisation_step(
    network: nn.Module,
    losses: Sequence[Callable[[], Tensor]],
    optimiser: torch.optim.Optimizer,
    *,
    grad_clip: float,
    hooks: TrainHooks,
    number: int,
    combine: Callable[[float, int], float] | None = None,
) -> float:
    """Do the one step that every kind of training shares, on the mean of ``losses``, and return that mean.

    Parameters
    ----------
    network : nn.Module
    losses : sequence of callables
        One a sample (or one a batch), evaluated and differentiated one after the other, so that memory holds one graph.
    optimiser : torch.optim.Optimizer
    grad_clip : float
        Largest norm of the mean gradient.
    hooks : TrainHooks
    number : int
        Of the step, from 1, for messages.
    combine : callable, optional
        Given the sum of the losses and their number, turns the gradients from sums into means and returns the mean
        loss; several processes add theirs up here. By default this process's own are averaged.

    Raises
    ------
    TrainingDiverged
        If the loss or the gradient is not finite; the weights are then those before the step.
    """
    optimiser.zero_grad(set_to_none=True)
    total = 0.0
    for evaluate in losses:
        loss = evaluate()
        total += float(loss.detach())
        loss.backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
    value = _average(network, total, len(losses)) if combine is None else combine(total, len(losses))
    if not math.isfinite(value):
        message = f"the loss became {value} in step {number}; try a smaller learning rate"
        raise TrainingDiverged(message)
    if hooks.extra_loss is not None:
        hooks.extra_loss(network).backward()  # type: ignore[no-untyped-call]  # as above
    norm = float(nn.utils.clip_grad_norm_(network.parameters(), grad_clip, foreach=True))
    if not math.isfinite(norm):
        message = f"the gradient became {norm} in step {number}; try a smaller learning rate"
        raise TrainingDiverged(message)
    optimiser.step()
    return value


def _average(network: nn.Module, total: float, count: int) -> float:
    if count > 1:
        for parameter in network.parameters():
            if parameter.grad is not None:
                parameter.grad /= count
    return total / max(count, 1)


def split_by_patient(
    patients: list[str], holdout_fraction: float, seed: int, *, sides: Mapping[str, bool] | None = None
) -> tuple[list[int], list[int]]:
    """Split sample indices so that no patient is on both sides.

    The hold-out has ``round(holdout_fraction * number of patients)`` patients, at least one if the fraction is
    positive and there are two or more, never all. The same keys, fraction and seed give the same split, whatever
    the order of the samples. Patients who are on a side already stay there, and the others are drawn so that the
    hold-out comes as near to that number as it can.

    Parameters
    ----------
    sides : mapping, optional
        Patient key -> whether the patient is held out already.

    Returns
    -------
    (train, holdout) : lists of indices in ascending order
    """
    unique = sorted(set(patients))
    divisible = holdout_fraction > 0 and len(unique) >= 2
    held = min(max(round(holdout_fraction * len(unique)), 1), len(unique) - 1) if divisible else 0
    order = torch.randperm(len(unique), generator=torch.Generator().manual_seed(seed)).tolist()
    known = sides or {}
    chosen = {patient for patient in unique if known.get(patient)}
    chosen |= set([unique[i] for i in order if unique[i] not in known][: max(held - len(chosen), 0)])
    train = [i for i, patient in enumerate(patients) if patient not in chosen]
    return train, [i for i, patient in enumerate(patients) if patient in chosen]
