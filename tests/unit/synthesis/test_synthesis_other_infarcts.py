"""Infarcts that training moves are those that the simulator would have made: in the image, the regions and the counts."""

from dataclasses import replace
from functools import cache

import numpy as np
import numpy.typing as npt
import pytest
import torch

from model.dataset import PreparedStudy, prepare_study
from model.io.study import Defect, Study
from model.networks.inputs import StartRecipe
from model.task_parameters import SpectReconstructionParameters
from model.training import infarcts
from model.training.infarcts import LEAST_SEVERITY, MOST_SEVERITY, NUMBERS, draw_infarcts, with_other_infarcts
from model.training.targets import PhantomTarget
from synthesis.sample import make_study
from tests.support.phantoms import small_scenario

RECIPE = StartRecipe("osem", 2, 1)


@cache
def patient(*, ill: bool) -> Study:
    """Return one patient's expected counts, with the infarct or without it and otherwise the same."""
    scenario = small_scenario()
    site = scenario.sites[0].model_copy(update={"infarct_share": 1.0 if ill else 0.0})
    scenario = scenario.model_copy(update={"sites": (site,), "orbit": scenario.orbit.model_copy(update={"views": 12})})
    return make_study(scenario, site.name, seed=5, index=1, noise=False)


def prepared(study: Study) -> PreparedStudy:
    return prepare_study(study, name="patient", recipe=RECIPE)


def changed_to(study: Study, defects: tuple[Defect, ...], monkeypatch: pytest.MonkeyPatch) -> PreparedStudy:
    monkeypatch.setattr(infarcts, "draw_infarcts", lambda _: defects)
    return with_other_infarcts(prepared(study), generator())


def generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def counts(sample: PreparedStudy) -> npt.NDArray[np.float64]:
    return np.concatenate([part.double().numpy() * sample.scale for part in sample.inputs.measured])


@pytest.mark.parametrize("ill_before", [True, False])
def test_an_infarct_comes_and_goes_as_the_simulator_makes_it(ill_before: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    before, after = patient(ill=ill_before), patient(ill=not ill_before)
    assert before.reference is not None
    assert after.reference is not None
    assert after.truth is not None
    changed = changed_to(before, after.truth.defects, monkeypatch)
    assert changed.target is not None
    liver = before.labels == before.label_codes["liver"]
    same_total = before.reference[liver].sum() / after.reference[liver].sum()  # both scans have the same total counts
    wanted = after.reference * same_total
    missed = changed.target.numpy() * changed.scale - wanted
    assert np.linalg.norm(missed) < 0.1 * np.linalg.norm(before.reference - wanted)


def test_the_regions_are_those_of_the_new_infarct(monkeypatch: pytest.MonkeyPatch) -> None:
    ill, healthy = patient(ill=True), patient(ill=False)
    assert ill.truth is not None
    made, changed = prepared(ill).regions, changed_to(healthy, ill.truth.defects, monkeypatch).regions
    gone = changed_to(ill, (), monkeypatch).regions
    assert made is not None and made.contrast is not None
    assert changed is not None and changed.contrast is not None
    assert gone is not None and gone.contrast is None
    both = torch.minimum(made.contrast[0], changed.contrast[0]).sum()
    assert float(both) > 0.85
    assert gone.averages.shape[0] == changed.averages.shape[0] - 1


def expected(sample: PreparedStudy) -> tuple[torch.Tensor, ...]:
    assert sample.target is not None
    system, target = sample.inputs.system, sample.target
    return tuple((system.project(target, s) + part) * sample.scale for s, part in enumerate(sample.inputs.scatter))


def together(parts: tuple[torch.Tensor, ...]) -> npt.NDArray[np.float64]:
    return np.concatenate([part.double().numpy() for part in parts])


@pytest.mark.parametrize("ill_before", [True, False])
def test_changed_counts_are_poisson_numbers_of_the_changed_activity(
    ill_before: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = patient(ill=not ill_before).truth
    assert other is not None
    monkeypatch.setattr(infarcts, "draw_infarcts", lambda _: other.defects)
    before, source = prepared(patient(ill=ill_before)), generator()
    means, spreads, trends = expected(before), [], []
    for _ in range(10):
        measured = tuple(torch.poisson(part, source) / before.scale for part in means)
        after = with_other_infarcts(replace(before, inputs=replace(before.inputs, measured=measured)), source)
        new = together(expected(after))
        noise, change = counts(after) - new, new - together(means)
        touched = np.abs(change) > 0.02 * np.abs(change).max()
        spreads.append(float((noise[touched] ** 2 / new[touched]).mean()))
        trends.append(float((noise * change).sum() / np.sqrt((change**2 * new).sum())))
    assert np.mean(spreads) == pytest.approx(1.0, abs=0.07)  # 4000 bins in all: three standard deviations
    assert abs(np.mean(trends)) < 1.0  # likewise


def test_most_infarcts_are_mild_and_a_quarter_of_the_hearts_have_none() -> None:
    source = generator()
    drawn = [draw_infarcts(source) for _ in range(2000)]
    numbers = np.bincount([len(infarct) for infarct in drawn], minlength=3) / len(drawn)
    assert numbers == pytest.approx(np.array(NUMBERS), abs=0.03)
    depths = np.array([infarct.severity for pair in drawn for infarct in pair])
    assert depths.min() > LEAST_SEVERITY
    assert depths.max() < MOST_SEVERITY
    assert 0.65 < float((depths < 0.5).mean()) < 0.8


def test_copies_follow_their_seed_and_make_their_own_start() -> None:
    target = PhantomTarget(SpectReconstructionParameters(other_infarcts=1.0))
    sample = prepared(patient(ill=True))
    one, same, other = (target.example(sample, generator(seed)).study for seed in (3, 3, 4))
    assert all(map(torch.equal, one.inputs.measured, same.inputs.measured))
    assert one.target is not None and other.target is not None
    assert not torch.equal(one.target, other.target)
    assert not torch.equal(one.inputs.start, sample.inputs.start)
    assert target.example(sample, None).study is sample


def test_a_heart_that_nobody_described_stays_as_it_is() -> None:
    bare = prepared(replace(patient(ill=True), truth=None))
    assert with_other_infarcts(bare, generator()) is bare


def test_a_heart_of_another_shape_stays_as_it_is() -> None:
    study = patient(ill=True)
    assert study.truth is not None
    heart = replace(study.truth.heart, outer_radius_mm=1.5 * study.truth.heart.outer_radius_mm)
    other = prepared(replace(study, truth=replace(study.truth, heart=heart)))
    assert with_other_infarcts(other, generator()) is other
