"""The command `flomir reconstruct`: scans in, images out."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("inputs", nargs=-1, required=True, type=click.Path(path_type=Path))
def reconstruct(inputs: tuple[Path, ...]) -> None:
    """Reconstruct INPUTS: scans, or folders of them."""
    message = f"nothing is done yet with {len(inputs)} inputs"
    raise click.ClickException(message)
