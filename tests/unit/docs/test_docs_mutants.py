"""The list of deliberate faults fits the code: each still applies, and its tests exist."""

from pathlib import Path

import pytest

from tests.mutants.run import Mutant, load

ROOT = Path(__file__).resolve().parents[3]
NEEDED = {
    "broken-adjoint", "dropped-proximal-term", "skipped-consent-check", "widened-gateway-path", "axis-flip",
    "unsigned-offer-accepted", "audit-row-rewritten",
}  # fmt: skip


@pytest.mark.parametrize("mutant", load(), ids=lambda mutant: mutant.name)
def test_a_fault_applies_exactly_once_and_names_real_tests(mutant: Mutant) -> None:
    assert (ROOT / mutant.file).read_text(encoding="utf-8").count(mutant.find) == 1
    for test in mutant.tests:
        assert (ROOT / test.partition("::")[0]).is_file()


def test_the_faults_that_must_never_pass_are_listed() -> None:
    assert {mutant.name for mutant in load()} >= NEEDED
