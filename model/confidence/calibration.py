"""Measure on studies with a known truth how wide a network's intervals must be and when its alarm must sound."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from model.confidence.alarm import conditions, corrections, fit_statistics
from model.confidence.conformal import (
    cases_needed,
    coverage,
    normal_factor,
)
from model.confidence.fit import (
    DEFAULT_SETTINGS,
    FLOOR,
    SEGMENT_FLOOR_POINTS,
    Calibration,
    CalibrationSettings,
    Case,
    kind_of,
    records_of,
)
from model.confidence.uncertainty import (
    Progress,
    Spread,
    body_of,
    estimate_spread,
    expected_counts,
    mean_activity,
    redo_with_network,
)
from model.errors import ModelError
from model.evaluation.metrics import region_masks
from model.evaluation.polar import polar_segments
from model.io.study import Study, StudyHeader, read_study, read_study_header
from model.io.weights import ModelCard, content_hash
from model.networks.inputs import ReconstructionNetwork
from model.training.steps import split_by_patient


def examine(study: Study, spread: Spread, *, level: float, name: str) -> Case:
    """Compare an image and its spread with the study's reference; `name` is the patient where the study knows none.

    Raises
    ------
    ModelError
        ``sample.no_reference``.
    """
    if study.reference is None:
        raise _no_reference()
    scale = mean_activity(study, spread.image)
    error, z = np.abs(spread.image.astype(np.float64) - study.reference), normal_factor(level)
    ratios: dict[str, NDArray[np.float64]] = {}
    before: dict[str, float] = {}
    widths: dict[str, float] = {}
    for region, inside in _regions(study).items():
        width = spread.spread[inside] + FLOOR * scale
        ratios[region] = error[inside] / width
        before[region] = coverage(error[inside], z * spread.spread[inside])
        widths[region] = float(width.mean()) / scale
    truth = polar_segments(study.reference, study)
    if truth is not None and spread.segments is not None and spread.segment_spread is not None:
        known = np.isfinite(truth) & np.isfinite(spread.segments)
        off, width = np.abs(spread.segments - truth)[known], spread.segment_spread[known] + SEGMENT_FLOOR_POINTS
        ratios["segments"], widths["segments"] = off / width, float(width.mean())
        before["segments"] = coverage(off, z * spread.segment_spread[known])
    return Case(
        patient=_patient(study.provenance, name),
        ratios=ratios,
        before=before,
        widths=widths,
        statistics=fit_statistics(study, expected_counts(study, spread.image)),
        conditions=conditions(study, scale),
        corrections=frozenset(corrections(study)),
    )


def _patient(provenance: Mapping[str, Any], name: str) -> str:
    return str(provenance.get("patient_key") or name)


def _regions(study: Study) -> dict[str, NDArray[np.bool_]]:
    body = body_of(study)
    box = region_masks(study).heart
    if box is None:
        return {"body": body}
    heart = np.zeros_like(body)
    heart[box] = body[box]
    return {"body": body, "heart": heart}


def examine_studies(
    paths: Sequence[Path],
    network: ReconstructionNetwork,
    *,
    members: Sequence[ReconstructionNetwork] = (),
    settings: CalibrationSettings = DEFAULT_SETTINGS,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Iterator[Case]:
    """Yield one case a study file, in order; several networks make the spread of both kinds."""
    for number, path in enumerate(paths):
        with _named(path):
            study = read_study(path)
            spread = estimate_spread(
                study,
                redo_with_network(study, network),
                kind=kind_of(members),
                replicates=settings.replicates,
                members=[redo_with_network(study, member) for member in members],
                seed=settings.seed + number,
                should_stop=should_stop,
            )
            case = examine(study, spread, level=settings.level, name=path.as_posix())
        yield case
        if on_progress is not None:
            on_progress((number + 1) / len(paths))


def calibrate(
    paths: Sequence[Path],
    network: ReconstructionNetwork,
    weights: str,
    *,
    members: Mapping[str, ReconstructionNetwork] | None = None,
    settings: CalibrationSettings = DEFAULT_SETTINGS,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Calibration:
    """Choose factors and thresholds on a part of the patients and measure them on the others.

    Parameters
    ----------
    paths : sequence of Path
        Studies with a reference that the network was not trained on, in the mixture it will meet.
    network : ReconstructionNetwork
    weights : str
        Content hash of its weights.
    members : mapping of content hash to network, optional
        Further networks of an ensemble.

    Raises
    ------
    ModelError
        ``calibration.too_few``, ``sample.no_reference``, ``uncertainty.stopped``, or what a study file breaks.
    """
    _enough(len(paths), settings)
    choosing, measuring = _split(paths, settings)
    others = dict(members or {})
    chosen = {"members": list(others.values()), "settings": settings}
    cases = list(examine_studies(paths, network, **chosen, on_progress=on_progress, should_stop=should_stop))  # type: ignore[arg-type]
    return records_of(
        [cases[i] for i in choosing],
        [cases[i] for i in measuring],
        weights=weights,
        members=tuple(others),
        digest=digest_of(paths),
        settings=settings,
    )


def _enough(studies: int, settings: CalibrationSettings) -> None:
    """Refuse before hours of work what the split would refuse after it."""
    choosing = round(studies * settings.share)
    needed = max(cases_needed(settings.case_level), cases_needed(1 - settings.false_alarm_level))
    if choosing < needed:
        message = f"{studies} studies leave {choosing} to choose the factors; at least {needed} are needed"
        remedy = f"Give at least {math.ceil(needed / settings.share)} studies of different patients."
        raise ModelError(code="calibration.too_few", message=message, remedy=remedy)


def _split(paths: Sequence[Path], settings: CalibrationSettings) -> tuple[list[int], list[int]]:
    """Return which studies choose and which measure; no patient does both. Every header is read, before hours of work."""
    patients = [_patient(_header(path).provenance, path.as_posix()) for path in paths]
    choosing, measuring = split_by_patient(patients, 1 - settings.share, settings.seed)
    if not measuring:
        message = f"all {len(paths)} studies are of one patient, so that none is left to measure the intervals on"
        raise ModelError(code="calibration.too_few", message=message, remedy="Add studies of other patients.")
    return choosing, measuring


def _header(path: Path) -> StudyHeader:
    with _named(path):
        header = read_study_header(path)
        if not header.has_reference:
            raise _no_reference()
    return header


def _no_reference() -> ModelError:
    return ModelError(
        code="sample.no_reference", message="there is no reference image; calibration needs one in each study"
    )


@contextmanager
def _named(path: Path) -> Iterator[None]:
    """Name the file in what is raised about it."""
    try:
        yield
    except ModelError as error:
        if error.code == "uncertainty.stopped":
            raise
        raise ModelError(error.code, f"{path.name}: {error.message}", error.remedy) from error
    except OSError as error:
        message = f"{path.name} cannot be read: {error.strerror or error}"
        raise ModelError(code="study.unreadable", message=message, remedy="Check the file, or take it away.") from error


def digest_of(paths: Sequence[Path]) -> str:
    """Return the SHA-256 over the sorted content hashes of files: the same data, whatever their names or order."""
    return hashlib.sha256("\n".join(sorted(content_hash(path) for path in paths)).encode()).hexdigest()


def with_calibration(card: ModelCard, found: Calibration) -> ModelCard:
    """Return the card with the records of its own weights."""
    return card.model_copy(update={"uncertainty": found.uncertainty, "alarm": found.alarm})
