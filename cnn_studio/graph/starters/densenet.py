"""DenseNet-121 with torchvision's names: every layer of a block sees the maps of all before it.

Source: G. Huang, Z. Liu, L. van der Maaten and K. Weinberger, Densely connected convolutional networks (2016), table 1.
"""

from __future__ import annotations

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.starters.chain import ChainBuilder

_LAYERS = (6, 12, 24, 16)
_GROWTH = 32


def densenet121() -> NetworkDocument:
    """Return DenseNet-121: four dense blocks of 6, 12, 24 and 16 layers, 32 new maps each."""
    net = ChainBuilder("DenseNet-121").add("input", "input", channels=3, height=224, width=224)
    net.add("features.conv0", "conv2d", out_channels=64, kernel_size=7, stride=2, padding=3, bias=False)
    net.add("features.norm0", "batch_norm").add("features.relu0", "relu")
    net.add("features.pool0", "max_pool2d", kernel_size=3, stride=2, padding=1)
    channels = 64
    for number, layers in enumerate(_LAYERS, 1):
        _dense_block(net, f"features.denseblock{number}", layers)
        channels += layers * _GROWTH
        if number < len(_LAYERS):
            channels //= 2
            path = f"features.transition{number}"
            net.add(f"{path}.norm", "batch_norm").add(f"{path}.relu", "relu")
            net.add(f"{path}.conv", "conv2d", out_channels=channels, kernel_size=1, bias=False)
            net.add(f"{path}.pool", "avg_pool2d", kernel_size=2, stride=2)
    net.add("features.norm5", "batch_norm").add("relu", "relu")
    net.add("avgpool", "global_avg_pool").add("flatten", "flatten")
    return net.add("classifier", "linear", out_features=1000).finish()


def _dense_block(net: ChainBuilder, path: str, layers: int) -> None:
    features = [net.last]
    for number in range(1, layers + 1):
        layer = f"{path}.denselayer{number}"
        if len(features) > 1:
            net.add(f"{layer}.cat", "concat", after=tuple(features))
        net.add(f"{layer}.norm1", "batch_norm").add(f"{layer}.relu1", "relu")
        net.add(f"{layer}.conv1", "conv2d", out_channels=4 * _GROWTH, kernel_size=1, bias=False)
        net.add(f"{layer}.norm2", "batch_norm").add(f"{layer}.relu2", "relu")
        net.add(f"{layer}.conv2", "conv2d", out_channels=_GROWTH, kernel_size=3, padding=1, bias=False)
        features.append(net.last)
    net.add(f"{path}.cat", "concat", after=tuple(features))
