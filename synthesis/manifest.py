"""Record what was made: configuration, seed, versions, and for every study its checksum, content and time per stage."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from model.io.atomic import write_atomically
from synthesis.errors import OutputUnusable
from synthesis.scenario import Scenario

MANIFEST_NAME = "manifest.json"


class SampleRecord(BaseModel):
    """One study file: where it is, what it holds and how long each stage took (seconds, wall clock).

    `variant` counts the examinations of one body, `patient` is its key in the study; `quality` holds the figures of `synthesis.quality`, and
    `simulated_with` says what a Monte Carlo used (``opengate``, ``geant4``, ``g4data``). They came later: records
    without them are read as first examinations without figures.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    file: str
    site: str
    index: int
    sha256: str
    size_bytes: int
    counts: float
    defects: int
    seconds: dict[str, float]
    variant: int = 0
    patient: str = ""
    quality: dict[str, float] = {}
    simulated_with: dict[str, str] = {}


class Manifest(BaseModel):
    """What an output folder holds; `complete` is False after an interruption.

    `planned` is the number of bodies per site that the last run was asked for, `variants` that of examinations of each,
    `site` the only site it was asked for. These and `executor` came later and may be absent.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    schema_version: Literal[1] = 1
    scenario: Scenario
    scenario_digest: str
    seed: int
    versions: dict[str, str]
    created_at: str
    wall_s: float
    workers: int
    complete: bool
    studies: tuple[SampleRecord, ...]
    planned: int | None = None
    site: str | None = None
    variants: int = 1
    executor: str = "local"

    @property
    def bodies(self) -> int:
        """How many different patients there are: examinations of one body, and studies of one label map, count once."""
        return len({record.patient or f"{record.site}/{record.index}" for record in self.studies})

    @property
    def g4data(self) -> str | None:
        """Which Geant4 data a Monte Carlo used, several with commas between them, None for none."""
        found = {record.simulated_with.get("g4data") for record in self.studies} - {None}
        return ", ".join(sorted(str(name) for name in found)) or None

    def paths(self, folder: Path, site: str | None = None) -> list[Path]:
        """Return the study files, of one site or of all, in order."""
        return [folder / record.file for record in self.studies if site in (None, record.site)]

    def summary(self) -> dict[str, Any]:
        """Return what the command line prints: numbers, not the scenario."""
        sites = sorted({record.site for record in self.studies})
        return {
            "scenario": self.scenario.name,
            "seed": self.seed,
            "bodies": self.bodies,
            "studies": len(self.studies),
            "sites": {site: sum(record.site == site for record in self.studies) for site in sites},
            "with_defects": sum(record.defects > 0 for record in self.studies),
            "bytes": sum(record.size_bytes for record in self.studies),
            "variants": self.variants,
            "executor": self.executor,
            "g4data": self.g4data,
            "wall_s": self.wall_s,
            "complete": self.complete,
            "stages_s": self.stage_seconds(),
        }

    def stage_seconds(self) -> dict[str, float]:
        """Return the mean seconds a study spent in each stage."""
        stages: dict[str, float] = {}
        for record in self.studies:
            for stage, seconds in record.seconds.items():
                stages[stage] = stages.get(stage, 0.0) + seconds / len(self.studies)
        return {stage: round(seconds, 4) for stage, seconds in stages.items()}


def write_manifest(folder: Path, manifest: Manifest) -> None:
    """Write the manifest into `folder` atomically."""
    write_atomically(folder / MANIFEST_NAME, manifest.model_dump_json(indent=1))


def read_manifest(folder: Path) -> Manifest | None:
    """Return the manifest of `folder`, None if there is none.

    Raises
    ------
    OutputUnusable
        If there is one that this version cannot read.
    """
    path = folder / MANIFEST_NAME
    try:
        return Manifest.model_validate_json(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except (ValidationError, UnicodeDecodeError, OSError) as error:
        message = f"{path.name} in the output folder cannot be read."
        raise OutputUnusable(message, "Choose another folder with --out, or remove that file.") from error


def file_sha256(path: Path) -> str:
    """Return the SHA-256 of a file, hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
