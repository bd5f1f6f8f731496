"""Start a module so that it ends when its parent ends: ``python -P -m fl_core.supervision.launch MODULE [ARGS...]``.

Linux delivers SIGTERM at the parent's death (`PR_SET_PDEATHSIG`); everywhere a thread compares the parent's id. Whoever
does not leave within the grace period is killed with its whole process group.
"""

import contextlib
import ctypes
import os
import runpy
import signal
import sys
import threading
import time

PARENT_ENV = "FLOMIR_PARENT_PID"
PARENT_POLL_S = 0.5
ORPHAN_GRACE_S = 3.0
_PR_SET_PDEATHSIG = 1  # linux/prctl.h


def _ask_for_death_signal() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)


def _end_when_orphaned(parent_pid: int) -> None:
    while os.getppid() == parent_pid:
        time.sleep(PARENT_POLL_S)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(ORPHAN_GRACE_S)
    if sys.platform != "win32":
        with contextlib.suppress(ProcessLookupError, PermissionError):
            if os.getpgrp() == os.getpid():
                os.killpg(os.getpid(), signal.SIGKILL)
    os._exit(137)


def tie_to_parent() -> None:
    """Make this process end with the one named in the environment; does nothing without the variable."""
    raw = os.environ.get(PARENT_ENV)
    if raw is None:
        return
    parent_pid = int(raw)
    _ask_for_death_signal()
    threading.Thread(target=_end_when_orphaned, args=(parent_pid,), name="parent-watch", daemon=True).start()


def main() -> None:
    """Tie this process to its parent, then run the module named by the first argument as ``__main__``."""
    tie_to_parent()
    module, *arguments = sys.argv[1:]
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
