"""Answer one long request of a hospital in a child process: compare OS-EM, a model of the own data alone, the federated one.

``python -P -m model.hospital_jobs`` speaks as `model.job_protocol` says. A comparison that gets SIGTERM keeps its last whole round
and answers ``{"interrupted": true}``; the same request goes on after it.
"""

import sys
from pathlib import Path
from typing import Literal, TextIO

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from model.errors import ModelError
from model.job_protocol import Answer, Report, parse_request, serve


class OwnResultsJob(BaseModel):
    """Compare on the own hold-out; see `model.own_results.OwnResultsRequest`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["own_results"]
    task: str
    parameters: dict[str, JsonValue]
    network: dict[str, JsonValue]
    studies: list[Path] = Field(min_length=1)
    left_out: list[Path] = Field(default_factory=list)
    earlier: list[list[Path]] = Field(default_factory=list)
    rounds: list[int] = Field(min_length=1)
    rounds_planned: int = Field(ge=1)
    initial: Path
    federated: Path
    out: Path
    threads: int = Field(default=1, ge=1, le=256, description="processor threads that torch may use")


def answer_request(raw: str, report: Report) -> Answer:
    """Parse and answer one request.

    Raises
    ------
    ModelError
        ``request.invalid`` for a request that is not ours, else what the work itself raises.
    """
    job = parse_request(OwnResultsJob.model_validate_json, raw)
    import torch

    from model.commands.train import stop_on_signals
    from model.own_results import Interrupted, OwnResultsRequest, compare_own_results

    torch.set_num_threads(job.threads)
    fields = {name: getattr(job, name) for name in type(job).model_fields if name not in ("kind", "threads")}
    with stop_on_signals() as stopped:
        try:
            return compare_own_results(
                OwnResultsRequest(**fields), lambda stage, share: report(share, stage=stage), lambda: bool(stopped)
            )
        except Interrupted:
            return {"interrupted": True}


def main(stdin: TextIO, stdout: TextIO) -> int:
    """Answer the request on ``stdin``; return the exit code."""
    return serve(answer_request, stdin, stdout, expected=(ModelError,))


if __name__ == "__main__":
    sys.exit(main(sys.stdin, sys.stdout))
