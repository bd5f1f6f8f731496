"""Generate a set of studies: plan, keep what is already there, run the rest, write the manifest."""

from __future__ import annotations

import contextlib
import datetime
import errno
import logging
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TypeAlias

from model.errors import ModelError
from model.io.study import read_study
from synthesis.errors import GenerationInterrupted, OutputUnusable
from synthesis.execution.local import run_samples
from synthesis.execution.request import SampleRequest, variant_file
from synthesis.execution.slurm.plan import collect_records
from synthesis.identity import differences, identity, patient_key, versions
from synthesis.manifest import Manifest, SampleRecord, file_sha256, read_manifest, write_manifest
from synthesis.phantoms.files import file_hashes
from synthesis.records import describe_study
from synthesis.scenario import Scenario

logger = logging.getLogger(__name__)
Key: TypeAlias = tuple[str, int, int]  # site, index, variant
Runner: TypeAlias = Callable[[list[SampleRequest], Callable[[SampleRecord], None]], None]
RESUME_REMEDY = "Name the folder of the earlier run with --out, or leave out --resume."
SITES_REMEDY = "Give every site a folder of its own with --out, or make all sites at once, without --site."
FILES = {
    "labelmap": "The label map, its organ table or its attenuation map",
    "xcat": "XCAT's organ table or parameter file",
}  # what a phantom's files are called, by its kind
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
    variants: int = 1,
    resume: bool = False,
    runner: Runner | None = None,
    executor: str = "local",
    on_progress: Callable[[Progress], None] | None = None,
) -> Manifest:
    """Make the study files of `studies` bodies for one site, or for every site of the scenario.

    Every study depends on scenario, seed, site, its number and variant only: the files are the same bytes on the same
    machine, whatever the number of workers, the order, or interruptions.

    Parameters
    ----------
    scenario : Scenario
    out_dir : path
        Receives ``study-00000.h5`` ... and ``manifest.json``; with several sites, one folder a site.
    studies : int
        Bodies per site.
    seed : int
    site : str, optional
        Only this site.
    workers : int, optional
        Processes; by default as many as there are processors.
    first : int
        Number of the first study, to draw disjoint sets (training, hold-out) from one seed.
    variants : int
        Examinations of every body: ``study-00000.h5``, ``study-00000-v01.h5`` ...
    resume : bool
        Refuse a folder in which no run of this scenario and seed was begun before; without a `site`, keep to the one
        that the folder was made for.
    runner : callable, optional
        Makes the missing studies elsewhere than in this machine's pool; `executor` is its name in the manifest.
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
    nothing = f"There is nothing to resume: the folder holds no run of scenario {scenario.name} with seed {seed}."
    if resume and not Path(out_dir).is_dir():
        raise OutputUnusable(nothing, RESUME_REMEDY)
    run = _Run.begin(scenario, Path(out_dir), seed, workers or default_workers(), executor)
    run.planned, run.variants = studies, variants
    site = site or (run.only_site() if resume else None)
    run.only = site
    sites = [scenario.site(site).name] if site is not None else [profile.name for profile in scenario.sites]
    nested = len(scenario.sites) > 1 and site is None
    wanted = [(n, index, v) for n in sites for index in range(first, first + studies) for v in range(variants)]
    missing = [key for key in wanted if not run.keep(key, nested=nested)]
    if resume and run.before is None and not run.records:
        raise OutputUnusable(nothing, RESUME_REMEDY)
    report = on_progress or (lambda progress: None)
    report(Progress(len(wanted) - len(missing), len(wanted), None))

    def done(record: SampleRecord) -> None:
        run.add(record)
        left = sum(key not in run.records for key in wanted)
        report(Progress(len(wanted) - left, len(wanted), record))

    try:
        if missing:
            run.save(complete=False)  # an interruption before the first study can go on, too
        _run_missing(run, missing, runner, nested=nested, on_done=done)
        return run.save(complete=all(key in run.records for key in wanted))  # a runner may leave the rest to a cluster
    except KeyboardInterrupt:
        run.save_if_possible()
        raise GenerationInterrupted(sum(key in run.records for key in wanted), len(wanted)) from None
    except OSError as error:
        run.save_if_possible()
        message = f"The output folder cannot be written: {_reason(error)}."
        raise OutputUnusable(message, "Check free space and permissions, then run the same command again.") from error
    except BaseException:
        run.save_if_possible()
        raise


def _reason(error: OSError) -> str:
    """Return the system's own words; HDF5 hides them in its message."""
    full = error.errno == errno.ENOSPC or "no space left" in str(error).lower()
    return os.strerror(errno.ENOSPC) if full else error.strerror or type(error).__name__


def _run_missing(
    run: _Run, missing: list[Key], runner: Runner | None, *, nested: bool, on_done: Callable[[SampleRecord], None]
) -> None:
    bodies: dict[tuple[str, int], list[int]] = {}
    for name, index, variant in missing:
        bodies.setdefault((name, index), []).append(variant)
    idle = run.workers // max(1, len(bodies))  # processors that a pool of bodies would leave idle
    each = max(1, idle) if runner is None else 1  # a task of a cluster has one, however many are here
    requests = [
        SampleRequest(
            run.scenario,
            name,
            index,
            run.seed,
            run.folder,
            _file_name(name, index, nested=nested),
            tuple(variants),
            each,
        )
        for (name, index), variants in bodies.items()
    ]
    if runner is not None:
        runner(requests, on_done)
    else:
        run_samples(requests, workers=run.workers, on_done=on_done)


def _of_another_site(file: str, owner: str, site: str) -> OutputUnusable:
    message = f"{file} in the output folder is a study of site {owner}, not of site {site}."
    return OutputUnusable(message, SITES_REMEDY)


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
    executor: str
    before: Manifest | None  # of an earlier run
    earlier: dict[Key, SampleRecord]
    files: dict[str, str] | None  # SHA-256 of the phantom's files as they are now, None where one is missing
    only: str | None = None  # the one site that is asked for, None for all
    planned: int = 0
    variants: int = 1
    records: dict[Key, SampleRecord] = field(default_factory=dict)
    started: float = field(default_factory=time.monotonic)
    saved: float = field(default_factory=time.monotonic)

    @classmethod
    def begin(cls, scenario: Scenario, folder: Path, seed: int, workers: int, executor: str) -> _Run:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            message = f"The output folder cannot be made: {error.strerror}."
            raise OutputUnusable(message) from error
        before = read_manifest(folder)
        if before is not None and (before.scenario_digest, before.seed) != (scenario.digest, seed):
            other = "another" if before.scenario.name == scenario.name and before.seed == seed else "this"
            message = (
                f"The output folder holds studies of scenario {before.scenario.name} with seed {before.seed}, "
                f"not of {other} {scenario.name} with seed {seed}."
            )
            raise OutputUnusable(message)
        made = collect_records(folder, scenario, seed).values()  # by arrays that nobody waited for
        known = (*made, *(before.studies if before is not None else ()))
        earlier = {(r.site, r.index, r.variant): r for r in known}
        run = cls(scenario, folder, seed, workers, executor, before, earlier, file_hashes(scenario.phantom))
        for key, record in earlier.items():
            run._refuse_other_files(key, record.patient)
        run.records = {key: record for key, record in earlier.items() if run._intact(record)}
        return run

    def _refuse_other_files(self, key: Key, patient: str) -> None:
        """Refuse to go on beside studies of other files: the digest knows the names of files, not what they hold."""
        site, index, _variant = key
        if self.files and patient not in ("", patient_key(self.scenario, site, self.seed, index, self.files)):
            message = (
                f"{FILES[self.scenario.phantom.kind]} has changed since studies were made here, or was not noted then."
            )
            raise OutputUnusable(message, "Choose another folder with --out, or put the earlier files back.")

    @cached_property
    def taken(self) -> dict[str, Key]:
        """Whose every recorded file is."""
        return {record.file: key for key, record in self.earlier.items()}

    def only_site(self) -> str | None:
        """Return the site that the folder was made for, None for all: one site's studies lie in no folder of their own."""
        if self.before is not None and self.before.site is not None:
            return self.before.site
        sites = {site for site, _index, _variant in self.earlier}
        nested = any("/" in file for file in self.taken)
        return sites.pop() if len(sites) == 1 and not nested else None

    def _intact(self, record: SampleRecord) -> bool:
        path = self.folder / record.file
        return path.is_file() and file_sha256(path) == record.sha256

    def keep(self, key: Key, *, nested: bool) -> bool:
        """Say whether a study is there and valid, recorded or not (the manifest may be behind).

        Raises
        ------
        OutputUnusable
            If its file is a study of another site: made with ``--site`` they all have the same names.
        """
        if key in self.records:
            return True
        site, index, variant = key
        file = variant_file(_file_name(site, index, nested=nested), variant)
        owner = self.taken.get(file, key)[0]
        if owner != site:
            raise _of_another_site(file, owner, site)
        try:
            study = read_study(self.folder / file)
        except (FileNotFoundError, ModelError):
            return False
        other = differences(study.provenance, identity(self.scenario, site, self.seed, index, variant))
        if other == {"site"}:
            raise _of_another_site(file, str(study.provenance.get("site")), site)
        if other:
            return False
        self._refuse_other_files(key, str(study.provenance.get("patient_key", "")))
        self.records[key] = describe_study(self.folder, file, study, index=index, variant=variant, seconds={})
        return True

    def add(self, record: SampleRecord) -> None:
        """Note a finished study, and save the manifest now and then."""
        self.records[record.site, record.index, record.variant] = record
        logger.debug("study made", extra={"site": record.site, "index": record.index, "variant": record.variant})
        if time.monotonic() - self.saved > MANIFEST_EVERY_S:
            self.save(complete=False)

    def save_if_possible(self) -> None:
        """Write the manifest of an unfinished run; on a full disk the one before stays."""
        with contextlib.suppress(OSError):
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
            planned=self.planned,
            site=self.only,
            variants=self.variants,
            executor=self.executor,
        )
        write_manifest(self.folder, manifest)
        return manifest
