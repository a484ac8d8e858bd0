"""Folded batch norms give what they gave before."""

import copy

import pytest
import torch

from cnn_studio.compiler import lower
from cnn_studio.engine.folding import fold_norms
from cnn_studio.graph.starters import find_starter
from cnn_studio.graph.starters.chain import ChainBuilder


def with_statistics(module, seed=0):
    draw = torch.Generator().manual_seed(seed)
    for part in module.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(generator=draw)
            part.running_var.uniform_(0.2, 3, generator=draw)
            torch.nn.init.uniform_(part.weight, -2, 2, generator=draw)
            torch.nn.init.normal_(part.bias, generator=draw)
    return module.eval()


@pytest.mark.parametrize(
    ("name", "count"),
    [("resnet18", 20), ("mobilenet_v2", 52), ("vgg11_bn", 8), ("densenet121", 59), ("alexnet", 0)],
)
def test_networks_give_the_same(name, count):
    document = find_starter(name).build()
    entry = next(layer for layer in document.layers.values() if layer.type == "input")
    document.change_layer(entry.id, params={"channels": 3, "height": 64, "width": 64})
    module = with_statistics(lower(document))
    images = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        wanted = copy.deepcopy(module).double()(images.double())
        found = fold_norms(module)
        torch.testing.assert_close(
            module.double()(images.double()), wanted, rtol=1e-4, atol=1e-4 * wanted.abs().max()
        )
    assert found == count


def test_a_convolution_that_is_read_elsewhere_keeps_its_norm():
    net = ChainBuilder("shared").add("input", "input", channels=3, height=8, width=8)
    net.add("conv", "conv2d", out_channels=4, kernel_size=(3, 3), padding=(1, 1, 1, 1)).add(
        "bn", "batch_norm"
    )
    net.add("add", "add", after=("bn", "conv")).add("flatten", "flatten")
    module = with_statistics(lower(net.add("fc", "linear", out_features=2).finish()))
    assert fold_norms(module) == 0


def test_a_norm_in_training_stays():
    document = find_starter("resnet18").build()
    assert fold_norms(lower(document).train()) == 0
