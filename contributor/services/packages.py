"""A model to take along: the weights and their card in one archive, whose bytes depend on nothing else."""

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from fl_core.errors import InvalidInput
from model.errors import ModelError
from model.io.weights import content_hash, load_card

DATED = (1980, 1, 1, 0, 0, 0)
"""The earliest date that an archive can hold, so that equal models give equal archives."""


@dataclass(frozen=True, slots=True)
class Package:
    """An archive and its file name."""

    name: str
    content: bytes


def package_of(weights: Path) -> Package:
    """Return the archive of a weights file and the card beside it.

    Raises
    ------
    InvalidInput
        ``model.invalid`` when the weights are not those of the card.
    """
    try:
        card, found = load_card(weights), content_hash(weights)
    except ModelError as error:
        raise InvalidInput(str(error)[:300], code="model.invalid") from error
    if found != card.content_hash:
        message = f"the weights have hash {found[:12]}, their card says {card.content_hash[:12]}"
        raise InvalidInput(message, code="model.invalid")
    short, buffer = found[:12], io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr(zipfile.ZipInfo(f"{short}.safetensors", DATED), weights.read_bytes())
        archive.writestr(zipfile.ZipInfo(f"{short}.json", DATED), card.model_dump_json(indent=1))
    return Package(f"flomir-model-{short}.zip", buffer.getvalue())
