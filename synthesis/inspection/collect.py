"""Read a folder of studies one by one and keep figures only, so that memory does not grow with the set."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from model.errors import ModelError
from model.io.study import Study, read_study
from synthesis.errors import OutputUnusable
from synthesis.inspection.facts import StudyFacts, study_facts
from synthesis.inspection.figures import set_figures
from synthesis.inspection.folder import Entry, FileState, Part, file_state, list_entries, read_parts
from synthesis.inspection.outliers import Outlier, find_outliers
from synthesis.inspection.verdicts import warn

MOST_NAMED = 50  # damaged or missing files named in full; the rest is counted


@dataclass(frozen=True)
class Problem:
    """A file that cannot be used, and why."""

    name: str
    state: FileState
    reason: str


@dataclass(frozen=True)
class Inspection:
    """Everything found in a folder; `entries` are those that could be read, in the order of `facts`."""

    root: Path
    parts: tuple[Part, ...]
    entries: tuple[Entry, ...]
    facts: tuple[StudyFacts, ...]
    problems: tuple[Problem, ...]
    unrecorded: int
    checked: int
    figures: dict[str, Any]
    outliers: tuple[Outlier, ...]
    warnings: tuple[tuple[str, str], ...]

    def to_dict(self) -> dict[str, Any]:
        """Return the figures as JSON values."""
        return {
            "folder": str(self.root),
            "scenarios": [scenario_of(part) for part in self.parts],
            "files": {
                "checked": self.checked,
                "intact": self.checked - len(self.problems),
                "unrecorded": self.unrecorded,
                "problems": [{"file": p.name, "state": p.state, "reason": p.reason} for p in self.problems],
            },
            **self.figures,
            "outliers": [
                {"file": o.name, "figure": o.figure, "value": o.value, "z": o.z, "reason": o.reason}
                for o in self.outliers
            ],
            "warnings": [f"{about} {text}" for about, text in self.warnings],
        }


def scenario_of(part: Part) -> dict[str, Any]:
    """Return what a manifest says about how its studies were made."""
    made = part.manifest
    return {
        "folder": part.prefix.rstrip("/") or ".",
        "scenario": made.scenario.name,
        "digest": made.scenario_digest,
        "seed": made.seed,
        "phantom": made.scenario.phantom.kind,
        "simulator": made.scenario.simulation.kind,
        "executor": made.executor,
        "g4data": made.g4data,
        "versions": made.versions,
        "complete": made.complete,
        "studies": len(made.studies),
        "variants": made.variants,
        "wall_s": made.wall_s,
        "workers": made.workers,
    }


def inspect_folder(root: Path, *, on_file: Callable[[int, int], None] | None = None) -> Inspection:
    """Check and measure every study below `root`.

    Parameters
    ----------
    root : Path
        With a manifest, with sub-folders that have one, or with study files alone.
    on_file : callable, optional
        Called with (files done, files in all).

    Raises
    ------
    OutputUnusable
        If there is no study, none that can be read, or a manifest cannot be understood.
    """
    parts = read_parts(root)
    entries = list_entries(root, parts)
    read: list[tuple[Entry, StudyFacts]] = []
    problems: list[Problem] = []
    for number, entry in enumerate(entries, start=1):
        found = _look(entry)
        if isinstance(found, Problem):
            problems.append(found)
        else:
            read.append((entry, found))
        if on_file is not None:
            on_file(number, len(entries))
    if not read:
        message = f"None of the {len(entries)} studies in {root} can be read; the first: {problems[0].reason}."
        raise OutputUnusable(message, "Copy the folder again from its source, or make the studies anew.")
    return _concluded(root, parts, entries, read, problems)


def _concluded(
    root: Path,
    parts: tuple[Part, ...],
    entries: Sequence[Entry],
    read: Sequence[tuple[Entry, StudyFacts]],
    problems: Sequence[Problem],
) -> Inspection:
    facts = tuple(fact for _, fact in read)
    figures = set_figures(facts)
    return Inspection(
        root=root,
        parts=parts,
        entries=tuple(entry for entry, _ in read),
        facts=facts,
        problems=tuple(problems),
        unrecorded=sum(entry.record is None for entry in entries) if parts else 0,
        checked=len(entries),
        figures=figures,
        outliers=tuple(find_outliers(facts)),
        warnings=tuple(warn(figures, parts)),
    )


def _look(entry: Entry) -> StudyFacts | Problem:
    state = file_state(entry)
    if state == FileState.MISSING:
        return Problem(entry.name, state, "the manifest names it, the folder does not hold it")
    if state == FileState.DAMAGED:
        return Problem(entry.name, state, "its checksum differs from the manifest's")
    try:
        study = read_study(entry.path)
    except (ModelError, OSError) as error:
        return Problem(entry.name, FileState.DAMAGED, str(error))
    return study_facts(entry.name, study, entry.record)


def load(entry: Entry) -> Study:
    """Read a study again, for its pictures."""
    return read_study(entry.path)
