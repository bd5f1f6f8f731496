"""What is known of one body between the stages: after the phantom, and after the simulation. Torch-free.

phantom (`FinePhantom`) -> simulation (`Template`) -> mixture (a study). Projections are linear in activity: a template
gives any uptake, severity, count level and noise without another simulation. `synthesis.template_file` keeps both on disk.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt

from model.geometry import AcquisitionGeometry
from model.io.study import Defect, HeartFrame, Truth
from synthesis.phantoms.shapes import Floats
from synthesis.scenario import Scenario
from synthesis.simulation import SourceProjections

Labels = npt.NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class BodyRecord:
    """One body without its fine volumes.

    Parameters
    ----------
    scenario : Scenario
    site : str
    seed, index : int
    geometry : AcquisitionGeometry
        Of the acquisition, on the reconstruction grid.
    half_mm : (float, float)
        Half width and half depth of the trunk.
    anatomy, records : mapping
        What was drawn, as JSON values, for the provenance; `records` are further keys of it.
    uptakes : mapping of str to float
        Of every organ in the first examination, healthy myocardium 1.
    fixed : tuple of str
        Organs whose uptake the phantom's back end prescribes.
    members : mapping of str to tuple of str
        Source -> organs, as `synthesis.sources.sources_of` gives them.
    labels, aha, defect_map : uint8 (Z, Y, X)
    attenuation : float32 (Z, Y, X), mm^-1
    heart : HeartFrame, optional
        None for a phantom without a heart, whose studies carry no truth.
    defects : tuple of Defect
        With the severities of the first examination.
    kinds : tuple of str
        ``infarct`` or ``ischaemia``, of each defect.
    seconds : mapping of str to float
        Wall time a stage; not kept on file, so that the same body gives the same bytes.
    """

    scenario: Scenario
    site: str
    seed: int
    index: int
    geometry: AcquisitionGeometry
    half_mm: tuple[float, float]
    anatomy: Mapping[str, Any]
    records: Mapping[str, Any]
    uptakes: Mapping[str, float]
    fixed: tuple[str, ...]
    members: Mapping[str, tuple[str, ...]]
    labels: Labels
    aha: Labels
    defect_map: Labels
    attenuation: Floats
    heart: HeartFrame | None
    defects: tuple[Defect, ...]
    kinds: tuple[str, ...] = ()
    seconds: Mapping[str, float] = field(default_factory=dict)

    def truth(self, defects: tuple[Defect, ...]) -> Truth | None:
        """Return the truth with these defects, None without a heart."""
        return None if self.heart is None else Truth(self.heart, self.aha, defects, self.defect_map)


@dataclass(frozen=True, eq=False)
class FinePhantom:
    """A body on the simulation grid, ready to be simulated.

    Parameters
    ----------
    body : BodyRecord
    activity : float32 (K, Z, Y, X)
        Of every source of ``body.members`` at weight 1, in their order, per voxel of the simulation grid.
    mu_per_mm : float32 (Z, Y, X)
    """

    body: BodyRecord
    activity: Floats
    mu_per_mm: Floats


@dataclass(frozen=True, eq=False)
class Template:
    """What one body is after simulation.

    Parameters
    ----------
    body : BodyRecord
    activity : float32 (K, Z, Y, X)
        Of every source at weight 1: means of the simulation grid's voxels over those of the reconstruction grid.
    projections : SourceProjections
        Of the same sources in the same order.
    """

    body: BodyRecord
    activity: Floats
    projections: SourceProjections
