"""What the federated model is compared with: every single site and all data in one place, trained alike.

Each baseline starts from the session's own initial model and takes the same number of steps as the sites do (the
central one: as all sites together), with the same optimiser, parameters and schedule. It has two advantages that the
federated model, taken as its last round left it, does not get: it trains in one go, so that its optimiser forgets
nothing between rounds, and after every stretch that equals a round it is scored on its own hold-out, and its best
state is kept.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import torch

from flomir.demo.federation import TASK
from model.checkpoint import load_weights, state_arrays
from model.io.weights import save_arrays
from model.task_spec import task_spec
from model.tasks import Sample, Task, load_task
from model.training.steps import TrainProgress
from synthesis.execution.process import long_work, prepare_process


@dataclass(frozen=True, slots=True)
class BaselinePlan:
    """One baseline: `folders` of the sites whose training halves it sees."""

    name: str
    folders: tuple[tuple[Path, ...], ...]
    initial: Path
    network: dict[str, object]
    rounds: int
    parameters: dict[str, object]
    out: Path


@contextmanager
def quiet_pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield fresh processes with one torch thread each: two cores, two processes, no oversubscription.

    When the block ends by an exception, nothing new starts and `long_work` in the processes is ended in its middle.
    """
    context = get_context("spawn")
    stop = context.Event()
    with ProcessPoolExecutor(workers, mp_context=context, initializer=prepare_process, initargs=(stop,)) as pool:
        try:
            yield pool
        except BrokenProcessPool:
            raise  # the pool ends its processes itself
        except BaseException:
            stop.set()
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def train_baselines(plans: list[BaselinePlan], workers: int, on_done: Callable[[str], None]) -> list[Path]:
    """Train all baselines, the longest first; returns their weights in the order of `plans`."""
    order = sorted(plans, key=lambda plan: -sum(len(files) for files in plan.folders))
    results: dict[str, Path] = {}
    with quiet_pool(workers) as pool:
        futures: dict[Future[Path], str] = {pool.submit(train_baseline, plan): plan.name for plan in order}
        for future in as_completed(futures):
            results[futures[future]] = future.result()
            on_done(futures[future])
    return [results[plan.name] for plan in plans]


def train_baseline(plan: BaselinePlan) -> Path:
    """Train one baseline and save its best state. Deterministic in (plan, machine)."""
    with long_work():
        return _train(plan)


def _train(plan: BaselinePlan) -> Path:
    task = load_task(TASK)
    parameters = task_spec(TASK).parameters.model_validate(plan.parameters)
    halves = [
        task.split(task.load_samples(list(files)), parameters.holdout_fraction, parameters.seed)
        for files in plan.folders
    ]
    train = [sample for half in halves for sample in half[0]]
    holdout = [sample for half in halves for sample in half[1]]
    network = task.build_network(plan.network)
    load_weights(plan.initial, network)
    stretch = parameters.local_epochs * math.ceil(len(train) / parameters.batch_size)
    best, kept = float("inf"), state_arrays(network)

    def keep_best(progress: TrainProgress) -> None:
        nonlocal best, kept
        if progress.step % stretch == 0:
            score = mean_primary(task, network, holdout)
            network.train()
            if score < best:
                best, kept = score, state_arrays(network)

    whole = parameters.model_copy(update={"local_epochs": plan.rounds * parameters.local_epochs})
    task.train(network, train, whole, seed=parameters.seed + 1, on_progress=keep_best)
    plan.out.parent.mkdir(parents=True, exist_ok=True)
    save_arrays(plan.out, kept)
    return plan.out


def mean_primary(task: Task, network: torch.nn.Module, samples: Sequence[Sample]) -> float:
    """Return the mean of the task's primary metric, signed so that less is better."""
    spec = task.spec
    metric = next(row for row in spec.metrics if row.key == spec.primary_metric)
    values = [case[metric.key] for case in task.evaluate(network, samples)]
    known = [value for value in values if value is not None]
    mean = sum(known) / len(known)
    return -mean if metric.higher_is_better else mean
