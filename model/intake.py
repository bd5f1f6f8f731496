"""Bring scans into a site: each becomes a file without identifiers that a task can use, or a reason why not. Torch-free.

Whatever comes (DICOM, Interfile, a study file, a sample of another task) is read for what is known of it, and that is
written anew; no byte of a file is copied, so nothing comes along unseen. Nothing that is told here repeats a value of a
file; names of files are told to the caller only.
"""

import hashlib
import json
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from secrets import token_hex

from pydantic import JsonValue

from model.errors import ModelError
from model.io.importing import discover
from model.io.left_behind import sentences
from model.io.notes import note
from model.io.scans import FileKind, Scan, Skipped
from model.io.slices import BrainSample, take_slice, write_slice
from model.io.study import write_study
from model.io.study_records import Study
from model.quality.check import check_file
from model.quality.report import QualityReport
from model.samples import INSPECTORS, SampleSummary
from model.task_spec import SPECT, TASK_SPECS

PREFIX = ".upload-"
"""Of files in the making: what an interrupted import leaves is found by it."""
LARGEST_SAMPLE_BYTES = 2**32
_NOT_MINE = frozenset({"study.not_a_study", "study.unreadable", "sample.unreadable", "sample.missing"})


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """A file that is ready to be taken: where it lies and what it holds.

    Parameters
    ----------
    file : str
        Its name in the folder of the prepared files.
    content : str
        SHA-256 of counts and geometry: equal for the same acquisition, whenever and from whatever it was read.
    patient_key, patient_from : str or None
        Groups the studies of one patient; ``site key`` (made of the patient's number), ``file`` (of the key in the file),
        ``name`` (of where the file lies), ``random`` or ``none``.
    removed, notes : tuple of str
        Sentences for a person.
    quality : QualityReport or None
        What quality control found; None for data that are not checked.
    """

    file: str
    suffix: str
    sha256: str
    size_bytes: int
    content: str
    task: str
    summary: SampleSummary
    patient_key: str | None
    patient_from: str
    removed: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    quality: QualityReport | None = None

    def to_dict(self) -> dict[str, JsonValue]:
        """Return plain JSON values."""
        return {
            "file": self.file,
            "suffix": self.suffix,
            "sha256": self.sha256,
            "size_bytes": self.size_bytes,
            "content": self.content,
            "task": self.task,
            "kind": self.summary.kind,
            "has_reference": self.summary.has_reference,
            "has_attenuation": self.summary.details.get("has_attenuation") is True,
            "counts": self.summary.counts,
            "shape": list(self.summary.shape),
            "geometry": self.summary.geometry_words,
            "patient_key": self.patient_key,
            "patient_from": self.patient_from,
            "warnings": [*self.summary.warnings, *self.notes],
            "removed": list[JsonValue](self.removed),
            "quality": None if self.quality is None else self.quality.to_dict(),
        }


@dataclass(frozen=True)
class Found:
    """One thing to bring in, named by its path below the source; and what is no scan."""

    name: str
    scan: Scan


@dataclass(frozen=True)
class Sorting:
    """What a source holds.

    Parameters
    ----------
    left_out : mapping of reason to count
        Files that are no scans and serve none.
    """

    found: tuple[Found, ...]
    not_scans: tuple[tuple[str, str], ...] = ()
    left_out: dict[str, int] = field(default_factory=dict)


def sort_out(source: Path, *, most_named: int = 200) -> Sorting:
    """Look through a file or folder; headers only.

    Parameters
    ----------
    most_named : int
        So many files that are no scans are named (name, reason), the others counted.

    Raises
    ------
    FileNotFoundError
        If there is no such path.
    ModelError
        ``import.too_many_files``.
    """
    found = discover(source)
    base = source if source.is_dir() else source.parent
    scans = list(found.scans)
    named: list[tuple[str, str]] = []
    left_out: dict[str, int] = {}
    for skipped in found.skipped:
        if skipped.used:
            continue
        if _is_sample(skipped):
            scans.append(Scan(skipped.path, FileKind.OTHER))
        elif len(named) < most_named:
            named.append((_name(skipped.path, base), skipped.reason))
        else:
            left_out[skipped.reason] = left_out.get(skipped.reason, 0) + 1
    ordered = sorted((Found(_name(scan.path, base), scan) for scan in scans), key=lambda one: one.name)
    return Sorting(tuple(ordered), tuple(named), left_out)


def prepare(scan: Scan, folder: Path, *, site_key: bytes, name: str | None = None, base: str = "") -> Prepared:
    """Read a scan and write what is known of it, whole or not at all, as a hidden file into `folder`.

    Parameters
    ----------
    site_key : bytes
        The site's secret, 16 bytes or more; no patient's number and no key of a file is written without it.
    name, base : str
        Where the scan lies (`model.io.slices.person_at`), unless its own path says it.

    Raises
    ------
    ModelError
        What is wrong with the scan.
    OSError
        If a file cannot be opened or the disk refuses.
    """
    if scan.kind in (FileKind.STUDY, FileKind.OTHER) and _task_of(scan) != SPECT:
        where = (scan.path.name, str(scan.path.parent)) if name is None else (name, base)
        return _prepared_slice(take_slice(scan.path, site_key=site_key, name=where[0], base=where[1]), folder)
    imported = scan.load(site_key=site_key)
    report, study = imported.report, imported.study
    foreign = scan.kind is not FileKind.STUDY
    target = folder / f"{PREFIX}{token_hex(8)}.h5"
    write_study(target, study)
    with _kept_if_whole(target):
        key, notes = study.provenance.get("patient_key"), study.provenance.get("notes", [])
        return _prepared(
            target,
            content_of(study),
            key=None if key is None else str(key),
            origin="none" if key is None else report.patient_key,
            removed=(report.sentence(),) if foreign else sentences(report),
            notes=tuple(str(note) for note in notes),
        )


def _prepared_slice(sample: BrainSample, folder: Path) -> Prepared:
    target = folder / f"{PREFIX}{token_hex(8)}.npz"
    write_slice(target, sample)
    with _kept_if_whole(target):
        origin = sample.report.patient_key
        return _prepared(
            target,
            sample.content,
            key=sample.patient_key,
            origin=origin,
            removed=sentences(sample.report),
            notes=(note("patient.grouped"),) if origin == "name" else (),
        )


@contextmanager
def _kept_if_whole(target: Path) -> Iterator[None]:
    try:
        yield
    except BaseException:
        target.unlink(missing_ok=True)
        raise


def _task_of(scan: Scan) -> str:
    return inspect_sample(scan.path, ".h5" if scan.kind is FileKind.STUDY else scan.path.suffix.lower())[0]


def inspect_sample(path: Path, suffix: str) -> tuple[str, SampleSummary]:
    """Return the task that can use a file of a kind, and what it shows; raises the ModelError of the task that fits best."""
    refusals: list[ModelError] = []
    for spec in TASK_SPECS.values():
        if suffix not in spec.sample_suffixes:
            continue
        try:
            return spec.name, INSPECTORS[spec.name](path)
        except ModelError as error:
            refusals.append(error)
    if not refusals:
        message = f"files that end in {suffix or 'nothing'} are not read"
        raise ModelError(code="study.unusable", message=message, remedy="Add DICOM NM, Interfile or study files.")
    raise next((error for error in refusals if error.code not in _NOT_MINE), refusals[0])


def content_of(study: Study) -> str:
    """Return the hash of an acquisition: its counts and its geometry, nothing of a person."""
    geometry = json.dumps(study.geometry.to_dict(), sort_keys=True).encode()
    return hashlib.sha256(study.projections.tobytes() + geometry).hexdigest()


def _prepared(
    target: Path, content: str, *, key: str | None, origin: str, removed: Sequence[str], notes: Sequence[str]
) -> Prepared:
    task, summary = inspect_sample(target, target.suffix)
    return Prepared(
        file=target.name,
        suffix=target.suffix,
        sha256=_sha256(target),
        size_bytes=target.stat().st_size,
        content=content,
        task=task,
        summary=summary,
        patient_key=key,
        patient_from=origin,
        removed=tuple(removed),
        notes=tuple(notes),
        quality=check_file(target) if task == SPECT else None,
    )


def _is_sample(skipped: Skipped) -> bool:
    path = skipped.path
    try:
        return path.suffix.lower() == ".npz" and path.stat().st_size < LARGEST_SAMPLE_BYTES and zipfile.is_zipfile(path)
    except OSError:
        return False


def _name(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix()


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def batches(found: Sequence[Found], size: int) -> Iterator[Sequence[Found]]:
    """Cut a list into parts."""
    for first in range(0, len(found), size):
        yield found[first : first + size]
