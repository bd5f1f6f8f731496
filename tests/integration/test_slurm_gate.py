"""A Monte Carlo sample as a task of a real Slurm: after a requeue only the unfinished runs are made."""

from pathlib import Path

import numpy as np
import pytest

from flomir.waiting import wait_until
from model.io.study import read_study
from synthesis.execution.request import SampleRequest
from synthesis.execution.slurm.array import run_array
from synthesis.execution.slurm.plan import arrays
from synthesis.execution.slurm.profile import load_profile
from synthesis.manifest import SampleRecord
from tests.support.gate import data_tree, needs_gate
from tests.support.scenarios import quick_scenario
from tests.support.slurm import PACKAGES, missing_programs, running_cluster

RUN_S = 600.0  # one of the five runs, on a busy machine


def block_of_tissue(folder: Path) -> dict[str, object]:
    """Write a block with a hot part, and return the scenario's sections that simulate it in two views."""
    codes = np.zeros((6, 8, 8), dtype=np.uint8)
    codes[1:5, 2:6, 2:6] = 1
    codes[2:4, 3:5, 4] = 2
    (folder / "labels.raw").write_bytes(codes.tobytes())
    (folder / "organs.csv").write_text(
        "code, organ, tissue, uptake\n1, soft_tissue, soft_tissue, 0\n2, liver, liver, 1\n"
    )
    phantom = {"kind": "labelmap", "labels": str(folder / "labels.raw"), "organs": str(folder / "organs.csv"),
               "format": "raw", "shape": codes.shape, "voxel_mm": [24.0] * 3, "centre": "body", "shift_mm": 0.0}  # fmt: skip
    return {"phantom": phantom, "orbit": {"views": 2}, "simulation": {"kind": "gate", "photons_per_view": 20_000}}


@pytest.mark.slow
@pytest.mark.timeout(1800)
@needs_gate
def test_a_requeued_monte_carlo_sample_repeats_only_the_unfinished_run(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    missing = missing_programs()
    if missing:
        pytest.skip(f"not installed: {', '.join(missing)} ({PACKAGES})")
    monkeypatch.setenv("FLOMIR_G4DATA", str(data_tree(tmp_path).folder))
    scenario = quick_scenario(block_of_tissue(tmp_path), counts=[150.0, 150.0], infarct_share=0.0)
    out, made = tmp_path / "out", list[SampleRecord]()
    wanted = [SampleRequest(scenario, "quick", 0, 5, out, "study-00000.h5")]
    views = out / "templates" / "body-00000.views"

    def run_of(kind: str) -> Path | None:
        return next(views.glob(f"*{kind}*.npz"), None) if views.is_dir() else None

    with running_cluster() as cluster:
        (job,) = run_array(wanted, profile=load_profile("local"), on_done=made.append, wait=False)
        assert arrays(out)[0].plan().tasks == 1
        first = wait_until(
            lambda: run_of("view000-source00-primary"), timeout_s=RUN_S, what="the first run", poll_s=0.1
        )
        stamps = {path: path.stat().st_mtime_ns for path in (first, run_of("calibration") or first)}
        cluster.say("scontrol", "requeue", f"{job}_0")
        wait_until(lambda: run_of("view001-source00-primary"), timeout_s=RUN_S, what="a later run", poll_s=0.02)
        assert {path: path.stat().st_mtime_ns for path in stamps} == stamps
        run_array(wanted, profile=load_profile("local"), on_done=made.append)
    assert [record.file for record in made] == ["study-00000.h5"]
    assert made[0].quality["gate_cpu_s"] > 0
    assert read_study(out / "study-00000.h5").projections.shape[1] == 2
    assert not views.exists()
    (log,) = (arrays(out)[0].path / "logs").iterdir()
    assert log.read_text().count("start study-00000.h5") == 2
