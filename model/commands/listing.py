"""Groups of commands that list something where no command of theirs is named."""

import click
from click.core import ParameterSource


def is_listing(context: click.Context) -> bool:
    """Return whether the group itself was asked, not a command of it.

    Raises
    ------
    click.UsageError
        If a command is named after an option of the list: it would not hear of it, and act on the default instead.
    """
    command = context.invoked_subcommand
    if command is None:
        return True
    for parameter in context.command.params:
        name = parameter.name
        if name is not None and context.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            message = f"{parameter.opts[0]} before {command} is for the list alone; write it after {command}."
            raise click.UsageError(message, context)
    return False
