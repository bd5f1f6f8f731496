"""Where a file that a page hands over is put: below its import's folder, whatever its name says."""

from pathlib import Path

from fl_core.errors import InvalidInput

LONGEST_BYTES = 180
DEEPEST = 12


def place_in(folder: Path, given: str) -> Path:
    """Return a free place for a file whose path the browser gave; scans of one examination stay side by side.

    Raises
    ------
    InvalidInput
        When the path is deeper than any real one.
    """
    parts = [_plain(part) for part in given.replace("\\", "/").split("/")]
    parts = [part for part in parts if part not in {"", ".", ".."}] or ["file"]
    if len(parts) > DEEPEST:
        message = "a file lies too deep in its folders"
        raise InvalidInput(message)
    target = folder.joinpath(*parts)
    number = 1
    while target.exists():
        number += 1
        target = target.with_name(f"{number}-{parts[-1]}")
    return target


def _plain(part: str) -> str:
    """Return a name without control characters and hiding dots, short enough for any disk; its ending is kept."""
    kept = "".join(letter for letter in part.strip() if letter.isprintable()).lstrip(".")
    raw = kept.encode("utf-8", "ignore")
    if len(raw) <= LONGEST_BYTES:
        return raw.decode("utf-8", "ignore")
    suffix = Path(kept).suffix[-12:]
    return raw[:LONGEST_BYTES].decode("utf-8", "ignore") + suffix
