"""Promises of taking in what is no DICOM: known members are written anew, the rest is left behind and named, nobody by name."""

import io
import json
import pickle
import zipfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pydicom
import pytest

from model.errors import ModelError
from model.geometry import Collimator, EnergyWindow
from model.intake import Prepared, prepare, sort_out
from model.io.notes import read_note
from model.io.provenance import known_provenance
from model.io.scans import FileKind, Scan
from model.io.slices import person_at, read_slice, read_slice_patient, read_slice_report
from model.io.study import Study, read_study, write_study
from model.quality.check import check_file
from model.tasks import load_task
from synthesis.sample import make_study
from synthesis.scenario import load_scenario
from tests.support.dicom import nm_file
from tests.support.scenarios import quick_scenario
from tests.support.studies import tiny_study, write_tiny_study
from tests.support.tasks import write_brain_slice

SECRET = b"the secret of this hospital"
NAME, NUMBER = "Hans Meier", "MRN-4711"
IMAGE = np.random.default_rng(0).normal(size=(2, 9, 7)).astype(np.float32)
LABELS = np.arange(63, dtype=np.uint8).reshape(9, 7) % 4


@pytest.fixture
def ready(tmp_path: Path) -> Path:
    folder = tmp_path / "ready"
    folder.mkdir()
    return folder


def _taken(path: Path, ready: Path) -> tuple[Prepared, Path]:
    [found] = [one for one in sort_out(path.parent).found if one.scan.path == path]
    told = prepare(found.scan, ready, site_key=SECRET, name=found.name, base=str(path.parent))
    return told, ready / told.file


def _holds(path: Path, *words: str) -> list[str]:
    content = path.read_bytes()
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            content += b"".join(name.encode() + archive.read(name) for name in archive.namelist())
    forms = [
        (word, form) for word in words for form in (word.encode(), word.encode("utf-32-le"), word.encode("utf-16-le"))
    ]
    return [word for word, form in forms if form in content]


# ---------------------------------------------------------------- brain samples


def test_what_a_brain_sample_holds_besides_is_left_behind_and_named(tmp_path: Path, ready: Path) -> None:
    path = tmp_path / "a.npz"
    extra: dict[str, Any] = {"patient_name": np.array(NAME), "patient_key": np.array(NUMBER), NAME: np.ones(3)}
    np.savez(path, image=IMAGE, labels=LABELS, **extra)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("note.txt", NAME)
        archive.comment = NAME.encode()
    told, kept = _taken(path, ready)
    assert (told.task, told.suffix, told.quality) == ("brain-segmentation", ".npz", None)
    assert _holds(kept, NAME, NUMBER, "Meier", "4711") == []
    with zipfile.ZipFile(kept) as archive:
        assert set(archive.namelist()) == {"image.npy", "labels.npy", "patient_key.npy", "deidentification.npy"}
    image, labels = read_slice(kept)
    assert image.tobytes() == IMAGE.tobytes()
    assert labels is not None
    assert labels.tobytes() == LABELS.tobytes()
    assert [(one.name, one.category, one.count) for one in read_slice_report(kept).removed] == [
        ("comment", "text", 1), ("item outside the format", "other", 2), ("patient_name", "name", 1),
    ]  # fmt: skip
    assert "patient_name" in told.removed[1]
    assert NAME not in json.dumps(told.to_dict())
    assert NUMBER not in json.dumps(told.to_dict())
    assert (told.patient_from, told.patient_key) == ("file", read_slice_patient(kept))


def test_the_same_holds_for_a_brain_sample_in_hdf5(tmp_path: Path, ready: Path) -> None:
    path = tmp_path / "a.h5"
    with h5py.File(path, "w") as file:
        file["image"], file["labels"], file["patient_key"] = IMAGE.astype(np.float64), LABELS.astype(np.int64), NUMBER
        file["patient/name"] = NAME
        file.attrs["Operator"] = NAME
        file["image"].attrs[NAME] = 1
        file["alias of Meier"] = file["image"]
    with path.open("ab") as stream:
        stream.write(NAME.encode())
    told, kept = _taken(path, ready)
    assert _holds(kept, NAME, NUMBER, "Meier") == []
    image, labels = read_slice(kept)
    assert image.tobytes() == IMAGE.tobytes()
    assert labels is not None
    assert (labels == LABELS).all()
    assert {one.name: one.count for one in read_slice_report(kept).removed} == {
        "Operator": 1, "patient": 1, "name": 1, "item outside the format": 3,
    }  # fmt: skip
    assert told.patient_key == read_slice_patient(kept)


def test_a_pickle_is_never_opened_and_a_known_member_that_is_one_is_refused(tmp_path: Path, ready: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple[Callable[..., Any], tuple[str]]:
            return (tmp_path.joinpath("opened").write_text, ("x",))

    evil = np.array([Evil()], dtype=object)
    np.savez(tmp_path / "beside.npz", image=IMAGE, meta=evil)
    np.savez(tmp_path / "known.npz", image=IMAGE, labels=evil)
    np.savez(tmp_path / "key.npz", image=IMAGE, patient_key=evil)
    told, kept = _taken(tmp_path / "beside.npz", ready)
    assert "meta" in told.removed[1]
    assert np.load(kept).files == ["image", "patient_key", "deidentification"]
    for name in ("known", "key"):
        with pytest.raises(ModelError) as refused:
            _taken(tmp_path / f"{name}.npz", ready)
        assert refused.value.code == "sample.unreadable"
    (tmp_path / "raw.npz").write_bytes(b"")
    with zipfile.ZipFile(tmp_path / "raw.npz", "w") as archive:
        archive.writestr("image", pickle.dumps([1]))
    with pytest.raises(ModelError):
        _taken(tmp_path / "raw.npz", ready)
    assert not (tmp_path / "opened").exists()
    assert [path.name for path in ready.iterdir()] == [kept.name]


def test_a_brain_sample_reads_no_other_file(tmp_path: Path, ready: Path) -> None:
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["image"] = IMAGE
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["image"] = h5py.ExternalLink(str(tmp_path / "other.h5"), "/image")
    with pytest.raises(ModelError):
        _taken(tmp_path / "a.h5", ready)


def test_a_refusal_repeats_neither_the_files_name_nor_its_words(tmp_path: Path, ready: Path) -> None:
    cases: dict[str, Any] = {"text": np.array([NAME]), "fields": np.zeros((1, 2, 2), dtype=[(NAME, "f4")])}
    for name, image in cases.items():
        np.savez(tmp_path / f"{NAME} {name}.npz", image=image)
    np.savez(tmp_path / f"{NAME} none.npz", picture=IMAGE)
    (tmp_path / f"{NAME}.h5").write_bytes(b"\x89HDF\r\n\x1a\n")
    write_tiny_study(tmp_path / f"{NAME} a.h5")
    with h5py.File(tmp_path / f"{NAME} a.h5", "r+") as file:
        file["reference"].attrs["kind"] = NAME
    for found in sort_out(tmp_path).found:
        with pytest.raises(ModelError) as refused:
            prepare(found.scan, ready, site_key=SECRET, name=found.name)
        assert "Meier" not in f"{refused.value.message} {refused.value.remedy}", found.name
    assert list(ready.iterdir()) == []


def test_the_key_in_a_file_and_a_patients_number_in_dicom_give_one_pseudonym(tmp_path: Path, ready: Path) -> None:
    nm_file(tmp_path / "a.dcm", lambda dataset: setattr(dataset, "PatientID", NUMBER), study=tiny_study(1))
    write_tiny_study(tmp_path / "b.h5", 2, patient_key=f" {NUMBER.lower()} ")
    write_brain_slice(tmp_path / "c.npz", seed=3, patient=NUMBER)
    told = {one.name: prepare(one.scan, ready, site_key=SECRET) for one in sort_out(tmp_path).found}
    assert len({one.patient_key for one in told.values()}) == 1
    assert {name: one.patient_from for name, one in told.items()} == {
        "a.dcm": "site key",
        "b.h5": "file",
        "c.npz": "file",
    }
    other = prepare(Scan(tmp_path / "c.npz", FileKind.OTHER), ready, site_key=b"the secret of another house")
    assert other.patient_key != told["c.npz"].patient_key


def test_what_was_assumed_of_a_dicom_scan_comes_with_it_and_stays_in_its_file(tmp_path: Path, ready: Path) -> None:
    def bare(dataset: pydicom.Dataset) -> None:
        for detector in dataset.DetectorInformationSequence:
            del detector.RadialPosition

    nm_file(tmp_path / "a.dcm", bare, study=tiny_study(1))
    told, written = _taken(tmp_path / "a.dcm", ready)
    assert any(known is not None and known.code == "orbit.no_radius" for known in map(read_note, told.notes))
    assert read_study(written).provenance["notes"] == list(told.notes)


def test_the_same_slice_is_recognised_whatever_else_its_file_holds(tmp_path: Path, ready: Path) -> None:
    np.savez(tmp_path / "a.npz", image=IMAGE, labels=LABELS, patient_key=np.array("7"))
    np.savez_compressed(tmp_path / "b.npz", image=IMAGE, labels=LABELS, patient_key=np.array("7"), extra=IMAGE)
    np.savez(tmp_path / "c.npz", image=IMAGE + 1, labels=LABELS, patient_key=np.array("7"))
    np.savez(tmp_path / "d.npz", image=IMAGE, labels=LABELS)
    (tmp_path / "else").mkdir()
    np.savez(tmp_path / "else" / "e.npz", image=IMAGE, labels=LABELS)
    a, b, c, d, e = (prepare(one.scan, ready, site_key=SECRET, name=one.name) for one in sort_out(tmp_path).found)
    assert a.content == b.content
    assert d.content == e.content
    assert len({a.content, c.content, d.content}) == 3
    again = prepare(Scan(ready / a.file, FileKind.OTHER), ready, site_key=SECRET)
    twice = prepare(Scan(tmp_path / "a.npz", FileKind.OTHER), ready, site_key=SECRET)
    assert twice.sha256 == a.sha256
    assert again.removed == ()


# ---------------------------------------------------------------- whose slice it is


@pytest.mark.parametrize(
    ("first", "second", "together"),
    [
        ("brats/BraTS19_AAB_1_slice_77.npz", "brats/BraTS19_AAB_1_slice_78.npz", True),
        ("brats/BraTS19_AAB_1_slice_77.npz", "brats/BraTS19_AAB_2_slice_77.npz", False),
        ("volume_1_slice_10.h5", "volume_1_slice_9.h5", True),
        ("volume_1_slice_10.h5", "volume_11_slice_10.h5", False),
        ("007/slice045.npz", "007/slice046.npz", True),
        ("007/045.npz", "008/045.npz", False),
        ("045.npz", "046.npz", True),
        ("case-1.npz", "case-2.npz", False),
        ("patient7.npz", "patient8.npz", False),
        ("sub-01/anat/x_12.npz", "sub-01/other/x_12.npz", True),
        ("sub-01_ses-1_T1w_z045.npz", "sub-01_ses-2_T2w_z045.npz", True),
        ("pat3_045_t1.npz", "pat3_046_flair.npz", True),
        ("Meier_045_t1.npz", "Meier_045_t2.npz", True),
        ("Meier_045.npz", "Müller_045.npz", False),
    ],
)
def test_slices_without_a_key_are_grouped_by_folder_and_name(first: str, second: str, together: bool) -> None:
    assert (person_at(first, "/data/study 1") == person_at(second, "/data/study 1")) is together


def test_a_slice_has_the_same_person_whatever_folder_was_chosen() -> None:
    assert person_at("a/x_1.npz", "/data") == person_at("x_2.npz", "/data/a")
    assert person_at("patient 3/x/y_1.npz", "/data") == person_at("z/y_2.npz", "/data/patient 3")
    assert person_at("case 1/x_1.npz", "/home/patient 3") != person_at("case 2/x_1.npz", "/home/patient 3/..")
    assert person_at("a_1.npz", "/home/pat1/scans") != person_at("b_1.npz", "/home/pat1/scans")


def test_slices_of_one_volume_without_a_key_never_stand_on_both_sides(tmp_path: Path, ready: Path) -> None:
    for person in ("one", "two", "three", "four"):
        folder = tmp_path / "scans" / person
        folder.mkdir(parents=True)
        for number in range(3):
            np.savez(folder / f"slice_{number}.npz", image=IMAGE + number, labels=LABELS + ord(person[0]))
    paths, people = [], {}
    for found in sort_out(tmp_path / "scans").found:
        told = prepare(found.scan, ready, site_key=SECRET, name=found.name, base=str(tmp_path / "scans"))
        paths.append(ready / told.file)
        people[paths[-1].stem] = found.name.split("/")[0]
        assert told.patient_from == "name"
        assert any("grouped" in note for note in told.notes)
        assert _holds(paths[-1], "slice_", "three") == []
    task = load_task("brain-segmentation")
    train, held = task.split(task.load_samples(paths), 0.25, 0)
    assert {people[one.name] for one in train}.isdisjoint({people[one.name] for one in held})
    assert (len(train), len(held)) == (9, 3)
    bare = sorted((tmp_path / "scans" / "one").iterdir())
    assert len({sample.patient for sample in task.load_samples(bare)}) == 1


# ---------------------------------------------------------------- study files


def _planted(path: Path) -> Study:
    study = tiny_study(4, windows=2, patient_key=NUMBER)
    windows = (replace(study.geometry.windows[0], name=NAME), EnergyWindow(NAME, 114.0, 126.45))
    geometry = replace(study.geometry, windows=windows, collimator=replace(study.geometry.collimator, name=NAME))
    codes = {NAME: 1} | {name: code for name, code in study.label_codes.items() if code != 1}
    earlier = {
        "removed": [
            {"name": "PatientName", "category": "name", "count": 2},
            {"name": NAME, "category": "name", "count": 1},
        ],
        "kept": [
            {"name": NAME, "reason": "size"},
            {"name": "Rows", "reason": NAME},
            {"name": "Rows", "reason": "size"},
        ],
        "patient_key_from": NAME,
        NAME: 1,
    }
    words = {
        "comment": NAME, NAME: 1, "generator": NAME, "scenario": NAME, "site": NAME, "source": NAME, "notes": [NAME],
        "anatomy": {"who": NAME}, "uptakes": {NAME: 1.0}, "versions": {"numpy": NAME}, "deidentification": earlier,
    }  # fmt: skip
    planted = replace(
        study, geometry=geometry, label_codes=codes, provenance={"seed": 4, "patient_key": NUMBER, **words}
    )
    write_study(path, planted)
    with h5py.File(path, "r+") as file:
        file.attrs["PatientName"] = NAME
        file["projections"].attrs[NAME] = 1
        file["geometry"].attrs["hospital"] = NAME
        file["extra/deep"] = NAME
        file[f"alias {NAME}"] = file["attenuation"]
    return study


def test_a_study_file_is_written_anew_of_what_a_study_needs(tmp_path: Path, ready: Path) -> None:
    study = _planted(tmp_path / "a.h5")
    told, kept = _taken(tmp_path / "a.h5", ready)
    assert _holds(kept, NAME, NUMBER, "Meier", "4711") == []
    assert NAME not in json.dumps(told.to_dict())
    assert NUMBER not in json.dumps(told.to_dict())
    again = read_study(kept)
    _same_arrays(again, study)
    assert [window.name for window in again.geometry.windows] == ["photopeak", "window 2"]
    assert again.geometry.collimator == replace(study.geometry.collimator, name="collimator")
    assert set(again.label_codes) == {"label 1", "myocardium", "blood", "liver", "lung"}
    assert set(again.provenance) == {"seed", "patient_key", "deidentification"}
    assert told.quality is not None
    assert not [one for one in told.quality.findings if one.code.startswith("identifiers")]
    names = {one["name"]: one["count"] for one in again.provenance["deidentification"]["removed"]}
    assert {name: names[name] for name in ("PatientName", "hospital", "comment", "notes", "name of a label")} == {
        "PatientName": 3, "hospital": 1, "comment": 1, "notes": 1, "name of a label": 1,
    }  # fmt: skip
    assert names["item outside the format"] >= 6
    assert again.provenance["deidentification"]["kept"] == [{"name": "Rows", "reason": "size"}]
    assert told.removed[0].startswith(
        f"{sum(one['count'] for one in again.provenance['deidentification']['removed'])} el"
    )
    assert "PatientName" in told.removed[1]


def _same_arrays(one: Study, other: Study) -> None:
    for name in ("projections", "scatter", "attenuation", "reference", "labels"):
        mine, theirs = getattr(one, name), getattr(other, name)
        assert mine is not None
        assert (mine.dtype, mine.tobytes()) == (theirs.dtype, theirs.tobytes()), name
    assert one.truth is not None
    assert other.truth is not None
    assert (one.truth.heart, one.truth.defects) == (other.truth.heart, other.truth.defects)
    assert one.truth.aha.tobytes() == other.truth.aha.tobytes()
    assert one.truth.defect_map.tobytes() == other.truth.defect_map.tobytes()
    assert one.reference_kind == other.reference_kind
    mine, theirs = one.geometry.to_dict(), other.geometry.to_dict()
    for words in (mine, theirs):
        words["collimator"] |= {"name": ""}
        words["windows"] = [{**window, "name": ""} for window in words["windows"]]
    assert mine == theirs


def test_a_study_file_without_anything_more_or_a_key_stays_the_same_to_the_byte(tmp_path: Path, ready: Path) -> None:
    study = tiny_study(3)
    words = {name: value for name, value in study.provenance.items() if name != "patient_key"}
    write_study(tmp_path / "a.h5", replace(study, provenance=words))
    told, kept = _taken(tmp_path / "a.h5", ready)
    assert kept.read_bytes() == (tmp_path / "a.h5").read_bytes()
    assert (told.patient_key, told.patient_from, told.removed) == (None, "none", ())


def test_without_a_sites_secret_only_a_key_that_is_a_pseudonym_by_its_form_stays(tmp_path: Path) -> None:
    def key(given: str, secret: bytes | None = None) -> str:
        write_tiny_study(tmp_path / "a.h5", 1, patient_key=given)
        return str(Scan(tmp_path / "a.h5", FileKind.STUDY).load(site_key=secret).study.provenance["patient_key"])

    for own in ("0123456789abcdef" * 2, "synthetic-" + "0123456789ab" * 2):
        assert key(own) == own
        assert key(own, SECRET) == key(own, SECRET) != own
    assert len({NUMBER, key(NUMBER), key(NUMBER)}) == 3


FAULTS = load_scenario("imperfect").perturbation.model_dump(mode="json")
SECTIONS: dict[str, dict[str, object]] = {
    "quick": {},
    "imperfect": {
        "perturbation": {
            name: {**part, "share": 1.0} if isinstance(part, dict) else part for name, part in FAULTS.items()
        }
    },
    "lesions": {"organ_lesions": load_scenario("lesions").model_dump(mode="json")["organ_lesions"]},
    "population": {
        name: part
        for name, part in load_scenario("population").model_dump(mode="json").items()
        if name in ("population", "lesions", "grid")
    },
}


@pytest.mark.parametrize("name", SECTIONS)
def test_what_a_synthetic_study_tells_of_its_making_is_kept(name: str, tmp_path: Path, ready: Path) -> None:
    sections = SECTIONS[name] | {"orbit": {"views": 4}}
    study = make_study(
        quick_scenario(sections, infarct_share=1.0, body_width_mm=[300.0, 340.0]), "quick", seed=5, index=0
    )
    write_study(tmp_path / "a.h5", study)
    told, kept = _taken(tmp_path / "a.h5", ready)
    again = read_study(kept)
    _same_arrays(again, study)
    assert again.geometry == study.geometry
    assert dict(again.label_codes) == dict(study.label_codes)
    assert dict(again.provenance) | {"patient_key": ""} == dict(study.provenance) | {"patient_key": ""}
    assert again.provenance["patient_key"] not in ("", study.provenance["patient_key"])
    assert told.removed == ()


@pytest.mark.parametrize(
    "told",
    [
        {
            "anatomy": {
                "phantom": "xcat",
                "female": True,
                "files": {"organ_table": "0" * 64},
                "heart_angles_deg": {"x": [1.5]},
            }
        },
        {"versions": {"flomir": "0.1.0", "torch": "2.5.1+cpu", "geant4": "11.4.0", "g4data": "official G4EMLOW8.8"}},
        {
            "versions": {"g4data": "xraylib-mini"},
            "monte_carlo": {"mc_variance_ratio": 0.1},
            "monte_carlo_noise": "kept",
        },
        {"defect_kinds": ["infarct", "ischaemia"], "variant": 2, "generator": "flomir-synthesis/gate"},
        {"activity_calibration": {"sensitivity_cps_per_mbq": 90.5, "half_life_s": 21624.0}},
        {"source": "dicom", "maker": "siemens", "gates": 8, "gate": None},
    ],
)
def test_what_our_own_readers_and_generators_write_is_known(told: dict[str, Any]) -> None:
    assert known_provenance(told) == (told, [])


@pytest.mark.parametrize(
    "name", ["LEHR NM670", "LEHR Intevo", "MEGP philips", "LEHS", "LEHR long", "LEUHR", "given", "ME"]
)
def test_the_names_of_collimators_that_are_used_are_known(name: str, tmp_path: Path, ready: Path) -> None:
    study = tiny_study(1)
    write_study(
        tmp_path / "a.h5", replace(study, geometry=replace(study.geometry, collimator=Collimator(name, 1.5, 35.0)))
    )
    _, kept = _taken(tmp_path / "a.h5", ready)
    assert read_study(kept).geometry.collimator.name == name


def test_the_collimators_of_all_scenarios_are_known(tmp_path: Path, ready: Path) -> None:
    from model.io.known_study import known_geometry
    from synthesis.scenario import builtin_scenarios

    names = {site.collimator.name for name in builtin_scenarios() for site in load_scenario(name).sites}
    geometry = tiny_study(0).geometry
    assert [name for name in names if known_geometry(replace(geometry, collimator=Collimator(name, 1, 30)))[1]] == []


def test_a_file_that_holds_more_is_still_found_by_quality_control(tmp_path: Path) -> None:
    _planted(tmp_path / "a.h5")
    assert {"identifiers.items", "identifiers.words"} & {one.code for one in check_file(tmp_path / "a.h5").findings}


def test_a_study_under_any_name_and_a_zip_in_capitals_are_taken(tmp_path: Path, ready: Path) -> None:
    write_tiny_study(tmp_path / "scan.study", 1)
    write_brain_slice(tmp_path / "a.npz", seed=1)
    (tmp_path / "a.npz").rename(tmp_path / "A.NPZ")
    assert _taken(tmp_path / "scan.study", ready)[0].task == "spect-reconstruction"
    assert _taken(tmp_path / "A.NPZ", ready)[0].task == "brain-segmentation"


def test_counts_that_are_no_numbers_say_nothing_of_them(tmp_path: Path, ready: Path) -> None:
    buffer = io.BytesIO()
    np.savez(buffer, image=np.full((1, 2, 2), 1e300))
    (tmp_path / "a.npz").write_bytes(buffer.getvalue())
    with pytest.raises(ModelError) as refused:
        _taken(tmp_path / "a.npz", ready)
    assert refused.value.code == "sample.not_finite"
