"""A body that cannot be made holds up no other on this machine's pool."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from synthesis.errors import ScenarioInvalid
from synthesis.execution.local import run_samples
from synthesis.execution.request import SampleRequest
from synthesis.manifest import SampleRecord, read_manifest
from synthesis.pipeline import Runner, generate
from synthesis.scenario import load_scenario

QUICK = load_scenario("quick")


def failing(*indices: int) -> Runner:
    """Return the pool for which these bodies cannot be made: their site is not in the scenario."""

    def run(requests: list[SampleRequest], on_done: Callable[[SampleRecord], None]) -> None:
        asked = [replace(r, site="nowhere") if r.index in indices else r for r in requests]
        run_samples(asked, workers=1, on_done=on_done)

    return run


def test_the_others_are_made_and_the_sentence_names_those_that_are_not(tmp_path: Path) -> None:
    with pytest.raises(ScenarioInvalid) as caught:
        generate(QUICK, tmp_path, 4, 5, runner=failing(0, 2))
    assert str(caught.value) == (
        "2 bodies could not be made: 0, 2. The first: Scenario quick has no site nowhere. Choose one of: quick."
    )
    manifest = read_manifest(tmp_path)
    assert manifest is not None
    assert not manifest.complete
    assert [record.index for record in manifest.studies] == [1, 3]


def test_a_single_one_is_told_as_it_is_however_few_are_left(tmp_path: Path) -> None:
    with pytest.raises(ScenarioInvalid, match=r"^Scenario quick has no site nowhere"):
        generate(QUICK, tmp_path, 1, 5, runner=failing(0))
    assert generate(QUICK, tmp_path, 1, 5, runner=failing()).complete
