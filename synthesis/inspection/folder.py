"""What an output folder holds: its manifests, the files they name, and whether each is still what was written."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from synthesis.errors import OutputUnusable
from synthesis.manifest import MANIFEST_NAME, Manifest, SampleRecord, file_sha256, read_manifest

STUDY_PATTERN = "study-*.h5"


class FileState(StrEnum):
    """How a study file compares with its record."""

    INTACT = "intact"
    MISSING = "missing"
    DAMAGED = "damaged"
    UNRECORDED = "unrecorded"  # there, but in no manifest (a running generation writes its manifest now and then)


@dataclass(frozen=True)
class Part:
    """One manifest and the folder it lies in; `prefix` is that folder seen from the root, "" or ending in "/"."""

    folder: Path
    prefix: str
    manifest: Manifest


@dataclass(frozen=True)
class Entry:
    """One study file: its name seen from the root, and its record where a manifest names it."""

    name: str
    path: Path
    part: Part | None
    record: SampleRecord | None


def read_parts(root: Path) -> tuple[Part, ...]:
    """Return the manifest of a folder, or those of its sub-folders (as `merge` lays out different scenarios).

    Raises
    ------
    OutputUnusable
        If the folder is missing or a manifest cannot be read.
    """
    if not root.is_dir():
        message = f"There is no folder {root}."
        raise OutputUnusable(message, "Check the path.")
    own = _manifest(root)
    if own is not None:
        return (Part(root, "", own),)
    below = [(path, _manifest(path)) for path in sorted(root.iterdir()) if path.is_dir()]
    return tuple(Part(path, f"{path.name}/", manifest) for path, manifest in below if manifest is not None)


def _manifest(folder: Path) -> Manifest | None:
    try:
        return read_manifest(folder)
    except OutputUnusable as error:
        message = f"{folder / MANIFEST_NAME} cannot be read; it is damaged or of a newer version."
        raise OutputUnusable(message, "Copy it again from its source, or update this program.") from error


def list_entries(root: Path, parts: Sequence[Part]) -> tuple[Entry, ...]:
    """Return every study file of a folder, recorded or not, in the manifests' order, unrecorded ones last.

    Raises
    ------
    OutputUnusable
        If there is none.
    """
    entries = [
        Entry(part.prefix + record.file, part.folder / record.file, part, record)
        for part in parts
        for record in part.manifest.studies
    ]
    known = {entry.path for entry in entries}
    found = sorted(path for path in root.rglob(STUDY_PATTERN if parts else "*.h5") if path not in known)
    entries += [Entry(path.relative_to(root).as_posix(), path, None, None) for path in found]
    if not entries:
        message = f"{root} holds no studies."
        raise OutputUnusable(message, "Name a folder that `flomir synthesize run` has written.")
    return tuple(entries)


def file_state(entry: Entry, *, quick: bool = False) -> FileState:
    """Compare a file with its record, by size and SHA-256; with `quick` by size only."""
    if not entry.path.is_file():
        return FileState.MISSING
    if entry.record is None:
        return FileState.UNRECORDED
    if entry.path.stat().st_size != entry.record.size_bytes:
        return FileState.DAMAGED
    same = quick or file_sha256(entry.path) == entry.record.sha256
    return FileState.INTACT if same else FileState.DAMAGED


def check_files(
    entries: Sequence[Entry], *, quick: bool = False, on_file: Callable[[int, int], None] | None = None
) -> dict[FileState, list[Entry]]:
    """Return the entries by state; `on_file` hears (files done, files in all)."""
    states: dict[FileState, list[Entry]] = {state: [] for state in FileState}
    for number, entry in enumerate(entries, start=1):
        states[file_state(entry, quick=quick)].append(entry)
        if on_file is not None:
            on_file(number, len(entries))
    return states
