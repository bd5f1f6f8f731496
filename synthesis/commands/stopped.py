"""How a command ends that somebody stopped with Ctrl-C."""

import click


class Stopped(click.ClickException):
    """Say in a sentence what is kept and how to go on, and end with the code of a shell for Ctrl-C, not that of a failure."""

    exit_code = 130
