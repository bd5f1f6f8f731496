"""The command `flomir models configure`: settings of a trained network that need no training, such as its closing passes."""

from __future__ import annotations

import json
from pathlib import Path

import click

from model.errors import ModelError
from model.sentences import in_sentences

CHECK_DISK = "Check free space and permissions."


@click.command()
@click.argument("file", type=click.Path(dir_okay=False, path_type=Path))
@click.option(
    "--set",
    "words",
    multiple=True,
    required=True,
    metavar="NAME=VALUE",
    help="A setting of the network, such as closing_passes=6; may be repeated.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def configure(file: Path, words: tuple[str, ...], *, as_json: bool) -> None:
    """Change settings of the network in the card beside the weights FILE; the weights stay as they are.

    The card goes on telling what was trained. A calibration was of the former network and is taken out: calibrate anew
    with `flomir models calibrate`.
    """
    from model.io.weights import load_card, save_card
    from model.reconfigure import parse_changes, reconfigured

    try:
        before = load_card(file)
        card = reconfigured(file, parse_changes(words))
        save_card(file, card)
    except ModelError as error:
        raise click.ClickException(in_sentences(error.message, error.remedy)) from error
    except OSError as error:
        raise click.ClickException(
            in_sentences(f"the card of {file.name} cannot be written: {error.strerror or error}", CHECK_DISK)
        ) from error
    changed = {key: value for key, value in card.network.items() if before.network.get(key) != value}
    dropped = before.uncertainty is not None and card.uncertainty is None
    if as_json:
        click.echo(json.dumps({"changed": changed, "network": card.network, "calibration_dropped": dropped}))
        return
    named = ", ".join(f"{key} {value}" for key, value in changed.items())
    click.echo(f"Changed: {named}." if changed else "Nothing to change: the network is like that.")
    if dropped:
        click.echo("The calibration was of the former network; calibrate anew with `flomir models calibrate`.")
