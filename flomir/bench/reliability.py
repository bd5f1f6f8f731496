"""How many rounds succeed: with 1, 2, 3, 4 and 8 sites undisturbed, and with a process killed in every round.

Real daemons on this machine, a tiny training each. An undisturbed round succeeds when it was combined from the update of every
selected, consenting site; a disturbed one when it was combined from at least the quorum (`disturbed_complete` counts those
that got every update in spite of the kill). `*_lower` is the lower end of Wilson's 95 % interval: 35 rounds without a
failure, or 53 with one, are the fewest that allow to say "at least 90 %".
"""

import math
import os
import random
import signal
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from flomir.bench.figures import MeasureError, Outcome
from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.demo.data import make_data
from flomir.demo.settings import DemoSettings
from flomir.waiting import wait_until

SIZES = (1, 2, 3, 4, 8)
ROUNDS = 53
DISTURBED_SITES = 4
DEADLINE_S = 180
QUIET_S = 400.0
"""Longest time without a closed round: the deadline, and what a killed process may take to come back."""
SITE_VICTIMS = ("relay", "supernode", "agent", "runner")
LABORATORY_VICTIMS = ("gateway", "superlink", "agent")
Say = Callable[[str], None]
JsonObject = dict[str, object]


@dataclass(frozen=True, slots=True)
class Plan:
    """What is run; `sizes` are numbers of sites."""

    sizes: tuple[int, ...] = SIZES
    rounds: int = ROUNDS
    disturbed: int = ROUNDS
    disturbed_sites: int = DISTURBED_SITES
    seed: int = 0


QUICK = Plan(sizes=(1, 2), rounds=2, disturbed=2, disturbed_sites=2)


@dataclass(slots=True)
class Tally:
    """Rounds that were begun, and how they ended."""

    begun: int = 0
    from_quorum: int = 0
    from_all: int = 0

    def add(self, records: Sequence[JsonObject | None], *, sites: int) -> None:
        """Count rounds; None is one that was not combined."""
        for record in records:
            self.begun += 1
            if record is not None:
                updates = record["updates"]
                self.from_quorum += 1
                self.from_all += isinstance(updates, list) and len(updates) == sites


def wilson_lower(successes: int, trials: int, z: float = 1.959964) -> float:
    """Return the lower end of Wilson's 95 % interval of a share (J. Am. Stat. Assoc. 22 (1927) 209)."""
    if trials == 0:
        return 0.0
    share, square = successes / trials, z * z
    centre = share + square / (2 * trials)
    half = z * math.sqrt(share * (1 - share) / trials + square / (4 * trials * trials))
    return max(0.0, (centre - half) / (1 + square / trials))


def bench_reliability(plan: Plan, say: Say) -> Outcome:
    """Run the sessions one after the other on one federation; raises MeasureError when one comes to a standstill."""
    most = max((*plan.sizes, plan.disturbed_sites))
    figures: dict[str, float | None] = {}
    with tempfile.TemporaryDirectory(prefix="flomir-bench-") as folder, _federation(most, Path(folder), say) as running:
        federation, site_ids = running
        for size in plan.sizes:
            tally = _undisturbed(federation, site_ids[:size], plan.rounds)
            say(f"{size} sites: {tally.from_all} of {tally.begun} rounds combined from every site")
            figures |= {
                f"rounds_{size}": tally.begun,
                f"succeeded_{size}": tally.from_all,
                f"lower_{size}": wilson_lower(tally.from_all, tally.begun),
            }
        if plan.disturbed:
            tally, killed = _disturbed(federation, site_ids[: plan.disturbed_sites], plan)
            say(f"disturbed: {tally.from_quorum} of {tally.begun} rounds combined, {tally.from_all} from every site")
            figures |= {
                "disturbed_rounds": tally.begun,
                "disturbed_succeeded": tally.from_quorum,
                "disturbed_complete": tally.from_all,
                "disturbed_lower": wilson_lower(tally.from_quorum, tally.begun),
            }
        else:
            killed = {}
    return Outcome(
        figures,
        {
            "undisturbed": "combined from every selected, consenting site",
            "disturbed": f"{plan.disturbed_sites} sites, quorum one less; one process is killed in every round",
            "killed": ", ".join(f"{name} {count}" for name, count in sorted(killed.items())) or "nothing",
        },
    )


@contextmanager
def _federation(sites: int, folder: Path, say: Say) -> Iterator[tuple[fed.Federation, list[str]]]:
    settings = DemoSettings(contributors=sites, rounds=1, studies=3, holdout=2, validation=1, workdir=folder)
    data = make_data(settings, lambda _fraction: None)
    federation = fed.launch(settings)
    try:
        for daemon in (federation.orchestrator, *federation.sites):
            daemon.wait_ready()
        site_ids = fed.enrol(federation, settings)
        for site, train in zip(federation.sites, data.train, strict=True):
            fed.add_studies(site, train)
        say(f"{sites} sites are connected")
        yield federation, site_ids
    finally:
        federation.stop()


def _undisturbed(federation: fed.Federation, site_ids: Sequence[str], rounds: int) -> Tally:
    tally = Tally()
    while tally.begun < rounds:
        session_id = _begin(federation, site_ids, rounds - tally.begun, quorum=len(site_ids))
        view = _followed(federation.orchestrator, session_id, lambda _view: None)
        tally.add(_records(view), sites=len(site_ids))
    return tally


def _disturbed(federation: fed.Federation, site_ids: Sequence[str], plan: Plan) -> tuple[Tally, dict[str, int]]:
    """Kill one process in every round of sessions until enough rounds had one; rounds without a kill do not count."""
    tally, killer = Tally(), _Killer(federation, len(site_ids), plan.seed)
    while tally.begun < plan.disturbed:
        killer.struck.clear()
        wanted = plan.disturbed - tally.begun
        session_id = _begin(federation, site_ids, wanted, local_epochs=6)
        view = _followed(federation.orchestrator, session_id, killer.strike)
        records = _records(view)
        tally.add(
            [records[number - 1] for number in sorted(killer.struck) if number <= len(records)], sites=len(site_ids)
        )
        if not killer.struck:
            message = "no round lasted long enough for a process to be killed in it"
            raise MeasureError(message)
    return tally, killer.killed


class _Killer:
    """Kills a process, drawn anew, once in each round while a site trains."""

    def __init__(self, federation: fed.Federation, sites: int, seed: int) -> None:
        self._federation, self._sites = federation, sites
        self._random = random.Random(seed)  # noqa: S311 - which process is killed is no secret
        self.struck: set[int] = set()
        self.killed: dict[str, int] = {}

    def strike(self, view: JsonObject) -> None:
        """Kill once in the round that runs now; does nothing when the process is not there at the moment."""
        number = _training_round(view)
        if number is None or number in self.struck:
            return
        index = self._random.randrange(self._sites + 1)  # the last one is the laboratory
        daemon = (*self._federation.sites[: self._sites], self._federation.orchestrator)[index]
        name = self._random.choice(LABORATORY_VICTIMS if index == self._sites else SITE_VICTIMS)
        pid = _pid(daemon, name)
        if pid is not None:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                self.struck.add(number)
                word = f"{'laboratory' if index == self._sites else 'site'} {name}"
                self.killed[word] = self.killed.get(word, 0) + 1


def _training_round(view: JsonObject) -> int | None:
    """Return the round in which a site trains now."""
    rows = view["participations"]
    assert isinstance(rows, list)  # noqa: S101 - narrowing
    numbers = [row["progress"]["round"] for row in rows if row["progress"] and row["progress"]["phase"] == "training"]
    return max(numbers, default=None)


def _pid(daemon: DaemonProcess, name: str) -> int | None:
    """Return the id of a child of a daemon, or of the runner below its agent; None while it is not there."""
    children = daemon.call("GET", "/system")["children"]
    assert isinstance(children, list)  # noqa: S101 - narrowing
    pids = {child["name"]: child["pid"] for child in children if child["state"] == "ready"}
    if name != "runner":
        return pids.get(name)
    below = Path(f"/proc/{pids.get('agent')}/task").glob("*/children")
    return next((int(word) for file in below for word in file.read_text().split()), None)


def _begin(
    federation: fed.Federation,
    site_ids: Sequence[str],
    rounds: int,
    *,
    quorum: int | None = None,
    local_epochs: int = 1,
) -> str:
    sites, home = len(site_ids), federation.orchestrator.home.parent
    settings = DemoSettings(rounds=rounds, local_epochs=local_epochs, workdir=home)
    session_id = fed.offer_session(
        federation.orchestrator, settings, site_ids, f"Reliability with {sites}", quorum=quorum, deadline_s=DEADLINE_S
    )
    for site in federation.sites[:sites]:
        fed.agree(site, session_id)
    return session_id


def _followed(orchestrator: DaemonProcess, session_id: str, on_view: Callable[[JsonObject], None]) -> JsonObject:
    """Watch a session to its end; raises MeasureError when no round closes for long."""
    closed, since = 0, time.monotonic()

    def ended() -> JsonObject | None:
        nonlocal closed, since
        view = orchestrator.call("GET", f"/sessions/{session_id}")
        on_view(view)
        now_closed = sum(record is not None for record in _records(view))
        if now_closed > closed:
            closed, since = now_closed, time.monotonic()
        if view["state"] in fed.ENDED | {"paused"}:
            return view
        if time.monotonic() - since > QUIET_S:
            message = f"no round of a session with {len(_records(view))} begun was closed for {QUIET_S:g} s"
            raise MeasureError(message)
        return None

    view = wait_until(ended, timeout_s=fed.SESSION_TIMEOUT_S, what="the end of the session", poll_s=0.1)
    if not _records(view):
        message = f"a session ended before its first round: {view['reason_text']}"
        raise MeasureError(message)
    if view["state"] == "paused":
        orchestrator.call("POST", f"/sessions/{session_id}/stop")
    return view


def _records(view: JsonObject) -> list[JsonObject | None]:
    rows = view["rounds"]
    return [row["record"] for row in rows] if isinstance(rows, list) else []
