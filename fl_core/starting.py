"""What `run` of either daemon needs before anything is composed: settings that fit and the page's port; a refusal is one line."""

import errno
import tomllib
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click
from pydantic import ValidationError
from pydantic_settings import SettingsError

from fl_core.errors import FlomirError
from fl_core.settings import DaemonSettings
from fl_core.web.complaints import first_problem
from model.sentences import in_sentences

if TYPE_CHECKING:
    import socket

SETTINGS = TypeVar("SETTINGS", bound=DaemonSettings)


def settings_of(kind: type[SETTINGS], home: Path, **given: object) -> SETTINGS:
    """Read a daemon's settings of command line, environment and ``<home>/settings.toml``.

    Raises
    ------
    click.ClickException
        When they do not fit: what, and where it is corrected.
    """
    file, prefix = home / "settings.toml", str(kind.model_config.get("env_prefix", ""))
    try:
        return kind(home=home, **given)  # type: ignore[arg-type]  # checked by the model
    except ValidationError as error:
        name = ".".join(str(part) for part in error.errors()[0]["loc"])
        where = f"Correct it in {file}, in the environment ({prefix}{name.upper()}) or on the command line"
        unknown = error.errors()[0]["type"] == "extra_forbidden"
        what = f"There is no setting {name}" if unknown else _misfit(name, error)
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        what, where = f"{file} is not TOML: {error}", "Correct it there"
    except (SettingsError, OSError) as error:
        what, where = f"The settings cannot be read: {error}", f"Look at {file} and at the environment ({prefix}...)"
    raise click.ClickException(in_sentences(what, f"{where}; docs/settings.md lists them all"))


def _misfit(name: str, error: ValidationError) -> str:
    said = first_problem(error).removeprefix(f"{name}: ")
    return f"The setting {name} does not fit: {said[:1].lower()}{said[1:]}"


def bound(port: int) -> "socket.socket":
    """Open the page's port; raises `click.ClickException` where that is refused."""
    from fl_core.web import serving

    try:
        return serving.bind(port)
    except OSError as error:
        what = "is taken" if error.errno == errno.EADDRINUSE else f"cannot be opened: {error.strerror}"
        message = f"Port {port} {what}. Choose another with --port, or 0 for a free one."
        raise click.ClickException(message) from error


def one_line(error: FlomirError) -> click.ClickException:
    """Return what ends a command: the error's own sentence, then its remedy or else the catalogue's advice."""
    return click.ClickException(in_sentences(str(error), error.remedy or error.entry.advice))
