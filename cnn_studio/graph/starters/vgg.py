"""VGG: every convolution 3 × 3, every max pool 2 × 2; only the number of filters varies.

Source: K. Simonyan and A. Zisserman, Very deep convolutional networks for large-scale image recognition (2014).
"""

from __future__ import annotations

from typing import Any

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters.chain import ChainBuilder

STAGES: dict[int, tuple[int, ...]] = {
    11: (1, 1, 2, 2, 2),
    13: (2,) * 5,
    16: (2, 2, 3, 3, 3),
    19: (2, 2, 4, 4, 4),
}
"""Convolutions per stage, by the number of layers with weights."""

_FILTERS = (64, 128, 256, 512, 512)


def vgg(depth: int, *, batch_norm: bool = False) -> NetworkDocument:
    """Return VGG with `depth` layers that have weights, with torchvision's names."""
    net = ChainBuilder(f"VGG-{depth}{' with batch norm' if batch_norm else ''}")
    net.add("input", "input", channels=3, height=224, width=224)
    number = 0

    def add(type_id: str, **params: Any) -> None:
        nonlocal number
        net.add(f"features.{number}", type_id, **params)
        number += 1

    for filters, convolutions in zip(_FILTERS, STAGES[depth], strict=True):
        for _ in range(convolutions):
            add("conv2d", out_channels=filters, kernel_size=3, padding=1)
            if batch_norm:
                add("batch_norm")
            add("relu")
        add("max_pool2d", kernel_size=2, stride=2)
    net.add("avgpool", "adaptive_avg_pool2d", output_size=7).add("flatten", "flatten")
    for first in (0, 3):
        net.add(f"classifier.{first}", "linear", out_features=4096)
        net.add(f"classifier.{first + 1}", "relu").add(f"classifier.{first + 2}", "dropout", p=0.5)
    return net.add("classifier.6", "linear", out_features=1000).finish()
