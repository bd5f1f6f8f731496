"""Every reconstruction network keeps the same promises; a new one inherits all of this by being registered."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from model.checkpoint import expected_tensors, load_model, save_model
from model.dataset import prepare_study
from model.errors import ModelError, WeightsError
from model.inference import fitted, reconstruct
from model.networks import NETWORKS, build_network, parse_network
from model.networks.inputs import CONDITIONS, ReconstructionNetwork
from model.task_spec import task_spec
from model.transforms import body_mask
from tests.support.networks import SMALL_NETWORKS, small_network, small_sample, small_study
from tests.support.studies import tiny_study

NAMES = sorted(NETWORKS)
FIXED_SIZE = {"encoder_decoder"}
LARGEST_FILE = 2_000_000
every_network = pytest.mark.parametrize("name", NAMES)
any_size = pytest.mark.parametrize("name", [name for name in NAMES if name not in FIXED_SIZE])


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def run(network: ReconstructionNetwork) -> Tensor:
    with torch.no_grad():
        image: Tensor = network(small_sample(network).inputs)
    return image


def test_every_network_is_listed_trainable_and_tested() -> None:
    assert set(NETWORKS) == set(SMALL_NETWORKS) == set(task_spec("spect-reconstruction").networks)
    for name, kind in NETWORKS.items():
        assert kind.config().model_dump()["name"] == name
        assert kind.description.endswith(".")
        fields = {field: entry for field, entry in kind.config.model_fields.items() if field != "name"}
        assert all(entry.description for entry in fields.values()), name


@every_network
def test_a_configuration_is_completed_stable_and_strict(name: str) -> None:
    whole = parse_network({"name": name} | SMALL_NETWORKS[name]).model_dump(mode="json")
    assert parse_network(whole).model_dump(mode="json") == whole
    with pytest.raises(ModelError, match="depth_of_field") as caught:
        parse_network({"name": name, "depth_of_field": 3})
    assert caught.value.code == "network.invalid"


@every_network
def test_an_image_is_finite_non_negative_and_empty_outside_the_body(name: str) -> None:
    study = small_study()
    image = reconstruct(study, small_network(name))
    assert study.attenuation is not None
    mask = body_mask(torch.from_numpy(study.attenuation), study.geometry.volume_shape).numpy()
    assert image.dtype == np.float32
    assert image.shape == study.geometry.volume_shape
    assert np.isfinite(image).all()
    assert image.min() >= 0
    assert image[mask == 0].max() == 0
    assert image.sum() > 0


@every_network
def test_an_untrained_network_is_its_classical_start_or_em_steps_from_it(name: str) -> None:
    network = small_network(name, active=False)
    sample = small_sample(network, small_study(noise=False))
    with torch.no_grad():
        image = network(sample.inputs)
    if name.startswith("unrolled"):
        assert sample.target is not None
        assert _error(image, sample.target) < _error(sample.inputs.start, sample.target)
    else:
        assert torch.allclose(image, sample.inputs.start * sample.inputs.mask, atol=1e-6)


def _error(image: Tensor, target: Tensor) -> float:
    return float((image - target).norm() / target.norm())


@every_network
def test_the_image_scales_with_the_counts_when_noise_is_said_to_be_equal(name: str) -> None:
    network, study = small_network(name), small_study(noise=False)
    assert study.scatter is not None
    one = small_sample(network, study)
    eight = small_sample(network, replace(study, projections=study.projections * 8, scatter=study.scatter * 8))
    assert eight.scale == pytest.approx(8 * one.scale, rel=1e-5)
    with torch.no_grad():
        base = network(one.inputs)
        scaled = network(replace(eight.inputs, condition=one.inputs.condition))
    assert torch.allclose(base, scaled, rtol=2e-3, atol=1e-3)


@every_network
def test_scatter_that_is_known_is_not_taken_for_activity(name: str) -> None:
    network, study = small_network(name), small_study(noise=False)
    assert study.scatter is not None
    clean = replace(study, projections=study.projections - study.scatter, scatter=None)
    image, expected = reconstruct(study, network), reconstruct(clean, network)
    assert np.linalg.norm(image - expected) < 0.1 * np.linalg.norm(expected)


@every_network
def test_what_the_counts_and_the_camera_say_changes_the_image(name: str) -> None:
    network = small_network(name)
    inputs = small_sample(network).inputs
    with torch.no_grad():
        base = network(inputs)
        for place in range(CONDITIONS):
            condition = inputs.condition.clone()
            condition[place] += 1.0
            assert not torch.allclose(base, network(replace(inputs, condition=condition)), atol=1e-5)


@every_network
def test_every_weight_gets_a_finite_gradient(name: str) -> None:
    network = small_network(name)
    sample = small_sample(network)
    assert sample.target is not None
    (network(sample.inputs) - sample.target).square().mean().backward()
    for key, parameter in network.named_parameters():
        assert parameter.grad is not None, key
        assert torch.isfinite(parameter.grad).all(), key
        assert float(parameter.grad.abs().sum()) > 0, key


@every_network
def test_the_first_step_of_an_untrained_network_has_a_gradient(name: str) -> None:
    network = small_network(name, active=False)
    sample = small_sample(network)
    assert sample.target is not None
    (network(sample.inputs) - sample.target).square().mean().backward()
    assert any(p.grad is not None and float(p.grad.abs().sum()) > 0 for p in network.parameters())


@every_network
def test_the_gradient_is_the_slope(name: str) -> None:
    network = small_network(name)
    sample = small_sample(network)
    inputs = replace(sample.inputs, mask=torch.ones_like(sample.inputs.mask), box=(0, 14, 0, 14))
    generator = torch.Generator().manual_seed(1)
    weights = [p for key, p in network.named_parameters() if "last" in key]
    directions = [torch.randn(p.shape, generator=generator) * 0.01 for p in weights]

    def loss() -> Tensor:
        value: Tensor = (network(inputs) - 0.7).square().mean()
        return value

    def loss_after(step: float) -> float:
        for weight, direction in zip(weights, directions, strict=True):
            weight.add_(direction, alpha=step)
        value = float(loss())
        for weight, direction in zip(weights, directions, strict=True):
            weight.sub_(direction, alpha=step)
        return value

    loss().backward()  # type: ignore[no-untyped-call]  # torch leaves Tensor.backward untyped
    slope = sum(float((w.grad * d).sum()) for w, d in zip(weights, directions, strict=True) if w.grad is not None)
    with torch.no_grad():
        numeric = (loss_after(0.1) - loss_after(-0.1)) / 0.2
    assert slope == pytest.approx(numeric, rel=0.05, abs=1e-5)


@every_network
def test_a_few_steps_come_nearer_to_the_reference(name: str) -> None:
    network = small_network(name, active=False)
    sample = small_sample(network)
    assert sample.target is not None
    optimiser = torch.optim.AdamW(network.parameters(), lr=5e-3)
    losses = []
    for _ in range(12):
        optimiser.zero_grad()
        loss = (network(sample.inputs) - sample.target).square().mean()
        loss.backward()
        optimiser.step()
        losses.append(float(loss.detach()))
    assert losses[-1] < 0.95 * losses[0]


@every_network
def test_the_seed_decides_the_weights_and_the_image(name: str) -> None:
    one, same, other = (small_network(name, seed) for seed in (3, 3, 4))
    assert torch.equal(run(one), run(same))
    assert torch.equal(run(one), run(one))
    assert not torch.equal(run(one), run(other))


@any_size
@pytest.mark.parametrize("shape", [(5, 13, 17), (8, 20, 20)])
def test_a_network_of_one_matrix_runs_on_another_odd_ones_too(name: str, shape: tuple[int, int, int]) -> None:
    image = reconstruct(tiny_study(1, shape=shape, voxel_mm=22.0, views=9), small_network(name))
    assert image.shape == shape
    assert np.isfinite(image).all()


@any_size
def test_a_study_without_map_or_scatter_or_with_few_views_still_reconstructs(name: str) -> None:
    network = small_network(name)
    bare = replace(small_study(scatter_fraction=0.0), attenuation=None)
    assert reconstruct(bare, network).sum() > 0
    assert reconstruct(small_study(views=3), network).sum() > 0


@pytest.mark.parametrize("name", sorted(FIXED_SIZE))
@pytest.mark.parametrize("options", [{"views": 9}, {"shape": (6, 16, 16)}, {"n_bins": 15}])
def test_a_network_of_fixed_size_refuses_others_and_says_both(name: str, options: dict[str, object]) -> None:
    network, study = small_network(name), small_study(**options)
    with pytest.raises(ModelError) as caught:
        reconstruct(study, network)
    assert caught.value.code == "network.geometry"
    wanted, got = str(caught.value).split(";")
    assert "12 views of 14 bins and slices of 14 x 14" in wanted
    assert f"{study.geometry.n_views} views of {study.geometry.n_bins} bins" in got
    assert caught.value.remedy


@every_network
def test_a_network_of_fixed_planes_takes_any_number_of_slices(name: str) -> None:
    assert reconstruct(small_study(shape=(9, 14, 14)), small_network(name)).shape == (9, 14, 14)


@every_network
def test_a_sample_is_prepared_again_only_for_another_recipe(name: str) -> None:
    network = small_network(name)
    sample = small_sample(network)
    assert fitted(sample, network) is sample
    other = prepare_study(sample.study, name="s", recipe=replace(network.recipe, subsets=5, kind="uniform"))
    again = fitted(other, network)
    assert again.recipe == network.recipe
    assert torch.equal(again.inputs.start, sample.inputs.start)
    assert fitted(other, network) is again


@every_network
def test_saved_and_loaded_it_gives_the_same_image(name: str, tmp_path: Path) -> None:
    network = small_network(name)
    config = {"name": name} | SMALL_NETWORKS[name]
    saved = save_model(tmp_path, network, task="spect-reconstruction", config=config, created_at="2026-01-01T00:00:00Z")
    loaded, card = load_model(saved.path, task="spect-reconstruction")
    assert isinstance(loaded, ReconstructionNetwork)
    loaded.low_precision = False
    assert card.parameters == sum(p.numel() for p in network.parameters())
    assert torch.equal(run(network), run(loaded))
    saved.path.write_bytes(saved.path.read_bytes()[:-4])
    with pytest.raises(WeightsError):
        load_model(saved.path)


@every_network
def test_state_names_do_not_depend_on_the_seed_and_hold_no_statistics(name: str) -> None:
    network = build_network({"name": name} | SMALL_NETWORKS[name], seed=0)
    state, parameters = network.state_dict(), dict(network.named_parameters())
    assert list(state) == list(build_network({"name": name} | SMALL_NETWORKS[name], seed=1).state_dict())
    assert set(state) == set(parameters)
    assert not any("norm" in type(module).__name__.lower() for module in network.modules())


def test_the_tensors_of_a_file_tell_its_kind() -> None:
    shapes = {name: expected_tensors(build_network({"name": name})) for name in NAMES}
    for name, mine in shapes.items():
        assert [other for other in NAMES if shapes[other] == mine] == [name]


@pytest.mark.parametrize(
    ("name", "least", "most"),
    [
        ("unrolled_em", 20_000, 50_000),
        ("unrolled_unet", 300_000, 499_000),
        ("osem_unet", 150_000, 300_000),
        ("fbp_unet", 150_000, 300_000),
        ("primal_dual", 70_000, 100_000),
        ("encoder_decoder", 1_000_000, 3_000_000),
    ],
)
def test_the_default_has_its_size(name: str, least: int, most: int, tmp_path: Path) -> None:
    network = build_network({"name": name}, seed=0)
    assert least <= sum(p.numel() for p in network.parameters()) <= most
    saved = save_model(
        tmp_path, network, task="spect-reconstruction", config={"name": name}, created_at="2026-01-01T00:00:00Z"
    )
    if name != "encoder_decoder":  # the historical baseline is not shipped
        assert saved.path.stat().st_size < LARGEST_FILE


@every_network
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device; none here, so CUDA stays untested")
def test_cuda_gives_the_image_of_the_cpu(name: str) -> None:
    network, study = small_network(name), small_study()
    on_cpu = reconstruct(study, network)
    on_cuda = reconstruct(study, network.cuda())
    assert np.linalg.norm(on_cuda - on_cpu) < 5e-3 * np.linalg.norm(on_cpu)


@every_network
def test_half_factors_hardly_change_the_image(name: str) -> None:
    network, study = small_network(name), small_study()
    exact = small_sample(network)
    light = prepare_study(study, name="s", recipe=network.recipe, half_factors=True)
    with torch.no_grad():
        a, b = network(exact.inputs) * exact.scale, network(light.inputs) * light.scale
    assert float((a - b).norm() / a.norm()) < 2e-3
