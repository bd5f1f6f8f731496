"""Write and read XCAT's parameter files: one ``key = value  # meaning`` a line, in any order."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from model.io.atomic import write_atomically
from synthesis.phantoms.xcat.keys import KEYS, Value, checked


def parameter_text(values: Mapping[str, Value], plus: Mapping[str, Value] | None = None) -> str:
    """Return a whole parameter file: every known key, `values` instead of the defaults, then the keys of `plus`.

    Raises
    ------
    XcatFailed
        For an unknown key or a value out of its limits.
    """
    for name, value in values.items():
        checked(name, value)
    lines = []
    for name, key in KEYS.items():
        value = checked(name, values.get(name, key.default))
        unit = f" ({key.unit})" if key.unit else ""
        lines.append(f"{name} = {_written(value)}  # {key.meaning}{unit}")
    lines += [f"{name} = {_written(value)}  # extended program" for name, value in (plus or {}).items()]
    return "\n".join(lines) + "\n"


def write_parameters(path: Path, values: Mapping[str, Value], plus: Mapping[str, Value] | None = None) -> None:
    """Write the file atomically: whoever reads it finds all of it or nothing."""
    write_atomically(path, parameter_text(values, plus))


def read_parameters(text: str) -> dict[str, str]:
    """Return the keys and values of a parameter file as they are written; what follows ``#`` is a comment."""
    pairs = (line.split("#", 1)[0].split("=", 1) for line in text.splitlines())
    return {pair[0].strip(): pair[1].strip() for pair in pairs if len(pair) == 2 and pair[0].strip()}


def _written(value: Value) -> str:
    return f"{value:.9g}" if isinstance(value, float) else str(value)
