"""`flomir synthesize estimate`: core hours, disk, memory, time, and the cores that a deadline needs."""

import json
import math

import pytest
from click.testing import CliRunner, Result

from synthesis.choices import with_simulator
from synthesis.commands import synthesize
from synthesis.commands.words import bytes_in_words, seconds_in_words
from synthesis.inspection.estimate import Estimate, estimate
from synthesis.scenario import Scenario, load_scenario
from synthesis.simulation.gate.cost import core_hours_per_sample
from synthesis.specs.simulation import GateSpec, Grouping


def stored(
    scenario: Scenario, *, studies: int = 1000, cores: int = 2, days: float = 14.0, variants: int = 1
) -> Estimate:
    return estimate(scenario, studies=studies, cores=cores, days=days, variants=variants, probe=False)


def flomir(*words: str) -> Result:
    return CliRunner().invoke(synthesize, ["estimate", *words])


def test_a_thousand_samples_on_a_laptop_need_one_core() -> None:
    assert stored(load_scenario("quick")).sentence() == "1000 samples in 14 days needs 1 core"


def test_cores_days_and_core_hours_fit_together() -> None:
    gate = with_simulator(load_scenario("perfusion-64"), "gate")
    for days in (1.0, 14.0, 100.0):
        found = stored(gate, days=days)
        hours = 24 * days * found.cores_needed
        assert found.core_hours <= hours * 1.001
        assert found.core_hours > 24 * days * (found.cores_needed - 1) * 0.999
        assert found.sentence().endswith(f"needs {found.cores_needed} cores")


def test_cost_and_disk_grow_linearly_with_samples_and_time_falls_with_cores() -> None:
    scenario = load_scenario("cardiac")
    one, ten = stored(scenario, studies=100), stored(scenario, studies=1000)
    assert ten.core_hours == pytest.approx(10 * one.core_hours, rel=1e-3)
    assert ten.bytes == pytest.approx(10 * one.bytes, rel=1e-6)
    assert stored(scenario, cores=10).wall_s == pytest.approx(ten.wall_s / 5, rel=1e-3)


def test_fewer_bodies_than_cores_take_as_long_as_one_body() -> None:
    found = stored(load_scenario("cardiac"), studies=3, cores=64)
    assert found.wall_s == pytest.approx(3600 * found.core_hours / 3, rel=1e-3)


def test_a_monte_carlo_costs_what_its_rates_say_for_every_source_and_view() -> None:
    scenario = with_simulator(load_scenario("perfusion-64"), "gate")
    assert isinstance(scenario.simulation, GateSpec)
    found = stored(scenario, studies=10)
    expected = core_hours_per_sample(scenario.simulation, views=60, sources=found.sites[0].sources)
    assert found.core_hours_per_sample == pytest.approx(expected, rel=0.01)
    assert found.sites[0].template_bytes > 0


def grouped(grouping: Grouping, **site: float) -> Scenario:
    quick = with_simulator(load_scenario("quick"), "gate")
    assert isinstance(quick.simulation, GateSpec)
    spec = quick.simulation.model_copy(update={"grouping": grouping})
    sites = tuple(one.model_copy(update=site) for one in quick.sites)
    return quick.model_copy(update={"simulation": spec, "sites": sites})


def test_a_body_that_is_simulated_as_a_whole_costs_one_source() -> None:
    found = stored(load_scenario("perfusion-64-gate"), studies=1)
    assert found.sites[0].sources == 1
    assert 0.2 < found.core_hours < 0.3  # as docs/synthesis.md says
    assert found.sites[0].template_bytes == 4 * (
        32 * 64 * 64 + 3 * 60 * 32 * 64
    )  # activity; primary, scatter, variance


def test_regions_cost_myocardium_infarcts_and_all_the_rest() -> None:
    assert [stored(grouped("regions", infarct_share=share)).sites[0].sources for share in (0.0, 0.5)] == [2, 3]
    assert stored(grouped("organs")).sites[0].sources == 13


def test_a_probe_counts_the_sources_of_the_grouping() -> None:
    def sources(grouping: Grouping) -> int:
        return estimate(grouped(grouping, infarct_share=1.0), studies=1, cores=1, days=1.0).sites[0].sources

    assert (sources("whole"), sources("regions")) == (1, 3)


def test_variants_of_a_body_make_a_monte_carlo_cheaper() -> None:
    gate = with_simulator(load_scenario("quick"), "gate")
    alone, shared = stored(gate), stored(gate, variants=10)
    assert (alone.bodies, shared.bodies) == (1000, 100)
    assert shared.core_hours == pytest.approx(alone.core_hours / 10, rel=0.01)
    assert shared.sentence() != alone.sentence()


def test_a_real_sample_is_made_and_measured() -> None:
    result = flomir("quick", "--json", "--studies", "50", "--cores", "4")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["basis"] == "measured"
    site = found["sites"][0]
    assert 0.005 < site["cpu_s"] < 30
    assert 20_000 < site["file_bytes"] < 1_000_000
    assert found["bytes"] == 50 * site["file_bytes"]
    assert found["core_hours"] == pytest.approx(50 * site["cpu_s"] / 3600, rel=1e-3)
    assert 1e8 < found["memory_bytes"] < 4e9
    assert site["sources"] > 5


@pytest.mark.parametrize("name", ["quick", pytest.param("perfusion-64", marks=pytest.mark.slow)])
def test_stored_rates_are_near_enough_to_plan_by(name: str) -> None:
    scenario = load_scenario(name)
    guessed = stored(scenario, studies=10)
    measured = estimate(scenario, studies=10, cores=1, days=14.0)
    assert 1 / 4 < guessed.core_hours / measured.core_hours < 4
    assert 1 / 2 < guessed.bytes / measured.bytes < 2
    assert 1 / 2 < guessed.memory_bytes / measured.memory_bytes < 2


def test_a_phantom_that_cannot_be_made_ends_in_one_sentence() -> None:
    result = flomir("quick", "--phantom", "xcat")
    assert result.exit_code == 1
    assert len(result.stderr.strip().splitlines()) == 1
    assert "Traceback" not in result.stderr


def test_a_wrong_name_or_number_is_said() -> None:
    assert flomir("nothing", "--no-probe").exit_code == 1
    assert flomir("quick", "--days", "0").exit_code == 2
    assert flomir("quick", "--measure").exit_code == 2
    assert flomir("quick", "--no-probe", "--studies", "1", "--days", "1").stdout.endswith(
        "1 sample in 1 day needs 1 core.\n"
    )


def test_the_number_means_bodies_of_every_site_as_it_does_for_run() -> None:
    words = ("four-hospitals", "--no-probe", "--json", "--studies", "10", "--variants", "3")
    found = json.loads(flomir(*words).stdout)
    assert (found["bodies"], found["studies"]) == (40, 120)


def test_the_sentence_stands_in_the_json() -> None:
    found = json.loads(flomir("cardiac", "--no-probe", "--json").stdout)
    assert found["sentence"] == "1000 samples in 14 days needs 1 core"
    assert found["basis"] == "stored rates"


def test_times_and_sizes_are_said_as_people_say_them() -> None:
    said = [seconds_in_words(value) for value in (0.5, 45, 600, 9000, 400_000)]
    assert said == ["0.5 s", "45 s", "10 min", "2.5 h", "4.6 days"]
    assert [bytes_in_words(value) for value in (120e3, 3.4e6, 12e9, 5e12)] == ["120 kB", "3.4 MB", "12 GB", "5 TB"]
    assert math.isclose(float(bytes_in_words(1e9).split()[0]), 1.0)
