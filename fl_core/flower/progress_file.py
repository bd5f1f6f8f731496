"""A progress file: JSON lines that one process appends and another takes over from a mark, and that does not grow for ever.

A mark counts bytes from the very first line ever written. What lies before it may be cut off: the file then begins with a
line that says how many bytes went (``base``) and which number came last (``seq``), so marks and numbers go on as before.
The file is replaced whole. It is locked for every append and every cut, so that no line goes into a file that is being
replaced; where a file cannot be locked (Windows) nothing is cut off.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, NamedTuple

from model.io.atomic import write_atomically

LARGEST_READ = 4 * 1024 * 1024
LEAST_CUT_BYTES = 16 * 1024 * 1024
"""So much is cut off at least: some hours of training."""
TAIL_BYTES = 256 * 1024
"""End of a progress file that tells its last number; a line has less than a kilobyte."""
_FIRST = b'{"base": '
_LONGEST_FIRST = 200


class _Start(NamedTuple):
    """Mark and place of the first line that is still there."""

    mark: int
    place: int


def read_lines(path: Path, mark: int) -> tuple[bytes, int]:
    """Return whole lines after `mark` and the mark where they begin; a file that ends before it was begun anew."""
    try:
        with path.open("rb") as stream:
            start = _start(stream)
            end = start.mark + _size(stream) - start.place
            mark = start.mark if end < mark else max(mark, start.mark)
            stream.seek(start.place + mark - start.mark)
            raw = stream.read(LARGEST_READ)
    except FileNotFoundError:
        return b"", mark
    return raw[: raw.rfind(b"\n") + 1], mark


def append_line(path: Path, line: bytes) -> None:
    """Add a line and wait until the disk has it."""
    with _alone(path) as stream:
        assert stream is not None  # noqa: S101 - narrowing: it was waited for
        stream.write(line + b"\n")
        stream.flush()
        os.fsync(stream.fileno())


def end_torn_line(path: Path) -> int:
    """End a last line that was not finished, so that the next one starts afresh; return the highest number, 0 for none."""
    if not path.is_file():
        return 0
    with _alone(path) as stream:
        assert stream is not None  # noqa: S101 - narrowing: it was waited for
        tail = _tail(stream)
        if tail and not tail.endswith(b"\n"):
            stream.write(b"\n")
    return _highest(tail)


def cut_off(path: Path, mark: int) -> bool:
    """Drop the lines before `mark` if they are many; return whether it was done.

    Nothing is done while a line is being written, or where the disk refuses: the next call tries again.
    """
    if sys.platform == "win32":
        return False
    with contextlib.suppress(OSError):
        if path.stat().st_size < LEAST_CUT_BYTES:
            return False
        with _alone(path, wait=False) as stream:
            return stream is not None and _cut(path, stream, mark)
    return False


def _cut(path: Path, stream: IO[bytes], mark: int) -> bool:
    start = _start(stream)
    place = start.place + mark - start.mark
    if mark - start.mark < LEAST_CUT_BYTES or place > _size(stream):
        return False
    seq = _highest(_tail(stream))
    stream.seek(place)
    rest = stream.read()
    write_atomically(path, _FIRST + f'{mark}, "seq": {seq}}}\n'.encode() + rest)
    _flush_folder(path.parent)
    return True


@contextlib.contextmanager
def _alone(path: Path, *, wait: bool = True) -> Iterator[IO[bytes] | None]:
    """Open the file to read and append, and be the only one; None where somebody else is and `wait` is False."""
    while True:
        with path.open("a+b") as stream:
            if not _is_locked(stream, wait=wait):
                yield None
                return
            if _is_still(path, stream):  # else it was cut, thus replaced, while the lock was waited for
                yield stream
                return


def _is_locked(stream: IO[bytes], *, wait: bool) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True


def _is_still(path: Path, stream: IO[bytes]) -> bool:
    try:
        return os.path.samestat(path.stat(), os.fstat(stream.fileno()))
    except FileNotFoundError:
        return False


def _start(stream: IO[bytes]) -> _Start:
    stream.seek(0)
    first = stream.readline(_LONGEST_FIRST)
    if not first.startswith(_FIRST) or not first.endswith(b"\n"):
        return _Start(0, 0)
    return _Start(int(json.loads(first)["base"]), len(first))


def _size(stream: IO[bytes]) -> int:
    return os.fstat(stream.fileno()).st_size


def _tail(stream: IO[bytes]) -> bytes:
    stream.seek(max(_size(stream) - TAIL_BYTES, 0))
    return stream.read()


def _highest(tail: bytes) -> int:
    """Return the highest number at the end of a file; numbers rise."""
    highest = 0
    for line in tail.splitlines():
        with contextlib.suppress(ValueError, KeyError, TypeError):
            highest = max(highest, int(json.loads(line)["seq"]))
    return highest


def _flush_folder(folder: Path) -> None:
    """Wait until the disk knows the new file, before anything is appended to it."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
