"""The job behind every page that shows images: one study by OS-EM and by a model, intervals, polar maps, the alarm's verdict."""

import io
import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import JsonValue

from model.classical.osem import OsemSettings, reconstruct_osem
from model.confidence.images import alarm_of, alarm_words, reconstruct_with_uncertainty
from model.errors import ModelError
from model.evaluation.metrics import case_metrics
from model.evaluation.polar import polar_segments
from model.io.atomic import write_atomically
from model.io.study import Study, read_study
from model.job_protocol import Answer
from model.job_requests import ReconstructRequest
from model.methods import NetworkMethod, resolve_method
from model.shipped import DEFAULT, shipped_path

Progress = Callable[[float], None]
Volume = NDArray[np.float32]
Segments = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class _Applied:
    """What a model made of a study; the half-widths are None where its card promises none."""

    image: Volume
    seconds: float
    alarm: JsonValue
    half_width: Volume | None = None
    segment_half_width: Segments | None = None
    intervals: JsonValue = None


def reconstruct_study(request: ReconstructRequest, progress: Progress) -> Answer:
    """Write the images and return what is known of each.

    The ``.npz`` holds float32 (Z, Y, X) arrays ``osem``, ``model`` (method model only), ``half_width`` (where intervals were
    asked for and the model's card has them), ``mu`` and ``reference`` (where the study has them), in counts or mm^-1, and
    ``voxel_mm`` (z, y, x). ``alarm`` is the verdict on the study (`model.confidence.images.alarm_words`), None where the
    card has no thresholds; ``segments`` the polar maps in points (`model.evaluation.polar`), ``intervals`` their promise.
    """
    study = read_study(request.study)
    settings = OsemSettings(**request.osem.model_dump())
    share = 0.9 if request.method == "osem" else 0.2 if request.intervals else 0.5
    started = time.perf_counter()
    images: dict[str, Volume] = {
        "osem": reconstruct_osem(
            study, settings, on_iteration=lambda done: progress(share * done / settings.iterations)
        )
    }
    seconds: dict[str, JsonValue] = {"osem": time.perf_counter() - started}
    applied: _Applied | None = None
    if request.method == "model":
        applied = _apply_model(request, study, lambda done: progress(share + (1 - share) * done))
        images["model"], seconds["model"] = applied.image, applied.seconds
    scores = {} if study.reference is None else {name: case_metrics(image, study) for name, image in images.items()}
    arrays = _arrays(images, study, applied)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomically(request.out, buffer.getvalue())
    return {
        "out": str(request.out),
        "arrays": list[JsonValue](sorted(arrays)),
        "shape": list(study.geometry.volume_shape),
        "voxel_mm": list(study.geometry.grid.voxel_mm),
        "seconds": seconds,
        "osem_settings": request.osem.model_dump(),
        "metrics": {name: dict(values) for name, values in scores.items()},
        "alarm": None if applied is None else applied.alarm,
        "segments": _segment_maps(images, study, applied),
        "intervals": None if applied is None else applied.intervals,
    }


def _arrays(images: Mapping[str, Volume], study: Study, applied: _Applied | None) -> dict[str, NDArray[np.float32]]:
    voxel_mm = np.asarray(study.geometry.grid.voxel_mm, dtype=np.float32)
    found: dict[str, NDArray[np.float32]] = {**images, "voxel_mm": voxel_mm}
    if applied is not None and applied.half_width is not None:
        found["half_width"] = applied.half_width
    if study.attenuation is not None:
        found["mu"] = study.attenuation
    if study.reference is not None:
        found["reference"] = study.reference
    return found


def _segment_maps(images: Mapping[str, Volume], study: Study, applied: _Applied | None) -> dict[str, JsonValue]:
    shown = dict(images) if study.reference is None else {**images, "reference": study.reference}
    found: dict[str, JsonValue] = {}
    for name, image in shown.items():
        points = polar_segments(image, study)
        if points is not None:
            found[name] = _plain(points)
    if found and applied is not None and applied.segment_half_width is not None:
        found["half_width"] = _plain(applied.segment_half_width)
    return found


def _plain(points: Segments) -> list[JsonValue]:
    return [float(value) if math.isfinite(value) else None for value in points]


def _apply_model(request: ReconstructRequest, study: Study, progress: Progress) -> _Applied:
    if (request.weights is None) == (request.shipped is None):
        message = "the method model needs weights or the name of a shipped network, one of the two"
        raise ModelError(code="request.invalid", message=message)
    path = request.weights or shipped_path(request.shipped or DEFAULT)
    method = resolve_method(str(path), device=request.device)
    started = time.perf_counter()
    if request.intervals and isinstance(method, NetworkMethod) and _is_calibrated(method):
        found = reconstruct_with_uncertainty(study, method.network, method.card, on_progress=progress)
        promise: JsonValue = {
            "level": found.record.level,
            "case_level": found.record.case_level,
            "holds": found.promise_holds,
        }
        words = None if found.alarm is None else alarm_words(found.alarm)
        elapsed = time.perf_counter() - started
        return _Applied(found.image, elapsed, words, found.half_width, found.segment_half_width, promise)
    image = method(study)
    elapsed = time.perf_counter() - started
    alarm = alarm_of(study, image, method.card) if isinstance(method, NetworkMethod) else None
    return _Applied(image, elapsed, None if alarm is None else alarm_words(alarm))


def _is_calibrated(method: NetworkMethod) -> bool:
    record = method.card.uncertainty
    return record is not None and record.weights == method.card.content_hash
