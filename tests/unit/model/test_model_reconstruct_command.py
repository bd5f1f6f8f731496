"""`flomir reconstruct`: scans in, images out beside them or in a folder, one failure stops no other, nothing is lost."""

import io
import json
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import h5py
import nibabel
import numpy as np
import pydicom
import pytest
from click.testing import CliRunner, Result
from rich.console import Console

from model.classical.osem import OsemSettings, reconstruct_osem
from model.commands.models import models
from model.commands.reconstruct import reconstruct
from model.geometry import TC99M_PEAK, EnergyWindow
from model.io.confidence_records import AlarmRecord, RegionCalibration, Scale, UncertaintyRecord
from model.io.dicom import AnonymousIds, write_ct_series, write_nm_tomo
from model.io.imported import PatientFrame
from model.io.importing import import_studies
from model.io.study import Study, write_study
from model.io.weights import load_card, save_card
from model.quantification import ActivityCalibration, with_calibration
from tests.support.dicom import asymmetric_study
from tests.support.foreign import write_interfile
from tests.support.networks import small_geometry, small_study
from tests.support.shipped import ship_instead
from tests.support.studies import tiny_study

QUICK = ["--method", "osem", "--iterations", "1", "--fwhm", "0"]


def run(*arguments: str | Path, code: int = 0) -> Result:
    answer = CliRunner().invoke(reconstruct, [str(a) for a in arguments])
    assert answer.exit_code == code, answer.output
    assert "Traceback" not in answer.output
    return answer


def run_json(*arguments: str | Path, code: int = 0) -> Any:
    return json.loads(run(*arguments, "--json", code=code).stdout)


def expected(study: Study) -> Any:
    return reconstruct_osem(study, OsemSettings(iterations=1, postfilter_fwhm_mm=0.0))


@pytest.fixture
def scan(tmp_path: Path) -> Path:
    write_study(tmp_path / "scan.h5", small_study())
    return tmp_path / "scan.h5"


def test_a_dicom_scan_alone_is_reconstructed_at_once_by_the_default_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship_instead(monkeypatch, tmp_path / "weights", "unrolled_em")
    write_nm_tomo(tmp_path / "scan.dcm", small_study())
    answer = run(tmp_path / "scan.dcm")
    assert "-> " in answer.output and "scan.flomir.dcm" in answer.output
    assert "no attenuation map" in answer.output
    image, source = pydicom.dcmread(tmp_path / "scan.flomir.dcm"), pydicom.dcmread(tmp_path / "scan.dcm")
    assert list(image.ImageType)[2] == "RECON TOMO"
    assert image.FrameOfReferenceUID == source.FrameOfReferenceUID
    assert image.StudyInstanceUID == source.StudyInstanceUID
    assert image.SOPInstanceUID != source.SOPInstanceUID
    assert "unrolled_em" in image.DerivationDescription


def test_nothing_is_overwritten_unless_told_to(scan: Path) -> None:
    first = run_json(scan, *QUICK)
    out = Path(first["scans"][0]["out"])
    assert out == scan.with_name("scan.flomir.nii.gz")
    out.write_bytes(b"mine")
    kept = run(scan, *QUICK, code=1)
    assert "exists already" in kept.output and "--force" in kept.output
    assert out.read_bytes() == b"mine"
    run(scan, *QUICK, "--force")
    assert nibabel.load(out).shape == small_study().geometry.volume_shape[::-1]


@pytest.mark.parametrize("name", ["a.nii", "a.nii.gz", "a.dcm", "a.h5", "a.npz"])
def test_every_format_holds_the_same_image(tmp_path: Path, scan: Path, name: str) -> None:
    run(scan, *QUICK, "--out", tmp_path / "out" / name)
    path, image = tmp_path / "out" / name, expected(small_study())
    found: Any
    match name.split(".", 1)[1]:
        case "dcm":
            data = pydicom.dcmread(path)
            found = data.pixel_array * float(data.get("RescaleSlope", 1))
            if float(data.SpacingBetweenSlices) < 0:
                found = found[::-1]
        case "h5":
            with h5py.File(path) as file:
                found = file["image"][()]
                assert file["image"].attrs["unit"] == "counts"
                assert json.loads(file["image"].attrs["method"])["iterations"] == 1
        case "npz":
            with np.load(path, allow_pickle=False) as arrays:
                found = arrays["image"]
                assert set(arrays) == {"image", "mu", "voxel_mm", "origin_mm"}
        case _:
            found = np.asarray(nibabel.load(path).dataobj).transpose(2, 1, 0)
    np.testing.assert_allclose(found, image, atol=image.max() / 60_000)
    assert [p.name for p in (tmp_path / "out").iterdir()] == [name]


def test_a_folder_is_mirrored_and_its_failures_are_told_without_stopping(tmp_path: Path) -> None:
    study, folder = small_study(), tmp_path / "in"
    (folder / "monday" / "a").mkdir(parents=True)
    write_interfile(folder / "monday" / "a" / "scan.hs", study)
    write_study(folder / "monday" / "a" / "scan.h5", study)
    write_study(folder / "whole.h5", study)
    (folder / "cut.h5").write_bytes((folder / "whole.h5").read_bytes()[:3000])
    (folder / "notes.txt").write_text("x")
    found = run_json(folder, *QUICK, "--out", tmp_path / "out", code=1)
    states = {Path(scan["source"]).name: scan["state"] for scan in found["scans"]}
    assert states == {"scan.hs": "done", "scan.h5": "done", "whole.h5": "done", "cut.h5": "failed"}
    assert (found["done"], found["failed"]) == (3, 1)
    assert [Path(s["source"]).name for s in found["skipped"]] == ["notes.txt"]
    broken = next(scan for scan in found["scans"] if scan["state"] == "failed")
    assert broken["error"]["code"] == "study.unreadable"
    written = sorted(str(p.relative_to(tmp_path / "out")) for p in (tmp_path / "out").rglob("*.nii.gz"))
    assert written == ["monday/a/scan.h5.nii.gz", "monday/a/scan.hs.nii.gz", "whole.nii.gz"]
    again = run_json(folder, *QUICK, "--out", tmp_path / "out", code=1)
    assert (again["done"], again["kept"], again["failed"]) == (0, 3, 1)


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_scans_of_equal_names_from_several_folders_have_results_of_their_own(tmp_path: Path, force: list[str]) -> None:
    places = ["p1/scan.h5", "p2/scan.h5", "far/p1/scan.h5"]
    for seed, place in enumerate(places):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        write_study(tmp_path / place, small_study(seed))
    write_interfile(tmp_path / "p2" / "scan.hs", small_study(3))
    several: dict[str, list[str]] = {
        "files": places,
        "folders": ["p1", "p2", "far"],
        "twice": ["p1", "p1/scan.h5", "p1/scan.h5"],
    }
    names = {
        "files": ["p1/scan.nii.gz", "p2/scan.nii.gz", "p1/scan.2.nii.gz"],
        "folders": ["p1/scan.h5.nii.gz", "p2/scan.h5.nii.gz", "p2/scan.hs.nii.gz", "p1/scan.nii.gz"],
        "twice": ["scan.nii.gz"],
    }
    for kind, inputs in several.items():
        out = tmp_path / f"out-{kind}"
        found = run_json(*[tmp_path / place for place in inputs], *QUICK, "--out", out, *force)
        assert {scan["state"] for scan in found["scans"]} == {"done"}
        assert [str(Path(scan["out"]).relative_to(out)) for scan in found["scans"]] == names[kind]
        assert len(list(out.rglob("*.nii.gz"))) == len(names[kind])
        again = run_json(*[tmp_path / place for place in inputs], *QUICK, "--out", out, code=int(kind == "twice"))
        assert again["kept"] == len(names[kind])
    for number, name in enumerate(names["files"]):
        image = np.asarray(nibabel.load(tmp_path / "out-files" / name).dataobj).transpose(2, 1, 0)
        np.testing.assert_allclose(image, expected(small_study(number)), rtol=1e-5)


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_result_never_takes_the_place_of_another_of_the_run(tmp_path: Path, force: list[str]) -> None:
    gates = [small_study(seed) for seed in (0, 1)]
    gates = [replace(gates[0], projections=gate.projections) for gate in gates]
    write_nm_tomo(tmp_path / "in" / "a.dcm", gates)
    write_nm_tomo(tmp_path / "in" / "a.gate01.dcm", small_study())
    for _ in range(2):
        found = run_json(tmp_path / "in", *QUICK, "--gates", "--out", tmp_path / "out", *force, code=1)
        assert (found["done"] + found["kept"], found["failed"]) == (2, 1)
        [refused] = [scan["error"] for scan in found["scans"] if scan["state"] == "failed"]
        assert refused["code"] == "reconstruct.out"
        assert "a.gate01.dcm, which is another scan's of this run" in refused["message"]


def test_results_beside_their_scans_are_not_taken_for_scans(tmp_path: Path) -> None:
    write_nm_tomo(tmp_path / "scan.dcm", small_study())
    write_study(tmp_path / "other.h5", small_study())
    first = run_json(tmp_path, *QUICK)
    assert first["done"] == 2
    second = run_json(tmp_path, *QUICK)
    assert (second["kept"], second["failed"], second["skipped"]) == (2, 0, [])


def test_the_ct_of_the_examination_is_found_and_used(tmp_path: Path) -> None:
    study = small_study()
    assert study.attenuation is not None
    ids, frame = AnonymousIds(), PatientFrame.centred(study.geometry.grid, positioned=True)
    write_nm_tomo(tmp_path / "scan.dcm", study, ids=ids, frame=frame)
    hu = np.where(study.attenuation > 0, (study.attenuation / 0.0154 - 1) * 1000, -1000)
    write_ct_series(tmp_path / "ct", hu, frame, ids=ids)
    [found] = import_studies(tmp_path)
    assert found.study.attenuation is not None
    body = study.attenuation > 0.01
    assert np.abs(found.study.attenuation[body] - study.attenuation[body]).mean() < 0.001
    assert any("CT" in note for note in found.notes)
    [alone] = import_studies(tmp_path / "scan.dcm")
    assert alone.study.attenuation is None
    [named] = import_studies(tmp_path / "scan.dcm", ct=tmp_path / "ct")
    np.testing.assert_array_equal(named.study.attenuation, found.study.attenuation)


def test_a_ct_of_another_examination_is_not_used_unless_it_fits(tmp_path: Path) -> None:
    study = small_study()
    frame = PatientFrame.centred(study.geometry.grid, positioned=True)
    write_nm_tomo(tmp_path / "scan.dcm", study, ids=AnonymousIds(), frame=frame)
    stranger = AnonymousIds(patient="other")
    write_ct_series(tmp_path, np.zeros(study.geometry.volume_shape), frame, ids=stranger)
    [found] = import_studies(tmp_path)
    assert found.study.attenuation is None
    answer = run(tmp_path / "scan.dcm", *QUICK, "--ct", tmp_path, code=1)
    assert "frames of reference" in answer.output


def test_left_right_front_back_head_and_foot_survive_dicom_in_and_nifti_out(tmp_path: Path) -> None:
    study = asymmetric_study(small_geometry())
    write_nm_tomo(tmp_path / "scan.dcm", study)
    run(tmp_path / "scan.dcm", "--method", "osem", "--out", tmp_path / "a.nii.gz")
    image = nibabel.load(tmp_path / "a.nii.gz")
    data = np.asarray(image.dataobj)
    centre = (np.indices(data.shape).reshape(3, -1) * data.ravel()).sum(axis=1) / data.sum()
    right, front, head = image.affine @ [*centre, 1.0] @ np.eye(4)[:, :3]
    assert right < -20  # the block is at the patient's left
    assert front > 20
    assert head > 5


def test_each_gate_may_be_reconstructed_on_its_own(tmp_path: Path) -> None:
    gates = [small_study(seed) for seed in (0, 1)]
    gates = [replace(gates[0], projections=gate.projections) for gate in gates]
    write_nm_tomo(tmp_path / "gated.dcm", gates)
    found = run_json(tmp_path / "gated.dcm", *QUICK, "--gates", "--format", "nii")
    names = [Path(scan["out"]).name for scan in found["scans"]]
    assert names == ["gated.flomir.gate01.nii.gz", "gated.flomir.gate02.nii.gz"]
    assert [scan["counts"] for scan in found["scans"]] == [float(gate.projections.sum()) for gate in gates]
    [summed] = run_json(tmp_path / "gated.dcm", *QUICK, "--format", "nii")["scans"]
    assert summed["counts"] == sum(float(gate.projections.sum()) for gate in gates)


def test_gates_are_told_apart_in_dicom_too(tmp_path: Path) -> None:
    first = small_study(0)
    write_nm_tomo(tmp_path / "gated.dcm", [first, replace(first, projections=small_study(1).projections)])
    found = run_json(tmp_path / "gated.dcm", *QUICK, "--gates")
    summed = run_json(tmp_path / "gated.dcm", *QUICK, "--out", tmp_path / "sum.dcm")
    written = [pydicom.dcmread(scan["out"]) for scan in (*summed["scans"], *found["scans"])]
    words = ["FLoMIR reconstruction", "FLoMIR reconstruction, gate 1 of 2", "FLoMIR reconstruction, gate 2 of 2"]
    assert [one.SeriesDescription for one in written] == words
    assert [one.SeriesNumber for one in written] == [1001, 2001, 3001]
    assert len({one.SeriesInstanceUID for one in written}) == 3
    for one, said in zip(written, words, strict=True):
        assert one.DerivationDescription.startswith(f"{said}: ")


def test_the_collimator_can_be_said(tmp_path: Path) -> None:
    write_interfile(tmp_path / "scan.hs", small_study())
    broad = run_json(tmp_path / "scan.hs", *QUICK, "--collimator", "3.0", "35", "3.9", "--out", tmp_path / "a.npz")
    assert any("holes 3.0 mm, 35.0 mm long" in note for note in broad["scans"][0]["notes"])
    run(tmp_path / "scan.hs", *QUICK, "--out", tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        assert np.abs(a["image"] - b["image"]).max() > 0.01 * b["image"].max()


def test_it_is_said_where_scatter_comes_from(tmp_path: Path) -> None:
    two = tiny_study(geometry=replace(small_geometry(), windows=(TC99M_PEAK, EnergyWindow("scatter", 114.0, 126.45))))
    foreign = replace(two.geometry, windows=(TC99M_PEAK, EnergyWindow("other", 60.0, 80.0)))
    cases = {
        "given": (two, None),
        "none": (replace(small_study(), scatter=None), "no scatter estimate"),
        "dual": (replace(two, scatter=None), "window below the photopeak"),
        "foreign": (replace(two, scatter=None, geometry=foreign), "Only the photopeak window"),
    }
    for name, (study, words) in cases.items():
        write_study(tmp_path / f"{name}.h5", study)
        [scan] = run_json(tmp_path / f"{name}.h5", *QUICK)["scans"]
        assert scan["state"] == "done"
        assert [note for note in scan["notes"] if words is None or words in note] if words else scan["notes"] == []


def test_names_that_end_in_numbers_stay_apart(tmp_path: Path) -> None:
    for name in ("1.2.840.7", "1.2.840.8"):
        write_nm_tomo(tmp_path / name, small_study())
    found = run_json(tmp_path, *QUICK)
    names = sorted(Path(scan["out"]).name for scan in found["scans"])
    assert names == ["1.2.840.7.flomir.dcm", "1.2.840.8.flomir.dcm"]


def confident(folder: Path, *, middle: float) -> Path:
    """Give the shipped stand-in a card with intervals of 2 x spread and an alarm that expects `middle`."""
    path = folder / "fbp_unet.safetensors"
    card = load_card(path)
    digest = card.content_hash
    uncertainty = UncertaintyRecord(
        weights=digest, method="bootstrap", replicates=2, level=0.95, case_level=0.9, floor=0.05, segment_floor=1.0,
        regions={name: RegionCalibration(factor=2.0) for name in ("body", "heart", "segments")},
        cases=20, test_cases=13, data_digest="0" * 64,
    )  # fmt: skip
    alarm = AlarmRecord(
        weights=digest, statistics={"misfit": Scale(middle=middle, width=0.1)}, unusual=2.0, unlike=4.0,
        false_alarm_level=0.05, ranges={}, cases=20, test_cases=13, data_digest="0" * 64,
    )  # fmt: skip
    save_card(path, card.model_copy(update={"uncertainty": uncertainty, "alarm": alarm}))
    return path


def test_intervals_and_an_alarm_come_with_a_calibrated_network(
    tmp_path: Path, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ship_instead(monkeypatch, tmp_path / "weights", "fbp_unet")
    refused = run(scan, "--method", "fbp_unet", "--uncertainty", "--out", tmp_path / "a.nii", code=1)
    assert "no calibrated intervals" in refused.output
    assert not (tmp_path / "a.nii").exists()
    confident(tmp_path / "weights", middle=0.0)
    (tmp_path / "a.half-width.nii").write_bytes(b"mine")
    beside = run(scan, "--method", "fbp_unet", "--uncertainty", "--out", tmp_path / "a.nii", code=1)
    assert "a.half-width.nii is there already, though a.nii is not. Move it away, or replace it" in beside.output
    assert (tmp_path / "a.half-width.nii").read_bytes() == b"mine"
    calm = run_json(scan, "--method", "fbp_unet", "--uncertainty", "--force", "--out", tmp_path / "a.nii")
    assert calm["scans"][0]["notes"] == []
    image, width = (np.asarray(nibabel.load(tmp_path / name).dataobj) for name in ("a.nii", "a.half-width.nii"))
    assert image.shape == width.shape
    assert width.min() >= 0 and width.max() > 0
    run(scan, "--method", "fbp_unet", "--uncertainty", "--out", tmp_path / "a.dcm")
    written = [pydicom.dcmread(tmp_path / name) for name in ("a.dcm", "a.half-width.dcm")]
    assert ["half-width" in one.SeriesDescription for one in written] == [False, True]
    confident(tmp_path / "weights", middle=-20.0)
    [alarmed] = run_json(scan, "--method", "fbp_unet", "--out", tmp_path / "b.nii")["scans"]
    assert len(alarmed["notes"]) == 1
    told = CliRunner().invoke(models, ["show", "fbp_unet"])
    assert "20 cases" in told.output
    classical = run(scan, "--method", "osem", "--uncertainty", code=1)
    assert "no calibrated intervals for osem" in classical.output


@pytest.mark.parametrize("force", [[], ["--force"]])
def test_a_result_never_takes_the_place_of_its_scan(tmp_path: Path, force: list[str]) -> None:
    folder = tmp_path / "scans"
    folder.mkdir()
    for name in ("one.dcm", "one.half-width.dcm"):
        write_nm_tomo(folder / name, small_study())
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    for out in (folder, folder / "one.dcm"):
        answer = run(folder / "one.dcm", *QUICK, "--out", out, *force, code=1)
        assert "take the place of one.dcm, which is read" in answer.output
    run(folder, *QUICK, "--out", folder, *force, code=1)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_absolute_values_need_a_sensitivity(tmp_path: Path, scan: Path) -> None:
    answer = run(scan, *QUICK, "--quantitative", "--out", tmp_path / "a.npz", code=1)
    assert "--sensitivity" in answer.output
    run(scan, *QUICK, "--quantitative", "--sensitivity", "80", "--out", tmp_path / "a.npz")
    study = with_calibration(small_study(), ActivityCalibration(80.0))
    write_study(tmp_path / "known.h5", study)
    run(tmp_path / "known.h5", *QUICK, "--quantitative", "--out", tmp_path / "b.npz")
    with np.load(tmp_path / "a.npz") as a, np.load(tmp_path / "b.npz") as b:
        np.testing.assert_array_equal(a["image"], b["image"])
        seconds, ml = sum(study.geometry.duration_s), np.prod(study.geometry.grid.voxel_mm) / 1000
        np.testing.assert_allclose(a["image"], expected(study) / (80 * seconds * ml) * 1e6, rtol=1e-5)
        run(scan, *QUICK, "--quantitative", "--sensitivity", "80", "--out", tmp_path / "a.dcm")
        written = pydicom.dcmread(tmp_path / "a.dcm")
        slope = float(written.RealWorldValueMappingSequence[0].RealWorldValueSlope)
        np.testing.assert_allclose(written.pixel_array.max() * slope, a["image"].max(), rtol=1e-4)
        assert written.Units == "BQML"


def test_a_given_sensitivity_replaces_the_studys_alone(tmp_path: Path) -> None:
    calibrations = {
        "right": ActivityCalibration(80.0, half_life_s=600.0, acquisition_s=900.0, reference_to_start_s=300.0),
        "wrong": ActivityCalibration(50.0, half_life_s=600.0, acquisition_s=900.0, reference_to_start_s=300.0),
        "plain": ActivityCalibration(80.0),
    }
    images, notes = {}, {}
    for name, calibration in calibrations.items():
        write_study(tmp_path / f"{name}.h5", with_calibration(small_study(), calibration))
        given = [*QUICK, "--quantitative", "--sensitivity", "80"]
        [scan] = run_json(tmp_path / f"{name}.h5", *given, "--out", tmp_path / f"{name}.npz")["scans"]
        notes[name] = " ".join(scan["notes"])
        with np.load(tmp_path / f"{name}.npz") as arrays:
            images[name] = arrays["image"]
    np.testing.assert_array_equal(images["wrong"], images["right"])
    assert images["right"].sum() > 1.5 * images["plain"].sum()
    assert "300 s before the start" in notes["right"] and "replaces the study's" not in notes["right"]
    assert "replaces the study's: 80 counts" in notes["wrong"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["nowhere.dcm", *QUICK], 1, "there is no such file"),
        (["scan.h5", "--method", "magic"], 1, "There is no method 'magic'"),
        (
            ["scan.h5", "--method", "cardless.safetensors"],
            1,
            "cardless.json cannot be read: No such file or directory. A card",
        ),
        (["scan.h5", *QUICK, "--out", "a.xyz"], 1, "'.xyz'"),
        (["scan.h5", *QUICK, "--out", "a.nii", "--format", "dcm"], 1, "--format says dcm"),
        (["scan.h5", "--fwhm", "3"], 2, "belong to osem"),
        (["scan.h5", *QUICK, "--sensitivity", "80"], 2, "no effect without --quantitative"),
        (["scan.h5", "--method", "osem", "--iterations", "0"], 2, "--iterations"),
        (["scan.h5", *QUICK, "--ct", "nowhere"], 1, "There is no such file or folder: nowhere. Check the path."),
        (
            ["scan.h5", *QUICK, "--out", "letter.txt/image.nii.gz"],
            1,
            "image.nii.gz cannot be written: letter.txt is a file, not a folder. Name",
        ),
        (
            ["scan.h5", *QUICK, "--out", "letter.txt/more/"],
            1,
            "cannot be written: letter.txt is a file, not a folder. Name another place with --out.",
        ),
        (
            ["scan.h5", "--method", "nowhere.safetensors"],
            1,
            "there is no model file nowhere.safetensors. Check the path",
        ),
        (["letter.txt", *QUICK], 1, "no scan was found"),
        (["ct", *QUICK], 1, "no scan was found: it is a CT slice (and 5 more)"),
        (["mumap.nii.gz", *QUICK], 1, "no scan was found: an attenuation map"),
        (["x.flomir.nii.gz", *QUICK], 1, "no scan was found: an earlier result"),
        (["empty.h5", *QUICK], 1, "0 counts"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    arguments: list[str], code: int, words: str, scan: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (scan.parent / "letter.txt").write_text("x")
    (scan.parent / "cardless.safetensors").write_bytes(b"")
    empty = replace(small_study(), projections=np.zeros_like(small_study().projections))
    write_study(scan.parent / "empty.h5", empty)
    for name in ("mumap.nii.gz", "x.flomir.nii.gz"):
        (scan.parent / name).write_bytes(b"")
    frame = PatientFrame.centred(empty.geometry.grid, positioned=True)
    write_ct_series(scan.parent / "ct", np.zeros(empty.geometry.volume_shape), frame)
    monkeypatch.chdir(scan.parent)
    answer = run(*arguments, code=code)
    assert words.lower() in answer.output.lower()
    if code == 1:
        assert len(answer.output.strip().splitlines()) == 1


def test_what_became_of_a_scan_is_not_written_into_the_bar(scan: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = io.StringIO()
    console = partial(Console, file=shown, force_terminal=True, width=80)
    monkeypatch.setattr("rich.console.Console", lambda **_: console())
    monkeypatch.setattr("model.commands.reconstruct.click.echo", lambda text="", **_: shown.write(f"{text}\n"))
    run(scan, *QUICK)
    before = shown.getvalue().partition("scan.h5: ")[0]
    assert before.endswith(("\n", "\x1b[2K", "\r")), repr(before[-60:])


def test_a_file_cannot_take_several_scans(tmp_path: Path, scan: Path) -> None:
    write_study(tmp_path / "second.h5", small_study())
    (tmp_path / "taken.nii").write_bytes(b"")
    for inputs in ([scan, tmp_path / "second.h5"], [tmp_path]):
        for out in ("taken.nii", "new.nii.gz"):
            answer = run(*inputs, *QUICK, "--out", tmp_path / out, code=1)
            assert f"--out {out} names a file, several scans need a folder" in answer.output
    assert not (tmp_path / "new.nii.gz").exists()


def test_the_only_scan_of_a_folder_may_go_to_a_file(tmp_path: Path, scan: Path) -> None:
    run(scan.parent, *QUICK, "--out", tmp_path / "out" / "image.nii.gz")
    assert (tmp_path / "out" / "image.nii.gz").is_file()
    run(scan.parent, *QUICK, "--out", tmp_path / "monday.2")
    assert (tmp_path / "monday.2" / "scan.nii.gz").is_file()
