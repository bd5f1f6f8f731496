"""Small sets of real synthetic studies with their manifest, made in this process (about 0.1 s a study)."""

import datetime
from pathlib import Path

from synthesis.execution.request import SampleRequest
from synthesis.execution.worker import make_samples
from synthesis.identity import versions
from synthesis.manifest import Manifest, SampleRecord, write_manifest
from synthesis.scenario import Scenario, load_scenario


def make_set(
    folder: Path,
    *,
    studies: int = 3,
    seed: int = 1,
    first: int = 0,
    variants: int = 1,
    scenario: Scenario | None = None,
    planned: int | None = None,
) -> Manifest:
    """Make `studies` bodies a site, as `flomir synthesize run` does, and write the manifest."""
    loaded = scenario or load_scenario("quick")
    nested = len(loaded.sites) > 1
    records: list[SampleRecord] = []
    for site in (profile.name for profile in loaded.sites):
        for index in range(first, first + studies):
            file = f"{site}/study-{index:05d}.h5" if nested else f"study-{index:05d}.h5"
            records += make_samples(SampleRequest(loaded, site, index, seed, folder, file, tuple(range(variants))))
    wanted = studies if planned is None else planned
    manifest = Manifest(
        scenario=loaded,
        scenario_digest=loaded.digest,
        seed=seed,
        versions=versions(),
        created_at=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        wall_s=1.0,
        workers=1,
        complete=wanted == studies,
        studies=tuple(records),
        planned=wanted,
        variants=variants,
    )
    write_manifest(folder, manifest)
    return manifest


def damage(path: Path) -> None:
    """Change one byte in the middle of a file, its size stays."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 0xFF
    path.write_bytes(bytes(content))
