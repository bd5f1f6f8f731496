"""`flomir orchestrator models ...`: the registry from scripts."""

from pathlib import Path

import click

from fl_core.protocol.messages import Json
from model.commands.listing import is_listing
from model.commands.replacing import force_option, refuse_taken
from orchestrator.client import DaemonClient, at
from orchestrator.command_line import Act, add_acts, home_option, json_option, show

ACTS = (
    Act("remove", "DELETE", "/models/{id}", "{id} lies in the bin.", "Put MODEL into the bin."),
    Act("restore", "POST", "/models/{id}/restore", "{name} is back.", "Take MODEL out of the bin."),
    Act("remove-for-good", "DELETE", "/models/{id}/remains", "{id} is gone.", "Remove the weights of MODEL, which lies in the bin, for good."),
)  # fmt: skip


@click.group(invoke_without_command=True)
@home_option
@json_option
@click.pass_context
def models(context: click.Context, home: Path, *, as_json: bool) -> None:
    """List the models; or rename, remove, restore, recommend, upload or download one."""
    if not is_listing(context):
        return
    rows = DaemonClient(home).items("/models")
    lines = [f"{row['id']}  {row['task']}  {str(row['sha256'])[:12]}  {row['name']}" for row in rows]
    show({"items": rows}, as_json=as_json, words="\n".join(lines) or "No model yet.")


add_acts(models, "MODEL", ACTS)


@models.command()
@home_option
@json_option
@click.argument("model")
@click.argument("name")
def rename(home: Path, *, as_json: bool, model: str, name: str) -> None:
    """Give MODEL another NAME; its identity stays."""
    view = DaemonClient(home).call("PATCH", at("/models/{id}", model), {"name": name})
    show(view, as_json=as_json, words=f"{model} is called {view['name']} now.")


@models.command()
@home_option
@json_option
@click.argument("model")
@click.option("--off", is_flag=True, help="Recommend it no more.")
def recommend(home: Path, *, as_json: bool, model: str, off: bool) -> None:
    """Recommend MODEL to the sites and for new sessions."""
    view = DaemonClient(home).call("PUT", at("/models/{id}/recommended", model), {"recommended": not off})
    show(view, as_json=as_json, words=f"{view['name']} is {'not ' if off else ''}recommended.")


@models.command()
@home_option
@json_option
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--name", required=True, help="Name in the registry.")
@click.option("--task", default="spect-reconstruction", show_default=True)
@click.option("--terms", default="", help="Terms of use, kept in the card.")
def upload(home: Path, *, as_json: bool, file: Path, name: str, task: str, terms: str) -> None:
    """Add the model in the safetensors FILE, after checking that it fits its task."""
    view = DaemonClient(home).upload("/models", file, {"name": name, "task": task, "terms": terms})
    show(view, as_json=as_json, words=f"{view['id']}  {view['name']}")


@models.command()
@home_option
@json_option
@click.argument("model")
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), required=True, help="Write the weights here (.safetensors), the card beside them.")  # fmt: skip
@force_option
def download(home: Path, *, as_json: bool, model: str, out: Path, force: bool) -> None:
    """Write MODEL as safetensors with its card (same name, .json)."""
    import json

    from model.io.atomic import write_atomically

    if out.suffix != ".safetensors":
        message = f"--out is {out.name}, it must end in .safetensors. Write {out.with_suffix('.safetensors').name}."
        raise click.ClickException(message)
    card = out.with_suffix(".json")
    refuse_taken(out, card, force=force)
    client = DaemonClient(home)
    view, weights = client.call("GET", at("/models/{id}", model)), client.fetch(at("/models/{id}/weights", model))
    try:
        write_atomically(card, (json.dumps(view["card"], indent=1) + "\n").encode())
        write_atomically(out, weights)
    except OSError as error:
        message = f"{out} cannot be written: {error.strerror}. Choose another file with --out."
        raise click.ClickException(message) from error
    written: Json = {
        "out": str(out),
        "card": str(card),
        "id": view["id"],
        "name": view["name"],
        "sha256": view["sha256"],
    }
    show(written, as_json=as_json, words=f"{view['name']} was written to {out}, its card to {card.name} beside it.")
