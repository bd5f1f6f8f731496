from collections.abc import Callable
from pathlib import Path

import nibabel
import numpy as np
import pytest

from model.geometry import VolumeGrid
from synthesis.defects import Lesion
from synthesis.errors import PhantomInvalid
from synthesis.materials import MU_PER_MM
from synthesis.phantoms.body import Body, BodyStreams, make_body
from synthesis.phantoms.imported.assemble import LabelVolume, assemble_body, check_water, heart_mm
from synthesis.phantoms.imported.organs import ImportedOrgan
from synthesis.phantoms.labelmap_body import load_volume
from synthesis.phantoms.labelmap_files import read_volume, to_mu_per_mm
from synthesis.scenario import Scenario
from synthesis.simulation.analytic import finer_grid
from synthesis.specs.patients import OrganLesionSpec
from synthesis.specs.phantom import LabelmapSpec, MuUnit
from tests.support.phantoms import LabelledThorax, labelled_thorax, small_scenario, write_organ_table

Change = Callable[..., Scenario]


@pytest.fixture(scope="module")
def thorax() -> LabelledThorax:
    return labelled_thorax(3, voxel_mm=6.0)


@pytest.fixture
def spec(thorax: LabelledThorax, tmp_path: Path) -> LabelmapSpec:
    thorax.codes.tofile(tmp_path / "labels.raw")
    thorax.mu_per_mm.astype("<f4").tofile(tmp_path / "mu.raw")
    return LabelmapSpec(
        labels=tmp_path / "labels.raw", organs=write_organ_table(tmp_path / "organs.csv", thorax),
        attenuation=tmp_path / "mu.raw", shape=thorax.grid.shape, voxel_mm=thorax.grid.voxel_mm, shift_mm=0.0,
    )  # fmt: skip


def body_of(scenario: Scenario, seed: int = 1) -> Body:
    streams = BodyStreams(*(np.random.default_rng(s) for s in np.random.SeedSequence(seed).spawn(3)))
    return make_body(scenario, scenario.sites[0], finer_grid(scenario.volume_grid(), 2), streams)


def with_phantom(spec: LabelmapSpec, infarct_share: float = 1.0) -> Scenario:
    scenario = small_scenario()
    site = scenario.sites[0].model_copy(update={"infarct_share": infarct_share})
    return scenario.model_copy(update={"phantom": spec, "sites": (site,)})


def test_a_label_map_becomes_a_patient_with_an_infarct_where_it_was_drawn(
    spec: LabelmapSpec, thorax: LabelledThorax
) -> None:
    body = body_of(with_phantom(spec))
    phantom = body.phantom
    volume_ml = float(np.prod(phantom.grid.voxel_mm)) / 1000
    wall = phantom.share_of("myocardium") + phantom.share_of("lesion_1")
    drawn = float((thorax.codes == 10 + thorax.phantom.index("myocardium")).sum()) * 6.0**3 / 1000
    assert wall.sum() * volume_ml == pytest.approx(drawn, rel=1e-3)
    assert phantom.shares.sum(axis=0).max() <= 1 + 1e-5
    assert body.extents[0] == pytest.approx(phantom.share_of("lesion_1").sum() / wall.sum())
    assert body.uptakes == {"liver": 0.7}
    lesion, heart = body.lesions[0], phantom.heart
    assert heart is not None
    z, y, x = (np.indices(wall.shape) - (np.reshape(wall.shape, (3, 1, 1, 1)) - 1) / 2) * 4.4
    weight = phantom.share_of("lesion_1")
    centre = np.array([(axis * weight).sum() / weight.sum() for axis in (x, y, z)])
    base, apex = np.array(heart.base_mm), np.array(heart.apex_mm)
    anterior = np.array(heart.anterior)
    lateral = np.cross(anterior, (apex - base) / np.linalg.norm(apex - base))
    theta = np.degrees(np.arctan2((centre - base) @ lateral, (centre - base) @ anterior))
    assert abs((theta - lesion.theta_centre_deg + 180) % 360 - 180) < 20


def test_the_attenuation_map_of_the_file_replaces_the_table(spec: LabelmapSpec, thorax: LabelledThorax) -> None:
    phantom = body_of(with_phantom(spec)).phantom
    assert phantom.mu_map is not None
    inside = phantom.share_of("liver") > 0.99
    assert phantom.attenuation()[inside].mean() == pytest.approx(MU_PER_MM["liver"], rel=0.01)
    table = body_of(with_phantom(spec.model_copy(update={"attenuation": None}))).phantom
    assert table.mu_map is None
    assert table.attenuation()[inside].mean() == pytest.approx(phantom.attenuation()[inside].mean(), rel=0.01)


def test_the_body_is_measured_for_the_orbit(spec: LabelmapSpec, thorax: LabelledThorax) -> None:
    body = body_of(with_phantom(spec))
    assert body.half_mm == pytest.approx(thorax.anatomy.body_half, abs=7)
    assert body.centre_mm == pytest.approx((0, 0), abs=5)


def test_nifti_in_any_orientation_gives_the_same_patient(
    spec: LabelmapSpec, thorax: LabelledThorax, tmp_path: Path
) -> None:
    ras = thorax.codes.transpose(2, 1, 0)[::-1, ::-1]
    affine = np.diag([6.0, 6.0, 6.0, 1.0])
    for name, image in {
        "ras.nii.gz": nibabel.Nifti1Image(ras, affine),
        "flipped.nii": nibabel.Nifti1Image(ras[::-1, :, ::-1], affine @ np.diag([-1.0, 1.0, -1.0, 1.0])),
        "turned.nii": nibabel.Nifti1Image(ras.transpose(1, 2, 0), affine @ np.eye(4)[[2, 0, 1, 3]]),
    }.items():
        nibabel.save(image, tmp_path / name)
        nifti = LabelmapSpec(labels=tmp_path / name, organs=spec.organs, shift_mm=0.0)
        read = load_volume(nifti)
        assert np.array_equal(read.index, load_volume(spec).index), name
        assert read.grid.voxel_mm == pytest.approx((6.0, 6.0, 6.0))


def test_axes_that_run_against_ours_are_flipped(spec: LabelmapSpec, thorax: LabelledThorax, tmp_path: Path) -> None:
    np.ascontiguousarray(thorax.codes[::-1, :, ::-1]).tofile(tmp_path / "turned.raw")
    turned = spec.model_copy(update={"labels": tmp_path / "turned.raw", "flip": ("z", "x"), "attenuation": None})
    assert np.array_equal(load_volume(turned).index, load_volume(spec).index)


def test_interfile_gives_the_same_array_with_the_voxels_of_its_header(
    spec: LabelmapSpec, thorax: LabelledThorax, tmp_path: Path
) -> None:
    z, y, x = thorax.codes.shape
    thorax.codes.tofile(tmp_path / "labels.i33")
    header = tmp_path / "labels.h33"
    header.write_text(
        "!INTERFILE :=\n!imaging modality := nucmed\n!data offset in bytes := 0\n!name of data file := labels.i33\n"
        f"!total number of images := {z}\n!matrix size [1] := {x}\n!matrix size [2] := {y}\n"
        "!number format := unsigned integer\n!number of bytes per pixel := 1\n"
        "scaling factor (mm/pixel) [1] := 6\nscaling factor (mm/pixel) [2] := 6\n"
        f"slice thickness (pixels) := 1\n!number of slices := {z}\n!END OF INTERFILE :=\n",
        encoding="latin-1",
    )
    read = read_volume(header, LabelmapSpec(labels=header, organs=spec.organs))
    assert np.array_equal(read.array, thorax.codes)
    assert read.voxel_mm == pytest.approx((6.0, 6.0, 6.0))


@pytest.mark.parametrize(
    ("unit", "water", "air", "bone"),
    [("mm^-1", 0.015365, 0.0, None), ("cm^-1", 0.15365, 0.0, None), ("hu", 0.0, -1000.0, 1500.0), ("hu+1000", 1000.0, 0.0, 2500.0)],
)  # fmt: skip
def test_attenuation_of_every_unit_is_converted(unit: MuUnit, water: float, air: float, bone: float | None) -> None:
    values = np.full((6, 6, 6), air, dtype=np.float32)
    values[1:5, 1:5, 1:5] = water
    mu = to_mu_per_mm(values, unit)
    assert mu[2, 2, 2] == pytest.approx(MU_PER_MM["water"], rel=1e-4)
    assert mu[0, 0, 0] == pytest.approx(0.0, abs=1e-7)
    if bone is not None:
        values[1, 1, 1] = bone
        assert to_mu_per_mm(values, unit)[1, 1, 1] == pytest.approx(MU_PER_MM["cortical_bone"], rel=1e-4)


def test_maps_that_lie_on_different_grids_are_refused(
    spec: LabelmapSpec, thorax: LabelledThorax, tmp_path: Path
) -> None:
    values = thorax.mu_per_mm.transpose(2, 1, 0)[::-1, ::-1, :-1]
    nibabel.save(nibabel.Nifti1Image(values, np.diag([6.0, 6.0, 6.0, 1.0])), tmp_path / "short.nii")
    labels = thorax.codes.transpose(2, 1, 0)[::-1, ::-1]
    nibabel.save(nibabel.Nifti1Image(labels, np.diag([6.0, 6.0, 6.0, 1.0])), tmp_path / "labels.nii")
    short = LabelmapSpec(labels=tmp_path / "labels.nii", organs=spec.organs, attenuation=tmp_path / "short.nii")
    with pytest.raises(PhantomInvalid, match=r"\(40, 73, 73\) voxels.*\(39, 73, 73\).*on the same grid"):
        load_volume(short)


def test_a_phantom_without_a_heart_is_made_for_patients_without_infarcts_only(
    spec: LabelmapSpec, tmp_path: Path
) -> None:
    rows = spec.organs.read_text().replace("myocardium, muscle, ", "ventricle, muscle, 0.5")
    (tmp_path / "heartless.csv").write_text(rows)
    heartless = spec.model_copy(update={"organs": tmp_path / "heartless.csv"})
    with pytest.raises(PhantomInvalid, match=r"names no myocardium.*infarct_share = 0"):
        body_of(with_phantom(heartless))
    body = body_of(with_phantom(heartless, infarct_share=0.0))
    assert body.phantom.heart is None
    assert not body.phantom.segments.any()
    assert body.lesions == ()


def test_a_phantom_without_water_is_refused(spec: LabelmapSpec, tmp_path: Path) -> None:
    (tmp_path / "bone.csv").write_text(f"code, organ, tissue, uptake\n{' '.join(map(str, range(10, 40)))}, x, rib, 1\n")
    with pytest.raises(PhantomInvalid, match="no water or soft tissue: only 0%"):
        load_volume(spec.model_copy(update={"organs": tmp_path / "bone.csv"}))


def test_attenuation_of_another_energy_is_refused_with_what_its_water_would_be(thorax: LabelledThorax) -> None:
    index = np.zeros((4, 4, 4), dtype=np.int16)
    organs = (ImportedOrgan("body", "water", 1.0),)
    for factor in (0.625, 1.25, float("nan")):  # 511 keV, 80 keV, broken
        mu = np.full(index.shape, MU_PER_MM["water"] * factor, dtype=np.float32)
        with pytest.raises(PhantomInvalid, match=r"instead of 0\.1537"):
            check_water(LabelVolume(VolumeGrid((4, 4, 4), (4.0,) * 3), index, organs, mu), "it")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"labels": Path("gone.raw")}, r"gone\.raw does not exist"),
        ({"shape": (5, 5, 5)}, r"bytes; \(5, 5, 5\) voxels of uint8 take 125"),
        ({"shape": None}, "its shape and its voxel size are needed"),
        ({"dtype": "uint16"}, "voxels of uint16 take"),
        ({"format": "nifti"}, "cannot be read as NIfTI"),
        ({"format": "interfile"}, "cannot be read as Interfile"),
        ({"attenuation_unit": "cm^-1"}, r"not in cm\^-1"),
    ],
)
def test_files_that_do_not_fit_are_one_sentence(change: dict[str, object], said: str, spec: LabelmapSpec) -> None:
    with pytest.raises(PhantomInvalid, match=said):
        load_volume(spec.model_copy(update=change))


def test_a_body_that_the_field_of_view_cuts_is_refused(spec: LabelmapSpec) -> None:
    scenario = with_phantom(spec.model_copy(update={"centre": (120.0, 0.0, 0.0)}))
    with pytest.raises(PhantomInvalid, match="over the width of the field of view"):
        body_of(scenario)


def test_an_infarct_outside_the_field_or_the_wall_is_refused(spec: LabelmapSpec) -> None:
    scenario, volume = with_phantom(spec), load_volume(spec)
    grid = finer_grid(scenario.volume_grid(), 2)
    lesion = Lesion(0.0, 60.0, 0.5, 40.0, 1.0, 0.5)
    with pytest.raises(PhantomInvalid, match="only 0% of the left ventricular wall"):
        assemble_body(scenario, volume, (lesion,), (), grid, (0.0, 0.0, 190.0), uptakes={}, description={})
    away = assemble_body(scenario, volume, (), (), grid, (0.0, 0.0, 90.0), uptakes={}, description={})
    assert away.phantom.heart is None  # half a wall has no frame to be trusted
    beyond = Lesion(0.0, 60.0, 1.0, 0.5, 0.05, 0.5, border_mm=0.1)
    with pytest.raises(PhantomInvalid, match="touches no wall"):
        assemble_body(scenario, volume, (beyond,), (), grid, heart_mm(volume), uptakes={}, description={})


def test_lesions_of_other_organs_find_their_place_and_change_the_attenuation_of_the_lung(spec: LabelmapSpec) -> None:
    organ_lesions = (OrganLesionSpec(organ="lung", diameter_mm=(28.0, 28.0)), OrganLesionSpec(organ="liver"))
    scenario = with_phantom(spec).model_copy(update={"organ_lesions": organ_lesions})
    body = body_of(scenario)
    phantom = body.phantom
    assert [record["organ"] for record in body.records["lesions"]] == ["lung", "liver"]
    tumour = phantom.share_of("tumour_1") > 0.99
    assert phantom.attenuation()[tumour].mean() == pytest.approx(MU_PER_MM["soft_tissue"], rel=0.15)


def test_the_scenarios_identity_does_not_depend_on_the_folder_of_the_files(spec: LabelmapSpec, tmp_path: Path) -> None:
    elsewhere = spec.model_copy(update={"labels": tmp_path / "elsewhere" / "labels.raw"})
    assert with_phantom(spec).digest == with_phantom(elsewhere).digest
    assert with_phantom(spec).digest != with_phantom(spec.model_copy(update={"shift_mm": 1.0})).digest


def test_a_changed_file_is_read_again(spec: LabelmapSpec, thorax: LabelledThorax) -> None:
    before = load_volume(spec)
    assert load_volume(spec) is before
    np.roll(thorax.codes, 1, axis=2).tofile(spec.labels)
    assert not np.array_equal(load_volume(spec).index, before.index)
