import os
import stat
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from synthesis.defects import Lesion
from synthesis.errors import PhantomInvalid
from synthesis.phantoms.imported.organs import WALL
from synthesis.phantoms.xcat import driver
from synthesis.phantoms.xcat.body import make_volume
from synthesis.phantoms.xcat.driver import find_installation, private_folder
from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.phantoms.xcat.keys import Value
from synthesis.phantoms.xcat.parameters import write_parameters
from synthesis.phantoms.xcat.patient import XcatPatient, draw_patient, phantom_values
from synthesis.scenario import load_scenario
from synthesis.specs.phantom import XcatSpec
from tests.support.xcat import FAULT, install_stub

INFARCT = Lesion(60.0, 90.0, 0.5, 40.0, 1.0, 0.6)
SITE = load_scenario("cardiac").sites[0]


@pytest.fixture
def spec(tmp_path: Path) -> XcatSpec:
    (tmp_path / "work").mkdir()
    return XcatSpec(
        program=install_stub(tmp_path / "xcat"), work_dir=tmp_path / "work", array_size=56, pixel_mm=8.0,
        bottom_mm=1167 - 120, height_mm=240,
    )  # fmt: skip


@pytest.fixture
def patient(spec: XcatSpec) -> XcatPatient:
    return draw_patient(spec, SITE, np.random.default_rng(5))


def test_the_driver_reads_a_man_and_a_woman_with_an_infarct(spec: XcatSpec, patient: XcatPatient) -> None:
    volumes = {}
    for female in (False, True):
        volume, log, text = make_volume(spec, replace(patient, female=female), (INFARCT,))
        volumes[female] = volume
        assert f"gender = {int(female)}" in text
        assert ("vfemale50.nrb" in text) == female
        assert log["lv volume"] == [120.5]
        wall, mask = volume.mask_of(WALL), volume.masks[0]
        assert 0.05 < mask[wall].sum() / wall.sum() < 0.5
        assert volume.mu_per_mm is not None
        assert np.median(volume.mu_per_mm[volume.mask_of("muscle")]) == pytest.approx(0.0158, rel=0.01)
    assert volumes[True].mask_of("breast").any()
    assert not volumes[False].mask_of("breast").any()
    assert not list((spec.work_dir or Path()).iterdir())


def test_the_other_order_of_the_axes_gives_the_same_volume(
    spec: XcatSpec, patient: XcatPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    usual = make_volume(spec, patient, (INFARCT,))[0]
    monkeypatch.setenv(FAULT, "z-fastest")
    other = make_volume(spec, patient, (INFARCT,))[0]
    assert np.array_equal(usual.index, other.index)
    assert np.array_equal(usual.masks[0], other.masks[0])
    with pytest.raises(XcatFailed, match="array_order says x fastest"):
        make_volume(spec.model_copy(update={"array_order": "x_fastest"}), patient, ())


@pytest.mark.parametrize(
    ("fault", "code", "said"),
    [
        ("exit", "exit", "exit status 3: AP expansion too great"),
        ("missing-act", "output_missing", "without writing its activity file"),
        ("missing-atn", "output_missing", "without writing its attenuation file"),
        ("missing-log", "output_missing", "without writing its log"),
        ("truncated-atn", "output_size", "bytes; 56 x 56 x 30 voxels take"),
        ("truncated-act", "output_size", "activity file"),
        ("log-size", "output_size", "log says array_size 112; asked for was 56"),
        ("nan", "output_values", "no numbers"),
        ("label", "output_values", "none of the integers"),
        ("no-lesion", "output_values", "no infarct"),
    ],
)
def test_every_fault_of_the_program_is_one_sentence(
    fault: str, code: str, said: str, spec: XcatSpec, patient: XcatPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FAULT, fault)
    lesions = (INFARCT,) if fault == "no-lesion" else ()
    with pytest.raises(XcatFailed, match=said) as caught:
        make_volume(spec, patient, lesions)
    assert caught.value.code == f"synthesis.xcat_{code}"
    assert caught.value.remedy
    assert not list((spec.work_dir or Path()).iterdir())


def test_a_volume_with_wrong_water_is_refused_with_what_its_water_would_be(
    spec: XcatSpec, patient: XcatPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FAULT, "water")
    with pytest.raises(PhantomInvalid, match=r"water would be 0\.1[89]\d* cm\^-1 instead of 0\.1537"):
        make_volume(spec, patient, ())
    per_cm = spec.model_copy(update={"attenuation_unit": "per_cm"})
    assert make_volume(per_cm, patient, ())[0].has_heart()


def test_a_missing_key_is_told_in_the_programs_own_words(
    spec: XcatSpec, patient: XcatPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def without_energy(path: Path, values: dict[str, Value], plus: dict[str, Value]) -> None:
        write_parameters(path, values, plus)
        lines = path.read_text().splitlines(keepends=True)
        path.write_text("".join(line for line in lines if not line.startswith("energy")))

    monkeypatch.setattr("synthesis.phantoms.xcat.driver.write_parameters", without_energy)
    with pytest.raises(XcatFailed, match="Can not find energy in the parameter file"):
        make_volume(spec, patient, ())


def test_a_program_that_takes_too_long_is_stopped_for_good(
    spec: XcatSpec, patient: XcatPatient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FAULT, "sleep")
    monkeypatch.setenv("STUB_XCAT_PID", str(tmp_path / "pid"))
    with pytest.raises(XcatFailed, match="still running after 4 s"):
        make_volume(spec.model_copy(update={"timeout_s": 4.0}), patient, ())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
    assert not list((spec.work_dir or Path()).iterdir())


def test_xcats_own_files_are_linked_into_a_private_folder_and_must_be_there(
    spec: XcatSpec, patient: XcatPatient
) -> None:
    installation = find_installation(spec)
    with private_folder(spec, installation) as folder:
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert (folder / "vmale50.nrb").is_symlink()
    (installation.data_dir / "vmale50.nrb").unlink()
    (installation.data_dir / "vfemale50.nrb").unlink()
    with pytest.raises(XcatFailed, match=r"male50\.nrb \(organ_file\) is not in its folder"):
        make_volume(spec, patient, ())


def test_what_a_killed_process_left_behind_is_removed_and_what_a_living_one_uses_stays(spec: XcatSpec) -> None:
    installation, gone = find_installation(spec), subprocess.Popen([sys.executable, "-c", ""])
    gone.wait()
    with private_folder(spec, installation) as mine:
        left = mine.with_name(mine.name.replace(f"-{os.getpid()}-", f"-{gone.pid}-"))
        left.mkdir()
        with private_folder(spec, installation) as second:
            assert second.is_dir()
            assert mine.is_dir()
            assert not left.exists()


def test_a_program_that_is_not_there_is_named_with_where_to_set_it(
    spec: XcatSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(driver.PROGRAM_VARIABLE, raising=False)
    nowhere = spec.model_copy(update={"program": None})
    with pytest.raises(XcatFailed, match="Set FLOMIR_XCAT"):
        find_installation(nowhere)
    monkeypatch.setenv(driver.PROGRAM_VARIABLE, str(spec.program))
    assert find_installation(nowhere).program == spec.program
    with pytest.raises(XcatFailed, match="no XCAT program at"):
        find_installation(spec.model_copy(update={"program": tmp_path / "gone"}))
    (tmp_path / "text").write_text("no program")
    with pytest.raises(XcatFailed, match="may not be run"):
        find_installation(spec.model_copy(update={"program": tmp_path / "text"}))


def test_a_file_that_is_no_program_and_a_full_disk_are_told(
    spec: XcatSpec, patient: XcatPatient, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert spec.program is not None
    spec.program.write_bytes(b"\x7fELF no program")
    with pytest.raises(XcatFailed, match="could not be started"):
        make_volume(spec, patient, ())
    monkeypatch.setattr(driver, "SPARE_BYTES", 2**62)
    with pytest.raises(XcatFailed, match="no space for XCAT's volumes") as caught:
        make_volume(spec, patient, ())
    assert caught.value.code == "synthesis.xcat_disk_full"


def test_the_users_own_parameter_file_fills_in_what_the_driver_leaves_open(
    spec: XcatSpec, patient: XcatPatient, tmp_path: Path
) -> None:
    own = tmp_path / "general.par"
    own.write_text("lung_scale = 0.9 # mine\nbrain_activity = 7\nthickness_ribs = 0.3\narray_size = 999\n")
    mine = spec.model_copy(update={"parameter_file": own, "options": {"lung_scale": 0.95}, "plus": {"new_key": 3}})
    values = phantom_values(mine, patient)
    assert (values["lung_scale"], values["array_size"]) == (0.95, 56)
    text = make_volume(mine, patient, ())[2]
    assert "brain_activity = 0" in text  # 7 would be taken for an organ
    assert "thickness_ribs = 0.3" in text
    assert "new_key = 3" in text


def test_a_drawn_patient_stays_within_the_published_ranges(spec: XcatSpec) -> None:
    drawn = [draw_patient(spec, SITE, np.random.default_rng(seed)) for seed in range(200)]
    assert 0.3 < np.mean([p.female for p in drawn]) < 0.6
    assert all(0.9 <= s <= 1.1 for p in drawn for s in (p.torso_width, p.torso_depth, *p.heart_scale))
    assert all(1 <= p.diaphragm_cm <= 3 and 0.3 <= p.ap_expansion_cm <= 0.8 for p in drawn)
    assert np.std([p.turn_xz_deg for p in drawn]) == pytest.approx(10 * 0.88, rel=0.15)  # cut at two deviations
    livers = [p.uptakes()["liver"] for p in drawn]
    assert 0.8 / 1.2 <= min(livers) < 0.85 < 1.2 < max(livers) <= 1.2 / 0.8
    assert all(p.uptakes()["myocardium"] == 1 for p in drawn)
