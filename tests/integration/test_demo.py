"""`flomir demo` as a person runs it: it ends by itself, leaves one JSON object, and the federated model is better."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.stack import descendants, is_alive, wait_for

pytestmark = pytest.mark.slow
KEYS = {
    "rounds_planned", "rounds_completed", "sites", "wall_s", "round_overhead_s", "metrics", "vs_each_single", "report",
}  # fmt: skip
INTERRUPTED = 130
METRICS = {"nrmse_body", "nrmse_heart", "ssim_heart", "defect_contrast"}


def _demo(*arguments: str) -> list[str]:
    return [sys.executable, "-P", "-m", "flomir", "demo", *arguments]


@pytest.mark.timeout(900)
def test_the_federated_model_beats_osem_and_every_single_site(tmp_path: Path) -> None:
    done = subprocess.run(
        _demo("--headless", "--json", "--workdir", str(tmp_path / "run")),
        capture_output=True, text=True, check=False, timeout=880,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    result = json.loads(done.stdout)
    assert set(result) == KEYS
    assert result["rounds_completed"] == result["rounds_planned"] == 16
    metrics = result["metrics"]
    assert len(metrics["single_sites"]) == len(result["vs_each_single"]) == result["sites"] == 4
    for row in (metrics["federated"], metrics["central"], metrics["osem"], *metrics["single_sites"]):
        assert set(row) == METRICS
    federated = metrics["federated"]["nrmse_body"]
    assert federated < metrics["osem"]["nrmse_body"]
    assert federated < min(row["nrmse_body"] for row in metrics["single_sites"])
    for pair in result["vs_each_single"]:
        low, high = pair["ci95"]
        assert low <= pair["ratio"] <= high < 1
    page = Path(result["report"]).read_text(encoding="utf-8")
    assert "Federated against each single site" in page
    assert page.count("data:image/png") == 9


@pytest.mark.timeout(240)
@pytest.mark.parametrize(("wish", "status"), [(signal.SIGTERM, INTERRUPTED), (signal.SIGKILL, -signal.SIGKILL)])
def test_a_demo_that_is_ended_leaves_no_process(tmp_path: Path, wish: signal.Signals, status: int) -> None:
    demo = subprocess.Popen(
        _demo("--headless", "--workdir", str(tmp_path / "run")), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        wait_for(lambda: len(descendants(demo.pid)) >= 8, "the daemons to start", timeout_s=60)
        pids = descendants(demo.pid)
        demo.send_signal(wish)
        assert demo.wait(60) == status
        wait_for(lambda: not any(is_alive(pid) for pid in pids), "every process to end", timeout_s=60)
    finally:
        if demo.poll() is None:
            os.kill(demo.pid, signal.SIGKILL)
            demo.wait()
