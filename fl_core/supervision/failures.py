"""What may be told of a failure: an expected one as it is, of any other the kind and the place, never its words."""

import logging
import traceback
from pathlib import Path

from fl_core.errors import FlomirError, StorageFailed

FRAMES = 6

logger = logging.getLogger(__name__)


def log_without_words(error: BaseException, happened: str, **about: str) -> None:
    """Write down that something failed, where and by which kind of error; its own words may quote a file's name."""
    frames = traceback.extract_tb(error.__traceback__)[-FRAMES:]
    where = [f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames)]
    logger.error(happened, extra={**about, "kind": type(error).__name__, "where": " < ".join(where)})


def expected(error: Exception, happened: str, **about: str) -> FlomirError:
    """Return the failure that people are told of; the log gets what they are not told.

    Parameters
    ----------
    error : any
        A `FlomirError` comes back as it is, a disk that refuses as `StorageFailed`, all else as ``internal``.
    happened : for the log, as a sentence without a full stop
    about : for the log, identifiers only
    """
    if isinstance(error, FlomirError):
        return error
    log_without_words(error, happened, **about)
    if isinstance(error, OSError):
        return StorageFailed.of(error, happened)
    return FlomirError("see the log of the daemon")
