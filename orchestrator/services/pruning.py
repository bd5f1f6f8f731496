"""Lets go of what has been kept long enough: activity, presence, sent notices, the bin of models, log files."""

import logging
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

from fl_core.desk import Desk
from fl_core.errors import FlomirError
from fl_core.settings import MIB
from fl_core.storage import lab_presence, notices
from orchestrator.schemas_settings import Retention
from orchestrator.services.desk import SYSTEM
from orchestrator.services.house_settings import HouseSettings
from orchestrator.services.model_bin import ModelBin

EVERY_S = 3600.0
NOTICE_DAYS = 30

logger = logging.getLogger(__name__)


class Pruning:
    """Prunes once an hour, as the settings of the retention say; the audit is never touched."""

    def __init__(
        self,
        desk: Desk,
        *,
        settings: HouseSettings,
        model_bin: ModelBin,
        logs: Path,
        also: Callable[[], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._desk = desk
        self._settings = settings
        self._model_bin = model_bin
        self._logs = logs
        self._also = also
        self._clock = clock
        self._due_at = 0.0

    def tick(self) -> None:
        """Prune when an hour has passed since the last time; `also` is done as often."""
        if self._clock() < self._due_at:
            return
        self._due_at = self._clock() + EVERY_S
        self.prune(self._settings.get("retention", Retention))
        self._also()

    def prune(self, keep: Retention) -> None:
        """Let go of everything that is older than `keep` says; 0 keeps it for good."""
        now = self._desk.now()
        with self._desk.database.begin() as tx:
            if keep.activity_days:
                self._desk.journal.prune(tx, now - timedelta(days=keep.activity_days))
            if keep.presence_days:
                lab_presence.prune(tx, now - timedelta(days=keep.presence_days))
            notices.prune(tx, now - timedelta(days=NOTICE_DAYS))
        if keep.bin_days:
            before = now - timedelta(days=keep.bin_days)
            for model in self._model_bin.all():
                if model.deleted_at is not None and model.deleted_at < before:
                    self._remove(model.id)
        self._sweep()
        for path in sorted(self._logs.glob("*.log")):
            self._begin_anew(path, keep.log_mib * MIB)

    def _remove(self, model_id: str) -> None:
        try:
            self._model_bin.remove(model_id, actor=SYSTEM)
        except FlomirError as error:
            logger.warning("a deleted model stays in the bin", extra={"model": model_id, "error": str(error)})

    def _sweep(self) -> None:
        try:
            self._model_bin.sweep()
        except OSError as error:
            logger.warning("files of a removed model stay", extra={"error": type(error).__name__})

    def _begin_anew(self, path: Path, limit_bytes: int) -> None:
        """Keep one former log beside a large one and empty it; who writes goes on, because logs are opened to append."""
        try:
            if path.stat().st_size <= limit_bytes:
                return
            shutil.copyfile(path, path.with_suffix(".log.1"))
            with path.open("r+b") as log:
                log.truncate(0)
        except OSError as error:
            logger.warning("a log file stays large", extra={"log": path.name, "error": type(error).__name__})
