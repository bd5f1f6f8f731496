# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""One whole `flomir train`: find the studies, prepare them, train or go on, and write the best weights with their card."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import cast

import torch
from pydantic import JsonValue, ValidationError

from model.checkpoint import SavedModel, load_state_arrays, load_weights, save_model
from model.dataset import PreparedStudy
from model.errors import ModelError, TrainingDiverged
from model.io.weights import content_hash, load_card, sha256_of
from model.networks import build_network, parse_network
from model.networks.inputs import ReconstructionNetwork
from model.task_parameters import USED_WITH, SpectReconstructionParameters, TargetKind
from model.training.card import code_version, command_words, machine
from model.training.data import LeftOut, StudyFile, StudySets, find_sets, prepare_files, why_left_out
from model.training.distributed import Group
from model.training.local import LocalTraining
from model.training.outputs import LAST, REPLACE, check_outputs, remove_last_of_former_run
from model.training.plan import LocalOutcome, LocalProgress, TrainPlan
from model.training.shares import Share, agreed_share, own_numbers
from model.training.state import CheckpointFile
from model.training.targets import Target, target_for

TASK = "spect-reconstruction"
SET_BY_OPTIONS = {"local_epochs": "--epochs", "seed": "--seed", "holdout_fraction": "--holdout"}


@dataclass(frozen=True, kw_only=True)
class TrainRequest:
    """What the command line asks for; see `flomir train --help`."""

    data: tuple[Path, ...]
    network: Mapping[str, object]
    network_file: Path | None = None
    out: Path
    plan: TrainPlan
    targets: TargetKind = "phantom"
    parameters: SpectReconstructionParameters
    init: Path | None = None
    validation: Path | None = None
    holdout: float = 0.1
    device: str = "cpu"
    resume: bool = False
    force: bool = False
    command: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Watch:
    """Who is told what while it runs; every part may be left out."""

    on_note: Callable[[str], None] = lambda _: None
    on_prepared: Callable[[int, int], None] = lambda _done, _all: None
    on_progress: Callable[[LocalProgress], None] = lambda _: None
    should_stop: Callable[[], bool] = lambda: False


@dataclass(frozen=True)
class TrainResult:
    """What a run left: ``saved`` is None in a process that does not write, and after an interruption."""

    saved: SavedModel | None
    outcome: LocalOutcome | None
    left_out: tuple[LeftOut, ...]


def parse_settings(settings: Sequence[str], **fixed: object) -> SpectReconstructionParameters:
    """Read ``name=value`` words into training parameters.

    Raises
    ------
    ModelError
        ``training.parameters``, naming the parameters there are or the bound that is broken.
    """
    values: dict[str, object] = dict(fixed)
    known = sorted(SpectReconstructionParameters.model_fields.keys() - SET_BY_OPTIONS.keys())
    for setting in settings:
        name, found, value = setting.partition("=")
        if not found or name not in known:
            raise _unknown_setting(name, found, known)
        values[name] = value
    try:
        return SpectReconstructionParameters.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        message = f"the parameter {'.'.join(map(str, first['loc']))} is not valid: {first['msg']}, got {first['input']}"
        raise ModelError("training.parameters", message) from error


def _unknown_setting(name: str, equals: str, known: Sequence[str]) -> ModelError:
    if name in SET_BY_OPTIONS:
        return ModelError("training.parameters", f"{name} is not for --set but for {SET_BY_OPTIONS[name]}")
    if name in known and not equals:
        return ModelError("training.parameters", f"--set {name} names no value", f"Write {name}=VALUE.")
    return ModelError("training.parameters", f"there is no parameter {name}", f"Choose among {', '.join(known)}.")


def check_used(settings: Sequence[str], targets: TargetKind) -> None:
    """Refuse ``name=value`` words that would change nothing with this kind of target, though the card would name them.

    Raises
    ------
    ModelError
        ``training.parameters``.
    """
    for setting in settings:
        name = setting.partition("=")[0]
        kinds = USED_WITH.get(name)
        if kinds is None or targets in kinds:
            continue
        message = f"--set {setting}: {name} has no effect with --targets {targets}."
        remedy = f"Leave it out, or train with --targets {' or '.join(kinds)}."
        if not kinds:
            message = (
                f"--set {setting}: {name} has no effect here, where --targets decides what all studies learn from."
            )
            remedy = "Leave it out."
        raise ModelError("training.parameters", message, remedy)


def read_network(text: str) -> dict[str, object]:
    """Return a network's configuration from its name or a JSON file.

    Raises
    ------
    ModelError
        ``network.invalid``.
    """
    config: object = {"name": text}
    if text.endswith(".json"):
        try:
            config = json.loads(Path(text).read_bytes())
        except (OSError, ValueError) as error:
            message = f"the network configuration {Path(text).name} cannot be read as JSON"
            raise ModelError("network.invalid", message, "Check the path and the file.") from error
    if not isinstance(config, dict):
        message = f"the network configuration {Path(text).name} is not a JSON object"
        raise ModelError("network.invalid", message)
    return cast("dict[str, object]", parse_network(config).model_dump(mode="json"))


def run_training(request: TrainRequest, group: Group, watch: Watch) -> TrainResult:
    """Train as asked.

    Raises
    ------
    ModelError
        One sentence and a remedy for whatever stands in the way; see the modules that raise it.
    """
    checkpoint = CheckpointFile(request.out)
    _check_start(request, checkpoint)
    device = torch.device(request.device)
    network = _network(request, device)
    sets = find_sets(request.data, request.validation, request.holdout, request.plan.seed)
    identity = _identity(request, sets, group)
    if request.resume and not checkpoint.exists and (done := _finished(request, identity)) is not None:
        watch.on_note("This run is finished already; nothing was changed.")
        return TrainResult(done, None, ())
    target = target_for(request.targets, request.parameters)
    prepared = _prepare(sets, network, target, group, watch)
    for item in prepared.left_out:
        watch.on_note(f"Left out: {item.name}: {item.reason}.")
    training = LocalTraining(
        network,
        prepared.train,
        prepared.held,
        target,
        request.parameters,
        request.plan,
        share=prepared.share,
        identity=identity,
        checkpoint=checkpoint,
        group=group,
        on_progress=watch.on_progress,
        should_stop=watch.should_stop,
    )
    if request.resume and checkpoint.exists:
        training.resume()
        watch.on_note(f"Going on after step {training.state.steps} of {training.planned_steps}.")
    try:
        outcome = training.run()
    except TrainingDiverged as error:
        message = f"{error.message}."
        raise TrainingDiverged(message, _advice(request, checkpoint)) from error
    if outcome.ended == "interrupted" or not group.leads:
        return TrainResult(None, outcome, prepared.left_out)
    write = partial(_save, request, training, outcome, identity, sets, prepared.left_out, device)
    saved = write(weights="best", name=request.out.stem)
    if outcome.last is not None:
        load_state_arrays(network, outcome.last)
        last = write(weights="last", name=f"{request.out.stem}{LAST}")
        watch.on_note(f"The weights of the last step are not the best; they lie beside them as {last.path.name}.")
    else:
        remove_last_of_former_run(request.out)
    checkpoint.remove()
    return TrainResult(saved, outcome, prepared.left_out)


@dataclass(frozen=True)
class _Prepared:
    """The studies of this process: its share of those that train, and all that validate."""

    train: list[PreparedStudy]
    held: list[PreparedStudy]
    share: Share
    left_out: tuple[LeftOut, ...]


def _prepare(sets: StudySets, network: ReconstructionNetwork, target: Target, group: Group, watch: Watch) -> _Prepared:
    """Prepare this process's share; the leading process finds out why others' studies were left out."""
    device = next(network.parameters()).device
    mine = own_numbers(len(sets.train), group)
    files = (*(sets.train[number] for number in mine), *sets.held)

    def prepare(part: Sequence[StudyFile], offset: int) -> tuple[dict[int, PreparedStudy], list[LeftOut]]:
        return prepare_files(
            part,
            network,
            target,
            device=device,
            processes=group.size,
            on_progress=lambda n, _: watch.on_prepared(offset + n, len(files)),
        )

    each = f"{len(sets.train)} studies" + ("" if group.size == 1 else f" ({len(mine)} in this process)")
    watch.on_note(f"Preparing {each} to train on and {len(sets.held)} to validate on.")
    train, refused = prepare(files[: len(mine)], 0)
    held, refused_held = prepare(sets.held, len(mine))
    share = agreed_share(len(sets.train), [mine[position] for position in train], group)
    if group.leads:
        elsewhere = set(range(len(sets.train))) - set(share.kept) - set(mine)
        refused += why_left_out([sets.train[number] for number in sorted(elsewhere)], network, target, device=device)
    left_out = (*sets.left_out, *refused, *refused_held)
    return _Prepared([*train.values()], [*held.values()], share, left_out)


def _advice(request: TrainRequest, checkpoint: CheckpointFile) -> str:
    rate = f"Try --set learning_rate={request.parameters.learning_rate / 2:g}"
    return f"{rate} after deleting {checkpoint.path.name}." if checkpoint.exists else f"{rate}."


def _check_start(request: TrainRequest, checkpoint: CheckpointFile) -> None:
    out = request.out
    if out.suffix != ".safetensors":
        message = f"--out is {out.name}, it must end in .safetensors"
        raise ModelError("training.out", message, f"Write {out.with_suffix('.safetensors').name}.")
    if checkpoint.exists and not request.resume:
        message = f"an unfinished run lies beside {out.name} ({checkpoint.path.name})"
        raise ModelError("training.unfinished", message, "Add --resume to go on, or delete it to start afresh.")
    check_outputs(
        out, network_file=request.network_file, init=request.init, may_replace=request.resume or request.force
    )


def _network(request: TrainRequest, device: torch.device) -> ReconstructionNetwork:
    network = build_network(request.network, seed=request.plan.seed)
    if not isinstance(network, ReconstructionNetwork):
        message = f"{request.network['name']} is not a network for reconstruction"
        raise ModelError("network.invalid", message, "See `flomir models`.")
    if request.init is not None:
        load_weights(request.init, network)
    return network.to(device)


def _identity(request: TrainRequest, sets: StudySets, group: Group) -> dict[str, JsonValue]:
    """Return what a checkpoint must share with a run to be of it."""
    return {
        "data": sets.describe(),
        "network": cast("dict[str, JsonValue]", dict(request.network)),
        "init": None if request.init is None else content_hash(request.init),
        "targets": request.targets,
        "parameters": request.parameters.model_dump(mode="json", exclude=set(SET_BY_OPTIONS)),
        "epochs": request.plan.epochs,
        "seed": request.plan.seed,
        "score": request.plan.score,
        "validate_every": request.plan.validate_every,
        "processes": group.size,
    }


def _digest(identity: Mapping[str, JsonValue]) -> str:
    return sha256_of(json.dumps(identity, sort_keys=True).encode())


def _finished(request: TrainRequest, identity: Mapping[str, JsonValue]) -> SavedModel | None:
    """Return this run's finished weights; those of another run may be replaced with ``--force`` only."""
    out = request.out
    if out.is_file() and out.with_suffix(".json").is_file():
        card = load_card(out)
        if card.training.get("run") == _digest(identity):
            return SavedModel(out, card)
    if out.exists() and not request.force:
        message = f"there is nothing to go on with, and {out.name} holds weights of another run"
        raise ModelError("training.out", message, REPLACE)
    return None


def _save(
    request: TrainRequest,
    training: LocalTraining,
    outcome: LocalOutcome,
    identity: Mapping[str, JsonValue],
    sets: StudySets,
    left_out: Sequence[LeftOut],
    device: torch.device,
    *,
    weights: str,
    name: str,
) -> SavedModel:
    """Write the weights that the network has now: the ``best`` or the ``last``."""
    state, plan = outcome.state, request.plan
    best = next(row for row in state.curve if row["step"] == state.best_step)
    theirs = best if weights == "best" else state.curve[-1]
    refused: list[JsonValue] = [{"study": item.name, "code": item.code, "reason": item.reason} for item in left_out]
    curve: list[JsonValue] = [_rounded(row) for row in state.curve]
    gone = {item.sha256 for item in left_out}  # not their names, which several folders may share
    used = StudySets(
        tuple(file for file in sets.train if file.sha256 not in gone),
        tuple(file for file in sets.held if file.sha256 not in gone),
        (),
    )
    return save_model(
        request.out.parent,
        training.network,
        name=name,
        task=TASK,
        config=request.network,
        created_at=datetime.now(UTC).isoformat(timespec="seconds"),
        data={"targets": request.targets, **used.describe(), "left_out": refused},
        training={
            "command": command_words(request.command),
            "run": _digest(identity),
            "code": code_version(),
            "seed": plan.seed,
            "parameters": identity["parameters"],
            "schedule": {
                "optimiser": "AdamW, warm-up, one cosine, clipped gradients",
                "epochs_planned": plan.epochs,
                "epochs_done": round(state.steps / training.steps_per_epoch, 3),
                "steps_per_epoch": training.steps_per_epoch,
                "patience": plan.patience,
                "max_minutes": plan.max_minutes,
                "validate_every": plan.validate_every,
            },
            "ended": outcome.ended,
            "steps": state.steps,
            "studies_per_step": training.batch,
            "wall_s": round(state.elapsed_s, 3),
            "machine": machine(device, training.group.size),
            "weights": weights,
            "best": {"step": state.best_step, "epoch": best["epoch"], "score": state.best_score},
        },
        metrics={
            "score": plan.score,
            "validation": {
                key: value for key, value in theirs.items() if key not in ("step", "epoch", "rate", "train_loss")
            },
            "curve": curve,
        },
        lineage=[str(identity["init"])] if request.init is not None else [],
    )


def _rounded(row: Mapping[str, JsonValue]) -> dict[str, JsonValue]:
    return {key: round(value, 6) if isinstance(value, float) else value for key, value in row.items()}
