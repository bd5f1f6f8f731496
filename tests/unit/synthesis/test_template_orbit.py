import math

import numpy as np
import pytest

from synthesis.errors import ScenarioInvalid
from synthesis.sample import make_study
from synthesis.scenario import Scenario, load_scenario
from tests.support.scenarios import quick_scenario

ROUND = {"views": 36, "start_deg": 0.0, "arc_deg": 360.0}


def near(path: str) -> Scenario:
    """Return a scenario whose camera comes as near as the body allows."""
    orbit = ROUND | {"path": path}
    return quick_scenario({"orbit": orbit}, radius_min_mm=50.0, radius_step_mm=1.0, clearance_mm=10.0)


def test_a_contour_orbit_follows_the_outline_and_never_touches_the_body() -> None:
    study, circle = (make_study(near(path), "quick", seed=1, index=0) for path in ("contour", "circle"))
    radii = np.array(study.geometry.radius_mm)
    assert set(circle.geometry.radius_mm) == {max(circle.geometry.radius_mm)}
    assert radii.max() <= circle.geometry.radius_mm[0] + 10
    assert radii[0] < radii[9] - 20  # a body is broader than it is deep
    assert study.labels is not None
    voxel = study.geometry.grid.voxel_mm
    _, y, x = np.nonzero(study.labels)
    across = (x - (study.labels.shape[2] - 1) / 2) * voxel[2], (y - (study.labels.shape[1] - 1) / 2) * voxel[1]
    for angle, radius in zip(study.geometry.angles_rad, radii, strict=True):
        reach = (across[0] * math.sin(angle) + across[1] * math.cos(angle)).max()  # 0 back, 90 degrees left
        assert reach <= radius
        assert reach >= radius - 45


def test_a_contour_orbit_respects_the_least_radius_and_the_steps_of_a_camera() -> None:
    scenario = quick_scenario({"orbit": ROUND | {"path": "contour"}}, radius_min_mm=150.0, radius_step_mm=20.0)
    radii = make_study(scenario, "quick", seed=1, index=0).geometry.radius_mm
    assert len(set(radii)) > 1
    assert min(radii) >= 150.0
    assert all(radius % 20 == 0 for radius in radii)


def test_a_path_that_is_not_asked_for_leaves_the_scenario_what_it_was() -> None:
    assert quick_scenario({"orbit": {"views": 20, "path": "circle"}}).digest == load_scenario("quick").digest
    assert quick_scenario({"orbit": {"views": 20, "path": "contour"}}).digest != load_scenario("quick").digest


def test_a_scatter_window_is_stored_beside_the_photopeak_and_changes_nothing_in_it() -> None:
    one = make_study(load_scenario("quick"), "quick", seed=1, index=0)
    two = make_study(quick_scenario({"scatter_window_kev": [114.0, 126.45]}), "quick", seed=1, index=0)
    assert two.projections.shape == (2, *one.projections.shape[1:])
    assert [window.name for window in two.geometry.windows] == ["photopeak", "scatter"]
    assert two.projections[0].tobytes() == one.projections[0].tobytes()
    assert two.projections[1].sum() > 0
    assert (two.projections[1] == np.round(two.projections[1])).all()
    for name in ("reference", "labels", "attenuation"):
        assert getattr(two, name).tobytes() == getattr(one, name).tobytes()


def test_a_scatter_window_above_the_photopeak_is_refused() -> None:
    with pytest.raises(ScenarioInvalid, match="must end below the photopeak"):
        quick_scenario({"scatter_window_kev": [120.0, 140.0]})
