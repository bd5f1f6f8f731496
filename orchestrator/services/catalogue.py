"""What can be trained and how: tasks and strategies as the forms need them."""

from fl_core.strategy_spec import STRATEGIES
from model.task_spec import TASK_SPECS
from orchestrator.schemas import StrategyView, TaskView


def tasks() -> list[TaskView]:
    """Return every task with the JSON schema of its parameters."""
    return [
        TaskView(
            name=spec.name,
            title=spec.title,
            description=spec.description,
            parameters_schema=spec.parameters.model_json_schema(),
            networks=list(spec.networks),
            default_network=dict(spec.default_network),
            metrics=[dict(metric._asdict()) for metric in spec.metrics],
            primary_metric=spec.primary_metric,
        )
        for spec in TASK_SPECS.values()
    ]


def strategies() -> list[StrategyView]:
    """Return every strategy with the JSON schema of its parameters."""
    return [
        StrategyView(
            name=spec.name,
            title=spec.title,
            description=spec.description,
            parameters_schema=spec.parameters.model_json_schema(),
        )
        for spec in STRATEGIES.values()
    ]
