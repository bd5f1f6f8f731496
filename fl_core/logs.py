"""JSON log lines for daemons and their children, with identifiers, tokens and private paths taken out."""

import json
import logging
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime
from pathlib import Path
from typing import TextIO

CONTEXT_NAMES = ("session", "round", "site", "request")
_CHATTY = (
    "httpx", "httpcore", "aiohttp.access", "asyncio", "urllib3", "werkzeug", "engineio", "socketio", "alembic",
)  # fmt: skip
_context: ContextVar[Mapping[str, object]] = ContextVar("log_context", default={})  # noqa: B039 - never changed in place

_STANDARD = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_SECRET_FIELD = re.compile(r"token|secret|password|passwd|cookie|authori[sz]ation|private|api_?key|csr|patient", re.I)
_PEM = re.compile(r"-----BEGIN [A-Z0-9 ]+-----.*?(?:-----END [A-Z0-9 ]+-----|$)", re.S)
_BEARER = re.compile(r"(?i)\b(bearer|basic)\s+[A-Za-z0-9._~+/=\-]+")
_QUERY = re.compile(r"(?i)\b((?:[a-z_\-]*(?:token|secret|password)|link)=)[^\s&\"']+")
_FINGERPRINT = re.compile(r"\b([0-9a-f]{16})[0-9a-f]{48}\b")
_RANDOM = re.compile(r"(?<![A-Za-z0-9_\-/.])[A-Za-z0-9_\-]{43,}(?![A-Za-z0-9_\-/.])")


@contextmanager
def log_context(**fields: object) -> Iterator[None]:
    """Add fields (`session`, `round`, `site`, `request`) to every line written inside, in this thread or task."""
    unknown = set(fields) - set(CONTEXT_NAMES)
    if unknown:
        message = f"unknown log context {sorted(unknown)}, known are {CONTEXT_NAMES}"
        raise ValueError(message)
    token = _context.set({**_context.get(), **fields})
    try:
        yield
    finally:
        _context.reset(token)


class Redactor:
    """Take out of a text what must not reach a log file."""

    def __init__(self, home: Path | None = None) -> None:
        roots = {str(home), str(home.resolve())} if home is not None else set()
        paths = "|".join(re.escape(root) for root in sorted(roots, key=len, reverse=True) if root not in {"", "/", "."})
        self._home = re.compile(rf"(?:{paths})(?:/[^\s\"',:;)\]]*)?") if paths else None

    def text(self, value: str) -> str:
        """Return the text without keys, tokens, long fingerprints and paths under the data folder."""
        value = _PEM.sub("<pem>", value)
        value = _BEARER.sub(r"\1 <redacted>", value)
        value = _QUERY.sub(r"\1<redacted>", value)
        value = _FINGERPRINT.sub(r"\1…", value)
        value = _RANDOM.sub("<redacted>", value)
        return self._home.sub("<home>", value) if self._home else value

    def field(self, name: str, value: object) -> object:
        """Return a field's value fit for a log: secrets by name are hidden, texts are cleaned, other types named."""
        if _SECRET_FIELD.search(name):
            return "<redacted>"
        if value is None or isinstance(value, bool | int | float):
            return value
        if isinstance(value, Mapping):
            return {str(key): self.field(str(key), inner) for key, inner in value.items()}
        if isinstance(value, list | tuple | set | frozenset):
            return [self.field(name, inner) for inner in value]
        return self.text(str(value))


class JsonFormatter(logging.Formatter):
    """One JSON object a line: time, level, process name, logger, message, context, extra fields, trace."""

    def __init__(self, name: str, redactor: Redactor) -> None:
        super().__init__()
        self._name = name
        self._redactor = redactor

    def format(self, record: logging.LogRecord) -> str:
        """Return the line."""
        line: dict[str, object] = {
            "at": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "process": self._name,
            "logger": record.name,
            "message": self._redactor.text(record.getMessage()),
        }
        extra = {key: value for key, value in vars(record).items() if key not in _STANDARD}
        for key, value in {**_context.get(), **extra}.items():
            line.setdefault(key, self._redactor.field(key, value))
        if record.exc_info:
            line["trace"] = self._redactor.text(self.formatException(record.exc_info))
        return json.dumps(line, ensure_ascii=False, default=str)


def setup_logging(
    name: str, *, home: Path | None = None, level: int | str = logging.INFO, stream: TextIO | None = None
) -> None:
    """Send every log line of this process, as JSON, to one stream (default: stderr).

    Called once, by a daemon's or child's entry point; libraries and modules only make loggers.

    Parameters
    ----------
    name : the process, as it appears in every line (``gateway``, ``relay``, ``contributor``)
    home : the data folder; paths below it are not written out
    level : threshold of the lines
    stream : where lines go
    """
    handler = logging.StreamHandler(stream if stream is not None else sys.stderr)
    handler.setFormatter(JsonFormatter(name, Redactor(home)))
    handler.setLevel(level)  # also for loggers that lower their own level, as flwr's does to DEBUG
    root = logging.getLogger()
    for old in list(root.handlers):
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)
    logging.captureWarnings(capture=True)
    for chatty in _CHATTY:
        logging.getLogger(chatty).setLevel(logging.WARNING)
