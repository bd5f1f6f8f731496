"""Removes the files of what was removed: a row goes first, then its files, so a kill between the two leaves strays only."""

import logging
import re
import shutil
from collections.abc import Collection
from pathlib import Path

logger = logging.getLogger(__name__)


def remove_of(folder: Path, name: str) -> None:
    """Remove the files and folders of one thing: called `name`, perhaps with a suffix after ``.`` or ``-``."""
    for path in _those(folder, re.compile(rf"{re.escape(name)}(?![0-9a-z])")):
        _remove(path)


def remove_strays(folder: Path, *, prefix: str, known: Collection[str]) -> None:
    """Remove what belongs to an identifier (`fl_core.protocol.ids.new_id`) that is not known any more."""
    own = re.compile(rf"{prefix}-[0-9a-f]{{12}}(?![0-9a-z])")
    for path in _those(folder, own):
        match = own.match(path.name)
        if match is not None and match.group() not in known:
            _remove(path)


def _those(folder: Path, pattern: re.Pattern[str]) -> list[Path]:
    return [path for path in folder.iterdir() if pattern.match(path.name)] if folder.is_dir() else []


def _remove(path: Path) -> None:
    try:
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    except OSError as error:
        logger.warning("a removed file is still there; the next start tries again", extra={"reason": error.strerror})
