"""Spreads: only the counts change between replicates, and the spread is that of real repetitions of the scan."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from model.classical.osem import OsemSettings, reconstruct_osem
from model.confidence.uncertainty import (
    Redo,
    Spread,
    body_of,
    estimate_spread,
    expected_counts,
    mean_activity,
    redo_with_network,
    smooth_root,
    with_counts,
)
from model.dataset import prepare_study
from model.errors import GeometryMismatch, ModelError
from model.evaluation.polar import polar_segments
from model.inference import reconstruct
from model.io.study import Study
from model.methods import Volume
from model.networks import build_network
from model.networks.inputs import ReconstructionNetwork
from tests.support.studies import tiny_study

KINDS = (
    {"name": "unrolled_em", "subsets": 4, "warm_passes": 2, "channels": 8, "blocks": 1},
    {"name": "fbp_unet", "channels": (8, 12)},
    {"name": "primal_dual", "iterations": 2, "subsets": 3, "channels": 4},
)


def small_study(seed: int = 0, **options: Any) -> Study:
    return tiny_study(seed, shape=(6, 14, 14), voxel_mm=22.0, views=12, **({"counts": 1e5} | options))


def small_network(config: dict[str, object], seed: int = 1) -> ReconstructionNetwork:
    """Return a network that does something: the layers that start at zero get small weights."""
    network = build_network(config, seed=seed)
    assert isinstance(network, ReconstructionNetwork)
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in network.parameters():
            if not parameter.any():
                parameter.normal_(0, 0.02, generator=generator)
    return network


def osem(study: Study) -> npt.NDArray[np.float32]:
    return reconstruct_osem(study, OsemSettings(iterations=3, subsets=4, postfilter_fwhm_mm=30.0))


@pytest.mark.parametrize("config", KINDS, ids=lambda config: str(config["name"]))
def test_new_counts_give_what_preparing_anew_gives(config: dict[str, object]) -> None:
    study, network = small_study(), small_network(config)
    counts = np.random.default_rng(3).poisson(0.4 * study.projections[0]).astype(np.float32)
    other = replace(study, projections=counts[None])
    found = with_counts(prepare_study(study, name="a", recipe=network.recipe), counts)
    fresh = prepare_study(other, name="b", recipe=network.recipe)
    assert found.scale == pytest.approx(fresh.scale, rel=1e-6)
    torch.testing.assert_close(found.inputs.condition, fresh.inputs.condition)
    torch.testing.assert_close(found.inputs.start, fresh.inputs.start, rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(found.target, fresh.target, rtol=1e-4, atol=1e-5)
    redone = redo_with_network(study, network)(counts)
    np.testing.assert_allclose(redone, reconstruct(other, network), rtol=1e-3, atol=1e-3 * redone.max())


def redo_with_method(study: Study, method: Callable[[Study], Volume]) -> Redo:
    """Return a method bound to a study."""

    def redo(counts: Volume) -> Volume:
        windows = study.projections.copy()
        windows[0] = counts
        return method(replace(study, projections=windows))

    return redo


def test_counts_of_another_size_are_refused() -> None:
    study, network = small_study(), small_network(KINDS[0])
    with pytest.raises(GeometryMismatch, match=r"\(3, 6, 14\)"):
        with_counts(prepare_study(study, name="a", recipe=network.recipe), study.projections[0][:3])


def test_expected_counts_are_those_of_the_simulation() -> None:
    study = small_study(noise=False)
    assert study.reference is not None
    expected = expected_counts(study, study.reference)
    assert expected.sum() == pytest.approx(study.projections.sum(), rel=0.02)
    assert np.corrcoef(expected.ravel(), study.projections[0].ravel())[0, 1] > 0.99
    bare = expected_counts(replace(study, scatter=None), study.reference)
    assert study.scatter is not None
    np.testing.assert_allclose(expected - bare, study.scatter[0], rtol=1e-3, atol=1e-3)
    with pytest.raises(GeometryMismatch):
        expected_counts(study, study.reference[:2])


def test_the_bootstrap_spread_is_that_of_repeated_scans() -> None:
    noise_free = small_study(noise=False)
    assert noise_free.reference is not None
    rng, body = np.random.default_rng(0), body_of(noise_free)
    repeats = [
        osem(replace(noise_free, projections=rng.poisson(noise_free.projections).astype(np.float32))) for _ in range(12)
    ]
    real = np.std(repeats, axis=0, ddof=1)
    scan = small_study()
    spread = estimate_spread(scan, redo_with_method(scan, osem), kind="bootstrap", replicates=12)
    again = osem(replace(scan, projections=expected_counts(scan, spread.image)[None]))
    lost = np.abs(again - spread.image)
    variance_share = np.mean(spread.spread[body] ** 2 - lost[body] ** 2) / np.mean(real[body] ** 2)
    assert variance_share == pytest.approx(1.0, abs=0.3)


def test_the_same_seed_gives_the_same_spread() -> None:
    study = small_study()
    network = small_network(KINDS[0])

    def run(seed: int) -> Spread:
        return estimate_spread(study, redo_with_network(study, network), kind="bootstrap", replicates=3, seed=seed)

    one, same, other = run(1), run(1), run(2)
    assert np.array_equal(one.spread, same.spread)
    assert not np.array_equal(one.spread, other.spread)
    assert np.array_equal(one.image, other.image)
    np.testing.assert_allclose(one.image, reconstruct(study, network), rtol=1e-4, atol=1e-4)


def test_spreads_of_both_kinds_add_in_squares() -> None:
    study = small_study()
    network, member = small_network(KINDS[0]), small_network(KINDS[0], seed=5)
    redo, other = redo_with_network(study, network), redo_with_network(study, member)
    noise = estimate_spread(study, redo, kind="bootstrap", replicates=2)
    models = estimate_spread(study, redo, kind="ensemble", members=[other])
    both = estimate_spread(study, redo, kind="both", replicates=2, members=[other])
    np.testing.assert_allclose(both.spread**2, noise.spread**2 + models.spread**2, rtol=1e-3)
    assert (noise.replicates, models.replicates, both.replicates) == (2, 1, 3)
    np.testing.assert_allclose(
        models.spread,
        smooth_root((other(study.projections[0]).astype(np.float64) - models.image.astype(np.float64)) ** 2),
        rtol=1e-5,
    )


def test_segments_have_a_spread_where_the_heart_is_known() -> None:
    study = small_study()
    spread = estimate_spread(study, redo_with_method(study, osem), kind="bootstrap", replicates=4)
    expected = polar_segments(spread.image, study)
    assert expected is not None
    assert spread.segments is not None
    assert spread.segment_spread is not None
    np.testing.assert_array_equal(spread.segments, expected)
    known = np.isfinite(expected)
    assert np.all(spread.segment_spread[known] > 0)
    bare = replace(study, truth=None)
    without = estimate_spread(bare, redo_with_method(bare, osem), kind="bootstrap", replicates=2)
    assert without.segments is None
    assert without.segment_spread is None


def test_a_stop_ends_between_reconstructions_and_progress_is_heard() -> None:
    study = small_study()
    heard: list[float] = []
    redo = redo_with_method(study, osem)
    estimate_spread(study, redo, kind="bootstrap", replicates=3, on_progress=heard.append)
    assert heard == [0.25, 0.5, 0.75, 1.0]
    stop_after_two = iter([False, False, True])
    with pytest.raises(ModelError, match="2 of 4") as caught:
        estimate_spread(study, redo, kind="bootstrap", replicates=3, should_stop=lambda: next(stop_after_two))
    assert caught.value.code == "uncertainty.stopped"


@pytest.mark.parametrize(
    ("kind", "replicates", "code"),
    [("bootstrap", 1, "uncertainty.no_replicates"), ("ensemble", 8, "uncertainty.no_members"), ("both", 8, "uncertainty.no_members")],
)  # fmt: skip
def test_what_a_spread_needs_is_said(kind: str, replicates: int, code: str) -> None:
    study = small_study()
    with pytest.raises(ModelError) as caught:
        estimate_spread(study, redo_with_method(study, osem), kind=kind, replicates=replicates)  # type: ignore[arg-type]
    assert caught.value.code == code


def test_the_mean_activity_is_that_of_the_body() -> None:
    study = small_study()
    image = body_of(study) * np.float32(3.0)
    assert mean_activity(study, image) == pytest.approx(3.0)
    assert mean_activity(study, np.zeros_like(image)) > 0
