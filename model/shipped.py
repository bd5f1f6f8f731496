"""The trained networks that come with the package: which there are, and how one is loaded.

Each is two files in ``model/weights``: ``<network>.safetensors`` and its card ``<network>.json``. Listing them needs no
torch; loading one does.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from model.errors import WeightsError
from model.io.weights import ModelCard, load_card

if TYPE_CHECKING:
    from torch import nn

DEFAULT_NETWORK = "unrolled_em"
"""What ``default`` means wherever a method is named."""
DEFAULT = "default"
MAX_SHIPPED_BYTES = 2 * 2**20
WEIGHTS_FOLDER = Path(__file__).resolve().parent / "weights"
TASK = "spect-reconstruction"


def shipped_networks() -> tuple[str, ...]:
    """Name the networks that have shipped weights, the default first, the others by name."""
    found = {path.stem for path in WEIGHTS_FOLDER.glob("*.safetensors") if path.with_suffix(".json").is_file()}
    return tuple(sorted(found, key=lambda name: (name != DEFAULT_NETWORK, name)))


def shipped_path(name: str) -> Path:
    """Return the weights file of a network's name or of ``default``.

    Raises
    ------
    WeightsError
        ``weights.not_shipped``, naming those that are.
    """
    network = DEFAULT_NETWORK if name == DEFAULT else name
    there = shipped_networks()
    if network not in there:
        message = (
            f"no trained weights of {network} come with this installation (there are: {', '.join(there) or 'none'})"
        )
        remedy = "Name one of those, a .safetensors file, or a classical method (osem, mlem, fbp, map-osem)."
        raise WeightsError(code="weights.not_shipped", message=message, remedy=remedy)
    return WEIGHTS_FOLDER / f"{network}.safetensors"


def shipped_card(name: str) -> ModelCard:
    """Return the card of a shipped network; raises as `shipped_path` and `load_card`."""
    return load_card(shipped_path(name))


def load_shipped(name: str) -> tuple[nn.Module, ModelCard]:
    """Return a shipped network, ready to reconstruct, and its card.

    Raises
    ------
    WeightsError
        ``weights.not_shipped``; or what `model.checkpoint.load_model` finds wrong with the files.
    """
    from model.checkpoint import load_model

    return load_model(shipped_path(name), task=TASK)
