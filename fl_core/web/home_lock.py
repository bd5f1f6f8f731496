"""One daemon a home folder: a lock that ends with the process."""

import contextlib
import os
import sys
from pathlib import Path
from typing import IO

from fl_core.errors import Conflict


def lock_home(home: Path) -> IO[str]:
    """Take the home folder; keep the returned file open as long as the daemon runs.

    Raises
    ------
    Conflict
        When another daemon has it.
    """
    home.mkdir(parents=True, exist_ok=True)
    with contextlib.suppress(PermissionError):
        home.chmod(0o700)
    stream = (home / "daemon.lock").open("a+", encoding="ascii")
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            stream.close()
            message = f"another daemon runs with home {home}"
            raise Conflict(message) from error
    stream.truncate(0)
    stream.write(str(os.getpid()))
    stream.flush()
    return stream
