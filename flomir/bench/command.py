"""`flomir bench NAME`: measure one thing on this machine and print its figures."""

from collections.abc import Callable

import click

from flomir.bench.figures import Figures, measure


def _round() -> Figures:
    from flomir.bench.round import bench_round

    return bench_round()


BENCHES: dict[str, Callable[[], Figures]] = {"round": _round}
"""Every bench by name; each imports what it needs only when it runs."""


@click.command()
@click.argument("name", type=click.Choice(sorted(BENCHES)))
@click.option("--json", "as_json", is_flag=True, help="print one JSON object and nothing else")
def bench(*, name: str, as_json: bool) -> None:
    """Measure NAME on this machine."""
    result = measure(name, BENCHES[name])
    if as_json:
        click.echo(result.to_json())
        return
    click.echo(f"{result.name} on {result.machine}, commit {result.commit}, {result.seconds} s")
    for key, value in result.figures.items():
        click.echo(f"  {key:28} {value:g}")
