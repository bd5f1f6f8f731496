"""What the orchestrator loads, and what it says of itself."""

import subprocess
import sys
from pathlib import Path
from typing import Any

from fl_core.web.application import Nobody, openapi_text
from orchestrator.api import describe, make_app

DOCUMENT = Path(__file__).parents[3] / "frontend" / "orchestrator" / "openapi.json"


def test_the_daemon_loads_neither_torch_nor_flwr_nor_readers_of_scans() -> None:
    heavy = {"torch", "flwr", "monai", "scipy", "pydicom", "nibabel", "h5py"}
    code = f"import sys, orchestrator.app, orchestrator.commands; print({heavy} & set(sys.modules))"
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "set()"


def test_the_committed_description_of_the_api_is_the_present_one() -> None:
    assert DOCUMENT.read_text("utf-8") == openapi_text(describe()), (
        "run: flomir orchestrator openapi > frontend/orchestrator/openapi.json"
    )


def test_a_daemon_spends_no_time_on_describing_its_routes() -> None:
    services: Any = Nobody()
    app = make_app(services, upload_limit_bytes=1)
    assert app.api_doc["paths"] == {}
    assert {rule.rule for rule in app.url_map.iter_rules()} == {rule.rule for rule in describe().url_map.iter_rules()}


def test_every_operation_has_a_name_of_its_own_and_says_what_it_answers() -> None:
    operations = [operation for path in describe().api_doc["paths"].values() for operation in path.values()]
    names = [operation["operationId"] for operation in operations]
    assert len(names) == len(set(names))
    silent = [op["operationId"] for op in operations if not any(code.startswith("2") for code in op["responses"])]
    assert set(silent) == {  # bytes
        "get_model_weights", "get_set_page", "get_set_picture", "get_job_report", "get_job_array", "export_job_array",
        "export_audit",
    }  # fmt: skip
