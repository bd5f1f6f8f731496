"""A running federation for tests: one orchestrator and some contributors as real daemons with tiny studies."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from flomir.daemon_process import DaemonProcess
from flomir.demo import federation as fed
from flomir.demo.settings import DemoSettings
from flomir.waiting import wait_until
from model.io.study import write_study
from tests.support.studies import tiny_study

JsonObject = dict[str, object]
Value = TypeVar("Value")


@dataclass
class Stack:
    """The daemons and what was enrolled."""

    folder: Path
    orchestrator: DaemonProcess
    sites: list[DaemonProcess]
    settings: DemoSettings
    site_ids: list[str] = field(default_factory=list)

    def offer(
        self, *, rounds: int, quorum: int | None = None, local_epochs: int = 1, deadline_s: float = 120, **extra: object
    ) -> str:
        """Send offers to every site and let every site agree; returns the session id (it starts by itself)."""
        session_id = self.offer_only(
            rounds=rounds, quorum=quorum, local_epochs=local_epochs, deadline_s=deadline_s, **extra
        )
        for site in self.sites:
            fed.agree(site, session_id)
        return session_id

    def offer_only(
        self, *, rounds: int, quorum: int | None = None, local_epochs: int = 1, deadline_s: float = 120, **extra: object
    ) -> str:
        """Send offers to every site."""
        body: JsonObject = {
            "title": "Test session", "task": fed.TASK, "task_parameters": {"local_epochs": local_epochs},
            "site_ids": self.site_ids, "strategy": {"name": "fedavg", "parameters": {}}, "rounds": rounds,
            "quorum": quorum or len(self.sites), "round_deadline_s": deadline_s, **extra,
        }  # fmt: skip
        return str(self.orchestrator.call("POST", "/sessions", json_body=body)["id"])

    def session(self, session_id: str) -> JsonObject:
        """Return the orchestrator's view of a session."""
        return self.orchestrator.call("GET", f"/sessions/{session_id}")

    def wait_state(self, session_id: str, *states: str, timeout_s: float = 180) -> JsonObject:
        """Wait until the session is in one of the states; returns its view."""

        def probe() -> JsonObject | None:
            view = self.session(session_id)
            return view if view["state"] in states else None

        return wait_until(probe, timeout_s=timeout_s, what=f"session state {' or '.join(states)}")

    def wait_round(self, session_id: str, number: int, *, timeout_s: float = 120) -> None:
        """Wait until `number` rounds are closed."""
        wait_until(
            lambda: self.closed_rounds(session_id) >= number,
            timeout_s=timeout_s,
            what=f"round {number} to close",
            poll_s=0.05,
        )

    def closed_rounds(self, session_id: str) -> int:
        """Return how many rounds are closed."""
        rounds = self.session(session_id)["rounds"]
        assert isinstance(rounds, list)
        return sum(1 for row in rounds if row["state"] == "closed")

    def stop(self) -> None:
        """End every daemon, the contributors first and all at once."""
        fed.Federation(self.orchestrator, tuple(self.sites)).stop()


@contextmanager
def running_stack(
    folder: Path, *, sites: int, studies: int = 3, orchestrator_args: Sequence[str] = ()
) -> Iterator[Stack]:
    """Start and enrol a federation with `studies` tiny studies a site; everything is ended on the way out."""
    settings = DemoSettings(contributors=sites, studies=max(studies, 3), workdir=folder)
    stack = Stack(
        folder,
        DaemonProcess("orchestrator", folder / "orchestrator", ["--name", "Test laboratory", *orchestrator_args]),
        [DaemonProcess("contributor", folder / f"contributor-{index + 1}") for index in range(sites)],
        settings,
    )
    try:
        for daemon in (stack.orchestrator, *stack.sites):
            daemon.launch()
        for daemon in (stack.orchestrator, *stack.sites):
            daemon.wait_ready()
        child_pid(stack.orchestrator, "gateway")  # the ready line comes before it where starting takes long
        stack.site_ids = fed.enrol(fed.Federation(stack.orchestrator, tuple(stack.sites)), settings)
        counts = [
            fed.add_studies(site, make_studies(folder / f"data-{index}", studies, index))
            for index, site in enumerate(stack.sites)
        ]
        fed.wait_for_summaries(stack.orchestrator, list(zip(stack.site_ids, counts, strict=True)))
        yield stack
    finally:
        stack.stop()


def make_studies(folder: Path, count: int, site: int = 0) -> Path:
    """Write tiny studies that differ by seed; returns the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(count):
        write_study(folder / f"study-{number:02d}.h5", tiny_study(seed=100 * site + number))
    return folder


def child_pid(daemon: DaemonProcess, name: str) -> int:
    """Return the process id of a supervised child by its name on the system page; waits until it is ready."""

    def probe() -> int | None:
        children = daemon.call("GET", "/system")["children"]
        assert isinstance(children, list)
        for child in children:
            if child["name"] == name and child["state"] == "ready":
                return int(child["pid"])
        return None

    return wait_until(probe, timeout_s=60, what=f"child {name} of the {daemon.role}")


def descendant_pid(parent: int, word: str) -> int:
    """Return the process id of a descendant whose command line holds `word` (Linux)."""

    def probe() -> int | None:
        return next((pid for pid in descendants(parent) if word in command_line(pid)), None)

    return wait_until(probe, timeout_s=60, what=f"a descendant process with {word!r} in its command line", poll_s=0.05)


def descendants(parent: int) -> list[int]:
    """Return all descendants of a process, nearest first."""
    children: dict[int, list[int]] = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdecimal():
            above = _parent(int(entry.name))
            if above is not None:
                children.setdefault(above, []).append(int(entry.name))
    found: list[int] = []
    queue = list(children.get(parent, []))
    while queue:
        pid = queue.pop(0)
        found.append(pid)
        queue.extend(children.get(pid, []))
    return found


def _parent(pid: int) -> int | None:
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    return int(stat.rpartition(")")[2].split()[1])


def command_line(pid: int) -> str:
    """Return a process's command line, empty when it is gone."""
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return ""


def is_alive(pid: int) -> bool:
    """Tell whether a process exists and is no zombie."""
    try:
        os.kill(pid, 0)
        return ") Z " not in Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return False


def wait_for(probe: Callable[[], Value | None], what: str, timeout_s: float = 30) -> Value:
    """Wait for a truthy value (tests' own short form)."""
    return wait_until(probe, timeout_s=timeout_s, what=what, poll_s=0.05)
