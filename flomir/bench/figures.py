"""One form for every figure: name, machine, commit, seconds, figures."""

import json
import os
import platform
import subprocess
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from model.machine import processor

Figures = Mapping[str, float | None]  # None is what this machine cannot measure; a note says why


@dataclass(frozen=True, slots=True)
class Outcome:
    """Figures with what a reader must know beside them, such as the settings that were used."""

    figures: Figures
    notes: Mapping[str, str]

    @property
    def measured(self) -> dict[str, float]:
        """The figures that this machine could measure."""
        return {name: value for name, value in self.figures.items() if value is not None}


class MeasureError(RuntimeError):
    """A bench could not come to its figures; the message says why, for whoever called it."""


@dataclass(frozen=True, slots=True)
class BenchResult:
    """What a bench prints with ``--json``."""

    name: str
    machine: str
    commit: str
    seconds: float
    figures: dict[str, float | None]
    notes: dict[str, str]

    def to_json(self) -> str:
        """Return one JSON object."""
        return json.dumps(asdict(self))


def measure(name: str, bench: Callable[[], Figures | Outcome]) -> BenchResult:
    """Run a bench and wrap its figures."""
    begin = time.monotonic()
    found = bench()
    outcome = found if isinstance(found, Outcome) else Outcome(found, {})
    figures = {key: None if value is None else round(float(value), 6) for key, value in outcome.figures.items()}
    return BenchResult(name, machine(), commit(), round(time.monotonic() - begin, 1), figures, dict(outcome.notes))


def machine() -> str:
    """Return processor, cores, memory and Python, without the machine's name."""
    pages = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE") / 2**30
    return f"{processor()}, {os.cpu_count()} cores, {pages:.0f} GiB, Python {platform.python_version()}"


def commit() -> str:
    """Return the checkout's commit, with `+` when files differ from it; `unknown` outside a checkout."""
    folder = Path(__file__).resolve().parent
    head = _git(folder, "rev-parse", "--short=12", "HEAD")
    if head is None:
        return "unknown"
    return head + ("+" if _git(folder, "status", "--porcelain", "--untracked-files=no") else "")


def _git(folder: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(
            ["git", "-C", str(folder), *arguments], capture_output=True, text=True, check=True, timeout=20
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()
