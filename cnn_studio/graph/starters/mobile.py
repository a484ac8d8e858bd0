"""Small networks for weak machines: SqueezeNet 1.1 and MobileNet V2, with torchvision's names."""

from __future__ import annotations

from typing import Any

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters.chain import ChainBuilder

_FIRES = {
    3: (16, 64),
    4: (16, 64),
    6: (32, 128),
    7: (32, 128),
    9: (48, 192),
    10: (48, 192),
    11: (64, 256),
    12: (64, 256),
}
_POOLS = (2, 5, 8)

_INVERTED = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Per stage: expansion, output channels, blocks, stride of the first block."""


def squeezenet1_1() -> NetworkDocument:
    """Return SqueezeNet 1.1: AlexNet's accuracy with a fiftieth of its parameters.

    Source: F. Iandola and others, SqueezeNet (2016), in version 1.1 of the authors' repository.
    """
    net = ChainBuilder("SqueezeNet 1.1").add("input", "input", channels=3, height=224, width=224)
    net.add("features.0", "conv2d", out_channels=64, kernel_size=3, stride=2).add("features.1", "relu")
    for number in range(2, 13):
        path = f"features.{number}"
        if number in _POOLS:
            net.add(path, "max_pool2d", kernel_size=3, stride=2, ceil_mode=True)
        else:
            _fire(net, path, *_FIRES[number])
    net.add("classifier.0", "dropout", p=0.5)
    net.add("classifier.1", "conv2d", out_channels=1000, kernel_size=1).add("classifier.2", "relu")
    return net.add("classifier.3", "global_avg_pool").add("flatten", "flatten").finish()


def _fire(net: ChainBuilder, path: str, squeeze: int, expand: int) -> None:
    net.add(f"{path}.squeeze", "conv2d", out_channels=squeeze, kernel_size=1)
    net.add(f"{path}.squeeze_activation", "relu")
    entry, ends = net.last, []
    for size in (1, 3):
        name = f"{path}.expand{size}x{size}"
        sizes: dict[str, Any] = {"out_channels": expand, "kernel_size": size, "padding": size // 2}
        net.add(name, "conv2d", after=entry, **sizes).add(f"{name}_activation", "relu")
        ends.append(net.last)
    net.add(f"{path}.cat", "concat", after=tuple(ends))


def mobilenet_v2() -> NetworkDocument:
    """Return MobileNet V2: inverted residuals with depthwise convolutions.

    Source: M. Sandler and others, MobileNetV2: inverted residuals and linear bottlenecks (2018), table 2.
    """
    net = ChainBuilder("MobileNet V2").add("input", "input", channels=3, height=224, width=224)
    _conv_norm(net, "features.0", 32, kernel_size=3, stride=2)
    channels, number = 32, 1
    for expansion, out_channels, blocks, first_stride in _INVERTED:
        for block in range(blocks):
            stride = first_stride if block == 0 else 1
            _inverted(net, f"features.{number}", channels, out_channels, stride, expansion)
            channels, number = out_channels, number + 1
    _conv_norm(net, f"features.{number}", 1280, kernel_size=1)
    net.add("avgpool", "global_avg_pool").add("flatten", "flatten")
    return net.add("classifier.0", "dropout", p=0.2).add("classifier.1", "linear", out_features=1000).finish()


def _conv_norm(
    net: ChainBuilder, path: str, filters: int, *, kernel_size: int, stride: int = 1, groups: int = 1
) -> None:
    sizes: dict[str, Any] = {
        "kernel_size": kernel_size,
        "stride": stride,
        "padding": kernel_size // 2,
        "groups": groups,
    }
    net.add(f"{path}.0", "conv2d", out_channels=filters, bias=False, **sizes)
    net.add(f"{path}.1", "batch_norm").add(f"{path}.2", "relu6")


def _inverted(
    net: ChainBuilder, path: str, channels: int, out_channels: int, stride: int, expansion: int
) -> None:
    entry, wide, number = net.last, channels * expansion, 0
    if expansion != 1:
        _conv_norm(net, f"{path}.conv.0", wide, kernel_size=1)
        number = 1
    _conv_norm(net, f"{path}.conv.{number}", wide, kernel_size=3, stride=stride, groups=wide)
    net.add(f"{path}.conv.{number + 1}", "conv2d", out_channels=out_channels, kernel_size=1, bias=False)
    net.add(f"{path}.conv.{number + 2}", "batch_norm")
    if stride == 1 and channels == out_channels:
        net.add(f"{path}.add", "add", after=(entry, net.last))
