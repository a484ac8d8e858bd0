"""Several depths and several networks: layers evenly chosen, what each sees, and opinions of two networks on one image."""

from __future__ import annotations

import numpy as np

from cnn_studio.graph.starters import find_starter
from cnn_studio.insight.comparing import agreement, opinion, opinion_of
from cnn_studio.insight.depths import MOST_LAYERS, depths
from cnn_studio.insight.maps import LookInside
from cnn_studio.insight.where import default_place, grad_cam, places
from tests.helpers.looking import random_image, randomised, seen_by_gradient
from tests.helpers.networks import chain


def flat() -> LookInside:
    return LookInside(chain((1, 6, 6), ("flat", "flatten", {}), ("out", "linear", {"out_features": 3})))


def test_layers_come_in_order_and_see_more_and_more() -> None:
    network = randomised(find_starter("resnet18").build())
    look = network.look(random_image(network))
    found = depths(look)
    order = [network.runner.layers.index(depth.layer.layer_id) for depth in found]
    assert len(found) == MOST_LAYERS
    assert order == sorted(set(order))
    shares = [depth.share for depth in found]
    assert shares == sorted(shares)
    assert shares[0] < 0.01 and shares[-1] == 1
    assert found[-1].layer.layer_id == places(network)[-1]


def test_a_small_network_shows_all_its_layers_with_maps() -> None:
    network = randomised(find_starter("lenet5").build())
    found = depths(network.look(random_image(network)))
    assert [depth.layer.path for depth in found] == ["C1", "S2", "C3", "S4"]
    assert depths(flat().look(random_image(flat()))) == ()


def test_what_a_cell_sees_is_what_it_has_a_gradient_to() -> None:
    network = LookInside(find_starter("lenet5").build())
    for depth in depths(network.look(random_image(network))):
        height, width = depth.layer.shape[1:]
        seen = seen_by_gradient(network, depth.layer.layer_id, (0, height // 2, width // 2))
        rows, columns = seen.any(axis=1).sum(), seen.any(axis=0).sum()
        assert (rows, columns) == depth.sees


def test_the_strongest_living_maps_are_shown() -> None:
    network = randomised(find_starter("small-cnn").build())
    for depth in depths(network.look(random_image(network)), most_maps=3):
        strength = depth.layer.numbers.strength
        assert len(depth.maps) == min(3, int((strength > 0).sum()))
        assert strength[depth.maps].tolist() == sorted(strength.tolist(), reverse=True)[: len(depth.maps)]


def test_an_opinion_is_the_first_answer_and_its_grad_cam() -> None:
    network = randomised(find_starter("lenet5").build())
    image = random_image(network)
    look = network.look(image)
    for found in (opinion(look), opinion_of(network, image)):
        assert list(found.guesses) == look.guesses()
        assert found.heat is not None
        np.testing.assert_allclose(found.heat, grad_cam(look, look.guesses()[0].index).heat, atol=1e-6)
        assert found.place == network.document.layer(default_place(network)).path


def test_a_network_without_maps_has_an_opinion_without_heat() -> None:
    network = flat()
    found = opinion_of(network, random_image(network))
    assert found.heat is None and found.place == ""
    assert len(found.guesses) == 3


def test_agreement_is_said() -> None:
    one, other = (randomised(find_starter("lenet5").build(), seed) for seed in (0, 1))
    image = random_image(one)
    first = opinion_of(one, image)
    label, text = first.guesses[0].label, first.guesses[0].text
    assert agreement(("a", "b"), (first, first)) == f"Both say {label}: {text} and {text}."
    different = [
        second
        for second in (opinion_of(other, random_image(one, seed)) for seed in range(20))
        if second.guesses[0].label != label
    ]
    assert agreement(("a", "b"), (first, different[0])).startswith(f"a says {label} ({text}), b says ")
