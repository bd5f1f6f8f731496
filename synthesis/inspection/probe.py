"""Make a few samples in a process of its own and report what they cost: ``python -m synthesis.inspection.probe``.

Reads one JSON object (scenario, grouping, variants, seconds) and writes one JSON line a site, or one with an error's sentence.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from model.machine import peak_memory_bytes
from synthesis.errors import SynthesisError
from synthesis.execution.request import SampleRequest
from synthesis.scenario import Scenario
from synthesis.specs.simulation import Grouping

SEED = 0


def main() -> int:
    """Probe one site after the other until the time is up; the first site always."""
    from synthesis.execution.process import prepare_process

    prepare_process()
    asked = json.load(sys.stdin)
    scenario = Scenario.model_validate(asked["scenario"])
    started = time.monotonic()
    try:
        with tempfile.TemporaryDirectory(prefix="flomir-estimate-") as folder:
            _cpu_seconds(scenario, scenario.sites[0].name, Path(folder), 0, (0,))  # imports and caches, not counted
            for profile in scenario.sites:
                _say(_probe(scenario, profile.name, Path(folder), int(asked["variants"]), asked["grouping"]))
                if time.monotonic() - started > float(asked["seconds"]):
                    break
    except SynthesisError as error:
        _say({"error": error.message, "remedy": error.remedy})
        return 1
    return 0


def _probe(scenario: Scenario, site: str, folder: Path, variants: int, grouping: Grouping) -> dict[str, Any]:
    first, size = _cpu_seconds(scenario, site, folder, 1, (0,))
    second = _cpu_seconds(scenario, site, folder, 1, (1,))[0] if variants > 1 else 0.0
    third = _cpu_seconds(scenario, site, folder, 1, (1, 2))[0] - second if variants > 2 else 0.0
    return {
        "site": site,
        "cpu_s": first + second + max(variants - 2, 0) * max(third, 0.0),
        "file_bytes": size,
        "sources": _sources(scenario, site, grouping),
        "peak_bytes": peak_memory_bytes(),
    }


def _cpu_seconds(
    scenario: Scenario, site: str, folder: Path, index: int, variants: tuple[int, ...]
) -> tuple[float, int]:
    """Return the CPU seconds of one thread for one body, and the bytes of its last study."""
    from synthesis.execution.worker import make_samples

    request = SampleRequest(scenario, site, index, SEED, folder, f"{site}/study-{index:05d}.h5", variants)
    (folder / site).mkdir(exist_ok=True)
    since = time.process_time()
    records = make_samples(request)
    return time.process_time() - since, records[-1].size_bytes


def _sources(scenario: Scenario, site: str, grouping: Grouping) -> int:
    """Return how many sources a Monte Carlo would simulate for one body."""
    from synthesis.draws import Streams
    from synthesis.patient import draw_patient
    from synthesis.sources import sources_of

    patient = draw_patient(scenario, site, seed=SEED, index=1, streams=Streams.of(SEED, site, 1))
    return len(sources_of(patient.body.phantom, patient.record.uptakes, grouping))


def _say(figures: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
