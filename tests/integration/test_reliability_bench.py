"""The bench of reliability runs real daemons, kills real processes and counts what became of the rounds."""

import pytest

from flomir.bench.reliability import QUICK, bench_reliability

pytestmark = pytest.mark.slow


@pytest.mark.timeout(900)
def test_rounds_are_counted_undisturbed_and_with_a_process_killed_in_each() -> None:
    said: list[str] = []
    figures = bench_reliability(QUICK, said.append).figures
    assert (figures["rounds_1"], figures["succeeded_1"]) == (2, 2)
    assert (figures["rounds_2"], figures["succeeded_2"]) == (2, 2)
    assert figures["disturbed_rounds"] == 2
    assert figures["disturbed_succeeded"] == 2
    assert any(line.startswith("disturbed:") for line in said)
