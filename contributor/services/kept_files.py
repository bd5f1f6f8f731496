"""Removes the files of what was removed: a row goes first, then its files, so a kill between the two leaves strays only."""

import logging
import re
import shutil
from collections.abc import Collection
from datetime import datetime
from pathlib import Path

from fl_core.desk import Desk
from fl_core.storage import audit

UNKNOWN = "unknown"
"""Folder, beside the files that are known, of those that are not."""

logger = logging.getLogger(__name__)


def remove_of(folder: Path, name: str) -> None:
    """Remove the files and folders of one thing: called `name`, perhaps with a suffix after ``.`` or ``-``."""
    for path in files_of(folder, name):
        _remove(path)


def files_of(folder: Path, name: str) -> list[Path]:
    """Return the files and folders of one thing, as `remove_of` removes them."""
    return _those(folder, re.compile(rf"{re.escape(name)}(?![0-9a-z])"))


def settle_strays(desk: Desk, folder: Path, *, prefix: str, known: Collection[str]) -> None:
    """Settle what belongs to an identifier (`fl_core.protocol.ids.new_id`) that is not known.

    It goes where a person removed that thing, or all data since. What nobody removed is newer than a backup that was
    brought back, or was never entered: it is put into the folder ``unknown`` beside the others, and people are told.
    """
    own = re.compile(rf"{prefix}-[0-9a-f]{{12}}(?![0-9a-z])")
    strays = [path for path in _those(folder, own) if _identifier(own, path) not in known]
    if not strays:
        return
    removed, everything_at = (
        audit.subjects(desk.database, f"{prefix}.removed"),
        audit.last(desk.database, "data.removed"),
    )
    aside = 0
    for path in strays:
        if _identifier(own, path) in removed or _is_older(path, everything_at):
            _remove(path)
        else:
            aside += _put_aside(path)
    if aside:
        with desk.database.begin() as tx:
            desk.journal.note(
                tx,
                actor="system",
                action="data.put_aside",
                details={"count": aside, "of": prefix},
                text=f"Files that the records of this site do not know were put into {folder.name}/{UNKNOWN}: {aside}.",
                values={"count": aside, "folder": f"{folder.name}/{UNKNOWN}"},
            )


def _identifier(own: re.Pattern[str], path: Path) -> str:
    match = own.match(path.name)
    return "" if match is None else match.group()


def _is_older(path: Path, moment: datetime | None) -> bool:
    return moment is not None and path.stat().st_mtime <= moment.timestamp()


def _put_aside(path: Path) -> bool:
    try:
        (path.parent / UNKNOWN).mkdir(exist_ok=True, mode=0o700)
        number, target = 1, path.parent / UNKNOWN / path.name
        while target.exists():
            number += 1
            target = target.with_name(f"{path.stem}-{number}{path.suffix}")
        path.rename(target)
    except OSError as error:
        logger.warning("an unknown file could not be put aside", extra={"reason": error.strerror})
        return False
    return True


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
