from pathlib import Path

import pytest

from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.phantoms.xcat.keys import KEYS, checked, checked_options, checked_plus
from synthesis.phantoms.xcat.organs import CODE_OF_KEY, ORGANS
from synthesis.phantoms.xcat.parameters import parameter_text, read_parameters, write_parameters


def test_a_parameter_file_holds_every_key_once_and_reads_back_what_was_set() -> None:
    text = parameter_text({"gender": 1, "pixel_width": 0.32, "organ_file": "vfemale50.nrb"}, {"plus_flag": 2})
    read = read_parameters(text)
    assert set(KEYS) | {"plus_flag"} == set(read)
    assert len(text.splitlines()) == len(KEYS) + 1
    assert (read["gender"], read["pixel_width"], read["organ_file"]) == ("1", "0.32", "vfemale50.nrb")
    assert read["ThetaWidth"] == "100"
    assert all(" # " in line for line in text.splitlines())


def test_every_default_lies_within_its_own_limits() -> None:
    for name, key in KEYS.items():
        assert checked(name, key.default) == key.default, name


def test_every_organ_has_keys_and_every_activity_key_an_organ() -> None:
    assert set(CODE_OF_KEY.values()) == set(range(1, len(ORGANS) + 1))
    assert all(KEYS[name].driver for name in CODE_OF_KEY)


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("hrt_perod", 1.0, "Did you mean 'hrt_period'"),
        ("hrt_period", "fast", "must be a number, got 'fast'"),
        ("hrt_period", 100.0, "from 0.1 to 60 s, got 100"),
        ("papillary_flag", 0.5, "a whole number"),
        ("lung_scale", float("nan"), "must be a number"),
        ("heart_curve_file", "../curve.txt", "without a folder"),
        ("heart_curve_file", "a # b", "without a folder"),
    ],
)
def test_a_wrong_option_is_named_with_what_is_allowed(name: str, value: float | str, said: str) -> None:
    with pytest.raises(XcatFailed, match=said) as caught:
        checked_options({name: value})
    assert caught.value.code == "synthesis.xcat_key_invalid"


def test_what_the_driver_decides_is_no_option() -> None:
    with pytest.raises(XcatFailed, match="array_size is set by the driver"):
        checked_options({"array_size": 64})


def test_keys_of_an_extended_program_pass_unless_they_are_xcats_or_break_the_file() -> None:
    assert checked_plus({"skeletal_muscle_scale": 1.1, "tumour_set": "b-2"}) == {
        "skeletal_muscle_scale": 1.1,
        "tumour_set": "b-2",
    }
    with pytest.raises(XcatFailed, match="gender is a key of XCAT itself"):
        checked_plus({"gender": 1})
    for bad in ({"a b": 1}, {"a": "x\ny = 2"}, {"a": float("inf")}):
        with pytest.raises(XcatFailed, match="cannot be written"):
            checked_plus(bad)


def test_a_parameter_file_that_cannot_be_written_leaves_nothing_behind(tmp_path: Path) -> None:
    with pytest.raises(XcatFailed):
        write_parameters(tmp_path / "a.par", {"array_size": 0})
    target = tmp_path / "folder.par"
    target.mkdir()
    (target / "full").touch()
    with pytest.raises(OSError, match=r"folder\.par"):
        write_parameters(target, {})
    assert [path.name for path in tmp_path.iterdir()] == ["folder.par"]
