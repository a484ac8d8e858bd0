"""Filters as pictures: those of the first layer in colour, deeper ones in grey, each input channel by itself.

Zero is the middle grey in all of them, so that a filter's sign can be seen, and filters of two moments compared.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from cnn_studio.compiler.builders import BUILDERS
from cnn_studio.compiler.initialise import initialise
from cnn_studio.compiler.modules import ConnectionConv2d
from cnn_studio.graph.spec import Family
from cnn_studio.graph.topology import ancestors

if TYPE_CHECKING:
    from torch import nn

    from cnn_studio.insight.maps import LookInside

Scale = Literal["common", "each"]
"""Whether the largest weight of all filters, or that of each filter, is white (or black, below zero)."""

_MIDDLE, _REACH = 128, 127


class FilterPictures(NamedTuple):
    """Filters as pictures.

    Attributes:
        pictures: uint8 [F, h, w, 3] in colour; [F, C, h, w] in grey, C being the input channels that a filter sees.
        limits: the weight that is 255 (and, below zero, 1) in each filter's pictures, float32 [F].
        is_colour: which of the two.
    """

    pictures: np.ndarray
    limits: np.ndarray
    is_colour: bool


class FilterChange(NamedTuple):
    """Filters of one layer at two moments, on one scale.

    Attributes:
        before, after: the pictures.
        moved: how far each filter moved, in relation to its length before, float32 [F].
    """

    before: FilterPictures
    after: FilterPictures
    moved: np.ndarray


def filter_layers(network: LookInside) -> tuple[int, ...]:
    """Return ids of the layers that have filters to show, in order."""
    return tuple(layer_id for layer_id in network.runner.layers if filters_of(network, layer_id) is not None)


def filters_of(network: LookInside, layer_id: int) -> np.ndarray | None:
    """Return a layer's filters, float32 [F, C, h, w]; None where it has none.

    Those of a fully connected layer behind flattened maps are its weights, laid out as the maps were.
    """
    return _filters(network, layer_id, network.runner.part(layer_id))


def first_filters(network: LookInside, layer_id: int, seed: int = 0) -> np.ndarray | None:
    """Return the filters with which a layer began, or would begin, training with a seed; float32 [F, C, h, w].

    They are those of a run from new weights with that seed, drawn again; nothing else of the network is needed for it.
    """
    layer = network.document.layer(layer_id)
    owner = layer if layer.tied_to is None else network.document.layer(layer.tied_to)
    if owner.type not in BUILDERS:
        return None
    module = BUILDERS[owner.type](owner.params, network.report.states[owner.id].inputs)
    initialise(module, seed, owner.id)
    return _filters(network, layer_id, module)


def _filters(network: LookInside, layer_id: int, module: nn.Module | None) -> np.ndarray | None:
    from torch import nn

    if isinstance(module, ConnectionConv2d):
        return _array(module.full_weight())
    if isinstance(module, nn.Conv2d):
        return _array(module.weight)
    if isinstance(module, nn.ConvTranspose2d):
        # [in, out / groups, h, w]: as filters, one per output map
        weight = _array(module.weight)
        grouped = weight.reshape(module.groups, -1, *weight.shape[1:])
        return np.ascontiguousarray(grouped.swapaxes(1, 2)).reshape(-1, grouped.shape[1], *weight.shape[2:])
    if isinstance(module, nn.Linear):
        return _dense_filters(network, layer_id, _array(module.weight))
    return None


def _dense_filters(network: LookInside, layer_id: int, weight: np.ndarray) -> np.ndarray | None:
    document = network.document
    source = document.layer(document.sources_of(layer_id)[0])
    while source.type in ("dropout", "identity"):
        source = document.layer(document.sources_of(source.id)[0])
    if source.type != "flatten":
        return None
    shape = network.report.states[source.id].inputs[0]
    if len(shape) != 3 or shape[1:] == (1, 1) or network.layouts[document.sources_of(source.id)[0]] != "maps":
        return None
    return weight.reshape(len(weight), *shape)


def _array(tensor: object) -> np.ndarray:
    found: np.ndarray = tensor.detach().float().numpy()  # type: ignore[attr-defined]  # a tensor
    return found


def sees_colours(network: LookInside, layer_id: int) -> bool:
    """Return whether a layer's filters see red, green and blue: nothing before it has weights that mix them."""
    inputs = network.report.states[layer_id].inputs
    if not inputs or inputs[0][0] != 3 or len(inputs[0]) != 3:
        return False
    document = network.document
    before = [document.layer(i).spec for i in ancestors(document, layer_id) - {layer_id}]
    return all(
        spec is not None and spec.family not in (Family.CONVOLUTION, Family.DENSE) for spec in before
    ) and (network.input_shape[0] == 3)


def filter_pictures(
    weights: np.ndarray, *, colour: bool = False, scale: Scale = "common", limit: float | None = None
) -> FilterPictures:
    """Return filters as pictures.

    Args:
        weights: [F, C, h, w].
        colour: whether the three channels are red, green and blue.
        scale: what is white.
        limit: the weight that is white, instead of the largest of them.

    Raises:
        ValueError: colours are asked for and there are not three channels.
    """
    if colour and weights.shape[1] != 3:
        raise ValueError(f"filters of {weights.shape[1]} channels have no colours")
    sizes = np.abs(np.nan_to_num(weights, posinf=0.0, neginf=0.0)).reshape(len(weights), -1)
    limits = sizes.max(axis=1, initial=0.0)
    if limit is not None or scale == "common":
        limits = np.full(len(weights), limits.max(initial=0.0) if limit is None else limit)
    limits = limits.astype(np.float32)
    factors = np.divide(_REACH, limits, out=np.zeros_like(limits), where=limits > 0)
    shades = np.nan_to_num(weights) * factors.reshape(-1, 1, 1, 1)
    pictures = (np.clip(shades, -_REACH, _REACH) + _MIDDLE + 0.5).astype(np.uint8)
    if colour:
        pictures = np.ascontiguousarray(pictures.transpose(0, 2, 3, 1))
    return FilterPictures(pictures, limits, colour)


def compare_filters(before: np.ndarray, after: np.ndarray, *, colour: bool = False) -> FilterChange:
    """Return filters of two moments as pictures on one scale, and how far each moved.

    Args:
        before, after: [F, C, h, w] both.
        colour: whether the three channels are red, green and blue.

    Raises:
        ValueError: the shapes differ.
    """
    if before.shape != after.shape:
        raise ValueError(f"filters of {before.shape} and {after.shape} cannot be compared")
    limit = float(max(np.abs(before).max(initial=0.0), np.abs(after).max(initial=0.0)))
    way = np.linalg.norm((after - before).reshape(len(before), -1), axis=1)
    length = np.linalg.norm(before.reshape(len(before), -1), axis=1)
    moved = np.divide(way, length, out=np.full_like(way, np.inf), where=length > 0)
    moved[way == 0] = 0.0
    first, second = (filter_pictures(each, colour=colour, limit=limit) for each in (before, after))
    return FilterChange(first, second, moved.astype(np.float32))
