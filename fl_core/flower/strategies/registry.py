"""Makes the strategy a plan names, from the same declarations that draw its form."""

from collections.abc import Callable, Mapping

from fl_core.flower.strategies.fedavg import FedAvg
from fl_core.flower.strategies.fedavgm import FedAvgM
from fl_core.flower.strategies.protocol import Strategy
from fl_core.protocol.messages import StrategyChoice
from fl_core.strategy_spec import FedAvgMParameters, FedProxParameters, StrategyParameters, strategy_parameters


def _fedavg(parameters: StrategyParameters) -> Strategy:
    return FedAvg()


def _fedavgm(parameters: StrategyParameters) -> Strategy:
    assert isinstance(parameters, FedAvgMParameters)  # noqa: S101 - narrowing: the declaration of "fedavgm" names them
    return FedAvgM(parameters.server_momentum)


BUILDERS: Mapping[str, Callable[[StrategyParameters], Strategy]] = {
    "fedavg": _fedavg,
    "fedavgm": _fedavgm,
    "fedprox": _fedavg,
}
"""One builder for each name in `fl_core.strategy_spec.STRATEGIES` (a test compares them). FedProx combines as FedAvg
does; what it adds is in every site's loss (`fl_core.flower.proximal`)."""


def make_strategy(choice: StrategyChoice) -> Strategy:
    """Validate the choice and build it; raises InvalidInput."""
    parameters = strategy_parameters(choice.name, choice.parameters)
    return BUILDERS[choice.name](parameters)


def proximal_mu(choice: StrategyChoice) -> float:
    """Return the proximal coefficient of a choice, 0 for strategies without one."""
    parameters = strategy_parameters(choice.name, choice.parameters)
    return parameters.proximal_mu if isinstance(parameters, FedProxParameters) else 0.0
