"""`flomir bench NAME`: measure one thing on this machine and print its figures."""

from collections.abc import Callable
from typing import ParamSpec

import click

from flomir.bench.accuracy_command import accuracy
from flomir.bench.figures import Figures, Outcome, measure

P = ParamSpec("P")
Bench = Callable[P, Figures | Outcome]


@click.group()
def bench() -> None:
    """Measure one thing on this machine."""


def printed(name: str) -> Callable[[Bench[P]], click.Command]:
    """Make a function that returns figures the command ``flomir bench NAME`` with ``--json``.

    Imports that the bench needs belong into the function, so that the other commands do not pay for them.
    """

    def command(function: Bench[P]) -> click.Command:
        def run(*arguments: P.args, as_json: bool, **options: P.kwargs) -> None:  # type: ignore[valid-type]
            result = measure(name, lambda: function(*arguments, **options))
            if as_json:
                click.echo(result.to_json())
                return
            click.echo(f"{result.name} on {result.machine}, commit {result.commit}, {result.seconds} s")
            for key, value in (result.figures | result.notes).items():
                click.echo(f"  {key:28} {value if isinstance(value, str) else format(value, 'g')}")

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


bench.add_command(accuracy)
