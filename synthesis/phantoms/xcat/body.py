# ruff: noqa: EM101 (the codes of the errors are literals on purpose)
"""The user's XCAT program as a back end: draw a patient, run modes 0 and 1, and turn what it writes into a body."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path

from model.geometry import VolumeGrid
from synthesis.defects import Lesion, draw_lesions
from synthesis.errors import PhantomInvalid, ScenarioInvalid
from synthesis.organ_lesions import plan_lesions
from synthesis.phantoms.body import Body, BodyStreams
from synthesis.phantoms.files import file_hashes
from synthesis.phantoms.imported.assemble import (
    BODY_MU,
    LabelVolume,
    assemble_body,
    check_water,
    heart_mm,
    middle_mm,
)
from synthesis.phantoms.imported.organ_table import OrganTable, read_organ_table
from synthesis.phantoms.shapes import Floats
from synthesis.phantoms.xcat.driver import Installation, Run, find_installation, private_folder, run_xcat
from synthesis.phantoms.xcat.errors import XcatFailed
from synthesis.phantoms.xcat.keys import Value
from synthesis.phantoms.xcat.organs import ORGANS, to_index, to_mask
from synthesis.phantoms.xcat.output import Order, arranged, heart_angles, read_flat, read_log, settle_order
from synthesis.phantoms.xcat.parameters import parameter_text
from synthesis.phantoms.xcat.patient import XcatPatient, base_values, draw_patient, lesion_values, phantom_values
from synthesis.scenario import Scenario, SiteProfile
from synthesis.specs.phantom import XcatSpec

MM_PER_CM = 10.0


def make_body(scenario: Scenario, site: SiteProfile, grid: VolumeGrid, streams: BodyStreams) -> Body:
    """Make one patient of `site` on `grid` with the user's XCAT; the same streams give the same patient.

    Raises
    ------
    XcatFailed
        The program is missing, fails, or writes what cannot be used.
    PhantomInvalid
        A volume whose water is wrong, that has no heart, or that does not fill the field of view.
    """
    spec = scenario.phantom
    if not isinstance(spec, XcatSpec):
        message = f"The phantom is of kind {spec.kind}, not xcat."
        raise ScenarioInvalid(message)
    patient = draw_patient(spec, site, streams.population)
    lesions = draw_lesions(scenario.lesions, site, streams.lesions)
    absent = frozenset() if patient.female and spec.breasts else frozenset({"breast"})
    planned = plan_lesions(scenario.organ_lesions, streams.population, absent=absent)
    files = file_hashes(spec)  # before the program runs, as they are read then too
    volume, log, text = make_volume(spec, patient, lesions)
    middle, heart = middle_mm(volume), heart_mm(volume)
    centre = (
        middle[0] - patient.shift_mm[0],
        middle[1] - patient.shift_mm[1],
        heart[2] - patient.shift_mm[2],
    )
    _check_height(volume.grid, grid, centre[2])
    return assemble_body(
        scenario,
        volume,
        lesions,
        planned,
        grid,
        centre,
        uptakes=_uptakes(volume, patient),
        description={
            "phantom": "xcat",
            **patient.to_dict(),
            "heart_angles_deg": heart_angles(log),
            "parameters_sha256": hashlib.sha256(text.encode()).hexdigest(),
            **({"files": files} if files else {}),
        },
    )


def make_volume(
    spec: XcatSpec, patient: XcatPatient, lesions: tuple[Lesion, ...]
) -> tuple[LabelVolume, dict[str, list[float]], str]:
    """Run mode 0 and, for every infarct, mode 1; return the checked volume, the log's numbers and the parameter file of mode 0."""
    installation, plus = find_installation(spec), base_values(spec)[1]
    values = phantom_values(spec, patient)
    table = None if spec.organ_table is None else read_organ_table(spec.organ_table)
    shape = (spec.slices, spec.array_size, spec.array_size)
    grid = VolumeGrid(shape, (spec.thickness_mm, spec.pixel_mm, spec.pixel_mm))
    with private_folder(spec, installation) as folder:
        run = _run(installation, folder, values, plus, "phantom", spec)
        log = read_log(run.log)
        _check_log(log, spec)
        flat = _per_mm(read_flat(run.attenuation, shape, "attenuation file"), spec)
        order = settle_order(flat, shape, spec.array_order)
        volume = _labelled(table, run, flat, grid, order)
        check_water(volume, "XCAT's attenuation file")
        if not volume.has_heart():
            message = "XCAT's volume holds no left ventricular wall."
            raise PhantomInvalid(message, "Let bottom_mm and height_mm take in the heart.")
        masks = []
        for number, lesion in enumerate(lesions, start=1):
            name = f"lesion-{number}"
            alone = _run(installation, folder, lesion_values(values, lesion), plus, name, spec)
            written = arranged(read_flat(alone.activity, shape, "infarct file"), shape, order)
            masks.append(to_mask(written, "XCAT's infarct file"))
            alone.activity.unlink()
    return (
        LabelVolume(grid, volume.index, volume.organs, volume.mu_per_mm, tuple(masks)),
        log,
        parameter_text(values, plus),
    )


def _run(
    installation: Installation,
    folder: Path,
    values: Mapping[str, Value],
    plus: Mapping[str, Value],
    name: str,
    spec: XcatSpec,
) -> Run:
    voxels = spec.slices * spec.array_size**2
    return run_xcat(installation, folder, values, plus=plus, name=name, voxels=voxels, timeout_s=spec.timeout_s)


def _check_log(log: Mapping[str, list[float]], spec: XcatSpec) -> None:
    """Refuse files of which the log says another size than was asked for."""
    wanted = {"array_size": spec.array_size, "pixel_width": spec.pixel_mm / MM_PER_CM}
    for name, asked in wanted.items():
        said = log.get(name, [asked])[0]
        if abs(said - asked) > 1e-3 * asked:
            message = f"XCAT's log says {name} {said:g}; asked for was {asked:g}."
            raise XcatFailed("output_size", message, "Check that the program reads the parameter file it is given.")


def _per_mm(written: Floats, spec: XcatSpec) -> Floats:
    """XCAT writes the attenuation of one pixel's width."""
    return written / (spec.pixel_mm if spec.attenuation_unit == "per_pixel" else MM_PER_CM)


def _labelled(table: OrganTable | None, run: Run, flat: Floats, grid: VolumeGrid, order: Order) -> LabelVolume:
    shape = grid.shape
    mu, written = arranged(flat, shape, order), arranged(read_flat(run.activity, shape, "activity file"), shape, order)
    if table is None:
        return LabelVolume(grid, to_index(written, mu > BODY_MU, "XCAT's activity file"), ORGANS, mu)
    return LabelVolume(grid, table.index(written, "XCAT's activity file"), table.organs, mu)


def _uptakes(volume: LabelVolume, patient: XcatPatient) -> dict[str, float]:
    """Return the drawn uptakes of XCAT's organs; those of an organ table of the user's stand as they are."""
    published = patient.uptakes()
    named = {organ.key: organ.uptake for organ in volume.organs if organ.uptake is not None}
    drawn = {organ.key: published[organ.key] for organ in volume.organs if organ.key in published}
    return drawn if volume.organs == ORGANS else named


def _check_height(source: VolumeGrid, grid: VolumeGrid, centre_mm: float) -> None:
    """Refuse a volume that ends inside the field of view: the body would end there."""
    reach, half = source.shape[0] * source.voxel_mm[0] / 2, grid.shape[0] * grid.voxel_mm[0] / 2
    missing = half + abs(centre_mm) - reach
    if missing > source.voxel_mm[0]:
        message = f"XCAT's volume ends {missing:.0f} mm inside the field of view of {2 * half:.0f} mm around the heart."
        raise PhantomInvalid(message, "Lower bottom_mm or raise height_mm in [phantom].")
