"""What `flomir train` accepts, refuses and writes on the card; the loop itself is tested elsewhere."""

import errno
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from click.testing import CliRunner, Result

from flomir.cli import cli
from model.commands.train import summary_lines
from model.errors import ModelError
from model.io.weights import content_hash, load_card
from model.task_parameters import USED_WITH, SpectReconstructionParameters, TargetKind
from model.training.card import code_version, command_words, sparkline
from model.training.distributed import Group
from model.training.objective import study_loss
from model.training.plan import LocalProgress, TrainPlan
from model.training.run import (
    SET_BY_OPTIONS,
    TrainRequest,
    Watch,
    check_used,
    parse_settings,
    read_network,
    run_training,
)
from model.training.targets import TARGET_KINDS, target_for
from tests.support.training import SMALL, small_network, small_study, write_small_studies


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    yield
    torch.set_num_threads(before)


@pytest.fixture(scope="module")
def ward(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("here")
    write_small_studies(folder / "ward", 4, counts=2e4)
    write_small_studies(folder / "bare", 3, counts=2e4, with_reference=False, with_truth=False)
    (folder / "small.json").write_text(json.dumps(SMALL))
    return folder


def train(ward: Path, out: Path, *more: str, data: str = "ward", model: str = "small.json") -> Result:
    network = str(ward / model) if model.endswith(".json") else model
    words = ["--data", str(ward / data), "--model", network, "--out", str(out), "--epochs", "1", "--threads", "1"]
    return CliRunner().invoke(cli, ["train", *words, "--device", "cpu", "--holdout", "0.25", *more])


def card_of(out: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(load_card(out).model_dump_json())
    return content


def test_the_card_tells_data_code_seed_schedule_machine_and_curve(ward: Path, tmp_path: Path) -> None:
    out = tmp_path / "small.safetensors"
    answer = train(ward, out, "--seed", "5", "--set", "heart_weight=2")
    assert answer.exit_code == 0, answer.output
    card = card_of(out)
    assert card["network"]["name"] == "unrolled_em"
    assert card["data"]["targets"] == "phantom"
    assert card["data"]["train"]["folders"] == ["ward"]
    assert (card["data"]["train"]["studies"], card["data"]["validation"]["studies"]) == (3, 1)
    training = card["training"]
    assert training["code"] == code_version()
    assert (training["seed"], training["parameters"]["heart_weight"]) == (5, 2.0)
    assert (training["steps"], training["schedule"]["steps_per_epoch"], training["ended"]) == (3, 3, "epochs")
    assert training["machine"]["threads"] == 1
    assert training["machine"]["cpu"]
    assert training["wall_s"] > 0
    assert [row["step"] for row in card["metrics"]["curve"]] == [0, 3]
    assert card["metrics"]["validation"]["nrmse_body"] > 0
    assert str(ward) not in json.dumps(card)
    assert str(tmp_path) not in json.dumps(card)
    assert "epoch" in answer.output
    assert card["content_hash"][:12] in answer.output


def test_a_study_that_is_left_out_takes_no_other_of_its_name_from_the_card(ward: Path, tmp_path: Path) -> None:
    out, folders = tmp_path / "m.safetensors", [tmp_path / site / "studies" for site in "ab"]
    write_small_studies(folders[0], 4, counts=2e4)
    name = min(path.name for path in folders[0].iterdir())
    folders[1].mkdir(parents=True)
    (folders[1] / name).write_bytes((ward / "bare" / name).read_bytes())
    answer = train(tmp_path, out, "--data", str(folders[1]), data="a/studies", model=str(ward / "small.json"))
    assert answer.exit_code == 0, answer.output
    data = card_of(out)["data"]
    assert [item["study"] for item in data["left_out"]] == [f"studies/{Path(name).stem}"]
    assert data["train"]["studies"] + data["validation"]["studies"] == 4


def test_a_run_may_begin_with_the_weights_of_another(ward: Path, tmp_path: Path) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    assert train(ward, first).exit_code == 0
    answer = train(ward, second, "--init", str(first), "--json")
    assert answer.exit_code == 0, answer.output
    assert card_of(second)["lineage"] == [card_of(first)["content_hash"]]
    curves = [card_of(path)["metrics"]["curve"] for path in (first, second)]
    best = min(row["score"] for row in curves[0])
    assert curves[1][0]["score"] == pytest.approx(best, abs=1e-5)


def test_a_card_names_the_weights_the_run_began_with_though_their_file_was_replaced_since(
    ward: Path, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.safetensors", tmp_path / "second.safetensors"
    assert train(ward, first).exit_code == 0
    before = card_of(first)["content_hash"]
    request = TrainRequest(
        data=(ward / "ward",),
        network=read_network(str(ward / "small.json")),
        out=second,
        plan=TrainPlan(epochs=1),
        parameters=parse_settings([], seed=0),
        init=first,
        holdout=0.25,
    )

    def replace_them(_: LocalProgress) -> None:
        first.write_bytes(b"others")

    run_training(request, Group(), Watch(on_progress=replace_them))
    assert content_hash(first) != before
    assert card_of(second)["lineage"] == [before]


def test_the_weights_of_the_last_step_lie_beside_the_best_where_they_are_others(ward: Path, tmp_path: Path) -> None:
    out = tmp_path / "far.safetensors"
    answer = train(ward, out, "--epochs", "3", "--set", "learning_rate=0.3", "--set", "grad_clip=1000")
    assert answer.exit_code == 0, answer.output
    best, last = card_of(out), card_of(tmp_path / "far.last.safetensors")
    assert best["training"]["best"] == last["training"]["best"]
    assert best["training"]["best"]["step"] < last["training"]["steps"]
    assert (best["training"]["weights"], last["training"]["weights"]) == ("best", "last")
    curve = last["metrics"]["curve"]
    assert last["metrics"]["validation"]["nrmse_body"] == pytest.approx(curve[-1]["nrmse_body"], abs=1e-6)
    assert best["metrics"]["validation"]["nrmse_body"] < curve[-1]["nrmse_body"]
    assert best["content_hash"] != last["content_hash"]
    assert "far.last.safetensors" in answer.output
    assert not list(tmp_path.glob("*.checkpoint*"))


def test_the_last_weights_of_a_former_run_do_not_stay_beside_new_ones(ward: Path, tmp_path: Path) -> None:
    out, last = tmp_path / "far.safetensors", tmp_path / "far.last.safetensors"
    assert train(ward, out, "--epochs", "3", "--set", "learning_rate=0.3", "--set", "grad_clip=1000").exit_code == 0
    assert last.is_file()
    answer = train(ward, out, "--force", "--set", "learning_rate=0.0001")
    assert answer.exit_code == 0, answer.output
    training = card_of(out)["training"]
    assert training["best"]["step"] == training["steps"]  # the best are the last ones
    assert not last.exists()
    assert not last.with_suffix(".json").exists()


def test_resuming_what_is_finished_changes_nothing(ward: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    assert train(ward, out, "--resume").exit_code == 0
    stamp = out.stat().st_mtime_ns
    again = train(ward, out, "--resume")
    assert again.exit_code == 0
    assert "finished already" in again.output
    assert out.stat().st_mtime_ns == stamp


def test_resuming_replaces_weights_of_another_run_only_when_told_to(ward: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    assert train(ward, out).exit_code == 0
    before = out.read_bytes(), out.with_suffix(".json").read_bytes()
    for other in (("--epochs", "2"), ("--seed", "7")):
        refused = train(ward, out, "--resume", *other)
        assert refused.exit_code == 1
        assert "m.safetensors holds weights of another run. Choose another name with --out, or" in refused.output
        assert (out.read_bytes(), out.with_suffix(".json").read_bytes()) == before
    told = train(ward, out, "--resume", "--force", "--epochs", "2")
    assert told.exit_code == 0, told.output
    assert card_of(out)["training"]["schedule"]["epochs_planned"] == 2


@pytest.mark.parametrize("kind", ["full-counts", "self-supervised"])
def test_studies_without_reference_train_and_the_card_names_the_kind(ward: Path, tmp_path: Path, kind: str) -> None:
    out = tmp_path / "m.safetensors"
    refused = train(ward, out, data="bare")
    assert refused.exit_code == 1
    assert "--targets self-supervised" in refused.output
    answer = train(ward, out, "--targets", kind, data="bare")
    assert answer.exit_code == 0, answer.output
    assert card_of(out)["data"]["targets"] == kind
    assert card_of(out)["data"]["train"]["reference_kinds"] == {"none": 2}


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (("--set", "heart_wait=3"), "heart_weight"),
        (("--set", "heart_weight"), "heart_weight"),
        (("--set", "heart_weight=-1"), "greater than or equal to 0"),
        (("--set", "local_epochs=9"), "--epochs"),
        (("--score", "ssim_heart"), "--score"),
        (("--init", __file__), "safetensors"),
        (("--set", "without_reference=full-counts"), "--targets decides what all studies learn from. Leave it out."),
        (("--targets", "full-counts", "--set", "other_infarcts=0.5"), "or train with --targets phantom."),
        (
            ("--targets", "self-supervised", "--set", "heart_weight=2"),
            "heart_weight has no effect with --targets self-supervised. Leave it out, or train with --targets phantom or",
        ),
    ],
)
def test_what_cannot_be_done_is_one_line_with_a_remedy(
    ward: Path, tmp_path: Path, more: tuple[str, ...], words: str
) -> None:
    answer = train(ward, tmp_path / "m.safetensors", *more)
    assert answer.exit_code == 1
    assert words in answer.output
    assert "Traceback" not in answer.output
    assert not (tmp_path / "m.safetensors").exists()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"data": "nowhere"}, "There is no folder nowhere. Name a folder of study files"),
        ({"data": "small.json"}, "small.json is a file. Name the folder that it lies in"),
        ({"model": "resnet"}, "at name: there is no network resnet; there are encoder_decoder, fbp_unet, osem_unet"),
        ({"model": "nameless.json"}, "at name: it is missing; there are encoder_decoder"),
        ({"model": "nowhere.json"}, "cannot be read as JSON. Check the path"),
        ({"more": ("--set", "heart_wait=3")}, "There is no parameter heart_wait. Choose among augment,"),
        ({"more": ("--set", "heart_weight")}, "--set heart_weight names no value. Write heart_weight=VALUE."),
        ({"more": ("--init", __file__)}, "is not a safetensors file. Name a model that"),
        ({"more": ("--validation", "ward")}, "Validate on studies of other patients, or leave --validation out."),
    ],
)
def test_a_refusal_is_whole_sentences_with_what_to_do(
    ward: Path, tmp_path: Path, words: dict[str, Any], said: str
) -> None:
    (ward / "nameless.json").write_text("{}")
    more = [str(ward / word) if word == "ward" else word for word in words.pop("more", ())]
    answer = train(ward, tmp_path / "m.safetensors", *more, **words)
    assert answer.exit_code == 1
    assert said in answer.output
    assert answer.output.strip().splitlines()[-1].startswith("Error: ")


def test_a_folder_that_refuses_is_found_out_before_anything_is_prepared(ward: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    answer = train(ward, tmp_path / "file" / "m.safetensors")
    assert answer.exit_code == 1
    assert (
        "m.safetensors cannot be written: file is a file, not a folder. Choose another place with --out."
        in answer.output
    )
    assert "Preparing" not in answer.output


def test_a_disk_that_refuses_while_it_trains_ends_in_one_line(
    ward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "m.checkpoint-3.safetensors")

    monkeypatch.setattr("model.training.state.CheckpointFile.save", full)
    answer = train(ward, tmp_path / "m.safetensors")
    assert answer.exit_code == 1
    assert isinstance(answer.exception, SystemExit)
    assert "No space left on device. Free space or mend the permissions, then go on with --resume." in answer.output


def test_finished_weights_are_replaced_only_when_told_to(ward: Path, tmp_path: Path) -> None:
    out = tmp_path / "m.safetensors"
    assert train(ward, out).exit_code == 0
    before = out.read_bytes()
    kept = train(ward, out, "--seed", "7")
    assert kept.exit_code == 1
    assert "m.safetensors is there already. Choose another name with --out, or replace it with --force." in kept.output
    assert out.read_bytes() == before
    assert train(ward, out, "--seed", "7", "--force").exit_code == 0
    assert out.read_bytes() != before


@pytest.mark.parametrize("beside", ["m.json", "m.last.safetensors", "m.last.json"])
def test_a_file_beside_the_weights_is_replaced_only_when_told_to(ward: Path, tmp_path: Path, beside: str) -> None:
    (tmp_path / beside).write_text("notes")
    kept = train(ward, tmp_path / "m.safetensors")
    assert kept.exit_code == 1
    assert f"{beside} is there already. Choose another name with --out, or replace it with --force." in kept.output
    assert [path.name for path in tmp_path.iterdir()] == [beside]
    assert (tmp_path / beside).read_text() == "notes"
    assert train(ward, tmp_path / "m.safetensors", "--force").exit_code == 0


@pytest.mark.parametrize("more", ["--force", "--resume"])
@pytest.mark.parametrize("name", ["m.json", "m.last.json"])
def test_a_configuration_is_never_replaced_by_the_card(ward: Path, tmp_path: Path, name: str, more: str) -> None:
    (tmp_path / name).write_text(json.dumps(SMALL))
    answer = train(ward, tmp_path / "m.safetensors", more, model=str(tmp_path / name))
    assert answer.exit_code == 1
    assert f"The configuration {name} lies where a card of this run would go. Choose another" in answer.output
    assert json.loads((tmp_path / name).read_text()) == SMALL


def test_the_weights_a_run_begins_with_are_not_removed_as_a_former_run_s_last(ward: Path, tmp_path: Path) -> None:
    out, last = tmp_path / "m.safetensors", tmp_path / "m.last.safetensors"
    assert train(ward, tmp_path / "first.safetensors").exit_code == 0
    (tmp_path / "first.safetensors").rename(last)
    answer = train(ward, out, "--init", str(last), "--force")
    assert answer.exit_code == 1
    assert "The first weights m.last.safetensors lie where the last weights of this run would go." in answer.output
    assert last.is_file()


def test_a_run_that_diverges_says_which_rate_to_try(
    ward: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls: list[int] = []

    def explodes(*arguments: Any) -> torch.Tensor:
        calls.append(1)
        return study_loss(*arguments) * (math.nan if len(calls) > 6 else 1.0)

    monkeypatch.setattr("model.training.targets.study_loss", explodes)
    answer = train(ward, tmp_path / "m.safetensors", "--set", "learning_rate=0.01", "--epochs", "3")
    assert answer.exit_code == 1
    assert "learning_rate=0.005" in answer.output
    assert "m.checkpoint.json" in answer.output


def test_other_refusals(ward: Path, tmp_path: Path) -> None:
    assert ".safetensors" in train(ward, tmp_path / "m.pt").output
    assert "unrolled_em" in train(ward, tmp_path / "m.safetensors", model="resnet").output
    assert "not a network for reconstruction" in train(ward, tmp_path / "m.safetensors", model="unet_2d").output
    assert "no folder nowhere" in train(ward, tmp_path / "m.safetensors", data="nowhere").output
    assert train(ward, tmp_path / "m.safetensors", "--epochs", "0").exit_code == 2
    (ward / "list.json").write_text("[1]")
    assert "JSON object" in train(ward, tmp_path / "m.safetensors", model="list.json").output


def test_a_network_of_fixed_size_names_both_sizes(ward: Path, tmp_path: Path) -> None:
    answer = train(ward, tmp_path / "m.safetensors", model="encoder_decoder")
    assert answer.exit_code == 1
    assert "No study can be used" in answer.output
    assert "14" in answer.output


def test_every_parameter_but_those_of_options_can_be_set() -> None:
    chosen = parse_settings(["augment=true", "augment_least=0.5", "learning_rate=1e-3"], seed=7)
    assert (chosen.augment, chosen.augment_least, chosen.learning_rate, chosen.seed) == (True, 0.5, 1e-3, 7)
    for name, option in SET_BY_OPTIONS.items():
        with pytest.raises(ModelError, match=option):
            parse_settings([f"{name}=1"])


@pytest.mark.parametrize("kind", TARGET_KINDS)
def test_a_parameter_is_refused_exactly_where_it_changes_nothing(kind: TargetKind) -> None:
    """Each kind of target reads what it is said to use, and nothing else of the parameters that not all of them use."""
    study = small_study()
    read: set[str] = set()

    class Watched(SpectReconstructionParameters):
        def __getattribute__(self, name: str) -> Any:
            read.add(name)
            return super().__getattribute__(name)

    target = target_for(kind, Watched(other_infarcts=0.5, region_weight=1.0, contrast_weight=1.0))
    network = small_network()
    prepared = target.prepare(target.accept(study), name="s", recipe=network.recipe, half_factors=True)
    target.loss(network, target.example(prepared, torch.Generator().manual_seed(0)))
    for name, kinds in USED_WITH.items():
        assert (name in read) == (kind in kinds), name
        if kind in kinds:
            check_used([f"{name}=1"], kind)
        else:
            with pytest.raises(ModelError, match=name):
                check_used([f"{name}=1"], kind)
    check_used([], kind)


def test_the_schema_tells_which_targets_use_a_parameter_so_that_a_form_can_leave_it_out() -> None:
    fields = SpectReconstructionParameters.model_json_schema()["properties"]
    assert {name: field["used_with"] for name, field in fields.items() if "used_with" in field} == {
        name: list(kinds) for name, kinds in USED_WITH.items()
    }


def test_a_network_is_a_name_or_a_file(ward: Path) -> None:
    assert read_network("unrolled_em")["name"] == "unrolled_em"
    assert read_network(str(ward / "small.json"))["channels"] == SMALL["channels"]
    with pytest.raises(ModelError, match="at name"):
        read_network("small.jsn")


def test_a_command_line_keeps_no_path() -> None:
    words = [
        "flomir",
        "train",
        "--data",
        "/home/anna/scans/ward",
        "--out",
        "C:\\models\\m.safetensors",
        "--epochs",
        "3",
    ]
    told = command_words([*words, "--init=/home/anna/old.safetensors"])
    assert "anna" not in told
    assert "models" not in told
    assert told.startswith("flomir train --data ward --out ")
    assert told.endswith("--out m.safetensors --epochs 3 --init=old.safetensors")


def test_a_sparkline_goes_from_lowest_to_highest() -> None:
    assert sparkline([1.0, 2.0, 0.0]) == "▅█▁"
    assert sparkline([1.0, 1.0]) == "▁▁"
    assert sparkline([]) == ""


def test_a_long_curve_is_shown_in_part() -> None:
    curve = [{"step": i, "epoch": float(i), "score": 1 / (i + 1), "train_loss": None} for i in range(100)]
    training = {"best": {"step": 99, "epoch": 99.0, "score": 0.01}, "steps": 99, "wall_s": 3.0, "ended": "epochs"}
    lines = summary_lines(training, {"curve": curve, "score": "loss"})
    assert len(lines) < 18
    assert "0.0100" in lines[-3]
    assert "█" in lines[-2]
    assert "began with" not in "".join(lines)
    training["best"] = {"step": 0, "epoch": 0.0, "score": 0.01}
    assert "weights that the training began with" in summary_lines(training, {"curve": curve, "score": "loss"})[-1]
