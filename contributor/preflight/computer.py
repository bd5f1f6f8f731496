"""The computer itself: room on the disk, memory, processor, and a real training step in a child process."""

import os
import shutil
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from contributor.preflight.words import line
from contributor.schemas_network import PreflightLine
from fl_core.errors import FlomirError

STEP_MODULE = "synthesis.training_step"
STEP_TIMEOUT_S = 300.0
STEP_SLOW_S = 30.0
GB = 1e9
DISK_ENOUGH_GB, DISK_NEEDED_GB = 10.0, 2.0
MEMORY_ENOUGH_GB, MEMORY_NEEDED_GB = 4.0, 2.0
"""The runner held at most 1.4 GB in the rounds of four sites with studies of clinical size (64 x 64 x 32, 60 views)."""

Tell = Callable[[PreflightLine], None]
RunJob = Callable[..., dict[str, object]]


@dataclass(frozen=True)
class Step:
    """What the training step took: seconds, and bytes that a site sends after a round."""

    seconds: float
    update_bytes: int


def look_at_disk(home: Path, tell: Tell) -> None:
    """Tell how much is free where the studies will be, and whether anything can be written there."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(b"\0" * 4096)
        free = shutil.disk_usage(home).free / GB
    except OSError:
        tell(line("disk.unwritable"))
        return
    code = "disk.enough" if free >= DISK_ENOUGH_GB else "disk.little" if free >= DISK_NEEDED_GB else "disk.full"
    tell(line(code, free=short(free), needed=DISK_NEEDED_GB))


def look_at_memory(tell: Tell, *, free_bytes: Callable[[], int | None] | None = None) -> None:
    """Tell how much memory is free."""
    found = (free_bytes or free_memory_bytes)()
    if found is None:
        tell(line("memory.unknown"))
        return
    free = found / GB
    code = (
        "memory.enough" if free >= MEMORY_ENOUGH_GB else "memory.little" if free >= MEMORY_NEEDED_GB else "memory.short"
    )
    tell(line(code, free=short(free), needed=MEMORY_NEEDED_GB))


def free_memory_bytes() -> int | None:
    """Return the memory that programs can still have, None where the system does not tell (Linux: ``MemAvailable``)."""
    try:
        for row in Path("/proc/meminfo").read_text("ascii").splitlines():
            if row.startswith("MemAvailable:"):
                return int(row.split()[1]) * 1024
    except (OSError, ValueError):
        pass
    try:
        return os.sysconf("SC_AVPHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):
        return None


def train_a_step(threads: int, tell: Tell, run: RunJob) -> Step | None:
    """Train one step for real and tell what it took; None when it failed."""
    cores = os.cpu_count() or 1
    try:
        answer = run(STEP_MODULE, {"threads": threads}, timeout_s=STEP_TIMEOUT_S)
        seconds = _number(answer["seconds"])
        step = Step(seconds, int(_number(answer["update_bytes"])))
        memory = _number(answer["peak_bytes"]) / GB
    except FlomirError as error:
        tell(line("step.failed", why=str(error)[:200]))
        return None
    except (KeyError, TypeError, ValueError) as error:
        tell(line("step.failed", why=type(error).__name__))
        return None
    tell(line("processor.few") if cores == 1 else line("processor.cores", threads=min(threads, cores), cores=cores))
    code = "step.slow" if seconds > STEP_SLOW_S else "step.works"
    tell(line(code, seconds=short(seconds), memory=short(memory)))
    return step


def _number(value: object) -> float:
    if not isinstance(value, int | float):
        message = f"got {type(value).__name__}"
        raise TypeError(message)
    return float(value)


def short(value: float) -> float | int:
    """Return a number as a person reads it: one digit behind the point, none from ten on."""
    return round(value, 1) if value < 10 else round(value)
