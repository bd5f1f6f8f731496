"""How long a hospital's first import takes, whether its memory stays flat, and whether a killed daemon loses or doubles a study.

DICOM acquisitions of as many patients are written first (not counted). A real contributor reads the folder; half-way it and
everything it started is killed (SIGKILL), started again in the same home folder, and left alone until the import is done.
``memory_growth_mib`` is the larger of the two runs' growth of resident memory, of daemon and reader together, from the time
when a tenth of the run's studies was in to its end.
"""

import os
import signal
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from flomir.bench.figures import MeasureError, Outcome
from flomir.daemon_process import DaemonError, DaemonProcess
from flomir.waiting import wait_until
from model.geometry import LEHR_NM670, AcquisitionGeometry, VolumeGrid, orbit_angles_rad
from model.io.dicom.modules import AnonymousIds, save
from model.io.dicom.writer import nm_tomo_dataset
from model.io.study_records import Study

MIB = 2**20
POLL_S = 0.2
LIMIT_S = 3600.0
VIEWS, ROWS, BINS, PIXEL_MM = 60, 32, 64, 6.6
MEAN_COUNTS = 8.0

Say = Callable[[str], None]


@dataclass
class _Watched:
    """Resident memory (bytes) over the studies that are in."""

    points: list[tuple[int, int]] = field(default_factory=list)

    def growth_mib(self) -> float:
        """Return how much more is held at the end than when a tenth of this run was done."""
        if len(self.points) < 3:
            return 0.0
        first, last = self.points[0][0], self.points[-1][0]
        warm = [memory for added, memory in self.points if added <= first + max(1, (last - first) // 10)]
        late = [memory for added, memory in self.points if added >= last - max(1, (last - first) // 10)]
        return (max(late) - max(warm)) / MIB


def bench_import(studies: int, say: Say) -> Outcome:
    """Import so many acquisitions with a kill half-way.

    Raises
    ------
    MeasureError
        When the import ends otherwise than with exactly as many studies.
    """
    with tempfile.TemporaryDirectory(prefix="flomir-import-") as folder:
        source, home = Path(folder) / "camera", Path(folder) / "home"
        say(f"writing {studies} acquisitions")
        write_acquisitions(source, studies)
        first, second = _Watched(), _Watched()
        begin = time.monotonic()
        killed_at = _until_half(home, source, studies, first, say)
        half_s = time.monotonic() - begin
        with DaemonProcess("contributor", home) as daemon:
            again = time.monotonic()
            import_id = str(daemon.items("/imports")[0]["id"])
            _watch(daemon, import_id, second, until=lambda view: view["state"] != "running")
            second_s = time.monotonic() - again
            view = daemon.call("GET", f"/imports/{import_id}")
            listed = {str(one["sha256"]) for one in daemon.items("/studies")}
        files = len(list((home / "studies").iterdir()))
        if view["state"] != "done" or not len(listed) == files == view["added"] == studies:
            message = f"the import is {view['state']} with {view['added']} added, {len(listed)} listed, {files} files"
            raise MeasureError(message)
        figures = {
            "studies": float(len(listed)),
            "import_s": half_s + second_s,
            "studies_per_s": studies / (half_s + second_s),
            "memory_growth_mib": max(first.growth_mib(), second.growth_mib()),
            "memory_peak_mib": max(memory for run in (first, second) for _, memory in run.points) / MIB,
            "added_before_kill": float(killed_at),
        }
        what = f"DICOM NM, {VIEWS} views of {BINS}x{ROWS}; SIGKILL half-way, then exactly {studies} studies"
        return Outcome(figures, {"what": what})


def write_acquisitions(folder: Path, number: int) -> None:
    """Write acquisitions of different patients; each differs from the others in its counts."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    geometry = AcquisitionGeometry(
        angles_rad=orbit_angles_rad(VIEWS, start_deg=225.0, arc_deg=-180.0),
        radius_mm=(240.0,) * VIEWS,
        duration_s=(20.0,) * VIEWS,
        n_bins=BINS,
        n_axial=ROWS,
        bin_mm=PIXEL_MM,
        axial_mm=PIXEL_MM,
        collimator=LEHR_NM670,
        intrinsic_fwhm_mm=3.9,
        grid=VolumeGrid((ROWS, BINS, BINS), (PIXEL_MM,) * 3),
    )
    counts = rng.poisson(MEAN_COUNTS, (1, *geometry.projection_shape)).astype(np.float32)
    study = Study(projections=counts, geometry=geometry, provenance={"generator": "flomir.bench.intake"})
    for place in range(number):
        moved = replace(study, projections=np.roll(counts, place, axis=-1) + (place // BINS == np.arange(BINS)))
        dataset = nm_tomo_dataset(
            [replace(moved, projections=moved.projections.astype(np.float32))], ids=AnonymousIds()
        )
        dataset.PatientID = f"BENCH-{place:05d}"
        save(folder / f"scan-{place:05d}.dcm", dataset)


def _until_half(home: Path, source: Path, studies: int, seen: _Watched, say: Say) -> int:
    """Begin the import and kill everything when half of it is in; returns how many were told."""
    daemon = DaemonProcess("contributor", home)
    daemon.launch()
    try:
        daemon.wait_ready()
        import_id = str(daemon.call("POST", "/imports/folder", json_body={"path": str(source)})["id"])
        _watch(daemon, import_id, seen, until=lambda view: int(str(view["added"])) >= studies // 2)
        added = int(str(daemon.call("GET", f"/imports/{import_id}")["added"]))
        if added >= studies:
            message = "the import was over before it could be killed; take more studies"
            raise MeasureError(message)
        os.killpg(daemon.process.pid, signal.SIGKILL)
    finally:
        daemon.stop()
    say(f"killed with {added} studies in")
    return added


def _watch(
    daemon: DaemonProcess, import_id: str, seen: _Watched, *, until: Callable[[dict[str, object]], bool]
) -> None:
    def look() -> bool | None:
        view = daemon.call("GET", f"/imports/{import_id}")
        if view["state"] in {"failed", "cancelled"}:
            message = f"the import is {view['state']}: {view['title']}"
            raise DaemonError(message)
        if int(str(view["added"])) > 0 and view["state"] == "running":
            seen.points.append((int(str(view["added"])), _resident_bytes(daemon.process.pid)))
        return True if until(view) else None

    wait_until(look, timeout_s=LIMIT_S, what="the import", poll_s=POLL_S)


def _resident_bytes(pid: int) -> int:
    """Return the resident memory of a process and all it started, from /proc."""
    parents = {int(path.parent.name): _parent(path) for path in Path("/proc").glob("[0-9]*/stat")}
    family = {pid}
    while more := {child for child, parent in parents.items() if parent in family} - family:
        family |= more
    return sum(_resident(one) for one in family)


def _parent(path: Path) -> int:
    try:
        return int(path.read_text().rpartition(")")[2].split()[1])
    except (OSError, ValueError, IndexError):
        return 0


def _resident(pid: int) -> int:
    try:
        return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, ValueError, IndexError):
        return 0
