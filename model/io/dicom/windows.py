# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Which energy windows a file holds, which of them is the photopeak, and what was injected. Torch-free.

The photopeak is the window that holds the radionuclide's main line; where several do, the widest; where the radionuclide
is not known, 140.5 keV of Tc-99m stands for it. Where no window holds the line, the one whose middle is nearest.
"""

from __future__ import annotations

from collections.abc import Sequence

from model.errors import DicomError
from model.geometry import TC99M_PEAK, EnergyWindow
from model.io.dicom.cameras import TC99M, Radionuclide, radionuclide_of
from model.io.dicom.fields import Fields, element_name
from model.io.imported import Administration
from model.io.notes import note

HIGHEST_KEV = 1000.0
_SECONDS_A_DAY = 86400.0


def read_radionuclide(fields: Fields) -> Radionuclide | None:
    """Return the radionuclide if it is one of those that are known."""
    for item in fields.items("RadiopharmaceuticalInformationSequence", "radiopharmaceutical"):
        for code in item.items("RadionuclideCodeSequence", "radionuclide"):
            found = radionuclide_of(code.word("CodeValue"), code.word("CodeMeaning"))
            if found is not None:
                return found
    return None


def read_administration(fields: Fields, nuclide: Radionuclide | None) -> Administration:
    """Return the injected activity and the time from the injection to the scan, both without a date."""
    items = fields.items("RadiopharmaceuticalInformationSequence", "radiopharmaceutical")
    if not items:
        return Administration(
            radionuclide=nuclide.name if nuclide else None, half_life_s=nuclide.half_life_s if nuclide else None
        )
    dose = items[0].number("RadionuclideTotalDose")
    if dose is not None and dose > 1e5:  # nuclear medicine writes MBq (C.8.4.10), PET and some cameras Bq
        dose /= 1e6
    injected = _seconds(items[0].word("RadiopharmaceuticalStartTime"))
    scanned = _seconds(fields.word("AcquisitionTime"))
    uptake = None if injected is None or scanned is None else (scanned - injected) % _SECONDS_A_DAY
    return Administration(
        radionuclide=nuclide.name if nuclide else None,
        activity_mbq=dose if dose is not None and dose > 0 else None,
        uptake_s=uptake,
        half_life_s=nuclide.half_life_s if nuclide else None,
    )


def _seconds(time: str) -> float | None:
    digits = time.partition(".")[0]
    if len(digits) < 6 or not digits[:6].isdigit():
        return None
    return int(digits[:2]) * 3600.0 + int(digits[2:4]) * 60.0 + int(digits[4:6])


def read_windows(
    fields: Fields, numbers: list[int], nuclide: Radionuclide | None
) -> tuple[list[tuple[int, EnergyWindow]], list[str]]:
    """Return (number in the window vector, window), the photopeak first, and notes.

    Raises
    ------
    DicomError
        ``dicom.windows_unknown`` or ``dicom.bad_value``.
    """
    items = fields.items("EnergyWindowInformationSequence", "energy window")
    line = (nuclide or TC99M).peak_kev
    notes: list[str] = []
    limits: dict[int, tuple[float, float]] = {}
    for number in numbers:
        ranges = _ranges(items[number - 1]) if number <= len(items) else []
        if len(ranges) > 1:
            notes.append(note("window.ranges", number=number, ranges=len(ranges), line_kev=line))
        if ranges:
            limits[number] = min(ranges, key=lambda r: (not r[0] <= line <= r[1], abs(sum(r) / 2 - line)))
    if not limits and len(numbers) == 1:
        notes.append(note("window.no_limits", line_kev=TC99M.peak_kev))
        return [(numbers[0], TC99M_PEAK)], notes
    if len(limits) < len(numbers):
        msg = f"the file has {len(numbers)} energy windows but the limits of {len(limits)}"
        raise DicomError("dicom.windows_unknown", msg, "Export the photopeak window on its own.")
    if nuclide is None:
        notes.append(note("nuclide.unknown"))
    peak = min(numbers, key=lambda n: _distance(limits[n], line))
    if not limits[peak][0] <= line <= limits[peak][1]:
        notes.append(no_line_note(line))
    ordered = [peak, *(n for n in numbers if n != peak)]
    return [(n, _named(limits[n], limits[peak], n)) for n in ordered], notes


def in_order(windows: Sequence[EnergyWindow], line_kev: float) -> list[tuple[int, EnergyWindow]]:
    """Return (index, window), the photopeak first and named anew: in files of their own each is called photopeak."""
    limits = [(window.lower_kev, window.upper_kev) for window in windows]
    peak = min(range(len(limits)), key=lambda i: _distance(limits[i], line_kev))
    ordered = [peak, *(i for i in range(len(limits)) if i != peak)]
    return [(i, _named(limits[i], limits[peak], i + 1)) for i in ordered]


def no_line_note(line_kev: float) -> str:
    """Return the sentence for windows that all miss the radionuclide's line."""
    return note("window.no_line", line_kev=line_kev)


def _distance(limits: tuple[float, float], line: float) -> tuple[bool, float, float]:
    holds = limits[0] <= line <= limits[1]
    width = limits[1] - limits[0]
    return (not holds, -width if holds else abs(sum(limits) / 2 - line), limits[0])


def _ranges(item: Fields) -> list[tuple[float, float]]:
    found = []
    for part in item.items("EnergyWindowRangeSequence", "range"):
        lower, upper = part.number("EnergyWindowLowerLimit"), part.number("EnergyWindowUpperLimit")
        if lower is None or upper is None:
            continue
        if not 0 <= lower < upper <= HIGHEST_KEV:
            msg = f"{element_name('EnergyWindowLowerLimit')} to upper limit{part.place} is {lower:g} to {upper:g} keV"
            raise DicomError("dicom.bad_value", msg, "Export the acquisition again with its full header.")
        found.append((lower, upper))
    return found


def _named(limits: tuple[float, float], peak: tuple[float, float], number: int) -> EnergyWindow:
    if limits == peak:
        return EnergyWindow("photopeak", *limits)
    name = (
        "scatter"
        if limits[1] <= peak[0] + 1.0
        else "upper scatter"
        if limits[0] >= peak[1] - 1.0
        else f"window {number}"
    )
    return EnergyWindow(name, *limits)
