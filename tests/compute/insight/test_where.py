"""Grad-CAM and occlusion: what they show matters to the class, and looking changes nothing."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from cnn_studio.compiler import lower
from cnn_studio.core.errors import Cancelled, GraphError, ParameterError
from cnn_studio.graph.starters import find_starter
from cnn_studio.insight.maps import Look, LookInside
from cnn_studio.insight.occlusion import occlude, usual_patch
from cnn_studio.insight.where import Weighing, default_place, grad_cam
from tests.helpers.images import real_data
from tests.helpers.looking import random_image, random_state, randomised
from tests.helpers.networks import chain, join, tiny_classifier


@pytest.fixture(scope="module")
def efficientnet() -> LookInside:
    from cnn_studio.app.inspecting import look_inside
    from cnn_studio.app.predicting import open_for_prediction

    return look_inside(open_for_prediction("source:efficientnet_lite0"))[0]


def by_hooks(
    network: LookInside, image: np.ndarray, class_index: int, path: str, weighing: Weighing
) -> np.ndarray:
    """As the papers' readers write it: a hook on the layer, and backward through the whole network."""
    document = network.document
    state = {
        f"{document.layer(i).path}.{name}".rstrip("."): tensor
        for i in network.runner.layers
        for name, tensor in network.runner.tensors(i).items()
    }
    module = lower(document, weights=state).eval()
    kept: list[torch.Tensor] = []

    def keep(part: object, given: object, result: torch.Tensor) -> None:
        result.retain_grad()
        kept.append(result)

    module.get_submodule(path).register_forward_hook(keep)
    module(network.normalised(image))[0, class_index].backward()
    assert kept[0].grad is not None
    weights = kept[0].grad.mean(dim=(2, 3), keepdim=True) if weighing == "map" else kept[0].grad.relu()
    return (weights * kept[0]).sum(dim=1)[0].clamp(min=0).detach().numpy()


@pytest.mark.parametrize(
    ("name", "path"), [("resnet18", "layer4.1.relu2"), ("resnet18", "layer3.0.conv1"), ("lenet5", "C1")]
)
@pytest.mark.parametrize("weighing", ["cell", "map"])
def test_heat_is_what_hooks_and_a_whole_backward_pass_give(name: str, path: str, weighing: Weighing) -> None:
    document = find_starter(name).build()
    path = path if path in document.paths else document.layer(default_place(LookInside(document))).path
    network = randomised(document)
    image = random_image(network)
    look = network.look(image)
    found = grad_cam(look, 3, document.paths[path], weighing=weighing)
    expected = by_hooks(network, image, 3, path, weighing)
    assert found.cells == pytest.approx(expected, rel=1e-3, abs=1e-6 + 1e-3 * float(expected.max()))
    assert found.score == pytest.approx(look.scores[3], rel=1e-4, abs=1e-4)
    assert found.heat.shape == network.input_shape[1:]
    assert found.heat.min() >= 0 and found.heat.max() == pytest.approx(1.0)
    left_out = network.look(image, only={network.output})
    again = grad_cam(left_out, 3, document.paths[path], weighing=weighing)
    assert np.array_equal(again.cells, found.cells) and again.weighing == weighing


@pytest.mark.parametrize(
    ("name", "path"),
    [("lenet5", "C3"), ("vgg16", "features.29"), ("resnet50", "layer3.5"), ("small-cnn", "relu2")],
)
def test_the_layer_chosen_is_the_last_with_cells_that_are_fine_enough(name: str, path: str) -> None:
    network = LookInside(find_starter(name).build())
    assert network.document.layer(default_place(network)).path.startswith(path)


def test_small_images_have_no_fine_cells_in_late_layers() -> None:
    document = find_starter("resnet18").build()
    (entry,) = (layer for layer in document.layers.values() if layer.type == "input")
    document.change_layer(entry.id, params={"channels": 3, "height": 32, "width": 32})
    network = LookInside(document)
    chosen = default_place(network)
    assert network.document.layer(chosen).path.startswith("layer1.1") and network.shape(chosen) == (64, 8, 8)


def test_the_layer_chosen_in_efficientnet(efficientnet: LookInside) -> None:
    chosen = default_place(efficientnet)
    assert efficientnet.document.layer(chosen).path == "blocks.5.0.bn1_act"
    assert efficientnet.shape(chosen) == (672, 14, 14)


@pytest.mark.parametrize("first", [slice(10), slice(0, None, 10)], ids=["the first ten", "every tenth"])
def test_masking_what_is_hot_hurts_more_than_masking_at_random(
    efficientnet: LookInside, first: slice
) -> None:
    files = sorted(real_data("imagenet-samples").glob("*.JPEG"))[first]
    assert len(files) == 10
    assert sum(_hurts_more(efficientnet, file) for file in files) >= 8


@pytest.mark.slow
def test_masking_what_is_hot_hurts_more_in_most_photographs(efficientnet: LookInside) -> None:
    files = sorted(real_data("imagenet-samples").glob("*.JPEG"))
    hurt = sum(_hurts_more(efficientnet, file) for file in files)
    print(f"covering the hottest quarter hurts more in {hurt} of {len(files)} photographs")
    assert hurt >= 0.85 * len(files)


def _hurts_more(network: LookInside, file: Path) -> bool:
    """Whether masking the hottest quarter takes more from the score than a random quarter does, by the mean of eight."""
    look = network.look(network.prepare(file))
    class_index = int(look.scores.argmax())
    found, again = grad_cam(look, class_index), grad_cam(look, class_index)
    assert np.array_equal(found.heat, again.heat) and np.array_equal(found.cells, again.cells)
    hottest = np.zeros(found.heat.size, bool)
    hottest[np.argsort(-found.heat.ravel(), kind="stable")[: found.heat.size // 4]] = True
    rng = np.random.default_rng(0)
    at_random = [_cells_mask(rng.permutation(49)[:12]) for _ in range(8)]
    scores = _masked(look, class_index, [hottest.reshape(found.heat.shape), *at_random])
    return bool(scores[0] < scores[1:].mean())


def _cells_mask(cells: np.ndarray) -> np.ndarray:
    mask = np.zeros(49, bool)
    mask[cells] = True
    return np.kron(mask.reshape(7, 7), np.ones((32, 32), bool)).astype(bool)


def _masked(look: Look, class_index: int, masks: list[np.ndarray]) -> np.ndarray:
    images = look.images.repeat(len(masks), 1, 1, 1)
    for image, mask in zip(images, masks, strict=True):
        image[:, torch.from_numpy(mask)] = 0
    with torch.inference_mode():
        output = look.network.output
        found: np.ndarray = look.network.runner.run(images, {output})[output][:, class_index].numpy()
    return found


def test_looking_where_leaves_the_network_as_it_was() -> None:
    network = randomised(find_starter("resnet18").build())
    look = network.look(random_image(network))
    before = {i: {n: t.clone() for n, t in network.runner.tensors(i).items()} for i in network.runner.layers}
    with torch.no_grad():  # a caller's mode does not matter
        assert grad_cam(look, 0).cells.any()
    occlude(look, 0, patch=(112, 112), stride=(112, 112))
    for layer_id, tensors in before.items():
        part = network.runner.part(layer_id)
        if part is not None:
            assert not part.training
            assert all(not param.requires_grad and param.grad is None for param in part.parameters())
        for key, tensor in tensors.items():
            assert torch.equal(network.runner.tensors(layer_id)[key], tensor)


def test_networks_without_a_where_say_so() -> None:
    document = chain((1, 1, 1), ("flat", "flatten", {}), ("fc", "linear", {"out_features": 3}))
    network = LookInside(document)
    look = network.look(random_image(network))
    with pytest.raises(GraphError, match="no where to show"):
        grad_cam(look, 0)
    tiny = LookInside(tiny_classifier())
    look = tiny.look(random_image(tiny))
    with pytest.raises(GraphError, match="fc1 has no maps of more than one cell"):
        grad_cam(look, 0, tiny.document.paths["fc1"])
    with pytest.raises(GraphError, match="There is no class 10"):
        grad_cam(look, 10)
    dead = random_state(tiny)
    dead["conv1.weight"].zero_()
    dead["conv1.bias"].fill_(-1.0)
    silent = LookInside(tiny_classifier(), dead)
    found = grad_cam(silent.look(look.image), 0)
    assert found.is_empty and not found.heat.any()


def test_grad_cam_behind_softmax_and_in_maps_with_channels_last() -> None:
    document = chain(
        (3, 8, 8),
        ("conv", "conv2d", {"out_channels": 6, "kernel_size": 3, "padding": 1}),
        ("last", "permute", {"order": (1, 2, 0)}),
        ("act", "gelu", {}),
        ("first", "permute", {"order": (2, 0, 1)}),
        ("pool", "global_avg_pool", {}),
        ("flat", "flatten", {}),
        ("fc", "linear", {"out_features": 4}),
        ("probs", "softmax", {}),
    )
    network = randomised(document)
    look = network.look(random_image(network))
    both = [grad_cam(look, 1, document.paths[path]) for path in ("act", "first")]
    assert both[0].cells == pytest.approx(both[1].cells, abs=1e-6)
    assert both[0].score == pytest.approx(look.layer("fc").values[1], abs=1e-6)


def bright_corner() -> LookInside:
    """A network whose class 1 is how bright the upper left corner is, and nothing else."""
    document = chain((1, 8, 8), ("flat", "flatten", {}), ("fc", "linear", {"out_features": 2}))
    weight = np.zeros((2, 8, 8), np.float32)
    weight[1, :2, :2] = 1.0
    return LookInside(document, {"fc.weight": weight.reshape(2, -1), "fc.bias": np.zeros(2, np.float32)})


def test_occlusion_finds_the_place_that_matters() -> None:
    network = bright_corner()
    look = network.look(np.full((1, 8, 8), 255, np.uint8))
    told: list[tuple[int, int]] = []
    found = occlude(
        look, 1, patch=(2, 3), stride=(2, 2), progress=lambda done, total: told.append((done, total))
    )
    assert found.tops.tolist() == [0, 2, 4, 6]
    assert found.lefts.tolist() == [0, 2, 4, 5], "the last patch touches the edge"
    assert found.score == pytest.approx(1 / (1 + np.exp(-4.0)))
    assert found.drops.argmax() == 0 and (found.drops.ravel()[1:] <= 1e-6).all()
    assert found.scores[0, 0] == pytest.approx(0.5)
    assert found.heat[0, 0] == pytest.approx(found.score - 0.5, abs=1e-6)
    assert found.heat[0, 2] == pytest.approx((found.score - 0.5) / 2, abs=1e-6), "a mean over two patches"
    assert found.heat[2:].max() == pytest.approx(0, abs=1e-6)
    assert told[-1] == (16, 16)


def test_occlusion_can_be_stopped_and_refuses_what_does_not_fit() -> None:
    network = bright_corner()
    look = network.look(np.full((1, 8, 8), 255, np.uint8))
    asked: list[int] = []

    def check() -> None:
        asked.append(1)
        if len(asked) == 2:
            raise Cancelled

    with pytest.raises(Cancelled):
        occlude(look, 1, patch=(1, 1), stride=(1, 1), check=check)
    with pytest.raises(ParameterError, match="9 × 1 does not fit"):
        occlude(look, 1, patch=(9, 1))
    with pytest.raises(ParameterError, match="one pixel or more"):
        occlude(look, 1, patch=(2, 2), stride=(0, 1))
    with pytest.raises(GraphError, match="There is no class -1"):
        occlude(look, -1)
    assert usual_patch(network) == (1, 1)


def test_occlusion_finds_an_animal(efficientnet: LookInside) -> None:
    file = next(real_data("imagenet-samples").glob("*Tibetan_terrier.JPEG"))
    look = efficientnet.look(efficientnet.prepare(file))
    class_index = int(look.scores.argmax())
    found = occlude(look, class_index, patch=(64, 64), stride=(32, 32))
    assert found.score == pytest.approx(look.guesses(1)[0].score, abs=1e-4)
    assert found.drops.max() > 5 * max(0.001, abs(float(np.median(found.drops))))


def test_a_side_branch_can_be_looked_into() -> None:
    document = chain((2, 6, 6), ("stem", "conv2d", {"out_channels": 3, "kernel_size": 3, "padding": 1}))
    join(document, "side", "sigmoid", ["stem"])
    join(document, "both", "multiply", ["stem", "side"])
    join(document, "pool", "global_avg_pool", ["both"])
    join(document, "flat", "flatten", ["pool"])
    document.change_info(output=document.paths["flat"])
    network = randomised(document)
    image = random_image(network)
    found = grad_cam(network.look(image), 2, document.paths["side"])
    assert found.cells == pytest.approx(by_hooks(network, image, 2, "side", "cell"), abs=1e-6)
