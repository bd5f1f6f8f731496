from pathlib import Path

import pytest

from synthesis.errors import ScenarioInvalid
from synthesis.scenario import builtin_scenarios, load_scenario, parse_scenario

MINIMAL = 'schema_version = 1\nname = "mine"\n[[sites]]\nname = "here"\n'


def test_the_built_in_scenarios_are_there_and_valid() -> None:
    assert {"quick", "cardiac", "cardiac-infarct", "four-hospitals"} <= set(builtin_scenarios())
    for name in builtin_scenarios():
        assert load_scenario(name).name == name


def test_the_four_hospitals_differ_in_camera_counts_and_patients() -> None:
    sites = load_scenario("four-hospitals").sites
    assert [site.name for site in sites] == ["north", "east", "south", "west"]
    for aspect in ("counts", "collimator", "body_width_mm", "female_share", "infarct_share", "radius_min_mm"):
        assert len({str(getattr(site, aspect)) for site in sites}) == 4, aspect


def test_the_orbit_runs_from_right_front_to_left_back_by_the_dicom_convention() -> None:
    scenario = load_scenario("four-hospitals")
    angles = scenario.geometry(scenario.site("north"), 220.0).angles_rad
    degrees = [round(angle * 57.29577951308232, 6) for angle in angles]
    assert len(degrees) == 60
    assert degrees[0] == 225  # 45 degrees right anterior oblique: between front (180) and the patient's right (270)
    assert degrees[15] == 180
    assert degrees[45] == 90  # the patient's left
    assert degrees[-1] == 48  # one step before 45 degrees left posterior oblique


def test_a_file_reads_as_the_same_scenario_and_changes_the_digest_with_any_value(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL, encoding="utf-8")
    scenario = load_scenario(path)
    assert scenario == parse_scenario(MINIMAL)
    changed = parse_scenario(MINIMAL + "female_share = 0.46\n")
    assert changed.digest != scenario.digest


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("name = ", "not valid TOML"),
        (MINIMAL + "colour = 3\n", "sites.0.colour"),
        (MINIMAL + "counts = [2e6, 1e6]\n", "lower limit"),
        (MINIMAL + '[[sites]]\nname = "here"\n', "must differ"),
        (MINIMAL + "body_width_mm = [300, 600]\n", "does not fit"),
        ("window_kev = [143.0, 175.0]\n" + MINIMAL, "143 to 175 keV, must hold the 140.5 keV"),
        ("window_kev = [60.0, 80.0]\n" + MINIMAL, "60 to 80 keV, must hold the 140.5 keV"),
        (MINIMAL + "[simulation]\noversampling = 1\n", "simulation.oversampling"),
    ],
)
def test_an_impossible_scenario_is_refused_with_the_field_and_a_remedy(text: str, words: str) -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        parse_scenario(text)
    assert words in caught.value.message
    assert caught.value.remedy


def test_unknown_names_are_answered_with_the_known_ones(tmp_path: Path) -> None:
    with pytest.raises(ScenarioInvalid, match="four-hospitals"):
        load_scenario("five-hospitals")
    with pytest.raises(ScenarioInvalid, match="cannot be read"):
        load_scenario(tmp_path / "absent.toml")
    with pytest.raises(ScenarioInvalid, match="north, east, south, west"):
        load_scenario("four-hospitals").site("centre")
