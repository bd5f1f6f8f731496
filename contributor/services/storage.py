"""The folder with studies, images and imports: where it is, how full it is; and deleting everything of patients."""

import contextlib
import json
import shutil
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from contributor.paths import SitePaths
from contributor.schemas_intake import Removed, StorageChange, StorageView
from contributor.services.data_folder import claim
from fl_core.acting import acted_by
from fl_core.desk import Desk
from fl_core.errors import Conflict, InvalidInput, StorageFailed
from fl_core.storage import site_patients
from fl_core.storage.site_imports import ImportStore
from fl_core.storage.site_studies import StudyStore
from fl_core.trust.files import write_private

PRIVATE_FOLDER, PRIVATE_FILE = 0o700, 0o600
LOW_SHARE = 0.9
"""Of the quota; above it the page warns."""
LOW_RESERVES = 3
"""So many times the reserve left free on the disk counts as little."""


class Storage:
    """Knows and changes the place; says whether there is room.

    Parameters
    ----------
    reserve_bytes : what imports leave free on the disk
    is_busy : whether something is being written there now
    permissions_changed : called before anything is deleted, so that running sessions lose the studies first
    data_changed : called after a change of what the site has
    """

    def __init__(
        self,
        desk: Desk,
        *,
        paths: SitePaths,
        reserve_bytes: int,
        is_busy: Callable[[], bool],
        permissions_changed: Callable[[], None],
        data_changed: Callable[[], None],
        free_bytes: Callable[[Path], int] = lambda path: shutil.disk_usage(path).free,
    ) -> None:
        self._paths = paths
        self._desk = desk
        self._reserve_bytes = reserve_bytes
        self._is_busy = is_busy
        self._permissions_changed = permissions_changed
        self._data_changed = data_changed
        self._free_bytes = free_bytes
        self._studies = StudyStore(desk.database)
        self._imports = ImportStore(desk.database)

    def prepare(self) -> None:
        """Make the folders, for nobody but the account that this program runs under.

        Raises
        ------
        Conflict
            ``storage.foreign_data`` where another home folder's data are; nothing is changed then.
        """
        claim(self._desk.database, self._paths)
        for folder in (self._paths.data, self._paths.studies, self._paths.incoming, self._paths.reconstructions):
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            with contextlib.suppress(PermissionError):
                folder.chmod(PRIVATE_FOLDER)
        for path in self._paths.studies.iterdir():
            with contextlib.suppress(OSError):
                path.chmod(PRIVATE_FOLDER if path.is_dir() else PRIVATE_FILE)

    def view(self) -> StorageView:
        """Return where the data are and how full it is there."""
        used, quota = self._used(), self._quota()
        free = self._free_bytes(self._existing())
        return StorageView(
            folder=str(self._paths.data),
            chosen=self._chosen(),
            studies=len(self._studies.all()),
            used_bytes=used,
            free_bytes=free,
            models_bytes=_size_of(self._paths.models),
            reserve_bytes=self._reserve_bytes,
            quota_bytes=quota,
            level=self._level(used, free, quota),
        )

    def publish(self) -> None:
        """Tell the pages."""
        self._desk.bus.publish("storage", self.view)

    def room(self) -> tuple[int, int | None]:
        """Return how much must stay free on the disk, and how much the quota still allows (None: it sets no limit)."""
        quota = self._quota()
        return self._reserve_bytes, None if quota is None else max(0, quota - self._used())

    def check(self, size: int) -> None:
        """Refuse what there is no room for.

        Raises
        ------
        StorageFailed
            ``storage.quota`` or ``storage.disk_low``; nothing has been written.
        """
        _, left = self.room()
        if left is not None and size > left:
            message = f"{size} bytes more are over the limit for this folder, {left} are left"
            raise StorageFailed(message, code="storage.quota")
        self.check_disk(self._existing(), size)

    def check_disk(self, folder: Path, size: int) -> None:
        """Refuse what would use up the reserve of the disk that a folder is on; the limit is for scans alone.

        Raises
        ------
        StorageFailed
            ``storage.disk_low``; nothing has been written.
        """
        free = self._free_bytes(folder)
        if free - size < self._reserve_bytes:
            message = f"the disk has {free} bytes free, {self._reserve_bytes} of them stay untouched, {size} are needed"
            raise StorageFailed(message, code="storage.disk_low")

    def change(self, wanted: StorageChange) -> StorageView:
        """Set the limit and, while neither a study nor a file of an import is here, the folder.

        Raises
        ------
        InvalidInput
            When the folder cannot be used.
        Conflict
            ``storage.in_use`` while there are studies or files of an import; ``storage.fixed`` when the settings name
            the folder.
        """
        present = self._stored()
        folder = None if wanted.folder is None else Path(wanted.folder).expanduser()
        changes: dict[str, object] = {"quota_bytes": wanted.quota_bytes}
        if folder is not None and folder != self._paths.data:
            self._check_free_to_move()
            self._take(folder)
            changes["folder"] = str(folder)
        write_private(self._paths.storage, json.dumps(present | changes).encode())
        self.prepare()
        with self._desk.database.begin() as tx:
            self._desk.journal.note(
                tx,
                actor=acted_by("administrator"),
                action="storage.changed",
                details={"quota_bytes": wanted.quota_bytes, "moved": "folder" in changes},
                text="The place of the data, or its limit, was changed.",
                values={},
            )
        self.publish()
        return self.view()

    def remove_everything(self, studies: int) -> Removed:
        """Delete every scan, image, list and pseudonym of this site; only the audit keeps that it was done.

        Raises
        ------
        Conflict
            ``storage.count_differs`` when `studies` is not what is here; ``storage.busy`` while something is written.
        """
        present = len(self._studies.all())
        if present != studies:
            message = f"there are {present} studies here, the confirmation says {studies}"
            raise Conflict(message, code="storage.count_differs")
        if self._is_busy():
            message = "an import or a reconstruction is going on"
            raise Conflict(message, code="storage.busy")
        staged = self._staged()
        with self._desk.database.begin() as tx:
            counts = site_patients.forget_everything(tx)
            self._desk.journal.prune(tx, datetime.now(UTC))
            self._desk.journal.note(
                tx,
                actor=acted_by("administrator"),
                action="data.removed",
                details={name: counts[name] for name in ("studies", "reconstructions", "imports")},
                text=f"All data were removed: {counts['studies']} studies, {counts['reconstructions']} reconstructions.",
                values={name: counts[name] for name in ("studies", "reconstructions")},
            )
        self._permissions_changed()
        paths = self._paths
        for folder in (paths.studies, paths.reconstructions, paths.results, paths.incoming, *staged):
            shutil.rmtree(folder, ignore_errors=True)
        self._paths.pseudonym_secret.unlink(missing_ok=True)
        self._desk.database.compact()
        self.prepare()
        self._data_changed()
        self.publish()
        return Removed(studies=counts["studies"], reconstructions=counts["reconstructions"], imports=counts["imports"])

    def _check_free_to_move(self) -> None:
        if self._paths.given_data is not None:
            message = "the folder is named in the settings of this program"
            raise Conflict(message, code="storage.fixed")
        if self._studies.all() or self._is_busy() or self._staged():
            message = "there are studies, or files of an import, in the present folder"
            raise Conflict(message, code="storage.in_use")

    def _staged(self) -> list[Path]:
        """Return the folders with files that were handed over and are still here, as those of an import that failed."""
        records = (record for record in self._imports.all() if record.source == "files")
        return [place for record in records if (place := Path(record.place)).is_dir()]

    def _take(self, folder: Path) -> None:
        """Check that a folder can be ours alone: absolute, new or empty, writable."""
        if not folder.is_absolute():
            message = "folder: give its whole path"
            raise InvalidInput(message)
        try:
            folder.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER)
            if any(folder.iterdir()):
                message = "folder: it is not empty; name a new or an empty one, which will hold nothing but the data"
                raise InvalidInput(message)
            folder.chmod(PRIVATE_FOLDER)
            probe = folder / ".probe"
            probe.touch(mode=0o600)
            probe.unlink()
        except OSError as error:
            message = f"folder: it cannot be used ({error.strerror or 'no reason given'})"
            raise InvalidInput(message) from error

    def _chosen(self) -> Literal["settings", "page", "default"]:
        if self._paths.given_data is not None:
            return "settings"
        return "default" if self._paths.data == self._paths.home else "page"

    def _stored(self) -> dict[str, object]:
        try:
            stored = json.loads(self._paths.storage.read_text("utf-8"))
        except (OSError, ValueError):
            return {}
        return stored if isinstance(stored, dict) else {}

    def _quota(self) -> int | None:
        quota = self._stored().get("quota_bytes")
        return quota if isinstance(quota, int) and quota > 0 else None

    def _used(self) -> int:
        paths = self._paths
        folders = (paths.studies, paths.reconstructions, paths.results, paths.incoming)
        return sum(_size_of(folder) for folder in folders)

    def _existing(self) -> Path:
        """Return the nearest folder that is there, to ask the disk about."""
        return next(path for path in (self._paths.data, *self._paths.data.parents) if path.is_dir())

    def _level(self, used: int, free: int, quota: int | None) -> Literal["ok", "low", "full"]:
        if free <= self._reserve_bytes or (quota is not None and used >= quota):
            return "full"
        little = free < LOW_RESERVES * self._reserve_bytes or (quota is not None and used > LOW_SHARE * quota)
        return "low" if little else "ok"


def _size_of(folder: Path) -> int:
    return sum(_size(path) for path in folder.rglob("*")) if folder.is_dir() else 0


def _size(path: Path) -> int:
    try:
        return path.stat().st_size if path.is_file() else 0
    except OSError:
        return 0
