from pathlib import Path

from synthesis.choices import with_phantom
from synthesis.phantoms.imported.organ_table import read_organ_table
from synthesis.phantoms.imported.organs import TISSUES
from synthesis.phantoms.xcat.keys import checked_options
from synthesis.scenario import load_scenario
from synthesis.specs.phantom import LabelmapSpec, XcatSpec

EXAMPLES = Path(__file__).parents[3] / "docs" / "examples"


def test_the_example_tables_say_the_same_in_both_formats() -> None:
    assert read_organ_table(EXAMPLES / "organs.csv") == read_organ_table(EXAMPLES / "organs.toml")


def test_the_example_phantoms_are_read_by_the_option_of_the_command() -> None:
    scenario = load_scenario("cardiac")
    labelmap = with_phantom(scenario, str(EXAMPLES / "labelmap.toml")).phantom
    xcat = with_phantom(scenario, str(EXAMPLES / "xcat.toml")).phantom
    assert isinstance(labelmap, LabelmapSpec)
    assert isinstance(xcat, XcatSpec)
    assert checked_options(xcat.options)["papillary_flag"] == 1
    assert xcat.slices == 125


def test_the_manual_names_every_setting_and_every_tissue() -> None:
    text = (EXAMPLES.parent / "synthesis.md").read_text(encoding="utf-8")
    xcat, labelmap = text.split("## Your XCAT")[1].split("## Your label maps")
    told = {"kind"} | {name for name in XcatSpec.model_fields if f"`{name}`" in xcat or f"`[{name}]`" in xcat}
    assert told == set(XcatSpec.model_fields)
    assert all(name in labelmap for name in TISSUES)
