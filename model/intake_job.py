"""Bring a folder of scans in, in a child process: one line for each scan that is ready or refused. Torch-free.

Request, one JSON object on stdin: ``source`` (file or folder), ``handed_over`` (a page put the files there, so that the place
says nothing), ``into`` (folder of the prepared files), ``site_key`` (hex),
``done`` (names that an earlier run has dealt with), ``reserve_bytes`` (what stays free on the disk) and ``quota_bytes``
(what may still be written, or null). Lines, besides those of `model.job_protocol`:

``{"found": [names]}`` in parts, ``{"sorted": total, "not_scans": [[name, reason]], "left_out": {reason: count}}``, then for each
scan ``{"reading": name}`` and ``{"ready": {...}, "name"}`` (`model.intake.Prepared`) or ``{"refused": {code, detail,
advice}, "name"}``. The last line is ``{"ended": "done" | "disk" | "quota"}``. Nothing that is written to stderr quotes a file.
"""

import errno
import logging
import os
import shutil
import sys
import traceback
import warnings
from pathlib import Path
from typing import TextIO

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from model.errors import ModelError
from model.intake import Found, batches, prepare, sort_out
from model.job_protocol import Report, write_line

PART = 200
PRIVATE = 0o077


class IntakeRequest(BaseModel):
    """What to bring in and how much room there is."""

    model_config = ConfigDict(extra="forbid")

    source: Path
    handed_over: bool = False
    into: Path
    site_key: str = Field(pattern="^[0-9a-f]{32,}$")
    done: list[str] = []
    reserve_bytes: int = Field(ge=0)
    quota_bytes: int | None


class _NoRoomError(Exception):
    """There is no room for one more."""

    kind = "disk"


class _OverQuotaError(_NoRoomError):
    """One more would be over the limit."""

    kind = "quota"


def bring_in(request: IntakeRequest, report: Report) -> dict[str, JsonValue]:
    """Do what was asked; every scan that is ready has been told when the next one is begun.

    Raises
    ------
    ModelError
        ``import.no_source``, ``import.too_many_files``.
    """
    try:
        sorting = sort_out(request.source)
    except OSError as error:
        message = "the folder cannot be read"
        raise ModelError(code="import.no_source", message=message, remedy="Check that it is there.") from error
    for part in batches(sorting.found, PART):
        report(0.0, news=True, found=[one.name for one in part])
    not_scans: list[JsonValue] = [[name, reason] for name, reason in sorting.not_scans]
    left_out: dict[str, JsonValue] = dict(sorting.left_out)
    report(0.0, news=True, sorted=len(sorting.found), not_scans=not_scans, left_out=left_out)
    room, done = _Room(request), set(request.done)
    for number, one in enumerate(sorting.found, 1):
        if one.name in done:
            continue
        try:
            _one(one, request, report, number / len(sorting.found), room)
        except _NoRoomError as error:
            return {"ended": error.kind}
    return {"ended": "done"}


class _Room:
    """How much may still be written."""

    def __init__(self, request: IntakeRequest) -> None:
        self._folder = request.into
        self._reserve = request.reserve_bytes
        self.quota = request.quota_bytes

    def check(self, size: int) -> None:
        if self.quota is not None and size > self.quota:
            raise _OverQuotaError
        if shutil.disk_usage(self._folder).free - size < self._reserve:
            raise _NoRoomError

    def take(self, written: Path) -> None:
        """Count a file that was written; where it turned out too large it is removed again."""
        if self.quota is None:
            return
        size = written.stat().st_size
        if size > self.quota:
            written.unlink()
            raise _OverQuotaError
        self.quota -= size


def _one(one: Found, request: IntakeRequest, report: Report, share: float, room: _Room) -> None:
    report(share, news=True, reading=one.name)
    try:
        room.check(sum(path.stat().st_size for path in one.scan.files))
        base = "" if request.handed_over else str(request.source if request.source.is_dir() else request.source.parent)
        ready = prepare(one.scan, request.into, site_key=bytes.fromhex(request.site_key), name=one.name, base=base)
        room.take(request.into / ready.file)
    except _NoRoomError:
        raise
    except ModelError as error:
        words: dict[str, JsonValue] = {"code": error.code, "detail": error.message, "advice": error.remedy}
        report(share, news=True, name=one.name, refused=words)
        return
    except OSError as error:
        if error.errno == errno.ENOSPC:
            raise _NoRoomError from error
        detail = "the file, or one that belongs to it, cannot be read"
        words = {"code": "study.unreadable", "detail": detail, "advice": "Check that it is whole, then add it again."}
        report(share, news=True, name=one.name, refused=words)
        return
    except MemoryError:
        words = {"code": "import.memory", "detail": "there is too little memory for this scan", "advice": ""}
        report(share, news=True, name=one.name, refused=words)
        return
    except Exception as error:  # noqa: BLE001 - one odd file must not end the import of a thousand
        _remark(error)
        detail = f"the file cannot be read ({type(error).__name__})"
        words = {"code": "study.unreadable", "detail": detail, "advice": "Export it again from its source."}
        report(share, news=True, name=one.name, refused=words)
        return
    report(share, news=True, name=one.name, ready=ready.to_dict())


def _remark(error: BaseException) -> None:
    """Say where an unexpected failure came from, without its words: they may quote a file."""
    frames = traceback.extract_tb(error.__traceback__)
    places = " < ".join(f"{Path(frame.filename).name}:{frame.lineno}" for frame in reversed(frames[-4:]))
    sys.stderr.write(f"{type(error).__name__} at {places}\n")


def main(stdin: TextIO, stdout: TextIO) -> int:
    """Answer the request on ``stdin``; return the exit code."""
    os.umask(PRIVATE)
    warnings.simplefilter("ignore")
    logging.disable(logging.CRITICAL)
    try:
        request = IntakeRequest.model_validate_json(stdin.read())
        write_line(stdout, bring_in(request, Report(stdout)))
    except ModelError as error:
        write_line(stdout, {"error": {"code": error.code, "message": error.message, "remedy": error.remedy}})
        return 1
    except ValidationError as error:
        place = ".".join(str(part) for part in error.errors()[0]["loc"])
        write_line(stdout, {"error": {"code": "request.invalid", "message": f"the request is not valid at {place}"}})
        return 1
    except Exception as error:  # noqa: BLE001 - the border: every failure becomes one line with a code
        _remark(error)
        message = f"the import failed unexpectedly ({type(error).__name__})"
        write_line(stdout, {"error": {"code": "import.failed", "message": message, "remedy": "Go on with the import."}})
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
