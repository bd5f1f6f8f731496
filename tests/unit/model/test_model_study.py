"""The study file: what goes in comes out, in the same bytes; what breaks a rule is named and refused."""

import hashlib
import json
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import pytest

from model.errors import StudyFormatError
from model.io.study import Study, Truth, read_study, read_study_header, write_study
from tests.support.studies import tiny_study, write_tiny_study


def same(a: Any, b: Any) -> bool:
    return bool(a.dtype == b.dtype and np.array_equal(a, b))


def test_a_study_comes_back_as_it_was_written(tmp_path: Path) -> None:
    study = write_tiny_study(tmp_path / "a.h5", windows=2)
    again = read_study(tmp_path / "a.h5")
    for name in ("projections", "scatter", "attenuation", "reference", "labels"):
        assert same(getattr(again, name), getattr(study, name)), name
    assert again.geometry == study.geometry
    assert (again.reference_kind, dict(again.label_codes)) == (study.reference_kind, dict(study.label_codes))
    assert dict(again.provenance) == dict(study.provenance)
    assert again.truth is not None and study.truth is not None
    assert same(again.truth.aha, study.truth.aha) and same(again.truth.defect_map, study.truth.defect_map)
    assert (again.truth.heart, again.truth.defects) == (study.truth.heart, study.truth.defects)


def test_a_bare_study_of_projections_and_geometry_is_enough(tmp_path: Path) -> None:
    full = tiny_study()
    write_study(tmp_path / "a.h5", Study(full.projections, full.geometry, provenance={"source": "test"}))
    again = read_study(tmp_path / "a.h5")
    assert (again.attenuation, again.scatter, again.reference, again.labels, again.truth) == (None,) * 5


def test_the_same_study_gives_the_same_bytes_whenever_and_wherever(tmp_path: Path) -> None:
    digests = set()
    for name in ("a.h5", "elsewhere/b.h5"):
        write_tiny_study(tmp_path / name, seed=5)
        os.utime(tmp_path / name, (0, 0))
        digests.add(hashlib.sha256((tmp_path / name).read_bytes()).hexdigest())
    assert len(digests) == 1
    with h5py.File(tmp_path / "a.h5") as file:
        assert not file["projections"].id.get_create_plist().get_obj_track_times()


def test_the_header_tells_without_loading_a_volume(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    study = write_tiny_study(tmp_path / "a.h5", windows=2, patient_key="abc")
    monkeypatch.setattr("model.io.study._array", lambda *_: pytest.fail("a volume was read"))
    header = read_study_header(tmp_path / "a.h5")
    assert header.geometry == study.geometry
    assert header.projections_shape == study.projections.shape
    assert header.total_counts == pytest.approx(float(study.projections[0].sum()))
    assert header.has_attenuation and header.has_scatter and header.has_truth and header.has_reference
    assert header.reference_kind == "phantom"
    assert header.provenance["patient_key"] == "abc"
    assert len(header.defects) == 1


def spoil(name: str, index: Any, value: float) -> Callable[[Study], Study]:
    def change(study: Study) -> Study:
        array = getattr(study, name).copy()
        array[index] = value
        return replace(study, **{name: array})

    return change


BROKEN: dict[str, tuple[Callable[[Study], Study], str, str]] = {
    "nan": (spoil("projections", (0, 0, 0, 0), np.nan), "study.not_finite", "1 of 1920"),
    "infinite": (spoil("reference", (0, 0, 0), np.inf), "study.not_finite", "1 of 3200"),
    "negative": (spoil("projections", (0, 0, 0, 0), -1.0), "study.negative", "-1, expected 0"),
    "mu in cm^-1 or HU": (spoil("attenuation", (0, 0, 0), 15.0), "study.attenuation_unit", "15 mm"),
    "double": (lambda s: replace(s, projections=s.projections.astype(np.float64)), "study.dtype", "float64.*float32"),
    "shape": (lambda s: replace(s, projections=s.projections[:, 1:]), "study.shape", r"\(1, 11.*\(1, 12"),
    "volume shape": (lambda s: replace(s, reference=s.reference[1:]), "study.shape", r"\(7, 20.*\(8, 20"),  # type: ignore[index]  # it has one
    "windows": (lambda s: replace(s, scatter=np.concatenate([s.scatter] * 2)), "study.shape", r"\(2, 12.*\(1, 12"),
    "kind": (lambda s: replace(s, reference_kind="guess"), "study.reference_kind", "guess"),
    "no kind": (lambda s: replace(s, reference_kind=None), "study.reference_kind", "None"),
    "unnamed label": (spoil("labels", (0, 0, 0), 99), "study.label_codes", "99"),
    "aha": (lambda s: replace(s, truth=with_truth(s, aha=18)), "study.aha", "18.*17"),
    "defects": (lambda s: replace(s, truth=with_truth(s, defect=4)), "study.defects", "4.*1 defects"),
}


def with_truth(study: Study, *, aha: int | None = None, defect: int | None = None) -> Truth:
    assert study.truth is not None
    segments, defects = study.truth.aha.copy(), study.truth.defect_map.copy()
    segments[0, 0, 0] = segments[0, 0, 0] if aha is None else aha
    defects[0, 0, 0] = defects[0, 0, 0] if defect is None else defect
    return replace(study.truth, aha=segments, defect_map=defects)


@pytest.mark.parametrize("case", BROKEN)
def test_a_study_that_breaks_a_rule_is_not_written(case: str, tmp_path: Path) -> None:
    change, code, words = BROKEN[case]
    with pytest.raises(StudyFormatError, match=words) as refused:
        write_study(tmp_path / "a.h5", change(tiny_study()))
    assert refused.value.code == code
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "key", ["patient_name", "PatientID", "birth date", "Patient's-Birth-Date".replace("'", ""), "StudyDate"]
)
def test_provenance_refuses_what_names_a_person_at_any_depth(key: str, tmp_path: Path) -> None:
    study = replace(tiny_study(), provenance={"source": {"tags": [{key: "x"}]}})
    with pytest.raises(StudyFormatError) as refused:
        write_study(tmp_path / "a.h5", study)
    assert refused.value.code == "study.identifier"


def test_a_failed_write_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tiny_study(tmp_path / "a.h5", seed=1)
    before = (tmp_path / "a.h5").read_bytes()

    def full_disk(*_: object) -> None:
        msg = "No space left on device"
        raise OSError(28, msg)

    monkeypatch.setattr("model.io.study._write_geometry", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_tiny_study(tmp_path / "a.h5", seed=2)
    assert (tmp_path / "a.h5").read_bytes() == before
    assert [p.name for p in tmp_path.iterdir()] == ["a.h5"]


# ---------------------------------------------------------------- files made by somebody else


def refused_file(path: Path, change: Callable[[Any], None]) -> StudyFormatError:
    write_tiny_study(path)
    with h5py.File(path, "r+") as file:
        change(file)
    with pytest.raises(StudyFormatError) as refused:
        read_study(path)
    return refused.value


def replace_data(file: Any, name: str, array: Any, **attributes: Any) -> None:
    kept = dict(file[name].attrs) | attributes
    del file[name]
    file[name] = array
    for key, value in kept.items():
        file[name].attrs[key] = value


def soft_link(file: Any) -> None:
    del file["attenuation"]
    file["attenuation"] = h5py.ExternalLink("/etc/hosts", "/x")


def foreign_storage(file: Any) -> None:
    del file["attenuation"]
    file.create_dataset("attenuation", (8, 20, 20), np.float32, external=[("secret.bin", 0, 12800)])


@pytest.mark.parametrize(
    ("change", "code"),
    [
        (lambda f: f.attrs.__setitem__("schema_version", np.int64(2)), "study.schema_too_new"),
        (lambda f: f.attrs.__setitem__("schema_version", np.int64(0)), "study.not_a_study"),
        (lambda f: f.attrs.__setitem__("format", "other"), "study.not_a_study"),
        (lambda f: f.attrs.__delitem__("schema_version"), "study.not_a_study"),
        (lambda f: f.__delitem__("geometry"), "study.missing_part"),
        (lambda f: f.__delitem__("projections"), "study.missing_part"),
        (lambda f: f["geometry"].attrs.__setitem__("description", "{"), "study.bad_geometry"),
        (lambda f: f["geometry"].attrs.__setitem__("bin_axis", "reversed"), "study.bad_geometry"),
        (lambda f: f["geometry"].__delitem__("radius_mm"), "study.bad_geometry"),
        (lambda f: f["projections"].attrs.__setitem__("counts", [1.0]), "study.counts_differ"),
        (lambda f: f["projections"].attrs.__delitem__("counts"), "study.shape"),
        (lambda f: f["truth/aha"].attrs.__setitem__("heart", '{"x": 1}'), "study.bad_heart"),
        (lambda f: replace_data(f, "projections", np.zeros((1, 12, 8, 20))), "study.dtype"),
        (lambda f: replace_data(f, "attenuation", np.zeros((8, 20, 21), np.float32)), "study.shape"),
        (lambda f: replace_data(f, "provenance", '{"patient_name": "x"}'), "study.identifier"),
        (lambda f: replace_data(f, "provenance", "[1]"), "study.bad_provenance"),
        (soft_link, "study.external_link"),
        (foreign_storage, "study.external_link"),
    ],
)
def test_a_foreign_file_that_breaks_a_rule_is_refused(change: Callable[[Any], None], code: str, tmp_path: Path) -> None:
    assert refused_file(tmp_path / "a.h5", change).code == code


NAMED = "Hans Meier"


def _with_a_name() -> list[Callable[[Any], None]]:
    def attribute(place: str, name: str, value: Any) -> Callable[[Any], None]:
        return lambda file: file[place].attrs.__setitem__(name, value)

    def described(change: Callable[[dict[str, Any]], Any]) -> Callable[[Any], None]:
        def apply(file: Any) -> None:
            data = json.loads(file["geometry"].attrs["description"])
            change(data)
            file["geometry"].attrs["description"] = json.dumps(data)

        return apply

    def linked(file: Any) -> None:
        file[NAMED] = h5py.SoftLink("/projections")

    def fielded(file: Any) -> None:
        shape = file["attenuation"].shape
        del file["attenuation"]
        file["attenuation"] = np.zeros(shape, dtype=[(NAMED, "f4")])

    frame = '{"base_mm": ["Hans Meier", 1, 2], "apex_mm": [1, 2, 3], "anterior": [1, 0, 0], "outer_radius_mm": 30, "wall_mm": 9}'
    return [
        attribute("/", "format", NAMED),
        attribute("reference", "kind", NAMED),
        attribute("labels", "codes", json.dumps({NAMED: 999})),
        attribute("labels", "codes", json.dumps(NAMED)),
        attribute("truth/aha", "heart", json.dumps({NAMED: 1})),
        attribute("truth/aha", "heart", frame),
        attribute("geometry", "bin_axis", NAMED),
        described(lambda data: data.__setitem__(NAMED, 1)),
        described(lambda data: data["collimator"].__setitem__(NAMED, 1)),
        described(lambda data: data["windows"][0].update(name=NAMED, upper_kev=1.0)),
        described(lambda data: data.__setitem__("bin_mm", NAMED)),
        linked,
        fielded,
    ]


@pytest.mark.parametrize("number", range(len(_with_a_name())))
def test_a_refusal_repeats_no_word_of_the_file(number: int, tmp_path: Path) -> None:
    error = refused_file(tmp_path / "a.h5", _with_a_name()[number])
    assert "Meier" not in f"{error.message} {error.remedy}"


def test_a_huge_announced_size_is_refused_before_it_is_read(tmp_path: Path) -> None:
    def bomb(file: Any) -> None:
        del file["labels"]
        file.create_dataset("labels", (2**16, 2**16), np.uint8, chunks=(256, 256), compression="gzip")

    assert refused_file(tmp_path / "a.h5", bomb).code == "study.too_large"


@pytest.mark.parametrize("share", [0.0, 0.01, 0.3, 0.7, 0.99])
def test_a_truncated_file_is_refused(share: float, tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_tiny_study(path)
    data = path.read_bytes()
    path.write_bytes(data[: int(share * len(data))])
    with pytest.raises(StudyFormatError) as refused:
        read_study(path)
    assert refused.value.code == "study.unreadable"


def test_damaged_bytes_never_escape_as_another_error(tmp_path: Path) -> None:
    path = tmp_path / "a.h5"
    write_tiny_study(path)
    data = path.read_bytes()
    rng = np.random.default_rng(0)
    for _ in range(60):
        damaged = bytearray(data)
        for position in rng.integers(0, len(data), size=8):
            damaged[position] ^= 0xFF
        path.write_bytes(damaged)
        try:
            read_study(path)
        except StudyFormatError as refused:
            assert refused.code.startswith("study.")


def test_a_file_that_is_no_hdf5_or_not_there_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.h5").write_text("hello")
    with pytest.raises(StudyFormatError, match="HDF5"):
        read_study(tmp_path / "a.h5")
    with pytest.raises(FileNotFoundError, match=r"b\.h5"):
        read_study_header(tmp_path / "b.h5")
