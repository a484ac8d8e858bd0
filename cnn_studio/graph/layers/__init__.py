"""The layer types, one module a family or a part of one. Each type is one frozen `LayerSpec`; nothing else knows of it."""

from __future__ import annotations

from cnn_studio.graph.layers import (
    activation,
    axes,
    borders,
    channels,
    connection,
    convolution,
    dense,
    feature_norm,
    global_pooling,
    io,
    merge,
    normalisation,
    pooling,
    rectifier,
    regularisation,
    resizing,
    transposed,
)
from cnn_studio.graph.spec import LayerSpec

ALL_LAYERS: tuple[LayerSpec, ...] = (
    *io.LAYERS,
    *convolution.LAYERS,
    *transposed.LAYERS,
    *connection.LAYERS,
    *pooling.LAYERS,
    *global_pooling.LAYERS,
    *activation.LAYERS,
    *rectifier.LAYERS,
    *normalisation.LAYERS,
    *feature_norm.LAYERS,
    *dense.LAYERS,
    *merge.LAYERS,
    *regularisation.LAYERS,
    *borders.LAYERS,
    *resizing.LAYERS,
    *channels.LAYERS,
    *axes.LAYERS,
)
