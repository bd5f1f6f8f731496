"""What computer a figure was measured on: its processor's name, never the computer's own."""

import platform
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
