"""What the layers gave: the same numbers as one at a time, within a budget, with honest thumbnails and statistics."""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np
import pytest
import torch

from cnn_studio.compiler import lower
from cnn_studio.core.errors import DataError, GraphError, NetworkError
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters import find_starter
from cnn_studio.insight.layer_look import LayerLook
from cnn_studio.insight.maps import LookInside
from tests.helpers.looking import random_image, random_state, randomised
from tests.helpers.networks import chain, join, tiny_classifier


def one_by_one(network: LookInside, document: NetworkDocument, image: np.ndarray) -> dict[str, np.ndarray]:
    """Every layer's output from a network of its own, copied at once: nothing later can spoil it."""
    state = {
        f"{document.layer(i).path}.{name}".rstrip("."): tensor
        for i in network.runner.layers
        for name, tensor in network.runner.tensors(i).items()
    }
    module = lower(document, weights=state).eval()
    found: dict[str, np.ndarray] = {}

    def note(path: str) -> Callable[[object, object, torch.Tensor], None]:
        def keep(part: object, given: object, result: torch.Tensor) -> None:
            found[path] = result.detach().numpy().copy()[0]

        return keep

    for layer_id in network.runner.layers[1:]:
        path = document.layer(layer_id).path
        module.get_submodule(path).register_forward_hook(note(path))
    with torch.no_grad():
        module(network.normalised(image))
    return found


@pytest.mark.parametrize("name", ["lenet5", "resnet18", "googlenet", "densenet121"])
def test_every_layer_is_what_it_gave(name: str) -> None:
    document = find_starter(name).build()
    network = randomised(document)
    image = random_image(network)
    look = network.look(image)
    real = one_by_one(network, document, image)
    assert len(real) > 5 and not look.left_out
    assert list(look.layers) == list(network.runner.layers)
    for path, values in real.items():
        assert np.array_equal(look.layer(path).values, values), path
    first = look.layers[network.input]
    assert np.array_equal(first.values, network.normalised(image)[0].numpy())
    assert np.array_equal(look.scores, real[document.layer(network.output).path])


def test_looking_leaves_weights_and_statistics_alone() -> None:
    network = randomised(find_starter("resnet18").build())
    before = {i: {n: t.clone() for n, t in network.runner.tensors(i).items()} for i in network.runner.layers}
    look = network.look(random_image(network))
    again = network.look(random_image(network))
    for layer_id, tensors in before.items():
        for key, tensor in tensors.items():
            assert torch.equal(network.runner.tensors(layer_id)[key], tensor)
        assert np.array_equal(look.layers[layer_id].values, again.layers[layer_id].values)
    with pytest.raises(ValueError, match="read-only"):
        look.layers[network.output].values[0] = 1


def test_a_layer_used_twice_and_a_shared_one_are_looked_at_apart() -> None:
    document = chain((2, 6, 6), ("a", "conv2d", {"out_channels": 2, "kernel_size": 3, "padding": 1}))
    join(document, "b", "conv2d", ["a"], out_channels=2, kernel_size=3, padding=1)
    document.change_layer(document.paths["b"], tied_to=document.paths["a"])
    join(document, "out", "flatten", ["b"])
    document.change_info(output=document.paths["out"])
    network = LookInside(document)
    look = network.look(random_image(network))
    once = network.runner.apply(document.paths["a"], network.normalised(look.image))
    twice = network.runner.apply(document.paths["a"], once)
    assert np.array_equal(look.layer("a").values, once[0].numpy())
    assert np.array_equal(look.layer("b").values, twice[0].numpy())


def test_what_does_not_fit_is_left_out_with_its_numbers() -> None:
    document = find_starter("resnet18").build()
    network = LookInside(document)
    image = random_image(network)
    small = network.look(image, budget=2_000_000)
    kept = sum(layer.values.nbytes for layer in small.layers.values())
    assert kept <= 2_000_000
    assert "layer4.1.conv2" in {layer.path for layer in small.layers.values()}
    sentence = small.left_out[document.paths["conv1"]]
    assert sentence == (
        "conv1 gives 64×112×112, 3.2 MB, which do not fit into the 2.0 MB for all layers. Look at it alone."
    )
    with pytest.raises(GraphError, match=r"conv1 gives 64×112×112"):
        small.layer("conv1")
    whole = network.look(image)
    alone = network.look(image, only={document.paths["conv1"]}, budget=4_000_000)
    assert list(alone.layers) == [document.paths["conv1"]] and not alone.left_out
    assert np.array_equal(alone.layer("conv1").values, whole.layer("conv1").values)
    assert np.array_equal(small.scores, whole.scores)


def test_layers_that_lead_nowhere_are_left_out() -> None:
    document = tiny_classifier()
    join(document, "loose", "relu", ["conv1"])
    network = LookInside(document)
    look = network.look(random_image(network))
    assert look.left_out[document.paths["loose"]].startswith("loose leads nowhere")
    with pytest.raises(GraphError, match="loose leads nowhere"):
        network.look(look.image, only={document.paths["loose"]})


def test_weights_are_taken_as_they_are_and_copied_from_tensors() -> None:
    document = tiny_classifier()
    state = random_state(LookInside(document), 5)
    arrays = {key: tensor.numpy().copy() for key, tensor in state.items()}
    image = random_image(LookInside(document))
    of_tensors, of_arrays = LookInside(document, state), LookInside(document, arrays)
    first = of_tensors.look(image).scores
    assert np.array_equal(of_arrays.look(image).scores, first)
    state["conv1.weight"].zero_()  # as a training run would go on
    assert np.array_equal(of_tensors.look(image).scores, first)
    wide = {key: array.astype(np.float64) for key, array in arrays.items()}
    assert np.array_equal(LookInside(document, wide).look(image).scores, first), "files may hold other types"
    fresh = of_arrays.with_weights(None, seed=4)
    assert np.array_equal(fresh.look(image).scores, LookInside(document, seed=4).look(image).scores)
    assert np.array_equal(fresh.with_weights(arrays).look(image).scores, first)
    del arrays["fc1.bias"]
    drawn = LookInside(document, arrays, seed=1).look(image).scores
    assert np.array_equal(LookInside(document, arrays, seed=1).look(image).scores, drawn)
    assert not np.array_equal(drawn, first)
    document.change_layer(document.paths["conv1"], path="renamed")
    assert np.array_equal(of_tensors.look(image).scores, first), "the document is copied"


def test_images_and_networks_that_do_not_fit_are_named() -> None:
    network = LookInside(tiny_classifier())
    with pytest.raises(DataError, match="The image is 3×8×8"):
        network.look(np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(DataError, match="float32"):
        network.look(np.zeros((1, 8, 8), np.float32))
    with pytest.raises(NetworkError):
        LookInside(chain((1, 4, 4), ("conv", "conv2d", {"kernel_size": 9}), ("out", "flatten", {})))
    with pytest.raises(GraphError, match="There is no class 10"):
        network.check_class(10)


def layer_of(values: np.ndarray) -> LayerLook:
    layout = "maps" if values.ndim == 3 else "vector"
    return LayerLook(1, "a", "relu", layout, torch.from_numpy(values.astype(np.float32)))  # type: ignore[arg-type]


def test_numbers_and_order_of_maps() -> None:
    values = np.zeros((4, 3, 3), np.float32)
    values[1] = 1.0
    values[2, 0, 0], values[2, 1, 1] = -9.0, 6.0
    values[3] = 0.5
    layer = layer_of(values)
    assert (layer.minimum, layer.maximum) == (-9.0, 6.0)
    assert layer.mean == pytest.approx(values.mean())
    numbers = layer.numbers
    assert numbers.minimum.tolist() == [0, 1, -9, 0.5]
    assert numbers.maximum.tolist() == [0, 1, 6, 0.5]
    assert numbers.mean == pytest.approx(values.mean(axis=(1, 2)))
    assert numbers.strength == pytest.approx(np.abs(values).mean(axis=(1, 2)))
    assert layer.order.tolist() == [2, 1, 3, 0]
    assert layer.dead.tolist() == [0]
    positive = layer_of(np.abs(values))
    assert positive.numbers.strength == pytest.approx(positive.numbers.mean)
    counts, edges = layer.histogram(5)
    assert counts.sum() == values.size and len(edges) == 6
    assert counts.tolist() == np.histogram(values, 5, (-9, 6))[0].tolist()


def test_thumbnails_keep_small_maps_and_average_large_ones() -> None:
    values = np.arange(2 * 4 * 5, dtype=np.float32).reshape(2, 4, 5)
    layer = layer_of(values)
    by_layer, by_map = layer.thumbnails(8), layer.thumbnails(8, scale="map")
    assert by_layer.pictures.shape == (2, 4, 5)
    assert np.abs(by_layer.pictures - values / 39 * 255).max() <= 1
    assert by_map.low.tolist() == [0, 20] and by_map.high.tolist() == [19, 39]
    assert [by_map.pictures[n].min() for n in (0, 1)] == [0, 0]
    assert [by_map.pictures[n].max() for n in (0, 1)] == [255, 255]
    chosen = layer.thumbnails(8, maps=np.array([1]))
    assert chosen.maps.tolist() == [1] and np.array_equal(chosen.pictures[0], by_layer.pictures[1])
    halved = layer.thumbnails(3)
    assert halved.pictures.shape == (2, 2, 3)
    assert halved.pictures[0, 0, 0] == int(values[0, :2, :2].mean() / 39 * 255)
    assert halved.pictures[0, 0, 2] == int(values[0, :2, 4].mean() / 39 * 255), (
        "the edge is averaged over what is there"
    )
    assert layer_of(np.arange(5.0)).thumbnails().pictures.size == 0
    flat = layer_of(np.full((1, 2, 2), 3.0))
    assert flat.thumbnails().pictures.max() == 0 and flat.histogram(3)[0].tolist() == [0, 4, 0]


def test_values_that_are_no_numbers_are_counted_and_do_not_spread() -> None:
    values = np.ones((2, 2, 2), np.float32)
    values[0, 0] = [np.nan, np.inf]
    values[1, 0, 0] = 3.0
    layer = layer_of(values)
    assert layer.num_not_finite == 2
    assert (layer.minimum, layer.maximum) == (1.0, 3.0)
    assert layer.mean == pytest.approx(8 / 6)
    assert layer.histogram()[0].sum() == 6
    assert layer.thumbnails().pictures[0].tolist() == [[0, 255], [0, 0]]
    assert layer.thumbnails(scale="map").pictures[1].max() == 255
    nothing = layer_of(np.full((1, 2, 2), np.nan))
    assert (nothing.minimum, nothing.mean) == (0.0, 0.0)
    assert nothing.thumbnails().pictures.max() == 0 and nothing.histogram()[0].sum() == 0


def test_softmax_at_the_end_is_not_taken_twice() -> None:
    document = tiny_classifier()
    plain = LookInside(document, random_state(LookInside(document), 2))
    join(document, "probs", "softmax", ["fc1"])
    document.change_info(output=document.paths["probs"])
    ended = LookInside(document, random_state(LookInside(document), 2))
    image = random_image(plain)
    first, second = plain.look(image).guesses(3), ended.look(image).guesses(3)
    assert [guess.index for guess in first] == [guess.index for guess in second]
    assert [guess.score for guess in first] == pytest.approx([guess.score for guess in second], abs=1e-6)
    assert ended.scored == document.paths["fc1"]


def test_a_kept_network_is_quick() -> None:
    network = LookInside(find_starter("lenet5").build())
    image = random_image(network)

    def seconds() -> float:
        start = time.perf_counter()
        for layer in network.look(image).layers.values():
            layer.thumbnails()
        return time.perf_counter() - start

    seconds()
    assert min(seconds() for _ in range(10)) < 0.03
