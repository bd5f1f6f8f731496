"""How a child process answers one request: JSON on stdin, JSON lines on stdout, exit code 0 or 1. Torch-free.

The child reads one request, writes ``{"progress": 0..1, ...}`` lines while it works and one last line, the answer or
``{"error": {"code", "message", "remedy"}}``. Nothing else goes to stdout; remarks and the trace of an unexpected failure go
to stderr.
"""

import json
import sys
import time
import traceback
from collections.abc import Callable, Mapping
from typing import Protocol, TextIO, TypeVar

from pydantic import JsonValue, ValidationError

from model.errors import ModelError

RequestT = TypeVar("RequestT")
Answer = dict[str, JsonValue]
LEAST_PAUSE_S = 0.2


class Report:
    """Says how far a job is; lines that come too fast are left out, except those that carry news.

    Parameters
    ----------
    stdout : text stream
    clock : callable
        Seconds, growing.
    """

    def __init__(self, stdout: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stdout = stdout
        self._clock = clock
        self._told_at = float("-inf")

    def __call__(self, share: float, /, *, news: bool = False, **more: JsonValue) -> None:
        """Tell the share that is done, and whatever else the job knows; `news` is never left out."""
        now = self._clock()
        if not news and now - self._told_at < LEAST_PAUSE_S:
            return
        self._told_at = now
        write_line(self._stdout, {"progress": round(min(max(share, 0.0), 1.0), 4), **more})


class ExpectedFailure(Protocol):
    """An error with a code, a sentence and a remedy (`model.errors.ModelError`, `synthesis.errors.SynthesisError`)."""

    code: str
    message: str
    remedy: str


def parse_request(parse: Callable[[str], RequestT], raw: str) -> RequestT:
    """Return the request in `raw`; raises ModelError (``request.invalid``) naming the first wrong field."""
    try:
        return parse(raw)
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"]) or "the request"
        message = f"the request is not valid at {place}: {first['msg']}"
        raise ModelError(code="request.invalid", message=message) from error


def serve(
    answer_request: Callable[[str, Report], Mapping[str, JsonValue]],
    stdin: TextIO,
    stdout: TextIO,
    *,
    expected: tuple[type[Exception], ...],
) -> int:
    """Answer the request on `stdin`; return the exit code. `expected` errors are told in their own words."""
    try:
        write_line(stdout, answer_request(stdin.read(), Report(stdout)))
    except Exception as error:  # noqa: BLE001 - the border: every failure becomes one line with a code
        write_line(stdout, {"error": error_words(error, expected)})
        return 1
    return 0


def error_words(error: Exception, expected: tuple[type[Exception], ...]) -> dict[str, JsonValue]:
    """Return code, message and remedy of an error; an unexpected one leaves its trace on stderr."""
    if isinstance(error, expected):
        said: ExpectedFailure = error  # type: ignore[assignment]  # the caller vouches for the three attributes
        return {"code": said.code, "message": said.message, "remedy": said.remedy}
    traceback.print_exception(error, file=sys.stderr)
    if isinstance(error, MemoryError):
        return {"code": "job.out_of_memory", "message": "the computer has too little memory for this", "remedy": ""}
    if isinstance(error, OSError):
        reason = error.strerror or type(error).__name__
        return {"code": "job.file", "message": f"a file could not be read or written: {reason}", "remedy": ""}
    message = f"the computation failed unexpectedly ({type(error).__name__})"
    return {"code": "job.failed", "message": message, "remedy": ""}


def write_line(stdout: TextIO, line: Mapping[str, JsonValue]) -> None:
    """Write one line of JSON, at once."""
    stdout.write(json.dumps(line, allow_nan=False) + "\n")
    stdout.flush()
