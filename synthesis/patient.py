"""Draw one patient, place the camera, and describe the body on the reconstruction grid: the first stage of a study."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass, replace

import numpy as np

from model.geometry import orbit_angles_rad
from synthesis.defects import coarse_maps, defect_records
from synthesis.draws import Streams
from synthesis.errors import PhantomInvalid
from synthesis.mixing import draw_texture, draw_uptakes
from synthesis.phantoms.body import Body, BodyStreams, make_body
from synthesis.phantoms.composition import LABEL_CODES
from synthesis.phantoms.shapes import Floats, block_mean
from synthesis.scenario import Scenario, SiteProfile
from synthesis.simulation.analytic import finer_grid
from synthesis.sources import source_activity, sources_of, with_infarcts
from synthesis.template import BodyRecord, FinePhantom, Labels

CONTOUR_POWER = 3.0  # a superellipse around every trunk that is drawn (2.2-2.7), still rounder than its box


@dataclass(frozen=True, eq=False)
class Patient:
    """A drawn patient: the body on the simulation grid, its record, its attenuation there, and the texture of its uptake."""

    body: Body
    record: BodyRecord
    mu_per_mm: Floats
    texture: Floats


def draw_patient(scenario: Scenario, site_name: str, *, seed: int, index: int, streams: Streams) -> Patient:
    """Draw patient number `index` of a site; PhantomInvalid if the phantom cannot be simulated."""
    site, factor = scenario.site(site_name), scenario.simulation.oversampling
    grid = finer_grid(scenario.volume_grid(), factor)
    body = make_body(scenario, site, grid, BodyStreams(streams.anatomy, streams.lesions, streams.population))
    phantom, uptakes = body.phantom, draw_uptakes(streams.uptake) | dict(body.uptakes)
    texture, mu = draw_texture(grid, streams.texture), phantom.attenuation()
    labels = phantom.labels(factor)
    aha, defect_map = _heart_maps(body, labels, factor)
    members = sources_of(phantom, uptakes, getattr(scenario.simulation, "grouping", "organs"))
    if not members:
        message = "The phantom holds no activity: no organ has both a volume and an uptake."
        raise PhantomInvalid(message)
    record = BodyRecord(
        scenario=scenario,
        site=site.name,
        seed=seed,
        index=index,
        geometry=scenario.geometry(site, orbit_radii_mm(scenario, site, body)),
        half_mm=body.half_mm,
        anatomy=dict(body.description),
        records=dict(body.records),
        uptakes=uptakes,
        fixed=tuple(body.uptakes),
        members=members,
        labels=labels,
        aha=aha,
        defect_map=defect_map,
        attenuation=block_mean(mu, factor),
        heart=phantom.heart,
        defects=defect_records(phantom, body.lesions, body.extents) if phantom.heart is not None else (),
        kinds=tuple(lesion.kind for lesion in body.lesions),
    )
    return Patient(body, record, mu, texture)


def make_phantom(scenario: Scenario, site_name: str, *, seed: int, index: int) -> FinePhantom:
    """Draw a patient and return its sources on the simulation grid: what a simulator asks for."""
    since = time.perf_counter()
    patient = draw_patient(
        scenario, site_name, seed=seed, index=index, streams=Streams.of(seed, scenario.site(site_name).name, index)
    )
    record = patient.record
    uptakes = with_infarcts(record.uptakes, tuple(lesion.severity for lesion in patient.body.lesions))
    activity = source_activity(patient.body.phantom, record.members, uptakes, patient.texture)
    record = replace(record, seconds={"phantom": time.perf_counter() - since})
    return FinePhantom(record, activity, patient.mu_per_mm)


def orbit_radii_mm(scenario: Scenario, site: SiteProfile, body: Body) -> tuple[float, ...]:
    """Return the radius of every view: clears the body, rounded up to the site's steps, never below its least."""
    orbit = scenario.orbit_of(site)
    if orbit.path == "circle":
        half = max(half + abs(centre) for half, centre in zip(body.half_mm, body.centre_mm, strict=True))
        return (_radius_mm(site, max(half, body.reach_mm)),) * orbit.views
    angles = orbit_angles_rad(orbit.views, start_deg=orbit.start_deg, arc_deg=orbit.arc_deg)
    return tuple(_radius_mm(site, max(_outline_mm(body, angle), body.reach_mm)) for angle in angles)


def _outline_mm(body: Body, angle_rad: float) -> float:
    """Return how far the trunk reaches towards a detector at `angle_rad` (0 back, 90 degrees left), from the axis."""
    (a, b), (x, y) = body.half_mm, body.centre_mm
    left, back = math.sin(angle_rad), math.cos(angle_rad)
    conjugate = CONTOUR_POWER / (CONTOUR_POWER - 1)
    reach = math.pow(math.pow(abs(a * left), conjugate) + math.pow(abs(b * back), conjugate), 1 / conjugate)
    return x * left + y * back + reach


def _radius_mm(site: SiteProfile, half_mm: float) -> float:
    needed = max(site.radius_min_mm, half_mm + site.clearance_mm)
    return math.ceil(needed / site.radius_step_mm - 1e-9) * site.radius_step_mm


def _heart_maps(body: Body, labels: Labels, factor: int) -> tuple[Labels, Labels]:
    if body.phantom.heart is None:
        return np.zeros_like(labels), np.zeros_like(labels)
    return coarse_maps(body.phantom, len(body.lesions), labels, LABEL_CODES["myocardium"], factor)
