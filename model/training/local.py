# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""The epoch loop of one computer (or a few together): validate, keep the best, stop early, survive a kill.

A step takes one study from each of its lanes (`model.training.shares`), so that every process needs its own studies only.
Everything random follows from (seed, epoch, study), so a run that goes on from a checkpoint ends with the same bits as
one that was never interrupted, on the same machine with the same number of threads; only a limit in minutes gives that
up, because then the learning rate follows the clock.
"""

import math
import time
from collections import deque
from collections.abc import Callable, Sequence
from functools import partial

import numpy as np
import torch
from pydantic import JsonValue
from torch import Tensor, nn

from model.checkpoint import load_state_arrays, state_arrays
from model.dataset import PreparedStudy
from model.errors import ModelError, TrainingDiverged
from model.task_parameters import SpectReconstructionParameters
from model.training.distributed import Group
from model.training.memory import factors_fit, release
from model.training.plan import LocalOutcome, LocalProgress, TrainPlan
from model.training.shares import Share, lane_orders, lanes_of
from model.training.state import CheckpointFile, RunState, differences
from model.training.steps import WARM_UP_STEPS, ScheduleWindow, TrainHooks, optimisation_step, warm_up
from model.training.targets import Example, Target
from model.training.validation import score_of, validation_means

LONGEST_WARM_UP = 200
COLLAPSE_STEPS = 40
COLLAPSE_FACTOR = 5.0
"""A network whose image became zero has no gradient any more: 14 times the loss it began with, for good. Losses of
single thinned studies reach three times it."""
_ORDER, _EXAMPLE = 1, 2  # what a derived seed is for


def derived_seed(*parts: int) -> int:
    """Return a seed below 2^63 from several numbers; any other numbers give an unrelated one."""
    return int(np.random.SeedSequence(parts).generate_state(1, np.uint64)[0] >> np.uint64(1))


class LocalTraining:
    """One run.

    Parameters
    ----------
    network : nn.Module
    train, held : sequence of PreparedStudy
        Of different patients; `train` is this process's share, `held` is whole.
    share : Share or None
        Which of all studies `train` is; all of them unless given.
    target : Target
    parameters : SpectReconstructionParameters
    plan : TrainPlan
    identity : dict
        What must be equal for a checkpoint to be of this run.
    checkpoint : CheckpointFile or None
    group : Group
    on_progress : callable
    should_stop : callable
        Asked once a step.
    clock : callable
        Monotonic seconds.
    """

    def __init__(
        self,
        network: nn.Module,
        train: Sequence[PreparedStudy],
        held: Sequence[PreparedStudy],
        target: Target,
        parameters: SpectReconstructionParameters,
        plan: TrainPlan,
        *,
        share: Share | None = None,
        identity: dict[str, JsonValue] | None = None,
        checkpoint: CheckpointFile | None = None,
        group: Group | None = None,
        on_progress: Callable[[LocalProgress], None] | None = None,
        should_stop: Callable[[], bool] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.network, self.train, self.held = network, train, held
        self.target, self.parameters, self.plan = target, parameters, plan
        self.group = group or Group()
        share = share or Share.whole(len(train))
        self._at = {number: position for position, number in enumerate(share.mine)}
        self._lanes = lanes_of(share.kept, self.batch)
        self.state = RunState()
        self._identity, self._checkpoint = identity or {}, checkpoint
        self._tell, self._asked, self._clock = on_progress, should_stop, clock
        self._optimiser = torch.optim.AdamW(
            network.parameters(), lr=parameters.learning_rate, weight_decay=parameters.weight_decay, foreach=True
        )
        self._best = state_arrays(network)
        self._examples: dict[int, tuple[int, Example]] = {}
        self._keep_factors = factors_fit([*train, *held], self.group.size)
        self._visited: list[int] = []
        self._recent: deque[float] = deque(maxlen=COLLAPSE_STEPS)
        self._begun = self._saved = clock()
        self._before_s = 0.0
        self._rate = 0.0

    # ------------------------------------------------------------ sizes

    @property
    def batch(self) -> int:
        """Studies in one step, over all processes."""
        return self.parameters.batch_size * self.group.size

    @property
    def steps_per_epoch(self) -> int:
        """Steps in one pass over the studies."""
        return max(map(len, self._lanes))

    @property
    def planned_steps(self) -> int:
        """Steps of the whole run."""
        return self.plan.epochs * self.steps_per_epoch

    @property
    def warm_up_steps(self) -> int:
        """Steps over which the rate rises: a twentieth of the run, but neither fewer than a round's nor hundreds."""
        return max(WARM_UP_STEPS, min(LONGEST_WARM_UP, self.planned_steps // 20))

    # ------------------------------------------------------------ the run

    def resume(self) -> None:
        """Go on from the checkpoint.

        Raises
        ------
        ModelError
            ``training.resume`` if it is of another run, naming what differs; ``training.checkpoint`` if damaged.
        """
        assert self._checkpoint is not None  # noqa: S101 - narrowing; callers made one
        saved = self._checkpoint.load()
        changed = differences(saved.identity, self._identity)
        if changed:
            shown = "; ".join(changed[:3]) + ("; ..." if len(changed) > 3 else "")
            message = f"the checkpoint {self._checkpoint.path.name} is of another run ({shown})"
            remedy = "Give what the run had, or delete the checkpoint to start afresh."
            raise ModelError("training.resume", message, remedy)
        self.state = saved.state
        self._best = self._checkpoint.restore(saved, self.network, self._optimiser)
        self._before_s = saved.state.elapsed_s

    def run(self) -> LocalOutcome:
        """Train to the end of the plan, then put the best weights into the network.

        Raises
        ------
        TrainingDiverged
            If a loss or gradient is not finite, or the loss stays far above the untrained network's; the checkpoint stays
            as it was.
        """
        self._begun = self._saved = self._clock()
        if not self.state.curve:
            self._validate()
        ended = self._ended()
        while ended is None:
            ended = self._epoch()
        self.state.elapsed_s = self._elapsed_s()
        if ended == "interrupted":
            self.save()
            return LocalOutcome(self.state, ended, self._best)
        last = None if self.state.best_step == self.state.steps else state_arrays(self.network)
        load_state_arrays(self.network, self._best)
        return LocalOutcome(self.state, ended, self._best, last)

    def save(self) -> None:
        """Write the checkpoint; only the leading process does."""
        if self._checkpoint is not None and self.group.leads:
            self.state.elapsed_s = self._elapsed_s()
            self._checkpoint.save(self._identity, self.state, self.network, self._optimiser, self._best)
        self._saved = self._clock()

    def _epoch(self) -> str | None:
        state = self.state
        orders = lane_orders(self._lanes, lambda lane: derived_seed(self.plan.seed, _ORDER, state.epoch, lane))
        mine = orders[self.group.rank :: self.group.size]
        while state.position < self.steps_per_epoch:
            ended = self._step([order[state.position] for order in mine if state.position < len(order)])
            last = state.position == self.steps_per_epoch
            if self._due() or ended == "minutes":
                self._validate()
            if last:
                state.epoch, state.position = state.epoch + 1, 0
            ended = ended or self._ended()
            if last or self._clock() - self._saved >= self.plan.checkpoint_every_s:
                self.save()
            if last or ended is not None:
                return ended
        return None

    def _ended(self) -> str | None:
        if self.state.epoch >= self.plan.epochs:
            return "epochs"
        over = self.plan.patience is not None and self.state.since_best >= self.plan.patience
        return "patience" if over else None

    def _step(self, numbers: list[int]) -> str | None:
        state = self.state
        self.network.train()
        wish: list[str] = []

        def combine(total: float, count: int) -> float:
            asked = self._asked is not None and self._asked()
            told = self.group.sum_step(
                self.network, total, count, stop=asked, elapsed_share=min(self._elapsed_share(), 1.0)
            )
            self._set_rate(told.elapsed_share)
            if told.stop:
                wish.append("interrupted")
            elif told.elapsed_share >= 1:
                wish.append("minutes")
            return told.loss

        loss = optimisation_step(
            self.network,
            [partial(self._loss, number) for number in numbers],
            self._optimiser,
            grad_clip=self.parameters.grad_clip,
            hooks=TrainHooks(),
            number=state.steps + 1,
            combine=combine,
        )
        state.steps, state.position = state.steps + 1, state.position + 1
        state.loss_sum, state.loss_count = state.loss_sum + loss, state.loss_count + 1
        self._report(loss)
        self._watch_for_collapse(loss)
        return wish[0] if wish else None

    def _watch_for_collapse(self, loss: float) -> None:
        """Raise when the loss has been far above the untrained network's for a while: it will not come back."""
        self._recent.append(loss)
        start = self.state.curve[0].get("loss")
        mean = sum(self._recent) / len(self._recent)
        if len(self._recent) == COLLAPSE_STEPS and isinstance(start, float) and mean > COLLAPSE_FACTOR * start:
            message = (
                f"the mean loss of the last {COLLAPSE_STEPS} steps before step {self.state.steps} is {mean:.3g},"
                f" the untrained network's was {start:.3g}; try a smaller learning rate"
            )
            raise TrainingDiverged(message)

    def _loss(self, number: int) -> Tensor:
        if not self._keep_factors:
            for other in self._visited:
                release(self.train[self._at[other]].inputs)
            self._visited = [number]
        return self.target.loss(self.network, self._example(number))

    def _example(self, number: int) -> Example:
        """Return the study's present realisation; a new one every few visits, not of all studies in one epoch."""
        realisation = (self.state.epoch + number) // self.parameters.augment_every
        kept = self._examples.get(number)
        if kept is None or kept[0] != realisation:
            study = self.train[self._at[number]]
            generator = torch.Generator(device=study.inputs.mask.device)
            generator.manual_seed(derived_seed(self.plan.seed, _EXAMPLE, number, realisation))
            kept = self._examples[number] = realisation, self.target.example(study, generator)
        return kept[1]

    def _set_rate(self, elapsed_share: float) -> None:
        share = min(max(self.state.steps / max(self.planned_steps, 1), elapsed_share), 1.0)
        factor = ScheduleWindow(share, 1.0).factor(0, 1) * warm_up(self.state.steps, self.warm_up_steps)
        self._rate = self.parameters.learning_rate * factor
        for group in self._optimiser.param_groups:
            group["lr"] = self._rate

    def _elapsed_s(self) -> float:
        return self._before_s + self._clock() - self._begun

    def _elapsed_share(self) -> float:
        return 0.0 if self.plan.max_minutes is None else self._elapsed_s() / (60 * self.plan.max_minutes)

    # ------------------------------------------------------------ validation

    def _due(self) -> bool:
        every = self.plan.validate_every
        if every is None:
            return self.state.position == self.steps_per_epoch
        return self.state.steps % every == 0 or self.state.steps == self.planned_steps

    def _validate(self) -> None:
        state = self.state
        means = self._means()
        score = score_of(means, self.plan.score)
        row: dict[str, JsonValue] = {
            "step": state.steps,
            "epoch": round(state.steps / max(self.steps_per_epoch, 1), 3),
            "train_loss": state.loss_sum / state.loss_count if state.loss_count else None,
            "rate": self._rate,
            "score": score,
            **means,
        }
        state.curve.append(row)
        state.loss_sum, state.loss_count = 0.0, 0
        if state.best_score is None or score < state.best_score:
            state.best_score, state.best_step, state.since_best = score, state.steps, 0
            state.best_epoch = state.epoch
            self._best = state_arrays(self.network)
        else:
            state.since_best += 1
        self._report(math.nan)

    def _means(self) -> dict[str, float | None]:
        return validation_means(
            self.network, self.target, self.held, self.group, release_factors=not self._keep_factors
        )

    def _report(self, loss: float) -> None:
        if self._tell is not None:
            state = self.state
            self._tell(LocalProgress(state.steps, self.planned_steps, state.epoch + 1, loss, self._rate, state))
