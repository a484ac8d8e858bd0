"""Modules that PyTorch does not have, or not as a network needs them.

None of them works in place: a hook on a layer must see the values that the layer gave.
"""

from __future__ import annotations

from cnn_studio.compiler.modules.connection import ConnectionConv2d
from cnn_studio.compiler.modules.drops import SeededDropout, SeededDropout2d, StochasticDepth
from cnn_studio.compiler.modules.norms import BlockParameter, ChannelLayerNorm, scale_channels, scale_values
from cnn_studio.compiler.modules.shapes import (
    ChannelShuffle,
    ChannelSlice,
    Chunk,
    Crop2d,
    Permute,
    Reshape,
    SpatialMean,
)
from cnn_studio.compiler.modules.values import (
    Add,
    Concat,
    Dense,
    Maximum,
    Multiply,
    ScaledTanh,
    ScaleShift,
    Subtract,
)
from cnn_studio.compiler.modules.windows import LpPool2d, PaddedConv2d, Subsampling, SumPool2d, WindowPool2d

__all__ = [
    "Add",
    "BlockParameter",
    "ChannelLayerNorm",
    "ChannelShuffle",
    "ChannelSlice",
    "Chunk",
    "Concat",
    "ConnectionConv2d",
    "Crop2d",
    "Dense",
    "LpPool2d",
    "Maximum",
    "Multiply",
    "PaddedConv2d",
    "Permute",
    "Reshape",
    "ScaleShift",
    "ScaledTanh",
    "SeededDropout",
    "SeededDropout2d",
    "SpatialMean",
    "StochasticDepth",
    "Subsampling",
    "Subtract",
    "SumPool2d",
    "WindowPool2d",
    "scale_channels",
    "scale_values",
]
