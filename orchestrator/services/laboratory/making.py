"""Making data sets: from the form to a scenario, what it will cost, and the job that makes it."""

import shutil
from functools import cache
from pathlib import Path

from fl_core.errors import InvalidInput
from fl_core.protocol.messages import Json
from orchestrator.laboratory_schemas import EstimateView, ScenarioAsked, ScenarioList, SynthesisCreate
from orchestrator.services.laboratory.sets import JOBS, Sets
from orchestrator.services.laboratory.work import LEAST_FREE_BYTES, RunLongJob, processors
from synthesis.errors import ScenarioInvalid
from synthesis.form import ORGANS, LesionChoice, ScenarioChoices, build, presets

ESTIMATE_S = 300.0
_OF_PYDANTIC = ": Value error, "


class Making:
    """Turns what is asked for into scenarios, estimates and jobs."""

    def __init__(self, *, sets: Sets, run: RunLongJob, folder: Path) -> None:
        self._sets = sets
        self._run = run
        self._folder = folder

    def estimate(self, asked: ScenarioAsked) -> EstimateView:
        """Make one study of each site to measure what the set will cost (seconds).

        Raises
        ------
        InvalidInput
            Choices that do not go together, in the scenario's own words.
        """
        request: Json = {
            "kind": "estimate",
            "scenario": scenario_of(asked),
            "studies": asked.studies,
            "variants": asked.variants,
            "cores": processors(),
        }
        found = self._run(JOBS, request, timeout_s=ESTIMATE_S)
        free = shutil.disk_usage(self._folder).free
        size = int(str(found["bytes"]))
        return EstimateView.model_validate(
            {
                **{key: found[key] for key in ("studies", "wall_s", "bytes", "memory_bytes", "cores")},
                "measured": found["basis"] == "measured",
                "free_bytes": free,
                "fits": size + LEAST_FREE_BYTES <= free,
            }
        )

    def create(self, wanted: SynthesisCreate) -> str:
        """Queue the making of a data set; returns the id of the job."""
        return self._sets.make(wanted, scenario_of(wanted))


@cache
def scenarios() -> ScenarioList:
    """Return the built-in scenarios and the schemas of the form."""
    return ScenarioList(
        items=list(presets()),
        choices_schema=ScenarioChoices.model_json_schema(),
        lesion_schema=LesionChoice.model_json_schema(),
        organs=list(ORGANS),
    )


def scenario_of(asked: ScenarioAsked) -> Json:
    """Return the whole scenario as JSON values; raises InvalidInput naming what does not go together."""
    try:
        return build(asked.preset, asked.choices, asked.lesions).model_dump(mode="json")
    except ScenarioInvalid as error:
        _, found, reason = error.message.partition(_OF_PYDANTIC)
        raise InvalidInput(reason.removesuffix(" (1 in all).") if found else error.message) from error
