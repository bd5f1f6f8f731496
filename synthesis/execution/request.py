"""What a pool or a cluster is asked for. Torch-free, so that the asking process stays light."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from synthesis.scenario import Scenario


@dataclass(frozen=True)
class SampleRequest:
    """Which body to examine, and where its studies go.

    Parameters
    ----------
    scenario, site, index, seed
        What decides the body.
    folder : Path
        The output folder.
    file : str
        Study of the body's first examination (variant 0), relative to `folder`; others get ``-v01`` ... before ``.h5``.
    variants : tuple of int
        Examinations to make; each gives one file and one record.
    workers : int
        Processes that a Monte Carlo of this body may use at once.
    """

    scenario: Scenario
    site: str
    index: int
    seed: int
    folder: Path
    file: str
    variants: tuple[int, ...] = (0,)
    workers: int = 1

    def file_of(self, variant: int) -> str:
        """Return the study file of `variant`, relative to the folder."""
        return variant_file(self.file, variant)


def variant_file(file: str, variant: int) -> str:
    """Return ``study-00000-v01.h5`` for variant 1 of ``study-00000.h5``; variant 0 is the name itself."""
    return file if variant == 0 else f"{file.removesuffix('.h5')}-v{variant:02d}.h5"
