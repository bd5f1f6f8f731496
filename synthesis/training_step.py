"""Train one step, really, in a child process: the shipped network on one synthetic study of clinical size.

``python -P -m synthesis.training_step`` speaks as `model.job_protocol` says. A hospital learns from it whether its computer
can take part, and how long a round will take, before any scan of its own is there.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field

from model.errors import ModelError
from model.job_protocol import Answer, Report, serve
from synthesis.errors import SynthesisError

TASK = "spect-reconstruction"


class StepJob(BaseModel):
    """Which study, and how many processor threads."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    scenario: str = "perfusion-64"
    threads: int = Field(default=1, ge=1, le=256)
    seed: int = Field(default=1, ge=0)


def one_step(job: StepJob, report: Report) -> Answer:
    """Return what the second step took (the first one loads what the others find warm).

    ``seconds``, ``loss``, ``peak_bytes`` (of this process), ``update_bytes`` (what a site would send after a round).
    """
    import torch

    from model.checkpoint import load_shipped
    from model.machine import peak_memory_bytes
    from model.shipped import DEFAULT
    from model.tasks import load_task
    from synthesis.pipeline import generate
    from synthesis.scenario import load_scenario

    torch.set_num_threads(job.threads)
    with tempfile.TemporaryDirectory(prefix="flomir-step-") as folder:
        generate(load_scenario(job.scenario), Path(folder), 1, job.seed, workers=1)
        report(0.4, news=True)
        task = load_task(TASK)
        samples = task.load_samples(sorted(Path(folder).rglob("*.h5")))
        network, _card = load_shipped(DEFAULT)
        parameters = task.spec.parameters.model_validate({"local_epochs": 1, "batch_size": 1})
        task.train(network, samples, parameters, seed=job.seed)
        report(0.7, news=True)
        begin = time.monotonic()
        outcome = task.train(network, samples, parameters, seed=job.seed)
        seconds = time.monotonic() - begin
    state = network.state_dict()
    return {
        "seconds": seconds,
        "loss": float(outcome.mean_loss),
        "peak_bytes": peak_memory_bytes(),
        "update_bytes": sum(state[key].numel() * state[key].element_size() for key in task.spec.shared_keys(state)),
    }


def main() -> int:
    """Answer the request on stdin."""
    answers, sys.stdout = os.fdopen(os.dup(sys.stdout.fileno()), "w"), sys.stderr
    return serve(
        lambda text, report: one_step(StepJob.model_validate_json(text), report),
        sys.stdin,
        answers,
        expected=(ModelError, SynthesisError),
    )


if __name__ == "__main__":
    sys.exit(main())
