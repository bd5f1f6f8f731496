"""What a cluster wants to know about an array: partition, account, time, memory, as a TOML profile."""

from __future__ import annotations

import importlib.resources
import sys
import tomllib
from pathlib import Path
from typing import Annotated, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator

from synthesis.execution.slurm.errors import ProfileInvalid

TIME = r"^(\d+-\d{1,2}(:\d{2}){0,2}|\d+(:\d{2}){0,2})$"  # sbatch(1), --time: minutes, or [days-]hours:minutes:seconds
MEMORY = r"^\d+[KMGT]?$"  # sbatch(1), --mem
NAME = r"^[\w.,+:@&|*\[\]-]+$"  # no blanks: the value stands on a line of the batch script


def _one_line(text: str) -> str:
    if "\n" in text or "\r" in text or "\0" in text:
        message = "must be one line"
        raise ValueError(message)
    return text


def _option(text: str) -> str:
    if not text.startswith("--"):
        message = f"an extra line is an option of sbatch and begins with --, got {text}"
        raise ValueError(message)
    return _one_line(text)


Name = Annotated[str, Field(pattern=NAME, max_length=200)]
Line = Annotated[str, AfterValidator(_one_line)]
Option = Annotated[str, AfterValidator(_option)]


class ClusterProfile(BaseModel):
    """How to ask one cluster for one processor per task.

    Parameters
    ----------
    partition, account, qos : str, optional
        Left to the cluster's defaults where not given.
    time : str
        Limit of one task, as ``--time`` takes it (``04:00:00``).
    memory : str
        Of one task, as ``--mem`` takes it (``2G``).
    studies_per_task : int
        Studies that one task makes one after another, so that starting up does not dominate. A Monte Carlo sample is
        always a task of its own.
    parallel_tasks : int, optional
        At most this many tasks at the same time.
    array_size : int, optional
        At most this many tasks in one array, where the cluster allows fewer than its MaxArraySize says.
    signal_s : int
        Seconds before the time limit at which a task is told to finish its study and queue again.
    max_restarts : int
        A task is queued again at most this often.
    settle_s : float
        How long records may take to become visible here after a task ended (a network file system).
    extra : tuple of str
        Further options of sbatch, such as ``--constraint=avx2``.
    setup : tuple of str
        Shell lines that a task runs first, such as ``module load gcc``.
    python : str, optional
        The interpreter on the compute nodes, by default the one that submits.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    title: str = ""
    partition: Name | None = None
    account: Name | None = None
    qos: Name | None = None
    time: Annotated[str, Field(pattern=TIME)] = "04:00:00"
    memory: Annotated[str, Field(pattern=MEMORY)] = "3G"
    studies_per_task: int = Field(default=20, ge=1, le=100_000)
    parallel_tasks: int | None = Field(default=None, ge=1)
    array_size: int | None = Field(default=None, ge=1)
    signal_s: int = Field(default=120, ge=10, le=3600)
    max_restarts: int = Field(default=100, ge=0, le=10_000)
    settle_s: float = Field(default=20.0, ge=0.0, le=600.0)
    extra: tuple[Option, ...] = ()
    setup: tuple[Line, ...] = ()
    python: Line = sys.executable

    @model_validator(mode="after")
    def _time_to_work(self) -> Self:
        limit = seconds_of(self.time)
        if limit and 2 * self.signal_s > limit:
            message = f"signal_s of {self.signal_s} s leaves too little of the time limit of {limit} s to work in"
            raise ValueError(message)
        return self


def seconds_of(time: str) -> int:
    """Return the seconds of a time limit as sbatch(1) reads it: minutes, minutes:seconds, hours:minutes:seconds, days-..."""
    days, dash, rest = time.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    if dash:
        hours, minutes, seconds = (*parts, 0, 0)[:3]
    elif len(parts) == len(("minutes", "seconds")):
        hours, (minutes, seconds) = 0, parts
    else:
        hours, minutes, seconds = (0, *parts, 0) if len(parts) == 1 else parts
    return int(days or 0) * 86400 + hours * 3600 + minutes * 60 + seconds


def builtin_profiles() -> tuple[str, ...]:
    """Return the names of the profiles that come with the package."""
    folder = importlib.resources.files("synthesis") / "cluster" / "profiles"
    return tuple(sorted(item.name.removesuffix(".toml") for item in folder.iterdir() if item.name.endswith(".toml")))


def load_profile(name_or_path: str | Path) -> ClusterProfile:
    """Read a built-in profile by name, or a TOML file by path.

    Raises
    ------
    ProfileInvalid
        Unknown name, unreadable file, unknown key or a value out of its limits; the message names the field.
    """
    text = _profile_text(name_or_path)
    try:
        return ClusterProfile.model_validate(tomllib.loads(text))
    except tomllib.TOMLDecodeError as error:
        message = f"The cluster profile {name_or_path} is not valid TOML: {error}."
        raise ProfileInvalid(message) from error
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "profile"
        message = f"The cluster profile {name_or_path}: {where}: {first['msg']} ({error.error_count()} in all)."
        raise ProfileInvalid(message) from error


def _profile_text(name_or_path: str | Path) -> str:
    if str(name_or_path) in builtin_profiles():
        resource = importlib.resources.files("synthesis") / "cluster" / "profiles" / f"{name_or_path}.toml"
        return resource.read_text(encoding="utf-8")
    path = Path(name_or_path)
    if path.suffix != ".toml":
        message = f"There is no built-in cluster profile called {name_or_path}."
        raise ProfileInvalid(message, f"Choose one of {', '.join(builtin_profiles())}, or name a .toml file.")
    try:
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        message = f"The cluster profile {path.name} cannot be read: {type(error).__name__}."
        raise ProfileInvalid(message, "Check the path and its permissions.") from error
