# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Folders of studies to a training and a validation set: found, hashed, split by patient, prepared once, checked.

A study that cannot be used is left out with a note; when nothing is left, the first reason is the error.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import torch
from pydantic import JsonValue

from model.dataset import PreparedStudy
from model.errors import ModelError, SampleInvalid
from model.io.study import read_study, read_study_header
from model.io.study_folder import study_files
from model.io.weights import content_hash, sha256_of
from model.networks.inputs import ReconstructionNetwork
from model.training.memory import check_memory, compact
from model.training.steps import split_by_patient
from model.training.target_check import check_calibration
from model.training.targets import Target

OTHER_PATIENTS = "Validate on studies of other patients, or leave --validation out."


@dataclass(frozen=True)
class StudyFile:
    """One study file: ``name`` is its path below the named folder, folder included; never more of the path."""

    path: Path
    name: str
    folder: str
    sha256: str
    patient: str
    reference_kind: str | None
    scenario: str | None
    seed: int | None


@dataclass(frozen=True)
class LeftOut:
    """A study that is not used, and why; ``sha256`` where it was found unusable only when it was prepared."""

    name: str
    code: str
    reason: str
    remedy: str = ""
    sha256: str = ""


@dataclass(frozen=True)
class StudySets:
    """Which files train and which validate; no patient does both."""

    train: tuple[StudyFile, ...]
    held: tuple[StudyFile, ...]
    left_out: tuple[LeftOut, ...]

    def describe(self) -> dict[str, JsonValue]:
        """Return what a card says of the data: names, numbers and digests, no paths."""
        return {"train": describe_files(self.train), "validation": describe_files(self.held)}


def find_files(folder: Path) -> tuple[list[StudyFile], list[LeftOut]]:
    """List the study files in and below a folder, by name.

    Raises
    ------
    ModelError
        ``training.no_data`` if there is no such folder or no study in it.
    """
    if folder.is_file():
        message = f"{folder.name} is a file"
        raise ModelError("training.no_data", message, "Name the folder that it lies in with --data.")
    if not folder.is_dir():
        message = f"there is no folder {folder.name or folder}"
        raise ModelError("training.no_data", message, "Name a folder of study files (.h5) with --data.")
    paths = study_files(folder)
    if not paths:
        message = f"the folder {folder.name} holds no study file (.h5)"
        raise ModelError("training.no_data", message, "Make some with `flomir synthesize run`, or import your own.")
    found, left_out = [], []
    label = folder.resolve().name
    for path in paths:
        name = f"{label}/{path.relative_to(folder).with_suffix('').as_posix()}"
        try:
            found.append(_look_at(path, name, label))
        except (ModelError, OSError) as error:
            left_out.append(_refused(name, error))
    return found, left_out


def _look_at(path: Path, name: str, folder: str) -> StudyFile:
    header = read_study_header(path)
    provenance = header.provenance
    scenario, seed = provenance.get("scenario"), provenance.get("seed")
    return StudyFile(
        path=path,
        name=name,
        folder=folder,
        sha256=content_hash(path),
        patient=str(provenance.get("patient_key") or name),
        reference_kind=header.reference_kind,
        scenario=str(scenario) if scenario is not None else None,
        seed=seed if isinstance(seed, int) else None,
    )


def find_sets(data: Sequence[Path], validation: Path | None, holdout: float, seed: int) -> StudySets:
    """Divide the studies of ``data``; with a ``validation`` folder, that one is held out instead of a share.

    Equal files count once. A patient in the validation folder does not train.

    Raises
    ------
    ModelError
        ``training.no_data``; ``training.no_validation`` if no patient is left to validate on.
    """
    files: dict[str, StudyFile] = {}
    left_out: list[LeftOut] = []
    for folder in data:
        found, bad = find_files(folder)
        left_out += bad
        for file in found:
            files.setdefault(file.sha256, file)
    if validation is not None:
        held, bad = find_files(validation)
        left_out += bad
        patients = {file.patient for file in held}
        train = [file for file in files.values() if file.patient not in patients]
        left_out += [
            LeftOut(file.name, "sample.patient", "its patient is also in the validation folder", OTHER_PATIENTS)
            for file in files.values()
            if file.patient in patients
        ]
    else:
        pool = list(files.values())
        chosen, kept = split_by_patient([file.patient for file in pool], holdout, seed)
        train, held = [pool[i] for i in chosen], [pool[i] for i in kept]
    _some(train, "training.no_data", "train", left_out)
    _some(held, "training.no_validation", "validate", left_out)
    return StudySets(tuple(train), tuple(held), tuple(left_out))


def _some(files: Sequence[object], code: str, verb: str, left_out: Sequence[LeftOut]) -> None:
    if files:
        return
    if left_out:
        first = left_out[0]
        more = f" and {len(left_out) - 1} others" if len(left_out) > 1 else ""
        message = f"no study is left to {verb} on: {first.name}{more} ({first.reason})"
        raise ModelError(code if verb == "train" else "training.no_validation", message, first.remedy)
    message = f"no patient is left to {verb} on"
    raise ModelError(code, message, "Give studies of at least two patients, or a folder with --validation.")


def prepare_files(
    files: Sequence[StudyFile],
    network: ReconstructionNetwork,
    target: Target,
    *,
    device: torch.device,
    processes: int = 1,
    on_progress: Callable[[int, str], None] | None = None,
) -> tuple[dict[int, PreparedStudy], list[LeftOut]]:
    """Read, prepare and check studies; each is kept in memory for the whole run.

    Returns
    -------
    ready : dict
        By their place in ``files``.
    left_out : list

    Raises
    ------
    ModelError
        ``training.memory`` as soon as the first study shows that all of them will not fit; the first study's own
        reason if every one is refused.
    """
    ready: dict[int, PreparedStudy] = {}
    left_out: list[LeftOut] = []
    first_error: ModelError | None = None
    for number, file in enumerate(files):
        try:
            study = prepare_file(file, network, target, device=device)
            if not ready:
                check_memory(study, len(files) - number, processes, copies=target.keeps_copies)
            ready[number] = compact(study)
        except (SampleInvalid, OSError) as error:
            left_out.append(replace(_refused(file.name, error), sha256=file.sha256))
            first_error = first_error or _as_model_error(file.name, error)
        except ModelError as error:
            if error.code.startswith("training."):
                raise
            left_out.append(replace(_refused(file.name, error), sha256=file.sha256))
            first_error = first_error or _as_model_error(file.name, error)
        if on_progress is not None:
            on_progress(number + 1, file.name)
    if not ready and first_error is not None:
        raise first_error
    return ready, left_out


def why_left_out(
    files: Sequence[StudyFile], network: ReconstructionNetwork, target: Target, *, device: torch.device
) -> list[LeftOut]:
    """Return the reasons of studies that another process could not prepare, one for each."""
    reasons: list[LeftOut] = []
    for file in files:
        try:
            prepare_file(file, network, target, device=device)
            reasons.append(LeftOut(file.name, "sample.unreadable", "another process could not read it"))
        except (ModelError, OSError) as error:
            reasons.append(_refused(file.name, error))
    return [replace(reason, sha256=file.sha256) for reason, file in zip(reasons, files, strict=True)]


def prepare_file(
    file: StudyFile, network: ReconstructionNetwork, target: Target, *, device: torch.device
) -> PreparedStudy:
    """Read and prepare one study and check its geometry and calibration; raises `ModelError`."""
    study = target.accept(read_study(file.path))
    network.check_geometry(study.geometry)
    prepared = target.prepare(study, name=file.name, recipe=network.recipe, device=device, half_factors=True)
    prepared = replace(prepared, patient=file.patient)
    check_calibration(prepared)
    return prepared


def describe_files(files: Sequence[StudyFile]) -> dict[str, JsonValue]:
    """Return folders by name, numbers, scenarios and one digest over the files' contents, whatever their order."""
    kinds = Counter(file.reference_kind or "none" for file in files)
    made = sorted({(file.scenario, file.seed) for file in files if file.scenario}, key=str)
    folders: list[JsonValue] = [*sorted({file.folder for file in files})]
    scenarios: list[JsonValue] = [{"scenario": scenario, "seed": seed} for scenario, seed in made]
    return {
        "folders": folders,
        "studies": len(files),
        "patients": len({file.patient for file in files}),
        "reference_kinds": dict(sorted(kinds.items())),
        "scenarios": scenarios,
        "digest": sha256_of("\n".join(sorted(file.sha256 for file in files)).encode()),
    }


def _refused(name: str, error: ModelError | OSError) -> LeftOut:
    if isinstance(error, ModelError):
        reason = str(error).removeprefix(f"{name}: ")
        return LeftOut(name, error.code, reason, error.remedy)
    return LeftOut(name, "sample.unreadable", error.strerror or type(error).__name__)


def _as_model_error(name: str, error: ModelError | OSError) -> ModelError:
    refused = _refused(name, error)
    message = f"no study can be used; {refused.name}: {refused.reason}"
    return SampleInvalid(refused.code, message, refused.remedy)
