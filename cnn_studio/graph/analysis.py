"""The numbers of a network, layer by layer: sizes, parameters, costs, receptive fields, and their sums."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property

from cnn_studio.graph.document import Layer
from cnn_studio.graph.freeze_tree import frozen_layers
from cnn_studio.graph.receptive import Field, receptive_fields
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Family, Shape, product


@dataclass(frozen=True, slots=True)
class LayerNumbers:
    """The numbers of one layer; None where its shape is not known.

    Attributes:
        layer_id: the layer.
        shape: its output shape.
        neurons: values of a convolution or fully connected layer for one image: each is one neuron. 0 for others.
        params: trainable numbers; those of shared weights count where they are kept.
        biases: how many of them are biases.
        macs: multiply-accumulate operations for one image.
        activations: numbers in the result for one image.
        dense_params: for a convolution: what a fully connected layer with the same inputs and outputs would need.
    """

    layer_id: int
    shape: Shape | None = None
    neurons: int | None = None
    params: int | None = None
    biases: int | None = None
    macs: int | None = None
    activations: int | None = None
    dense_params: int | None = None

    @property
    def weights(self) -> int | None:
        """Parameters that are no biases."""
        return None if self.params is None or self.biases is None else self.params - self.biases


@dataclass(frozen=True, slots=True)
class Totals:
    """Sums over layers whose shapes are known."""

    layers: int = 0
    params: int = 0
    macs: int = 0
    activations: int = 0
    neurons: int = 0


@dataclass(frozen=True)
class Analysis:
    """All numbers of a network at one moment.

    Attributes:
        report: the shapes that they follow from.
        layers: by layer id, in execution order.
        total: sums over all layers.
        families: sums by kind of layer, in the order of the palette; kinds without layers are left out.
        trainable_params: parameters of layers that are not frozen, nor share weights with one that is.
        unknown: how many layers have no shape yet, and count nowhere.
    """

    report: ShapeReport = field(repr=False)
    layers: Mapping[int, LayerNumbers] = field(repr=False)
    total: Totals
    families: Mapping[Family, Totals]
    trainable_params: int
    unknown: int

    @cached_property
    def fields(self) -> Mapping[int, tuple[Field, Field]]:
        """Receptive fields of rows and columns by layer id, where shapes are known; worked out when asked for."""
        return receptive_fields(self.report)

    def share(self, layer_id: int) -> float:
        """Return a layer's part of all parameters, 0 to 1."""
        params = self.layers[layer_id].params
        return params / self.total.params if params and self.total.params else 0.0


def analyse(report: ShapeReport) -> Analysis:
    """Return the numbers of a network."""
    layers = {layer_id: _numbers(report, report.document.layer(layer_id)) for layer_id in report.order}
    by_family: dict[Family, list[LayerNumbers]] = {family: [] for family in Family}
    trainable, frozen = 0, frozen_layers(report.document)
    for layer_id, numbers in layers.items():
        layer = report.document.layer(layer_id)
        if layer.spec is not None and numbers.shape is not None:
            by_family[layer.spec.family].append(numbers)
        if layer_id not in frozen:
            trainable += numbers.params or 0
    families = {family: _totals(found) for family, found in by_family.items() if found}
    known = [numbers for numbers in layers.values() if numbers.shape is not None]
    return Analysis(report, layers, _totals(known), families, trainable, len(layers) - len(known))


def _numbers(report: ShapeReport, layer: Layer) -> LayerNumbers:
    spec, state = layer.spec, report.states[layer.id]
    if spec is None or state.shape is None:
        return LayerNumbers(layer.id)
    tensors = spec.tensors(layer.params, state.inputs)
    params = report.num_params(layer.id)
    biases = sum(product(tensor.shape) for name, tensor in tensors.items() if name == "bias") if params else 0
    outputs = product(state.shape)
    has_neurons = spec.family in (Family.CONVOLUTION, Family.DENSE) and bool(tensors)
    dense = None
    if spec.family is Family.CONVOLUTION and tensors:
        dense = product(state.inputs[0]) * outputs + outputs
    return LayerNumbers(
        layer_id=layer.id,
        shape=state.shape,
        neurons=outputs if has_neurons else 0,
        params=params,
        biases=biases,
        macs=report.macs(layer.id),
        activations=outputs,
        dense_params=dense,
    )


def _totals(found: list[LayerNumbers]) -> Totals:
    return Totals(
        layers=len(found),
        params=sum(numbers.params or 0 for numbers in found),
        macs=sum(numbers.macs or 0 for numbers in found),
        activations=sum(numbers.activations or 0 for numbers in found),
        neurons=sum(numbers.neurons or 0 for numbers in found),
    )
