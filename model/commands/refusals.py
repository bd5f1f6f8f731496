"""What was refused as fields, for machines and as the parts of a line for a person."""

from __future__ import annotations

from model.errors import ModelError, remedy_of_missing

UNREADABLE = "study.unreadable"


def refusal(error: ModelError | OSError) -> dict[str, str]:
    """Return code, message and remedy of a study or scan that cannot be used; the system's errors lose their paths."""
    if isinstance(error, ModelError):
        return {"code": error.code, "message": error.message, "remedy": error.remedy}
    # Our readers raise OSError with a sentence of their own; the system's has a number, and a path that we leave out.
    message = str(error) if error.strerror is None else f"a file could not be read or written: {error.strerror}"
    remedy = remedy_of_missing(error) if isinstance(error, FileNotFoundError) else ""
    return {"code": UNREADABLE, "message": message, "remedy": remedy}
