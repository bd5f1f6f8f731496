"""Reconstruct many scans: what is found, where each image goes, and what became of it; one failure stops no other."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import numpy as np
import torch
from pydantic import JsonValue

from model.alarm import Alarm, Level
from model.errors import ModelError
from model.geometry import Collimator
from model.io.companions import with_note
from model.io.export import BQ_PER_ML, COUNTS, SUFFIXES, Unit, export_suffix, export_volume
from model.io.imported import ImportedStudy
from model.io.importing import RESULT_MARK, FileKind, Scan, Skipped, discover, nothing_found
from model.io.study_records import Study
from model.methods import Method, NetworkMethod, Volume
from model.quantification import ActivityCalibration, activity_of_a_count, with_calibration

logger = logging.getLogger(__name__)
State = Literal["done", "failed", "kept"]
OnProgress = Callable[[Path, float], None]
HALF_WIDTH = "half-width"
SCAN_SUFFIXES = (".dcm", ".ima", ".h5", ".hdf5", ".hs", ".hdr", ".h33", ".hv")


@dataclass(frozen=True)
class Job:
    """One scan and where its image goes."""

    scan: Scan
    out: Path


@dataclass(frozen=True)
class Plan:
    """What will be done, and what is no scan."""

    jobs: tuple[Job, ...]
    skipped: tuple[Skipped, ...]
    problems: tuple[Outcome, ...] = ()


@dataclass(frozen=True)
class Outcome:
    """What became of one scan.

    Parameters
    ----------
    source : Path
    state : {"done", "failed", "kept"}
        ``kept``: the result is there already and was left alone.
    out : Path or None
    seconds : float
        Reconstruction alone, without reading and writing.
    counts : float
        Photopeak counts.
    notes : tuple of str
        Assumptions and warnings, for a person.
    unit : {"counts", "Bq/mL"}
    error : tuple of str
        Code, sentence and remedy of a failure.
    """

    source: Path
    state: State
    out: Path | None = None
    seconds: float = 0.0
    counts: float = 0.0
    notes: tuple[str, ...] = ()
    unit: Unit = COUNTS
    error: tuple[str, str, str] | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        """Return plain JSON values."""
        found: dict[str, JsonValue] = {"source": str(self.source), "state": self.state}
        if self.out is not None:
            found["out"] = str(self.out)
        if self.state == "done":
            found |= {"seconds": round(self.seconds, 3), "counts": self.counts, "unit": self.unit}
            found["notes"] = list[JsonValue](self.notes)
        if self.error is not None:
            found["error"] = dict(zip(("code", "message", "remedy"), self.error, strict=True))
        return found


@dataclass(frozen=True, kw_only=True)
class Options:
    """How images are written.

    Parameters
    ----------
    out : Path or None
        A file (its suffix decides the format) for one scan, a folder for several, None for beside each input.
    form : {"nii", "dcm", "h5", "npz"} or None
        None: as the suffix of `out` says, else ``dcm`` for DICOM and ``nii`` for others.
    ct : Path or None
        Attenuation for every scan, instead of what lies beside it.
    quantitative : bool
        Bq/mL instead of counts.
    sensitivity_cps_per_mbq : float or None
        Of the camera, for studies that do not carry it.
    force : bool
        Replace results that are there.
    collimator : (Collimator, float) or None
        Collimator and intrinsic resolution (mm FWHM), instead of what was read or assumed.
    gates : bool
        Each gate of a gated scan on its own, ``NAME.gate01.*``, instead of their sum.
    uncertainty : bool
        Write the half-width of the calibrated intervals beside each image; trained networks only.
    """

    out: Path | None = None
    form: str | None = None
    ct: Path | None = None
    quantitative: bool = False
    sensitivity_cps_per_mbq: float | None = None
    collimator: tuple[Collimator, float] | None = None
    gates: bool = False
    force: bool = False
    uncertainty: bool = False


def make_plan(inputs: Sequence[Path], options: Options) -> Plan:
    """Look at every input and decide where each result goes.

    Raises
    ------
    ModelError
        ``export.suffix`` or ``reconstruct.out`` where the output cannot be meant so.
    """
    found: list[tuple[Scan, Path]] = []
    skipped: list[Skipped] = []
    problems: list[Outcome] = []
    for source in inputs:
        try:
            discovery = discover(source, ct=options.ct)
        except (ModelError, OSError) as error:
            problems.append(_failed(source, error))
            continue
        skipped += [] if source.is_file() else discovery.skipped
        base = source if source.is_dir() else source.parent
        found += [(scan, scan.path.parent.relative_to(base)) for scan in discovery.scans]
        if not discovery.scans:
            problems.append(_failed(source, nothing_found(discovery)))
    single = len(inputs) == 1 and len(found) <= 1 and not inputs[0].is_dir()
    return Plan(tuple(_jobs(found, options, single=single)), tuple(skipped), tuple(problems))


def run_plan(
    plan: Plan, method: Method, options: Options, *, on_progress: OnProgress | None = None
) -> Iterable[Outcome]:
    """Yield what became of each scan, those that could not be looked at first."""
    yield from plan.problems
    for job in plan.jobs:
        try:
            yield from _run_job(job, method, options, on_progress)
        except Exception as error:  # noqa: BLE001 (one scan must not take the others with it)
            yield _failed(job.scan.path, error)


def _run_job(job: Job, method: Method, options: Options, on_progress: OnProgress | None) -> Iterable[Outcome]:
    """Reconstruct one scan, or each of its gates."""
    if not options.gates:
        yield _kept_or_made(job, None, method, options, on_progress)
        return
    gates = job.scan.load_gates()
    for gate in gates:
        out = job.out if len(gates) == 1 else with_word(job.out, f"gate{gate.gate or 0:02d}")
        yield _kept_or_made(replace(job, out=out), gate, method, options, on_progress)


def _kept_or_made(
    job: Job, imported: ImportedStudy | None, method: Method, options: Options, on_progress: OnProgress | None
) -> Outcome:
    if job.out.exists() and not options.force:
        return Outcome(job.scan.path, "kept", out=job.out)
    return _reconstruct(job, _described(imported or job.scan.load(), options), method, options, on_progress)


def _reconstruct(
    job: Job, imported: ImportedStudy, method: Method, options: Options, on_progress: OnProgress | None
) -> Outcome:
    path = job.scan.path
    counts = float(imported.study.projections[0].sum(dtype=np.float64))
    if counts <= 0:
        message = f"the photopeak window holds {counts:g} counts, expected more than 0"
        raise ModelError(code="sample.empty", message=message)
    heard = None if on_progress is None else (lambda done: on_progress(path, done))
    image, half_width, alarm, seconds = _image(imported.study, method, options, heard)
    notes = (*imported.notes, *_warnings(imported.study), *alarm)
    scale, unit = 1.0, COUNTS
    if options.quantitative:
        scale, unit = activity_of_a_count(imported), BQ_PER_ML
    template = path if job.scan.kind is FileKind.DICOM else None
    written = (
        [(job.out, image)] if half_width is None else [(with_word(job.out, HALF_WIDTH), half_width), (job.out, image)]
    )
    for target, volume in written:
        described = (
            method.describe() if target is job.out else {**method.describe(), "shows": "half-width of the interval"}
        )
        export_volume(target, volume * np.float32(scale), imported, method=described, unit=unit, template=template)
    return Outcome(path, "done", job.out, seconds, counts, notes, unit)


def _described(imported: ImportedStudy, options: Options) -> ImportedStudy:
    """Put in what the user says of the camera."""
    if options.collimator is not None:
        collimator, intrinsic_mm = options.collimator
        geometry = replace(imported.study.geometry, collimator=collimator, intrinsic_fwhm_mm=intrinsic_mm)
        note = (
            f"The collimator was given and replaces what was read or assumed: holes {collimator.hole_mm} mm, {collimator.length_mm} mm long, "
            f"intrinsic {intrinsic_mm} mm."
        )
        imported = with_note(replace(imported, study=replace(imported.study, geometry=geometry)), note)
    if options.sensitivity_cps_per_mbq is not None:
        calibration = ActivityCalibration(options.sensitivity_cps_per_mbq)
        imported = replace(imported, study=with_calibration(imported.study, calibration))
    return imported


def _image(
    study: Study, method: Method, options: Options, heard: Callable[[float], None] | None
) -> tuple[Volume, Volume | None, list[str], float]:
    """Return the image, the half-width of its interval where asked for, the alarm's words, and the seconds it took."""
    started = time.perf_counter()
    if not isinstance(method, NetworkMethod):
        image = method(study, on_progress=heard)
        return image, None, [], time.perf_counter() - started
    from model.confidence import alarm_of, reconstruct_with_uncertainty

    if options.uncertainty:
        found = reconstruct_with_uncertainty(study, method.network, method.card, on_progress=heard)
        return found.image, found.half_width, _alarm_words(found.alarm), found.seconds
    image = method(study, on_progress=heard)
    seconds = time.perf_counter() - started
    return image, None, _alarm_words(alarm_of(study, image, method.card)), seconds


def _alarm_words(alarm: Alarm | None) -> list[str]:
    if alarm is None or alarm.level is Level.OK:
        return []
    return [
        f"{finding.sentence} {finding.remedy}".strip() for finding in alarm.findings if finding.level is not Level.OK
    ]


def with_word(out: Path, word: str) -> Path:
    """Return ``scan.WORD.nii.gz`` for ``scan.nii.gz``."""
    suffix = export_suffix(out)
    return out.with_name(f"{out.name[: -len(suffix)]}.{word}{suffix}")


def _warnings(study: Study) -> list[str]:
    return [] if study.attenuation is not None else ["There is no attenuation map: uptake deep inside is too low."]


def _failed(source: Path, error: Exception) -> Outcome:
    match error:
        case ModelError():
            words = (error.code, error.message, error.remedy)
        case MemoryError() | torch.OutOfMemoryError():
            words = (
                "reconstruct.out_of_memory",
                "there is too little memory for this scan",
                "Use a smaller matrix or --device cpu.",
            )
        case FileNotFoundError():
            words = ("reconstruct.no_file", "there is no such file, or a part of it is missing", "Check the path.")
        case OSError():
            words = ("reconstruct.file", f"a file could not be read or written: {error.strerror or error}", "")
        case _:
            logger.debug("a reconstruction failed", exc_info=error)
            words = ("reconstruct.failed", f"the reconstruction failed unexpectedly ({type(error).__name__})", "")
    return Outcome(source, "failed", error=words)


# ---------------------------------------------------------------- where results go


def _jobs(found: Sequence[tuple[Scan, Path]], options: Options, *, single: bool) -> list[Job]:
    jobs = [Job(scan, _target(scan, below, options, single=single)) for scan, below in found]
    used: dict[Path, int] = {}
    for job in jobs:
        used[job.out] = used.get(job.out, 0) + 1
    return [job if used[job.out] == 1 else replace(job, out=_with_source_suffix(job)) for job in jobs]


def _target(scan: Scan, below: Path, options: Options, *, single: bool) -> Path:
    form = options.form or ("dcm" if scan.kind is FileKind.DICOM else "nii")
    stem = _stem(scan.path)
    if options.out is None:
        return scan.path.parent / f"{stem}{RESULT_MARK}{SUFFIXES[form].removeprefix('.')}"
    if single and not options.out.is_dir() and options.out.suffix:
        suffix = export_suffix(options.out)
        if options.form is not None and not suffix.startswith(f".{options.form}"):
            message = f"--out ends in {suffix}, --format says {options.form}"
            raise ModelError(code="reconstruct.out", message=message, remedy="Leave one of them out.")
        return options.out
    if options.out.is_file():
        message = f"--out {options.out.name} is a file, several scans need a folder"
        raise ModelError(code="reconstruct.out", message=message, remedy="Name a folder.")
    return options.out / below / f"{stem}{SUFFIXES[form]}"


def _with_source_suffix(job: Job) -> Path:
    """Tell apart the results of `a.hs` and `a.dcm` in one folder."""
    return job.out.with_name(job.scan.path.name + job.out.name.removeprefix(_stem(job.scan.path)))


def _stem(path: Path) -> str:
    """Return the name without a suffix of scans; hospitals' file names may end in ``.1.2.840.7``."""
    return path.name.removesuffix(path.suffix) if path.suffix.lower() in SCAN_SUFFIXES else path.name
