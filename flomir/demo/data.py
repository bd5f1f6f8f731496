"""The demonstration's studies: each site its own distribution, a pooled hold-out, and cases to tune OSEM on."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from flomir.demo.settings import DemoSettings
from model.io.atomic import write_atomically
from synthesis.errors import OutputUnusable
from synthesis.pipeline import Progress, generate
from synthesis.scenario import load_scenario

SCENARIO = "four-hospitals"
DEAL = "deal.json"
"""In the folder of the data: how many studies of a site have which part, so that none gets a second one later."""
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


def check_deal(settings: DemoSettings) -> None:
    """Refuse a folder whose studies were dealt otherwise: some that trained would judge what they trained.

    Raises
    ------
    OutputUnusable
    """
    folder = settings.workdir / "data"
    if not folder.exists():
        return
    try:
        known = json.loads((folder / DEAL).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        known = None
    if known != _counts(settings):
        message = "The folder holds a demonstration with other numbers of studies."
        raise OutputUnusable(message, "Name another folder with --workdir, or run it with the same numbers.")


def _counts(settings: DemoSettings) -> dict[str, int]:
    return {"train": settings.studies, "holdout": settings.holdout, "validation": settings.validation}


def make_data(settings: DemoSettings, on_progress: Callable[[float], None]) -> DemoData:
    """Synthesise all studies (existing ones of the same seed are kept).

    All bodies of one distribution come from one numbered series, dealt to the sites and roles in turn, so that no
    body occurs twice.
    """
    scenario = load_scenario(SCENARIO)
    counts = _counts(settings)
    (settings.workdir / "data").mkdir(parents=True, exist_ok=True)
    write_atomically(settings.workdir / "data" / DEAL, json.dumps(counts))
    each = sum(counts.values())
    used = [settings.profile(index) for index in range(settings.contributors)]
    planned = each * settings.contributors
    pool = settings.workdir / "data" / "all"
    made = 0
    for profile in dict.fromkeys(used):
        start = made

        def step(progress: Progress, start: int = start) -> None:
            on_progress((start + progress.done) / planned)

        studies = each * used.count(profile)
        generate(scenario, pool / profile, studies, settings.seed, site=profile, on_progress=step)
        made += studies
    folders: dict[str, list[Path]] = {role: [] for role in _ROLES}
    for index, profile in enumerate(used):
        series = study_files(pool / profile)[each * used[:index].count(profile) :]
        for role in _ROLES:
            folder = settings.workdir / "data" / f"site-{index + 1}" / role
            series = _deal(series, counts[role], folder)
            folders[role].append(folder)
    return DemoData(tuple(folders["train"]), tuple(folders["holdout"]), tuple(folders["validation"]))


def _deal(series: list[Path], count: int, folder: Path) -> list[Path]:
    """Link the next `count` files into a folder (nothing is stored twice); returns the rest of the series."""
    folder.mkdir(parents=True, exist_ok=True)
    for path in series[:count]:
        link = folder / path.name
        if not link.exists():
            link.hardlink_to(path)
    return series[count:]
