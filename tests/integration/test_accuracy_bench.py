"""The accuracy bench from nothing to figures: studies are made, OSEM is tuned, a method is judged."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from flomir.bench import accuracy_osem
from flomir.bench.accuracy import accuracy
from flomir.bench.accuracy_data import AccuracyPlan, SetPlan, accuracy_plan
from flomir.bench.accuracy_goals import goals
from model.classical.osem import Volume
from model.io.study import Study
from synthesis.scenario import load_scenario


def truth(study: Study) -> Volume:
    """Reconstruct perfectly."""
    assert study.reference is not None
    return np.asarray(study.reference)


def small_plan() -> AccuracyPlan:
    """Return the bench's own sets, small and on the quick grid."""
    quick = load_scenario("quick")

    def small(plan: SetPlan) -> SetPlan:
        sites = tuple(
            s.model_copy(update={"infarct_share": plan.scenario.sites[0].infarct_share}) for s in quick.sites[:1]
        )
        scenario = quick.model_copy(update={"lesions": plan.scenario.lesions, "sites": sites})
        return replace(plan, scenario=scenario, site=sites[0].name)

    plan = accuracy_plan(quick=True, sets=1)
    return AccuracyPlan(
        tests=tuple(small(p) for p in plan.tests),
        validation=small(plan.validation),
        normals=small(plan.normals),
        hard=small(plan.hard),
        hard_healthy=small(plan.hard_healthy),
        audit=small(plan.audit),
        audit_healthy=small(plan.audit_healthy),
        shifted=tuple(small(p) for p in plan.shifted[:1]),
        shifted_tuning=tuple(small(p) for p in plan.shifted_tuning[:1]),
    )


@pytest.mark.slow
def test_the_truth_meets_every_goal_and_a_second_run_reuses_osem(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(accuracy_osem, "GRID", ((2, 6), (0.0, 8.0)))
    heard: list[str] = []
    judged = accuracy(
        truth, root=tmp_path, plan=small_plan(), workers=1, on_stage=lambda name, share: heard.append(name)
    )
    values = {name: e.value for name, e in judged.figures.items()}
    assert values["nrmse_body_ratio"] == values["polar_rms"] == values["false_defects_per_normal"] == 0
    assert values["ssim_heart_gain"] > 0
    assert values["nrmse_body_osem"] > 0.05
    assert all(goal.met for goal in goals(judged.figures))
    assert any(name.startswith("shifted_") for name in values)
    kept = {path.name for path in tmp_path.glob("osem-*.json")}
    again = accuracy(truth, root=tmp_path, plan=small_plan(), workers=1)
    assert {path.name for path in tmp_path.glob("osem-*.json")} == kept
    assert again.flat() == judged.flat()
