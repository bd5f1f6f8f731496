"""Nothing of a patient gets from a DICOM file into a study, a note, a message or a log."""

from __future__ import annotations

import json
import logging
import traceback
from pathlib import Path
from typing import Any

import pydicom
import pytest
from pydicom.datadict import DicomDictionary, keyword_for_tag

from model.errors import ModelError
from model.io.dicom import read_nm
from model.io.patient_keys import patient_key, token
from model.io.study import write_study
from tests.support.dicom import SENTINEL, nm_file

SITE_KEY = b"0123456789abcdef"
_VALUES = {
    "PN": f"{SENTINEL}^JOHN", "LO": SENTINEL, "SH": SENTINEL, "LT": SENTINEL, "ST": SENTINEL, "UT": SENTINEL,
    "UC": SENTINEL, "UR": f"http://{SENTINEL}", "CS": SENTINEL, "AE": SENTINEL, "DA": "19510203", "TM": "112233.445566",
    "DT": "19510203112233", "AS": "077Y", "IS": "7731", "DS": "7731.25", "UI": "1.2.7731.7731.7731",
}  # fmt: skip
TRACES = (SENTINEL, "19510203", "112233.445566", "077Y", "7731")
# What the reader needs in its own words, so that the file stays a readable acquisition.
_NEEDED = {
    "SOPClassUID", "Modality", "ImageType", "NumberOfFrames", "RotationDirection", "PatientPosition", "StartAngle",
    "AngularStep", "ScanArc", "RadialPosition", "RescaleSlope", "RescaleIntercept", "PixelSpacing", "ActualFrameDuration",
    "EnergyWindowLowerLimit", "EnergyWindowUpperLimit", "ImagePositionPatient", "ImageOrientationPatient",
    "LossyImageCompression", "PhotometricInterpretation", "TableTraverse", "TableHeight", "CollimatorType",
    "SpecificCharacterSet", "RadionuclideTotalDose",
}  # fmt: skip


def plant(dataset: Any) -> None:
    """Put the sentinel into every element of a text, name, date or number kind that the standard knows, and private ones."""
    for tag, (vr, *_) in DicomDictionary.items():
        keyword = keyword_for_tag(tag)
        group = tag >> 16
        if vr in _VALUES and keyword and keyword not in _NEEDED and group not in (0x0000, 0x0002, 0x0004, 0xFFFE):
            dataset.add_new(tag, vr, _VALUES[vr])
    for item in (dataset.DetectorInformationSequence[0], dataset.RotationInformationSequence[0]):
        item.CollimatorGridName = item.PatientComments = SENTINEL
    block = dataset.private_block(0x0009, SENTINEL, create=True)
    block.add_new(0x01, "LO", SENTINEL)
    block.add_new(0x02, "UN", SENTINEL.encode())
    nested = pydicom.Dataset()
    nested.PatientName, nested.PatientBirthDate = f"{SENTINEL}^NESTED", "19510203"
    dataset.ReferencedPatientSequence = [nested]
    dataset.EnergyWindowInformationSequence[0].EnergyWindowName = SENTINEL
    code = dataset.RadiopharmaceuticalInformationSequence[0].RadionuclideCodeSequence[0]
    code.CodeMeaning, code.CodeValue = SENTINEL, SENTINEL


def assert_clean(text: str, where: str) -> None:
    found = [trace for trace in TRACES if trace in text]
    assert not found, f"{where} holds {found}"


def test_a_sentinel_in_every_element_is_nowhere_afterwards(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    path = nm_file(tmp_path / f"{SENTINEL}.dcm", plant)
    assert path.read_bytes().count(SENTINEL.encode()) > 1000
    imported = read_nm(path, site_key=SITE_KEY)
    write_study(tmp_path / "study.h5", imported.study)
    raw = (tmp_path / "study.h5").read_bytes()
    assert not [t for t in TRACES if t.encode() in raw]
    assert_clean(json.dumps(dict(imported.study.provenance)), "the provenance")
    assert_clean(json.dumps(imported.report.to_dict()) + imported.report.sentence(), "the report")
    assert_clean(" ".join(imported.notes), "a note")
    assert_clean(repr(imported.frame) + repr(imported.administration) + repr(imported.study.geometry), "a value")
    assert_clean(caplog.text, "the log")


@pytest.mark.parametrize(
    "keyword",
    ["Modality", "ImageType", "RotationDirection", "AngularViewVector", "PixelSpacing", "NumberOfFrames", "PixelData"],
)
def test_no_message_of_a_refusal_holds_a_value(keyword: str, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)

    def spoil(dataset: Any) -> None:
        plant(dataset)
        target = dataset.RotationInformationSequence[0] if keyword == "RotationDirection" else dataset
        if keyword in ("AngularViewVector", "PixelData", "NumberOfFrames", "PixelSpacing"):
            delattr(target, keyword)
        else:
            setattr(target, keyword, SENTINEL)

    path = nm_file(tmp_path / f"{SENTINEL}.dcm", spoil)
    with pytest.raises(ModelError) as error:
        read_nm(path)
    shown = f"{error.value} {error.value.remedy} " + "".join(traceback.format_exception(error.value))
    assert_clean(shown.replace(str(path), ""), "the message")
    assert_clean(caplog.text.replace(str(path), ""), "the log")


def test_the_report_counts_by_name_and_tells_what_was_kept(tmp_path: Path) -> None:
    def add(dataset: Any) -> None:
        dataset.OperatorsName = "A^B"
        dataset.add_new(0x00091001, "LO", "x")

    report = read_nm(nm_file(tmp_path / "a.dcm", add)).report
    removed = {r.name: (r.category, r.count) for r in report.removed}
    assert removed["PatientName"] == ("name", 1)
    assert removed["OperatorsName"] == ("name", 1)
    assert removed["StudyDate"] == ("date or time", 1)
    assert removed["StudyInstanceUID"] == ("unique identifier", 1)
    assert removed["(0009,1001)"] == ("private", 1)
    kept = {k.name for k in report.kept}
    assert {"PixelData", "AngularViewVector", "RadialPosition"} <= kept
    assert not kept & removed.keys()
    assert report.removed_count == sum(r.count for r in report.removed)


def test_rest_and_stress_of_one_patient_share_a_key_under_the_sites_secret_only(tmp_path: Path) -> None:
    def named(name: str) -> Any:
        def change(dataset: Any) -> None:
            dataset.PatientID = name

        return change

    rest, stress = nm_file(tmp_path / "r.dcm", named("PAT-1")), nm_file(tmp_path / "s.dcm", named(" pat-1 "))
    other = nm_file(tmp_path / "o.dcm", named("PAT-2"))

    def key(path: Path, secret: bytes | None) -> str:
        return str(read_nm(path, site_key=secret).study.provenance["patient_key"])

    assert key(rest, SITE_KEY) == key(stress, SITE_KEY)
    assert key(rest, SITE_KEY) != key(other, SITE_KEY)
    assert key(rest, SITE_KEY) != key(rest, b"another secret of 22 b")
    assert key(rest, None) != key(rest, None)
    assert any("random" in note for note in read_nm(rest).notes)
    assert not any("random" in note for note in read_nm(rest, site_key=SITE_KEY).notes)


def test_a_patient_without_a_number_gets_a_random_key(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "a.dcm", lambda d: setattr(d, "PatientID", ""))
    imported = read_nm(path, site_key=SITE_KEY)
    assert imported.report.patient_key == "random"
    assert imported.study.provenance["patient_key"] != read_nm(path, site_key=SITE_KEY).study.provenance["patient_key"]


def test_a_short_secret_is_refused() -> None:
    with pytest.raises(ModelError, match="at least 16") as error:
        patient_key(["", "1"], site_key=b"short")
    assert error.value.code == "dicom.site_key"


def test_a_token_recognises_and_hides() -> None:
    assert token("1.2.3 ") == token("1.2.3")
    assert token("1.2.3") != token("1.2.4")
    assert token("  ") is None
    assert "1.2.3" not in str(token("1.2.3"))
