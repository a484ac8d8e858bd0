"""The distance of images from a network's source data: its laws on a tiny network, its levels on real images."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import nn

from cnn_studio.app.importing import open_library_network
from cnn_studio.compiler import lower
from cnn_studio.core.errors import Cancelled, DataError, NetworkError
from cnn_studio.datasets.batches import normalise
from cnn_studio.datasets.decode import read_image
from cnn_studio.datasets.digits import read_digits
from cnn_studio.datasets.resize import resize_images
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.transfer.advisor import Advice, advise
from cnn_studio.transfer.likeness import Likeness
from cnn_studio.transfer.similarity import hellinger, measure_similarity
from cnn_studio.transfer.sources import find_source

PLAIN = ((0.5, 0.5, 0.5), (0.25, 0.25, 0.25))
RULER = "efficientnet_lite0"
LOOKED_AT = 40
DataFolder = Callable[[str], Path]


def small(seed: int = 0, size: int = 12, count: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).integers(20, 200, (count, 3, size, size), dtype=np.uint8)


def tiny(images: np.ndarray) -> nn.Sequential:
    """A network of three BatchNorm layers, one of them depthwise, whose statistics are those of the images."""
    with torch.random.fork_rng():
        torch.manual_seed(3)
        module = nn.Sequential(
            nn.Conv2d(3, 8, 3),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 8, 3, groups=8),
            nn.BatchNorm2d(8),
            nn.ReLU(inplace=True),
            nn.Conv2d(8, 6, 1),
            nn.BatchNorm2d(6),
        )
    values = normalise(torch.from_numpy(images), *PLAIN)
    module.eval()
    with torch.no_grad():
        for layer in module:
            if isinstance(layer, nn.BatchNorm2d):
                var, mean = torch.var_mean(values.double(), dim=(0, 2, 3), correction=0)
                layer.running_mean, layer.running_var = mean.float(), var.float()
            values = layer(values)
    return module


def test_the_images_that_the_statistics_are_from_are_at_no_distance() -> None:
    images = small()
    found = measure_similarity(tiny(images), images, PLAIN)
    assert [layer.path for layer in found.layers] == ["1", "4", "7"]
    # a Hellinger distance of 1e-3 is a difference of one millionth in the overlap: float32 rounding
    assert all(layer.distance < 2e-3 for layer in found.layers)
    assert found.level == "similar"


@given(st.permutations(range(12)), st.integers(0, 5))
def test_the_order_of_images_does_not_matter(order: list[int], seed: int) -> None:
    module, images = tiny(small(1)), small(2)
    first = measure_similarity(module, images, PLAIN)
    other = measure_similarity(module, images[order], PLAIN, seed=seed)
    assert other.distance == pytest.approx(first.distance, abs=1e-5)


@given(st.integers(0, 9), st.booleans())
def test_the_distance_grows_with_the_shift(seed: int, darker: bool) -> None:
    images = small(seed, count=6)
    module = tiny(images)[:2]
    steps = [0, -5, -10, -20] if darker else [0, 10, 30, 55]
    found = [
        measure_similarity(module, (images.astype(int) + step).astype(np.uint8), PLAIN).distance
        for step in steps
    ]
    assert found == sorted(found) and len(set(found)) == len(found)


@given(
    st.lists(
        st.tuples(st.floats(-1e6, 1e6), st.floats(1e-12, 1e12), st.floats(-1e6, 1e6), st.floats(1e-12, 1e12)),
        min_size=1,
    )
)
def test_the_distance_of_two_gaussians_is_a_bounded_distance(pairs: list[tuple[float, ...]]) -> None:
    mean, var, other_mean, other_var = torch.tensor(pairs, dtype=torch.float64).T
    there = hellinger(mean, var, other_mean, other_var)
    assert ((there >= 0) & (there <= 1)).all()
    torch.testing.assert_close(there, hellinger(other_mean, other_var, mean, var))
    assert (hellinger(mean, var, mean, var) < 1e-7).all()


def test_the_distance_of_two_gaussians_is_that_of_their_densities() -> None:
    x = torch.linspace(-40, 40, 400_001, dtype=torch.float64)
    for mean, std, other_mean, other_std in [(0, 1, 1, 1), (0, 1, 0, 3), (2, 0.5, -1, 2)]:
        ways = torch.distributions.Normal(mean, std), torch.distributions.Normal(other_mean, other_std)
        p, q = (way.log_prob(x).exp() for way in ways)
        integral = torch.trapezoid((p.sqrt() - q.sqrt()).square(), x).item() / 2
        numbers = [torch.tensor(float(n)) for n in (mean, std**2, other_mean, other_std**2)]
        assert hellinger(*numbers).item() ** 2 == pytest.approx(integral, abs=1e-5)


def test_dead_channels_that_stay_dead_are_alike_and_awakened_ones_far() -> None:
    images = small()
    module = nn.Sequential(nn.Conv2d(3, 2, 1, bias=False), nn.BatchNorm2d(2))
    with torch.no_grad():
        module[0].weight.zero_()
        module[1].running_mean.copy_(torch.tensor([0.0, 1e-9]))
        module[1].running_var.copy_(torch.tensor([0.0, 1e-14]))
    assert measure_similarity(module, images, PLAIN).distance < 1e-3
    with torch.no_grad():
        module[0].weight.fill_(1.0)
    awake = measure_similarity(module, images, PLAIN).distance
    assert 0.8 < awake <= 1


def test_the_network_comes_back_as_it_was() -> None:
    images = small()
    module = tiny(images).train()
    before = {key: value.clone() for key, value in module.state_dict().items()}
    measure_similarity(module, images, PLAIN)
    assert module.training
    assert all(torch.equal(value, before[key]) for key, value in module.state_dict().items())
    assert not any(layer._forward_pre_hooks for layer in module.modules())


def test_progress_is_told_and_checks_can_stop() -> None:
    images, steps = small(size=224, count=40), []
    module = tiny(small())
    measure_similarity(
        module, images, PLAIN, most=33, progress=lambda done, total: steps.append((done, total))
    )
    assert steps == [(16, 33), (32, 33), (33, 33)]

    def stop() -> None:
        raise Cancelled

    with pytest.raises(Cancelled):
        measure_similarity(module, images, PLAIN, check=stop)
    assert not any(layer._forward_pre_hooks for layer in module.modules())


@pytest.mark.parametrize(
    "module",
    [
        nn.Conv2d(3, 4, 1),
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)),  # its statistics are those of a new layer
        nn.Sequential(nn.Conv2d(3, 4, 1), nn.GroupNorm(2, 4)),
        nn.Sequential(nn.BatchNorm2d(3, track_running_stats=False)),
    ],
    ids=["without norms", "untrained", "group norm", "untracked"],
)
def test_networks_without_learned_statistics_cannot_measure(module: nn.Module) -> None:
    with pytest.raises(NetworkError, match="no BatchNorm layers"):
        measure_similarity(module, small(), PLAIN)


def test_no_images_and_damaged_weights_are_told_in_a_sentence() -> None:
    module = tiny(small())
    with pytest.raises(DataError, match="no images"):
        measure_similarity(module, small()[:0], PLAIN)
    with torch.no_grad():
        module[6].weight[0] = float("nan")
    with pytest.raises(NetworkError, match="no numbers"):
        measure_similarity(module, small(), PLAIN)


def test_few_images_are_measured_and_never_called_clear() -> None:
    module = tiny(small(count=30))
    one = measure_similarity(module, small(5)[:1], PLAIN)
    assert (one.num_images, one.deviation, one.is_clear) == (1, None, False)
    three = measure_similarity(module, small(5)[:3], PLAIN)
    assert three.deviation is not None and three.deviation > 0 and not three.is_clear


def test_the_standard_error_is_that_of_other_choices() -> None:
    # seeds apart from those of the choices: the same random numbers would sort the images by their light
    light = np.random.default_rng(4).uniform(0.3, 1.0, (1_500, 1, 1, 1))
    images = (small(count=1_500) * light).astype(np.uint8)
    module = tiny(small(6))
    found = [measure_similarity(module, images, PLAIN, most=30, seed=seed) for seed in range(100, 150)]
    spread = np.std([one.distance for one in found], ddof=1)
    told = np.mean([one.deviation for one in found if one.deviation is not None])
    print(f"standard error {told:.4f} told, {spread:.4f} seen")
    assert 0.6 < told / spread < 1.7


@cache
def ruler() -> tuple[torch.fx.GraphModule, Preprocessing]:
    project = open_library_network(find_source(RULER).full_name).project
    weights = {key: torch.tensor(a) for key, a in project.weights.to_state(project.document).items()}
    return lower(project.document, weights=weights), project.document.info.preprocessing


def measure(images: np.ndarray, most: int = LOOKED_AT, seed: int = 0) -> Likeness:
    module, given = ruler()
    assert given.mean is not None and given.std is not None
    return measure_similarity(module, images, (given.mean, given.std), ruler=RULER, most=most, seed=seed)


def photographs(files: list[Path], size: int = 224) -> np.ndarray:
    return np.stack([read_image(file, size, size, 3, ruler()[1]) for file in files])


def enlarged(grey: np.ndarray) -> np.ndarray:
    out = np.zeros((len(grey), 1, 224, 224), np.uint8)
    resize_images(grey, out, ruler()[1])
    return out


def grain(count: int, sigma: float, seed: int) -> np.ndarray:
    """Grey fields [N, 1, 224, 224] of noise that a Gaussian of `sigma` pixels has smoothed."""
    noise = np.random.default_rng(seed).standard_normal((count, 1, 224, 224))
    squares = np.fft.fftfreq(224)[:, None] ** 2 + np.fft.rfftfreq(224)[None] ** 2
    fields = np.fft.irfft2(np.fft.rfft2(noise) * np.exp(-2 * (np.pi * sigma) ** 2 * squares), s=(224, 224))
    return np.clip(fields / fields.std() * 45 + 128, 0, 255).astype(np.uint8)


def advice_on(parts: dict[str, np.ndarray]) -> Advice:
    """Advice on classes of images, measured on all of them together; the reasons must name what was measured."""
    likeness = measure(np.concatenate(list(parts.values())))
    advice = advise({name: len(images) for name, images in parts.items()}, likeness)
    assert f"Distance {likeness.distance:.2f}" in advice.why and RULER in advice.why
    print(advice.case, likeness.text)
    return advice


def test_few_photographs_get_a_linear_classifier_on_codes(test_data: DataFolder) -> None:
    folder = test_data("hymenoptera") / "val"
    advice = advice_on(
        {name: photographs(sorted((folder / name).glob("*.jpg"))[:30]) for name in ("ants", "bees")}
    )
    assert (advice.case, advice.strategy, advice.cut) == ("small_similar", "svm", "before_classifier")


def test_few_textures_get_a_linear_classifier_on_earlier_activations() -> None:
    advice = advice_on({"fine": grain(20, 1.0, 1), "medium": grain(20, 1.5, 2), "coarse": grain(20, 3.0, 3)})
    assert (advice.case, advice.strategy, advice.cut) == ("small_different", "svm", "earlier")
    assert any("negative transfer" in text for text in advice.warnings)


def test_few_digits_get_a_linear_classifier_on_earlier_activations() -> None:
    digits = read_digits().train
    parts = {str(at): enlarged(digits.images[digits.labels == at][:15]) for at in range(10)}
    assert advice_on(parts).case == "small_different"


def test_many_photographs_get_fine_tuning(test_data: DataFolder) -> None:
    files = sorted(test_data("imagenet-samples").glob("*.JPEG"))
    assert len(files) == 100
    large = photographs(files, 256)
    crops = np.concatenate(
        [
            images[:, :, top : top + 224, left : left + 224]
            for images in (large, large[..., ::-1])
            for top, left in ((0, 0), (0, 32), (32, 0), (32, 32), (16, 16))
        ]
    )
    advice = advice_on({f"class {at}": crops[at::10] for at in range(10)})
    assert (advice.case, advice.strategy) == ("large_similar", "finetune")
    assert not any("negative transfer" in text for text in advice.warnings)


def test_many_digits_get_fine_tuning_from_pretrained_weights() -> None:
    digits = read_digits().train
    advice = advice_on({str(at): enlarged(digits.images[digits.labels == at]) for at in range(10)})
    assert (advice.case, advice.strategy) == ("large_different", "finetune")
    assert any("negative transfer" in text for text in advice.warnings)


def test_levels_of_other_images(test_data: DataFolder) -> None:
    thumbnails = sorted((test_data("cifar10-small") / "test").glob("*/*"))[::15]
    assert measure(photographs(thumbnails)).level == "somewhat different"
    insects = photographs(sorted((test_data("hymenoptera") / "val").glob("*/*.jpg"))[::4])
    grey = insects.astype(np.float32).mean(axis=1, keepdims=True).astype(np.uint8)
    for changed in (grey, 255 - insects, (insects * 0.3).astype(np.uint8)):
        assert measure(changed).level == "similar"
    noise = np.random.default_rng(0).integers(0, 256, (20, 3, 224, 224), dtype=np.uint8)
    assert measure(noise).level == "very different"
