"""What a trained model says of its origin: code, machine, command, schedule and validation curve; no paths."""

import importlib.metadata
import platform
import re
from collections.abc import Sequence
from pathlib import Path

import torch
from pydantic import JsonValue

import model
from model.machine import processor

DISTRIBUTION = "flomir"


def code_version() -> dict[str, JsonValue]:
    """Return the installed version and, from a checkout, its commit."""
    try:
        version = importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        version = "unknown"
    return {"flomir": version, "commit": _commit(), "torch": str(torch.__version__)}


def _commit() -> str | None:
    git = Path(str(model.__file__)).resolve().parent.parent / ".git"
    try:
        head = (git / "HEAD").read_text().strip()
        if not head.startswith("ref: "):
            return head
        reference = head.removeprefix("ref: ")
        loose = git / reference
        if loose.is_file():
            return loose.read_text().strip()
        for line in (git / "packed-refs").read_text().splitlines():
            if line.endswith(f" {reference}"):
                return line.split()[0]
    except OSError:
        return None
    return None


def machine(device: torch.device, processes: int) -> dict[str, JsonValue]:
    """Return processor, device, threads and number of processes."""
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else None
    return {
        "cpu": processor(),
        "device": device.type if name is None else name,
        "threads": torch.get_num_threads(),
        "processes": processes,
        "system": platform.system(),
    }


def command_words(arguments: Sequence[str]) -> str:
    """Return a command line with every path reduced to its last name."""
    return " ".join(_without_folders(word) for word in arguments)


def _without_folders(word: str) -> str:
    option, equals, value = word.partition("=") if word.startswith("--") else ("", "", word)
    parts = [part for part in re.split(r"[\\/]", value) if part]
    return option + equals + (parts[-1] if parts else value)


def sparkline(values: Sequence[float]) -> str:
    """Draw values as one line of blocks, lowest to highest."""
    blocks = "▁▂▃▄▅▆▇█"
    if not values:
        return ""
    low, high = min(values), max(values)
    span = high - low
    return "".join(blocks[round((v - low) / span * (len(blocks) - 1)) if span > 0 else 0] for v in values)
