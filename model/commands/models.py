"""The command group `flomir models`: which networks there are and what is known of their weights."""

from __future__ import annotations

import json

import click


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def models(context: click.Context, *, as_json: bool) -> None:
    """List the networks and the trained weights that come with the package."""
    if context.invoked_subcommand is None:
        from model.shipped import shipped_networks

        click.echo(json.dumps({"shipped": list(shipped_networks())}) if as_json else "\n".join(shipped_networks()))
