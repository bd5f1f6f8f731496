"""Trained weights in another configuration: what needs no other tensors, what the card tells, what is refused."""

import json
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from model.commands.models import models
from model.io.weights import load_card, save_card
from model.networks import parse_network
from model.reconfigure import parse_changes
from model.shipped import WEIGHTS_FOLDER, shipped_networks
from tests.support.shipped import ship

RECIPES = WEIGHTS_FOLDER / "recipes"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return ship(tmp_path, "unrolled_em")[0].path


def configure(path: Path, *words: str) -> Result:
    return CliRunner().invoke(models, ["configure", str(path), *words])


def test_closing_passes_are_set_and_the_card_tells_what_was_trained(path: Path) -> None:
    weights = path.read_bytes()
    result = configure(path, "--set", "closing_passes=6", "--set", "closing_fwhm_voxels=2.3", "--json")
    assert result.exit_code == 0, result.output
    assert json.loads(result.stdout)["changed"] == {"closing_passes": 6, "closing_fwhm_voxels": 2.3}
    card = load_card(path)
    assert card.network["closing_passes"] == 6
    assert card.training["trained_as"] == {"closing_passes": 0, "closing_fwhm_voxels": 3.0}
    assert path.read_bytes() == weights


def test_what_was_trained_is_told_after_a_second_change_and_no_more_once_it_is_so_again(path: Path) -> None:
    configure(path, "--set", "closing_passes=6")
    configure(path, "--set", "closing_passes=4")
    assert load_card(path).training["trained_as"] == {"closing_passes": 0}
    configure(path, "--set", "closing_passes=0")
    assert "trained_as" not in load_card(path).training


def test_the_same_configuration_changes_nothing(path: Path) -> None:
    before = load_card(path)
    result = configure(path, "--set", "closing_passes=0")
    assert "Nothing to change" in result.output
    assert load_card(path) == before


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("closing_passes", "names no value"),
        ("closing_passes=many", "closing_passes"),
        ("wings=2", "wings"),
        ("name=fbp_unet", "weights of one kind of network are none of another"),
        ("channels=16", "shape"),
    ],
)
def test_what_does_not_fit_is_refused_and_the_card_stays(path: Path, word: str, told: str) -> None:
    before = load_card(path)
    result = configure(path, "--set", word)
    assert result.exit_code == 1
    assert told in result.output.lower()
    assert load_card(path) == before


def test_a_file_that_is_no_model_is_one_sentence(tmp_path: Path) -> None:
    result = configure(tmp_path / "none.safetensors", "--set", "closing_passes=1")
    assert result.exit_code == 1
    assert "There is no model file none.safetensors." in result.output


@pytest.mark.parametrize("name", shipped_networks())
def test_a_recipe_makes_the_configuration_of_the_network_that_is_shipped(name: str) -> None:
    words = (RECIPES / f"{name}.args").read_text().split()
    model = words[words.index("--model") + 1]
    asked = json.loads((WEIGHTS_FOLDER.parents[1] / model).read_text()) if model.endswith(".json") else {"name": model}
    changes = RECIPES / f"{name}.set"
    if changes.is_file():
        asked |= parse_changes([word for word in shlex.split(changes.read_text()) if word != "--set"])
    card = load_card(WEIGHTS_FOLDER / f"{name}.safetensors")
    assert parse_network(asked) == parse_network(card.network)


def test_a_calibration_of_the_former_network_is_taken_out(path: Path) -> None:
    shipped = load_card(WEIGHTS_FOLDER / f"{shipped_networks()[0]}.safetensors")
    save_card(path, load_card(path).model_copy(update={"uncertainty": shipped.uncertainty, "alarm": shipped.alarm}))
    result = configure(path, "--set", "closing_passes=6")
    assert "calibrate anew" in result.output
    card = load_card(path)
    assert card.uncertainty is None and card.alarm is None
