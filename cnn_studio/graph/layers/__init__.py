"""The layer types, one module a family. Each type is one frozen `LayerSpec`; nothing else knows of it."""

from __future__ import annotations

from cnn_studio.graph.layers import (
    activation,
    convolution,
    dense,
    io,
    merge,
    normalisation,
    pooling,
    regularisation,
)
from cnn_studio.graph.spec import LayerSpec

ALL_LAYERS: tuple[LayerSpec, ...] = (
    *io.LAYERS,
    *convolution.LAYERS,
    *pooling.LAYERS,
    *activation.LAYERS,
    *normalisation.LAYERS,
    *dense.LAYERS,
    *merge.LAYERS,
    *regularisation.LAYERS,
)
