"""Times and sizes as a person says them."""

from __future__ import annotations


def seconds_in_words(seconds: float | None) -> str:
    """Return 45 s, 12 min, 3.4 h or 2.1 days."""
    if seconds is None:
        return "unknown"
    for limit, unit, name in ((90.0, 1.0, "s"), (5400.0, 60.0, "min"), (172800.0, 3600.0, "h")):
        if seconds < limit:
            return _short(seconds / unit) + " " + name
    return _short(seconds / 86400.0) + " days"


def bytes_in_words(size: float | None) -> str:
    """Return 120 kB, 3.4 MB or 1.2 GB (powers of 1000)."""
    if size is None:
        return "unknown"
    for limit, name in ((1e6, "kB"), (1e9, "MB"), (1e12, "GB")):
        if size < limit:
            return _short(size / limit * 1e3) + " " + name
    return _short(size / 1e12) + " TB"


def _short(value: float) -> str:
    return f"{value:.0f}" if value >= 10 else f"{value:.1f}".removesuffix(".0")
