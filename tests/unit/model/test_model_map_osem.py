"""MAP-OSEM beats tuned OSEM on noisy data, gets smoother as its prior weighs more, and never leaves the numbers."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from model.classical.map_osem import MapOsemSettings, map_osem, map_osem_iterates, reconstruct_map_osem, total_variation
from model.classical.osem import OsemSettings, osem, reconstruct_osem, study_tensors
from model.classical.tuning import body_nrmse, map_osem_candidates, osem_candidates, tune
from model.evaluation.metrics import nrmse, region_masks
from model.io.study import Study
from tests.support.studies import tiny_study


def patient(seed: int, **options: float) -> Study:
    geometry = {"shape": (8, 24, 24), "voxel_mm": 13.0, "views": 20}
    return tiny_study(seed, **{"counts": 1.5e5, "scatter_fraction": 0.25, **geometry, **options})  # type: ignore[arg-type]


def test_tuned_map_osem_beats_tuned_osem_on_noisy_data() -> None:
    studies = [patient(seed) for seed in (1, 2)]
    metric = {"nrmse": body_nrmse}
    plain = tune(studies, osem_candidates(base=OsemSettings(subsets=4)), metric).best("nrmse")
    betas = (0.0005, 0.001, 0.002, 0.004)
    prior = tune(studies, map_osem_candidates((8, 16), betas, MapOsemSettings(subsets=4)), metric).best("nrmse")
    assert plain is not None and prior is not None
    fresh = patient(3)
    assert fresh.reference is not None
    body = region_masks(fresh).body
    osem_error = nrmse(reconstruct_osem(fresh, plain[0]), fresh.reference, body)
    map_error = nrmse(reconstruct_map_osem(fresh, prior[0]), fresh.reference, body)
    assert map_error < 0.95 * osem_error


def test_the_total_variation_falls_as_beta_grows() -> None:
    study = patient(1)
    grid, base = study.geometry.grid, MapOsemSettings(iterations=6, subsets=4)
    found = []
    for beta in (0.0, 0.001, 0.004, 0.016, 0.064):
        image = reconstruct_map_osem(study, replace(base, beta=beta))
        found.append(float(total_variation(torch.from_numpy(image)[None], grid)))
    assert found == sorted(found, reverse=True)
    assert found[-1] < 0.3 * found[0]


def test_without_a_prior_it_is_osem() -> None:
    data = study_tensors(patient(1))
    arguments = (data.projections, data.scatter, data.attenuation, data.projector)
    prior = map_osem(*arguments, iterations=2, subsets=4, beta=0.0)
    torch.testing.assert_close(prior, osem(*arguments, iterations=2, subsets=4))


@pytest.mark.parametrize("counts", [200.0, 1e7])
@pytest.mark.parametrize("beta", [1e-4, 1.0, 1e6])
def test_images_stay_finite_and_non_negative_whatever_beta_is(beta: float, counts: float) -> None:
    study = patient(4, counts=counts)
    image = reconstruct_map_osem(study, MapOsemSettings(iterations=8, subsets=6, beta=beta))
    assert np.isfinite(image).all()
    assert float(image.min()) >= 0
    assert 0 < float(image.sum()) < 50 * counts


def test_an_empty_scan_gives_an_empty_image() -> None:
    study = patient(1)
    empty = replace(study, projections=np.zeros_like(study.projections))
    image = reconstruct_map_osem(empty, MapOsemSettings(iterations=2))
    assert np.isfinite(image).all()
    assert float(image.max()) < 1e-3


def test_a_negative_or_endless_beta_is_refused() -> None:
    data = study_tensors(patient(1))
    for beta in (-1.0, float("nan"), float("inf")):
        with pytest.raises(ValueError, match="beta is"):
            next(
                map_osem_iterates(
                    data.projections, data.scatter, data.attenuation, data.projector, subsets=2, beta=beta
                )
            )
