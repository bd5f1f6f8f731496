"""A stand-in for the folder of shipped weights: small, untrained networks with whole cards."""

from pathlib import Path
from typing import Any

import pytest

from model.checkpoint import SavedModel, save_model
from tests.support.networks import SMALL_NETWORKS, small_network


def ship(folder: Path, *names: str) -> list[SavedModel]:
    """Write small networks as shipped ones into `folder`."""
    saved = []
    for name in names:
        config: dict[str, Any] = {"name": name} | SMALL_NETWORKS[name]
        saved.append(
            save_model(
                folder,
                small_network(name),
                task="spect-reconstruction",
                config=config,
                created_at="2026-01-02T03:04:05+00:00",
                data={"studies": 3, "scenario": "tiny"},
                training={"seed": 0, "command": "flomir train --data tiny", "schedule": {"patience": None}},
                metrics={"nrmse_body": 0.25, "cases": 3},
                name=name,
            )
        )
    return saved


def ship_instead(monkeypatch: pytest.MonkeyPatch, folder: Path, *names: str) -> list[SavedModel]:
    """Let the package's shipped networks be those in `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr("model.shipped.WEIGHTS_FOLDER", folder)
    return ship(folder, *names)
