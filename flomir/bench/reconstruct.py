"""How long reconstructions take, one thread each, in one run, every method at its own tuned setting and quality stated.

Studies come from the scenario ``perfusion-64`` with a seed that no network was trained on, resized to what is asked for.
Both OSEMs, MAP-OSEM and FBP are tuned by body NRMSE on validation studies; then the methods take turns on each test
study.

``..._s``
    Processor seconds a study, mean over studies of the median of the repeats: everything after import but what depends
    on the geometry alone.
``..._cold_s``
    What the first study of a geometry costs more: rotations, blur, system matrices.
``nrmse_...``, ``nrmse_heart_...``
    Mean over the test studies; absent for networks that have no trained weights yet.
``osem_speedup``, ``default_speedup``, ``<network>_speedup``
    PyTomography's OSEM over ours; ``..._over_osem`` our own OSEM over the network.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from pydantic import ValidationError

from flomir.bench import pytomography_osem
from flomir.bench.contenders import (
    REFERENCE,
    Contender,
    Volume,
    fbp_contender,
    map_osem_contender,
    network_contenders,
    osem_contender,
    pytomography_contender,
    with_filter,
)
from flomir.bench.figures import Outcome
from model.classical.map_osem import MapOsemSettings
from model.classical.osem import OsemSettings
from model.classical.tuning import FWHM_MM, ITERATIONS, body_nrmse, map_osem_candidates, osem_candidates, tune
from model.errors import ModelError
from model.evaluation.metrics import nrmse, region_masks
from model.filters import gaussian_postfilter
from model.io.study_records import Study
from model.methods import FbpMethod
from model.shipped import DEFAULT_NETWORK
from synthesis.sample import make_study
from synthesis.scenario import Scenario, load_scenario

SEED = 9001  # no network is trained on studies of this seed
SUBSETS = 6
METRIC = "nrmse"
WIDTHS_MM = (*FWHM_MM, 14.0, 16.0)
Stage = Callable[[str], None]


@dataclass(frozen=True)
class Plan:
    """What is compared.

    Parameters
    ----------
    size : (X, Y, Z)
    views : int
    validation, studies : int
        Studies to tune on and studies to measure on.
    repeats : int
        Runs of each of our methods on a study; PyTomography runs once.
    against : {"pytomography", "nothing"}
    """

    size: tuple[int, int, int] = (64, 64, 32)
    views: int = 60
    validation: int = 3
    studies: int = 6
    repeats: int = 3
    against: str = REFERENCE


@dataclass
class _Record:
    seconds: list[float] = field(default_factory=list)
    cold: list[float] = field(default_factory=list)
    body: list[float] = field(default_factory=list)
    heart: list[float] = field(default_factory=list)


def bench_reconstruct(plan: Plan, stage: Stage = lambda text: None) -> Outcome:
    """Tune, take turns, and compare.

    Raises
    ------
    ModelError
        ``bench.pytomography`` if it is to be compared with and is not installed; ``bench.size`` if no patient can be
        made at that size.
    """
    if plan.against == REFERENCE and not pytomography_osem.available():
        message = "PyTomography is not installed, so there is nothing to compare with"
        remedy = "Install the extra: pip install 'flomir[crosscheck]', or give --against nothing."
        raise ModelError(code="bench.pytomography", message=message, remedy=remedy)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        stage(f"making {plan.validation + plan.studies} studies")
        studies = _studies(plan)
        contenders = _tuned(studies[: plan.validation], plan, stage)
        records: dict[str, _Record] = {c.name: _Record() for c in contenders}
        for number, study in enumerate(studies[plan.validation :], start=1):
            stage(f"study {number} of {plan.studies}")
            _take_turns(study, contenders, records, plan.repeats)
    finally:
        torch.set_num_threads(threads)
    return Outcome(_figures(records, plan), _notes(contenders, plan))


def _studies(plan: Plan) -> list[Study]:
    scenario = _resized(load_scenario("perfusion-64"), plan)
    site = scenario.sites[0].name
    return [make_study(scenario, site, seed=SEED, index=i) for i in range(plan.validation + plan.studies)]


def _resized(scenario: Scenario, plan: Plan) -> Scenario:
    x, y, z = plan.size
    depth, height, width = scenario.volume_grid().extent_mm
    data = scenario.model_dump()
    data["grid"] = {"shape": (z, y, x), "voxel_mm": (depth / z, height / y, width / x)}
    data["orbit"]["views"] = plan.views
    try:
        return Scenario.model_validate(data)
    except ValidationError as error:
        reason = str(error.errors()[0]["msg"]).removeprefix("Value error, ")
        message = f"no patients can be made at {x}x{y}x{z}, {plan.views} views: {reason}"
        raise ModelError(code="bench.size", message=message, remedy="Ask for a finer or a square matrix.") from error


def _tuned(validation: Sequence[Study], plan: Plan, stage: Stage) -> list[Contender]:
    metric = {METRIC: body_nrmse}
    base = OsemSettings(subsets=SUBSETS)
    stage("tuning OSEM")
    osem = tune(validation, osem_candidates(fwhm_mm=WIDTHS_MM, base=base), metric).best(METRIC)
    stage("tuning MAP-OSEM")
    prior = tune(validation, map_osem_candidates(base=MapOsemSettings(subsets=SUBSETS)), metric).best(METRIC)
    fbp = tune(validation, _fbp_candidates, metric).best(METRIC)
    assert osem is not None and prior is not None and fbp is not None  # noqa: S101 (synthetic studies have references)
    found = [osem_contender(osem[0]), map_osem_contender(prior[0]), fbp_contender(fbp[0])]
    found += network_contenders(validation[0].geometry)
    if plan.against == REFERENCE:
        stage("tuning PyTomography's OSEM")
        other = tune(validation, _their_candidates, metric).best(METRIC)
        assert other is not None  # noqa: S101 (as above)
        found.insert(0, pytomography_contender(other[0]))
    return found


def _fbp_candidates(study: Study) -> Iterator[tuple[OsemSettings, Volume]]:
    for width in (*WIDTHS_MM, 20.0, 24.0, 28.0, 32.0):
        settings = with_filter(OsemSettings(), width)
        yield settings, FbpMethod(settings)(study)


def _their_candidates(study: Study) -> Iterator[tuple[OsemSettings, Volume]]:
    mu = None if study.attenuation is None else torch.from_numpy(study.attenuation)
    iterates = pytomography_osem.osem_iterates(
        study, pytomography_osem.system_matrix(study.geometry, mu), subsets=SUBSETS
    )
    for done in range(1, max(ITERATIONS) + 1):
        image = torch.from_numpy(next(iterates))[None]
        if done in ITERATIONS:
            for width in WIDTHS_MM:
                settings = OsemSettings(iterations=done, subsets=SUBSETS, postfilter_fwhm_mm=width)
                yield settings, gaussian_postfilter(image, study.geometry.grid, width)[0].numpy()


def _take_turns(study: Study, contenders: Sequence[Contender], records: Mapping[str, _Record], repeats: int) -> None:
    ready, first = {}, {}
    for contender in contenders:
        begin = time.process_time()
        ready[contender.name] = contender.prepare(study)
        first[contender.name] = time.process_time() - begin
    taken: dict[str, list[float]] = {contender.name: [] for contender in contenders}
    images: dict[str, Volume] = {}
    for turn in range(repeats):
        for contender in contenders:
            if turn == 0 or contender.name != REFERENCE:
                begin = time.process_time()
                images[contender.name] = ready[contender.name]()
                taken[contender.name].append(time.process_time() - begin)
    for contender in contenders:
        record, seconds = records[contender.name], statistics.median(taken[contender.name])
        record.seconds.append(seconds)
        # our preparation ends with a reconstruction, since subsets are built at their first use
        record.cold.append(max(first[contender.name] - (0.0 if contender.name == REFERENCE else seconds), 0.0))
        if contender.trained:
            _score(images[contender.name], study, record)


def _score(image: Volume, study: Study, record: _Record) -> None:
    regions = region_masks(study)
    assert study.reference is not None and regions.heart is not None  # noqa: S101 (synthetic studies have both)
    record.body.append(nrmse(image, study.reference, regions.body))
    record.heart.append(nrmse(image[regions.heart], study.reference[regions.heart]))


def _figures(records: Mapping[str, _Record], plan: Plan) -> dict[str, float]:
    figures: dict[str, float] = {}
    seconds = {name: float(np.mean(record.seconds)) for name, record in records.items()}
    names = {name: "default" if name == DEFAULT_NETWORK else name for name in records}
    for name, record in records.items():
        figures[f"{name}_s"] = seconds[name]
        figures[f"{name}_cold_s"] = float(np.mean(record.cold))
        if record.body:
            figures[f"nrmse_{name}"] = float(np.mean(record.body))
            figures[f"nrmse_heart_{name}"] = float(np.mean(record.heart))
    for name in records:
        if name != REFERENCE and plan.against == REFERENCE:
            figures[f"{names[name]}_speedup"] = seconds[REFERENCE] / seconds[name]
        if name not in (REFERENCE, "osem"):
            figures[f"{names[name]}_over_osem"] = seconds["osem"] / seconds[name]
    return figures


def _notes(contenders: Sequence[Contender], plan: Plan) -> dict[str, str]:
    x, y, z = plan.size
    notes = {contender.name: contender.settings for contender in contenders}
    return {"studies": f"{plan.studies} of {x}x{y}x{z}, {plan.views} views, seed {SEED}", **notes, "threads": "1"}


def parse_size(text: str) -> tuple[int, int, int]:
    """Return (X, Y, Z) of ``64x64x32``.

    Raises
    ------
    ValueError
        If these are not three whole numbers.
    """
    parts = text.lower().split("x")
    if len(parts) != 3 or not all(part.isdigit() and int(part) > 0 for part in parts):
        msg = f"a size is three whole numbers, such as 64x64x32; got {text!r}"
        raise ValueError(msg)
    x, y, z = (int(part) for part in parts)
    return x, y, z


def quick(plan: Plan) -> Plan:
    """Return a plan that only shows that the bench works."""
    return replace(plan, validation=1, studies=1, repeats=1)
