"""`flomir demo`: the demonstration on the command line."""

import contextlib
import json
import tempfile
import threading
import webbrowser
from pathlib import Path

import click
import httpx
from pydantic import ValidationError
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskID, TextColumn, TimeElapsedColumn

from fl_core.strategy_spec import STRATEGIES
from flomir.daemon_process import DaemonError
from flomir.demo.data import check_deal
from flomir.demo.run import Demo, Say, begin, run
from flomir.demo.settings import DemoSettings
from flomir.waiting import WaitTimeoutError
from model.errors import ModelError
from synthesis.errors import GenerationInterrupted, OutputUnusable, SynthesisError
from synthesis.execution.interrupts import terminated_as_interrupted


@click.command()
@click.option("--contributors", default=4, show_default=True, help="hospitals, each a daemon of its own")
@click.option("--rounds", default=16, show_default=True)
@click.option("--local-epochs", default=1, show_default=True)
@click.option("--studies", default=12, show_default=True, help="studies a site")
@click.option("--seed", default=0, show_default=True)
@click.option("--strategy", default="fedavgm", show_default=True, type=click.Choice(list(STRATEGIES)))
@click.option(
    "--workdir", type=click.Path(path_type=Path, file_okay=False), help="kept; a temporary folder when absent"
)
@click.option("--headless", is_flag=True, help="open no window and end when the report is written")
@click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
def demo(
    *, contributors: int, rounds: int, local_epochs: int, studies: int, seed: int, strategy: str,
    workdir: Path | None, headless: bool, as_json: bool,
) -> None:  # fmt: skip
    """Train one network across four simulated hospitals on this computer and compare it with the alternatives."""
    try:
        settings = DemoSettings(
            contributors=contributors, rounds=rounds, local_epochs=local_epochs, studies=studies, seed=seed,
            strategy=strategy, workdir=(workdir or Path(tempfile.gettempdir())).resolve(),
        )  # fmt: skip
    except ValidationError as error:
        first = error.errors()[0]
        message = f"--{first['loc'][0]}: {first['msg']}"
        raise click.UsageError(message) from error
    if workdir is None:  # only now, so that a refused command leaves nothing behind
        settings = settings.model_copy(update={"workdir": Path(tempfile.mkdtemp(prefix="flomir-demo-")).resolve()})
    try:
        check_deal(settings)
    except OutputUnusable as error:
        raise click.ClickException(str(error)) from error
    with terminated_as_interrupted():
        _show(settings, headless=headless, as_json=as_json)


def _show(settings: DemoSettings, *, headless: bool, as_json: bool) -> None:
    with _progress() as progress:
        started = begin(settings, _reporter(progress))
        try:
            if not headless:
                _open_pages(started)
            result = run(started)
        except BaseException as error:
            started.federation.stop()
            if isinstance(error, GenerationInterrupted):
                raise click.Abort from error
            if isinstance(error, DaemonError | WaitTimeoutError | SynthesisError | ModelError | httpx.HTTPError):
                message = f"{str(error).rstrip('.')}. The logs are in {settings.workdir}."
                raise click.ClickException(message) from error
            raise
    try:
        if as_json:
            click.echo(json.dumps(result))
        else:
            _summarise(result)
        if not headless:
            _stay()
    finally:
        started.federation.stop()


def _progress() -> Progress:
    return Progress(
        TextColumn("{task.description:<36}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        console=Console(stderr=True),
    )


def _reporter(progress: Progress) -> Say:
    tasks: dict[str, TaskID] = {}

    def say(name: str, fraction: float) -> None:
        if name not in tasks:
            tasks[name] = progress.add_task(name, total=1.0)
        progress.update(tasks[name], completed=fraction)

    return say


def _stay() -> None:
    click.echo("The pages stay open; press Ctrl-C to end.", err=True)
    with contextlib.suppress(KeyboardInterrupt):
        threading.Event().wait()


def _open_pages(started: Demo) -> None:
    for daemon in (started.federation.orchestrator, *started.federation.sites):
        daemon.wait_ready()
    for daemon in (started.federation.orchestrator, started.federation.sites[0]):
        click.echo(f"{daemon.role}: {daemon.link}", err=True)
        webbrowser.open(daemon.link)


def _summarise(result: dict[str, object]) -> None:
    metrics = result["metrics"]
    if not isinstance(metrics, dict):
        return
    single = metrics["single_sites"]
    rows = {"federated": metrics["federated"], "central": metrics["central"], "OSEM (tuned)": metrics["osem"]}
    rows |= {f"single site {number}": row for number, row in enumerate(single, start=1)}
    click.echo(f"{'':18}{'NRMSE body':>12}{'heart':>10}{'SSIM heart':>12}{'contrast':>10}")
    for name, row in rows.items():
        cells = [row[key] for key in ("nrmse_body", "nrmse_heart", "ssim_heart", "defect_contrast")]
        text = [f"{value:.4f}" if value is not None else "-" for value in cells]
        click.echo(f"{name:18}{text[0]:>12}{text[1]:>10}{text[2]:>12}{text[3]:>10}")
    click.echo(
        f"{result['rounds_completed']} of {result['rounds_planned']} rounds, overhead {result['round_overhead_s']} s a round, "
        f"{result['wall_s']} s in all. Report: {result['report']}"
    )
