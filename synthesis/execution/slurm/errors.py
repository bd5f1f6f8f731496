"""What can go wrong between this program and a Slurm cluster."""

from __future__ import annotations

from collections.abc import Sequence

from synthesis.errors import Interrupted, SynthesisError


def how_to_follow(folder: str, job_ids: Sequence[str]) -> str:
    """Return how to look at an array that nobody waits for, and how to end it; without a full stop."""
    ending = f", end it with `scancel {' '.join(job_ids)}`" if job_ids else ""
    return f"See how far it is with `flomir synthesize status {folder}`{ending}"


class ProfileInvalid(SynthesisError):  # noqa: N818 (named for what happened)
    """A cluster profile that cannot be read or says something impossible."""

    def __init__(self, message: str, remedy: str = "Correct the profile and run again.") -> None:
        super().__init__("synthesis.profile_invalid", message, remedy)


class SlurmMissing(SynthesisError):  # noqa: N818 (named for what happened)
    """A Slurm program that is not on this machine, or that cannot reach its cluster."""

    def __init__(
        self, message: str, remedy: str = "Run this on a login node of the cluster, or use --executor local."
    ) -> None:
        super().__init__("synthesis.slurm_missing", message, remedy)


class SubmissionRejected(SynthesisError):  # noqa: N818 (named for what happened)
    """Slurm said no, or will never start what it accepted."""

    def __init__(self, message: str, remedy: str = "Correct the cluster profile and run again.") -> None:
        super().__init__("synthesis.submission_rejected", message, remedy)


class PlanInvalid(SynthesisError):  # noqa: N818 (named for what happened)
    """A plan file of an array that cannot be used by this version."""

    def __init__(self, message: str, remedy: str = "Run `flomir synthesize run` again to submit a new array.") -> None:
        super().__init__("synthesis.plan_invalid", message, remedy)


class ArrayFailed(SynthesisError):  # noqa: N818 (named for what happened)
    """The array ended and some studies are missing."""

    def __init__(self, message: str, remedy: str) -> None:
        super().__init__("synthesis.array_failed", message, remedy)


class ArrayLeftRunning(Interrupted):
    """Somebody pressed Ctrl-C while waiting: the array itself goes on."""

    def __init__(self, done: int, planned: int, job_ids: tuple[str, ...], folder: str) -> None:
        jobs = " ".join(job_ids)
        super().__init__(
            "synthesis.array_left_running",
            f"Stopped waiting: {done} of {planned} studies are finished, the array {jobs} goes on.",
            f"{how_to_follow(folder, job_ids)}; the same command waits again.",
        )
        self.done = done
        self.planned = planned
        self.job_ids = job_ids
