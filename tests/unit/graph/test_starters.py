"""The starters' counts, as published or as a second reckoning gives them, and their classes."""

from __future__ import annotations

import pytest

from cnn_studio.graph.checks import fit_output
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import STARTERS, Starter, find_starter

# of the papers and of torchvision's tables; plain networks: the residual one less its downsampling convolutions
PUBLISHED = {
    "lenet5": 61_750,
    "alexnet-2012": 60_965_224,
    "alexnet": 61_100_840,
    "vgg11": 132_863_336,
    "vgg13": 133_047_848,
    "vgg16": 138_357_544,
    "vgg19": 143_667_240,
    "vgg11_bn": 132_868_840,
    "vgg13_bn": 133_053_736,
    "vgg16_bn": 138_365_992,
    "vgg19_bn": 143_678_248,
    "resnet18": 11_689_512,
    "resnet34": 21_797_672,
    "resnet50": 25_557_032,
    "resnet101": 44_549_160,
    "resnet152": 60_192_808,
    "squeezenet1_1": 1_235_496,
    "mobilenet_v2": 3_504_872,
    "densenet121": 7_978_856,
    "googlenet": 6_624_904,
}


def _total(name: str, *, until: str = "") -> int:
    report = infer_shapes(find_starter(name).build())
    total = 0
    for layer_id in report.order:
        total += report.num_params(layer_id) or 0
        if report.document.layer(layer_id).path == until:
            break
    return total


@pytest.mark.parametrize("name", PUBLISHED)
def test_count_is_the_published_one(name: str) -> None:
    assert _total(name) == PUBLISHED[name]


def test_connection_table_of_1998_gives_sixty_thousand() -> None:
    assert _total("lenet5-1998", until="F6") == 60_000


@pytest.mark.parametrize("depth", (18, 34, 50, 101, 152))
def test_plain_twin_lacks_only_the_shortcuts(depth: int) -> None:
    report = infer_shapes(find_starter(f"resnet{depth}").build())
    shortcuts = sum(
        report.num_params(layer.id) or 0
        for layer in report.document.layers.values()
        if ".downsample." in layer.path
    )
    assert shortcuts > 0
    assert _total(f"plain{depth}") == PUBLISHED[f"resnet{depth}"] - shortcuts
    plain = find_starter(f"plain{depth}").build()
    assert all(len(plain.sources_of(layer_id)) < 2 for layer_id in plain.layers)


@pytest.mark.parametrize("starter", STARTERS, ids=lambda starter: starter.name)
def test_starter_is_sound_and_takes_other_classes(starter: Starter) -> None:
    document = starter.build()
    report = infer_shapes(document)
    assert report.ok
    assert report.output_shape() == (starter.classes,)
    change = fit_output(document, 7)
    assert change is not None
    change.apply(document)
    assert infer_shapes(document).output_shape() == (7,)
