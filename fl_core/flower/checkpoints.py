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
    for number in numbers:
        try:
            record = RoundRecord.model_validate_json(record_path(folder, number).read_bytes())
            intact = content_hash(weights_path(folder, number)) == record.sha256
        except (OSError, ValidationError, WeightsError):
            continue
        if intact and record.session_id == session_id and record.round == number:
            return record
    return None


def load_weights(path: Path) -> Arrays:
    """Load a weights file; raises InvalidInput (`model.invalid`)."""
    try:
        return dict(load_arrays(path))
    except (WeightsError, OSError) as error:
        message = f"{path.name} cannot be loaded: {error}"
        raise InvalidInput(message, code="model.invalid") from error
