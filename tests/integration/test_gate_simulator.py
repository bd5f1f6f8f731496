"""GATE and the analytic projector see the same body in the same place, and finished runs are taken up again."""

import math
from pathlib import Path

import numpy as np
import pytest

from synthesis.simulation.analytic import AnalyticSimulator
from synthesis.simulation.gate import GateSimulator
from synthesis.simulation.gate.mini_data import TAG
from synthesis.specs.simulation import GateSpec
from tests.support.gate import Floats, asymmetric_body, cubic_geometry, data_tree, needs_gate

pytestmark = [pytest.mark.slow, needs_gate, pytest.mark.timeout(900)]


def correlation(one: Floats, other: Floats) -> float:
    return float(np.corrcoef(one.ravel(), other.ravel())[0, 1])


def pairs_of_bins(view: Floats) -> Floats:
    rebinned: Floats = view.reshape(view.shape[0] // 2, 2, view.shape[1] // 2, 2).sum(axis=(1, 3))
    return rebinned


def test_gate_and_the_projector_agree_on_an_asymmetric_body(tmp_path: Path) -> None:
    data = data_tree(tmp_path)
    geometry = cubic_geometry(225.0, 110.0)
    activity, mu = asymmetric_body(geometry)
    spec = GateSpec(photons_per_view=30_000, g4data=str(data.folder))
    simulator = GateSimulator(spec, workers=2, folder=tmp_path / "work")
    monte_carlo = simulator.project_sources(("all",), activity, mu, geometry, seed=3)
    analytic = AnalyticSimulator(2).project_sources(("all",), activity, mu, geometry, seed=3)
    assert monte_carlo.scatter_is_physical
    assert monte_carlo.versions["g4data"] == TAG
    assert monte_carlo.variance is not None
    for view in range(2):
        found, expected = monte_carlo.primary[0, view], analytic.primary[0, view]
        same = correlation(pairs_of_bins(found), pairs_of_bins(expected))
        turned = {
            "head and foot": found[::-1],
            "left and right": found[:, ::-1],
            "upside down": found[::-1, ::-1],
            "transposed": found.T,
            "the other view": monte_carlo.primary[0, 1 - view],
        }
        wrong = {how: correlation(pairs_of_bins(other), pairs_of_bins(expected)) for how, other in turned.items()}
        ratio = float(found.sum() / expected.sum())
        share = float(monte_carlo.scatter[0, view].sum() / (found + monte_carlo.scatter[0, view]).sum())
        print(f"view {view}: correlation {same:.4f}, sum {ratio:.3f}, scatter {share:.3f}, {wrong}")
        assert same > 0.97
        assert max(wrong.values()) < 0.8, wrong
        assert ratio == pytest.approx(
            1.0, abs=0.12
        )  # noise 2.5 %; the camera's own scatter and penetration are not in the projector
        assert 0.15 < share < 0.45  # Tc-99m, 20 % window, trunk

    before = sorted(path.name for path in (tmp_path / "work").iterdir())
    times = {path: path.stat().st_mtime_ns for path in (tmp_path / "work").iterdir()}
    again = simulator.project_sources(("all",), activity, mu, geometry, seed=3)
    assert sorted(path.name for path in (tmp_path / "work").iterdir()) == before
    assert {path: path.stat().st_mtime_ns for path in times} == times, "a finished run was made again"
    np.testing.assert_array_equal(again.primary, monte_carlo.primary)
    noise = math.sqrt(float(monte_carlo.variance.sum())) / float((monte_carlo.primary + monte_carlo.scatter).sum())
    assert 0.001 < noise < 0.05
