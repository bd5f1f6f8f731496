# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
r"""Activity concentration in Bq/mL from counts, where the study carries the camera's sensitivity.

A reconstruction is in expected detected counts per voxel without attenuation over the whole acquisition,
:math:`x`. With the sensitivity :math:`S` of one detector head in counts per second per MBq (a planar source in air, in
the photopeak), the acquisition time :math:`T` in seconds (the sum over the views) and the voxel's volume :math:`V` in ml,

.. math:: c\,[\mathrm{Bq/mL}] = \frac{x}{S\,T\,V}\;10^6 .

That is the mean over the acquisition. The value at its start is larger by :math:`\lambda T_w / (1 - e^{-\lambda T_w})`,
at an earlier time (the injection) by :math:`e^{\lambda t}` more, with :math:`\lambda = \ln 2 / T_{1/2}` and the wall-clock
time :math:`T_w` of the acquisition.

In a study's provenance the object ``activity_calibration`` holds ``sensitivity_cps_per_mbq`` and optionally ``half_life_s``,
``acquisition_s`` (wall clock; the sum of the views over the number of heads unless given) and ``reference_to_start_s``. The
reader of DICOM puts half-life and wall clock there, so that they outlive the import; for a gate it is the whole scan's. Torch-free.

References
----------
Dewaraja et al., MIRD pamphlet no. 23, J Nucl Med 53 (2012) 1310 (sensitivity of a planar source, decay during the
acquisition); NEMA NU 1-2018, 3.3 (system planar sensitivity).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Self

from model.errors import QuantificationError
from model.geometry import AcquisitionGeometry
from model.io.imported import ImportedStudy
from model.io.study_records import Study

KEY = "activity_calibration"
_FIELDS = ("sensitivity_cps_per_mbq", "half_life_s", "acquisition_s", "reference_to_start_s")


@dataclass(frozen=True)
class ActivityCalibration:
    """What turns counts into activity.

    Parameters
    ----------
    sensitivity_cps_per_mbq : float
        Counts per second per MBq in the photopeak, of one detector head.
    half_life_s : float or None
        For decay correction; none is made without.
    acquisition_s : float or None
        Wall-clock time of the acquisition; two heads need half of the sum of the views.
    reference_to_start_s : float
        From the time that the result refers to (the injection, say) to the start of the acquisition; 0 is the start.

    Raises
    ------
    QuantificationError
        ``quantification.bad_value``.
    """

    sensitivity_cps_per_mbq: float
    half_life_s: float | None = None
    acquisition_s: float | None = None
    reference_to_start_s: float = 0.0

    def __post_init__(self) -> None:
        for name in ("sensitivity_cps_per_mbq", "half_life_s", "acquisition_s"):
            value = getattr(self, name)
            if value is not None and not (_is_number(value) and value > 0):
                message = f"the calibration's {name} is {value!r}, expected a number above 0"
                raise QuantificationError("quantification.bad_value", message)
        if not _is_number(self.reference_to_start_s):
            message = f"the calibration's reference_to_start_s is {self.reference_to_start_s!r}, expected a number"
            raise QuantificationError("quantification.bad_value", message)

    @classmethod
    def from_provenance(cls, provenance: Mapping[str, Any]) -> Self:
        """Read the object ``activity_calibration``; fields that this version does not know are left out.

        Raises
        ------
        QuantificationError
            ``quantification.missing`` where there is none, ``quantification.bad_value``.
        """
        data = provenance.get(KEY)
        if not isinstance(data, Mapping) or data.get("sensitivity_cps_per_mbq") is None:
            message = "the study carries no sensitivity (counts per second per MBq), so counts cannot become Bq/mL"
            remedy = "Give the camera's sensitivity with --sensitivity, or leave --quantitative out."
            raise QuantificationError("quantification.missing", message, remedy)
        return cls(**{name: data[name] for name in _FIELDS if data.get(name) is not None})


def with_calibration(study: Study, calibration: ActivityCalibration) -> Study:
    """Return the study with a calibration in its provenance, kept by the study file.

    What the calibration leaves open (None, a reference time of 0) stays as the study has it.
    """
    there = study.provenance.get(KEY)
    known = {name: value for name, value in asdict(calibration).items() if value}
    merged = {**(there if isinstance(there, Mapping) else {}), **known}
    return replace(study, provenance={**study.provenance, KEY: merged})


def bq_per_ml_of_a_count(calibration: ActivityCalibration, geometry: AcquisitionGeometry) -> float:
    """Return the activity concentration (Bq/mL) that one count per voxel means, decay corrected as the module says."""
    counted_s = math.fsum(geometry.duration_s)
    ml = math.prod(geometry.grid.voxel_mm) / 1000.0
    mean = 1e6 / (calibration.sensitivity_cps_per_mbq * counted_s * ml)
    return mean * decay_factor(calibration, calibration.acquisition_s or counted_s)


def decay_factor(calibration: ActivityCalibration, acquisition_s: float) -> float:
    """Return activity at the reference time over the mean activity during the acquisition; 1 without a half-life."""
    if calibration.half_life_s is None:
        return 1.0
    rate = math.log(2) / calibration.half_life_s
    during = rate * acquisition_s / -math.expm1(-rate * acquisition_s)
    return during * math.exp(rate * calibration.reference_to_start_s)


def activity_of_a_count(imported: ImportedStudy) -> float:
    """Return the Bq/mL that one count per voxel of the study's image means.

    Its study's provenance holds the calibration; a half-life may come from the administration.

    Raises
    ------
    QuantificationError
        ``quantification.missing`` or ``quantification.bad_value``; ``quantification.no_attenuation`` without a map,
        when no counts are right.
    """
    if imported.study.attenuation is None:
        calibration_of(imported)  # what is missing first is said first
        message = "the study has no attenuation map, so the image is not quantitative"
        raise QuantificationError("quantification.no_attenuation", message, "Name its CT with --ct.")
    return bq_per_ml_of_a_count(calibration_of(imported), imported.study.geometry)


def calibration_of(imported: ImportedStudy) -> ActivityCalibration:
    """Return a study's calibration; half-life and wall-clock time as the file tells them where it has none itself.

    Raises
    ------
    QuantificationError
        ``quantification.missing`` or ``quantification.bad_value``.
    """
    calibration = ActivityCalibration.from_provenance(imported.study.provenance)
    if calibration.half_life_s is None:
        calibration = replace(calibration, half_life_s=imported.administration.half_life_s)
    if calibration.acquisition_s is None:
        counted_s = math.fsum(imported.study.geometry.duration_s)
        calibration = replace(calibration, acquisition_s=counted_s / imported.heads)
    return calibration


def activity_words(imported: ImportedStudy) -> str:
    """Say in a sentence what the Bq/mL of a study refer to."""
    calibration = calibration_of(imported)
    words = f"{calibration.sensitivity_cps_per_mbq:g} counts per second per MBq"
    if calibration.half_life_s is None:
        return f"Bq/mL with {words}: the mean over the acquisition, as no half-life is known."
    when = "at the start of the acquisition"
    if calibration.reference_to_start_s:
        when = f"{calibration.reference_to_start_s:g} s before the start of the acquisition"
    seconds = calibration.acquisition_s
    return f"Bq/mL with {words}, {when}: decay with a half-life of {calibration.half_life_s:g} s over {seconds:g} s was undone."


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)
