"""Windows that a Monte Carlo counted itself reach the study, through the file, instead of a model of them."""

from dataclasses import replace
from pathlib import Path

import numpy as np

from synthesis.sample import make_template
from synthesis.template_file import read_template, write_template
from synthesis.variants import mix_study
from tests.support.scenarios import quick_scenario


def test_counted_windows_are_mixed_and_scaled_like_the_photopeak(tmp_path: Path) -> None:
    scenario = quick_scenario(infarct_share=1.0).model_copy(update={"scatter_window_kev": (114.0, 126.45)})
    template = make_template(scenario, "quick", seed=3, index=0)
    found = template.projections
    counted = (found.primary + found.scatter)[:, None] * np.float32(0.25)
    template = replace(template, projections=replace(found, scatter_is_physical=True, further_windows=counted))
    write_template(tmp_path / "t.h5", template)
    study = mix_study(read_template(tmp_path / "t.h5"), 1, noise=False)
    assert study.projections.shape[0] == 2
    np.testing.assert_allclose(study.projections[1], study.projections[0] * 0.25, rtol=1e-4)
    modelled = mix_study(
        replace(template, projections=replace(template.projections, further_windows=None)), 1, noise=False
    )
    assert np.abs(modelled.projections[1] - study.projections[1]).max() > 0.05 * study.projections[1].max()
