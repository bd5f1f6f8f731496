"""The errors synthesis raises, each with a code that never changes its meaning, a sentence and a remedy."""

import copy
from typing import Self


class SynthesisError(Exception):
    """An expected failure while making synthetic data.

    Parameters
    ----------
    code : str
        Dotted and stable, e.g. ``synthesis.scenario_invalid``.
    message : str
        One sentence for a person.
    remedy : str, optional
        What to do next, as a sentence.
    """

    def __init__(self, code: str, message: str, remedy: str = "") -> None:
        super().__init__(code, message, remedy)
        self.code = code
        self.message = message
        self.remedy = remedy

    def with_message(self, message: str) -> Self:
        """Return this error with another sentence."""
        other = copy.copy(self)
        other.message = message
        return other

    def __str__(self) -> str:
        return f"{self.message} {self.remedy}".strip()

    def __reduce__(self) -> tuple[object, ...]:
        """Travel whole between processes, although the subclasses take other arguments than they pass on."""
        return _rebuild, (type(self), self.args), self.__dict__


def _rebuild(kind: type[SynthesisError], args: tuple[object, ...]) -> SynthesisError:
    return kind.__new__(kind, *args)


class ScenarioInvalid(SynthesisError):  # noqa: N818 (named for what happened)
    """A scenario file that cannot be read, or says something impossible."""

    def __init__(self, message: str, remedy: str = "Correct the scenario file and run again.") -> None:
        super().__init__("synthesis.scenario_invalid", message, remedy)


class PhantomInvalid(SynthesisError):  # noqa: N818 (named for what happened)
    """A phantom that cannot be simulated: wrong units, no activity, larger than the field of view."""

    def __init__(self, message: str, remedy: str = "Check the phantom's files and units.") -> None:
        super().__init__("synthesis.phantom_invalid", message, remedy)


class OutputUnusable(SynthesisError):  # noqa: N818 (named for what happened)
    """The output folder holds something else, or cannot be written."""

    def __init__(self, message: str, remedy: str = "Choose another folder with --out.") -> None:
        super().__init__("synthesis.output_unusable", message, remedy)


class SimulationFailed(SynthesisError):  # noqa: N818 (named for what happened)
    """A sample could not be simulated."""

    def __init__(self, message: str, remedy: str = "Report the scenario, the seed and the sample's number.") -> None:
        super().__init__("synthesis.simulation_failed", message, remedy)


class Interrupted(SynthesisError):  # noqa: N818 (named for what happened)
    """Somebody pressed Ctrl-C: nothing failed, and the same command goes on."""


class GenerationInterrupted(Interrupted):
    """Somebody pressed Ctrl-C: the finished studies are kept, the manifest says that it is incomplete."""

    def __init__(self, done: int, planned: int) -> None:
        super().__init__(
            "synthesis.interrupted",
            f"Stopped: {done} of {planned} studies are finished and kept.",
            "Run the same command again to make the rest.",
        )
        self.done = done
        self.planned = planned


class TemplateUnusable(SynthesisError):  # noqa: N818 (named for what happened)
    """A phantom or template file that is half-written, damaged or something else."""

    def __init__(self, message: str, remedy: str = "Make the file again.") -> None:
        super().__init__("synthesis.template_unusable", message, remedy)
