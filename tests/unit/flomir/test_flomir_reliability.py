"""Promises about how rounds are counted and what may be said of them."""

import pytest

from flomir.bench.reliability import Tally, wilson_lower


@pytest.mark.parametrize(
    ("successes", "trials", "above_90"),
    [(34, 34, False), (35, 35, True), (52, 53, True), (51, 52, False), (0, 0, False)],
)
def test_at_least_90_percent_may_be_said_of_35_rounds_without_or_53_with_one_failure(
    successes: int, trials: int, above_90: bool
) -> None:
    assert (wilson_lower(successes, trials) >= 0.9) is above_90


def test_the_lower_end_lies_below_the_share_and_within_0_and_1() -> None:
    assert all(0 <= wilson_lower(done, 20) <= done / 20 for done in range(21))
    assert wilson_lower(5, 10) == pytest.approx(0.2366, abs=1e-4)


def test_a_round_counts_as_complete_only_with_every_sites_update() -> None:
    tally = Tally()
    tally.add([{"updates": [1, 2]}, {"updates": [1]}, None], sites=2)
    assert (tally.begun, tally.from_quorum, tally.from_all) == (3, 2, 1)
