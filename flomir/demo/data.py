"""The demonstration's studies: each site its own distribution, a pooled hold-out, and cases to tune OSEM on."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from synthesis.pipeline import generate

from flomir.demo.settings import DemoSettings
from synthesis.scenario import load_scenario

SCENARIO = "four-hospitals"
_ROLES = ("train", "holdout", "validation")


@dataclass(frozen=True, slots=True)
class DemoData:
    """Folders per site, and the pooled evaluation files."""

    train: tuple[Path, ...]
    holdout: tuple[Path, ...]
    validation: tuple[Path, ...]

    def holdout_files(self) -> list[Path]:
        """Return every pooled hold-out study, site after site."""
        return [path for folder in self.holdout for path in study_files(folder)]

    def validation_files(self) -> list[Path]:
        """Return the studies on which OSEM's settings are chosen."""
        return [path for folder in self.validation for path in study_files(folder)]


def study_files(folder: Path) -> list[Path]:
    """Return the study files of a folder in a fixed order."""
    return sorted(folder.glob("*.h5"))


def make_data(settings: DemoSettings, on_progress: Callable[[float], None]) -> DemoData:
    """Synthesise all studies (existing ones of the same seed are kept).

    Every (site, role) pair has a seed of its own, so that no body occurs in two roles.
    """
    scenario = load_scenario(SCENARIO)
    counts = {"train": settings.studies, "holdout": settings.holdout, "validation": settings.validation}
    total = settings.contributors * sum(counts.values())
    done = 0
    folders: dict[str, list[Path]] = {role: [] for role in _ROLES}
    for index in range(settings.contributors):
        for number, role in enumerate(_ROLES):
            folder = settings.workdir / "data" / f"site-{index + 1}" / role
            seed = settings.seed * 1_000_003 + index * 101 + number * 10_007
            start = done

            def step(made: int, _of: int, start: int = start) -> None:
                on_progress((start + made) / total)

            generate(scenario, folder, studies=counts[role], seed=seed, site=settings.profile(index), on_progress=step)
            folders[role].append(folder)
            done += counts[role]
    return DemoData(tuple(folders["train"]), tuple(folders["holdout"]), tuple(folders["validation"]))
