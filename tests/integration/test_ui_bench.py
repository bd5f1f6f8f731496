"""`flomir bench ui` measures what it says, on real pages of a real daemon."""

import json

import pytest
from click.testing import CliRunner

from flomir.bench.command import bench


@pytest.mark.browser
@pytest.mark.slow
def test_the_bench_of_the_pages_gives_every_figure() -> None:
    answer = CliRunner().invoke(bench, ["ui", "--quick", "--json"])
    assert answer.exit_code == 0, answer.output
    found = json.loads(answer.stdout)
    figures = found["figures"]
    assert set(figures) == {
        "event_to_dom_p50_ms",
        "event_to_dom_p99_ms",
        "event_to_dom_max_ms",
        "first_paint_s",
        "home_paint_s",
        "sites_paint_s",
        "training_paint_s",
        "laboratory_paint_s",
        "list_2000_models_paint_s",
        "scroll_frame_p95_ms",
    }
    assert 0 < figures["event_to_dom_p50_ms"] <= figures["event_to_dom_p99_ms"] <= figures["event_to_dom_max_ms"]
    assert figures["first_paint_s"] == max(figures[f"{name}_paint_s"] for name in ("home", "sites", "training")) > 0
    assert found["notes"]["database"] == "12 sites, 6 sessions, 30 models, 3 data sets, 6 trainings"
