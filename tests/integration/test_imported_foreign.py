"""A phantom that others derived from a patient, as a back end: Interfile codes, CT numbers, our own organ table."""

import os
from pathlib import Path

import numpy as np
import pytest

from synthesis.phantoms.labelmap_body import load_volume
from synthesis.sample import make_study
from synthesis.specs.phantom import LabelmapSpec
from tests.support.phantoms import small_scenario

# Codes of the source map of BenAuer2021/Phantoms-For-Nuclear-Medicine-Imaging-Simulation, patient 15, found by their place
# and size; below 15000 the map repeats the CT (Hounsfield units + 1000).
TABLE = """code, organ, tissue, uptake
0-149, , air,
150-649, lung, lung, 0.05
650-929, fat, adipose, 0.02
930-1129, soft_tissue, soft_tissue, 0.05
1130-14999, bone, spongiosa, 0.05
15000, liver, liver, 1.0
16000, spleen, liver, 2.0
17000 18000, kidney, soft_tissue, 3.0
19000 20000 21000, tumour, soft_tissue, 8.0
"""


@pytest.mark.foreign_data
def test_a_patient_derived_phantom_of_others_becomes_a_study(tmp_path: Path) -> None:
    root = Path(os.environ.get("FLOMIR_FOREIGN_DATA") or Path(__file__).parents[3] / "shared" / "data")
    folder = root / "auer_lu177_patient_phantom"
    if not folder.is_dir():
        pytest.skip(f"foreign data are not here: {folder} (set FLOMIR_FOREIGN_DATA)")
    (tmp_path / "organs.csv").write_text(TABLE)
    name = "patient15_LuDOTATATE"
    spec = LabelmapSpec(
        labels=folder / f"{name}_src.h33", attenuation=folder / f"{name}_attn.h33", organs=tmp_path / "organs.csv",
        attenuation_unit="hu+1000", flip=("z", "y"), centre=(0.0, 0.0, 40.0), shift_mm=0.0,
    )  # fmt: skip
    volume = load_volume(spec)
    assert not volume.has_heart()
    scenario = small_scenario()
    site = scenario.sites[0].model_copy(update={"infarct_share": 0.0})
    grid = scenario.grid.model_copy(update={"shape": (16, 60, 60)})
    scenario = scenario.model_copy(update={"phantom": spec, "sites": (site,), "grid": grid})
    study = make_study(scenario, site.name, seed=1, index=0)
    assert study.truth is None
    assert study.reference is not None
    left, right = study.reference[:, :, 30:].sum(), study.reference[:, :, :30].sum()
    assert right > left  # the liver
    assert study.attenuation is not None
    water = study.attenuation[study.labels == study.label_codes["liver"]]
    assert np.median(water) == pytest.approx(0.0161, rel=0.06)
