"""Shipped weights: each file is what its card says, small, finite and told of; methods are found by name."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from pydantic import JsonValue

from model.checkpoint import load_shipped
from model.classical.osem import OsemSettings
from model.commands.models import _rows, models
from model.errors import ModelError
from model.io.weights import content_hash, load_arrays, load_card, sha256_of
from model.methods import Method, method_names, resolve_method
from model.networks import NETWORKS
from model.shipped import (
    DEFAULT_NETWORK,
    MAX_SHIPPED_BYTES,
    WEIGHTS_FOLDER,
    shipped_networks,
    shipped_path,
)
from tests.support.networks import small_study
from tests.support.shipped import ship_instead

REAL = shipped_networks()


def test_the_default_network_is_one_we_know() -> None:
    assert DEFAULT_NETWORK in NETWORKS


def test_nothing_else_lies_in_the_folder_of_shipped_weights() -> None:
    suffixes = {path.suffix for path in WEIGHTS_FOLDER.iterdir()} if WEIGHTS_FOLDER.is_dir() else set()
    assert suffixes <= {".safetensors", ".json", ".md", ".py", ""}
    assert {path.stem for path in WEIGHTS_FOLDER.glob("*.safetensors")} == set(REAL)
    assert "encoder_decoder" not in REAL


@pytest.mark.parametrize("name", REAL or [pytest.param("none", marks=pytest.mark.skip("no trained weights are here"))])
def test_a_shipped_file_is_what_its_card_says(name: str) -> None:
    path = shipped_path(name)
    card = load_card(path)
    assert content_hash(path) == card.content_hash
    assert path.stat().st_size <= MAX_SHIPPED_BYTES
    assert card.network["name"] == name
    assert all(np.isfinite(array).all() for array in load_arrays(path).values())
    network, _ = load_shipped(name)
    assert sum(p.numel() for p in network.parameters()) == card.parameters
    assert card.data and card.metrics, "a card names its data and its figures"
    training = json.dumps(card.training)
    for word in ("seed", "command", "code"):
        assert word in training, f"the card's training does not name its {word}"
    assert not re.search(r"(/home|/work|/tmp|/root|[A-Z]:\\)", card.model_dump_json()), "a card holds no paths"


@pytest.mark.parametrize("name", REAL or [pytest.param("none", marks=pytest.mark.skip("no trained weights are here"))])
def test_a_shipped_card_tells_the_configuration_that_its_run_trained_and_its_figures_are_of(name: str) -> None:
    card = load_card(shipped_path(name))
    training, schedule, machine = card.training, card.training["schedule"], card.training["machine"]
    as_trained = training.get("trained_as", {})
    assert isinstance(schedule, dict) and isinstance(machine, dict) and isinstance(as_trained, dict)
    identity: dict[str, JsonValue] = {
        "data": {part: card.data[part] for part in ("train", "validation")},
        "network": {**card.network, **as_trained},
        "init": card.lineage[0] if card.lineage else None,
        "targets": card.data["targets"],
        "parameters": training["parameters"],
        "epochs": schedule["epochs_planned"],
        "seed": training["seed"],
        "score": card.metrics["score"],
        "validate_every": schedule["validate_every"],
        "processes": machine["processes"],
    }
    assert sha256_of(json.dumps(identity, sort_keys=True).encode()) == training["run"]
    told = CliRunner().invoke(models, ["show", name]).output
    assert ("Figures of the network as trained (closing passes 0" in told) == bool(as_trained)
    assert ("\nFigures:\n" in told) == (not as_trained)


@pytest.fixture
def shipped(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    folder = tmp_path / "weights"
    ship_instead(monkeypatch, folder, "osem_unet", DEFAULT_NETWORK)
    return folder


def refused(text: str) -> ModelError:
    with pytest.raises(ModelError) as found:
        resolve_method(text)
    return found.value


def test_the_default_comes_first_and_the_others_are_found_by_name(shipped: Path) -> None:
    assert shipped_networks() == (DEFAULT_NETWORK, "osem_unet")
    assert method_names()[:3] == ("default", DEFAULT_NETWORK, "osem_unet")
    assert resolve_method("default").name == DEFAULT_NETWORK
    assert resolve_method("osem_unet").describe()["content_hash"] == load_card(shipped_path("osem_unet")).content_hash
    (shipped / "osem_unet.json").unlink()
    assert shipped_networks() == (DEFAULT_NETWORK,)


def test_a_network_that_is_not_shipped_is_refused_with_those_that_are(
    shipped: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = refused("fbp_unet")
    assert found.code == "weights.not_shipped"
    assert f"there are: {DEFAULT_NETWORK}, osem_unet" in found.message
    monkeypatch.setattr("model.shipped.WEIGHTS_FOLDER", shipped / "nothing")
    found = refused("default")
    assert found.code == "weights.not_shipped"
    assert "none" in found.message
    assert "osem" in found.remedy


def test_an_unknown_method_is_refused_with_the_choices(shipped: Path) -> None:
    found = refused("magic")
    assert found.code == "method.unknown"
    assert all(name in found.message for name in method_names())


@pytest.mark.parametrize("text", ["default", "osem", "mlem", "fbp", "map-osem", "file"])
def test_every_method_gives_counts_of_the_study_and_says_what_it_is(text: str, shipped: Path) -> None:
    study = small_study()
    method: Method = resolve_method(
        str(shipped / "osem_unet.safetensors") if text == "file" else text, osem=OsemSettings(iterations=4, subsets=3)
    )
    heard: list[float] = []
    image = method(study, on_progress=heard.append)
    assert image.dtype == np.float32
    assert image.shape == study.geometry.volume_shape
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert heard[-1] == 1.0
    assert heard == sorted(heard)
    json.dumps(method.describe(), allow_nan=False)
    if text in ("osem", "map-osem"):  # the likelihood keeps the counts; few iterations, so not yet to the last one
        assert study.reference is not None
        assert image.sum() == pytest.approx(study.reference.sum(), rel=0.25)


def test_a_damaged_shipped_file_is_noticed(shipped: Path) -> None:
    path = shipped / "osem_unet.safetensors"
    raw = bytearray(path.read_bytes())
    raw[-1] ^= 1
    path.write_bytes(raw)
    assert refused("osem_unet").code == "weights.hash"


# ---------------------------------------------------------------- flomir models


def test_the_list_names_every_network_and_the_trained_ones_figures(shipped: Path) -> None:
    answer = CliRunner().invoke(models, ["--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.output)
    rows = {row["name"]: row for row in found["networks"]}
    assert set(rows) == set(NETWORKS)
    assert found["default"] == DEFAULT_NETWORK
    assert rows[DEFAULT_NETWORK]["metrics"]["nrmse_body"] == 0.25
    assert rows[DEFAULT_NETWORK]["bytes"] == shipped_path(DEFAULT_NETWORK).stat().st_size
    assert not rows["fbp_unet"]["shipped"] and rows["fbp_unet"]["parameters"] > 10_000
    plain = CliRunner().invoke(models, [])
    assert plain.exit_code == 0
    assert "default" in plain.output and "untrained" in plain.output


def test_a_card_is_told_in_plain_words(shipped: Path) -> None:
    answer = CliRunner().invoke(models, ["show", "default"])
    assert answer.exit_code == 0
    assert "None" not in answer.output
    for words in (DEFAULT_NETWORK, "nrmse body: 0.25", "scenario: tiny", "flomir train --data tiny", "SHA-256"):
        assert words in answer.output
    missing = CliRunner().invoke(models, ["show", "fbp_unet"])
    assert missing.exit_code == 1
    assert "weights of fbp_unet" in missing.output
    assert "Traceback" not in missing.output


def test_a_long_table_of_a_card_is_told_line_by_line_in_part() -> None:
    rows = [{"step": number, "loss": None if number == 0 else 1.0 / number} for number in range(25)]
    lines = _rows("best_curve", rows)
    assert lines[0] == "  best curve (9 of 25 rows):"
    assert [line.split(",")[0] for line in lines[1:]] == [f"    step {number}" for number in range(0, 25, 3)]
    assert lines[1] == "    step 0"
    assert lines[-1] == "    step 24, loss 0.04167"


def test_a_weights_file_is_verified(shipped: Path) -> None:
    path = shipped / "osem_unet.safetensors"
    whole = CliRunner().invoke(models, ["verify", str(path), "--json"])
    assert whole.exit_code == 0
    assert json.loads(whole.output)["whole"]
    assert CliRunner().invoke(models, ["verify", "osem_unet"]).exit_code == 0
    path.write_bytes(path.read_bytes()[:-8])
    broken = CliRunner().invoke(models, ["verify", str(path), "--json"])
    assert broken.exit_code == 1
    told = json.loads(broken.output)
    assert (told["whole"], told["code"]) == (False, "weights.hash")
    assert told["remedy"] == "Copy both files again, weights and card, from the same source."
