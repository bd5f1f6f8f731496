"""The cameras and collimators that opengate models, and which of them a scenario's geometry means.

References
----------
opengate 10.1.1, contrib/spect/ge_discovery_nm670.py and siemens_intevo.py: holes and septa of `add_collimator`, bounding
boxes of the head's volumes. Depth in the crystal: mean depth of interaction of 140.5 keV in 9.525 mm NaI, 2.97 mm
(mu 0.261 / mm).
"""

from __future__ import annotations

from dataclasses import dataclass

from model.geometry import AcquisitionGeometry, Collimator
from synthesis.errors import SimulationFailed

TOLERANCE = 0.02  # of hole and length: the analytic and the simulated collimator must be the same one
DEPTH_MM = 2.97


@dataclass(frozen=True)
class GateCamera:
    """One camera head with one collimator, as opengate builds it.

    Parameters
    ----------
    model, collimator : str
        opengate's names.
    title : str
    hole_mm, length_mm, septum_mm : float
        Hexagonal holes, flat to flat.
    face_mm, front_mm, back_mm : float
        From the centre of opengate's head towards the patient: openings of the holes, foremost part of the head (cover
        or frame), and away from the patient: its end.
    gap_mm : float
        From the end of the holes to the middle of the interactions in the crystal.
    """

    model: str
    collimator: str
    title: str
    hole_mm: float
    length_mm: float
    septum_mm: float
    face_mm: float
    front_mm: float
    back_mm: float
    gap_mm: float

    @property
    def protrusion_mm(self) -> float:
        """How far the head reaches towards the patient beyond the openings of the holes."""
        return self.front_mm - self.face_mm

    def fits(self, collimator: Collimator) -> bool:
        """Whether hole and length are those of `collimator`."""
        pairs = ((self.hole_mm, collimator.hole_mm), (self.length_mm, collimator.length_mm))
        return all(abs(mine - theirs) <= TOLERANCE * mine for mine, theirs in pairs)


_GE, _SIEMENS = 92.0875, 107.5224
CAMERAS = (
    GateCamera("nm670", "lehr", "GE NM670 LEHR", 1.50, 35.0, 0.20, 54.8, 61.1, _GE, 1.8125 + DEPTH_MM),
    GateCamera("nm670", "megp", "GE NM670 MEGP", 3.00, 58.0, 1.05, 77.8, 84.1, _GE, 1.8125 + DEPTH_MM),
    GateCamera("nm670", "hegp", "GE NM670 HEGP", 4.00, 66.0, 1.80, 85.8, 92.1, _GE, 1.8125 + DEPTH_MM),
    GateCamera("intevo", "lehr", "Siemens Intevo LEHR", 1.11, 24.05, 0.16, 90.9324, 117.0776, _SIEMENS, 0.3 + DEPTH_MM),
    GateCamera(
        "intevo", "melp", "Siemens Intevo MELP", 2.94, 40.64, 1.14, 107.5224, 117.0776, _SIEMENS, 0.3 + DEPTH_MM
    ),
    GateCamera("intevo", "he", "Siemens Intevo HE", 4.00, 59.70, 2.00, 126.5824, 126.5824, _SIEMENS, 0.3 + DEPTH_MM),
)


def camera_for(geometry: AcquisitionGeometry, wanted: str = "auto") -> GateCamera:
    """Return the camera whose collimator is that of `geometry`.

    Parameters
    ----------
    geometry : AcquisitionGeometry
    wanted : str
        ``auto``, or a name such as ``nm670/lehr``, which must then fit.

    Raises
    ------
    SimulationFailed
        If no camera, or not the one that is wanted, has this collimator.
    """
    own = geometry.collimator
    for camera in CAMERAS:
        if wanted in ("auto", name_of(camera)) and camera.fits(own):
            return camera
    message = f"GATE's {wanted} has no collimator with holes of {own.hole_mm} mm and {own.length_mm} mm length."
    if wanted == "auto":
        message = f"GATE has no camera with holes of {own.hole_mm} mm and {own.length_mm} mm length."
    known = "; ".join(f"{c.title} {c.hole_mm} / {c.length_mm}" for c in CAMERAS)
    raise SimulationFailed(message, f"Give the site one of these collimators (hole / length in mm): {known}.")


def name_of(camera: GateCamera) -> str:
    """Return the name a scenario gives the camera, such as ``nm670/lehr``."""
    return f"{camera.model}/{camera.collimator}"
