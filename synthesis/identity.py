"""Say what decides a study's content, so that an existing file can be recognised. Torch-free."""

from __future__ import annotations

import importlib.metadata
from typing import Any

from synthesis.scenario import Scenario

GENERATOR_VERSION = 1  # raise it when the same seed gives other studies than before


def identity(scenario: Scenario, site_name: str, seed: int, index: int, variant: int = 0) -> dict[str, Any]:
    """Return what decides a study's content; a file with the same identity need not be made again.

    The first examination of a body (variant 0) is named as when there was no other.
    """
    basis = {
        "generator": f"flomir-synthesis/{scenario.simulation.kind}",
        "generator_version": GENERATOR_VERSION,
        "scenario": scenario.name,
        "scenario_digest": scenario.digest,
        "site": site_name,
        "seed": seed,
        "index": index,
    }
    return basis | ({"variant": variant} if variant else {})


def versions() -> dict[str, str]:
    """Return the versions of what decides the numbers."""
    return {package: importlib.metadata.version(package) for package in ("flomir", "numpy", "torch", "h5py")}
