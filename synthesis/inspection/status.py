"""How far a generation is: planned, done, missing, damaged, running; its rate, the time left and the disk it takes."""

from __future__ import annotations

import shutil
import time
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from synthesis.execution.slurm.status import ArrayStatus, array_status
from synthesis.inspection.folder import FileState, Part, check_files, list_entries, read_parts
from synthesis.manifest import MANIFEST_NAME

LIVELY_S = 120.0  # without a change for longer than this and ten studies' time, a local run is taken to have stopped
RATE_STUDIES = 200  # the newest so many studies say how fast it goes now


@dataclass(frozen=True)
class Status:
    """How far the generation in a folder is.

    Parameters
    ----------
    state : str
        ``complete``, ``running``, ``waiting`` (queued by Slurm) or ``stopped``.
    planned : int or None
        Studies that were asked for; None where an older manifest does not say.
    done, missing, unrecorded : int
        Valid studies; planned ones that are not valid; valid ones that no manifest names yet.
    damaged, lost : tuple of str
        Recorded files whose content differs, and recorded files that are gone.
    leftovers : int
        Unfinished files of an interruption; they are never read, and removed when their study is made again.
    changed_s : float or None
        Seconds since the last study.
    per_hour, seconds_left : float or None
        From the newest studies' times; None where that cannot be said.
    bytes_used, bytes_expected, bytes_free : int
        Of the folder now, of the whole plan (None unknown), and on its disk.
    arrays : tuple of ArrayStatus
        Slurm's, oldest first.
    """

    folder: str
    state: str
    planned: int | None
    done: int
    missing: int | None
    unrecorded: int
    damaged: tuple[str, ...]
    lost: tuple[str, ...]
    leftovers: int
    changed_s: float | None
    per_hour: float | None
    seconds_left: float | None
    bytes_used: int
    bytes_expected: int | None
    bytes_free: int
    arrays: tuple[ArrayStatus, ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return asdict(self) | {"arrays": [asdict(array) for array in self.arrays]}


def folder_status(root: Path, *, quick: bool = False, on_file: Callable[[int, int], None] | None = None) -> Status:
    """Look at the output folder of a generation, finished or not.

    Parameters
    ----------
    root : Path
    quick : bool
        Compare sizes only, not checksums.
    on_file : callable, optional
        Called with (files done, files in all).

    Raises
    ------
    OutputUnusable
        If there is neither a study nor an array, or a manifest cannot be understood.
    """
    parts = read_parts(root)
    arrays = array_status(root)
    entries = () if (arrays or parts) and not _any_study(root, parts) else list_entries(root, parts)
    states = check_files(entries, quick=quick, on_file=on_file)
    valid = states[FileState.INTACT] + states[FileState.UNRECORDED]
    planned = _planned(parts, arrays, len(entries))
    missing = None if planned is None else max(planned - len(valid), 0)
    times = sorted(entry.path.stat().st_mtime for entry in valid)
    changed = time.time() - times[-1] if times else None
    state = _state(parts, arrays, missing, changed if times or arrays else _age_s(parts))
    rate = _per_hour(times) if state != "complete" else None
    size = [entry.path.stat().st_size for entry in valid]
    return Status(
        folder=str(root),
        state=state,
        planned=planned,
        done=len(valid),
        missing=missing,
        unrecorded=len(states[FileState.UNRECORDED]) if parts else 0,
        damaged=tuple(entry.name for entry in states[FileState.DAMAGED]),
        lost=tuple(entry.name for entry in states[FileState.MISSING]),
        leftovers=sum(1 for _ in root.rglob(".study-*.part")),
        changed_s=None if changed is None else round(changed, 1),
        per_hour=None if rate is None else round(rate, 1),
        seconds_left=None if not rate or missing is None else round(3600.0 * missing / rate),
        bytes_used=sum(path.stat().st_size for path in root.rglob("*") if path.is_file()),
        bytes_expected=round(planned * sum(size) / len(size)) if size and planned is not None else None,
        bytes_free=shutil.disk_usage(root).free,
        arrays=arrays,
    )


def _any_study(root: Path, parts: Sequence[Part]) -> bool:
    return any(part.manifest.studies for part in parts) or next(root.rglob("study-*.h5"), None) is not None


def _planned(parts: Sequence[Part], arrays: Sequence[ArrayStatus], found: int) -> int | None:
    """Return how many studies were asked for: what the manifests say, and never fewer than are named."""
    if not parts:
        return max(array.studies for array in arrays) if arrays else None
    total = 0
    for part in parts:
        made = part.manifest
        if made.complete and made.planned is None:
            total += len(made.studies)
        elif made.planned is None:
            return None
        else:
            total += max(made.planned * made.variants * _sites(part), len(made.studies))
    return max(total, found)


def _sites(part: Part) -> int:
    """Return how many sites a run makes: all of the scenario, or one if so asked or where no site has a folder."""
    flat = part.manifest.site is not None or any("/" not in record.file for record in part.manifest.studies)
    return 1 if flat else len(part.manifest.scenario.sites)


def _age_s(parts: Sequence[Part]) -> float | None:
    """Return the seconds since a manifest was written: a run writes its own before it makes the first study."""
    written = [(part.folder / MANIFEST_NAME).stat().st_mtime for part in parts]
    return time.time() - max(written) if written else None


def _state(parts: Sequence[Part], arrays: Sequence[ArrayStatus], missing: int | None, changed_s: float | None) -> str:
    if missing == 0 and all(part.manifest.complete for part in parts):
        return "complete"
    if any(array.running for array in arrays):
        return "running"
    if any(array.waiting for array in arrays):
        return "waiting"
    seconds = [sum(record.seconds.values()) for part in parts for record in part.manifest.studies if record.seconds]
    patience = max(LIVELY_S, 10.0 * sum(seconds) / len(seconds)) if seconds else LIVELY_S
    unfinished = any(not part.manifest.complete for part in parts)
    return "running" if unfinished and changed_s is not None and changed_s < patience else "stopped"


def _per_hour(times: Sequence[float]) -> float | None:
    newest = times[-RATE_STUDIES:]
    if len(newest) < 3 or newest[-1] <= newest[0]:
        return None
    return 3600.0 * (len(newest) - 1) / (newest[-1] - newest[0])
