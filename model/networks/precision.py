"""bfloat16 inside the CNNs: at inference where a check on this machine says that it pays, in training on request.

Physics stays in float32. The check runs once a process and device: the same small U-Net on the same input in both
types, timed and compared. Training does not ask a clock, so that a run stays reproducible; measured on a processor with
bfloat16 instructions, a step of `unrolled_em` took .17 s instead of .38 s and its gradient differed by 0.3 %.
"""

import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache

import torch
from torch import Tensor, nn

LARGEST_DIFFERENCE = 0.02
"""Relative root mean square difference of a correction; what it corrects stays float32."""
LEAST_SPEEDUP = 1.2
"""Below this the rounding is not worth it, and the clock of a busy machine might decide."""
REPEATS = 5
_IN_TRAINING: ContextVar[bool] = ContextVar("bfloat16_in_training", default=False)
INPUTS, CHANNELS, CONDITIONS = 3, (24, 32, 40), 3
SHAPE = (16, INPUTS, 48, 48)


@dataclass(frozen=True)
class PrecisionCheck:
    """What a check found. ``difference`` is relative to float32's root mean square; ``speedup`` of bfloat16 over it."""

    difference: float
    speedup: float

    @property
    def pays(self) -> bool:
        """Whether bfloat16 is near enough and faster."""
        return self.difference <= LARGEST_DIFFERENCE and self.speedup >= LEAST_SPEEDUP


def cnn_precision(network: nn.Module, like: Tensor) -> AbstractContextManager[object]:
    """Return the context a CNN runs in: autocast to bfloat16 where that is wanted, else nothing.

    At inference it is where it pays, unless ``network.low_precision`` is False; with gradients it is inside
    `bfloat16_training`.
    """
    if torch.is_grad_enabled():
        return torch.autocast(like.device.type, dtype=torch.bfloat16) if _IN_TRAINING.get() else nullcontext()
    if not getattr(network, "low_precision", True):
        return nullcontext()
    if not check_precision(like.device.type).pays:
        return nullcontext()
    return torch.autocast(like.device.type, dtype=torch.bfloat16)


@contextmanager
def bfloat16_training(enabled: bool) -> Iterator[None]:
    """Let CNNs called inside with gradients use bfloat16; their weights and updates stay float32."""
    token = _IN_TRAINING.set(enabled)
    try:
        yield
    finally:
        _IN_TRAINING.reset(token)


@lru_cache(maxsize=4)
def check_precision(device: str) -> PrecisionCheck:
    """Compare and time both types on ``device``; a machine that cannot do bfloat16 gets a speed-up of 0."""
    from model.networks.blocks import SliceUnet

    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(0)
        unet = SliceUnet(INPUTS, CHANNELS, CONDITIONS)
        nn.init.normal_(unet.last.weight, std=0.05)
        features, condition = torch.rand(SHAPE), torch.zeros(CONDITIONS)
        unet, features, condition = unet.to(device), features.to(device), condition.to(device)

        def run(low: bool) -> Tensor:
            with torch.autocast(device, dtype=torch.bfloat16, enabled=low):
                out: Tensor = unet(features, condition).float()
            return out

        try:
            exact, rounded = run(low=False), run(low=True)
            difference = float((rounded - exact).square().mean().sqrt() / exact.square().mean().sqrt())
            speedup = _seconds(lambda: run(low=False), device) / _seconds(lambda: run(low=True), device)
        except RuntimeError:  # no kernel for this type on this device
            return PrecisionCheck(difference=float("inf"), speedup=0.0)
    return PrecisionCheck(difference, speedup)


def _seconds(work: Callable[[], object], device: str) -> float:
    """Return the shortest of a few runs."""
    best = float("inf")
    for _ in range(REPEATS):
        started = time.perf_counter()
        work()
        if device == "cuda":
            torch.cuda.synchronize()
        best = min(best, time.perf_counter() - started)
    return best
