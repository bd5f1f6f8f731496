"""What a measurement adds to the expected counts: noise, an imperfect camera, a patient who moves, a wrong mu-map."""

from synthesis.perturbation.measurement import PerturbedStudy, perturb
from synthesis.perturbation.quality import refuse_noisy

__all__ = ["PerturbedStudy", "perturb", "refuse_noisy"]
