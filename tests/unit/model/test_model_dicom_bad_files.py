"""Every bad file gets one sentence that says what and where, a code and a remedy; never a traceback of another kind."""

from __future__ import annotations

import contextlib
import copy
import functools
import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pydicom
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydicom.data import get_testdata_file

from model.errors import ModelError
from model.io.dicom import read_nm, read_nm_gates, read_recon_tomo, write_recon_tomo
from model.io.dicom.modules import save
from model.io.study_records import Study
from tests.support.dicom import nm_file, plain_nm_dataset
from tests.support.studies import tiny_study


def rotation(dataset: Any) -> Any:
    return dataset.RotationInformationSequence[0]


def head(dataset: Any) -> Any:
    return dataset.DetectorInformationSequence[0]


def set_to(keyword: str, value: Any, where: Callable[[Any], Any] = lambda d: d) -> Callable[[Any], None]:
    return lambda dataset: setattr(where(dataset), keyword, value)


def without(*keywords: str, where: Callable[[Any], Any] = lambda d: d) -> Callable[[Any], None]:
    def change(dataset: Any) -> None:
        for keyword in keywords:
            delattr(where(dataset), keyword)

    return change


def both(*changes: Callable[[Any], None]) -> Callable[[Any], None]:
    def change(dataset: Any) -> None:
        for one in changes:
            one(dataset)

    return change


def limits(dataset: Any) -> Any:
    return dataset.EnergyWindowInformationSequence[0].EnergyWindowRangeSequence[0]


def window_of_other_views(dataset: Any) -> None:
    vector = list(dataset.AngularViewVector)
    vector[-1] = 99
    dataset.AngularViewVector = vector


def twice_the_same_frame(dataset: Any) -> None:
    dataset.AngularViewVector = [1, 1, *list(dataset.AngularViewVector)[2:]]


def second_bed(dataset: Any) -> None:
    count = int(dataset.NumberOfFrames)
    item = copy.deepcopy(rotation(dataset))
    rotation(dataset).TableTraverse, item.TableTraverse = "0", "250"
    dataset.RotationInformationSequence.append(item)
    dataset.RotationVector = [1 + (i >= count // 2) for i in range(count)]


BAD: dict[str, tuple[str, str, Callable[[Any], None]]] = {
    # name: (code, words of the sentence, what is wrong)
    "another modality": ("dicom.wrong_modality", "modality is CT, expected NM", set_to("Modality", "CT")),
    "no modality": ("dicom.wrong_modality", "none or unknown", without("Modality")),
    "planar": ("dicom.not_tomographic", "STATIC, expected TOMO", set_to("ImageType", ["ORIGINAL", "PRIMARY", "STATIC", "EMISSION"])),
    "whole body": ("dicom.not_tomographic", "WHOLE BODY", set_to("ImageType", ["ORIGINAL", "PRIMARY", "WHOLE BODY", "EMISSION"])),
    "dynamic": ("dicom.not_tomographic", "DYNAMIC", set_to("ImageType", ["ORIGINAL", "PRIMARY", "DYNAMIC", "EMISSION"])),
    "no kind of image": ("dicom.not_tomographic", "unknown or missing", without("ImageType")),
    "a reconstruction": ("dicom.reconstruction", "RECON TOMO", set_to("ImageType", ["DERIVED", "PRIMARY", "RECON TOMO", "EMISSION"])),
    "a transmission scan": ("dicom.transmission", "transmission", set_to("ImageType", ["ORIGINAL", "PRIMARY", "TOMO", "TRANSMISSION"])),
    "a secondary capture": ("dicom.wrong_modality", "SOP class", set_to("SOPClassUID", pydicom.uid.SecondaryCaptureImageStorage)),
    "no frames": ("dicom.not_tomographic", "single picture", without("NumberOfFrames")),
    "too many frames": ("dicom.too_many_frames", "1000000 frames", set_to("NumberOfFrames", 1_000_000)),
    "no views": ("dicom.missing_vector", "Angular View Vector", without("AngularViewVector")),
    "no detectors for two": ("dicom.missing_vector", "Detector Vector", both(without("DetectorVector"), set_to("NumberOfDetectors", 2))),
    "vector too short": ("dicom.vector_length", "has 3 entries for 12 frames", set_to("AngularViewVector", [1, 2, 3])),
    "zero in a vector": ("dicom.frames_inconsistent", "from 1", set_to("DetectorVector", [0] * 12)),
    "a frame twice": ("dicom.frames_inconsistent", "more than once", twice_the_same_frame),
    "no rotation": ("dicom.missing_element", "Rotation Information Sequence", without("RotationInformationSequence")),
    "no start angle": ("dicom.missing_element", "Start Angle", both(without("StartAngle", where=rotation), without("StartAngle", where=head))),
    "no direction": ("dicom.bad_value", "neither CW nor CC", without("RotationDirection", where=rotation)),
    "no step and no arc": ("dicom.missing_element", "Scan Arc", without("AngularStep", "ScanArc", where=rotation)),
    "a step of nothing": ("dicom.bad_value", "Angular Step", set_to("AngularStep", "0", rotation)),
    "a negative step": ("dicom.bad_value", "Angular Step", set_to("AngularStep", "-6", rotation)),
    "no pixel size": ("dicom.missing_element", "Pixel Spacing", without("PixelSpacing")),
    "a pixel of nothing": ("dicom.bad_value", "0 x 6.4 mm", set_to("PixelSpacing", ["0", "6.4"])),
    "a pixel in metres": ("dicom.bad_value", "0.0064 x 0.0064 mm", set_to("PixelSpacing", ["0.0064", "0.0064"])),
    "a radius in cm": ("dicom.bad_value", "from 25 to 25 mm", set_to("RadialPosition", "25", head)),
    "a negative radius": ("dicom.bad_value", "-250", set_to("RadialPosition", "-250", head)),
    "radii of other views": ("dicom.vector_length", "has 3 values for 12 views", set_to("RadialPosition", ["200"] * 3, head)),
    "a pinhole": ("dicom.collimator", "pinhole", set_to("CollimatorType", "PINH", head)),
    "a fan beam": ("dicom.collimator", "fan-beam", set_to("CollimatorType", "FANB", head)),
    "two beds": ("dicom.several_beds", "250 mm apart", second_bed),
    "no counts": ("dicom.zero_counts", "all 12 views", lambda d: setattr(d, "PixelData", bytes(len(d.PixelData)))),
    "negative counts": ("dicom.negative_counts", "smallest count", both(set_to("RescaleSlope", "1"), set_to("RescaleIntercept", "-500"))),
    "a slope of nothing": ("dicom.bad_value", "Rescale Slope", set_to("RescaleSlope", "0")),
    "no pixels": ("dicom.no_pixels", "no pixel data", without("PixelData")),
    "pixels cut off": ("dicom.truncated", "bytes, the header says", lambda d: setattr(d, "PixelData", d.PixelData[:1000])),
    "colour": ("dicom.colour", "colour", set_to("SamplesPerPixel", 3)),
    "lossy": ("dicom.lossy", "lossy", set_to("LossyImageCompression", "01")),
    "limits upside down": ("dicom.bad_value", "154.55 to 126.45", both(set_to("EnergyWindowLowerLimit", "154.55", limits), set_to("EnergyWindowUpperLimit", "126.45", limits))),
    "huge frames": ("dicom.too_large", "at most", both(set_to("Rows", 60000), set_to("Columns", 60000))),
    "not a number": ("dicom.damaged", "Start Angle", lambda d: rotation(d).add_new(0x00540200, "LO", "left")),
}  # fmt: skip


@pytest.mark.parametrize("name", BAD)
def test_a_bad_file_is_refused_by_what_is_wrong_with_it(name: str, tmp_path: Path) -> None:
    code, words, change = BAD[name]
    path = nm_file(tmp_path / "a.dcm", change)
    with pytest.raises(ModelError) as error:
        read_nm(path)
    assert error.value.code == code
    assert words in error.value.message
    assert "\n" not in error.value.message


def test_windows_with_different_views_are_refused(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "a.dcm", window_of_other_views, study=tiny_study(windows=2))
    with pytest.raises(ModelError, match="different views") as error:
        read_nm(path)
    assert error.value.code == "dicom.frames_inconsistent"


def test_two_windows_without_limits_are_refused_and_one_is_assumed(tmp_path: Path) -> None:
    def no_limits(dataset: Any) -> None:
        for item in dataset.EnergyWindowInformationSequence:
            del item.EnergyWindowRangeSequence

    with pytest.raises(ModelError, match="limits of 0") as error:
        read_nm(nm_file(tmp_path / "two.dcm", no_limits, study=tiny_study(windows=2)))
    assert error.value.code == "dicom.windows_unknown"
    assert any("20 % window" in n for n in read_nm(nm_file(tmp_path / "one.dcm", no_limits)).notes)


def test_a_written_reconstruction_is_not_taken_for_projections(tmp_path: Path) -> None:
    study = tiny_study()
    assert study.reference is not None
    write_recon_tomo(tmp_path / "r.dcm", study.reference, study)
    with pytest.raises(ModelError) as error:
        read_nm(tmp_path / "r.dcm")
    assert error.value.code == "dicom.reconstruction"


@pytest.mark.parametrize("name", ["JPGExtended.dcm", "CT_small.dcm", "rtplan.dcm", "MR_small.dcm"])
def test_other_peoples_files_are_refused(name: str) -> None:
    with pytest.raises(ModelError) as error:
        read_nm(str(get_testdata_file(name, download=False)))
    assert error.value.code in ("dicom.not_tomographic", "dicom.wrong_modality")


def test_a_missing_decoder_is_named(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "a.dcm")
    dataset = pydicom.dcmread(path)
    frames = [b"\xff\xd8\xff\xd9" * 4] * int(dataset.NumberOfFrames)
    dataset.PixelData = pydicom.encaps.encapsulate(frames)
    dataset.file_meta.TransferSyntaxUID = pydicom.uid.JPEGLSLossless
    dataset["PixelData"].VR = "OB"
    dataset.save_as(path)
    with pytest.raises(ModelError) as error:
        read_nm(path)
    assert error.value.code == "dicom.codec_missing"
    assert "JPEG-LS" in error.value.message
    assert "uncompressed" in error.value.remedy


def test_run_length_compression_is_read(tmp_path: Path) -> None:
    path = nm_file(tmp_path / "a.dcm")
    plain = read_nm(path).study.projections
    dataset = pydicom.dcmread(path)
    dataset.compress(pydicom.uid.RLELossless)
    dataset.save_as(tmp_path / "rle.dcm")
    assert np.array_equal(read_nm(tmp_path / "rle.dcm").study.projections, plain)


def test_what_is_no_file_or_no_dicom_is_said(tmp_path: Path) -> None:
    (tmp_path / "text.dcm").write_text("hello")
    (tmp_path / "empty.dcm").write_bytes(b"")
    for path, code in ((tmp_path / "none.dcm", "dicom.no_such_file"), (tmp_path, "dicom.no_such_file"),
                       (tmp_path / "text.dcm", "dicom.not_dicom"), (tmp_path / "empty.dcm", "dicom.not_dicom")):  # fmt: skip
        with pytest.raises(ModelError) as error:
            read_nm(path)
        assert error.value.code == code
    with pytest.raises(ModelError, match="no DICOM file was given"):
        read_nm([])


@functools.cache
def small_study() -> Study:
    return tiny_study(shape=(4, 8, 8), voxel_mm=32.0, views=4, windows=2, counts=2e4, with_truth=False)


@functools.cache
def file_bytes() -> bytes:
    with tempfile.TemporaryDirectory() as folder:
        return nm_file(Path(folder) / "a.dcm", study=small_study(), gates=2).read_bytes()


QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


def read_whatever(path: Path) -> None:
    try:
        read_nm_gates(path)
    except ModelError as error:
        assert error.code.startswith(("dicom.", "study.", "model."))
        assert error.message


@QUICK
@given(cut=st.floats(0, 1))
def test_a_file_cut_off_anywhere_is_refused_in_words(cut: float, tmp_path: Path) -> None:
    whole = file_bytes()
    end = int(cut * (len(whole) - 1))
    (tmp_path / "a.dcm").write_bytes(whole[:end])
    with pytest.raises(ModelError):
        read_nm(tmp_path / "a.dcm")


@QUICK
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 30))
def test_bytes_changed_anywhere_never_end_in_another_error(seed: int, changes: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    raw = bytearray(file_bytes())
    header = len(raw) - 1024  # the pixels are the last kilobyte; every change goes into the header
    for _ in range(changes):
        raw[rng.randrange(132, header)] = rng.randrange(256)
    (tmp_path / "a.dcm").write_bytes(raw)
    read_whatever(tmp_path / "a.dcm")


@QUICK
@given(seed=st.integers(0, 2**32), removed=st.integers(1, 6))
def test_elements_missing_anywhere_never_end_in_another_error(seed: int, removed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)

    def drop(dataset: Any) -> None:
        for _ in range(removed):
            target = dataset
            sequences = [e for e in target if e.VR == "SQ" and len(e.value)]
            if sequences and rng.random() < 0.6:
                target = rng.choice(sequences).value[0]
            tags = [t for t in target.keys() if t.group > 2]  # noqa: SIM118 (a Dataset iterates elements)
            if tags:
                del target[rng.choice(tags)]

    read_whatever(nm_file(tmp_path / "a.dcm", drop, gates=2))


@QUICK
@given(seed=st.integers(0, 2**32))
def test_numbers_of_any_kind_never_end_in_another_error(seed: int, tmp_path: Path) -> None:
    rng = random.Random(seed)
    strange = ["0", "-1", "1e308", "NaN", "inf", "99999999", "", "1e-300", "x"]

    def spoil(dataset: Any) -> None:
        for item in (dataset, dataset.RotationInformationSequence[0], dataset.DetectorInformationSequence[0]):
            numeric = [e for e in item if e.VR in ("DS", "IS", "US")]
            for element in rng.sample(numeric, k=min(2, len(numeric))):
                item.add_new(element.tag, "LO", rng.choice(strange))

    frames = np.full((4, 6, 6), 3, dtype=np.uint16)
    dataset = plain_nm_dataset(frames)
    spoil(dataset)
    save(tmp_path / "a.dcm", dataset)
    read_whatever(tmp_path / "a.dcm")


@QUICK
@given(seed=st.integers(0, 2**32), changes=st.integers(1, 20))
def test_damaged_templates_and_reconstructions_never_end_in_another_error(
    seed: int, changes: int, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    study = small_study()
    assert study.reference is not None
    write_recon_tomo(tmp_path / "r.dcm", study.reference, study)
    for name, raw in (("t.dcm", bytearray(file_bytes())), ("r.dcm", bytearray((tmp_path / "r.dcm").read_bytes()))):
        for _ in range(changes):
            raw[rng.randrange(132, len(raw) - 1024)] = rng.randrange(256)
        (tmp_path / name).write_bytes(raw)
    with contextlib.suppress(ModelError):
        write_recon_tomo(tmp_path / "o.dcm", study.reference, study, template=tmp_path / "t.dcm")
    with contextlib.suppress(ModelError):
        read_recon_tomo(tmp_path / "r.dcm")
    assert not list(tmp_path.glob(".*.part"))
