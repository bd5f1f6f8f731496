"""Makes the strategy a plan names, from the same declarations that draw its form."""

from collections.abc import Callable, Mapping

from fl_core.errors import InvalidInput
from fl_core.flower.strategies.fedavg import FedAvg
from fl_core.flower.strategies.fedprox import FedProx
from fl_core.flower.strategies.protocol import Strategy
from fl_core.protocol.messages import StrategyChoice
from fl_core.strategy_spec import FedProxParameters, StrategyParameters, strategy_parameters


def _fedprox(parameters: StrategyParameters) -> Strategy:
    if not isinstance(parameters, FedProxParameters):
        message = f"fedprox takes FedProxParameters, not {type(parameters).__name__}"
        raise InvalidInput(message)
    return FedProx(parameters.proximal_mu)


BUILDERS: Mapping[str, Callable[[StrategyParameters], Strategy]] = {
    "fedavg": lambda _: FedAvg(),
    "fedprox": _fedprox,
}
"""One builder for each name in `fl_core.strategy_spec.STRATEGIES` (a test compares them)."""


def make_strategy(choice: StrategyChoice) -> Strategy:
    """Validate the choice and build it; raises InvalidInput."""
    return BUILDERS[choice.name](strategy_parameters(choice.name, choice.parameters))


def proximal_mu(choice: StrategyChoice) -> float:
    """Return the proximal coefficient of a choice, 0 for strategies without one."""
    parameters = strategy_parameters(choice.name, choice.parameters)
    return parameters.proximal_mu if isinstance(parameters, FedProxParameters) else 0.0
