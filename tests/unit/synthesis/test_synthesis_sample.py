from dataclasses import asdict

import numpy as np
import pytest
import torch

from model.io.study import read_study, write_study
from model.projector import projector_for
from synthesis.identity import identity
from synthesis.sample import make_study
from synthesis.scenario import load_scenario

QUICK = load_scenario("quick")


def with_site(**changes):
    return QUICK.model_copy(update={"sites": (QUICK.sites[0].model_copy(update=changes),)})


SICK = with_site(infarct_share=1.0)
HEALTHY = with_site(infarct_share=0.0)


@pytest.fixture(scope="module")
def study():
    return make_study(SICK, "quick", seed=3, index=0)


def test_a_study_has_the_shapes_types_and_parts_of_the_format(study, tmp_path):
    assert study.projections.shape == (1, 20, 12, 36)
    assert study.scatter.shape == study.projections.shape
    for volume in (study.reference, study.attenuation, study.labels, study.truth.aha, study.truth.defect_map):
        assert volume.shape == (12, 36, 36)
    assert study.reference_kind == "phantom"
    assert study.label_codes["myocardium"] > 0
    assert (study.labels[study.truth.aha > 0] == study.label_codes["myocardium"]).all()
    assert (study.truth.aha[study.truth.defect_map > 0] > 0).all()
    write_study(tmp_path / "study.h5", study)
    again = read_study(tmp_path / "study.h5")
    assert (again.projections == study.projections).all()
    assert dict(again.provenance) == dict(study.provenance)


def test_noise_changes_the_projections_and_nothing_else(study):
    clean = make_study(SICK, "quick", seed=3, index=0, noise=False)
    assert (clean.projections != study.projections).mean() > 0.5
    for name in ("reference", "attenuation", "labels", "scatter"):
        assert getattr(clean, name).tobytes() == getattr(study, name).tobytes(), name
    assert clean.truth.aha.tobytes() == study.truth.aha.tobytes()
    assert clean.truth.defect_map.tobytes() == study.truth.defect_map.tobytes()
    assert clean.provenance == study.provenance
    excess = (study.projections - clean.projections) / np.sqrt(np.maximum(clean.projections, 1e-3))
    assert excess[clean.projections > 5].std() == pytest.approx(1.0, abs=0.05)


def test_the_same_seed_gives_the_same_study_and_another_number_another_patient(study):
    again = make_study(SICK, "quick", seed=3, index=0)
    assert again.projections.tobytes() == study.projections.tobytes()
    assert again.reference.tobytes() == study.reference.tobytes()
    for other in (make_study(SICK, "quick", seed=3, index=1), make_study(SICK, "quick", seed=4, index=0)):
        assert other.provenance["anatomy"] != study.provenance["anatomy"]
        assert other.provenance["patient_key"] != study.provenance["patient_key"]


def test_projecting_the_reference_gives_the_counts_without_the_scatter(study):
    geometry = study.geometry
    with torch.no_grad():
        reference, mu = torch.from_numpy(study.reference)[None], torch.from_numpy(study.attenuation)[None]
        model = projector_for(geometry).forward(reference, mu)[0].numpy().astype(np.float64)
    measured = (study.projections - study.scatter)[0].astype(np.float64)
    assert measured.sum() / model.sum() == pytest.approx(1.0, abs=0.05)
    slope = (measured * model).sum() / (model**2).sum()
    assert slope == pytest.approx(1.0, abs=0.05)


def test_counts_and_scatter_are_what_the_provenance_says():
    for index in range(4):
        study = make_study(QUICK, "quick", seed=11, index=index)
        expected, fraction = study.provenance["expected_counts"], study.provenance["scatter_fraction"]
        assert study.projections.sum() == pytest.approx(expected, rel=6 / expected**0.5)
        assert study.scatter.sum() / expected == pytest.approx(fraction, rel=0.05)
        assert 0.25 <= fraction <= 0.40
        assert 8e5 <= expected <= 2e6


def test_an_infarct_is_visible_in_the_activity_and_in_the_sinogram(study):
    wall = study.truth.aha > 0
    infarct = study.truth.defect_map > 0
    assert infarct.sum() >= 3
    severity = study.truth.defects[0].severity
    contrast = 1 - study.reference[infarct].mean() / study.reference[wall & ~infarct].mean()
    assert contrast > 0.5 * severity
    sick = make_study(SICK, "quick", seed=3, index=0, noise=False)
    healthy = make_study(HEALTHY, "quick", seed=3, index=0, noise=False)
    assert healthy.provenance["anatomy"] == sick.provenance["anatomy"]
    assert healthy.truth.defects == ()
    far = ~((healthy.truth.aha > 0) | (sick.truth.aha > 0)) & (healthy.reference > 0)
    per_activity = healthy.reference[far].sum() / sick.reference[far].sum()  # the same patient at the same dose
    lost = healthy.projections / per_activity - sick.projections
    detectability = float(np.sqrt((lost**2 / np.maximum(sick.projections, 1e-3)).sum()))  # ideal observer
    assert detectability > 8
    assert lost.max() > 0.05 * sick.projections.max()


def test_provenance_tells_how_to_make_the_study_again_and_names_no_person(study):
    provenance = study.provenance
    assert {key: provenance[key] for key in identity(SICK, "quick", 3, 0)} == identity(SICK, "quick", 3, 0)
    assert provenance["patient_key"].startswith("synthetic-")
    assert {"numpy", "torch", "flomir"} <= set(provenance["versions"])
    assert provenance["deidentification"]["needed"] is False


def test_the_defects_on_file_are_those_that_were_drawn(study):
    for number, defect in enumerate(study.truth.defects, start=1):
        fields = asdict(defect)
        assert 0 < fields["extent"] < 0.6
        assert fields["segments"]
        assert 0 <= fields["centre_deg"] < 360
        covered = study.truth.aha[study.truth.defect_map == number]
        assert np.isin(covered, fields["segments"]).mean() > 0.5
