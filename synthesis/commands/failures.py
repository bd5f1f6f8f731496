"""Turn what can go wrong in a command into one sentence with its remedy."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import click

from synthesis.errors import SynthesisError


@contextmanager
def one_sentence(target: str) -> Iterator[None]:
    """Raise ClickException for errors of ours, and for a disk that refuses to take `target`."""
    try:
        yield
    except SynthesisError as error:
        raise click.ClickException(str(error)) from error
    except OSError as error:
        reason = error.strerror or type(error).__name__
        message = f"{target} cannot be written: {reason}. Check free space and permissions."
        raise click.ClickException(message) from error
