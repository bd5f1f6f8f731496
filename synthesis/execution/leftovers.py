"""Remove what a killed process left half-written, once nobody writes it any more."""

from __future__ import annotations

from collections.abc import Iterable

from synthesis.execution.request import SampleRequest


def remove_leftovers(requests: Iterable[SampleRequest]) -> None:
    """Remove the unfinished files of these requests: hidden, named after the study, never read by anybody."""
    for request in requests:
        for variant in request.variants:
            target = request.folder / request.file_of(variant)
            for path in target.parent.glob(f".{target.name}.*.part"):
                path.unlink(missing_ok=True)
