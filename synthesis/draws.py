"""Random streams of a body and of its examinations, and what an examination draws from them. Torch-free."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

import numpy as np

from synthesis.scenario import Scenario, SiteProfile
from synthesis.specs.simulation import AnalyticSpec

THIN_MM, BROAD_MM = 125.0, 180.0  # geometric mean of half width and half depth, from thin to broad
BODY_STREAMS = 10
VARIANT_BRANCH = 2**31  # keeps the streams of variants apart from those of the body
FIXED_UPTAKE_SPREAD = (0.8, 1.2)  # published randomisation of XCAT perfusion phantoms, per organ


def sample_streams(seed: int, site: str, index: int, streams: int) -> list[np.random.Generator]:
    """Return independent generators that depend on seed, site and index only, not on order or workers."""
    root = np.random.SeedSequence(entropy=seed, spawn_key=(_site_key(site), index))
    return [np.random.default_rng(child) for child in root.spawn(streams)]


def _site_key(site: str) -> int:
    return int.from_bytes(hashlib.sha256(site.encode()).digest()[:4], "big")


def monte_carlo_seed(seed: int, site: str, index: int) -> int:
    """Return the seed of a body's Monte Carlo, below 2^31, its own for every body."""
    root = np.random.SeedSequence(entropy=seed, spawn_key=(_site_key(site), index, VARIANT_BRANCH))
    return int(root.generate_state(1)[0]) >> 1


@dataclass(frozen=True)
class Streams:
    """One stream a purpose, so that what is added to one does not change the others.

    The first five decide the body and the camera in front of it, the others one examination of it; `severity` is used by variants only, whose
    infarcts keep their shape and change their uptake.
    """

    anatomy: np.random.Generator
    lesions: np.random.Generator
    texture: np.random.Generator
    population: np.random.Generator
    camera: np.random.Generator
    uptake: np.random.Generator
    severity: np.random.Generator
    protocol: np.random.Generator
    estimate: np.random.Generator
    counting: np.random.Generator
    perturbation: np.random.Generator

    @classmethod
    def of(cls, seed: int, site: str, index: int, variant: int = 0) -> Streams:
        """Return the streams of one examination; those of the body are the same in all of its examinations."""
        anatomy, lesions, uptake, texture, protocol, estimate, counting, population, perturbation, camera = (
            sample_streams(seed, site, index, BODY_STREAMS)
        )
        severity = np.random.default_rng(0)
        if variant:
            root = np.random.SeedSequence(entropy=seed, spawn_key=(_site_key(site), index, VARIANT_BRANCH, variant))
            uptake, severity, protocol, estimate, counting, perturbation = (
                np.random.default_rng(child) for child in root.spawn(6)
            )
        return cls(
            anatomy=anatomy,
            lesions=lesions,
            texture=texture,
            population=population,
            camera=camera,
            uptake=uptake,
            severity=severity,
            protocol=protocol,
            estimate=estimate,
            counting=counting,
            perturbation=perturbation,
        )


def draw_counts(site: SiteProfile, rng: np.random.Generator) -> float:
    """Draw the total counts of the photopeak window, log-uniform."""
    return float(np.exp(rng.uniform(*np.log(site.counts))))


def draw_scatter_fraction(scenario: Scenario, half_mm: tuple[float, float], rng: np.random.Generator) -> float:
    """Draw scatter / (primary + scatter), which grows with the body; after `draw_counts`, from the same stream."""
    assert isinstance(scenario.simulation, AnalyticSpec)  # noqa: S101 - narrowing; a Monte Carlo gives its own amount
    low, high = scenario.simulation.scatter_fraction
    size = (math.sqrt(half_mm[0] * half_mm[1]) - THIN_MM) / (BROAD_MM - THIN_MM)
    fraction = low + (high - low) * (size + 0.1 * float(rng.normal()))
    return float(np.clip(fraction, low, high))
