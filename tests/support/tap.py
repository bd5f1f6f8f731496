"""Records what processes hand to TLS, before it is encrypted: everything that leaves them, whoever sends it.

A folder with a `sitecustomize` goes onto `PYTHONPATH` of the processes to listen to; it wraps the two writing ends of
Python's `ssl`, through which every client of the product sends. Each process writes a file of its own.
"""

import os
from pathlib import Path

TAP_VARIABLE = "FLOMIR_TEST_TAP"
_HOOK = f'''
import os, ssl, threading

_lock = threading.Lock()

def _heard(data):
    with _lock, open(os.path.join(os.environ["{TAP_VARIABLE}"], f"{{os.getpid()}}.bin"), "ab") as file:
        file.write(bytes(data))

def _wrap(kind, name):
    inner = getattr(kind, name)
    def outer(self, data, *rest):
        sent = inner(self, data, *rest)
        whole = memoryview(data).cast("B")
        _heard(whole[:sent] if isinstance(sent, int) else whole)
        return sent
    setattr(kind, name, outer)

_wrap(ssl.SSLObject, "write")
_wrap(ssl.SSLSocket, "send")
_wrap(ssl.SSLSocket, "write")
'''


def tap_environment(folder: Path) -> dict[str, str]:
    """Return the variables under which a process, with its children, is listened to."""
    hook, heard = folder / "hook", folder / "heard"
    hook.mkdir(parents=True)
    heard.mkdir()
    (hook / "sitecustomize.py").write_text(_HOOK, encoding="utf-8")
    before = os.environ.get("PYTHONPATH")
    path = str(hook) if before is None else f"{hook}{os.pathsep}{before}"
    return {"PYTHONPATH": path, TAP_VARIABLE: str(heard)}


def heard(folder: Path) -> bytes:
    """Return everything that was handed to TLS so far."""
    return b"".join(path.read_bytes() for path in sorted((folder / "heard").iterdir()))
