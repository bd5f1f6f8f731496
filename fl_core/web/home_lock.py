"""One daemon a home folder: a lock that ends with the process."""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import IO

from fl_core.errors import Conflict, StorageFailed

PATIENCE_S = 12.0
POLL_S = 0.1


def lock_home(home: Path) -> IO[str]:
    """Take the home folder; keep the returned file open as long as the daemon runs.

    A daemon that was killed leaves processes that end by themselves within seconds: they are waited for.

    Raises
    ------
    Conflict
        ``daemon.already_runs`` when another daemon has it.
    StorageFailed
        When the folder cannot be made or written.
    """
    try:
        home.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(PermissionError):
            home.chmod(0o700)
        stream = (home / "daemon.lock").open("a+", encoding="ascii")
    except OSError as error:
        refusal = StorageFailed.of(error, f"the home folder {home} cannot be used")
        refusal.remedy = "Name a folder of your own with --home."
        raise refusal from error
    end = time.monotonic() + PATIENCE_S
    while not _is_taken(stream):
        if _has_live_owner(stream) or time.monotonic() > end:
            stream.close()
            message = f"another daemon runs with home {home}"
            raise Conflict(message, code="daemon.already_runs")
        time.sleep(POLL_S)
    stream.seek(0)
    stream.truncate()
    stream.write(str(os.getpid()))
    stream.flush()
    return stream


def _is_taken(stream: IO[str]) -> bool:
    if sys.platform == "win32":
        return True
    import fcntl

    try:
        fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _has_live_owner(stream: IO[str]) -> bool:
    stream.seek(0)
    owner = stream.read().strip()
    try:
        os.kill(int(owner), 0)
    except (ValueError, ProcessLookupError):
        return False
    except PermissionError:
        return True
    return True
