"""What the values of a reconstructed image mean. Torch-free."""

from typing import Literal

Unit = Literal["counts", "Bq/mL"]
COUNTS: Unit = "counts"
"""Expected detected counts per voxel without attenuation over the whole acquisition."""
BQ_PER_ML: Unit = "Bq/mL"
