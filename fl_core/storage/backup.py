"""A daemon's home folder in one file, also while the daemon runs, and back again.

A backup is a tar archive: every file, then ``manifest.json`` with the SHA-256 of what was archived of each (in backups of
former versions it is first). The database is copied by SQLite itself, so that it is one consistent state, and before any file is
read: what it knows of is in the archive, unless it was removed meanwhile, and a file that grows is no shorter than it says. What
a start makes anew (logs, locks, the exchange's own state) stays out. The archive holds keys: it is written for its owner only
(mode 0600).
"""

import hashlib
import io
import json
import logging
import os
import shutil
import sqlite3
import tarfile
import tempfile
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import IO

from fl_core.errors import Conflict, InvalidInput, StorageFailed
from fl_core.storage.place import noted
from model.io.atomic import replacing

DATABASE = "flomir.sqlite"
MANIFEST = "manifest.json"
FORMAT = "flomir-backup-1"
LEFT_OUT = frozenset({"daemon.json", "daemon.lock", "logs", "flower", "run", f"{DATABASE}-wal", f"{DATABASE}-shm"})
BULKY = frozenset({"studies", "incoming", "reconstructions", "results"})
"""Scans, as they came and as they are kept, and images of them: what a hospital may rather copy by other means."""
UPLOADS = PurePosixPath("laboratory/uploads")
"""Scans as they were handed over, names in them and all: they are kept only until they are read."""
CHUNK = 1024 * 1024
ATTEMPTS = 3
"""To copy a file that is cut meanwhile."""
KEPT_WITHIN = frozenset({"flower/answered.json"})
"""Files of folders that are left out: without it a site forgets which rounds it has answered, and answers them once more."""
Progress = Callable[[int, int], None]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Manifest:
    """What a backup says of itself.

    Parameters
    ----------
    role : str
        ``orchestrator`` or ``contributor``.
    version : str
        Of the software that wrote it.
    created_at : str
        ISO 8601, UTC.
    files : dict of str to str
        Path in the home folder -> SHA-256.
    left_out : tuple of str
        Folders that were left out on request.
    """

    role: str
    version: str
    created_at: str
    files: dict[str, str]
    left_out: tuple[str, ...] = ()

    def to_json(self) -> bytes:
        """Return the document."""
        return json.dumps({"format": FORMAT, **asdict(self)}, indent=1, sort_keys=True).encode()

    @classmethod
    def of_json(cls, text: bytes) -> "Manifest":
        """Read what `to_json` wrote; raises InvalidInput (``backup.invalid``)."""
        try:
            found = json.loads(text)
            if found.pop("format") != FORMAT:
                message = "this is no backup, or one of another version"
                raise InvalidInput(message, code="backup.invalid")
            return cls(**{**found, "left_out": tuple(found["left_out"])})
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            message = "the backup does not say what it holds"
            raise InvalidInput(message, code="backup.invalid") from error


def write_backup(
    home: Path,
    out: Path,
    *,
    role: str,
    version: str,
    leave_out: frozenset[str] = frozenset(),
    heard: Progress | None = None,
) -> Manifest:
    """Write a backup of `home` to the file `out`, whole or not at all.

    Parameters
    ----------
    home, out : Path
    role, version : str
    leave_out : set of str
        Names at the top of the home folder to leave out besides `LEFT_OUT`, such as `BULKY`.
    heard : callable, optional
        Hears how many files are done, and of how many.

    Raises
    ------
    StorageFailed
        Without a database in `home`, or when the disk refuses.
    Conflict
        ``backup.exists``, ``backup.other_database``.
    """
    elsewhere = noted(home)
    if elsewhere is not None:
        message = f"the records are in {elsewhere}"
        raise Conflict(message, code="backup.other_database")
    if not (home / DATABASE).is_file():
        message = f"there is no database in {home}"
        raise StorageFailed(message, code="backup.nothing")
    if out.exists():
        message = f"{out.name} exists"
        raise Conflict(message, code="backup.exists")
    try:
        with replacing(out) as partial, tempfile.TemporaryDirectory(dir=out.parent, prefix=".backup-") as folder:
            database = Path(folder) / DATABASE
            _copy_database(home / DATABASE, database)
            files = {DATABASE: database} | dict(_files(home, leave_out))
            with (
                partial.open("wb") as stream,
                tarfile.open(fileobj=stream, mode="w:", format=tarfile.PAX_FORMAT) as archive,
            ):
                manifest = Manifest(
                    role=role,
                    version=version,
                    created_at=datetime.now(UTC).isoformat(timespec="seconds"),
                    files=_archived(archive, stream, files, heard or (lambda done, of: None)),
                    left_out=tuple(sorted(name for name in leave_out if (home / name).exists())),
                )
                _add(archive, MANIFEST, io.BytesIO(manifest.to_json()), len(manifest.to_json()))
    except OSError as error:
        raise _refused(error, "the backup could not be written", "Check free space and permissions there.") from error
    return manifest


def restore_backup(source: Path, home: Path, *, role: str, heard: Progress | None = None) -> Manifest:
    """Bring a backup back into `home`, which must not exist or be empty; whole or not at all.

    Raises
    ------
    InvalidInput
        ``backup.invalid`` for a file that is none, is damaged, or is of the other kind of daemon.
    Conflict
        ``backup.home_in_use``.
    StorageFailed
        When the disk refuses.
    """
    if home.exists() and any(home.iterdir()):
        message = f"{home} is not empty"
        raise Conflict(message, code="backup.home_in_use")
    try:
        home.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=home.parent, prefix=".restore-"))
    except OSError as error:
        raise _refused(error, "the data folder could not be made", "Name another one with --home.") from error
    try:
        manifest = _unpack(source, fresh, role, heard or (lambda done, of: None))
        _put_in_place(fresh, home)
    except (OSError, tarfile.TarError) as error:
        raise _unreadable(error) from error
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return manifest


def _put_in_place(fresh: Path, home: Path) -> None:
    try:
        if home.exists():
            home.rmdir()
        fresh.replace(home)
    except OSError as error:
        raise _refused(error, "the data folder could not be made", "Name another one with --home.") from error


def _refused(error: OSError, what: str, remedy: str) -> StorageFailed:
    refusal = StorageFailed.of(error, what)
    refusal.remedy = remedy
    return refusal


def _unreadable(error: Exception) -> InvalidInput:
    return InvalidInput(f"the backup could not be read: {error}", code="backup.invalid")


def _files(home: Path, leave_out: frozenset[str]) -> list[tuple[str, Path]]:
    """Return names and paths of what is kept; a folder that goes meanwhile is none."""
    found: list[Path] = []
    for folder, _, names in os.walk(home, onerror=_unless_closed_or_gone):
        found += [Path(folder) / name for name in names]
    kept: list[tuple[str, Path]] = []
    for path in sorted(found):
        name = path.relative_to(home)
        first = name.parts[0]
        if PurePosixPath(name.as_posix()).is_relative_to(UPLOADS):
            continue
        left_out = first in LEFT_OUT | leave_out | {DATABASE} and name.as_posix() not in KEPT_WITHIN
        if left_out or path.is_symlink() or not path.is_file():
            continue
        if not any(part.startswith(".") for part in name.parts):  # half-written files of the daemon
            kept.append((name.as_posix(), path))
    return kept


def _unless_closed_or_gone(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError | PermissionError):
        raise error


def _copy_database(source: Path, target: Path) -> None:
    try:
        with (
            closing(sqlite3.connect(f"{source.resolve().as_uri()}?mode=ro", uri=True)) as opened,
            closing(sqlite3.connect(target)) as copy,
        ):
            opened.backup(copy)
            copy.execute("PRAGMA journal_mode=DELETE")
    except sqlite3.Error as error:
        message = f"the database could not be copied: {error}"
        raise StorageFailed(message) from error


class _CutError(OSError):
    """A file ended before the length that it had when it was opened."""


class _Hashed:
    """Passes on what is read and hashes it, so that the manifest says what is in the archive."""

    def __init__(self, content: io.BufferedReader) -> None:
        self._content = content
        self.sha256 = hashlib.sha256()

    def read(self, size: int = 0, /) -> bytes:
        """Return exactly `size` bytes; raises _CutError."""
        data = self._content.read(size)
        if len(data) < size:
            raise _CutError
        self.sha256.update(data)
        return data


def _archived(archive: tarfile.TarFile, stream: IO[bytes], files: dict[str, Path], heard: Progress) -> dict[str, str]:
    """Add every file that is still there, each as long as it was when it was opened; return the hashes of what went in."""
    hashes: dict[str, str] = {}
    for done, (name, path) in enumerate(files.items(), start=1):
        try:
            hashes[name] = _archived_one(archive, stream, name, path)
        except FileNotFoundError:
            logger.info("a file went while the backup was written", extra={"top": name.partition("/")[0]})
        heard(done, len(files))
    return hashes


def _archived_one(archive: tarfile.TarFile, stream: IO[bytes], name: str, path: Path) -> str:
    begin = archive.offset
    for attempt in range(1, ATTEMPTS + 1):
        with path.open("rb") as content:
            hashed = _Hashed(content)
            try:
                _add(archive, name, hashed, os.fstat(content.fileno()).st_size)
                break
            except _CutError:  # as a log that the daemon begins anew: what there is of it is taken back
                if attempt == ATTEMPTS:
                    raise
                stream.seek(begin)
                stream.truncate()
                archive.offset = begin
    return hashed.sha256.hexdigest()


def _add(archive: tarfile.TarFile, name: str, content: _Hashed | io.BytesIO, size: int) -> None:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    archive.addfile(entry, content)


def _manifest_of(archive: tarfile.TarFile, entries: list[tarfile.TarInfo]) -> tuple[Manifest, list[tarfile.TarInfo]]:
    """Return the manifest and the other entries; raises InvalidInput."""
    for place in (len(entries) - 1, 0):  # former versions wrote it first
        content = archive.extractfile(entries[place]) if entries and entries[place].name == MANIFEST else None
        if content is not None:
            return Manifest.of_json(content.read()), entries[:place] + entries[place + 1 :]
    message = "the file does not say what it holds, as a backup does"
    raise InvalidInput(message, code="backup.invalid")


def _unpack(source: Path, target: Path, role: str, heard: Progress) -> Manifest:
    with tarfile.open(source, "r:") as archive:
        manifest, entries = _manifest_of(archive, archive.getmembers())
        if manifest.role != role:
            message = f"this is a backup of {_side(manifest.role)}, not of {_side(role)}"
            raise InvalidInput(message, code="backup.invalid")
        missing = dict(manifest.files)
        for entry in entries:
            expected = missing.pop(entry.name, None)
            content = archive.extractfile(entry) if entry.isfile() else None
            if expected is None or content is None or not _is_inside(entry.name):
                message = f"the backup holds something that it does not name: {entry.name[:100]}"
                raise InvalidInput(message, code="backup.invalid")
            if _kept(content, target / entry.name) != expected:
                message = f"{entry.name} in the backup is damaged"
                raise InvalidInput(message, code="backup.invalid")
            heard(len(manifest.files) - len(missing), len(manifest.files))
    if missing:
        message = f"the backup lacks {len(missing)} of {len(manifest.files)} files, the first is {min(missing)}"
        raise InvalidInput(message, code="backup.invalid")
    return manifest


def _kept(content: IO[bytes], path: Path) -> str:
    """Write what is read to `path` and return the hash of what is there; a disk that refuses is not the backup's fault."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        with path.open("wb") as stream:
            path.chmod(0o600)
            for chunk in _chunks(content):
                stream.write(chunk)
        return _sha256(path)
    except OSError as error:
        remedy = "Free some space there, or name another place with --home."
        raise _refused(error, "the data folder could not be written", remedy) from error


def _chunks(content: IO[bytes]) -> Iterator[bytes]:
    while True:
        try:
            chunk = content.read(CHUNK)
        except (OSError, tarfile.TarError) as error:
            raise _unreadable(error) from error
        if not chunk:
            return
        yield chunk


def _side(role: str) -> str:
    return f"an {role}" if role.startswith("o") else f"a {role}"


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _sha256(path: Path) -> str:
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()
