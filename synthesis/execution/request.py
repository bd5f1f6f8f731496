"""What the pool is asked for. Torch-free, so that the asking process stays light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from synthesis.scenario import Scenario


@dataclass(frozen=True)
class SampleRequest:
    """Which study to make, and where: `file` is relative to `folder`."""

    scenario: Scenario
    site: str
    index: int
    seed: int
    folder: Path
    file: str
