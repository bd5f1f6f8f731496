"""Write files whole or not at all: under another name beside the target, flushed to the disk, then renamed."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

PART = ".part"
"""Ending of a file in the making; its name begins with a dot and the target's name."""


def why_not(target: Path) -> str:
    """Return why `target` cannot be written, empty where it can. Ask before long work; nothing is made.

    Where its folder is not there yet, the nearest one above it is asked.
    """
    folder = next(one for one in target.parents if one.exists())
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except NotADirectoryError:
        return f"{folder.name} is a file, not a folder"
    except OSError as error:
        return error.strerror or type(error).__name__
    return "it is a folder" if target.is_dir() else ""


@contextmanager
def replacing(target: Path) -> Iterator[Path]:
    """Give an empty private file beside `target`; it becomes `target` at the end of the block, or goes if the block fails.

    Raises
    ------
    OSError
        If the disk refuses.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.", suffix=PART)
    os.close(handle)
    part = Path(name)
    try:
        yield part
        _flush(part)
        part.replace(target)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _flush(path: Path) -> None:
    """Wait until the disk has the file; only Windows wants the right to write for that."""
    descriptor = os.open(path, os.O_RDWR if os.name == "nt" else os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def write_atomically(path: Path, content: bytes | str) -> None:
    """Write bytes, or text as UTF-8, to `path`; only the owner may read the file."""
    with replacing(path) as part:
        part.write_bytes(content if isinstance(content, bytes) else content.encode())
