"""Answers kept for a while, so that a request whose answer was lost is not carried out twice.

Kept in memory and, for the next process after a kill, in an append-only journal of two generations.
"""

import asyncio
import base64
import contextlib
import json
import logging
import os
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

logger = logging.getLogger(__name__)

KEEP_S = 900.0
MAX_MEMORY_BYTES = 64 * 2**20
JOURNAL_BYTES = 16 * 2**20
Key = tuple[str, str]
_TRY_AGAIN = frozenset({502, 503, 504})


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: status, content type, body."""

    status: int
    content_type: str
    body: bytes


class ReplayStore:
    """At most one execution per (fingerprint, request id), while its answer is kept.

    Two requests with one id at the same time share one execution. Answers that say "try again" (502, 503, 504) are
    handed out but not kept.
    """

    def __init__(self, journal: Path | None = None, *, clock: Callable[[], float] = time.time) -> None:
        self._clock = clock
        self._kept: OrderedDict[Key, tuple[float, Answer]] = OrderedDict()
        self._bytes = 0
        self._running: dict[Key, asyncio.Task[Answer]] = {}
        self._in_doubt: dict[Key, float] = {}
        self._journal = journal
        if journal is not None:
            self._read_journal(journal)

    async def once(
        self,
        key: Key,
        execute: Callable[[], Awaitable[Answer]],
        *,
        worth_keeping: Callable[[Answer], bool] | None = None,
    ) -> Answer:
        """Return the kept answer, join the running execution, or execute; the caller's end does not stop it.

        With `worth_keeping` only such answers are kept, and nothing is noted before the execution.
        """
        self._forget_old()
        kept = self._kept.get(key)
        if kept is not None:
            return kept[1]
        task = self._running.get(key)
        if task is None:
            task = asyncio.ensure_future(self._execute(key, execute, worth_keeping))
            self._running[key] = task
            task.add_done_callback(lambda _done: self._running.pop(key, None))
        return await asyncio.shield(task)

    def begun_before(self, key: Key) -> bool:
        """Say whether this request was begun earlier, here or by a former process, and its outcome is not known."""
        return key in self._in_doubt

    def doubt(self, key: Key) -> None:
        """Note that this request may or may not have been carried out."""
        self._in_doubt[key] = self._clock()

    async def _execute(
        self,
        key: Key,
        execute: Callable[[], Awaitable[Answer]],
        worth_keeping: Callable[[Answer], bool] | None,
    ) -> Answer:
        if worth_keeping is None:
            self._note({"t": self._clock(), "k": key})
        answer = await execute()
        if answer.status not in _TRY_AGAIN and (worth_keeping is None or worth_keeping(answer)):
            self._keep(key, self._clock(), answer)
            body = base64.b64encode(answer.body).decode("ascii")
            self._note({"t": self._clock(), "k": key, "s": answer.status, "c": answer.content_type, "b": body})
        return answer

    def _keep(self, key: Key, at: float, answer: Answer) -> None:
        self._in_doubt.pop(key, None)
        self._drop(key)
        self._kept[key] = (at, answer)
        self._bytes += len(answer.body)
        while self._bytes > MAX_MEMORY_BYTES:
            self._drop(next(iter(self._kept)))

    def _drop(self, key: Key) -> None:
        old = self._kept.pop(key, None)
        if old is not None:
            self._bytes -= len(old[1].body)

    def _forget_old(self) -> None:
        limit = self._clock() - KEEP_S
        while self._kept and next(iter(self._kept.values()))[0] < limit:
            self._drop(next(iter(self._kept)))
        while self._in_doubt and next(iter(self._in_doubt.values())) < limit:
            del self._in_doubt[next(iter(self._in_doubt))]

    def _note(self, line: dict[str, object]) -> None:
        if self._journal is None:
            return
        try:
            if self._journal.exists() and self._journal.stat().st_size > JOURNAL_BYTES:
                self._journal.replace(_older(self._journal))
            handle = os.open(self._journal, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
            with os.fdopen(handle, "ab") as file:
                file.write(json.dumps(line).encode() + b"\n")
        except OSError as error:
            logger.warning("the journal of answers cannot be written", extra={"reason": type(error).__name__})

    def _read_journal(self, journal: Path) -> None:
        for path in (_older(journal), journal):
            with contextlib.suppress(FileNotFoundError):
                for line in path.read_bytes().splitlines():
                    with contextlib.suppress(ValueError, KeyError, TypeError):  # the last line may be cut
                        self._read_line(json.loads(line))
        self._forget_old()

    def _read_line(self, line: dict[str, object]) -> None:
        match line["k"]:
            case [str(fingerprint), str(request_id)]:
                pass
            case _:
                return
        key, at = (fingerprint, request_id), float(str(line["t"]))
        if "s" in line:
            answer = Answer(int(str(line["s"])), str(line["c"]), base64.b64decode(str(line["b"]), validate=True))
            self._keep(key, at, answer)
        else:
            self._in_doubt[key] = at


def _older(journal: Path) -> Path:
    return journal.with_name(journal.name + ".1")
