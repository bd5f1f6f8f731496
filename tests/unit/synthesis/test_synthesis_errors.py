import pickle

import pytest

from synthesis.errors import GenerationInterrupted, PhantomInvalid, SimulationFailed, SynthesisError


@pytest.mark.parametrize(
    "error", [PhantomInvalid("One.", "Two."), SimulationFailed("One."), SynthesisError("synthesis.x", "One.", "Two.")]
)
def test_an_error_of_a_worker_arrives_whole_in_the_asking_process(error: SynthesisError) -> None:
    arrived = pickle.loads(pickle.dumps(error))  # noqa: S301 - what this test itself pickled
    assert type(arrived) is type(error)
    assert (str(arrived), arrived.code, arrived.args) == (str(error), error.code, error.args)


def test_an_interruption_keeps_its_numbers_on_the_way() -> None:
    arrived = pickle.loads(pickle.dumps(GenerationInterrupted(2, 5)))  # noqa: S301 - what this test itself pickled
    assert (arrived.done, arrived.planned) == (2, 5)
