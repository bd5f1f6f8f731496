"""Closed rounds on disk: weights and record, written atomically, the record last, so that a record proves its weights."""

import re
from pathlib import Path

from pydantic import ValidationError

from fl_core.errors import InvalidInput
from fl_core.flower.records import Arrays
from fl_core.protocol.plan import RoundRecord
from model.errors import WeightsError
from model.io.atomic import write_atomically
from model.io.weights import content_hash, load_arrays

_RECORD_NAME = re.compile(r"^round-(\d{4,})\.json$")


def weights_path(folder: Path, number: int) -> Path:
    """Return where a round's weights lie."""
    return folder / f"round-{number:04d}.safetensors"


def record_path(folder: Path, number: int) -> Path:
    """Return where a round's record lies."""
    return folder / f"round-{number:04d}.json"


def write_record(folder: Path, record: RoundRecord) -> None:
    """Write a round's record; its weights are there already."""
    write_atomically(record_path(folder, record.round), (record.model_dump_json(indent=1) + "\n").encode())


def newest_record(folder: Path, session_id: str) -> RoundRecord | None:
    """Return the newest round whose record is whole, of this session, and whose weights have the recorded hash."""
    numbers = sorted(
        (int(match[1]) for path in folder.glob("round-*.json") if (match := _RECORD_NAME.match(path.name))),
        reverse=True,
    )
    return next((record for number in numbers if (record := _whole_record(folder, session_id, number))), None)


def _whole_record(folder: Path, session_id: str, number: int) -> RoundRecord | None:
    try:
        record = RoundRecord.model_validate_json(record_path(folder, number).read_bytes())
        intact = content_hash(weights_path(folder, number)) == record.sha256
    except (OSError, ValidationError, WeightsError):
        return None
    return record if intact and record.session_id == session_id and record.round == number else None


def weights_before(folder: Path, session_id: str, number: int, initial: Path) -> Arrays | None:
    """Return what round `number` (from 1) began with; None where that is gone or damaged."""
    if number > 1 and _whole_record(folder, session_id, number - 1) is None:
        return None
    try:
        return load_weights(weights_path(folder, number - 1) if number > 1 else initial)
    except InvalidInput:
        return None


def load_weights(path: Path) -> Arrays:
    """Load a weights file; raises InvalidInput (`model.invalid`)."""
    try:
        return dict(load_arrays(path))
    except (WeightsError, OSError) as error:
        message = f"{path.name} cannot be loaded: {error}"
        raise InvalidInput(message, code="model.invalid") from error
