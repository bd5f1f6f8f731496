"""Say what decides a study's content, so that an existing file can be recognised. Torch-free."""

from __future__ import annotations

import hashlib
import importlib.metadata
import json
from collections.abc import Mapping
from typing import Any

from synthesis.scenario import Scenario
from synthesis.specs.phantom import LabelmapSpec

GENERATOR_VERSION = 2  # raise it when the same seed gives other studies than before (2: noise by inversion)
TEMPLATE_VERSION = 1  # raise it when the same seed gives other templates, which hold no noise of a measurement


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


def differences(provenance: Mapping[str, Any], expected: Mapping[str, Any]) -> set[str]:
    """Return which parts of the `identity` that is `expected` a study's provenance does not hold; none: it is that study."""
    first = {"variant": 0}
    found = first | dict(provenance)
    return {name for name, value in (first | dict(expected)).items() if found.get(name) != value}


def patient_key(scenario: Scenario, site_name: str, seed: int, index: int, files: Mapping[str, str]) -> str:
    """Return who is examined: the same key for all examinations of one body, or all studies made of one label map.

    `files` are the SHA-256 of the files that the phantom was made of, empty for none: a label map is the patient, while
    those of an XCAT phantom are a part of what every patient is drawn from.
    """
    drawn = f"{scenario.digest}/{site_name}/{seed}/{index}"
    told = json.dumps(dict(files), sort_keys=True)
    basis = told if isinstance(scenario.phantom, LabelmapSpec) else f"{drawn}/{told}"
    return "synthetic-" + hashlib.sha256((basis if files else drawn).encode()).hexdigest()[:24]


def versions() -> dict[str, str]:
    """Return the versions of what decides the numbers."""
    return {package: importlib.metadata.version(package) for package in ("flomir", "numpy", "torch", "h5py")}
