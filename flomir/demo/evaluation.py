"""Score every method on the pooled hold-out, case by case, and compare them in pairs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from flomir.demo.baselines import quiet_pool
from flomir.demo.federation import TASK
from model.checkpoint import load_weights
from model.classical.osem import OsemSettings, reconstruct_osem
from model.classical.tuning import USUAL_FWHM_MM, USUAL_ITERATIONS, Tuning, body_nrmse, tune_osem_by
from model.evaluation.metrics import bootstrap_ratio, case_metrics
from model.io.study import read_study
from model.tasks import load_task
from synthesis.execution.process import long_work

JUDGED_BY = "nrmse_body"
METRICS = ("nrmse_body", "nrmse_heart", "ssim_heart", "defect_contrast")
Cases = dict[str, list[dict[str, float | None]]]
"""Method -> metrics of every case, in the order of the files."""


@dataclass(frozen=True, slots=True)
class Comparison:
    """Federated against one other method, paired over cases."""

    name: str
    ratio: float
    ci95: tuple[float, float]
    defect_contrast_diff: float | None


def choose_osem(validation: Sequence[Path], workers: int) -> OsemSettings:
    """Choose OSEM's iterations and filter on validation data, resolution, attenuation and scatter modelled."""
    with quiet_pool(workers) as pool:
        found = Tuning.joined(list(pool.map(_tune_one, validation))).best(JUDGED_BY)
    assert found is not None  # noqa: S101 - every simulated study has a body
    return found[0]


def _tune_one(path: Path) -> Tuning[OsemSettings]:
    with long_work():
        score = {JUDGED_BY: body_nrmse}
        return tune_osem_by([read_study(path)], score, iterations=USUAL_ITERATIONS, fwhm_mm=USUAL_FWHM_MM)


def evaluate_methods(
    files: Sequence[Path],
    networks: Mapping[str, tuple[dict[str, object], Path]],
    osem: OsemSettings,
    workers: int,
    on_progress: Callable[[float], None],
) -> Cases:
    """Score networks (name -> configuration and weights) and OSEM on every file."""
    chunks = [list(files[start : start + 4]) for start in range(0, len(files), 4)]
    cases: Cases = {name: [] for name in (*networks, "osem")}
    with quiet_pool(workers) as pool:
        jobs = [pool.submit(_score_chunk, chunk, dict(networks), osem) for chunk in chunks]
        for number, job in enumerate(jobs, start=1):
            for name, rows in job.result().items():
                cases[name].extend(rows)
            on_progress(number / len(jobs))
    return cases


def _score_chunk(files: list[Path], networks: dict[str, tuple[dict[str, object], Path]], osem: OsemSettings) -> Cases:
    with long_work():
        return _score(files, networks, osem)


def _score(files: list[Path], networks: dict[str, tuple[dict[str, object], Path]], osem: OsemSettings) -> Cases:
    task = load_task(TASK)
    samples = task.load_samples(files)
    cases: Cases = {}
    for name, (config, weights) in networks.items():
        network = task.build_network(config)
        load_weights(weights, network)
        network.eval()
        cases[name] = task.evaluate(network, samples)
    studies = [read_study(path) for path in files]
    cases["osem"] = [dict(case_metrics(reconstruct_osem(study, osem), study)) for study in studies]
    return cases


def means(rows: Sequence[Mapping[str, float | None]]) -> dict[str, float | None]:
    """Return the mean of each metric over the cases that have it (only cases with a defect have a contrast)."""
    result: dict[str, float | None] = {}
    for key in METRICS:
        values = [value for row in rows if (value := row.get(key)) is not None]
        result[key] = float(np.mean(values)) if values else None
    return result


def compare(
    name: str, federated: Sequence[Mapping[str, float | None]], other: Sequence[Mapping[str, float | None]], seed: int
) -> Comparison:
    """Return the mean paired ratio of body NRMSE (below 1: the federated model is better) with its bootstrap interval."""
    ours = np.array([row["nrmse_body"] for row in federated], dtype=np.float64)
    theirs = np.array([row["nrmse_body"] for row in other], dtype=np.float64)
    ratio, low, high = bootstrap_ratio(ours, theirs, seed=seed)
    mine, rival = means(federated)["defect_contrast"], means(other)["defect_contrast"]
    difference = mine - rival if mine is not None and rival is not None else None
    return Comparison(name, ratio, (low, high), difference)
