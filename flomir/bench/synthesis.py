"""How fast and how large synthesis is: samples an hour, memory of a worker, what variants and a Monte Carlo cost.

``analytic_samples_per_hour``
    Scenario ``perfusion-64`` (64 x 64 x 32 voxels, 60 views, simulated on a grid twice as fine), all stages and the
    file, on ``workers`` processes of one thread that are running already.
``linearity``
    Time a sample of the large set over that of the small one; 1 is linear.
``core_s_per_sample``
    Processor seconds of a sample in a process of one thread, the first one left out; other programs do not change it.
``worker_rss_mb``
    Largest resident size of a fresh process that makes four bodies one after the other.
``template_s``, ``variants_per_hour``
    One core: what simulating every source of a body apart takes, and further examinations of it with their files.
``gate_core_h_per_sample``, ``cores_for_1000_in_14_days``
    From the rates in `synthesis.simulation.gate.cost`, for as many sources as a body of the scenario has; null where
    opengate is not installed.
"""

import importlib.util
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from flomir.bench.figures import Figures, MeasureError, Outcome
from synthesis.execution.request import SampleRequest
from synthesis.pipeline import generate
from synthesis.scenario import load_scenario
from synthesis.specs.simulation import GateSpec

SCENARIO, SEED = "perfusion-64", 9301
BODIES_FOR_MEMORY = 4
VARIANTS = 6
TIMEOUT_S = 3600.0
HOURS_IN_14_DAYS = 14 * 24


@dataclass(frozen=True)
class Plan:
    """How many samples the small and the large set hold, and on how many processes they are made."""

    small: int = 8
    large: int = 24
    workers: int = 2


def bench_synthesis(plan: Plan) -> Outcome:
    """Make two sets, one body with variants, and work out the rest.

    Raises
    ------
    SynthesisError
        If a sample cannot be made.
    MeasureError
        If the fresh process fails; the message ends with its own last words.
    """
    with tempfile.TemporaryDirectory(prefix="flomir-bench-") as name:
        folder = Path(name)
        _make(folder / "warm", plan.workers, plan.workers)
        small = _make(folder / "small", plan.small, plan.workers)
        large = _make(folder / "large", plan.large, plan.workers)
        alone = _in_fresh_process(folder / "alone")
    figures: dict[str, float | None] = {
        "analytic_samples_per_hour": 3600 * plan.large / large,
        "linearity": (large / plan.large) / (small / plan.small),
        "core_s_per_sample": alone["core_s"],
        "worker_rss_mb": alone["rss_mb"],
        "template_s": alone["template_s"],
        "variants_per_hour": 3600 / alone["variant_s"],
        **_gate(int(alone["sources"])),
    }
    notes = {
        "what": f"{SCENARIO}, sets of {plan.small} and {plan.large} samples, {plan.workers} processes",
        "gate": "stored rates" if importlib.util.find_spec("opengate") else "opengate is not installed (extra gate)",
    }
    return Outcome(figures, notes)


def _make(folder: Path, studies: int, workers: int) -> float:
    since = time.monotonic()
    generate(load_scenario(SCENARIO), folder, studies, SEED, workers=workers)
    return time.monotonic() - since


def _gate(sources: int) -> Figures:
    if importlib.util.find_spec("opengate") is None:
        return {"gate_core_h_per_sample": None, "cores_for_1000_in_14_days": None}
    from synthesis.simulation.gate.cost import core_hours_per_sample

    views = load_scenario(SCENARIO).orbit.views
    hours = core_hours_per_sample(GateSpec(), views=views, sources=sources)
    return {"gate_core_h_per_sample": hours, "cores_for_1000_in_14_days": 1000 * hours / HOURS_IN_14_DAYS}


def _in_fresh_process(folder: Path) -> dict[str, float]:
    command = [sys.executable, "-P", "-m", "flomir.bench.synthesis", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        msg = f"the worker ended with code {done.returncode}: {done.stderr.strip()[-400:]}"
        raise MeasureError(msg)
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def _work(folder: Path) -> dict[str, float]:
    """Make bodies as a worker of the pool does, then variants of one; return sizes and seconds."""
    from model.io.study import write_study
    from model.machine import peak_memory_bytes
    from synthesis.execution.process import use_one_thread
    from synthesis.execution.worker import make_samples
    from synthesis.sample import make_template
    from synthesis.variants import mix_study

    use_one_thread()
    scenario = load_scenario(SCENARIO)
    site = scenario.sites[0].name
    spent = 0.0
    for index in range(BODIES_FOR_MEMORY):
        begin = time.process_time()
        make_samples(SampleRequest(scenario, site, index, SEED, folder, f"study-{index:05d}.h5"))
        spent += time.process_time() - begin if index > 0 else 0.0
    rss_mb = peak_memory_bytes() / 2**20
    since = time.perf_counter()
    template = make_template(scenario, site, seed=SEED, index=0)
    simulated = time.perf_counter()
    for variant in range(1, VARIANTS + 1):
        write_study(folder / f"variant-{variant}.h5", mix_study(template, variant))
    mixed = time.perf_counter()
    return {
        "rss_mb": rss_mb,
        "core_s": spent / (BODIES_FOR_MEMORY - 1),
        "template_s": simulated - since,
        "variant_s": (mixed - simulated) / VARIANTS,
        "sources": len(template.projections.sources),
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_work(Path(sys.argv[1]))))
