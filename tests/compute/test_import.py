"""torchvision's and timm's networks as documents: the same names, shapes, results and training, and back again."""

from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from torch import nn
from torchvision import models

from cnn_studio.compiler import trace
from cnn_studio.transfer import timm_networks, torchvision_networks
from cnn_studio.transfer.card import NetworkCard
from cnn_studio.transfer.opening import find_network, list_networks
from tests.helpers.imported import (
    check_file,
    check_names_and_shapes,
    check_results,
    check_training,
    check_way_back,
    enliven,
)

MOST_IN_MEMORY = 250_000_000  # parameters; larger networks are compared without memory
MOST_IN_FILES = 30_000_000
MOST_TRAINED = 12_000_000
ODD, EVEN = (3, 107, 99), (3, 96, 96)  # small images for real runs; odd sizes show how each layer rounds

CNNS = [card.full_name for card in list_networks("torchvision")]
TIMM = [
    f"timm:{name}"
    for name in (
        "tf_efficientnet_lite0", "resnet18d", "mobilenetv3_small_100", "regnety_002", "convnext_atto", "densenet121",
        "mobileone_s0", "rexnet_100", "ghostnet_100", "hrnet_w18_small", "dla34", "vgg11", "res2net50_26w_4s",
        "repvgg_a0", "dpn48b", "cspdarknet53", "xception41", "inception_v4", "seresnet18", "ese_vovnet19b_slim",
        "hardcorenas_a", "tinynet_e", "mixnet_s", "selecsls42b", "nasnetalarge", "starnet_s1", "repvit_m1",
        "inception_next_atto", "fasternet_t0", "hgnet_tiny", "resnetv2_18", "legacy_seresnet18", "convmixer_768_32",
    )
]  # fmt: skip


def build(card: NetworkCard) -> nn.Module:
    """The library's network with weights as the library draws them."""
    if card.source == "timm":
        return timm.create_model(card.name, pretrained=False)
    # without auxiliary heads; their own way to draw weights takes a minute
    options = (
        {"aux_logits": False, "init_weights": False} if card.name in {"googlenet", "inception_v3"} else {}
    )
    return models.get_model(card.name, weights=None, **options)


def check_structure(card: NetworkCard) -> None:
    """At the network's own image size, without memory."""
    library = torchvision_networks if card.source == "torchvision" else timm_networks
    module = library.build(card).to("meta")
    traced = trace(module, card.input_size, name=card.name)
    assert traced.left_out == () and traced.notes == () and traced.weights is None
    check_names_and_shapes(module, traced, card.input_size)
    check_way_back(traced.document, card.input_size)


def check_numbers(card: NetworkCard, size: tuple[int, int, int], folder: Path) -> None:
    """With real weights on a small image."""
    torch.manual_seed(0)
    module = build(card)
    count = sum(p.numel() for p in module.parameters())
    traced = trace(enliven(module), size, name=card.name)
    check_names_and_shapes(module, traced, size)
    check_results(module, traced.document, size)
    if count <= MOST_IN_FILES:
        check_file(traced, folder / "network.cnnstudio")
    if count <= MOST_TRAINED:
        check_training(module, traced.document, size)


@pytest.mark.parametrize("name", ["resnet18", "mobilenet_v3_small", "shufflenet_v2_x0_5", "squeezenet1_1"])
def test_small_networks(name: str, tmp_path: Path) -> None:
    card = find_network(f"torchvision:{name}")
    check_structure(card)
    check_numbers(card, ODD, tmp_path)


def test_timm_pads_on_four_sides(tmp_path: Path) -> None:
    card = find_network("timm:tf_efficientnet_lite0")
    check_numbers(card, ODD, tmp_path)
    document = trace(timm_networks.build(card), EVEN).document
    assert document.layer_at("conv_stem").params["padding"] == (0, 1, 0, 1)
    assert document.layer_at("bn1_act").type == "relu6"


@pytest.mark.slow
@pytest.mark.parametrize("name", CNNS)
def test_every_convolutional_network_of_torchvision(name: str, tmp_path: Path) -> None:
    card = find_network(name)
    check_structure(card)
    if (card.params or 0) <= MOST_IN_MEMORY:
        check_numbers(card, ODD, tmp_path)


@pytest.mark.slow
@pytest.mark.parametrize("name", TIMM)
def test_networks_of_timm(name: str, tmp_path: Path) -> None:
    card = find_network(name)
    check_structure(card)
    check_numbers(card, EVEN, tmp_path)


def test_there_are_68_convolutional_networks_in_torchvision() -> None:
    assert len(CNNS) == 68
