"""A small Monte Carlo of Compton scattering in an elliptic water cylinder, to check the simulator's scatter against.

Independent of what it checks: photons are followed scattering by scattering, with Klein-Nishina angles, photo-electric
absorption and attenuation at the energy they have; at each scattering the share that flies to the camera through the
water is scored (forced detection). The camera is perfect but for its energy resolution.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
EMISSION_KEV, ELECTRON_KEV = 140.5, 510.999
ELECTRONS_PER_MM3 = 3.3428e20  # water
RADIUS_SQUARED_MM2 = (2.8179403e-12) ** 2  # classical electron radius
ORDERS = 5


@dataclass(frozen=True, eq=False)
class Scored:
    """Photons that reach the camera: where they came from last, their energy, weight and number of scatterings."""

    place_mm: Array  # (N, 3)
    energy_kev: Array
    weight: Array
    order: int


@dataclass(frozen=True)
class Water:
    """Half axes of the cylinder in x and y, and its half length, in mm."""

    x_mm: float = 165.0
    y_mm: float = 115.0
    z_mm: float = 200.0

    def way_out(self, place: Array, direction: Array) -> Array:
        """Return the distance from places inside to the surface, along directions, (N,)."""
        scale = np.array([self.x_mm, self.y_mm])
        a = ((direction[:, :2] / scale) ** 2).sum(axis=1)
        b = (place[:, :2] * direction[:, :2] / scale**2).sum(axis=1)
        c = ((place[:, :2] / scale) ** 2).sum(axis=1) - 1
        side = (-b + np.sqrt(np.maximum(b * b - a * c, 0))) / np.maximum(a, 1e-12)
        along = np.maximum(np.abs(direction[:, 2]), 1e-12)
        end = (self.z_mm - place[:, 2] * np.sign(direction[:, 2])) / along
        way: Array = np.maximum(np.minimum(side, end), 0)
        return way


def klein_nishina(energy_kev: Array, cosine: Array) -> Array:
    """Return d sigma / d Omega in mm^2 per electron."""
    part = 1 / (1 + energy_kev / ELECTRON_KEV * (1 - cosine))
    section: Array = 0.5 * RADIUS_SQUARED_MM2 * part**2 * (part + 1 / part - 1 + cosine**2)
    return section


_ENERGIES = np.linspace(30.0, 141.0, 112)
_COSINES = np.linspace(-1, 1, 2001)
_SECTIONS = 2 * np.pi * np.trapezoid(klein_nishina(_ENERGIES[:, None], _COSINES[None, :]), _COSINES, axis=1)


def compton_section(energy_kev: Array) -> Array:
    """Return the total Klein-Nishina cross section in mm^2 per electron."""
    return np.interp(energy_kev, _ENERGIES, _SECTIONS)


def absorption_per_mm(energy_kev: Array) -> Array:
    """Return the photo-electric absorption of water: 9.0e-4 cm^-1 at 140.5 keV (xraylib), falling with the energy."""
    return 9.0e-5 * (140.5 / energy_kev) ** 3.1


def detect(water: Water, place: Array, directions: Array, rng: np.random.Generator) -> list[list[Scored]]:
    """Follow photons emitted at `place` (N, 3); return for each camera direction (D, 3) what it scores, order by order."""
    count = len(place)
    cosine = rng.uniform(-1, 1, count)
    flight = _around(np.tile([0.0, 0.0, 1.0], (count, 1)), cosine, rng)
    energy, weight = np.full(count, EMISSION_KEV), np.ones(count)
    scored = [[_seen(water, place, energy, weight / (4 * np.pi), d, 0)] for d in directions]
    for order in range(1, ORDERS + 1):
        compton = compton_section(energy) * ELECTRONS_PER_MM3
        total = compton + absorption_per_mm(energy)
        meets = -np.expm1(-total * water.way_out(place, flight))
        place = place + flight * (-np.log1p(-rng.uniform(size=count) * meets) / total)[:, None]
        weight = weight * meets * compton / total
        for camera, direction in zip(scored, directions, strict=True):
            turn = flight @ direction
            share = klein_nishina(energy, turn) / compton_section(energy)
            camera.append(_seen(water, place, _energy_after(energy, turn), weight * share, direction, order))
        cosine = _scattering_cosine(energy, rng)
        energy, flight = _energy_after(energy, cosine), _around(flight, cosine, rng)
    return scored


def _seen(water: Water, place: Array, energy: Array, weight: Array, direction: Array, order: int) -> Scored:
    way = water.way_out(place, np.broadcast_to(direction, place.shape))
    mu = compton_section(energy) * ELECTRONS_PER_MM3 + absorption_per_mm(energy)
    return Scored(place, energy, weight * np.exp(-mu * way), order)


def _energy_after(energy: Array, cosine: Array) -> Array:
    after: Array = energy / (1 + energy / ELECTRON_KEV * (1 - cosine))
    return after


def _scattering_cosine(energy: Array, rng: np.random.Generator) -> Array:
    cosine = np.empty(energy.size)
    waiting = np.arange(energy.size)
    while waiting.size:
        tried = rng.uniform(-1, 1, waiting.size)
        taken = rng.uniform(size=waiting.size) * RADIUS_SQUARED_MM2 < klein_nishina(energy[waiting], tried)
        cosine[waiting[taken]] = tried[taken]
        waiting = waiting[~taken]
    return cosine


def _around(axis: Array, cosine: Array, rng: np.random.Generator) -> Array:
    """Return directions at the given angles from `axis` (N, 3), turned round it at random."""
    helper = np.where(np.abs(axis[:, 2:]) < 0.9, [[0.0, 0.0, 1.0]], [[1.0, 0.0, 0.0]])
    first = np.cross(helper, axis)
    first /= np.linalg.norm(first, axis=1)[:, None]
    second = np.cross(axis, first)
    turn, sine = rng.uniform(0, 2 * np.pi, len(axis)), np.sqrt(1 - cosine**2)
    around = (sine * np.cos(turn))[:, None] * first + (sine * np.sin(turn))[:, None] * second
    directions: Array = cosine[:, None] * axis + around
    return directions


def in_window(energy_kev: Array, lower_kev: float, upper_kev: float) -> Array:
    """Return the share that a crystal of 9.8 % FWHM at 140.5 keV places in a window."""
    sigma = 0.098 * np.sqrt(EMISSION_KEV * energy_kev) / 2.3548
    upper, lower = ((limit - energy_kev) / sigma / math.sqrt(2) for limit in (upper_kev, lower_kev))
    share: Array = 0.5 * (_erf(upper) - _erf(lower))
    return share


def _erf(x: Array) -> Array:
    """Abramowitz & Stegun 7.1.26, to 1.5e-7."""
    t = 1 / (1 + 0.3275911 * np.abs(x))
    poly = t * (0.254829592 + t * (-0.284496736 + t * (1.421413741 + t * (-1.453152027 + t * 1.061405429))))
    value: Array = np.sign(x) * (1 - poly * np.exp(-x * x))
    return value
