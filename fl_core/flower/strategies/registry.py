"""Makes the strategy a plan names, from the same declarations that draw its form."""

from collections.abc import Callable, Mapping

from fl_core.flower.strategies.fedavg import FedAvg
from fl_core.flower.strategies.protocol import Strategy
from fl_core.protocol.messages import StrategyChoice
from fl_core.strategy_spec import FedProxParameters, strategy_parameters

BUILDERS: Mapping[str, Callable[[], Strategy]] = {"fedavg": FedAvg, "fedprox": FedAvg}
"""One builder for each name in `fl_core.strategy_spec.STRATEGIES` (a test compares them). FedProx combines as FedAvg
does; what it adds is in every site's loss (`fl_core.flower.proximal`)."""


def make_strategy(choice: StrategyChoice) -> Strategy:
    """Validate the choice and build it; raises InvalidInput."""
    strategy_parameters(choice.name, choice.parameters)
    return BUILDERS[choice.name]()


def proximal_mu(choice: StrategyChoice) -> float:
    """Return the proximal coefficient of a choice, 0 for strategies without one."""
    parameters = strategy_parameters(choice.name, choice.parameters)
    return parameters.proximal_mu if isinstance(parameters, FedProxParameters) else 0.0
