"""Reconstruct many scans, one after the other; one failure stops no other."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from model.batch_plan import Job, Options, Outcome, Plan, check_free, failed, with_word
from model.confidence.alarm import Alarm, Level
from model.errors import ModelError
from model.io.atomic import why_not
from model.io.export import export_volume
from model.io.imported import ImportedStudy, with_note
from model.io.scans import FileKind
from model.io.study_records import Study
from model.io.units import BQ_PER_ML, COUNTS
from model.methods import Method, NetworkMethod, Volume
from model.quantification import KEY as CALIBRATION
from model.quantification import ActivityCalibration, activity_of_a_count, activity_words, with_calibration
from model.scatter import ScatterSource, ScatterWindowsUnusable, scatter_source

OnProgress = Callable[[Path, float], None]
NO_PROMISE = "The intervals promise nothing for a study so unlike those of the calibration."
HALF_WIDTH = "half-width"
NO_MAP = "There is no attenuation map: uptake deep inside is too low. Name its CT with --ct."


def run_plan(
    plan: Plan, method: Method, options: Options, *, on_progress: OnProgress | None = None
) -> Iterable[Outcome]:
    """Yield what became of each scan, those that could not be looked at first."""
    yield from plan.problems
    made: set[Path] = set()
    for job in plan.jobs:
        try:
            for part, imported in _parts(job, options):
                for target in _targets(part, options):
                    check_free(target, plan, made)
                yield _kept_or_made(part, imported, method, options, on_progress)
                made |= {target.resolve() for target in _targets(part, options)}
        except Exception as error:  # noqa: BLE001 (one scan must not take the others with it)
            yield failed(job.scan.path, error)


def _parts(job: Job, options: Options) -> list[tuple[Job, ImportedStudy | None]]:
    """Return the scan, still to be read, or each of its gates, read."""
    if not options.gates:
        return [(job, None)]
    gates = job.scan.load_gates()
    if len(gates) == 1:
        return [(job, gates[0])]
    return [(replace(job, out=with_word(job.out, f"gate{gate.gate or 0:02d}")), gate) for gate in gates]


def _targets(job: Job, options: Options) -> list[Path]:
    """Return the files that the scan's results go to."""
    return [job.out, with_word(job.out, HALF_WIDTH)] if options.uncertainty else [job.out]


def _kept_or_made(
    job: Job, imported: ImportedStudy | None, method: Method, options: Options, on_progress: OnProgress | None
) -> Outcome:
    if job.out.exists() and not options.force:
        return Outcome(job.scan.path, "kept", out=job.out)
    beside = next((target for target in _targets(job, options) if target.exists()), None)
    if beside is not None and not options.force:
        message = f"{beside.name} is there already, though {job.out.name} is not"
        raise ModelError(code="reconstruct.out", message=message, remedy="Move it away, or replace it with --force.")
    if reason := why_not(job.out):
        message = f"{job.out.name} cannot be written: {reason}"
        raise ModelError(code="reconstruct.out", message=message, remedy="Name another place with --out.")
    return _reconstruct(job, _described(imported or job.scan.load(), options), method, options, on_progress)


def _reconstruct(
    job: Job, imported: ImportedStudy, method: Method, options: Options, on_progress: OnProgress | None
) -> Outcome:
    path = job.scan.path
    imported = _usable(imported)
    counts = float(imported.study.projections[0].sum(dtype=np.float64))
    if counts <= 0:
        message = f"the photopeak window holds {counts:g} counts, expected more than 0"
        raise ModelError(code="sample.empty", message=message)
    heard = None if on_progress is None else (lambda done: on_progress(path, done))
    image, half_width, alarm, seconds = _image(imported.study, method, options, heard)
    notes = (*imported.notes, *_warnings(imported.study), *alarm)
    scale, unit = 1.0, COUNTS
    if options.quantitative:
        scale, unit = activity_of_a_count(imported), BQ_PER_ML
        notes = (*notes, activity_words(imported))
    template = path if job.scan.kind is FileKind.DICOM else None
    written = (
        [(job.out, image)] if half_width is None else [(with_word(job.out, HALF_WIDTH), half_width), (job.out, image)]
    )
    for target, volume in written:
        described = (
            method.describe() if target is job.out else {**method.describe(), "shows": "half-width of the interval"}
        )
        export_volume(target, volume * np.float32(scale), imported, method=described, unit=unit, template=template)
    map_file = job.scan.map_file if imported.study.attenuation is not None else None
    return Outcome(path, "done", job.out, seconds, counts, notes, map_file, unit)


def _described(imported: ImportedStudy, options: Options) -> ImportedStudy:
    """Put in what the user says of the camera."""
    if options.collimator is not None:
        collimator, intrinsic_mm = options.collimator
        geometry = replace(imported.study.geometry, collimator=collimator, intrinsic_fwhm_mm=intrinsic_mm)
        note = (
            f"The collimator was given and replaces what was read or assumed: holes {collimator.hole_mm} mm, {collimator.length_mm} mm long, "
            f"intrinsic {intrinsic_mm} mm."
        )
        imported = with_note(replace(imported, study=replace(imported.study, geometry=geometry)), note)
    if options.sensitivity_cps_per_mbq is not None:
        imported = _with_sensitivity(imported, options.sensitivity_cps_per_mbq)
    return imported


def _with_sensitivity(imported: ImportedStudy, cps_per_mbq: float) -> ImportedStudy:
    """Put in the camera's sensitivity; half-life and times that the study carries stay."""
    carried = imported.study.provenance.get(CALIBRATION)
    before = carried.get("sensitivity_cps_per_mbq") if isinstance(carried, Mapping) else None
    study = with_calibration(imported.study, ActivityCalibration(cps_per_mbq))
    imported = replace(imported, study=study)
    if before in (None, cps_per_mbq):
        return imported
    return with_note(
        imported, f"The sensitivity was given and replaces the study's: {cps_per_mbq:g} counts per second per MBq."
    )


def _image(
    study: Study, method: Method, options: Options, heard: Callable[[float], None] | None
) -> tuple[Volume, Volume | None, list[str], float]:
    """Return the image, the half-width of its interval where asked for, the alarm's words, and the seconds it took."""
    started = time.perf_counter()
    if not isinstance(method, NetworkMethod):
        image = method(study, on_progress=heard)
        return image, None, [], time.perf_counter() - started
    from model.confidence.images import alarm_of, reconstruct_with_uncertainty

    if options.uncertainty:
        found = reconstruct_with_uncertainty(study, method.network, method.card, on_progress=heard)
        words = _alarm_words(found.alarm) + ([] if found.promise_holds else [NO_PROMISE])
        return found.image, found.half_width, words, found.seconds
    image = method(study, on_progress=heard)
    seconds = time.perf_counter() - started
    return image, None, _alarm_words(alarm_of(study, image, method.card)), seconds


def _alarm_words(alarm: Alarm | None) -> list[str]:
    if alarm is None or alarm.level is Level.OK:
        return []
    return [
        f"{finding.sentence} {finding.remedy}".strip() for finding in alarm.findings if finding.level is not Level.OK
    ]


def _usable(imported: ImportedStudy) -> ImportedStudy:
    """Leave out energy windows that allow no scatter estimate, and say where scatter comes from."""
    study = imported.study
    try:
        source = scatter_source(study)
    except ScatterWindowsUnusable as error:
        geometry = replace(study.geometry, windows=study.geometry.windows[:1])
        alone = replace(study, geometry=geometry, projections=study.projections[:1])
        note = f"Only the photopeak window was used: {error.message}."
        return _usable(with_note(replace(imported, study=alone), note))
    words = _SCATTER_NOTES.get(source)
    return imported if words is None else with_note(imported, words)


_SCATTER_NOTES = {
    ScatterSource.NONE: "There is no scatter estimate: the image holds scattered counts, a quarter or more too many.",
    ScatterSource.DUAL_WINDOW: "Scatter was estimated from the energy window below the photopeak.",
    ScatterSource.TRIPLE_WINDOW: "Scatter was estimated from the energy windows on both sides of the photopeak.",
}


def _warnings(study: Study) -> list[str]:
    return [] if study.attenuation is not None else [NO_MAP]
