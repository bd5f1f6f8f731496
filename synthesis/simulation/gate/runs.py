"""Carry out jobs in child processes, several at once, and keep finished ones: an interrupted simulation goes on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

from synthesis.errors import SimulationFailed
from synthesis.simulation.gate.data import G4Data
from synthesis.simulation.gate.job import GateJob
from synthesis.simulation.gate.log import refuse_bad_run
from synthesis.simulation.gate.warm_process import WarmProcess

Counts = npt.NDArray[np.float64]
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, eq=False)
class RunResult:
    """What one run, or several of the same job with other seeds, detected.

    Parameters
    ----------
    counts, squared : float64 (W, Z, U)
        Sums of the weights of detected photons, and of their squares.
    photons : int
        That started.
    cpu_s, transport_s : float
        Processor time of the whole process, and of the transport alone.
    """

    counts: Counts
    squared: Counts
    photons: int
    cpu_s: float
    transport_s: float

    @property
    def equivalent_counts(self) -> float:
        """(sum w)^2 / sum w^2 in the first window: as many unweighted counts would have the same relative noise."""
        squared = float(self.squared[0].sum())
        return float(self.counts[0].sum()) ** 2 / squared if squared > 0 else 0.0

    def plus(self, other: RunResult) -> RunResult:
        """Return both taken together."""
        return RunResult(
            self.counts + other.counts,
            self.squared + other.squared,
            self.photons + other.photons,
            self.cpu_s + other.cpu_s,
            self.transport_s + other.transport_s,
        )


@dataclass
class Runner:
    """Runs jobs with one set of Geant4 data; results stay in `folder` as NAME.npz. Close it, or use it in a `with`.

    Parameters
    ----------
    data : G4Data
    folder : Path
        Must exist. A result found there is taken, not made again: names must tell jobs apart.
    workers : int
        Processes at once.
    max_cpu_s : float
        Processor time of all runs together, finished ones included, after which no run starts.
    """

    data: G4Data
    folder: Path
    workers: int = 1
    max_cpu_s: float = float("inf")
    _spent_s: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _idle: list[WarmProcess] = field(default_factory=list)
    _busy: set[WarmProcess] = field(default_factory=set)
    _stopping: bool = False

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(self, *_error: object) -> None:
        """Close."""
        self.close()

    def close(self) -> None:
        """End the processes that wait for runs."""
        with self._lock:
            idle, self._idle = self._idle, []
        for process in idle:
            process.end()

    @property
    def spent_s(self) -> float:
        """Processor time of all runs so far, those found in the folder included."""
        return self._spent_s

    def map(self, work: Callable[[Item], Result], items: Sequence[Item]) -> list[Result]:
        """Return ``work(item)`` of all items in order, `workers` at once; the first failure ends all runs."""
        results: dict[int, Result] = {}
        with ThreadPoolExecutor(max_workers=max(1, self.workers)) as pool:
            futures = {pool.submit(work, item): i for i, item in enumerate(items)}
            try:
                for future in as_completed(futures):
                    results[futures[future]] = future.result()
            except BaseException:
                self._stop()
                pool.shutdown(wait=True, cancel_futures=True)
                raise
        return [results[i] for i in range(len(items))]

    def run(self, name: str, job: GateJob) -> RunResult:
        """Return the result of one job, from the folder if it is there.

        Raises
        ------
        SimulationFailed
            If the run fails, overlaps, counts nothing, or the processor time is used up.
        """
        path = self.folder / f"{name}.npz"
        result = _read(path)
        if result is None:
            self._refuse_overspending(name)
            result = self._made(name, job, path)
        with self._lock:
            self._spent_s += result.cpu_s
        return result

    def _made(self, name: str, job: GateJob, path: Path) -> RunResult:
        """Run the job; its result gets its final name after it was judged, and not before."""
        fresh, log = path.with_suffix(".unjudged"), path.with_suffix(".log")
        self._start(name, job, fresh, log)
        result = _read(fresh)
        if result is None:
            message = f"GATE left no result in {name}."
            raise SimulationFailed(message, f"Look into {log}.")
        if not result.counts[0].sum() > 0:
            message = f"GATE counted nothing in {name} ({result.photons} photons started)."
            raise SimulationFailed(message, "Start more photons, or check that the source lies before the camera.")
        fresh.replace(path)
        log.unlink()
        return result

    def _refuse_overspending(self, name: str) -> None:
        with self._lock:
            if self._spent_s <= self.max_cpu_s:
                return
        message = f"The simulation used up its {self.max_cpu_s / 3600:.3g} core hours before {name}."
        raise SimulationFailed(message, "Raise simulation.max_core_hours, or lower simulation.counts_per_view.")

    def _start(self, name: str, job: GateJob, result: Path, log: Path) -> None:
        document = result.with_suffix(".json")
        result.unlink(missing_ok=True)
        log.unlink(missing_ok=True)  # of a run that was ended before: a run is judged by its own words
        job.write(document)
        process = self._taken(log)
        if process is None:
            return
        try:
            status = process.run(document, result, log)
        finally:
            self._given_back(process)
        refuse_bad_run(status, log, name)
        document.unlink()

    def _taken(self, log: Path) -> WarmProcess | None:
        """Return a process that waits, or a new one; None when everything is to stop."""
        with self._lock:
            if self._stopping:
                return None
            process = self._idle.pop() if self._idle else WarmProcess(self.data, log)
            self._busy.add(process)
            return process

    def _given_back(self, process: WarmProcess) -> None:
        with self._lock:
            self._busy.discard(process)
            keep = process.is_alive and not self._stopping
            if keep:
                self._idle.append(process)
        if not keep:
            process.end()

    def _stop(self) -> None:
        with self._lock:
            self._stopping = True
            busy = list(self._busy)
        for process in busy:
            process.end()
        self.close()


def _read(path: Path) -> RunResult | None:
    if not path.is_file():
        return None
    with np.load(path) as stored:
        return RunResult(
            stored["counts"],
            stored["squared"],
            int(stored["photons"]),
            float(stored["cpu_s"]),
            float(stored["transport_s"]),
        )
