"""`flomir bench synthesis` measures what it says."""

import json

import pytest
from click.testing import CliRunner

from flomir.bench.command import bench


@pytest.mark.slow
def test_the_bench_of_synthesis_gives_every_figure_and_a_worker_stays_below_2_gb() -> None:
    answer = CliRunner().invoke(bench, ["synthesis", "--quick", "--workers", "1", "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    figures = found["figures"]
    assert set(figures) == {
        "analytic_samples_per_hour",
        "linearity",
        "core_s_per_sample",
        "worker_rss_mb",
        "template_s",
        "variants_per_hour",
        "gate_core_h_per_sample",
        "cores_for_1000_in_14_days",
    }
    assert figures["worker_rss_mb"] < 2000
    assert figures["core_s_per_sample"] < 7.2  # 1000 an hour on two cores
    assert figures["variants_per_hour"] > 3600 / figures["core_s_per_sample"]
    assert (figures["gate_core_h_per_sample"] is None) == ("not installed" in found["notes"]["gate"])
