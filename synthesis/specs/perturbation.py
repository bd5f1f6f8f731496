"""What an imperfect camera and an imperfect examination do to a study."""

from __future__ import annotations

from synthesis.specs.fields import Spec


class PerturbationSpec(Spec):
    """Faults of the measurement and of the attenuation map; the default is none."""
