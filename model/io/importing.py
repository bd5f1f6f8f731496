# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Find scans in a file or a folder of anything, and pair them with attenuation maps and reference images. Torch-free.

What a file is, its first bytes say, not its name. `discover` reads headers only, but for the few DICOM files of one
series that may be one acquisition (`model.io.dicom.together`); `Scan.load` reads one scan, so that a folder of hundreds
never lies in memory at once. Messages hold no identifiers and no contents of files.

Attenuation
    A CT series (DICOM) belongs to the DICOM projections with the same frame of reference. A volume (NIfTI, Interfile,
    DICOM RECON TOMO) whose name says that it is an attenuation map (`MAP_WORDS`), or whose Image Type says transmission,
    belongs to the scan whose name it begins with, followed by a mark of `NAME_ENDS` (of several such names to the
    longest), or to the only scan of its folder, whatever part of the folder was asked for. Its unit is told from its
    values (`model.io.companions`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from model.errors import NO_SUCH, ModelError, StudyFormatError
from model.io.companions import is_map_name, is_reference_name
from model.io.dicom_index import DICOM_MAGIC, DICOM_OFFSET, DicomKind, DicomSummary, summarise
from model.io.export import is_image_file
from model.io.imported import ImportedStudy
from model.io.interfile import read_interfile_header
from model.io.nifti import is_nifti
from model.io.notes import note
from model.io.scans import Attenuation, FileKind, Scan, Skipped

HDF5_MAGIC = b"\x89HDF\r\n\x1a\n"
FIRST_BYTES = 2048
MOST_FILES = 200_000
RESULT_MARK = ".flomir."
"""In the names of what is written beside its input."""
NAME_ENDS = frozenset("._- ")
"""What follows the scan's name in the name of what belongs to it; without it "p10_mumap.nii" begins with "p1"."""


@dataclass(frozen=True)
class Discovery:
    """What a folder holds."""

    scans: tuple[Scan, ...]
    skipped: tuple[Skipped, ...]


def import_studies(path: str | Path, *, ct: str | Path | None = None) -> list[ImportedStudy]:
    """Read every scan of a file or folder; the first that cannot be read ends it.

    Parameters
    ----------
    path : file or folder
    ct : file or folder, optional
        A CT series or an attenuation map for all of them, instead of what lies beside them.

    Raises
    ------
    ModelError
        ``import.nothing`` where there is no scan, else what is wrong with a scan.
    FileNotFoundError
        If there is no such path.
    """
    found = discover(path, ct=ct)
    if not found.scans:
        raise nothing_found(found)
    return [scan.load() for scan in found.scans]


def nothing_found(found: Discovery) -> ModelError:
    """Return the error for a path without scans; it gives the first reason."""
    useless = [skipped for skipped in found.skipped if not skipped.used]
    reasons = [skipped.reason for skipped in useless or found.skipped] or ["it is empty"]
    more = f" (and {len(reasons) - 1} more)" if len(reasons) > 1 else ""
    message = f"no scan was found: {reasons[0]}{more}"
    return StudyFormatError("import.nothing", message, "Name a DICOM NM, Interfile or study file, or a folder of them.")


def discover(path: str | Path, *, ct: str | Path | None = None) -> Discovery:
    """Look through a file or, with all its subfolders, a folder.

    Raises
    ------
    FileNotFoundError
        If there is no such path, or none at `ct`.
    StudyFormatError
        ``import.too_many_files``; ``import.no_ct`` where `ct` holds neither one CT series nor one map.
    """
    source = Path(path)
    if not source.exists():
        message = f"{NO_SUCH}: {source.name}"
        raise FileNotFoundError(message)
    shelf = _sorted(_files(source))
    _put_together(shelf, source)
    given = None if ct is None else given_attenuation(Path(ct))
    whole = source.is_dir()  # pairing sees the neighbours of a single file too: one of them may own the map
    scans = [
        replace(
            _as_asked(scan, source),
            attenuation=given or _attenuation(scan, shelf),
            reference=_beside(scan, shelf.references, shelf),
        )
        for scan in shelf.scans
        if whole or source in scan.files
    ]
    return Discovery(tuple(scans), tuple(skipped for skipped in shelf.skipped if whole or skipped.path == source))


def file_kind(path: Path) -> FileKind:
    """Tell a file's kind by its first bytes (NIfTI by its name, which it needs)."""
    if is_nifti(path):
        return FileKind.NIFTI
    with path.open("rb") as stream:
        start = stream.read(FIRST_BYTES)
    if start.startswith(HDF5_MAGIC):
        return FileKind.STUDY
    if start[DICOM_OFFSET : DICOM_OFFSET + 4] == DICOM_MAGIC:
        return FileKind.DICOM
    if start.lstrip().lstrip(b"!").lstrip()[:9].lower() == b"interfile":
        return FileKind.INTERFILE
    return FileKind.OTHER


# ---------------------------------------------------------------- sorting


@dataclass
class _Shelf:
    """Files by what they are."""

    scans: list[Scan] = field(default_factory=list)
    skipped: list[Skipped] = field(default_factory=list)
    maps: list[Path] = field(default_factory=list)
    references: list[Path] = field(default_factory=list)
    ct: dict[str, list[Path]] = field(default_factory=lambda: defaultdict(list))  # by series
    series: dict[Path, str] = field(default_factory=dict)  # of projections
    frames: dict[Path | str, str] = field(default_factory=dict)  # of projections by path, of CT by series


def _files(source: Path) -> list[Path]:
    """Return the file and its neighbours, or every file under a folder; hidden ones are left out."""
    places = source.parent.iterdir() if source.is_file() else source.rglob("*")
    found = [p for p in places if p == source or (not p.name.startswith(".") and p.is_file())]
    if len(found) > MOST_FILES:
        message = f"the folder holds {len(found)} files, at most {MOST_FILES} are looked at"
        raise StudyFormatError("import.too_many_files", message, "Name a smaller folder.")
    return sorted(found)


def _sorted(files: Iterable[Path]) -> _Shelf:
    shelf = _Shelf()
    claimed: set[Path] = set()
    rest: list[Path] = []
    for path in files:
        if RESULT_MARK in path.name:
            shelf.skipped.append(Skipped(path, "an earlier result", used=True))
            continue
        try:
            kind = file_kind(path)
        except OSError as error:
            shelf.skipped.append(Skipped(path, f"it cannot be read ({error.strerror})"))
            continue
        if kind is FileKind.OTHER:
            rest.append(path)
        else:
            claimed |= _shelve(path, kind, shelf)
    for path in rest:
        used = path in claimed
        shelf.skipped.append(Skipped(path, "the raw data of a header" if used else "a file of no known kind", used))
    return shelf


def _shelve(path: Path, kind: FileKind, shelf: _Shelf) -> set[Path]:
    """Put one file on the shelf; return the raw data files it claims."""
    match kind:
        case FileKind.STUDY if is_image_file(path):
            shelf.skipped.append(Skipped(path, "it is an image, no projections"))
        case FileKind.STUDY:
            shelf.scans.append(Scan(path, kind))
        case FileKind.DICOM:
            _shelve_dicom(path, summarise(path), shelf)
        case FileKind.INTERFILE:
            return _shelve_interfile(path, shelf)
        case _:
            _shelve_volume(path, shelf)
    return set()


def _shelve_dicom(path: Path, summary: DicomSummary, shelf: _Shelf) -> None:
    if summary.kind is DicomKind.PROJECTIONS:
        shelf.scans.append(Scan(path, FileKind.DICOM))
        shelf.frames[path] = summary.frame
        shelf.series[path] = summary.series
        return
    if summary.kind is DicomKind.CT:
        shelf.ct[summary.series].append(path)
        shelf.frames[summary.series] = summary.frame
    if summary.kind is DicomKind.VOLUME and (summary.is_transmission or is_map_name(path)):
        _shelve_map(path, shelf)
        return
    shelf.skipped.append(Skipped(path, f"it is {summary.words}", used=summary.kind is DicomKind.CT))


def _put_together(shelf: _Shelf, source: Path) -> None:
    """Make one scan of the files of a series, in one folder, that a camera wrote apart."""
    groups: dict[tuple[Path, str], list[Path]] = defaultdict(list)
    for path, series in shelf.series.items():
        if series:
            groups[path.parent, series].append(path)
    wanted = [paths for paths in groups.values() if len(paths) > 1 and (source.is_dir() or source in paths)]
    if not wanted:
        return
    from model.io.dicom.together import one_acquisition

    more = {paths[0]: tuple(paths[1:]) for paths in wanted if one_acquisition(paths)}
    taken = {path for rest in more.values() for path in rest}
    shelf.scans = [replace(s, more=more.get(s.path, ())) for s in shelf.scans if s.path not in taken]
    shelf.skipped += [Skipped(path, "a part of another file's acquisition", used=True) for path in sorted(taken)]


def _as_asked(scan: Scan, source: Path) -> Scan:
    """Name a scan of several files after the one that was asked for."""
    if source not in scan.more:
        return scan
    return replace(scan, path=source, more=tuple(path for path in scan.files if path != source))


def _shelve_interfile(path: Path, shelf: _Shelf) -> set[Path]:
    try:
        header = read_interfile_header(path)
    except (ModelError, OSError):
        shelf.scans.append(Scan(path, FileKind.INTERFILE))  # its reader says what is wrong
        return set()
    if "number of projections" in header:
        shelf.scans.append(Scan(path, FileKind.INTERFILE))
    else:
        _shelve_volume(path, shelf)
    data = header.get("name of data file", "")
    return {path.parent / data} if data else set()


def _shelve_map(path: Path, shelf: _Shelf) -> None:
    shelf.maps.append(path)
    shelf.skipped.append(Skipped(path, "an attenuation map", used=True))


def _shelve_volume(path: Path, shelf: _Shelf) -> None:
    if is_map_name(path):
        _shelve_map(path, shelf)
    elif is_reference_name(path):
        shelf.references.append(path)
        shelf.skipped.append(Skipped(path, "a reference image", used=True))
    else:
        shelf.skipped.append(Skipped(path, "it is a volume, no projections"))


# ---------------------------------------------------------------- pairing


def given_attenuation(path: Path) -> Attenuation:
    """Return the CT series or the map that a file or folder holds.

    Raises
    ------
    FileNotFoundError
        If there is no such path.
    StudyFormatError
        ``import.no_ct`` where there is not exactly one series or map.
    """
    if not path.exists():
        message = f"{NO_SUCH}: {path.name}"
        raise FileNotFoundError(message)
    if path.is_file() and _is_volume(path):
        return Attenuation((path,), is_ct=False, given=True)
    shelf = _sorted(_files(path))
    if len(shelf.ct) == 1:
        return Attenuation(tuple(next(iter(shelf.ct.values()))), is_ct=True, given=True)
    if not shelf.ct and len(shelf.maps) == 1:
        return Attenuation((shelf.maps[0],), is_ct=False, given=True)
    message = f"{len(shelf.ct)} CT series and {len(shelf.maps)} attenuation maps were found, exactly one is needed"
    raise StudyFormatError("import.no_ct", message, "Name the folder of one CT series, or one map.")


def _is_volume(path: Path) -> bool:
    kind = file_kind(path)
    if kind is FileKind.DICOM:
        return summarise(path).kind is DicomKind.VOLUME
    return kind in (FileKind.NIFTI, FileKind.INTERFILE)


def _attenuation(scan: Scan, shelf: _Shelf) -> Attenuation | None:
    if scan.kind is FileKind.DICOM and (series := _ct_of(scan, shelf)) is not None:
        return series
    if scan.kind is FileKind.STUDY:  # a study file is whole: it holds its map
        return None
    beside = _beside(scan, shelf.maps, shelf)
    if beside is None:
        return None
    return Attenuation((beside,), is_ct=False, note="" if _common(scan, beside) else note("map.only_one"))


def _ct_of(scan: Scan, shelf: _Shelf) -> Attenuation | None:
    frame = shelf.frames.get(scan.path, "")
    same: list[list[Path]] = [paths for series, paths in shelf.ct.items() if frame and shelf.frames[series] == frame]
    if same:
        told = note("ct.several", series=len(same)) if len(same) > 1 else ""
        return Attenuation(tuple(sorted(same, key=len)[-1]), is_ct=True, note=told)
    near = [series for series, paths in shelf.ct.items() if paths[0].parent == scan.path.parent]
    if len(near) == 1 and not (frame and shelf.frames[near[0]]):
        return Attenuation(tuple(shelf.ct[near[0]]), is_ct=True, note=note("ct.of_folder"))
    return None


def _beside(scan: Scan, volumes: Sequence[Path], shelf: _Shelf) -> Path | None:
    """Return the one volume of the scan's folder that begins with the scan's name, or the only one of the only scan."""
    if scan.kind is FileKind.STUDY:
        return None
    near = [path for path in volumes if path.parent == scan.path.parent]
    scans = [other for other in shelf.scans if other.path.parent == scan.path.parent]
    named = [path for path in near if 0 < _common(scan, path) == max(_common(other, path) for other in scans)]
    if len(named) == 1:
        return named[0]
    return near[0] if len(scans) == 1 and len(near) == 1 else None


def _common(scan: Scan, volume: Path) -> int:
    """Return how much of the volume's name is the scan's, with or without its suffix; 0 where it begins otherwise."""
    fits = (
        len(name)
        for name in (scan.path.name, scan.path.stem)
        if volume.name.startswith(name) and volume.name[len(name) : len(name) + 1] in {"", *NAME_ENDS}
    )
    return max(fits, default=0)
