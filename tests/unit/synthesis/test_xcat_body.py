from pathlib import Path

import numpy as np
import pytest

from synthesis.errors import PhantomInvalid
from synthesis.phantoms.body import Body, BodyStreams, make_body
from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.scenario import Scenario
from synthesis.simulation.analytic import finer_grid
from synthesis.specs.patients import PopulationSpec
from synthesis.specs.phantom import XcatSpec
from tests.support.phantoms import small_scenario
from tests.support.xcat import FAULT, install_stub, patient, read_keys

LATERAL = {5, 6, 11, 12, 16}


@pytest.fixture
def spec(tmp_path: Path) -> XcatSpec:
    return XcatSpec(
        program=install_stub(tmp_path / "xcat"), array_size=72, pixel_mm=6.0, bottom_mm=1167 - 132, height_mm=264
    )


def scenario_with(spec: XcatSpec, female_share: float = 0.0) -> Scenario:
    scenario = small_scenario()
    lesions = scenario.lesions.model_copy(
        update={"theta_centre_deg": (90.0, 90.0), "theta_width_deg": (70.0, 70.0), "x_centre": (0.5, 0.5)}
    )
    site = scenario.sites[0].model_copy(update={"female_share": female_share})
    return scenario.model_copy(update={"phantom": spec, "lesions": lesions, "sites": (site,)})


def body_of(scenario: Scenario, seed: int = 1) -> Body:
    streams = BodyStreams(*(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)))
    return make_body(scenario, scenario.sites[0], finer_grid(scenario.volume_grid(), 2), streams)


@pytest.mark.parametrize("female", [False, True])
def test_an_infarct_of_mode_1_is_a_share_of_the_wall_in_the_lateral_segments(spec: XcatSpec, female: bool) -> None:
    body = body_of(scenario_with(spec, float(female)))
    phantom = body.phantom
    infarct, segments = phantom.share_of("lesion_1"), phantom.segments
    assert body.description["female"] == female
    assert np.isin(segments, sorted(LATERAL)).astype(float).ravel() @ infarct.ravel() > 0.9 * infarct.sum()
    assert 0.05 < body.extents[0] < 0.35
    assert phantom.shares.sum(axis=0).max() <= 1 + 1e-5
    assert body.uptakes["myocardium"] == 1
    assert body.uptakes.keys() >= {"liver", "oesophagus", "lung"}


def test_the_heart_is_where_the_program_put_it_and_near_the_middle_of_the_field(spec: XcatSpec, tmp_path: Path) -> None:
    script = spec.program
    assert script is not None
    body = body_of(scenario_with(spec))
    script.write_text(script.read_text().replace("import runpy", "import shutil, runpy").replace(
        "runpy.run_path", f"shutil.copy(sys.argv[1], {str(tmp_path / 'kept.par')!r}); runpy.run_path"
    ))  # fmt: skip
    again = body_of(scenario_with(spec))
    heart, drawn = again.phantom.heart, patient(read_keys((tmp_path / "kept.par").read_text())).ventricle
    assert heart == body.phantom.heart
    assert heart is not None
    axis = np.subtract(heart.apex_mm, heart.base_mm)
    assert axis / np.linalg.norm(axis) @ drawn.axis > np.cos(np.radians(4))
    assert np.linalg.norm(axis) == pytest.approx(drawn.length, rel=0.06)
    assert abs(heart.base_mm[2] + heart.apex_mm[2]) / 2 < 30
    angles = again.description["heart_angles_deg"]
    assert angles["yx"] == pytest.approx(-52 + again.description["turn_yx_deg"], abs=1e-3)


def test_arms_at_the_sides_widen_the_orbit_or_are_refused_where_they_do_not_fit(spec: XcatSpec) -> None:
    without = body_of(scenario_with(spec))
    wide = spec.model_copy(update={"arms": True, "array_size": 96})
    with pytest.raises(PhantomInvalid, match="over the width of the field of view of 422 mm"):
        body_of(scenario_with(wide))
    scenario = scenario_with(wide)
    grid = scenario.grid.model_copy(update={"shape": (24, 64, 64)})
    with_arms = body_of(scenario.model_copy(update={"grid": grid}))
    assert with_arms.half_mm[0] > without.half_mm[0] + 50


def test_a_volume_too_short_for_the_field_of_view_is_refused(spec: XcatSpec) -> None:
    short = spec.model_copy(update={"bottom_mm": 1167.0 - 84, "height_mm": 168.0})
    with pytest.raises(PhantomInvalid, match=r"ends \d+ mm inside the field of view of 211 mm"):
        body_of(scenario_with(short))


def test_a_volume_without_the_heart_is_refused(spec: XcatSpec) -> None:
    low = spec.model_copy(update={"bottom_mm": 700.0})
    with pytest.raises(PhantomInvalid, match="no left ventricular wall"):
        body_of(scenario_with(low))


def test_a_program_that_writes_its_own_integers_is_read_with_the_users_table(
    spec: XcatSpec, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(FAULT, "own-codes")
    with pytest.raises(XcatFailed, match="none of the integers"):
        body_of(scenario_with(spec))
    rows = "code,organ,tissue,uptake\n1001,body,soft_tissue,0.05\n1002,myocardium,muscle,\n1008,liver,liver,0.6\n"
    others = " ".join(str(1000 + i) for i in (*range(3, 8), *range(9, 20)))
    (tmp_path / "codes.csv").write_text(rows + f"{others},rest,muscle,0.1\n")
    body = body_of(scenario_with(spec.model_copy(update={"organ_table": tmp_path / "codes.csv"})))
    assert body.uptakes == {"body": 0.05, "liver": 0.6, "rest": 0.1}
    assert body.phantom.heart is not None


def test_the_scenarios_population_does_not_reach_xcat_and_the_record_says_so(spec: XcatSpec) -> None:
    scenario = scenario_with(spec).model_copy(update={"population": PopulationSpec(arms_down_share=1.0)})
    assert "built-in thorax" in body_of(scenario).description["population"]
    assert "population" not in body_of(scenario_with(spec)).description


def test_where_the_program_lies_does_not_change_the_scenario(spec: XcatSpec) -> None:
    elsewhere = spec.model_copy(update={"program": Path("/opt/dxcat2"), "timeout_s": 5.0})
    assert scenario_with(spec).digest == scenario_with(elsewhere).digest
    assert scenario_with(spec).digest != scenario_with(spec.model_copy(update={"arms": True})).digest
