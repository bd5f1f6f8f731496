"""`flomir bench NAME`: measure one thing on this machine and print its figures."""

from collections.abc import Callable
from typing import ParamSpec

import click

from flomir.bench.accuracy_command import accuracy
from flomir.bench.figures import Figures, MeasureError, Outcome, measure
from flomir.browser import NoBrowserError
from flomir.daemon_process import DaemonError
from flomir.waiting import WaitTimeoutError
from model.errors import ModelError
from model.sentences import in_sentences
from synthesis.errors import SynthesisError

P = ParamSpec("P")
Bench = Callable[P, Figures | Outcome]


@click.group()
def bench() -> None:
    """Measure one thing on this machine."""


def _words(value: str | float | None) -> str:
    return value if isinstance(value, str) else "not measured" if value is None else format(value, "g")


def printed(name: str) -> Callable[[Bench[P]], click.Command]:
    """Make a function that returns figures the command ``flomir bench NAME`` with ``--json``.

    Imports that the bench needs belong into the function, so that the other commands do not pay for them.
    """

    def command(function: Bench[P]) -> click.Command:
        def run(*arguments: P.args, as_json: bool, **options: P.kwargs) -> None:  # type: ignore[valid-type]
            try:
                result = measure(name, lambda: function(*arguments, **options))
            except (ModelError, SynthesisError) as error:
                raise click.ClickException(in_sentences(error.message, error.remedy)) from error
            except (MeasureError, DaemonError, NoBrowserError, WaitTimeoutError) as error:
                raise click.ClickException(in_sentences(str(error))) from error
            if as_json:
                click.echo(result.to_json())
                return
            click.echo(f"{result.name} on {result.machine}, commit {result.commit}, {result.seconds} s")
            for key, value in (result.figures | result.notes).items():
                click.echo(f"  {key:28} {_words(value)}")

        run.__doc__ = function.__doc__
        run.__click_params__ = getattr(function, "__click_params__", [])  # type: ignore[attr-defined]
        with_json = click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
        return bench.command(name)(with_json(run))

    return command


@printed("round")
def _round() -> Figures:
    """How long a round takes beyond training, how fast the daemons start and the page follows."""
    from flomir.bench.round import bench_round

    return bench_round()


@printed("reliability")
@click.option(
    "--sites",
    "sizes",
    multiple=True,
    type=click.IntRange(1, 8),
    help="a number of sites; may be repeated  [default: 1 2 3 4 8]",
)
@click.option("--rounds", default=53, show_default=True, type=click.IntRange(1, 200), help="with each number of sites")
@click.option(
    "--disturbed",
    default=53,
    show_default=True,
    type=click.IntRange(0, 200),
    help="rounds in which a process is killed",
)
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0), help="of the draw of who is killed")
@click.option("--quick", is_flag=True, help="two rounds of each kind: shows that it works, no figures to quote")
def _reliability(*, sizes: tuple[int, ...], rounds: int, disturbed: int, seed: int, quick: bool) -> Outcome:
    """How many rounds succeed, with 1 to 8 sites undisturbed and with a process killed in every round."""
    from flomir.bench.reliability import QUICK, SIZES, Plan, bench_reliability

    plan = QUICK if quick else Plan(sizes=sizes or SIZES, rounds=rounds, disturbed=disturbed, seed=seed)
    return bench_reliability(plan, lambda text: click.echo(text, err=True))


@printed("enrol")
@click.option("--sites", default=3, show_default=True, type=click.IntRange(1, 20), help="hospitals that join")
def _enrol(*, sites: int) -> Outcome:
    """How long it takes to join, from the opened invitation to "connected", through real daemons and a real browser."""
    from flomir.bench.enrol import bench_enrol

    return bench_enrol(sites)


@printed("ui")
@click.option("--quick", is_flag=True, help="a few rows and events: shows that it works, no figures to quote")
def _ui(*, quick: bool) -> Outcome:
    """How quickly the pages paint with 500 sites, 200 sessions and 2000 models, and how soon they show a change."""
    from flomir.bench.ui import QUICK, Plan, bench_ui

    return bench_ui(QUICK if quick else Plan(), lambda text: click.echo(text, err=True))


@printed("reconstruct")
@click.option("--size", default="64x64x32", show_default=True, help="voxels in x, y and z")
@click.option("--views", default=60, show_default=True, type=click.IntRange(4, 360))
@click.option("--studies", default=6, show_default=True, type=click.IntRange(1, 100), help="studies to measure on")
@click.option("--against", default="pytomography", show_default=True, type=click.Choice(["pytomography", "nothing"]))
@click.option("--quick", is_flag=True, help="one study each: shows that it works, no figures to quote")
def _reconstruct(*, size: str, views: int, studies: int, against: str, quick: bool) -> Outcome:
    """How long a reconstruction takes, every method at its tuned setting, its quality beside it."""
    from flomir.bench.reconstruct import Plan, bench_reconstruct, parse_size
    from flomir.bench.reconstruct import quick as shorter

    try:
        plan = Plan(size=parse_size(size), views=views, studies=studies, against=against)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--size") from error
    return bench_reconstruct(shorter(plan) if quick else plan, lambda text: click.echo(text, err=True))


@printed("memory")
@click.option("--size", default="128x128x128", show_default=True, help="voxels in x, y and z")
@click.option("--views", default=60, show_default=True, type=click.IntRange(4, 360))
def _memory(*, size: str, views: int) -> Outcome:
    """How much memory and time a reconstruction takes by OSEM and by the default network, each in a fresh process."""
    from flomir.bench.memory import bench_memory
    from flomir.bench.reconstruct import parse_size

    try:
        return bench_memory(parse_size(size), views)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--size") from error


@printed("import")
@click.option("--studies", default=1000, show_default=True, type=click.IntRange(8, 100_000), help="acquisitions")
def _import(*, studies: int) -> Outcome:
    """How long a hospital's first import takes, whether memory stays flat, and that a kill half-way costs nothing."""
    from flomir.bench.intake import bench_import

    return bench_import(studies, lambda text: click.echo(text, err=True))


@printed("synthesis")
@click.option(
    "--studies", default=24, show_default=True, type=click.IntRange(4, 10_000), help="samples of the large set"
)
@click.option("--workers", default=2, show_default=True, type=click.IntRange(1, 256))
@click.option("--quick", is_flag=True, help="a few samples: shows that it works, no figures to quote")
def _synthesis(*, studies: int, workers: int, quick: bool) -> Outcome:
    """How many samples an hour synthesis makes, how much memory a worker takes, what variants and GATE cost."""
    from flomir.bench.synthesis import Plan, bench_synthesis

    plan = Plan(small=2, large=4, workers=workers) if quick else Plan(max(2, studies // 3), studies, workers)
    return bench_synthesis(plan)


@printed("quality")
@click.option("--seed", type=int, help="of the studies that are reported on")
@click.option("--rounds", default=2, show_default=True, type=click.IntRange(1, 100), help="studies of every camera")
@click.option(
    "--find-sizes", is_flag=True, help="measure the smallest faults that raise OSEM's error in the heart by 10 %"
)
@click.option("--quick", is_flag=True, help="few studies: shows that it works, no figures to quote")
def _quality(*, seed: int | None, rounds: int, find_sizes: bool, quick: bool) -> Outcome | Figures:
    """How many broken studies quality control finds at three sizes of each fault, and how many sound ones it doubts."""
    from flomir.bench.quality import REPORT_SEED, SIZES_SEED, QualityPlan, bench_quality
    from flomir.bench.quality import find_sizes as smallest

    def say(text: str) -> None:
        click.echo(text, err=True)

    if find_sizes:
        return smallest(SIZES_SEED if seed is None else seed, say)
    noises = 1 if quick else QualityPlan.noises
    plan = QualityPlan(seed=REPORT_SEED if seed is None else seed, rounds=1 if quick else rounds, noises=noises)
    return bench_quality(plan, say)


bench.add_command(accuracy)
