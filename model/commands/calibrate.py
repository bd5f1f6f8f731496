"""The command `flomir models calibrate`: measure how wide a model's intervals must be and when its alarm must sound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from model.errors import ModelError
from model.io.atomic import why_not
from model.sentences import in_sentences

if TYPE_CHECKING:
    from collections.abc import Sequence

    from model.confidence.fit import Calibration, CalibrationSettings
    from model.io.confidence_records import MeasuredShare
    from model.io.weights import ModelCard
    from model.networks.inputs import ReconstructionNetwork

UNITS = {"body": "of the body's mean activity", "heart": "of the body's mean activity", "segments": "polar points"}


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--data",
    required=True,
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    help="Studies with a known truth that the model was not trained on, like those it will meet.",
)
@click.option(
    "--member",
    "members",
    multiple=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Weights of a further network for an ensemble; may be given several times.",
)
@click.option("--replicates", default=8, show_default=True, type=click.IntRange(2, 100), help="Of the bootstrap.")
@click.option(
    "--level",
    default=0.95,
    show_default=True,
    type=click.FloatRange(0.5, 0.999),
    help="Share of a case that an interval covers.",
)
@click.option(
    "--case-level",
    default=0.9,
    show_default=True,
    type=click.FloatRange(0.5, 0.99),
    help="Share of cases in which it does.",
)
@click.option("--threads", type=click.IntRange(min=1), help="Processor threads; by default torch's choice.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object and no progress bar.")
def calibrate(
    file: Path,
    *,
    data: Path,
    members: tuple[Path, ...],
    replicates: int,
    level: float,
    case_level: float,
    threads: int | None,
    as_json: bool,
) -> None:
    """Calibrate the intervals and the alarm of the weights FILE and write them into its card.

    Six tenths of the patients choose, the others measure. A shipped network's name may be given instead of a file.
    """
    from model.confidence.fit import CalibrationSettings

    settings = CalibrationSettings(replicates=replicates, level=level, case_level=case_level)
    try:
        card, found = _calibrated(file, data, members, settings, threads, quiet=as_json)
    except ModelError as error:
        raise click.ClickException(in_sentences(error.message, error.remedy)) from error
    except OSError as error:
        raise _not_written(file, error.strerror or str(error)) from error
    if as_json:
        parts = {"uncertainty": found.uncertainty, "alarm": found.alarm}
        shown = {name: part.model_dump(mode="json") for name, part in parts.items()}
        click.echo(json.dumps({"content_hash": card.content_hash, **shown}))
    else:
        click.echo("\n".join(_words(found)))


def _calibrated(
    file: Path,
    data: Path,
    members: Sequence[Path],
    settings: CalibrationSettings,
    threads: int | None,
    *,
    quiet: bool,
) -> tuple[ModelCard, Calibration]:
    import torch
    from rich.console import Console
    from rich.progress import Progress

    from model.confidence.calibration import calibrate as measure
    from model.confidence.calibration import with_calibration
    from model.io.study_folder import study_files
    from model.io.weights import card_path, save_card
    from model.shipped import shipped_path

    if threads is not None:
        torch.set_num_threads(threads)
    path = file if file.suffix else shipped_path(str(file))
    network, card = _network(path)
    if reason := why_not(card_path(path)):
        raise _not_written(path, reason)
    others = {other.content_hash: member for member, other in map(_network, members)}
    studies = study_files(data)
    if not studies:
        message = f"there is no study file (.h5) in {data.name}"
        raise ModelError(code="sample.none", message=message)
    console = Console(stderr=True)
    with Progress(console=console, disable=quiet or not console.is_terminal, transient=True) as bar:
        task = bar.add_task(f"{len(studies)} studies", total=1.0)
        found = measure(
            studies,
            network,
            card.content_hash,
            members={key: member for key, member in others.items() if key != card.content_hash},
            settings=settings,
            on_progress=lambda done: bar.update(task, completed=done),
        )
    card = with_calibration(card, found)
    save_card(path, card)
    return card, found


def _not_written(file: Path, reason: str) -> click.ClickException:
    return click.ClickException(
        f"The card of {file.name} cannot be written: {reason}. Check free space and permissions."
    )


def _network(path: Path) -> tuple[ReconstructionNetwork, ModelCard]:
    from model.checkpoint import load_model
    from model.networks.inputs import ReconstructionNetwork
    from model.shipped import TASK

    network, card = load_model(path, task=TASK)
    if not isinstance(network, ReconstructionNetwork):
        message = f"the model is a {type(network).__name__}, which reconstructs nothing"
        raise ModelError(code="weights.task", message=message)
    return network, card


def _words(found: Calibration) -> list[str]:
    record, alarm = found.uncertainty, found.alarm
    promise = f"in {record.case_level:.0%} of new cases like these, at least {record.level:.0%} of a region inside"
    lines = [f"Intervals: {promise} ({record.cases} cases chose, {record.test_cases} measured)."]
    for name, region in record.regions.items():
        lines.append(
            f"  {name}: factor {region.factor:.3g}; coverage {_share(region.coverage_before)} before, "
            f"{_share(region.coverage)} after; cases covered {_share(region.cases_covered)}; "
            f"mean half-width {region.half_width or 0:.3g} {UNITS.get(name, '')}"
        )
    lines.append(
        f"Alarm: unusual from {alarm.unusual:.2f}, unlike from {alarm.unlike:.2f}; false alarms on the measuring cases "
        f"{_share(alarm.false_alarms)} (aim {alarm.false_alarm_level:.0%})."
    )
    return lines


def _share(share: MeasuredShare | None) -> str:
    return "not measured" if share is None else f"{share.value:.1%} ({share.low:.1%} to {share.high:.1%})"
