"""What the commands that steer a running orchestrator share: their options, their output, commands that are one request."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click

import fl_core.home_option
from fl_core.protocol.messages import Json
from orchestrator.client import DaemonClient, at

Decorator = Callable[[Callable[..., Any]], Callable[..., Any]]

home_option = fl_core.home_option.home_option("orchestrator", "this orchestrator")
json_option: Decorator = click.option("--json", "as_json", is_flag=True, help="Print one JSON object instead of words.")


@dataclass(frozen=True, slots=True)
class Act:
    """A command that takes one id and sends one request.

    Parameters
    ----------
    name : str
    method, path : str
        ``{id}`` stands for the id.
    words : str
        What is printed, with the fields of the answer in braces.
    help : str
        With the argument's name in capitals.
    """

    name: str
    method: str
    path: str
    words: str
    help: str


def add_acts(group: click.Group, argument: str, acts: Sequence[Act]) -> None:
    """Add commands that are one request each."""
    for act in acts:
        group.add_command(_command(argument, act))


def show(value: Json, *, as_json: bool, words: str) -> None:
    """Print an answer for machines or for people."""
    click.echo(json.dumps(value) if as_json else words)


def _command(argument: str, act: Act) -> click.Command:
    @click.command(act.name, help=act.help)
    @home_option
    @json_option
    @click.argument("identity", metavar=argument)
    def run(home: Path, *, as_json: bool, identity: str) -> None:
        view = DaemonClient(home).call(act.method, at(act.path, identity))
        show(view, as_json=as_json, words=act.words.format(**{"id": identity, **view}))

    return run
