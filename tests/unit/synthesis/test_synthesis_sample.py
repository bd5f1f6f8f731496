from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from model.io.study import Study, Truth, read_study, write_study
from model.projector import projector_for
from synthesis.identity import identity
from synthesis.sample import make_study
from synthesis.scenario import Scenario, load_scenario

QUICK = load_scenario("quick")


def with_site(**changes: object) -> Scenario:
    return QUICK.model_copy(update={"sites": (QUICK.sites[0].model_copy(update=changes),)})


SICK = with_site(infarct_share=1.0)
HEALTHY = with_site(infarct_share=0.0)


def present(array: npt.NDArray[Any] | None) -> npt.NDArray[Any]:
    assert array is not None
    return array


def truth_of(study: Study) -> Truth:
    assert study.truth is not None
    return study.truth


@pytest.fixture(scope="module")
def study() -> Study:
    return make_study(SICK, "quick", seed=3, index=0)


def test_a_study_has_the_shapes_types_and_parts_of_the_format(study: Study, tmp_path: Path) -> None:
    assert study.projections.shape == (1, 20, 12, 36)
    assert present(study.scatter).shape == study.projections.shape
    for volume in (
        present(study.reference),
        present(study.attenuation),
        present(study.labels),
        truth_of(study).aha,
        truth_of(study).defect_map,
    ):
        assert volume.shape == (12, 36, 36)
    assert study.reference_kind == "phantom"
    assert study.label_codes["myocardium"] > 0
    assert (present(study.labels)[truth_of(study).aha > 0] == study.label_codes["myocardium"]).all()
    assert (truth_of(study).aha[truth_of(study).defect_map > 0] > 0).all()
    write_study(tmp_path / "study.h5", study)
    again = read_study(tmp_path / "study.h5")
    assert (again.projections == study.projections).all()
    assert dict(again.provenance) == dict(study.provenance)


def test_noise_changes_the_projections_and_nothing_else(study: Study) -> None:
    clean = make_study(SICK, "quick", seed=3, index=0, noise=False)
    assert (clean.projections != study.projections).mean() > 0.5
    for name in ("reference", "attenuation", "labels", "scatter"):
        assert getattr(clean, name).tobytes() == getattr(study, name).tobytes(), name
    assert truth_of(clean).aha.tobytes() == truth_of(study).aha.tobytes()
    assert truth_of(clean).defect_map.tobytes() == truth_of(study).defect_map.tobytes()
    assert clean.provenance == study.provenance
    excess = (study.projections - clean.projections) / np.sqrt(np.maximum(clean.projections, 1e-3))
    assert excess[clean.projections > 5].std() == pytest.approx(1.0, abs=0.05)


def test_the_same_seed_gives_the_same_study_and_another_number_another_patient(study: Study) -> None:
    again = make_study(SICK, "quick", seed=3, index=0)
    assert again.projections.tobytes() == study.projections.tobytes()
    assert present(again.reference).tobytes() == present(study.reference).tobytes()
    for other in (make_study(SICK, "quick", seed=3, index=1), make_study(SICK, "quick", seed=4, index=0)):
        assert other.provenance["anatomy"] != study.provenance["anatomy"]
        assert other.provenance["patient_key"] != study.provenance["patient_key"]


def test_projecting_the_reference_gives_the_counts_without_the_scatter(study: Study) -> None:
    geometry = study.geometry
    with torch.no_grad():
        reference, mu = (
            torch.from_numpy(present(study.reference))[None],
            torch.from_numpy(present(study.attenuation))[None],
        )
        model = projector_for(geometry).forward(reference, mu)[0].numpy().astype(np.float64)
    measured = (study.projections - present(study.scatter))[0].astype(np.float64)
    assert measured.sum() / model.sum() == pytest.approx(1.0, abs=0.05)
    slope = (measured * model).sum() / (model**2).sum()
    assert slope == pytest.approx(1.0, abs=0.05)


def test_counts_and_scatter_are_what_the_provenance_says() -> None:
    for index in range(4):
        study = make_study(QUICK, "quick", seed=11, index=index)
        expected, fraction = study.provenance["expected_counts"], study.provenance["scatter_fraction"]
        assert study.projections.sum() == pytest.approx(expected, rel=6 / expected**0.5)
        assert present(study.scatter).sum() / expected == pytest.approx(fraction, rel=0.05)
        assert 0.25 <= fraction <= 0.40
        assert 8e5 <= expected <= 2e6


def test_an_infarct_is_visible_in_the_activity_and_in_the_sinogram(study: Study) -> None:
    wall = truth_of(study).aha > 0
    infarct = truth_of(study).defect_map > 0
    assert infarct.sum() >= 3
    severity = truth_of(study).defects[0].severity
    contrast = 1 - present(study.reference)[infarct].mean() / present(study.reference)[wall & ~infarct].mean()
    assert contrast > 0.5 * severity
    sick = make_study(SICK, "quick", seed=3, index=0, noise=False)
    healthy = make_study(HEALTHY, "quick", seed=3, index=0, noise=False)
    assert healthy.provenance["anatomy"] == sick.provenance["anatomy"]
    assert truth_of(healthy).defects == ()
    far = ~((truth_of(healthy).aha > 0) | (truth_of(sick).aha > 0)) & (present(healthy.reference) > 0)
    per_activity = (
        present(healthy.reference)[far].sum() / present(sick.reference)[far].sum()
    )  # the same patient at the same dose
    lost = healthy.projections / per_activity - sick.projections
    detectability = float(np.sqrt((lost**2 / np.maximum(sick.projections, 1e-3)).sum()))  # ideal observer
    assert detectability > 8
    assert lost.max() > 0.05 * sick.projections.max()


def test_provenance_tells_how_to_make_the_study_again_and_names_no_person(study: Study) -> None:
    provenance = study.provenance
    assert {key: provenance[key] for key in identity(SICK, "quick", 3, 0)} == identity(SICK, "quick", 3, 0)
    assert (provenance["scenario"], provenance["site"], provenance["seed"], provenance["index"]) == (
        "quick",
        "quick",
        3,
        0,
    )
    assert provenance["patient_key"].startswith("synthetic-")
    assert {"numpy", "torch", "flomir"} <= set(provenance["versions"])
    assert provenance["deidentification"]["needed"] is False


def test_the_defects_on_file_are_those_that_were_drawn(study: Study) -> None:
    for number, defect in enumerate(truth_of(study).defects, start=1):
        fields = asdict(defect)
        assert 0 < fields["extent"] < 0.6
        assert fields["segments"]
        assert 0 <= fields["centre_deg"] < 360
        covered = truth_of(study).aha[truth_of(study).defect_map == number]
        assert np.isin(covered, fields["segments"]).mean() > 0.5
