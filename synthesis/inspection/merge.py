"""Join output folders into one: every checksum compared, no study twice, nothing renumbered, resumable.

Layout. Sources of the same scenario digest and seed are one set: their studies and one ``manifest.json`` lie in OUT itself if
there is only one set, else in ``OUT/<scenario>-seed<seed>/`` a set, each a folder that ``run`` could continue. Files keep their
names; scenarios with several sites have one folder a site. ``OUT/merged.json`` lists the sources; it says ``complete`` only when
everything is there.
"""

from __future__ import annotations

import hashlib
import os
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from model.io.atomic import replacing
from model.io.study import read_study_header
from synthesis.errors import OutputUnusable
from synthesis.inspection.folder import Entry, FileState, Part, check_files, read_parts
from synthesis.manifest import Manifest, SampleRecord, file_sha256, write_manifest

MERGED_NAME = "merged.json"
BLOCK = 1 << 20
Method = Literal["copy", "link"]
Identity = tuple[str, int, str, int, int]


class Source(BaseModel):
    """One folder that was joined: its manifest's scenario and seed, its studies, and where they went."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    folder: str
    scenario: str
    scenario_digest: str
    seed: int
    studies: int
    complete: bool
    versions: dict[str, str]
    into: str


class Merged(BaseModel):
    """What `merge` did: ``merged.json``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    complete: bool
    method: Method
    sources: tuple[Source, ...]


@dataclass(frozen=True)
class Move:
    """One study: where it is and where it goes, relative to OUT; `record` is the one of the new manifest."""

    source: Path
    target: str
    record: SampleRecord


@dataclass(frozen=True)
class Plan:
    """Everything that a merge does, made before anything is written."""

    sets: dict[str, tuple[Manifest, tuple[Move, ...]]]
    sources: tuple[Source, ...]

    @property
    def moves(self) -> list[Move]:
        """Return every study in order."""
        return [move for _, moves in self.sets.values() for move in moves]

    @property
    def size_bytes(self) -> int:
        """Return the bytes of all studies."""
        return sum(move.record.size_bytes for move in self.moves)

    @property
    def notes(self) -> list[str]:
        """Return what a person should know of sources that differ inside a set."""
        mixed = {
            source.into
            for source in self.sources
            for other in self.sources
            if source.into == other.into and source.versions != other.versions
        }
        text = "was made with different versions; merged.json says which, its manifest holds those of the first folder"
        return [f"{'the set' if name == '.' else name} {text}" for name in sorted(mixed)]


OnFile = Callable[[int, int], None]


def plan_merge(folders: Sequence[Path], *, on_file: OnFile | None = None) -> Plan:
    """Check every source and decide where each study goes.

    Raises
    ------
    OutputUnusable
        A folder without manifest, a damaged or missing study, the same study twice, or one set made of two label maps.
    """
    _refuse_named_twice(folders)
    parts = [part for folder in folders for part in _parts(folder)]
    entries = [
        Entry(str(part.folder / record.file), part.folder / record.file, part, record)
        for part in parts
        for record in part.manifest.studies
    ]
    states = check_files(entries, on_file=on_file)
    _refuse_unusable(states)
    _refuse_twice(entries)
    _refuse_other_files(entries)
    names = _set_names(parts)
    sets = {
        name: _joined([part for part in parts if names[_key(part)] == name], name)
        for name in sorted(set(names.values()))
    }
    return Plan(sets, tuple(_source(part, names[_key(part)]) for part in parts))


def merge(plan: Plan, out: Path, method: Method, *, on_file: OnFile | None = None) -> Merged:
    """Carry out a plan; what is already there from an interrupted merge is kept.

    Raises
    ------
    OutputUnusable
        OUT holds something else, the disk is too small, or a link cannot be made.
    """
    moves = plan.moves
    todo = Merged(complete=False, method=method, sources=plan.sources)
    _begin(out, todo, sum(move.record.size_bytes for move in moves if not (out / move.target).exists()))
    for number, move in enumerate(moves, start=1):
        _bring(move, out, method)
        if on_file is not None:
            on_file(number, len(moves))
    for name, (manifest, _) in plan.sets.items():
        write_manifest(out / name, manifest)
    done = todo.model_copy(update={"complete": True})
    _write(out, done)
    return done


def _refuse_named_twice(folders: Sequence[Path]) -> None:
    places = [folder.resolve() for folder in folders]
    for folder, place in zip(folders, places, strict=True):
        if places.count(place) > 1:
            message = f"{folder} is named twice."
            raise OutputUnusable(message, "Name every folder once.")


def _parts(folder: Path) -> tuple[Part, ...]:
    found = read_parts(folder)
    if not found:
        message = f"{folder} holds no manifest."
        raise OutputUnusable(message, "Name folders that `flomir synthesize run` or `merge` has written.")
    return found


def _key(part: Part) -> tuple[str, int]:
    return part.manifest.scenario_digest, part.manifest.seed


def _set_names(parts: Sequence[Part]) -> dict[tuple[str, int], str]:
    """Return the folder of each set below OUT: none for a single set, else scenario and seed, told apart if need be."""
    keys = list(dict.fromkeys(_key(part) for part in parts))
    if len(keys) == 1:
        return {keys[0]: ""}
    plain = {_key(part): f"{part.manifest.scenario.name}-seed{part.manifest.seed}" for part in parts}
    shared = {name for name in plain.values() if list(plain.values()).count(name) > 1}
    return {key: f"{name}-{key[0][:8]}" if name in shared else name for key, name in plain.items()}


def _identity(entry: Entry) -> Identity:
    assert entry.part is not None  # noqa: S101 (every entry of a merge has a manifest)
    assert entry.record is not None  # noqa: S101
    made, record = entry.part.manifest, entry.record
    return made.scenario_digest, made.seed, record.site, record.index, record.variant


def _refuse_unusable(states: dict[FileState, list[Entry]]) -> None:
    bad = states[FileState.DAMAGED] + states[FileState.MISSING]
    if bad:
        names = ", ".join(entry.name for entry in bad[:3]) + (f" and {len(bad) - 3} more" if len(bad) > 3 else "")
        message = f"{len(bad)} studies are damaged or missing: {names}."
        raise OutputUnusable(message, "Make them again with `flomir synthesize run` in their folder, then merge.")


def _refuse_twice(entries: Sequence[Entry]) -> None:
    seen: dict[Identity, Entry] = {}
    for entry in entries:
        first = seen.setdefault(_identity(entry), entry)
        if first is not entry:
            message = f"The same study is there twice: {first.name} and {entry.name}."
            raise OutputUnusable(
                message, "Leave one of the two folders out; other studies need another seed or other numbers."
            )


def _refuse_other_files(entries: Sequence[Entry]) -> None:
    """Refuse one set of phantoms that were made of other files under the same names, which its digest does not know."""
    seen: dict[tuple[str, int], tuple[Entry, object]] = {}
    for entry in entries:
        assert entry.part is not None  # noqa: S101 (every entry of a merge has a manifest)
        if entry.part.manifest.scenario.phantom.kind == "thorax":
            continue
        files = read_study_header(entry.path).provenance.get("anatomy", {}).get("files")
        first, theirs = seen.setdefault(_key(entry.part), (entry, files))
        if files != theirs:
            message = f"{first.name} and {entry.name} were made of other label maps, organ tables or parameter files."
            raise OutputUnusable(message, "Merge only folders that were made of the same files.")


def _joined(parts: Sequence[Part], name: str) -> tuple[Manifest, tuple[Move, ...]]:
    first = parts[0].manifest
    nested = len(first.scenario.sites) > 1
    moves = []
    for part in parts:
        for record in part.manifest.studies:
            file = f"{record.site}/{Path(record.file).name}" if nested else Path(record.file).name
            target = f"{name}/{file}" if name else file
            moves.append(Move(part.folder / record.file, target, record.model_copy(update={"file": file})))
    moves.sort(key=lambda move: (move.record.site, move.record.index, move.record.variant))
    made = [part.manifest for part in parts]
    manifest = first.model_copy(
        update={
            "created_at": max(one.created_at for one in made),
            "wall_s": round(sum(one.wall_s for one in made), 3),
            "workers": max(one.workers for one in made),
            "complete": all(one.complete for one in made),
            "studies": tuple(move.record for move in moves),
            "site": None,  # every site has a folder of its own now
            "planned": None if all(one.complete for one in made) else first.planned,
            "variants": max(one.variants for one in made),
        }
    )
    return manifest, tuple(moves)


def _source(part: Part, into: str) -> Source:
    made = part.manifest
    return Source(
        folder=str(part.folder.resolve()),
        scenario=made.scenario.name,
        scenario_digest=made.scenario_digest,
        seed=made.seed,
        studies=len(made.studies),
        complete=made.complete,
        versions=made.versions,
        into=into or ".",
    )


def _begin(out: Path, todo: Merged, needed: int) -> None:
    """Claim the folder, or recognise the same merge that was interrupted."""
    for source in todo.sources:
        folder, target = Path(source.folder), out.resolve()
        if folder == target or folder in target.parents or target in folder.parents:
            message = f"{out} and its source {folder} lie in each other."
            raise OutputUnusable(message)
    out.mkdir(parents=True, exist_ok=True)
    before = _read(out)
    if before is None and any(out.iterdir()):
        message = f"{out} is not empty and holds no interrupted merge."
        raise OutputUnusable(message)
    if before is not None and before.sources != todo.sources:
        message = f"{out} holds a merge of other folders, or its sources have changed since."
        raise OutputUnusable(message)
    free = shutil.disk_usage(out).free
    if todo.method == "copy" and needed > free:
        message = f"The studies need {needed / 1e9:.2f} GB, the disk of {out} has {free / 1e9:.2f} GB left."
        raise OutputUnusable(
            message, "Free some space, choose another disk with --out, or use --link on the same disk."
        )
    _write(out, todo)


def _bring(move: Move, out: Path, method: Method) -> None:
    target = out / move.target
    if target.is_file() and file_sha256(target) == move.record.sha256:
        return
    with replacing(target) as temporary:
        if method == "link":
            _link(move.source, temporary)
        else:
            _copy(move, temporary)


def _link(source: Path, temporary: Path) -> None:
    temporary.unlink()
    try:
        os.link(source, temporary)
    except OSError as error:
        message = f"{source.name} cannot be linked: {error.strerror}."
        raise OutputUnusable(message, "Links need one disk; use --copy.") from error


def _copy(move: Move, temporary: Path) -> None:
    """Copy and compare the checksum of what was read, so that a source that changes meanwhile is noticed."""
    digest = hashlib.sha256()
    with move.source.open("rb") as source, temporary.open("wb") as target:
        while block := source.read(BLOCK):
            digest.update(block)
            target.write(block)
    if digest.hexdigest() != move.record.sha256:
        message = f"{move.source} changed while it was copied."
        raise OutputUnusable(message, "Let its generation end, then merge again.")


def _read(out: Path) -> Merged | None:
    path = out / MERGED_NAME
    try:
        return Merged.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValidationError, UnicodeDecodeError, OSError) as error:
        message = f"{path} cannot be read."
        raise OutputUnusable(message) from error


def _write(out: Path, merged: Merged) -> None:
    from model.io.atomic import write_atomically

    write_atomically(out / MERGED_NAME, merged.model_dump_json(indent=1).encode())
