"""Networks of the libraries can be looked into whole: every layer, a cell of each, and where a class is."""

from __future__ import annotations

import numpy as np
import pytest

from cnn_studio.insight.arithmetic import explain_cell
from cnn_studio.insight.filters import filter_layers, sees_colours
from cnn_studio.insight.where import grad_cam
from cnn_studio.transfer.opening import open_network
from tests.helpers.looking import random_image, randomised

NETWORKS = [
    "torchvision:shufflenet_v2_x1_0",
    pytest.param("torchvision:resnet50", marks=pytest.mark.slow),
    pytest.param("torchvision:convnext_tiny", marks=pytest.mark.slow),
    pytest.param("torchvision:mobilenet_v3_large", marks=pytest.mark.slow),
    pytest.param("torchvision:inception_v3", marks=pytest.mark.slow),
    pytest.param("torchvision:densenet121", marks=pytest.mark.slow),
    pytest.param("timm:seresnet50", marks=pytest.mark.slow),
    pytest.param("timm:mobileone_s0", marks=pytest.mark.slow),
]


@pytest.mark.parametrize("name", NETWORKS)
def test_every_layer_of_a_library_network_can_be_looked_into(name: str) -> None:
    network = randomised(open_network(name).document)
    look = network.look(random_image(network))
    assert not look.left_out and len(look.layers) == len(network.document.layers)
    rng = np.random.default_rng(1)
    written = 0
    for layer_id, layer in list(look.layers.items())[1:]:
        cell = tuple(int(rng.integers(size)) for size in layer.shape)
        done = explain_cell(look, layer_id, cell)
        if done.total is None:
            assert done.note
            continue
        written += 1
        size = 1.0 if done.products is None else max(1.0, float(np.abs(done.products).sum()))
        if layer.num_not_finite == 0:
            assert done.total == pytest.approx(done.value, abs=1e-4 * size, rel=1e-4), layer.path
    assert written >= 0.95 * len(look.layers) - 1
    first = filter_layers(network)[0]
    assert sees_colours(network, first)
    found = grad_cam(look, 5)
    assert found.cells.size > 1 and found.heat.shape == network.input_shape[1:]
