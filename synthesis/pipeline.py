"""Generate a set of studies: plan, keep what is already there, run the rest, write the manifest."""

from __future__ import annotations

import datetime
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from model.errors import ModelError
from model.io.study import read_study
from synthesis.errors import GenerationInterrupted, OutputUnusable
from synthesis.execution.local import run_samples
from synthesis.execution.request import SampleRequest
from synthesis.identity import identity, versions
from synthesis.manifest import Manifest, SampleRecord, file_sha256, read_manifest, write_manifest
from synthesis.scenario import Scenario

logger = logging.getLogger(__name__)
MANIFEST_EVERY_S = 2.0  # how often a running generation saves its manifest


@dataclass(frozen=True)
class Progress:
    """How far a generation is; `latest` is None when nothing has been made yet."""

    done: int
    planned: int
    latest: SampleRecord | None


def default_workers() -> int:
    """Return the number of processors this process may use."""
    affinity = getattr(os, "sched_getaffinity", None)
    return len(affinity(0)) if affinity is not None else os.cpu_count() or 1


def generate(
    scenario: Scenario,
    out_dir: Path | str,
    studies: int,
    seed: int,
    *,
    site: str | None = None,
    workers: int | None = None,
    first: int = 0,
    on_progress: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Make `studies` study files for one site, or for every site of the scenario.

    Every study depends on scenario, seed, site and its number only: the files are the same bytes on the same machine,
    whatever the number of workers, the order, or interruptions.

    Parameters
    ----------
    scenario : Scenario
    out_dir : path
        Receives ``study-00000.h5`` ... and ``manifest.json``; with several sites, one folder a site.
    studies : int
        Per site.
    seed : int
    site : str, optional
        Only this site.
    workers : int, optional
        Processes; by default as many as there are processors.
    first : int
        Number of the first study, to draw disjoint sets (training, hold-out) from one seed.
    on_progress : callable, optional
        Called in this process after every study.

    Returns
    -------
    Manifest
        Of everything valid in the folder, earlier runs with the same scenario and seed included.

    Raises
    ------
    ScenarioInvalid, OutputUnusable, SimulationFailed
    GenerationInterrupted
        On Ctrl-C; finished studies are kept and the next call goes on.
    """
    run = _Run.begin(scenario, Path(out_dir), seed, workers or default_workers())
    sites = [scenario.site(site).name] if site is not None else [profile.name for profile in scenario.sites]
    wanted = [(name, index) for name in sites for index in range(first, first + studies)]
    missing = [key for key in wanted if not run.keep(*key, nested=len(scenario.sites) > 1 and site is None)]
    report = on_progress or (lambda progress: None)
    report(Progress(len(wanted) - len(missing), len(wanted), None))

    def done(record: SampleRecord) -> None:
        run.add(record)
        left = sum(key not in run.records for key in wanted)
        report(Progress(len(wanted) - left, len(wanted), record))

    try:
        _run_missing(run, missing, nested=len(scenario.sites) > 1 and site is None, on_done=done)
    except KeyboardInterrupt:
        run.save(complete=False)
        raise GenerationInterrupted(sum(key in run.records for key in wanted), len(wanted)) from None
    except OSError as error:
        message = f"The output folder cannot be written: {error.strerror or type(error).__name__}."
        raise OutputUnusable(message, "Check free space and permissions, then run the same command again.") from error
    except BaseException:
        run.save(complete=False)
        raise
    return run.save(complete=True)


def _run_missing(
    run: _Run, missing: list[tuple[str, int]], *, nested: bool, on_done: Callable[[SampleRecord], None]
) -> None:
    requests = [
        SampleRequest(run.scenario, name, index, run.seed, run.folder, _file_name(name, index, nested=nested))
        for name, index in missing
    ]
    run_samples(requests, workers=run.workers, on_done=on_done)


def _file_name(site: str, index: int, *, nested: bool) -> str:
    name = f"study-{index:05d}.h5"
    return f"{site}/{name}" if nested else name


@dataclass
class _Run:
    """One call of `generate`: the folder, what is in it, and when it was last written down."""

    scenario: Scenario
    folder: Path
    seed: int
    workers: int
    earlier: dict[tuple[str, int], SampleRecord]
    records: dict[tuple[str, int], SampleRecord] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, scenario: Scenario, folder: Path, seed: int, workers: int) -> _Run:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"The output folder cannot be made: {error.strerror}."
            raise OutputUnusable(message) from error
        before = read_manifest(folder)
        if before is not None and (before.scenario_digest, before.seed) != (scenario.digest, seed):
            message = (
                f"The output folder holds studies of scenario {before.scenario.name} with seed {before.seed}, "
                f"not of this {scenario.name} with seed {seed}."
            )
            raise OutputUnusable(message)
        earlier = {(r.site, r.index): r for r in before.studies} if before is not None else {}
        run = cls(scenario=scenario, folder=folder, seed=seed, workers=workers, earlier=earlier)
        run.records = {key: record for key, record in earlier.items() if run._intact(record)}
        return run

    def _intact(self, record: SampleRecord) -> bool:
        path = self.folder / record.file
        return path.is_file() and file_sha256(path) == record.sha256

    def keep(self, site: str, index: int, *, nested: bool) -> bool:
        """Say whether study `index` of `site` is there and valid, recorded or not (the manifest may be behind)."""
        if (site, index) in self.records:
            return True
        path = self.folder / _file_name(site, index, nested=nested)
        try:
            study = read_study(path)
        except (FileNotFoundError, ModelError):
            return False
        expected = identity(self.scenario, site, self.seed, index)
        if any(study.provenance.get(key) != value for key, value in expected.items()):
            return False
        self.records[site, index] = SampleRecord(
            file=_file_name(site, index, nested=nested),
            site=site,
            index=index,
            sha256=file_sha256(path),
            size_bytes=path.stat().st_size,
            counts=float(study.projections.sum(dtype="float64")),
            defects=len(study.truth.defects) if study.truth is not None else 0,
            seconds={},
        )
        return True

    def add(self, record: SampleRecord) -> None:
        """Note a finished study, and save the manifest now and then."""
        self.records[record.site, record.index] = record
        logger.debug("study made", extra={"site": record.site, "index": record.index})
        if time.monotonic() - self.saved > MANIFEST_EVERY_S:
            self.save(complete=False)

    def save(self, *, complete: bool) -> Manifest:
        """Write the manifest and return it."""
        self.saved = time.monotonic()
        manifest = Manifest(
            scenario=self.scenario,
            scenario_digest=self.scenario.digest,
            seed=self.seed,
            versions=versions(),
            created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
            wall_s=round(self.saved - self.started, 3),
            workers=self.workers,
            complete=complete,
            studies=tuple(self.records[key] for key in sorted(self.records)),
        )
        write_manifest(self.folder, manifest)
        return manifest
