# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""Hold hundreds of prepared studies in little memory: each in one block of its own, attenuation factors only if they fit."""

import math
import mmap
from collections.abc import Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from model.dataset import PreparedStudy
from model.errors import ModelError
from model.io.study import Study
from model.networks.inputs import StudyInputs
from model.study_system import StudySystem

MEMORY_SHARE = 0.9
"""Share of the free memory that prepared studies may take at most."""
COMFORT_SHARE = 0.5
"""Share of it that they may take with their attenuation factors; else those are computed again at each visit."""
ALIGNMENT = 64


class _Block:
    """Anonymous memory that tensors are copied into one after the other.

    The general allocator would place them between the many temporaries of the preparation and leave holes behind:
    measured 22 MB for the 11 MB of a study of 64 x 64 x 32 voxels and 60 views.
    """

    def __init__(self, size: int) -> None:
        self._memory = torch.from_numpy(np.frombuffer(mmap.mmap(-1, max(size, 1)), dtype=np.uint8))
        self._used = 0

    def put(self, tensor: Tensor) -> Tensor:
        size = tensor.numel() * tensor.element_size()
        place = self._memory[self._used : self._used + size].view(tensor.dtype).view(tensor.shape)
        self._used += _aligned(size)
        return place.copy_(tensor)


def _aligned(size: int) -> int:
    return -(-size // ALIGNMENT) * ALIGNMENT


def compact(study: PreparedStudy) -> PreparedStudy:
    """Return the same study with everything it keeps in one block of memory; itself where it is not on the CPU."""
    if study.inputs.mask.device.type != "cpu":
        return study
    tensors = list(_tensors(study))
    block = _Block(sum(_aligned(t.numel() * t.element_size()) for t in tensors))
    moved = {id(t): block.put(t) for t in tensors}

    def at(tensor: Tensor) -> Tensor:
        return moved[id(tensor)]

    inputs = study.inputs
    release(inputs, at(inputs.mu))
    kept = replace(
        inputs,
        measured=tuple(map(at, inputs.measured)),
        scatter=tuple(map(at, inputs.scatter)),
        sensitivity=tuple(map(at, inputs.sensitivity)),
        start=at(inputs.start),
        mu=at(inputs.mu),
        mask=at(inputs.mask),
    )
    return replace(
        study,
        study=_compact_study(study.study),
        inputs=kept,
        target=None if study.target is None else at(study.target),
        heart=None if study.heart is None else at(study.heart),
    )


def _tensors(study: PreparedStudy) -> Sequence[Tensor]:
    inputs = study.inputs
    found = [*inputs.measured, *inputs.scatter, *inputs.sensitivity, inputs.start, inputs.mu, inputs.mask]
    found += [t for t in (study.target, study.heart) if t is not None]
    return list({id(t): t for t in found}.values())


def _compact_study(study: Study) -> Study:
    arrays = {f.name: value for f in fields(study) if isinstance(value := getattr(study, f.name), np.ndarray)}
    block = _Block(sum(_aligned(array.nbytes) for array in arrays.values()))
    moved: dict[str, Any] = {name: block.put(torch.from_numpy(array)).numpy() for name, array in arrays.items()}
    return replace(study, **moved)


def release(inputs: StudyInputs, mu_ZYX: Tensor | None = None) -> None:
    """Let the attenuation factors of a study go; from now on its map is ``mu_ZYX``, an equal one, where given."""
    if isinstance(inputs.system, StudySystem):
        inputs.system.release(mu_ZYX)


def prepared_bytes(study: PreparedStudy) -> int:
    """Return how much memory one prepared study keeps, attenuation factors aside."""
    whole, truth = study.study, study.study.truth
    arrays = [whole.projections, whole.scatter, whole.attenuation, whole.reference, whole.labels]
    if truth is not None:
        arrays += [truth.aha, truth.defect_map]
    return _bytes(_tensors(study)) + sum(array.nbytes for array in arrays if array is not None)


def copy_bytes(study: PreparedStudy) -> int:
    """Return how much a changed copy of a study keeps beside it: its counts, its start and perhaps its target."""
    inputs = study.inputs
    return _bytes([*inputs.measured, inputs.start, *([] if study.target is None else [study.target])])


def _bytes(tensors: Sequence[Tensor]) -> int:
    return sum(t.numel() * t.element_size() for t in tensors)


def factor_bytes(study: PreparedStudy) -> int:
    """Return how much the attenuation factors of a study take as float16; 0 where the network never projects."""
    system = study.inputs.system
    if study.recipe.kind == "fbp" or study.study.attenuation is None or not isinstance(system, StudySystem):
        return 0
    geometry = system.grid.geometry
    return 2 * geometry.n_views * math.prod(geometry.volume_shape)


def check_memory(study: PreparedStudy, studies: int, processes: int = 1, *, copies: bool = False) -> None:
    """Refuse what will not fit (``training.memory``), judging by one prepared study of as many in each process.

    ``copies`` says that training keeps a changed copy of every study.
    """
    free = free_bytes(study.inputs.mask.device, processes)
    needed = (prepared_bytes(study) + (copy_bytes(study) if copies else 0)) * studies
    if free is not None and needed > MEMORY_SHARE * free:
        message = f"{studies} studies need about {needed / 1e9:.1f} GB of memory, {free / 1e9:.1f} GB are free."
        remedy = "Name fewer or smaller studies with --data, or use a computer with more memory."
        raise ModelError("training.memory", message, remedy)


def factors_fit(studies: Sequence[PreparedStudy], processes: int = 1) -> bool:
    """Return whether the attenuation factors of all studies may stay in memory, as many in each process."""
    free = free_bytes(studies[0].inputs.mask.device, processes)
    return free is None or sum(map(factor_bytes, studies)) < COMFORT_SHARE * free


def free_bytes(device: torch.device, processes: int = 1) -> int | None:
    """Return the free memory of a device, or one process's part of the computer's; None where the system does not tell."""
    if device.type == "cuda":
        return int(torch.cuda.mem_get_info(device)[0])
    try:
        for line in Path("/proc/meminfo").read_text().splitlines():
            if line.startswith("MemAvailable:"):
                return int(line.split()[1]) * 1024 // processes
    except OSError:
        return None
    return None
