"""Geometries: what no camera can have is refused, what is written comes back."""

import json
import math
import pickle
from dataclasses import replace
from typing import Any

import pytest

from model.errors import GeometryInvalid, GeometryMismatch, ModelError
from model.geometry import AcquisitionGeometry, Collimator, EnergyWindow, VolumeGrid, orbit_angles_rad
from tests.support.studies import tiny_geometry


def test_a_geometry_survives_json_unchanged() -> None:
    geometry = tiny_geometry(windows=2)
    again = AcquisitionGeometry.from_dict(json.loads(json.dumps(geometry.to_dict())))
    assert again == geometry
    assert hash(again) == hash(geometry)


def test_unknown_and_missing_fields_are_refused() -> None:
    data = tiny_geometry().to_dict()
    with pytest.raises(GeometryInvalid, match="tilt"):
        AcquisitionGeometry.from_dict(data | {"tilt": 3})
    del data["bin_mm"]
    with pytest.raises(GeometryInvalid, match="expected"):
        AcquisitionGeometry.from_dict(data)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"n_bins": 0}, "n_bins is 0"),
        ({"n_bins": 10**6}, "4096"),
        ({"bin_mm": -1.0}, "bin_mm is -1"),
        ({"bin_mm": math.nan}, "bin_mm is nan"),
        ({"intrinsic_fwhm_mm": math.inf}, "inf"),
        ({"windows": ()}, "energy windows is 0"),
        ({"angles_rad": (), "radius_mm": (), "duration_s": ()}, "number of views is 0"),
    ],
)
def test_numbers_no_camera_can_have_are_refused(change: dict[str, Any], words: str) -> None:
    with pytest.raises(GeometryInvalid, match=words):
        replace(tiny_geometry(), **change)


def test_sizes_that_do_not_fit_are_refused_with_both_numbers() -> None:
    geometry = tiny_geometry()
    with pytest.raises(GeometryMismatch, match="9 axial rows, the grid 8"):
        replace(geometry, n_axial=9)
    with pytest.raises(GeometryMismatch, match=r"15.0 mm, a slice of the grid 16.0"):
        replace(geometry, axial_mm=15.0)
    with pytest.raises(GeometryMismatch, match="radius_mm has 11 entries for 12 angles"):
        replace(geometry, radius_mm=geometry.radius_mm[:-1])
    with pytest.raises(GeometryMismatch, match="square"):
        replace(geometry, grid=VolumeGrid((8, 20, 20), (16.0, 16.0, 17.0)))


def test_small_parts_refuse_nonsense() -> None:
    with pytest.raises(GeometryInvalid, match="2 sizes"):
        VolumeGrid((3, 3), (1.0, 1.0, 1.0))  # type: ignore[arg-type]  # what a careless caller passes
    with pytest.raises(GeometryInvalid, match="hole_mm is 0"):
        Collimator("x", 0.0, 30.0)
    with pytest.raises(GeometryInvalid, match="not above"):
        EnergyWindow("x", 140.0, 120.0)


def test_resolution_follows_the_collimator_formula() -> None:
    geometry = replace(tiny_geometry(), intrinsic_fwhm_mm=3.9)
    assert geometry.fwhm_mm(100.0) == pytest.approx(7.0, abs=0.1)
    assert geometry.fwhm_mm(200.0) == pytest.approx(10.8, abs=0.1)


def test_arcs_are_recognised_across_the_zero() -> None:
    for start, arc in ((225, -180), (315, 180), (10, 180)):
        assert tiny_geometry(start_deg=start, arc_deg=arc).arc_rad == pytest.approx(math.pi)
    assert tiny_geometry(start_deg=180, arc_deg=-360).arc_rad == pytest.approx(2 * math.pi)
    assert tiny_geometry(views=1).arc_rad == 0.0


def test_the_perfusion_orbit_goes_from_right_front_over_front_to_left_back() -> None:
    degrees = [round(math.degrees(a)) for a in orbit_angles_rad(4, start_deg=225, arc_deg=-180)]
    assert degrees == [225, 180, 135, 90]


def test_view_shares_follow_the_time() -> None:
    geometry = replace(tiny_geometry(views=2), duration_s=(10.0, 30.0))
    assert geometry.view_fractions == (0.25, 0.75)


def test_errors_survive_a_process_border() -> None:
    for error in (GeometryMismatch("3 against 4", "Choose 4."), ModelError("a.b", "c")):
        again = pickle.loads(pickle.dumps(error))  # noqa: S301 (our own bytes)
        assert (str(again), again.code, again.remedy) == (str(error), error.code, error.remedy)
