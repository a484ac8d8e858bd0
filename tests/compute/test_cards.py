"""What cards say of networks without building them agrees with what is counted on the network itself."""

from __future__ import annotations

import pytest

from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.transfer.opening import find_network, list_networks, open_network
from cnn_studio.transfer.sources import ALWAYS_HERE, find_source
from tests.tools.count_timm import count


def test_the_network_that_is_always_here_has_all_its_numbers() -> None:
    card = find_source(ALWAYS_HERE)
    assert card.params == 4_652_008
    assert card.macs == 391_925_248
    assert card.accuracy == 75.1
    assert "Google" in card.accuracy_source


def test_every_network_of_timm_that_opens_says_its_size_and_cost() -> None:
    cards = list_networks("timm")
    known = [card for card in cards if card.params and card.macs]
    assert len(known) > 400
    assert len(known) >= 0.9 * len(cards)  # a later timm may know more networks than were counted


@pytest.mark.parametrize(
    "name", ["tf_efficientnet_lite0", "resnet18", "mobilenetv3_small_100", "convnext_atto"]
)
def test_counts_are_those_of_the_network(name: str) -> None:
    card = find_network(f"timm:{name}")
    assert (card.params, card.macs) == count(name)


def test_counts_agree_with_what_torchvision_publishes() -> None:
    card = find_network("torchvision:resnet18")
    report = infer_shapes(open_network("torchvision:resnet18").document)
    ours = sum(report.macs(i) or 0 for i in report.document.layers)
    assert card.params == find_network("timm:resnet18").params == 11_689_512
    assert card.macs == pytest.approx(ours, rel=0.005)
