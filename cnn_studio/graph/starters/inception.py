"""GoogLeNet with torchvision's names, and a small network of the same kind."""

from __future__ import annotations

from typing import Any

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters.chain import ChainBuilder

_Widths = tuple[int, int, int, int, int, int]

_MODULES: dict[str, _Widths] = {
    "3a": (64, 96, 128, 16, 32, 32), "3b": (128, 128, 192, 32, 96, 64),
    "4a": (192, 96, 208, 16, 48, 64), "4b": (160, 112, 224, 24, 64, 64), "4c": (128, 128, 256, 24, 64, 64),
    "4d": (112, 144, 288, 32, 64, 64), "4e": (256, 160, 320, 32, 128, 128),
    "5a": (256, 160, 320, 32, 128, 128), "5b": (384, 192, 384, 48, 128, 128),
}  # fmt: skip
"""Filters per module: 1 × 1, reduction and 3 × 3, reduction and second 3 × 3, 1 × 1 behind the pool."""


def googlenet() -> NetworkDocument:
    """Return GoogLeNet with batch norm, without its auxiliary heads.

    Source: C. Szegedy and others, Going deeper with convolutions (2014), table 1; as in torchvision, the branch
    that the paper gives 5 × 5 filters has 3 × 3 ones, and pools round up.
    """
    net = ChainBuilder("GoogLeNet").add("input", "input", channels=3, height=224, width=224)
    _unit(net, "conv1", 64, kernel_size=7, stride=2)
    net.add("maxpool1", "max_pool2d", kernel_size=3, stride=2, ceil_mode=True)
    _unit(net, "conv2", 64)
    _unit(net, "conv3", 192, kernel_size=3)
    net.add("maxpool2", "max_pool2d", kernel_size=3, stride=2, ceil_mode=True)
    for name, widths in _MODULES.items():
        if name == "4a":
            net.add("maxpool3", "max_pool2d", kernel_size=3, stride=2, ceil_mode=True)
        elif name == "5a":
            net.add("maxpool4", "max_pool2d", kernel_size=2, stride=2, ceil_mode=True)
        _module(net, f"inception{name}", widths)
    net.add("avgpool", "global_avg_pool").add("flatten", "flatten")
    return net.add("dropout", "dropout", p=0.2).add("fc", "linear", out_features=1000).finish()


def inception_like() -> NetworkDocument:
    """Return a small network of two inception modules for small images, to see branches of several sizes."""
    net = ChainBuilder("Inception-like").add("input", "input", channels=1, height=32, width=32)
    _unit(net, "conv1", 32, kernel_size=3)
    net.add("pool1", "max_pool2d", kernel_size=2, stride=2)
    _module(net, "inception1", (16, 16, 32, 8, 16, 16))
    net.add("pool2", "max_pool2d", kernel_size=2, stride=2)
    _module(net, "inception2", (32, 32, 64, 16, 32, 32))
    net.add("avgpool", "global_avg_pool").add("flatten", "flatten")
    return net.add("dropout", "dropout", p=0.2).add("fc", "linear", out_features=10).finish()


def _module(net: ChainBuilder, path: str, widths: _Widths) -> None:
    entry, ends = net.last, []
    one, reduce3, three, reduce5, five, pool = widths
    _unit(net, f"{path}.branch1", one, after=entry)
    ends.append(net.last)
    for branch, narrow, wide in ((2, reduce3, three), (3, reduce5, five)):
        _unit(net, f"{path}.branch{branch}.0", narrow, after=entry)
        _unit(net, f"{path}.branch{branch}.1", wide, kernel_size=3)
        ends.append(net.last)
    window: dict[str, Any] = {"kernel_size": 3, "stride": 1, "padding": 1, "ceil_mode": True}
    net.add(f"{path}.branch4.0", "max_pool2d", after=entry, **window)
    _unit(net, f"{path}.branch4.1", pool)
    net.add(f"{path}.cat", "concat", after=(*ends, net.last))


def _unit(
    net: ChainBuilder,
    path: str,
    filters: int,
    *,
    kernel_size: int = 1,
    stride: int = 1,
    after: str | None = None,
) -> None:
    sizes: dict[str, Any] = {
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": kernel_size // 2,
        "bias": False,
    }
    net.add(f"{path}.conv", "conv2d", after=after, out_channels=filters, **sizes)
    net.add(f"{path}.bn", "batch_norm", eps=0.001).add(f"{path}.relu", "relu")
