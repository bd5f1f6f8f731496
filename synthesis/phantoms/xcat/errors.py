"""What can go wrong between this package and the XCAT program; each has its own code."""

from __future__ import annotations

from typing import Literal

from synthesis.errors import SynthesisError

Reason = Literal[
    "not_configured", "program_missing", "data_missing", "key_invalid", "not_started", "timeout", "exit",
    "output_missing", "output_size", "output_values", "output_order", "disk_full",
]  # fmt: skip


class XcatFailed(SynthesisError):  # noqa: N818 (named for what happened)
    """The XCAT program could not be run, or wrote something that cannot be used."""

    def __init__(self, reason: Reason, message: str, remedy: str) -> None:
        super().__init__(f"synthesis.xcat_{reason}", message, remedy)
