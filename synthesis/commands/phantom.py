"""`flomir synthesize phantom`: draw one body and keep it, ready to be simulated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from model.commands.replacing import force_option, refuse_taken
from synthesis.choices import SIMULATORS, choose
from synthesis.commands.failures import one_sentence
from synthesis.scenario import Scenario


@click.command()
@click.argument("scenario")
@click.option("--out", required=True, type=click.Path(dir_okay=False, path_type=Path), help="Phantom file to write.")
@click.option("--index", default=0, show_default=True, type=click.IntRange(min=0), help="Number of the body.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--site", default=None, help="Site of the scenario; by default its first.")
@click.option("--phantom", "kind", default=None, metavar="NAME|FILE.toml", help="Other patients than the scenario's.")
@click.option("--simulator", default=None, type=click.Choice(SIMULATORS), help="Another simulator than the scenario's.")
@force_option
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def phantom(
    scenario: str,
    *,
    out: Path,
    index: int,
    seed: int,
    site: str | None,
    kind: str | None,
    simulator: str | None,
    force: bool,
    as_json: bool,
) -> None:
    """Draw one body of SCENARIO: the first stage of a study; `simulate` and `mix` are the next.

    Body, camera and infarcts are those of the same study of `run`.
    """
    refuse_taken(out, force=force)
    with one_sentence(out.name):
        found = _draw(choose(scenario, phantom=kind, simulator=simulator), out, site, seed, index)
    text = (
        f"body {index} of site {found['site']}: {len(found['sources'])} sources, {found['infarcts']} infarcts, "
        f"{found['bytes'] / 1e6:.1f} MB: {out}"
    )
    click.echo(json.dumps(found) if as_json else text)


def _draw(scenario: Scenario, out: Path, site: str | None, seed: int, index: int) -> dict[str, Any]:
    from synthesis.patient import make_phantom
    from synthesis.template_file import write_phantom

    name = scenario.sites[0].name if site is None else scenario.site(site).name
    made = make_phantom(scenario, name, seed=seed, index=index)
    write_phantom(out, made)
    return {
        "site": name,
        "seed": seed,
        "index": index,
        "sources": list(made.body.members),
        "infarcts": len(made.body.defects),
        "bytes": out.stat().st_size,
        "seconds": {stage: round(spent, 3) for stage, spent in made.body.seconds.items()},
    }
