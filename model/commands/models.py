"""The command group `flomir models`: which networks there are, what is known of their weights, and whether a file is whole."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard

import click

from model.commands.calibrate import calibrate
from model.commands.configure import configure
from model.commands.listing import is_listing
from model.commands.refusals import refusal
from model.curves import thinned_rows
from model.errors import ModelError
from model.sentences import in_sentences

if TYPE_CHECKING:
    from model.io.weights import ModelCard

LONGEST_TABLE = 12


@click.group(invoke_without_command=True)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.pass_context
def models(context: click.Context, *, as_json: bool) -> None:
    """List the reconstruction networks, and which come trained."""
    if not is_listing(context):
        return
    try:
        rows = [_row(name) for name in _names()]
    except ModelError as error:
        raise _one_line(error) from error
    if as_json:
        from model.shipped import DEFAULT_NETWORK

        click.echo(json.dumps({"default": DEFAULT_NETWORK, "networks": rows}))
    else:
        _print_table(rows)


models.add_command(calibrate)
models.add_command(configure)


@models.command()
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print the card as JSON.")
def show(name: str, *, as_json: bool) -> None:
    """Say in plain words what is known of the weights NAME: a shipped network, `default`, or a .safetensors file."""
    try:
        card = _card(name)
    except ModelError as error:
        raise _one_line(error) from error
    click.echo(card.model_dump_json(indent=1) if as_json else "\n".join(_words(card)))


@models.command()
@click.argument("file", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def verify(file: Path, *, as_json: bool) -> None:
    """Check a weights FILE: whole, finite, what its card says, and what the network named there needs.

    A shipped network's name may be given instead of a file.
    """
    from model.checkpoint import load_model

    try:
        path = file if file.suffix else _shipped_path(str(file))
        network, card = load_model(path)
    except ModelError as error:
        if as_json:
            click.echo(json.dumps({"whole": False, **refusal(error)}))
            raise SystemExit(1) from error
        raise _one_line(error) from error
    found = {
        "whole": True,
        "network": card.network.get("name"),
        "task": card.task,
        "parameters": sum(p.numel() for p in network.parameters()),
        "content_hash": card.content_hash,
        "bytes": path.stat().st_size,
    }
    if as_json:
        click.echo(json.dumps(found))
    else:
        click.echo(
            f"The weights are whole: {found['network']}, {found['parameters']} parameters, {found['bytes']} bytes, "
            f"content {card.content_hash[:16]}."
        )


def _one_line(error: ModelError) -> click.ClickException:
    return click.ClickException(in_sentences(error.message, error.remedy))


def _names() -> list[str]:
    from model.networks import NETWORKS
    from model.shipped import DEFAULT_NETWORK, shipped_networks

    there = shipped_networks()
    return sorted(NETWORKS, key=lambda name: (name != DEFAULT_NETWORK, name not in there))


def _row(name: str) -> dict[str, Any]:
    from model.networks import NETWORKS, build_network
    from model.shipped import DEFAULT_NETWORK, shipped_card, shipped_networks, shipped_path

    row: dict[str, Any] = {
        "name": name,
        "description": NETWORKS[name].description,
        "default": name == DEFAULT_NETWORK,
        "shipped": name in shipped_networks(),
    }
    if not row["shipped"]:
        return row | {"parameters": sum(p.numel() for p in build_network({"name": name}).parameters())}
    card, path = shipped_card(name), shipped_path(name)
    return row | {
        "parameters": card.parameters,
        "bytes": path.stat().st_size,
        "content_hash": card.content_hash,
        "created_at": card.created_at,
        "configuration": card.network,
        "metrics": card.metrics,
        "trained_as": card.training.get("trained_as"),
    }


def _print_table(rows: list[dict[str, Any]]) -> None:
    for row in rows:
        trained = f"trained, {row['bytes'] / 1e6:.2f} MB" if row["shipped"] else "untrained"
        default = ", default" if row["default"] else ""
        click.echo(f"{row['name']:<16} {row['parameters']:>9} parameters  {trained}{default}")
        click.echo(f"{'':<16} {row['description']}")
        if figures := _figures(row.get("metrics", {})):
            click.echo(f"{'':<16} {figures}")


def _figures(metrics: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value:.4g}" for key, value in metrics.items() if isinstance(value, int | float))


def _shipped_path(name: str) -> Path:
    from model.shipped import shipped_path

    return shipped_path(name)


def _card(name: str) -> ModelCard:
    from model.io.weights import load_card, verify_weights

    path = Path(name) if name.endswith(".safetensors") else _shipped_path(name)
    card = load_card(path)
    verify_weights(path, card)
    return card


def _words(card: ModelCard) -> list[str]:
    name = str(card.network.get("name", "?"))
    lines = [
        f"{name}: {card.parameters} parameters for the task {card.task}, made {card.created_at}.",
        f"Content (SHA-256): {card.content_hash}",
        f"Configuration: {_flat({k: v for k, v in card.network.items() if k != 'name'})}",
    ]
    figures = "Figures"
    if as_trained := card.training.get("trained_as"):
        figures = f"Figures of the network as trained ({_flat(as_trained)}), before its configuration was changed"
    for title, part in (("Trained on", card.data), ("Training", card.training), (figures, card.metrics)):
        lines.append(f"{title}:" if part else f"{title}: not recorded.")
        for key, value in part.items():
            lines += _rows(key, value) if _is_table(value) else [f"  {_plain(key)}: {_flat(value) or 'none'}"]
    if (promise := card.uncertainty) is not None:
        lines.append(
            f"Intervals: hold {promise.level:.0%} of a region's voxels with probability {promise.case_level:.0%} in a "
            f"study like those of the calibration ({promise.cases} cases)."
        )
    if card.alarm is not None:
        lines.append(f"Alarm: warns of studies unlike the {card.alarm.cases} familiar cases it was set by.")
    if card.lineage:
        lines.append(f"Made from: {', '.join(digest[:16] for digest in card.lineage)}")
    lines.append(f"Terms of use: {card.terms or 'those of this package'}")
    return lines


def _is_table(value: Any) -> TypeGuard[list[dict[str, Any]]]:
    return isinstance(value, list) and bool(value) and all(isinstance(row, dict) for row in value)


def _rows(key: str, rows: list[dict[str, Any]]) -> list[str]:
    """Return a table line by line, a long one thinned evenly with its last row kept."""
    kept = thinned_rows(rows, LONGEST_TABLE)
    known = [{name: inner for name, inner in row.items() if inner is not None} for row in kept]
    return [f"  {_plain(key)} ({len(kept)} of {len(rows)} rows):", *(f"    {_flat(row)}" for row in known)]


def _plain(key: str) -> str:
    return key.replace("_", " ")


def _flat(value: Any) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{_plain(str(key))} {_flat(inner)}" for key, inner in value.items())
    if isinstance(value, list | tuple):
        shown = [_flat(inner) for inner in value[:12]]
        return ("; " if _is_table(value) else " ").join(
            [*shown, f"... ({len(value)} in all)"] if len(value) > len(shown) else shown
        )
    if value is None or isinstance(value, bool):
        return {None: "none", True: "yes", False: "no"}[value]
    return f"{value:.4g}" if isinstance(value, float) else str(value)
