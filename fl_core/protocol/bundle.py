"""The federation bundle: a metadata-only archive that names the installed code and carries none; free of flwr.

Both sides compute it from the same constants, so its hash says whether two installations agree. The zip layout is the
one of flwr's own builder (`flwr.cli.build.build_fab_from_files`), and a test compares the two byte for byte.
"""

import hashlib
import io
import zipfile

from fl_core.protocol.messages import Sha256

PROJECT = """[build-system]
requires = [
    "hatchling",
]
build-backend = "hatchling.build"

[project]
name = "flomir-federation"
version = "1.1.0"
description = "Names the installed federation code; holds none."
license = "Apache-2.0"
dependencies = []

[tool.flwr.app]
publisher = "flomir"

[tool.flwr.app.components]
serverapp = "fl_core.flower.server_app:app"
clientapp = "fl_core.flower.client_app:app"

[tool.flwr.app.config]
plan = ""
"""
_CONFIG_FILE = "pyproject.toml"
_MANIFEST_FILE = ".info/CONTENT"
_DATE = (2024, 10, 1, 0, 0, 0)  # flwr.common.constant.FAB_DATE


def build_bundle() -> bytes:
    """Return the bundle; the same bytes at every call and on every computer (the entries are stored, not deflated)."""
    content = PROJECT.encode()
    manifest = f"{_CONFIG_FILE},{hashlib.sha256(content).hexdigest()},{len(content) * 8}"
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(_CONFIG_FILE, _DATE), content)
        archive.writestr(zipfile.ZipInfo(_MANIFEST_FILE, _DATE), manifest)
    return buffer.getvalue()


def bundle_sha256() -> Sha256:
    """Return the hash of this installation's bundle."""
    return hashlib.sha256(build_bundle()).hexdigest()
