"""Plan a batch of reconstructions: which scans there are, where each image goes, and how an outcome is told."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import chain, count
from pathlib import Path
from typing import Literal

import torch
from pydantic import JsonValue

from model.errors import ModelError, remedy_of_missing
from model.geometry import Collimator
from model.io.export import SUFFIXES, export_suffix
from model.io.importing import RESULT_MARK, discover, nothing_found
from model.io.scans import FileKind, Scan, Skipped
from model.io.units import COUNTS, Unit

logger = logging.getLogger(__name__)
State = Literal["done", "failed", "kept"]
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

    @cached_property
    def sources(self) -> frozenset[Path]:
        """The files that are read, which no result may replace."""
        return frozenset(path.resolve() for job in self.jobs for path in job.scan.inputs)


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
    map_file : str or None
        Name of the volume file whose attenuation map was used.
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
    map_file: str | None = None
    unit: Unit = COUNTS
    error: tuple[str, str, str] | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        """Return plain JSON values."""
        found: dict[str, JsonValue] = {"source": str(self.source), "state": self.state}
        if self.out is not None:
            found["out"] = str(self.out)
        if self.state == "done":
            found |= {"seconds": round(self.seconds, 3), "counts": self.counts, "unit": self.unit}
            found |= {"notes": list[JsonValue](self.notes), "map_file": self.map_file}
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
        Of the camera, instead of what the study carries; its half-life and times stay.
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
    found: dict[Path, tuple[Scan, Path]] = {}  # a scan that is named twice is reconstructed once
    skipped: list[Skipped] = []
    problems: list[Outcome] = []
    for source in inputs:
        try:
            discovery = discover(source, ct=options.ct)
        except (ModelError, OSError) as error:
            problems.append(failed(source, error))
            continue
        skipped += [] if source.is_file() else discovery.skipped
        base = source if source.is_dir() else source.parent
        for scan in discovery.scans:
            found.setdefault(scan.path.resolve(), (scan, base))
        if not discovery.scans:
            problems.append(failed(source, nothing_found(discovery)))
    single = len(inputs) == 1 and len(found) <= 1 and (not inputs[0].is_dir() or _names_image(options.out))
    plan = Plan(tuple(_jobs([*found.values()], options, single=single)), tuple(skipped), tuple(problems))
    for job in plan.jobs:
        check_free(job.out, plan)
    return plan


def check_free(out: Path, plan: Plan, made: Container[Path] = ()) -> None:
    """Refuse a result in the place of a file that the batch reads or of one that it `made`, whatever may be replaced.

    Raises
    ------
    ModelError
        ``reconstruct.out``.
    """
    message = f"the result would take the place of {out.name}, which "
    if out.resolve() in plan.sources:
        message += "is read"
        raise ModelError(code="reconstruct.out", message=message, remedy="Name another file or folder with --out.")
    if out.resolve() in made:
        message += "is another scan's of this run"
        remedy = "Reconstruct it on its own, and name another file or folder with --out."
        raise ModelError(code="reconstruct.out", message=message, remedy=remedy)


def failed(source: Path, error: Exception) -> Outcome:
    """Return the outcome of a scan that raised `error`: a code, a sentence, a remedy."""
    match error:
        case ModelError():
            words = (error.code, error.message, error.remedy)
        case MemoryError() | torch.OutOfMemoryError():
            words = (
                "reconstruct.out_of_memory",
                "there is too little memory for this scan",
                "Use a smaller matrix or --device cpu.",
            )
        case FileNotFoundError(strerror=None):  # our readers say themselves what is missing
            words = ("reconstruct.no_file", str(error), remedy_of_missing(error))
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
    """Give each scan a result of its own: among equal names the scan's suffix, the folder that was asked for, a number."""
    first = [_target(scan, base, options, single=single) for scan, base in found]
    places: dict[Path, list[int]] = defaultdict(list)
    for number, out in enumerate(first):
        places[out].append(number)
    outs = list(first)
    for numbers in (same for same in places.values() if len(same) > 1):
        ways = ([apart(first[number], *found[number], options) for number in numbers] for apart in _WAYS_APART)
        best = max(ways, key=lambda names: len(set(names)))
        for number, out in zip(numbers, best, strict=True):
            outs[number] = out
    taken: set[Path] = set()
    for number, out in enumerate(outs):
        outs[number] = _numbered(out, taken)
        taken.add(outs[number])
    return [Job(scan, out) for (scan, _), out in zip(found, outs, strict=True)]


def _target(scan: Scan, base: Path, options: Options, *, single: bool) -> Path:
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
    if not options.out.is_dir() and (options.out.exists() or _names_image(options.out)):
        message = f"--out {options.out.name} names a file, several scans need a folder"
        raise ModelError(code="reconstruct.out", message=message, remedy="Name a folder.")
    return options.out / scan.path.parent.relative_to(base) / f"{stem}{SUFFIXES[form]}"


def _names_image(out: Path | None) -> bool:
    try:
        return out is not None and bool(export_suffix(out))
    except ModelError:
        return False


def _with_source_suffix(out: Path, scan: Scan, _base: Path, _options: Options) -> Path:
    """Tell apart the results of `a.hs` and `a.dcm` in one folder."""
    return out.with_name(scan.path.name + out.name.removeprefix(_stem(scan.path)))


def _in_folder(out: Path, _scan: Scan, base: Path, options: Options) -> Path:
    """Tell apart the results of `monday/a.dcm` and `tuesday/a.dcm`."""
    return out if options.out is None else options.out / base.resolve().name / out.relative_to(options.out)


def _in_folder_with_suffix(out: Path, scan: Scan, base: Path, options: Options) -> Path:
    return _with_source_suffix(_in_folder(out, scan, base, options), scan, base, options)


_WAYS_APART: tuple[Callable[[Path, Scan, Path, Options], Path], ...] = (
    _with_source_suffix,
    _in_folder,
    _in_folder_with_suffix,
)


def _numbered(out: Path, taken: Container[Path]) -> Path:
    """Return the first of ``a.nii.gz``, ``a.2.nii.gz``, ``a.3.nii.gz`` ... that is not taken."""
    numbers = (with_word(out, str(number)) for number in count(2))
    return next(name for name in chain([out], numbers) if name not in taken)


def with_word(out: Path, word: str) -> Path:
    """Return ``scan.WORD.nii.gz`` for ``scan.nii.gz``."""
    suffix = export_suffix(out)
    return out.with_name(f"{out.name[: -len(suffix)]}.{word}{suffix}")


def _stem(path: Path) -> str:
    """Return the name without a suffix of scans; hospitals' file names may end in ``.1.2.840.7``."""
    return path.name.removesuffix(path.suffix) if path.suffix.lower() in SCAN_SUFFIXES else path.name
