"""ResNet, and its plain twins without shortcuts.

Source: K. He, X. Zhang, S. Ren and J. Sun, Deep residual learning for image recognition (2015), table 1; the stride of
a bottleneck stands at its 3 × 3 convolution, as in torchvision.
"""

from __future__ import annotations

from typing import Any

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters.chain import ChainBuilder

BLOCKS: dict[int, tuple[int, ...]] = {
    18: (2, 2, 2, 2), 34: (3, 4, 6, 3), 50: (3, 4, 6, 3), 101: (3, 4, 23, 3), 152: (3, 8, 36, 3),
}  # fmt: skip
"""Blocks per stage, by the number of layers with weights."""


def resnet(depth: int, *, shortcuts: bool = True) -> NetworkDocument:
    """Return a residual network with torchvision's names, or its plain twin.

    Args:
        depth: 18 or 34 for blocks of two 3 × 3 convolutions, 50, 101 or 152 for bottlenecks.
        shortcuts: False leaves the shortcuts out, those with weights too: y = F(x) in place of F(x) + x.
    """
    net = ChainBuilder(f"ResNet-{depth}" if shortcuts else f"Plain-{depth}")
    net.add("input", "input", channels=3, height=224, width=224)
    net.add("conv1", "conv2d", out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    net.add("bn1", "batch_norm").add("relu", "relu")
    net.add("maxpool", "max_pool2d", kernel_size=3, stride=2, padding=1)
    channels = 64
    for stage, blocks in enumerate(BLOCKS[depth]):
        width = 64 * 2**stage
        out_channels = width if depth < 50 else 4 * width
        for block in range(blocks):
            stride = 2 if stage and not block else 1
            convolutions = _convolutions(depth, width, stride)
            _add_block(net, f"layer{stage + 1}.{block}", convolutions, channels, stride, shortcuts=shortcuts)
            channels = out_channels
    net.add("avgpool", "global_avg_pool").add("flatten", "flatten")
    return net.add("fc", "linear", out_features=1000).finish()


def _convolutions(depth: int, width: int, stride: int) -> tuple[dict[str, Any], ...]:
    if depth < 50:
        return (
            {"out_channels": width, "kernel_size": 3, "stride": stride, "padding": 1, "bias": False},
            {"out_channels": width, "kernel_size": 3, "padding": 1, "bias": False},
        )
    return (
        {"out_channels": width, "kernel_size": 1, "bias": False},
        {"out_channels": width, "kernel_size": 3, "stride": stride, "padding": 1, "bias": False},
        {"out_channels": 4 * width, "kernel_size": 1, "bias": False},
    )


def _add_block(
    net: ChainBuilder,
    path: str,
    convolutions: tuple[dict[str, Any], ...],
    channels: int,
    stride: int,
    *,
    shortcuts: bool,
) -> None:
    entry = net.last
    for number, params in enumerate(convolutions, 1):
        net.add(f"{path}.conv{number}", "conv2d", **params).add(f"{path}.bn{number}", "batch_norm")
        if number < len(convolutions):
            net.add(f"{path}.{_relu_name(number)}", "relu")
    if shortcuts:
        end, shortcut, filters = net.last, entry, convolutions[-1]["out_channels"]
        if stride != 1 or channels != filters:
            # the map changes its size: a 1 × 1 convolution brings the shortcut to the same one
            sizes: dict[str, Any] = {
                "out_channels": filters,
                "kernel_size": 1,
                "stride": stride,
                "bias": False,
            }
            net.add(f"{path}.downsample.0", "conv2d", after=entry, **sizes)
            net.add(f"{path}.downsample.1", "batch_norm")
            shortcut = net.last
        net.add(f"{path}.add", "add", after=(end, shortcut))
    net.add(f"{path}.{_relu_name(len(convolutions))}", "relu")


def _relu_name(number: int) -> str:
    """Return the name of a block's activations: torchvision calls one module several times."""
    return "relu" if number == 1 else f"relu_{number - 1}"
