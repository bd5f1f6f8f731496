"""The scatter comes from the study, else from three windows, else from two, and a study says which."""

from dataclasses import replace

import numpy as np
import pytest

from model.classical.osem import OsemSettings, reconstruct_osem, study_tensors
from model.confidence.alarm import corrections
from model.dataset import prepare_study
from model.evaluation.metrics import case_metrics
from model.geometry import TC99M_PEAK, EnergyWindow
from model.io.study import Study
from model.networks import build_network
from model.networks.inputs import ReconstructionNetwork
from model.quality.facts import Facts
from model.quality.system import Coarse
from model.scatter import ScatterSource, ScatterWindowsUnusable, scatter_estimate, scatter_of, scatter_source
from tests.support.studies import tiny_study

LOW, HIGH = EnergyWindow("lower", 120.0, 126.0), EnergyWindow("upper", 155.0, 161.0)
WIDE = EnergyWindow("scatter", 92.0, 125.0)


def windowed(*windows: EnergyWindow, counts: float = 2e6, fraction: float = 0.3, share: float | None = None) -> Study:
    """Return a noisy study without /scatter whose side windows hold what a falling straight line gives them.

    The line falls to zero at the photopeak's upper limit, so a window above it is empty. `share` overrides the counts
    of every side window, as a ratio to the scatter in the photopeak.
    """
    study = tiny_study(1, counts=counts, scatter_fraction=fraction, shape=(12, 36, 36), voxel_mm=8.0, views=30)
    assert study.scatter is not None
    in_peak = study.scatter[0]
    peak_kev = TC99M_PEAK.upper_kev - TC99M_PEAK.lower_kev
    rng = np.random.default_rng(3)
    sides = []
    for window in windows:
        density = 2 / peak_kev if window.lower_kev < TC99M_PEAK.lower_kev else 0.0
        ratio = density * (window.upper_kev - window.lower_kev) if share is None else share
        sides.append(rng.poisson(in_peak * ratio).astype(np.float32))
    return replace(
        study,
        projections=np.stack([study.projections[0], *sides]),
        geometry=replace(study.geometry, windows=(TC99M_PEAK, *windows)),
        scatter=None,
    )


def true_scatter(study: Study) -> float:
    return 0.3 * 2e6 / float(study.projections[0].size)


@pytest.mark.parametrize(
    ("windows", "source"),
    [((LOW, HIGH), ScatterSource.TRIPLE_WINDOW), ((HIGH, LOW), ScatterSource.TRIPLE_WINDOW), ((LOW,), "dew")],
)
def test_narrow_windows_give_back_a_straight_scatter_spectrum(windows: tuple[EnergyWindow, ...], source: str) -> None:
    study = windowed(*windows)
    estimate = scatter_estimate(study)
    assert estimate.source == source == scatter_source(study)
    assert estimate.counts is not None and estimate.counts.shape == study.projections[0].shape
    assert float(estimate.counts.mean()) == pytest.approx(true_scatter(study), rel=0.02)
    inner = estimate.counts[:, 3:-3, 5:-5]
    assert float(inner.std() / inner.mean()) < 0.35  # a third of the noise that the narrow window has in a bin


def test_a_wide_window_counts_half() -> None:
    study = windowed(WIDE, share=2.0)
    estimate = scatter_estimate(study)
    assert estimate.source is ScatterSource.DUAL_WINDOW
    assert estimate.counts is not None
    assert float(estimate.counts.sum()) == pytest.approx(0.5 * float(study.projections[1].sum()), rel=1e-4)


def test_the_window_above_adds_its_share() -> None:
    without, with_counts = windowed(LOW, HIGH), windowed(LOW, HIGH, share=1.0)
    estimate = scatter_estimate(with_counts).counts
    assert estimate is not None and scatter_of(without) is not None
    half = (TC99M_PEAK.upper_kev - TC99M_PEAK.lower_kev) / 2
    low, high = (float(with_counts.projections[i].sum()) for i in (1, 2))
    assert float(estimate.sum()) == pytest.approx(half * (low / 6 + high / 6), rel=1e-4)


def test_the_studys_own_scatter_comes_first_and_one_window_alone_gives_none() -> None:
    own = tiny_study(windows=2)
    assert scatter_source(own) is ScatterSource.GIVEN
    assert own.scatter is not None
    np.testing.assert_array_equal(scatter_of(own), own.scatter[0])
    bare = tiny_study(scatter_fraction=0.0)
    assert scatter_estimate(bare).source is ScatterSource.NONE
    assert scatter_of(bare) is None
    assert study_tensors(bare).scatter is None


@pytest.mark.parametrize(
    "window",
    [HIGH, EnergyWindow("overlapping", 120.0, 135.0), EnergyWindow("thallium", 63.0, 77.0)],
    ids=lambda window: window.name,
)
def test_windows_that_do_not_fit_are_named_and_count_as_none(window: EnergyWindow) -> None:
    study = windowed(window, share=1.0)
    with pytest.raises(ScatterWindowsUnusable, match=f"{window.name}.*{window.upper_kev:g} keV") as caught:
        scatter_estimate(study)
    assert caught.value.code == "scatter.windows"
    assert caught.value.remedy
    assert scatter_of(study) is None
    assert study_tensors(study).scatter is None
    assert "scatter" not in corrections(study)


def test_a_window_below_the_peak_corrects_for_scatter_wherever_that_is_asked() -> None:
    study = windowed(LOW)
    scatter = scatter_of(study)
    assert scatter is not None
    assert "scatter" in corrections(study)
    seen = Coarse.of(Facts.of(study)).scatter
    assert float(seen.sum()) == pytest.approx(float(scatter.sum()), rel=1e-4)


@pytest.mark.parametrize("windows", [(LOW, HIGH), (LOW,)])
def test_osem_with_an_estimate_is_nearly_as_good_as_with_the_truth(windows: tuple[EnergyWindow, ...]) -> None:
    study = windowed(*windows)
    known = replace(study, scatter=np.full_like(study.projections, np.float32(true_scatter(study))))
    settings = OsemSettings(iterations=10, subsets=4, postfilter_fwhm_mm=6.0)

    def error(of: Study, **changes: bool) -> float:
        value = case_metrics(reconstruct_osem(of, replace(settings, **changes)), of)["nrmse_body"]
        assert value is not None
        return value

    estimated, best, without = error(study), error(known), error(study, scatter=False)
    assert estimated < best + 0.35 * (without - best)


def test_a_network_gets_the_same_scatter_as_osem() -> None:
    study = windowed(LOW, HIGH)
    network = build_network({"name": "osem_unet"}, seed=0)
    assert isinstance(network, ReconstructionNetwork)
    sample = prepare_study(study, name="windows", recipe=network.recipe)
    total = sum(float(part.sum()) for part in sample.inputs.scatter) * sample.scale
    scatter = scatter_of(study)
    assert scatter is not None
    assert total == pytest.approx(float(scatter.sum()), rel=1e-4)
