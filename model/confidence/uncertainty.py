"""How much an image would differ had the counts, or the network, been another: bootstrap and ensemble spreads.

The raw spread is no interval: it knows the noise, not the errors that all replicates share. `model.confidence.conformal` makes
intervals of it.

Tensors: V views, Z axial = slices, Y X voxels, U bins, R replicates.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
import torch.nn.functional as F  # noqa: N812 - the name torch's own documentation uses
from numpy.typing import NDArray
from torch import Tensor

from model.dataset import PreparedStudy, prepare_study, started
from model.errors import ModelError
from model.evaluation.polar import polar_segments
from model.geometry import ensure_shape
from model.inference import reconstruct_prepared
from model.io.confidence_records import SpreadKind
from model.io.study_records import Study
from model.networks.inputs import ReconstructionNetwork
from model.projector import projector_for
from model.scatter import scatter_of
from model.transforms import body_mask, study_scale

Volume = NDArray[np.float32]
Segments = NDArray[np.float64]
Redo = Callable[[Volume], Volume]
"""Reconstructs the photopeak counts (V, Z, U) of one study; everything but the counts is known already."""
Progress = Callable[[float], None]


@dataclass(frozen=True, eq=False)
class Spread:
    """An image and how much its replicates differ from it.

    Parameters
    ----------
    image : float32 (Z, Y, X), counts
    spread : float32 (Z, Y, X), counts
        Root mean square difference of the replicates from the image: their noise and, because they are reconstructed
        from the image's own projections, what the method loses of a truth that looks like the image.
    segments, segment_spread : float64 (17,) or None
        The polar map of the image and the spread of its segments, in points (`model.evaluation.polar`), where the study knows
        the heart.
    replicates : int
    """

    image: Volume
    spread: Volume
    segments: Segments | None
    segment_spread: Segments | None
    replicates: int


def redo_with_network(study: Study, network: ReconstructionNetwork) -> Redo:
    """Return a network bound to a study; its system, sensitivities and body are computed once."""
    network.check_geometry(study.geometry)
    device = next(network.parameters()).device
    sample = prepare_study(study, name="study", recipe=network.recipe, device=device)
    return lambda counts: reconstruct_prepared(network, with_counts(sample, counts))


def with_counts(sample: PreparedStudy, counts_VZU: Volume) -> PreparedStudy:
    """Return a prepared study as if `counts_VZU` had been measured in its photopeak: rescaled and started again."""
    ensure_shape("counts", counts_VZU.shape, sample.study.geometry.projection_shape)
    inputs, views = sample.inputs, sample.study.geometry.n_views
    number = len(inputs.measured)
    counts = torch.from_numpy(np.asarray(counts_VZU, dtype=np.float32)).to(inputs.mask.device)
    measured = [counts[list(range(s, views, number))] for s in range(number)]
    scatter = [part * sample.scale for part in inputs.scatter]
    sensitivity = torch.stack(inputs.sensitivity).sum(dim=0)
    scale = study_scale(torch.cat(measured), torch.cat(scatter), sensitivity, inputs.mask)
    moved = math.log10(max(scale, 1e-3)) - math.log10(max(sample.scale, 1e-3))
    changed = replace(
        inputs,
        measured=tuple(part / scale for part in measured),
        scatter=tuple(part / scale for part in scatter),
        condition=inputs.condition + inputs.condition.new_tensor([moved, 0.0, 0.0]),
    )
    target = None if sample.target is None else sample.target * (sample.scale / scale)
    fresh = started(changed, sample.recipe, sample.study.geometry)
    return replace(sample, inputs=fresh, scale=scale, target=target)


@torch.no_grad()
def expected_counts(study: Study, image: Volume) -> Volume:
    """Return what the photopeak should have counted if `image` were true: A x + s, float32 (V, Z, U).

    Raises
    ------
    GeometryMismatch
        If the image is not of the study's size.
    """
    ensure_shape("image", image.shape, study.geometry.volume_shape)
    projector = projector_for(study.geometry)
    mu = None if study.attenuation is None else torch.from_numpy(study.attenuation)[None]
    primary = projector(torch.from_numpy(np.asarray(image, dtype=np.float32))[None], mu)[0].numpy()
    scatter = scatter_of(study)
    return np.asarray(primary if scatter is None else primary + scatter, dtype=np.float32)


def mean_activity(study: Study, image: Volume) -> float:
    """Return the mean of an image over the body of the attenuation map (everywhere without one), counts per voxel."""
    inside = body_of(study)
    return max(float(image[inside].mean(dtype=np.float64)), 1e-9) if inside.any() else 1e-9


def body_of(study: Study) -> NDArray[np.bool_]:
    """Return where a study's activity may be, as inference knows it (`model.transforms.body_mask`), bool (Z, Y, X)."""
    mu = None if study.attenuation is None else torch.from_numpy(study.attenuation)
    return np.asarray(body_mask(mu, study.geometry.volume_shape).numpy() > 0)


class _Deviations:
    """Sums of squared differences from one image, in voxels and in polar segments."""

    def __init__(self, study: Study, image: Volume) -> None:
        self._study, self._image, self.number = study, image, 0
        self._squares = np.zeros(image.shape, dtype=np.float64)
        self.segments = polar_segments(image, study)
        self._segment_squares = np.zeros(0 if self.segments is None else self.segments.shape)

    def add(self, other: Volume) -> None:
        self._squares += (other.astype(np.float64) - self._image) ** 2
        self.number += 1
        if self.segments is not None:
            found = polar_segments(other, self._study)
            assert found is not None  # noqa: S101 - narrowing; both images belong to one study
            self._segment_squares = self._segment_squares + (found - self.segments) ** 2

    def mean_squares(self) -> tuple[NDArray[np.float64], Segments | None]:
        number = max(self.number, 1)
        return self._squares / number, None if self.segments is None else self._segment_squares / number


def estimate_spread(
    study: Study,
    redo: Redo,
    *,
    kind: SpreadKind,
    replicates: int = 8,
    members: Sequence[Redo] = (),
    seed: int = 0,
    on_progress: Progress | None = None,
    should_stop: Callable[[], bool] | None = None,
) -> Spread:
    """Reconstruct a study and measure how its image would vary.

    Parameters
    ----------
    study : Study
    redo : callable
        The method whose image is shown, bound to the study.
    kind : {"bootstrap", "ensemble", "both"}
        *bootstrap*: counts are drawn again from Poisson(A x + s), x the image, and reconstructed. *ensemble*: `members`
        reconstruct the measured counts. *both*: the squares of the two are added.
    replicates : int
        Of the bootstrap.
    members : sequence of callables
        Other methods bound to the same study.
    seed : int
        The same seed gives the same draws.
    on_progress : callable, optional
        Hears the share that is done.
    should_stop : callable, optional
        Asked before every reconstruction.

    Raises
    ------
    ModelError
        ``uncertainty.no_members`` or ``uncertainty.no_replicates`` where `kind` needs some, ``uncertainty.stopped``.
    """
    draws = replicates if kind != "ensemble" else 0
    others = list(members) if kind != "bootstrap" else []
    _check(kind, draws, len(others))
    total, done = 1 + draws + len(others), 0

    def run(method: Redo, counts: Volume) -> Volume:
        nonlocal done
        if should_stop is not None and should_stop():
            msg = f"stopped after {done} of {total} reconstructions"
            raise ModelError(code="uncertainty.stopped", message=msg)
        found = method(counts)
        done += 1
        if on_progress is not None:
            on_progress(done / total)
        return found

    image = run(redo, study.projections[0])
    noise, models = _Deviations(study, image), _Deviations(study, image)
    if draws:
        expected, generator = expected_counts(study, image).astype(np.float64), np.random.default_rng(seed)
        for _ in range(draws):
            noise.add(run(redo, generator.poisson(expected).astype(np.float32)))
    for member in others:
        models.add(run(member, study.projections[0]))
    (a, segments_a), (b, segments_b) = noise.mean_squares(), models.mean_squares()
    segment_spread = None if segments_a is None or segments_b is None else np.sqrt(segments_a + segments_b)
    return Spread(image, smooth_root(a + b), noise.segments, segment_spread, done - 1)


def _check(kind: SpreadKind, draws: int, members: int) -> None:
    if kind != "ensemble" and draws < 2:
        msg = f"a bootstrap needs at least 2 replicates, got {draws}"
        raise ModelError(code="uncertainty.no_replicates", message=msg)
    if kind != "bootstrap" and members < 1:
        msg = f"an ensemble needs at least 1 further network, got {members}"
        raise ModelError(code="uncertainty.no_members", message=msg, remedy="Name the weights of further networks.")


def smooth_root(squares: NDArray[np.float64]) -> Volume:
    """Return the root of squares averaged over 3 x 3 x 3 voxels: a few replicates give a noisy variance."""
    volume: Tensor = torch.from_numpy(squares)[None, None]
    mean = F.avg_pool3d(volume, 3, stride=1, padding=1, count_include_pad=False)[0, 0]
    return np.asarray(mean.sqrt().numpy(), dtype=np.float32)
