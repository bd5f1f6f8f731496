"""Reconstruct with calibrated intervals and the verdict of the alarm, by what a model's card says of its weights.

The card's records come from `model.confidence.calibration`; here no data are needed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from pydantic import JsonValue
from torch import nn

from model.checkpoint import load_shipped
from model.confidence.alarm import Alarm, Level, conditions, corrections, fit_statistics, judge
from model.confidence.uncertainty import (
    Progress,
    Segments,
    Spread,
    Volume,
    estimate_spread,
    expected_counts,
    mean_activity,
    redo_with_network,
)
from model.errors import ModelError
from model.io.confidence_records import UncertaintyRecord
from model.io.study import Study
from model.io.weights import ModelCard
from model.networks.inputs import ReconstructionNetwork
from model.shipped import shipped_card, shipped_networks


@dataclass(frozen=True, eq=False)
class UncertainReconstruction:
    """An image, how far it may be off, and whether the study was familiar.

    Parameters
    ----------
    image, half_width : float32 (Z, Y, X), counts per voxel
        The interval is image +- half_width; its promise is that of `record`.
    segments, segment_half_width : float64 (17,) or None
        The polar map in points, where the study knows the heart.
    alarm : Alarm or None
        None where the card has no thresholds.
    record : UncertaintyRecord
    seconds : float
    """

    image: Volume
    half_width: Volume
    segments: Segments | None
    segment_half_width: Segments | None
    alarm: Alarm | None
    record: UncertaintyRecord
    seconds: float

    @property
    def promise_holds(self) -> bool:
        """Whether the intervals mean something: their promise is for studies like those of the calibration."""
        return self.alarm is None or self.alarm.level is not Level.UNLIKE


def alarm_of(study: Study, image: Volume, card: ModelCard) -> Alarm | None:
    """Return the verdict on a study by the thresholds of the card; None where it has none for these weights."""
    record = card.alarm
    if record is None or record.weights != card.content_hash:
        return None
    statistics = fit_statistics(study, expected_counts(study, image))
    return judge(statistics, conditions(study, mean_activity(study, image)), corrections(study), record)


def alarm_words(alarm: Alarm) -> dict[str, JsonValue]:
    """Return an alarm as plain JSON: level, code, sentence, remedy, z and all findings."""
    return {
        "level": alarm.level.value,
        "code": alarm.code,
        "sentence": alarm.sentence,
        "remedy": alarm.remedy,
        "z": alarm.z,
        "findings": [
            {"level": f.level.value, "code": f.code, "sentence": f.sentence, "remedy": f.remedy} for f in alarm.findings
        ],
    }


def calibrated(card: ModelCard) -> UncertaintyRecord:
    """Return the card's record of its own weights.

    Raises
    ------
    ModelError
        ``uncertainty.not_calibrated``.
    """
    record = card.uncertainty
    if record is None or record.weights != card.content_hash:
        message = "the model's card has no calibrated intervals for these weights, so none are shown"
        remedy = "Calibrate them with: flomir models calibrate FILE --data FOLDER."
        raise ModelError(code="uncertainty.not_calibrated", message=message, remedy=remedy)
    return record


def half_widths(study: Study, spread: Spread, record: UncertaintyRecord) -> tuple[Volume, Segments | None]:
    """Return the intervals' half-widths in voxels (counts) and segments (points).

    The larger of the factors of body and heart is used everywhere, so that both promises hold without knowing where the
    heart is.
    """
    factor = max(region.factor for name, region in record.regions.items() if name != "segments")
    floor = record.floor * mean_activity(study, spread.image)
    volume = np.asarray(factor * (spread.spread + floor), dtype=np.float32)
    wall = record.regions.get("segments")
    if wall is None or spread.segment_spread is None:
        return volume, None
    return volume, wall.factor * (spread.segment_spread + record.segment_floor)


def reconstruct_with_uncertainty(
    study: Study,
    network: ReconstructionNetwork,
    card: ModelCard,
    *,
    members: Mapping[str, nn.Module] | None = None,
    seed: int = 0,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> UncertainReconstruction:
    """Reconstruct a study with calibrated intervals and the verdict of the alarm.

    Parameters
    ----------
    study : Study
    network : ReconstructionNetwork
    card : ModelCard
        Of the network's weights, with its records.
    members : mapping of content hash to network, optional
        The further networks that the record names; those that are shipped need not be given.

    Raises
    ------
    ModelError
        ``uncertainty.not_calibrated``, ``uncertainty.no_members``, ``uncertainty.stopped``, ``network.geometry``.
    """
    started = time.perf_counter()
    record = calibrated(card)
    others = [_member(key, members or {}) for key in record.members]
    spread = estimate_spread(
        study,
        redo_with_network(study, network),
        kind=record.method,
        replicates=record.replicates,
        members=[redo_with_network(study, other) for other in others],
        seed=seed,
        on_progress=on_progress,
        should_stop=should_stop,
    )
    volume, wall = half_widths(study, spread, record)
    alarm = alarm_of(study, spread.image, card)
    seconds = time.perf_counter() - started
    return UncertainReconstruction(spread.image, volume, spread.segments, wall, alarm, record, seconds)


def _shipped(key: str) -> nn.Module | None:
    for name in shipped_networks():
        if shipped_card(name).content_hash == key:
            return load_shipped(name)[0]
    return None


def _member(key: str, members: Mapping[str, nn.Module]) -> ReconstructionNetwork:
    network = members.get(key) or _shipped(key)
    if not isinstance(network, ReconstructionNetwork):
        message = f"the intervals were calibrated with the further weights {key[:12]}, which are not at hand"
        remedy = "Name their file, or calibrate without them."
        raise ModelError(code="uncertainty.no_members", message=message, remedy=remedy)
    return network
