"""A real Slurm cluster of one node for tests: munged, slurmctld and slurmd with a key, ports and a folder of their own."""

import getpass
import os
import shutil
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from flomir.waiting import wait_until

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch", "squeue", "scontrol", "scancel", "sinfo")
PACKAGES = "Debian: slurm-wlm and munge, `make slurm-check` installs them"
START_S, STOP_S = 60.0, 20.0
NEWER_CGROUPS = (23, 11)  # from here on cgroup.conf must disable the plugin; before, it must not name it

CONF = """\
ClusterName=test
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort={ctld_port}
SlurmdPort={slurmd_port}
AuthType=auth/munge
AuthInfo=socket={folder}/munge/sock,cred_expire=5
CredType=cred/munge
SlurmUser={user}
SlurmdUser={user}
StateSaveLocation={folder}/state
SlurmdSpoolDir={folder}/spool
SlurmctldPidFile={folder}/slurmctld.pid
SlurmdPidFile={folder}/slurmd.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
SchedulerType=sched/builtin
SchedulerParameters=sched_interval=1,batch_sched_delay=0
ReturnToService=2
JobRequeue=1
MaxArraySize={array_size}
SlurmctldTimeout=60
SlurmdTimeout=60
InactiveLimit=0
MinJobAge=60
KillWait=2
RebootProgram=/bin/true
NodeName={host} NodeAddr=127.0.0.1 CPUs=2 RealMemory={memory_mb} State=UNKNOWN
PartitionName=main Nodes={host} Default=YES MaxTime=60 State=UP
"""


@dataclass(frozen=True)
class Cluster:
    """A running cluster; its `conf` is in the environment while it runs."""

    folder: Path
    conf: Path

    def say(self, *command: str) -> str:
        """Run one of Slurm's programs and return what it prints."""
        done = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
        assert done.returncode == 0, (command, done.stderr)
        return done.stdout

    def log(self) -> str:
        """Return the ends of the daemons' logs."""
        return "\n".join(path.read_text(errors="replace")[-2000:] for path in (self.folder / "log").glob("*.log"))


def missing_programs() -> list[str]:
    """Return what is not installed here."""
    return [name for name in PROGRAMS if shutil.which(name, path=_with_sbin()["PATH"]) is None]


def _with_sbin() -> dict[str, str]:
    return os.environ | {"PATH": os.environ.get("PATH", "") + os.pathsep + "/usr/sbin"}


@contextmanager
def running_cluster(*, array_size: int = 1001) -> Iterator[Cluster]:
    """Start the cluster, wait until its node is idle, and end what was started."""
    folder = Path(tempfile.mkdtemp(prefix="flomir-slurm-"))  # not pytest's: a socket's path is at most 107 characters
    before = os.environ.get("SLURM_CONF")
    processes: list[subprocess.Popen[bytes]] = []
    try:
        cluster = _configure(folder, array_size)
        os.environ["SLURM_CONF"] = str(cluster.conf)
        processes.append(_munged(folder))
        wait_until((folder / "munge" / "sock").exists, timeout_s=START_S, what="munged", poll_s=0.05)
        for command in (["slurmctld", "-D", "-f", str(cluster.conf)], ["slurmd", "-D", "-f", str(cluster.conf)]):
            processes.append(_daemon(command, folder))
        wait_until(lambda: _is_idle(processes, cluster), timeout_s=START_S, what="an idle node", poll_s=0.1)
        yield cluster
    finally:
        _end(processes)
        _restore("SLURM_CONF", before)
        shutil.rmtree(folder, ignore_errors=True)


def _configure(folder: Path, array_size: int) -> Cluster:
    for name in ("state", "spool", "log", "munge"):
        (folder / name).mkdir()
    (folder / "munge").chmod(0o700)
    ports = _free_ports(2)
    conf = folder / "slurm.conf"
    memory_mb = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") // 2**20 * 9 // 10
    conf.write_text(CONF.format(
        host=socket.gethostname().split(".")[0], ctld_port=ports[0], slurmd_port=ports[1], folder=folder,
        user=getpass.getuser(), array_size=array_size, memory_mb=memory_mb,
    ))  # fmt: skip
    said = subprocess.run(
        ["slurmctld", "-V"], capture_output=True, text=True, check=True, timeout=30, env=_with_sbin()
    ).stdout  # unlike sinfo it needs no configuration for that
    version = tuple(int(part) for part in said.split()[1].split(".")[:2])
    (folder / "cgroup.conf").write_text(
        "CgroupPlugin=disabled\n" if version >= NEWER_CGROUPS else "CgroupAutomount=no\n"
    )
    return Cluster(folder, conf)


def _munged(folder: Path) -> subprocess.Popen[bytes]:
    own = folder / "munge"
    (own / "key").write_bytes(os.urandom(1024))
    (own / "key").chmod(0o400)
    files = [f"--{name}={own / value}" for name, value in
             (("key-file", "key"), ("socket", "sock"), ("pid-file", "pid"), ("log-file", "log"), ("seed-file", "seed"))]  # fmt: skip
    return _daemon(["munged", "--foreground", "--force", "--num-threads=2", *files], folder)


def _daemon(command: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    with (folder / "log" / f"{command[0]}.out").open("wb") as out:
        return subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=out, env=_with_sbin())


def _is_idle(processes: Sequence[subprocess.Popen[bytes]], cluster: Cluster) -> bool:
    for process in processes:
        assert process.poll() is None, (process.args, cluster.log())
    done = subprocess.run(["sinfo", "-h", "-o", "%T"], capture_output=True, text=True, timeout=30, check=False)
    return done.stdout.strip() == "idle"


def _end(processes: Sequence[subprocess.Popen[bytes]]) -> None:
    if len(processes) == len(("munged", "slurmctld", "slurmd")):
        user = ["-u", getpass.getuser()]
        subprocess.run(["scancel", *user], capture_output=True, timeout=30, check=False)
        wait_until(lambda: not _still_queued(user), timeout_s=STOP_S, what="the jobs to end", poll_s=0.1)
    for process in reversed(processes):
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(timeout=STOP_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _still_queued(user: Sequence[str]) -> str:
    return subprocess.run(
        ["squeue", "-h", *user], capture_output=True, text=True, timeout=30, check=False
    ).stdout.strip()


def _free_ports(count: int) -> list[int]:
    sockets = [socket.socket() for _ in range(count)]
    try:
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [int(each.getsockname()[1]) for each in sockets]
    finally:
        for each in sockets:
            each.close()


def _restore(name: str, value: str | None) -> None:
    if value is None:
        os.environ.pop(name, None)
    else:
        os.environ[name] = value
