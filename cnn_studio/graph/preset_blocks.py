"""The networks inside presets: blocks of well-known architectures, small enough to be put anywhere.

Each is a document of its own: its input layer stands for whatever comes before, its output mark for what goes on.
All keep the number of channels and the size of the maps unless their description says otherwise.
"""

from __future__ import annotations

from typing import Any

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters.chain import ChainBuilder

_DEFAULT_CHANNELS = 16


def _start(channels: int | None) -> tuple[ChainBuilder, int]:
    """Return a builder behind an input of so many channels; the size is there to make shapes known, no more."""
    count = channels or _DEFAULT_CHANNELS
    return ChainBuilder("Preset").add("input", "input", channels=min(count, 4096), height=32, width=32), count


def _share(channels: int, parts: int) -> int:
    return max(1, channels // parts)


def _filters(number: int, size: int, groups: int = 1) -> dict[str, Any]:
    """Return the parameters of a convolution that keeps the size of the maps and stands before a batch norm."""
    return {
        "out_channels": number,
        "kernel_size": size,
        "padding": size // 2,
        "groups": groups,
        "bias": False,
    }


def depthwise_conv(channels: int | None) -> NetworkDocument:
    """One 3 × 3 filter per map."""
    net, count = _start(channels)
    return net.add("conv1", "conv2d", out_channels=count, kernel_size=3, padding=1, groups=count).finish()


def pointwise_conv(channels: int | None) -> NetworkDocument:
    """Filters of 1 × 1."""
    net, count = _start(channels)
    return net.add("conv1", "conv2d", out_channels=count, kernel_size=1).finish()


def pooling(type_id: str, size: int, stride: int) -> NetworkDocument:
    """One pooling layer."""
    net, _ = _start(None)
    return net.add("pool1", type_id, kernel_size=size, stride=stride).finish()


def conv_norm_relu(channels: int | None) -> NetworkDocument:
    """Convolution, batch norm, ReLU: the usual unit since 2015."""
    net, count = _start(channels)
    net.add("conv_unit.conv", "conv2d", out_channels=count, kernel_size=3, padding=1, bias=False)
    return net.add("conv_unit.bn", "batch_norm").add("conv_unit.relu", "relu").finish()


def separable_conv(channels: int | None) -> NetworkDocument:
    """Depthwise 3 × 3, then pointwise 1 × 1, each with batch norm and ReLU (A. Howard et al., MobileNets, 2017)."""
    net, count = _start(channels)
    for name, size, groups in (("depthwise", 3, count), ("pointwise", 1, 1)):
        net.add(f"separable.{name}", "conv2d", **_filters(count, size, groups))
        net.add(f"separable.{name}_bn", "batch_norm").add(f"separable.{name}_relu", "relu")
    return net.finish()


def squeeze_excitation(channels: int | None) -> NetworkDocument:
    """One gate per channel, from the means of all channels (J. Hu et al., Squeeze-and-excitation networks, 2018)."""
    net, count = _start(channels)
    net.add("se.avgpool", "global_avg_pool")
    net.add("se.fc1", "conv2d", out_channels=_share(count, 4), kernel_size=1).add("se.relu", "relu")
    net.add("se.fc2", "conv2d", out_channels=count, kernel_size=1).add("se.sigmoid", "sigmoid")
    return net.add("se.multiply", "multiply", after=("input", "se.sigmoid")).finish()


def basic_residual(channels: int | None) -> NetworkDocument:
    """Two 3 × 3 convolutions and the shortcut of ResNet-18 and -34 (K. He et al., 2016)."""
    net, count = _start(channels)
    for number in (1, 2):
        net.add(f"residual.conv{number}", "conv2d", out_channels=count, kernel_size=3, padding=1, bias=False)
        net.add(f"residual.bn{number}", "batch_norm")
        if number == 1:
            net.add("residual.relu", "relu")
    net.add("residual.add", "add", after=("residual.bn2", "input"))
    return net.add("residual.relu_2", "relu").finish()


def bottleneck(channels: int | None) -> NetworkDocument:
    """1 × 1, 3 × 3, 1 × 1 and the shortcut of ResNet-50 and deeper (K. He et al., 2016)."""
    net, count = _start(channels)
    narrow = _share(count, 4)
    for number, width, size in ((1, narrow, 1), (2, narrow, 3), (3, count, 1)):
        net.add(f"bottleneck.conv{number}", "conv2d", **_filters(width, size))
        net.add(f"bottleneck.bn{number}", "batch_norm")
        if number < 3:
            net.add(f"bottleneck.relu{'' if number == 1 else '_2'}", "relu")
    net.add("bottleneck.add", "add", after=("bottleneck.bn3", "input"))
    return net.add("bottleneck.relu_3", "relu").finish()


def vgg_stage(channels: int | None) -> NetworkDocument:
    """Two 3 × 3 convolutions and a 2 × 2 pooling; twice as many maps, from 64 up to 512 (K. Simonyan et al., 2014)."""
    net, count = _start(channels)
    filters = min(512, max(64, 2 * count))
    for number in (1, 2):
        net.add(f"stage.conv{number}", "conv2d", out_channels=filters, kernel_size=3, padding=1)
        net.add(f"stage.relu{number}", "relu")
    return net.add("stage.pool", "max_pool2d", kernel_size=2, stride=2).finish()


def inception(channels: int | None) -> NetworkDocument:
    """Filters of 1 × 1, 3 × 3 and 5 × 5 and a pooling, side by side (C. Szegedy et al., 2015)."""
    net, count = _start(channels)
    quarter, eighth = _share(count, 4), _share(count, 8)
    ends = []

    def unit(path: str, after: str, filters: int, size: int) -> None:
        conv = f"inception.{path}"
        net.add(conv, "conv2d", after=after, out_channels=filters, kernel_size=size, padding=size // 2)
        net.add(f"{conv}_relu", "relu")

    unit("branch1.conv", "input", quarter, 1)
    ends.append(net.last)
    for branch, reduced, filters, size in ((2, quarter, _share(count, 2), 3), (3, eighth, eighth, 5)):
        unit(f"branch{branch}.reduce", "input", reduced, 1)
        unit(f"branch{branch}.conv", net.last, filters, size)
        ends.append(net.last)
    net.add("inception.branch4.pool", "max_pool2d", after="input", kernel_size=3, stride=1, padding=1)
    unit("branch4.conv", net.last, eighth, 1)
    ends.append(net.last)
    return net.add("inception.concat", "concat", after=tuple(ends)).finish()


def inverted_residual(channels: int | None) -> NetworkDocument:
    """Six times wider, depthwise, narrow again, and the shortcut of MobileNetV2 (M. Sandler et al., 2018)."""
    net, count = _start(channels)
    wide = 6 * count
    steps = (("expand", wide, 1, 1), ("depthwise", wide, 3, wide), ("project", count, 1, 1))
    for name, filters, size, groups in steps:
        net.add(f"inverted.{name}", "conv2d", **_filters(filters, size, groups)).add(
            f"inverted.{name}_bn", "batch_norm"
        )
        if name != "project":
            net.add(f"inverted.{name}_relu6", "relu6")
    return net.add("inverted.add", "add", after=("inverted.project_bn", "input")).finish()


def dense_block(channels: int | None) -> NetworkDocument:
    """Four layers that each read all before them and add 12 maps (G. Huang et al., 2017)."""
    net, _ = _start(channels)
    growth, before = 12, "input"
    for number in range(1, 5):
        start = f"dense.layer{number}"
        net.add(f"{start}.norm1", "batch_norm", after=before).add(f"{start}.relu1", "relu")
        net.add(f"{start}.conv1", "conv2d", out_channels=4 * growth, kernel_size=1, bias=False)
        net.add(f"{start}.norm2", "batch_norm").add(f"{start}.relu2", "relu")
        net.add(f"{start}.conv2", "conv2d", out_channels=growth, kernel_size=3, padding=1, bias=False)
        before = net.add(f"{start}.concat", "concat", after=(before, f"{start}.conv2")).last
    return net.finish()


def convnext(channels: int | None) -> NetworkDocument:
    """Depthwise 7 × 7, layer norm, four times wider and back, layer scale (Z. Liu et al., 2022)."""
    net, count = _start(channels)
    net.add("convnext.dwconv", "conv2d", out_channels=count, kernel_size=7, padding=3, groups=count)
    net.add("convnext.to_last", "permute", order=(1, 2, 0)).add("convnext.norm", "layer_norm", over="last")
    net.add("convnext.pwconv1", "linear", out_features=4 * count, over="last").add("convnext.gelu", "gelu")
    net.add("convnext.pwconv2", "linear", out_features=count, over="last")
    net.add("convnext.to_first", "permute", order=(2, 0, 1)).add("convnext.gamma", "layer_scale")
    return net.add("convnext.add", "add", after=("convnext.gamma", "input")).finish()
