"""The studies that `flomir bench accuracy` judges on: scenarios, seeds and numbers, fixed here, none used in training.

=============  ==============================================  ==================  ======
set            scenario                                        seed                number
=============  ==============================================  ==================  ======
test-1, 2, 3   ``perfusion-64``                                7001, 7002, 7003    20
validation     ``perfusion-64``                                7101                24
normals        ``perfusion-64`` without infarcts               7102                40
hard           one small mild infarct each                     7201                40
hard-healthy   the same patients without it                    7201                40
audit          as ``hard``, other patients                     7203                360
audit-healthy  the same patients without it                    7203                360
shifted        ``perfusion-64-shifted``, one set a site        7301                100
shifted-tuning the same                                        7302                24
shifted-monte-carlo  ``perfusion-64-gate`` (`monte_carlo`)     7401                5
=============  ==============================================  ==================  ======

OSEM is tuned for the Monte Carlo's studies on these studies themselves: each costs a quarter of a core hour, and the advantage
is OSEM's. A study depends on scenario, seed and number only, so the folder may be thrown away and made again.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from synthesis.identity import GENERATOR_VERSION
from synthesis.pipeline import Progress, generate
from synthesis.scenario import Scenario, load_scenario
from synthesis.specs.patients import LesionSpec

TEST_SEEDS = (7001, 7002, 7003)
VALIDATION_SEED, NORMALS_SEED, HARD_SEED, AUDIT_SEED = 7101, 7102, 7201, 7203
SHIFTED_SEED, SHIFTED_TUNING_SEED = 7301, 7302
MONTE_CARLO_SEED, MONTE_CARLO_CASES = 7401, 5
CASES, VALIDATION_CASES, NORMAL_CASES, HARD_CASES, SHIFTED_TUNING_CASES = 20, 24, 40, 40, 24
SHIFTED_FOLD = 5
"""Of each condition five times the studies of a test set: the contrast error of the few defects in 20 is known to a factor of two."""
AUDIT_CASES = 360
"""So that about two hundred mild defects are visible in the truth: the seven of the test sets cannot tell two methods apart, and
seventy barely."""
# small and mild, yet transmural enough for the truth to show it at 6.6 mm voxels
HARD_LESIONS = LesionSpec(
    theta_width_deg=(40.0, 75.0),
    x_width_mm=(20.0, 36.0),
    wall_fraction=(0.8, 1.0),
    severity=(0.2, 0.4),
    second_share=0.0,
)


@dataclass(frozen=True)
class SetPlan:
    """One folder of studies: what is in it."""

    name: str
    scenario: Scenario
    seed: int
    studies: int
    site: str

    def make(self, root: Path, on_study: Callable[[], None] | None = None) -> list[Path]:
        """Make what is missing below ``root/name`` and return the files in order."""
        # other studies, another folder: of another scenario, or made by another version
        folder = root / f"{self.name}-{self.seed}-{self.scenario.digest[:8]}-{GENERATOR_VERSION}"

        def heard(progress: Progress) -> None:
            if progress.latest is not None and on_study is not None:
                on_study()

        manifest = generate(self.scenario, folder, self.studies, self.seed, site=self.site, on_progress=heard)
        return [folder / record.file for record in sorted(manifest.studies, key=lambda r: r.index)][: self.studies]


@dataclass(frozen=True)
class AccuracyPlan:
    """All sets of one run; `quick` runs are too small to claim anything."""

    tests: tuple[SetPlan, ...]
    validation: SetPlan
    normals: SetPlan
    hard: SetPlan
    hard_healthy: SetPlan
    audit: SetPlan
    audit_healthy: SetPlan
    shifted: tuple[SetPlan, ...]
    shifted_tuning: tuple[SetPlan, ...]

    def all(self) -> tuple[SetPlan, ...]:
        """Return every set, each once."""
        single = (self.validation, self.normals, self.hard, self.hard_healthy, self.audit, self.audit_healthy)
        tuning = (plan for plan in self.shifted_tuning if plan not in self.shifted)
        return (*self.tests, *single, *self.shifted, *tuning)


def accuracy_plan(
    *, cases: int = CASES, sets: int = len(TEST_SEEDS), quick: bool = False, monte_carlo: bool = False
) -> AccuracyPlan:
    """Return the sets of a run; `quick` takes few studies of each, the first ones."""
    usual, shifted = load_scenario("perfusion-64"), load_scenario("perfusion-64-shifted")
    site = usual.sites[0].name

    def some(number: int, few: int) -> int:
        return min(number, few) if quick else number

    def plan(name: str, scenario: Scenario, seed: int, number: int, site: str = site) -> SetPlan:
        return SetPlan(name, scenario, seed, number, site)

    def sick(name: str, share: float, lesions: LesionSpec = usual.lesions) -> Scenario:
        sites = tuple(s.model_copy(update={"infarct_share": share}) for s in usual.sites)
        return usual.model_copy(update={"name": name, "lesions": lesions, "sites": sites})

    def mild(name: str, seed: int, number: int, *, healthy: bool = False) -> SetPlan:
        kind = "perfusion-64-hard-healthy" if healthy else "perfusion-64-hard"
        return plan(name, sick(kind, 0.0 if healthy else 1.0, HARD_LESIONS), seed, some(number, 6))

    each, shift, tuned = some(cases, 3), some(cases * SHIFTED_FOLD, 3), some(SHIFTED_TUNING_CASES, 2)
    gate = load_scenario("perfusion-64-gate")
    simulated = tuple(
        plan(f"shifted-{s.name}", gate, MONTE_CARLO_SEED, some(MONTE_CARLO_CASES, 3), s.name)
        for s in gate.sites
        if monte_carlo
    )
    return AccuracyPlan(
        tests=tuple(plan(f"test-{i + 1}", usual, seed, each) for i, seed in enumerate(TEST_SEEDS[:sets])),
        validation=plan("validation", usual, VALIDATION_SEED, some(VALIDATION_CASES, 3)),
        normals=plan("normals", sick("perfusion-64-normals", 0.0), NORMALS_SEED, some(NORMAL_CASES, 6)),
        hard=mild("hard", HARD_SEED, HARD_CASES),
        hard_healthy=mild("hard-healthy", HARD_SEED, HARD_CASES, healthy=True),
        audit=mild("audit", AUDIT_SEED, AUDIT_CASES),
        audit_healthy=mild("audit-healthy", AUDIT_SEED, AUDIT_CASES, healthy=True),
        shifted=(
            *(plan(f"shifted-{s.name}", shifted, SHIFTED_SEED, shift, s.name) for s in shifted.sites),
            *simulated,
        ),
        shifted_tuning=(
            *(plan(f"shifted-tuning-{s.name}", shifted, SHIFTED_TUNING_SEED, tuned, s.name) for s in shifted.sites),
            *simulated,
        ),
    )


def cache_folder() -> Path:
    """Return where the studies are kept between runs, by the XDG convention."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "flomir" / "accuracy"
