"""Files as different makers write them: heads, orbits, radii, collimators, radionuclides, positions."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from pydicom.sr._snomed_dict import mapping
from pydicom.sr.codedict import codes
from pydicom.sr.coding import Code

from model.errors import DicomError
from model.geometry import LEHR_INTEVO, LEHR_NM670, Collimator
from model.io.dicom import read_nm
from model.io.dicom.cameras import RADIONUCLIDES, Radionuclide, collimator_of, maker_of, radionuclide_of
from model.io.dicom.modules import code, save
from model.io.imported import ImportedStudy
from tests.support.dicom import plain_nm_dataset

FRAMES = np.arange(4 * 6 * 7, dtype=np.uint16).reshape(4, 6, 7) + 1


def read(tmp_path: Path, dataset: Any, **options: Any) -> ImportedStudy:
    save(tmp_path / "a.dcm", dataset)
    return read_nm(tmp_path / "a.dcm", **options)


def degrees(imported: ImportedStudy) -> list[float]:
    return [round(float(a), 6) % 360 for a in np.degrees(imported.study.geometry.angles_rad)]


def test_frames_are_ordered_by_their_vectors_not_by_their_place(tmp_path: Path) -> None:
    plain = read(tmp_path, plain_nm_dataset(FRAMES)).study.projections
    order = [2, 0, 3, 1]
    shuffled = plain_nm_dataset(FRAMES[order])
    shuffled.AngularViewVector = [1 + i for i in order]
    assert np.array_equal(read(tmp_path, shuffled).study.projections, plain)


def test_each_head_has_its_own_start_angle_and_radii(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES, heads=2, start_deg=0.0, step_deg=6.0, direction="CW", head_gap_deg=90.0)
    for head, radius in zip(dataset.DetectorInformationSequence, ("180", "190"), strict=True):
        head.RadialPosition = radius
    got = read(tmp_path, dataset)
    assert degrees(got) == [0.0, 354.0, 90.0, 84.0]
    assert got.study.geometry.radius_mm == (180.0, 180.0, 190.0, 190.0)
    assert got.heads == 2


def test_radii_of_both_heads_may_stand_in_the_rotation(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES, heads=2)
    dataset.RotationInformationSequence[0].RadialPosition = ["181", "182", "191", "192"]
    assert read(tmp_path, dataset).study.geometry.radius_mm == (181.0, 182.0, 191.0, 192.0)
    dataset.RotationInformationSequence[0].RadialPosition = ["181", "182"]
    assert read(tmp_path, dataset).study.geometry.radius_mm == (181.0, 182.0, 181.0, 182.0)


def test_a_rotation_for_each_head_is_understood(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES, heads=2, start_deg=30.0, step_deg=5.0)
    second = copy.deepcopy(dataset.RotationInformationSequence[0])
    second.StartAngle = "210"
    dataset.RotationInformationSequence.append(second)
    dataset.RotationVector, dataset.NumberOfRotations = [1, 1, 2, 2], 2
    assert degrees(read(tmp_path, dataset)) == [30.0, 35.0, 210.0, 215.0]
    for head in dataset.DetectorInformationSequence:
        del head.StartAngle
    assert degrees(read(tmp_path, dataset)) == [30.0, 35.0, 210.0, 215.0]


def test_two_rotations_of_one_head_there_and_back(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES, start_deg=30.0, step_deg=5.0)
    back = copy.deepcopy(dataset.RotationInformationSequence[0])
    back.StartAngle, back.RotationDirection = "40", "CW"
    for item in (dataset.RotationInformationSequence[0], back):
        item.NumberOfFramesInRotation = 2
    dataset.RotationInformationSequence.append(back)
    dataset.RotationVector, dataset.NumberOfRotations = [1, 1, 2, 2], 2
    dataset.AngularViewVector = [1, 2, 1, 2]
    assert degrees(read(tmp_path, dataset)) == [30.0, 35.0, 40.0, 35.0]


def test_views_may_be_numbered_on_over_the_heads(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES, heads=2, step_deg=5.0, start_deg=0.0)
    dataset.AngularViewVector = [1, 2, 3, 4]
    assert degrees(read(tmp_path, dataset)) == [0.0, 5.0, 180.0, 185.0]


def test_heads_that_turn_together_need_angles_of_their_own(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES, heads=2)
    del dataset.DetectorInformationSequence[1].StartAngle
    with pytest.raises(DicomError, match=r"Start Angle .* in detector 2") as error:
        read(tmp_path, dataset)
    assert error.value.code == "dicom.missing_element"
    dataset.DetectorInformationSequence[1].StartAngle = dataset.DetectorInformationSequence[0].StartAngle
    with pytest.raises(DicomError, match="same 180 degrees"):
        read(tmp_path, dataset)


def test_radius_offsets_of_the_maker_are_added(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES, radius_mm=200.0)
    inner = pydicom.Dataset()
    inner.add_new(0x00130010, "LO", "GEMS_GENIE_1")
    inner.add_new(0x0013101E, "FL", [0.0, 0.0, 1.5, 0.0, 0.0, 2.5, 0.0, 0.0, 3.5, 0.0, 0.0, -4.5])
    dataset.add_new(0x00550010, "LO", "GEMS_GENIE_1")
    dataset.add_new(0x00551022, "SQ", [inner])
    got = read(tmp_path, dataset)
    assert got.study.geometry.radius_mm == (201.5, 202.5, 203.5, 195.5)
    assert any("offsets were added" in n for n in got.notes)
    inner[0x0013101E].value = [0.0, 0.0, 1.5]
    assert any("were ignored" in n for n in read(tmp_path, dataset).notes)


def test_what_a_file_does_not_hold_is_assumed_and_said(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES)
    rotation = dataset.RotationInformationSequence[0]
    del rotation.RadialPosition, rotation.ActualFrameDuration, rotation.AngularStep
    got = read(tmp_path, dataset)
    assert degrees(got) == [180.0, 210.0, 240.0, 270.0]  # the scan arc divided by the views
    assert got.study.geometry.radius_mm[0] == 250.0
    assert got.study.geometry.collimator == LEHR_NM670
    text = " ".join(got.notes)
    for word in ("Radial Position", "Frame Duration", "collimator", "intrinsic resolution", "radionuclide"):
        assert word in text
    mine = Collimator("mine", 2.0, 30.0)
    told = read(tmp_path, dataset, collimator=mine, intrinsic_fwhm_mm=3.3)
    assert told.study.geometry.collimator == mine
    assert told.study.geometry.intrinsic_fwhm_mm == 3.3
    assert "collimator" not in " ".join(told.notes)


def test_makers_and_collimators_are_known_by_their_words() -> None:
    assert maker_of("GE MEDICAL SYSTEMS, Nuclear") == "ge"
    assert maker_of("Siemens NM") == "siemens"
    assert maker_of("Dr. Somebody's camera") is None
    assert collimator_of("siemens", "LEHR") == LEHR_INTEVO
    assert collimator_of("ge", "Low Energy High Resolution") == LEHR_NM670
    assert collimator_of("siemens", "ME") == Collimator("ME siemens", 2.94, 40.64)
    assert collimator_of(None, "LEHR") is None
    assert collimator_of("ge", "something else") is None


def test_a_known_collimator_is_taken_from_the_table(tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES)
    dataset.Manufacturer = "SIEMENS NM"
    dataset.DetectorInformationSequence[0].CollimatorGridName = "LEHR"
    got = read(tmp_path, dataset)
    assert got.study.geometry.collimator == LEHR_INTEVO
    assert got.study.provenance["maker"] == "siemens"


def with_windows(dataset: Any, limits: list[tuple[str, str]]) -> Any:
    windows = []
    for lower, upper in limits:
        window, part = pydicom.Dataset(), pydicom.Dataset()
        part.EnergyWindowLowerLimit, part.EnergyWindowUpperLimit = lower, upper
        window.EnergyWindowRangeSequence = [part]
        windows.append(window)
    dataset.EnergyWindowInformationSequence = windows
    dataset.NumberOfEnergyWindows = len(limits)
    dataset.EnergyWindowVector = [1 + i % len(limits) for i in range(4)]
    dataset.AngularViewVector = [1 + i // len(limits) for i in range(4)]
    dataset.RotationInformationSequence[0].NumberOfFramesInRotation = 4 // len(limits)
    return dataset


def test_the_photopeak_follows_the_radionuclide(tmp_path: Path) -> None:
    limits = [("126.45", "154.55"), ("143", "175")]
    assert read(tmp_path, with_windows(plain_nm_dataset(FRAMES), limits)).study.geometry.windows[0].lower_kev == 126.45
    iodine = with_windows(plain_nm_dataset(FRAMES), limits)
    dose = pydicom.Dataset()
    dose.RadionuclideCodeSequence = [code("C-114A4", "SRT", "^123^Iodine")]
    dose.RadionuclideTotalDose, dose.RadiopharmaceuticalStartTime = "185", "101500"
    iodine.RadiopharmaceuticalInformationSequence, iodine.AcquisitionTime = [dose], "114530.25"
    got = read(tmp_path, iodine)
    assert [w.lower_kev for w in got.study.geometry.windows] == [143.0, 126.45]
    assert np.array_equal(got.study.projections[0], FRAMES[1::2, ::-1])
    assert got.administration.radionuclide == "I-123"
    assert got.administration.activity_mbq == 185.0
    assert got.administration.uptake_s == 5430.0
    dose.RadionuclideTotalDose = "185000000"
    assert read(tmp_path, iodine).administration.activity_mbq == pytest.approx(185.0)


def test_of_nested_windows_the_widest_is_the_photopeak_and_neighbours_get_names(tmp_path: Path) -> None:
    got = read(tmp_path, with_windows(plain_nm_dataset(FRAMES), [("133", "147"), ("126", "154")]))
    assert [w.lower_kev for w in got.study.geometry.windows] == [126.0, 133.0]
    named = read(tmp_path, with_windows(plain_nm_dataset(FRAMES), [("110", "126"), ("126", "154")]))
    assert [w.name for w in named.study.geometry.windows] == ["photopeak", "scatter"]


def test_radionuclides_are_known_by_code_or_name() -> None:
    for code_value, meaning, name in (
        ("C-163A8", "", "Tc-99m"), ("", "^99m^Technetium", "Tc-99m"), ("", "Tc-99m", "Tc-99m"), ("1368003", "x", "I-131"),
        ("", "Technetium Tc-99m", "Tc-99m"), ("", "Tc 99 m tetrofosmin", "Tc-99m"), ("", "Thallium-201 chloride", "Tl-201"),
        ("", "123I-MIBG", "I-123"), ("", "Indium In-111 oxyquinoline", "In-111"), ("", "Lu-177 DOTATATE", "Lu-177"),
    ):  # fmt: skip
        found = radionuclide_of(code_value, meaning.upper())
        assert found is not None, meaning
        assert found.name == name


def test_words_that_name_no_radionuclide_or_several_tell_none() -> None:
    for meaning in ("John Doe", "Tc-99", "I-1234", "1123I", "Xi-123", "Ga-67 or Tl-201", "Technetium", "99m"):
        assert radionuclide_of("", meaning.upper()) is None, meaning


@pytest.mark.parametrize("nuclide", RADIONUCLIDES, ids=lambda r: r.name)
def test_codes_and_names_of_radionuclides_are_those_of_the_standard(nuclide: Radionuclide) -> None:
    _, _, mass = nuclide.name.partition("-")
    concept = getattr(codes.cid18, f"_{mass}{nuclide.element.title()}")
    assert nuclide.codes == (mapping["SCT"][concept.value], concept.value)
    assert radionuclide_of("", concept.meaning.upper()) is nuclide


@pytest.mark.parametrize(("value", "meaning"), [("60057003", ""), ("C-138A9", ""), ("", "Thallium-201 chloride")])
def test_thallium_is_reconstructed_from_its_x_rays(tmp_path: Path, value: str, meaning: str) -> None:
    dataset = with_windows(plain_nm_dataset(FRAMES), [("60.4", "81.7"), ("150.3", "183.7")])
    dose = pydicom.Dataset()
    dose.RadionuclideCodeSequence = [code(value, "SCT", meaning)]
    dataset.RadiopharmaceuticalInformationSequence = [dose]
    windows = read(tmp_path, dataset).study.geometry.windows
    assert [(w.name, w.lower_kev) for w in windows] == [("photopeak", 60.4), ("upper scatter", 150.3)]


def placed(position: list[float], *, height: str | None = None) -> Any:
    dataset = plain_nm_dataset(FRAMES, start_deg=180.0, radius_mm=200.0, pixel_mm=10.0)
    dataset.DetectorInformationSequence[0].ImagePositionPatient = position
    if height is not None:
        dataset.RotationInformationSequence[0].TableHeight = height
    return dataset


def test_three_ways_of_giving_the_position_are_told_apart(tmp_path: Path) -> None:
    half, lowest = 30.0, 55.0 - 50.0  # 7 bins and 6 rows of 10 mm; the first row is the highest
    axis = read(tmp_path, placed([5.0, 0.0, 55.0], height="120"))
    corner = read(tmp_path, placed([-30.0, -30.0, 55.0]))
    first_pixel = read(
        tmp_path, placed([-28.0, -207.0, 55.0])
    )  # in the anterior view: left of the axis, radius in front
    for got, expected in (
        (axis, (5.0 - half, -120.0 - half, lowest)),
        (corner, (-30.0, -30.0, lowest)),
        (first_pixel, (2.0 - half, -7.0 - half, lowest)),
    ):
        assert got.frame is not None
        assert got.frame.positioned
        assert np.allclose(got.frame.origin_mm, expected)


def test_a_file_without_a_position_is_centred(tmp_path: Path) -> None:
    got = read(tmp_path, plain_nm_dataset(FRAMES)).frame
    assert got is not None
    assert not got.positioned
    assert np.allclose(got.origin_mm, (-30.0, -30.0, -25.0))


@pytest.mark.parametrize(
    ("position", "word"), [("HFP", "prone"), ("FFS", "feet first"), ("HFDL", "on the side"), ("HFS", "")]
)
def test_how_the_patient_lay_is_said(position: str, word: str, tmp_path: Path) -> None:
    dataset = plain_nm_dataset(FRAMES)
    dataset.PatientPosition = position
    notes = [n for n in read(tmp_path, dataset).notes if n.startswith("The patient lay")]
    assert (len(notes) == 1 and word in notes[0]) if word else not notes


@pytest.mark.parametrize("scheme", ["SRT", "SCT"])
@pytest.mark.parametrize(
    ("concept", "word"),
    [
        (codes.cid21.FeetFirst, "feet first"), (codes.cid21.Headfirst, ""), (codes.cid20.Prone, "prone"),
        (codes.cid20.Supine, ""), (codes.cid20.LeftLateralDecubitus, "on the side"),
        (codes.cid20.RightLateralDecubitus, "on the side"),
    ],
    ids=lambda one: getattr(one, "meaning", ""),
)  # fmt: skip
def test_how_the_patient_lay_is_told_from_the_codes_of_the_standard(
    concept: Code, word: str, scheme: str, tmp_path: Path
) -> None:
    item = code(concept.value if scheme == "SCT" else mapping["SCT"][concept.value], scheme, concept.meaning)
    lying, dataset = code("102538003", "SCT", "recumbent"), plain_nm_dataset(FRAMES)
    if concept in (codes.cid21.FeetFirst, codes.cid21.Headfirst):
        dataset.PatientGantryRelationshipCodeSequence = [item]
    else:
        lying.PatientOrientationModifierCodeSequence = [item]
        dataset.PatientOrientationCodeSequence = [lying]
    notes = [n for n in read(tmp_path, dataset).notes if n.startswith("The patient lay")]
    assert (len(notes) == 1 and word in notes[0]) if word else not notes
