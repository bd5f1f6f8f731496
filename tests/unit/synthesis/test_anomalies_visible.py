"""An infarct of 50 % severity shows in activity, sinogram and reconstruction, in the segments where it lies."""

import math

import numpy as np
import numpy.typing as npt
import pytest

from model.classical.osem import OsemSettings, reconstruct_osem
from model.io.study import Study
from synthesis.sample import make_study
from synthesis.scenario import Scenario, load_scenario
from synthesis.specs.patients import LesionSpec

SEVERITY = 0.5
# Where each infarct lies and which AHA segments it must and may show in.
PLACES = {
    "anterior": (0.0, {7}, {1, 7, 13, 8, 12}),
    "lateral": (90.0, {11, 12}, {5, 6, 11, 12, 16}),
    "inferior": (180.0, {10}, {4, 10, 15, 9, 11}),
    "septal": (270.0, {8, 9}, {2, 3, 8, 9, 14}),
    "apex": (None, {17}, {13, 14, 15, 16, 17}),
}
SIZE = {"wall_fraction": (1.0, 1.0), "severity": (SEVERITY, SEVERITY), "second_share": 0.0}
Floats = npt.NDArray[np.float32]


def examined(place: str, *, sick: bool, noise: bool) -> Study:
    angle = PLACES[place][0]
    where = (
        {"theta_centre_deg": (0.0, 0.0), "theta_width_deg": (360.0, 360.0), "x_centre": (1.0, 1.0), "x_width_mm": (36.0, 36.0)}
        if angle is None
        else {"theta_centre_deg": (angle, angle), "theta_width_deg": (70.0, 70.0), "x_centre": (0.5, 0.5), "x_width_mm": (40.0, 40.0)}
    )  # fmt: skip
    usual = load_scenario("cardiac")
    site = usual.sites[0].model_copy(update={"infarct_share": float(sick), "counts": (4.0e6, 4.0e6)})
    scenario: Scenario = usual.model_copy(
        update={
            "lesions": LesionSpec.model_validate(where | SIZE),
            "sites": (site,),
            "orbit": usual.orbit.model_copy(update={"views": 32}),
        }
    )
    return make_study(scenario, site.name, seed=3, index=0, noise=noise)


def losses(sick: Floats, healthy: Floats, aha: npt.NDArray[np.uint8]) -> dict[int, float]:
    """Return the loss of the mean in every segment, against the healthy twin."""
    return {s: 1 - float(sick[aha == s].mean() / healthy[aha == s].mean()) for s in range(1, 18)}


def assert_lost_where_expected(found: dict[int, float], place: str, *, least: float, elsewhere: float) -> None:
    _, core, around = PLACES[place]
    worst = max(found, key=lambda s: found[s])
    assert worst in core
    for segment in core:
        assert found[segment] > least, f"segment {segment} lost only {found[segment]:.2f}"
    for segment in set(range(1, 18)) - around:
        assert abs(found[segment]) < elsewhere, f"segment {segment} lost {found[segment]:.2f}"


@pytest.fixture(scope="module")
def healthy() -> Study:
    return examined("anterior", sick=False, noise=False)


@pytest.mark.parametrize("place", PLACES)
def test_an_infarct_of_half_the_uptake_shows_in_every_stage(place: str, healthy: Study) -> None:
    expected = examined(place, sick=True, noise=False)
    counted = examined(place, sick=True, noise=True)
    assert healthy.truth is not None
    assert expected.truth is not None
    assert healthy.reference is not None
    assert expected.reference is not None
    aha, (truth,) = expected.truth.aha, expected.truth.defects
    assert truth.severity == SEVERITY
    assert PLACES[place][1] <= set(truth.segments) <= PLACES[place][2]

    # activity
    assert_lost_where_expected(losses(expected.reference, healthy.reference, aha), place, least=0.15, elsewhere=0.02)

    # sinogram: what is missing comes from where the infarct lies, in every view
    scale = healthy.projections.sum() / expected.projections.sum()  # both scenarios give the same counts in all
    assert scale == pytest.approx(1.0, rel=1e-3)
    lost = _missing(healthy, expected)
    assert lost.max() > 0.04 * healthy.projections.max()
    centre = _centre_mm(expected)
    geometry = expected.geometry
    for view in (0, 10, 21, 31):
        angle = geometry.angles_rad[view]
        bins = (np.arange(geometry.n_bins) - (geometry.n_bins - 1) / 2) * geometry.bin_mm
        rows = (np.arange(geometry.n_axial) - (geometry.n_axial - 1) / 2) * geometry.axial_mm
        image = lost[view] * (lost[view] > 0.4 * lost[view].max())
        across = float((image.sum(axis=0) * bins).sum() / image.sum())
        along = float((image.sum(axis=1) * rows).sum() / image.sum())
        assert across == pytest.approx(-math.cos(angle) * centre[0] + math.sin(angle) * centre[1], abs=geometry.bin_mm)
        assert along == pytest.approx(centre[2], abs=geometry.axial_mm)

    # reconstruction of noisy counts
    settings = OsemSettings(iterations=5)
    image, twin = (reconstruct_osem(study, settings) for study in (counted, healthy))
    assert_lost_where_expected(losses(image, twin, aha), place, least=0.15, elsewhere=0.15)


def _missing(healthy: Study, sick: Study) -> Floats:
    """Return the counts (V, Z, U) that the infarct takes away."""
    assert healthy.reference is not None
    assert sick.reference is not None
    active = healthy.reference > 0
    # the totals are the same, so the rest of the body is a little brighter: scale it back
    factor = np.float32(np.median(healthy.reference[active] / sick.reference[active]))
    lost: Floats = np.clip(healthy.projections[0] - factor * sick.projections[0], 0, None)
    return lost


def _centre_mm(sick: Study) -> npt.NDArray[np.float64]:
    """Return the middle (x, y, z) of the infarct in the truth, mm from the centre of the grid."""
    assert sick.truth is not None
    marked = np.argwhere(sick.truth.defect_map == 1)
    middle = (marked - (np.array(sick.truth.defect_map.shape) - 1) / 2).mean(axis=0) * sick.geometry.grid.voxel_mm
    return np.asarray(middle[::-1])


def test_lateral_and_septal_infarcts_lie_on_their_own_side_of_the_heart(healthy: Study) -> None:
    assert healthy.truth is not None
    assert healthy.reference is not None
    middle = {}
    for place, own, other in (("lateral", 12, 8), ("septal", 8, 12)):
        study = examined(place, sick=True, noise=False)
        assert study.reference is not None
        found = losses(study.reference, healthy.reference, healthy.truth.aha)
        assert found[own] > 0.15
        assert abs(found[other]) < 0.02
        middle[place] = _centre_mm(study)
    assert middle["lateral"][0] > middle["septal"][0] + 20  # mm, towards the patient's left
