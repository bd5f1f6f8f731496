# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Score methods on cases: every method on every case, in parallel, and no failure of one ends the run."""

from __future__ import annotations

import multiprocessing
import os
import signal
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self, TypeVar

import numpy as np
import numpy.typing as npt
import torch

from model.classical.osem import Volume
from model.errors import ModelError
from model.evaluation.deviance import poisson_deviance
from model.evaluation.metrics import case_metrics
from model.evaluation.observer import Place, channel_outputs
from model.evaluation.polar import polar_segments
from model.io.study import read_study, read_study_header
from model.io.study_records import Defect, Study

Scores = dict[str, float | None]
Reconstructor = Callable[[Study], Volume]
"""Anything that turns a study into an image; `model.methods.Method` is one."""
Result = TypeVar("Result")
SAFE_PATH = "PYTHONSAFEPATH"


@dataclass(frozen=True, eq=False)
class MethodScores:
    """What one method gave for one case.

    Parameters
    ----------
    metrics : dict
        Keys of `model.evaluation.metrics.case_metrics`, and ``deviance`` and ``seconds``.
    polar : float64 (17,) or None
        Points.
    channels : float64 (C,) or None
        Channel outputs of the model observer at the case's place.
    """

    metrics: Scores
    polar: npt.NDArray[np.float64] | None
    channels: npt.NDArray[np.float64] | None


@dataclass(frozen=True, eq=False)
class CaseScores:
    """One case under every method.

    Parameters
    ----------
    name : str
        As the caller of `evaluate_cases` names it: by default the file's name without suffix.
    counts : float
        Measured in the photopeak.
    defects : tuple of Defect
    has_heart : bool
        Whether the study knows the truth about its heart.
    truth_polar : float64 (17,) or None
    methods : dict
        Method -> scores, for the methods that gave an image.
    failures : dict
        Method -> what went wrong, one sentence; the key ``""`` stands for the file itself.
    """

    name: str
    counts: float
    defects: tuple[Defect, ...]
    has_heart: bool
    truth_polar: npt.NDArray[np.float64] | None
    methods: dict[str, MethodScores] = field(default_factory=dict)
    failures: dict[str, str] = field(default_factory=dict)

    def value(self, method: str, metric: str) -> float | None:
        """Return one figure, None where there is none."""
        scores = self.methods.get(method)
        return None if scores is None else scores.metrics.get(metric)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON values; what is not a number is None."""
        return {
            "name": self.name,
            "counts": self.counts,
            "defects": [defect.to_dict() for defect in self.defects],
            "has_heart": self.has_heart,
            "truth_polar": _plain(self.truth_polar),
            "methods": {
                name: {"metrics": dict(m.metrics), "polar": _plain(m.polar), "channels": _plain(m.channels)}
                for name, m in self.methods.items()
            },
            "failures": dict(self.failures),
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> Self:
        """Read what `to_dict` wrote."""
        methods = {
            name: MethodScores(dict(m["metrics"]), _array(m["polar"]), _array(m["channels"]))
            for name, m in data["methods"].items()
        }
        defects = tuple(Defect.from_dict(defect) for defect in data["defects"])
        truth_polar, failures = _array(data["truth_polar"]), dict(data["failures"])
        return cls(data["name"], data["counts"], defects, data["has_heart"], truth_polar, methods, failures)


def _plain(array: npt.NDArray[np.float64] | None) -> list[float | None] | None:
    return None if array is None else [float(v) if np.isfinite(v) else None for v in array]


def _array(values: Sequence[float | None] | None) -> npt.NDArray[np.float64] | None:
    return None if values is None else np.array([np.nan if v is None else v for v in values], dtype=np.float64)


def score_image(image: Volume, study: Study, *, place: Place | None = None) -> MethodScores:
    """Score one image; raises as `case_metrics`."""
    metrics = case_metrics(image, study)
    metrics["deviance"] = poisson_deviance(image, study)
    channels = None if place is None else channel_outputs(image, study, place)
    return MethodScores(metrics, polar_segments(image, study), channels)


def empty_case(study: Study, name: str) -> CaseScores:
    """Return the case of a study before any method."""
    truth = study.truth
    polar = None if study.reference is None else polar_segments(study.reference, study)
    counts = float(study.projections[0].sum(dtype=np.float64))
    return CaseScores(name, counts, () if truth is None else truth.defects, truth is not None, polar)


def score_case(
    path: Path, methods: Mapping[str, Reconstructor], place: Place | None = None, *, name: str | None = None
) -> CaseScores:
    """Reconstruct one file by every method and score each image; failures are noted, never raised."""
    called = path.stem if name is None else name
    try:
        study = read_study(path)
        case = empty_case(study, called)
    except (ModelError, OSError) as error:
        return CaseScores(called, 0.0, (), False, None, failures={"": str(error)})
    for by, method in methods.items():
        begin = time.perf_counter()
        try:
            image = method(study)
            seconds = time.perf_counter() - begin
            case.methods[by] = score_image(image, study, place=place)
            case.methods[by].metrics["seconds"] = seconds
        except Exception as error:  # noqa: BLE001 (one method on one case must not end the run; the reader sees why)
            case.failures[by] = f"{type(error).__name__}: {error}" if not isinstance(error, ModelError) else str(error)
    return case


def places_of(files: Sequence[Path]) -> list[Place | None]:
    """Return where the observer looks in each file: at its first defect, in normals at those of the others in turn."""
    defects = []
    for path in files:
        try:
            defects.append(read_study_header(path).defects)
        except (ModelError, OSError):
            defects.append(())
    known = [Place.of(found[0]) for found in defects if found]
    turns = iter(range(len(files)))
    return [Place.of(found[0]) if found else known[next(turns) % len(known)] if known else None for found in defects]


def evaluate_cases(
    files: Sequence[Path],
    methods: Mapping[str, Reconstructor],
    *,
    names: Sequence[str] | None = None,
    places: Sequence[Place | None] | None = None,
    workers: int = 1,
    on_progress: Callable[[float], None] | None = None,
) -> list[CaseScores]:
    """Score every method on every file, in the order of the files.

    Parameters
    ----------
    files : sequence of Path
        Study files.
    methods : mapping of name to callable
        With several workers they must be picklable, as those of `model.methods` are.
    names : sequence of str, optional
        What the cases are called; see `case_names` for files whose own names repeat.
    places : sequence of Place or None, optional
        Where the observer looks in each file; by default as `places_of` says.
    workers : int
        Processes with one thread each; 1 stays in this process.
    on_progress : callable, optional
        Hears the share of the files that is done.
    """
    looks = places_of(files) if places is None else places
    called = [path.stem for path in files] if names is None else names
    jobs = [(path, methods, place, name) for path, place, name in zip(files, looks, called, strict=True)]
    return in_parallel(_score_job, jobs, workers=workers, on_progress=on_progress)


def _score_job(job: tuple[Path, Mapping[str, Reconstructor], Place | None, str]) -> CaseScores:
    path, methods, place, name = job
    return score_case(path, methods, place, name=name)


def case_names(files: Sequence[Path], folder: Path | None = None) -> list[str]:
    """Return each file's path below `folder` (by default below what they share), without suffix; never more of the path."""
    found = [path.absolute() for path in files]
    root = Path(os.path.commonpath([path.parent for path in found])) if folder is None else folder.absolute()
    return [path.relative_to(root).with_suffix("").as_posix() for path in found]


Job = TypeVar("Job")


def in_parallel(
    work: Callable[[Job], Result],
    jobs: Sequence[Job],
    *,
    workers: int,
    on_progress: Callable[[float], None] | None = None,
) -> list[Result]:
    """Return the results of independent jobs in their order; on Ctrl-C what runs ends and nothing more is begun.

    Raises
    ------
    ModelError
        ``evaluation.process_died`` if the system ends a process, as it does where memory runs out.
    """
    heard = on_progress or (lambda share: None)
    results: list[Result] = []
    if workers <= 1 or len(jobs) <= 1:
        for done, job in enumerate(jobs, start=1):
            results.append(work(job))
            heard(done / len(jobs))
        return results
    try:
        with _pool(min(workers, len(jobs))) as pool:
            waiting: list[Future[Result]] = [pool.submit(work, job) for job in jobs]
            for done, future in enumerate(waiting, start=1):
                results.append(future.result())
                heard(done / len(jobs))
    except BrokenProcessPool as error:
        message = (
            f"a process ended unexpectedly after {len(results)} of {len(jobs)} studies, perhaps for lack of memory"
        )
        raise ModelError("evaluation.process_died", message, "Run again with fewer --workers.") from error
    return results


@contextmanager
def _pool(workers: int) -> Iterator[ProcessPoolExecutor]:
    before = os.environ.get(SAFE_PATH)
    os.environ[SAFE_PATH] = "1"  # a model.py in the working folder is not ours
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_prepare_worker)
    try:
        yield pool
    finally:
        pool.shutdown(wait=True, cancel_futures=True)
        if before is None:
            os.environ.pop(SAFE_PATH, None)
        else:
            os.environ[SAFE_PATH] = before


def _prepare_worker() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to answer
    torch.set_num_threads(1)
