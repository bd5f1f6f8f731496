"""Writes what comes in by pieces into a temporary file beside its place to be."""

import os
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

from fl_core.errors import InvalidInput, StorageFailed

PREFIX = ".upload-"
CHUNK_BYTES = 1024 * 1024


def pieces(stream: IO[bytes]) -> Iterator[bytes]:
    """Read a stream in chunks."""
    while chunk := stream.read(CHUNK_BYTES):
        yield chunk


def receive(chunks: Iterable[bytes], folder: Path, *, limit_bytes: int, suffix: str) -> Path:
    """Write the chunks to a fresh temporary file, on disk when this returns.

    Raises
    ------
    InvalidInput
        ``upload.too_large``; nothing is left.
    StorageFailed
        ``storage.disk_full`` or ``storage.failed``; nothing is left.
    """
    folder.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=folder, prefix=PREFIX, suffix=suffix)
    path = Path(name)
    try:
        with os.fdopen(handle, "wb") as target:
            _write(chunks, target, limit_bytes)
            target.flush()
            os.fsync(target.fileno())
    except OSError as error:
        path.unlink(missing_ok=True)
        raise StorageFailed.of(error, "the file could not be stored") from error
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    return path


def _write(chunks: Iterable[bytes], target: IO[bytes], limit_bytes: int) -> None:
    written = 0
    for chunk in chunks:
        written += len(chunk)
        if written > limit_bytes:
            message = f"the file is larger than {limit_bytes} bytes"
            raise InvalidInput(message, code="upload.too_large")
        target.write(chunk)
