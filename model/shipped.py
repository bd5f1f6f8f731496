"""The trained networks that come with the package: which there are and where they lie. Torch-free.

Each is two files in ``model/weights``: ``<network>.safetensors`` and its card ``<network>.json``. `model.checkpoint.load_shipped`
loads one.
"""

from __future__ import annotations

from pathlib import Path

from model.errors import WeightsError
from model.io.weights import ModelCard, load_card

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
