"""How long a run on one computer lasts, what it reports and what it ends with."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from model.training.state import RunState
from model.training.validation import DEFAULT_SCORE

CHECKPOINT_EVERY_S = 120.0
"""Longest work that a kill can cost."""


@dataclass(frozen=True, kw_only=True)
class TrainPlan:
    """How long to train and what decides.

    Parameters
    ----------
    epochs : int
    seed : int
    score : str
        Validation means joined by ``+``; less is better.
    patience : int or None
        Validations without improvement after which to stop.
    validate_every : int or None
        Steps between validations; an epoch unless given.
    max_minutes : float or None
        Wall time of all parts of the run; the rate falls to zero by then.
    checkpoint_every_s : float
    """

    epochs: int
    seed: int = 0
    score: str = DEFAULT_SCORE["phantom"]
    patience: int | None = None
    validate_every: int | None = None
    max_minutes: float | None = None
    checkpoint_every_s: float = CHECKPOINT_EVERY_S


@dataclass(frozen=True)
class LocalProgress:
    """One finished step (or validation): where the run is, its last loss and rate."""

    step: int
    steps: int
    epoch: int
    loss: float
    rate: float
    state: RunState


@dataclass(frozen=True)
class LocalOutcome:
    """What a run did: ``ended`` is ``epochs``, ``patience``, ``minutes`` or ``interrupted``.

    ``last`` are the weights of the last step, None where these are the best or the run was interrupted.
    """

    state: RunState
    ended: str
    best: dict[str, NDArray[np.generic]]
    last: dict[str, NDArray[np.generic]] | None = None
