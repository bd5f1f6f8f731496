"""One site without Flower: brain slices, a grants file and a worker, in this process."""

import threading
from pathlib import Path
from typing import Any

import pytest

from fl_core.errors import FlomirError
from fl_core.flower.client_app import SiteWorker
from fl_core.flower.consent_check import GrantsFile
from fl_core.flower.exchange import RoundRequest
from fl_core.flower.records import pack
from fl_core.protocol.bundle import bundle_sha256
from fl_core.protocol.messages import SitePhase
from fl_core.protocol.plan import RunnerEvent
from model.io.weights import load_arrays
from tests.support.flower import PARAMETERS, SESSION, initial_model, make_grant, write_grants
from tests.support.tasks import write_brain_slice


class Hospital:
    """One site in this process: slices, grants, a worker and its events."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self.grants = folder / "grants.json"
        self.studies = [write_brain_slice(folder / f"{n}.npz", seed=n, patient=f"p{n}") for n in range(6)]
        self.weights = load_arrays(initial_model(folder / "initial.safetensors"))
        self.events: list[RunnerEvent] = []
        self.worker = SiteWorker(grants=GrantsFile(self.grants), report=self.events.append)

    def agree(self, **changes: Any) -> None:
        write_grants(self.grants, make_grant(self.studies, **changes))

    def request(self, **changes: Any) -> RoundRequest:
        values: dict[str, Any] = {
            "session_id": SESSION,
            "round": 1,
            "rounds": 2,
            "proximal_mu": 0.0,
            "deadline_s": 60.0,
            "packed": pack(self.weights),
        }
        return RoundRequest(**{**values, **changes})

    def answer(self, **changes: Any) -> Any:
        return self.worker.answer(self.request(**changes), bundle_sha256())

    def phases(self) -> list[SitePhase]:
        return [event.phase for event in self.events]

    def refused(self, code: str, **changes: Any) -> None:
        with pytest.raises(FlomirError) as caught:
            self.answer(**changes)
        assert caught.value.code == code
        assert SitePhase.SENT not in self.phases()


def long_training() -> dict[str, object]:
    return {**PARAMETERS, "local_epochs": 50, "batch_size": 1}


def in_background(hospital: Hospital, **changes: Any) -> tuple[threading.Thread, list[Any]]:
    results: list[Any] = []

    def work() -> None:
        try:
            results.append(hospital.answer(**changes))
        except FlomirError as error:
            results.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    return thread, results
