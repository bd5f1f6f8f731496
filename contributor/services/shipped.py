"""The trained networks that came with the program, so that a site can reconstruct before any session."""

from pathlib import Path

from contributor.schemas_results import ShippedModelView
from fl_core.errors import NotFound
from model.shipped import DEFAULT_NETWORK, shipped_card, shipped_networks, shipped_path

PREFIX = "shipped:"


def is_shipped(model_id: str) -> bool:
    """Tell whether an id names a shipped network."""
    return model_id.startswith(PREFIX)


def shipped_name(model_id: str) -> str:
    """Return the network's name of an id; raises NotFound when no such network came with the program."""
    name = model_id.removeprefix(PREFIX)
    if not is_shipped(model_id) or name not in shipped_networks():
        message = f"no trained network {model_id[:60]} came with this program"
        raise NotFound(message)
    return name


def shipped_weights(model_id: str) -> Path:
    """Return the weights file; its card lies beside it."""
    return shipped_path(shipped_name(model_id))


def shipped_model(model_id: str) -> ShippedModelView:
    """Return one network with its card."""
    name = shipped_name(model_id)
    card = shipped_card(name)
    return ShippedModelView(
        id=f"{PREFIX}{name}",
        network=name,
        is_default=name == DEFAULT_NETWORK,
        sha256=card.content_hash,
        size_bytes=shipped_path(name).stat().st_size,
        card=card.model_dump(mode="json"),
    )


def shipped_models() -> list[ShippedModelView]:
    """Return every network, the default first."""
    return [shipped_model(f"{PREFIX}{name}") for name in shipped_networks()]
