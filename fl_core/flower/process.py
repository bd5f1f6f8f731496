"""What every Flower child does first and last: read its configuration, settle its environment, say it is ready."""

import contextlib
import json
import os
import secrets
import signal
import sys
from pathlib import Path
from typing import TypeVar

import click

from fl_core import logs
from fl_core.flower.configs import ChildConfig

Config = TypeVar("Config", bound=ChildConfig)

_PROXY_WORDS = ("http_proxy", "https_proxy", "all_proxy", "no_proxy", "ftp_proxy")


def read_config(kind: type[Config], path: Path) -> Config:
    """Read and validate the file named on the command line."""
    return kind.model_validate_json(path.read_bytes())


def settle_environment(name: str, flwr_home: Path) -> None:
    """Keep flwr offline, private and unproxied; call before flwr is imported."""
    for key in [key for key in os.environ if key.lower() in _PROXY_WORDS]:
        del os.environ[key]
    flwr_home.mkdir(parents=True, exist_ok=True, mode=0o700)
    os.environ.update(
        {
            "FLWR_HOME": str(flwr_home),
            "FLWR_TELEMETRY_ENABLED": "0",
            "FLWR_DISABLE_UPDATE_CHECK": "1",
            "FLWR_DISABLE_RUNTIME_DEPENDENCY_INSTALLATION": "1",
            "FLWR_LOG_LEVEL": "ERROR",  # of what flwr itself writes; its records reach our log by `log_as_ours`
        }
    )
    logs.setup_logging(name, home=flwr_home.parent.parent)


def log_as_ours() -> None:
    """Let the records of flwr and uvicorn reach our log once, not their own consoles too."""
    from flwr.supercore.logger import FLOWER_LOGGER, console_handler
    from uvicorn.config import LOGGING_CONFIG

    FLOWER_LOGGER.removeHandler(console_handler)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        LOGGING_CONFIG["loggers"][name] = {"level": "WARNING", "propagate": True}


def ensure_secret(path: Path) -> Path:
    """Make the executor's secret file (mode 0600) unless it is there; safe when two processes start at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    handle = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as stream:
        stream.write(secrets.token_hex(32))
    with contextlib.suppress(FileExistsError):
        os.link(temporary, path)
    temporary.unlink()
    return path


def say(**fields: object) -> None:
    """Print one JSON line for the parent."""
    sys.stdout.write(json.dumps(fields) + "\n")
    sys.stdout.flush()


config_option = click.option(
    "--config",
    "config_path",
    required=True,
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="JSON file with this process's configuration.",
)
"""The one option of every child."""


def ignore_interrupts() -> None:
    """Ignore SIGINT: flwr raises it in its own process when a task or run is refused, which here is an answer."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
