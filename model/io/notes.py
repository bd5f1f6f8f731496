"""What is worth telling about a scan that was read: one English sentence a code, and the way back from it. Torch-free.

Study files and databases keep the sentences; code and values are read back from them, so that those of earlier versions
have theirs, too. A page words a note by its code; a sentence that is not in the table stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache, lru_cache
from string import Formatter

NOTES: Mapping[str, str] = {
    "geometry.radii": (
        "{views} views of {bins} x {axial} bins ({bin_mm:g} mm), {collimator}, radius {nearest_mm:.0f} to {farthest_mm:.0f} mm"
    ),
    "geometry.radius": "{views} views of {bins} x {axial} bins ({bin_mm:g} mm), {collimator}, radius {radius_mm:.0f} mm",
    "geometry.slice": "{channels} channels of {height} x {width} pixels",
    "counts.few": "Only {counts:,.0f} counts; results will be noisy.",
    "map.none": "No attenuation map; attenuation will not be corrected.",
    "reference.none": "No reference image; only a training that learns from all counts can use it.",
    "labels.none": "No labels; the slice can be segmented but not used for training.",
    "views.empty": "{empty} of {views} views of the photopeak window hold no counts.",
    "files.joined": "{files} files of one acquisition were put together.",
    "gates.summed": "The {gates} gates were summed.",
    "gates.one": "This is gate {gate} of {gates}; its time is 1/{gates}.",
    "patient.random": "The patient's key is random: other studies of this patient will count as another patient's.",
    "patient.grouped": (
        "No patient is named; the file is grouped with others of its folder whose names differ in the slice's number only."
    ),
    "patient.feet_first": (
        "The patient lay feet first; angles and rows were read relative to the patient, as the standard says."
    ),
    "patient.prone": (
        "The patient lay prone; angles were read relative to the patient, as the standard says: check front and back."
    ),
    "patient.on_side": (
        "The patient lay on the side; angles were read relative to the patient, as the standard says: check the sides."
    ),
    "frames.upside_down": "The frames are stored upside down by their own header and were turned.",
    "frames.mirrored": (
        "Image Orientation (Patient) of the detector would make the frames mirror images and was not believed; "
        "check left and right in the result."
    ),
    "window.ranges": "Energy window {number} has {ranges} ranges; only the one at {line_kev:g} keV is modelled.",
    "window.no_limits": (
        "The file has no limits of its energy window; the 20 % window at {line_kev:g} keV was assumed."
    ),
    "window.no_line": "No energy window holds the line at {line_kev:g} keV; the nearest was taken as the photopeak.",
    "window.not_given": "The energy window is not given; {lower_kev}-{upper_kev} keV was assumed.",
    "nuclide.unknown": "The file does not name a radionuclide that is known here; Tc-99m was assumed.",
    "orbit.no_radius": (
        "The file has no Radial Position; a radius of {radius_mm:g} mm was assumed. The resolution model "
        "depends on it: set the radius if you know it."
    ),
    "orbit.no_duration": (
        "The file has no Actual Frame Duration; one second a view was assumed, which scales nothing but rates."
    ),
    "orbit.duration_not_given": "The time a view is not given; 1 s was assumed, which changes only rates, not counts.",
    "orbit.offsets_ignored": (
        "The maker's own radius offsets hold {entries} entries for {views} views; they were ignored."
    ),
    "orbit.offsets_added": "The maker's own radius offsets were added to the radial positions.",
    "collimator.unknown": (
        "The collimator is not in the table of known ones; {name} (hole {hole_mm} mm, length {length_mm} mm) was assumed. "
        "Give hole and length of yours for a true resolution model."
    ),
    "collimator.not_described": (
        "Interfile does not describe the collimator: {name} was assumed "
        "(holes {hole_mm} mm, {length_mm} mm long, intrinsic {intrinsic_mm} mm)."
    ),
    "camera.no_intrinsic": "DICOM does not hold the intrinsic resolution; {intrinsic_mm} mm was assumed.",
    "rows.order": (
        "Which end of a row is left and which row is nearest the head is not said; the order of the file was kept."
    ),
    "ct.made": "The attenuation map was made from a CT of {slices} slices for {energy_kev:g} keV.",
    "ct.one_frame": (
        "Not both files name a frame of reference; the CT was laid by its positions alone: check the fit."
    ),
    "ct.several": "{series} CT series share the frame of reference; the one with most slices was used.",
    "ct.of_folder": "The CT in the folder was used, though not both files name a frame of reference.",
    "ct.repeated": "{missing} of {slices} emission slices lie outside the CT: its last slice was repeated there.",
    "map.repeated": "{missing} of {slices} emission slices lie outside the map: its last slice was repeated there.",
    "map.converted_placed": (
        "The attenuation map was read in {unit}, converted for {energy_kev:g} keV and laid where both files say it lies."
    ),
    "map.converted_centred": (
        "The attenuation map was read in {unit}, converted for {energy_kev:g} keV and laid centre on centre, as its "
        "position is not known."
    ),
    "map.placed": "The attenuation map was read in {unit} and laid where both files say it lies.",
    "map.centred": "The attenuation map was read in {unit} and laid centre on centre, as its position is not known.",
    "map.not_used": "What looks like its attenuation map was not used: {reason}.",
    "map.only_one": (
        "The attenuation map was taken because it is the only one beside the only scan of the folder, not by its name: "
        "check that it is of the same examination."
    ),
    "reference.placed": (
        "A reference image was laid where both files say it lies; whether its unit is that of the counts, the "
        "calibration check decides."
    ),
    "reference.centred": (
        "A reference image was laid centre on centre, as its position is not known; whether its unit is that of the "
        "counts, the calibration check decides."
    ),
}
"""Code -> sentence; of two that would fit, the first is read. A code keeps its meaning; German stands in frontend/shared/src/i18n/notes.de.ts."""

Value = float | str
_NUMBER = re.compile(r"-?\d[\d,]*(\.\d+)?(e[+-]?\d+)?")


@dataclass(frozen=True)
class Note:
    """A sentence with its code (empty where it is not in the table) and the values in it."""

    code: str
    text: str
    values: Mapping[str, Value] = field(default_factory=dict)


def note(code: str, **values: Value) -> str:
    """Return the sentence of a code; raises KeyError where the table has no such code or a value is missing."""
    return NOTES[code].format(**values)


@lru_cache(maxsize=4096)
def read_note(text: str) -> Note:
    """Return a sentence with its code and values; numbers are as exact as the sentence has them."""
    for code in NOTES:
        found = _pattern(code).fullmatch(text)
        if found is not None:
            return Note(code, text, {name: _value(value) for name, value in found.groupdict().items()})
    return Note("", text)


@cache
def _pattern(code: str) -> re.Pattern[str]:
    parts, known = [], set[str]()
    for literal, name, _, _ in Formatter().parse(NOTES[code]):
        parts.append(re.escape(literal))
        if name is not None:
            parts.append(f"(?P={name})" if name in known else f"(?P<{name}>.+?)")
            known.add(name)
    return re.compile("".join(parts), re.DOTALL)


def _value(text: str) -> Value:
    return float(text.replace(",", "")) if _NUMBER.fullmatch(text) else text
