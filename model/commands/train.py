# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""`flomir train`: train a reconstruction network on folders of studies."""

from __future__ import annotations

import json
import math
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from model.errors import ModelError
from model.sentences import in_sentences

if TYPE_CHECKING:
    from model.training.distributed import Group
    from model.training.plan import LocalProgress
    from model.training.run import TrainRequest, TrainResult

TARGETS = ("phantom", "full-counts", "self-supervised")
INTERRUPTED = 130
SHOWN = ("train_loss", "score", "nrmse_body", "nrmse_heart", "ssim_heart", "contrast_error")
"""Columns of the validation curve."""


@click.command()
@click.option(
    "--data", required=True, multiple=True, type=click.Path(path_type=Path), help="Folder of studies; may be repeated."
)
@click.option(
    "--model", "network", required=True, metavar="NAME|CONFIG.json", help="What to train; see `flomir models`."
)
@click.option(
    "--epochs",
    required=True,
    type=click.IntRange(min=1),
    help="Passes over the studies; the rate falls over all of them.",
)
@click.option(
    "--out",
    required=True,
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the best weights go (.safetensors), with a card (.json) beside them.",
)
@click.option("--init", type=click.Path(exists=True, dir_okay=False, path_type=Path), help="Weights to begin with.")
@click.option(
    "--validation",
    type=click.Path(path_type=Path),
    help="Folder of studies to validate on; patients in it do not train.",
)
@click.option(
    "--holdout",
    default=0.1,
    show_default=True,
    type=click.FloatRange(0.01, 0.5),
    help="Share of the patients to validate on where there is no --validation.",
)
@click.option(
    "--targets",
    default="phantom",
    show_default=True,
    type=click.Choice(TARGETS),
    help="What to learn from: the studies' reference images, OSEM of all counts from a part of them, or counts held out of each study (needs no reference).",
)
@click.option(
    "--set",
    "settings",
    multiple=True,
    metavar="NAME=VALUE",
    help="A training parameter, such as learning_rate=0.002, heart_weight=4, augment=true; may be repeated. A wrong name lists them all.",
)
@click.option(
    "--score",
    metavar="NAME[+NAME...]",
    help="Validation figures whose sum decides which weights are the best (less is better).  [default: nrmse_body+nrmse_heart; loss without phantoms]",
)
@click.option(
    "--validate-every",
    type=click.IntRange(min=1),
    metavar="STEPS",
    help="Validate after so many steps instead of after each epoch.",
)
@click.option(
    "--patience", type=click.IntRange(min=1), metavar="N", help="Stop after N validations without a better score."
)
@click.option(
    "--max-minutes",
    type=click.FloatRange(min=0.001),
    metavar="M",
    help="Stop after so many minutes of training; the rate then falls with the clock, so the run is not reproducible to the bit.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Of first weights, split, order and augmentation.",
)
@click.option("--device", default="auto", show_default=True, type=click.Choice(["auto", "cpu", "cuda"]))
@click.option("--threads", type=click.IntRange(min=1), help="Processor threads; by default torch's choice.")
@click.option("--resume", is_flag=True, help="Go on from the checkpoint beside --out; start where there is none.")
@click.option("--force", is_flag=True, help="Replace the weights of another run at --out, and what lies beside them.")
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="Print one JSON object; no progress bar, but a line on stderr at every validation.",
)
def train(*, settings: tuple[str, ...], as_json: bool, threads: int | None, **options: Any) -> None:
    """Train a reconstruction network.

    The best weights by the validation score go to --out, the last ones beside it where they are others. A checkpoint beside it is written after every epoch and at
    least every two minutes: after Ctrl-C or a crash, run the same command with --resume. Several processes or GPUs:
    `torchrun --standalone --nproc-per-node 2 -m flomir train ...`.
    """
    import torch

    from model.training.distributed import join_group

    if threads is not None:
        torch.set_num_threads(threads)
    try:
        device = _device(options.pop("device"))
        request = _request(settings, device=device, **options)
        with join_group(device) as group, stop_on_signals() as stopped:
            result = _watched(request, group, stopped, quiet=as_json or not group.leads)
    except ModelError as error:
        raise click.ClickException(in_sentences(error.message, error.remedy)) from error
    except OSError as error:  # a checkpoint or the weights; what cannot be read is told by name as left out
        remedy = "Free space or mend the permissions, then go on with --resume."
        what = f"{Path(str(error.filename)).name} cannot be written: " if error.filename else ""
        raise click.ClickException(in_sentences(f"{what}{error.strerror or error}", remedy)) from error
    except (MemoryError, RuntimeError) as error:
        if isinstance(error, RuntimeError) and "memory" not in str(error):
            raise
        message = "There is not enough memory. Name fewer or smaller studies, or use a smaller network."
        raise click.ClickException(message) from error
    if group.leads:
        _answer(request, result, as_json=as_json)
    if result.saved is None and result.outcome is not None and result.outcome.ended == "interrupted":
        sys.exit(INTERRUPTED)


def _device(chosen: str) -> str:
    import torch

    if chosen == "cuda" and not torch.cuda.is_available():
        raise ModelError("training.device", "there is no CUDA device here", "Use --device cpu or auto.")
    return "cuda" if chosen != "cpu" and torch.cuda.is_available() else "cpu"


def _request(
    settings: tuple[str, ...],
    *,
    network: str,
    data: tuple[Path, ...],
    epochs: int,
    score: str | None,
    patience: int | None,
    validate_every: int | None,
    max_minutes: float | None,
    seed: int,
    targets: Any,
    **rest: Any,
) -> TrainRequest:
    from model.training.plan import TrainPlan
    from model.training.run import TrainRequest, check_used, parse_settings, read_network
    from model.training.validation import DEFAULT_SCORE

    plan = TrainPlan(
        epochs=epochs,
        seed=seed,
        score=score or DEFAULT_SCORE[targets],
        patience=patience,
        validate_every=validate_every,
        max_minutes=max_minutes,
    )
    parameters = parse_settings(settings, seed=seed)
    check_used(settings, targets)
    return TrainRequest(
        data=data,
        network=read_network(network),
        network_file=Path(network) if network.endswith(".json") else None,
        plan=plan,
        targets=targets,
        parameters=parameters,
        command=("flomir", *sys.argv[1:]),
        **rest,
    )


@contextmanager
def stop_on_signals() -> Iterator[list[int]]:
    """Collect SIGINT and SIGTERM in a list instead of dying; the second SIGINT interrupts at once."""
    seen: list[int] = []

    def note(number: int, _frame: object) -> None:
        seen.append(number)
        if seen.count(signal.SIGINT) > 1:
            raise KeyboardInterrupt

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield seen
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _watched(request: TrainRequest, group: Group, stopped: list[int], *, quiet: bool) -> TrainResult:
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from model.training.run import Watch, run_training

    console = Console(stderr=True, soft_wrap=True)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[words]}"),
        TimeRemainingColumn(elapsed_when_finished=True),
    )
    with Progress(*columns, console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        preparing = bar.add_task("Preparing studies", total=None, words="")
        training = bar.add_task("Training", total=None, words="", visible=False)

        def prepared(done: int, total: int) -> None:
            bar.update(preparing, total=total, completed=done, words=f"{done}/{total}")
            if stopped:
                raise KeyboardInterrupt

        def progressed(step: LocalProgress) -> None:
            validated = math.isnan(step.loss)
            if validated and group.leads and (quiet or not console.is_terminal):
                console.print(validation_line(step), markup=False, highlight=False)
            bar.update(preparing, visible=False)
            bar.update(training, visible=True, total=step.steps, completed=step.step, words=progress_words(step))

        def note(text: str) -> None:
            if group.leads:
                console.print(text, markup=False, highlight=False)

        watch = Watch(on_note=note, on_prepared=prepared, on_progress=progressed, should_stop=lambda: bool(stopped))
        return run_training(request, group, watch)


def progress_words(step: LocalProgress) -> str:
    """Return what the progress bar says besides the share that is done."""
    loss = "" if math.isnan(step.loss) else f" loss {step.loss:.4f}"
    score = f" score {step.state.curve[-1]['score']:.4f} best {step.state.best_score:.4f}" if step.state.curve else ""
    return f"step {step.step}/{step.steps} epoch {step.epoch}{loss} rate {step.rate:.2e}{score}"


def validation_line(step: LocalProgress) -> str:
    """Return the last row of the curve as one line, for logs."""
    row = step.state.curve[-1]
    figures = [f"{key} {value:.4f}" for key, value in row.items() if key in SHOWN and isinstance(value, float)]
    return (
        f"step {step.step}/{step.steps} epoch {row['epoch']:g}: {', '.join(figures)} (best {step.state.best_score:.4f})"
    )


def _answer(request: TrainRequest, result: TrainResult, *, as_json: bool) -> None:
    if result.saved is None:
        assert result.outcome is not None  # noqa: S101 - narrowing; only interruptions save nothing
        step = result.outcome.state.steps
        words = f"Stopped after step {step}; go on with the same command and --resume."
        click.echo(json.dumps({"interrupted": True, "steps": step}) if as_json else words, err=not as_json)
        return
    card = result.saved.card
    if as_json:
        fields = {"data": card.data, "training": card.training, "metrics": card.metrics, "network": card.network}
        click.echo(
            json.dumps(
                {"out": str(request.out), "content_hash": card.content_hash, "parameters": card.parameters, **fields}
            )
        )
        return
    for line in summary_lines(card.training, card.metrics):
        click.echo(line)
    click.echo(f"{request.out} ({card.parameters:,} values, {card.content_hash[:12]})")


def summary_lines(training: Any, metrics: Any) -> list[str]:
    """Return the validation curve as a small table and a line of blocks, and what was kept."""
    from model.training.card import sparkline

    curve = metrics["curve"]
    keys = [key for key in SHOWN if curve[-1].get(key) is not None]
    lines = ["  ".join(["epoch", *(f"{key:>14}" for key in keys)])]
    shown = curve if len(curve) <= 12 else [*curve[:: max(1, len(curve) // 10)], curve[-1]]
    lines += ["  ".join([f"{row['epoch']:5g}", *(f"{_figure(row[key]):>14}" for key in keys)]) for row in shown]
    best = training["best"]
    lines.append(f"score {sparkline([row['score'] for row in curve])}")
    lines.append(
        f"kept: epoch {best['epoch']:g}, {metrics['score']} = {best['score']:.4f}; {training['steps']} steps in {training['wall_s']:.0f} s, ended by {training['ended']}"
    )
    if best["step"] == 0:
        lines.append("No validation was better than the start: these are the weights that the training began with.")
    return lines


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.4f}"
