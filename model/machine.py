"""What computer a figure was measured on: its processor's name, never the computer's own; and this process's memory."""

import platform
import sys
from pathlib import Path


def processor() -> str:
    """Return the processor's name as Linux tells it, else as Python does, with the architecture."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    name = names[0] if names else platform.processor()
    return f"{name} ({platform.machine()})" if name else platform.machine() or "unknown"


def peak_memory_bytes() -> int:
    """Return the most memory that this process has held since it began.

    Linux hands a parent's ``ru_maxrss`` on to the program that it starts; the kernel's own high-water mark begins anew.
    """
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def resident_bytes() -> int:
    """Return the memory that this process holds now; where the system does not tell, the most it has held."""
    try:
        lines = Path("/proc/self/status").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    for line in lines:
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return peak_memory_bytes()


def give_memory_back() -> None:
    """Return what was freed to the system; glibc keeps pages between blocks still in use, gigabytes of them after large grids.

    Does nothing where the C library has no such call.
    """
    import ctypes

    try:
        trim = ctypes.CDLL(None).malloc_trim
    except (AttributeError, OSError, TypeError):
        return
    trim(0)
