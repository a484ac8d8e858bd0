"""`LookInside`: a network kept ready, one forward pass per image, and what every layer gave for it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, fx

from cnn_studio.compiler import lower
from cnn_studio.core.errors import DataError, GraphError, NetworkError
from cnn_studio.datasets.batches import normalise
from cnn_studio.engine.predict import Guess
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.spec import BYTES_PER_NUMBER, product, shape_text
from cnn_studio.insight.layer_look import LayerLook
from cnn_studio.insight.layouts import Layout, layouts
from cnn_studio.insight.running import Runner

BUDGET = 1 << 30
"""Bytes that the values of one image may take, unless told otherwise: those of ResNet-50 at 224 × 224 are 151 MB."""

Weights = Mapping[str, np.ndarray] | Mapping[str, Tensor]
"""Arrays by state-dict key; what is missing or has another shape is drawn anew, as in a new network."""

Normalisation = tuple[Sequence[float], Sequence[float]]
"""Mean and deviation per channel, of values scaled to 0..1."""


@dataclass(frozen=True)
class Look:
    """What every layer of a network gave for one image.

    Attributes:
        network: the network with its weights, which never change.
        image: uint8 [C, H, W], as the network got it.
        layers: by layer id in order of computation, the input (the normalised image) first.
        left_out: sentences that say why a layer is missing, by layer id.
    """

    network: LookInside = field(repr=False)
    image: np.ndarray = field(repr=False)
    layers: Mapping[int, LayerLook]
    left_out: Mapping[int, str]
    _scores: Tensor = field(repr=False)

    def layer(self, path: str) -> LayerLook:
        """Return what a layer gave.

        Raises:
            GraphError: there is no such layer, or it was left out; says why.
        """
        layer_id = self.network.document.layer_at(path).id
        if layer_id not in self.layers:
            raise GraphError(self.left_out[layer_id])
        return self.layers[layer_id]

    @property
    def images(self) -> Tensor:
        """The normalised image, [1, C, H, W]."""
        return self.network.normalised(self.image)

    @cached_property
    def scores(self) -> np.ndarray:
        """What the network's last layer gave, float32 [K]."""
        return self._scores.flatten().numpy()

    def guesses(self, top: int = 5) -> list[Guess]:
        """Return the likeliest classes, the likeliest first."""
        info = self.network.document.info
        found = self._scores.flatten()
        if info.scores == "logits" and not self.network.ends_in_softmax:
            found = found.softmax(0)
        best = found.topk(min(top, len(found)))
        return [
            Guess(index, self.network.class_name(index), score, info.scores)
            for score, index in zip(best.values.tolist(), best.indices.tolist(), strict=True)
        ]


class LookInside:
    """A network with weights, ready to be looked into.

    The document and the weights are those of the moment when it is made; later changes do not reach it. It may be made
    and used in any thread, by one at a time.

    Args:
        document: a network without errors.
        weights: its weights; those of an untrained network if None.
        seed: of the weights that are drawn.
        normalisation: where the document has none; without either, values are scaled to 0..1 and no more.

    Raises:
        NetworkError: the network has errors; the message is that of the first.
    """

    def __init__(
        self,
        document: NetworkDocument,
        weights: Weights | None = None,
        *,
        seed: int = 0,
        normalisation: Normalisation | None = None,
    ) -> None:
        self.document = document.copy()
        self.report: ShapeReport = infer_shapes(self.document)
        self.layouts: Mapping[int, Layout] = layouts(self.report)
        self._entry = next((layer for layer in self.document.layers.values() if layer.type == "input"), None)
        module = _lowered(self.document, weights, seed)
        if self._entry is None or self.document.info.output is None:
            raise NetworkError("This network has no input, so no image can go through it.")
        self.runner = Runner(module, self._entry.id)
        given = self.document.info.preprocessing
        channels = self._entry.params["channels"]
        mean, std = normalisation or ((0.0,) * channels, (1.0,) * channels)
        self.normalisation: Normalisation = (given.mean or mean, given.std or std)

    def with_weights(self, weights: Weights | None, *, seed: int = 0) -> LookInside:
        """Return the same network with other weights, those of another moment of its training; this one stays as it is."""
        return LookInside(self.document, weights, seed=seed, normalisation=self.normalisation)

    # ------------------------------------------------------------------------------------------------- the network

    @property
    def output(self) -> int:
        """Id of the layer whose result is the network's."""
        found = self.document.info.output
        assert found is not None  # checked when it was made
        return found

    @property
    def input(self) -> int:
        """Id of the input layer."""
        return self.runner.layers[0]

    @property
    def input_shape(self) -> tuple[int, int, int]:
        """Shape (C, H, W) of the images."""
        channels, height, width = self.shape(self.input)
        return channels, height, width

    def shape(self, layer_id: int) -> tuple[int, ...]:
        """Return the shape of what a layer gives, as the network has it."""
        found = self.report.states[layer_id].shape
        assert found is not None  # the network has no errors
        return found

    def raw_index(self, layer_id: int, cell: tuple[int, ...]) -> tuple[int, ...]:
        """Return where a cell lies in a layer's values as the network has them.

        Args:
            layer_id: of the layer.
            cell: (channel, row, column) of maps, (element,) of a vector.

        Raises:
            IndexError: the layer has no such cell.
        """
        shape = self.shape(layer_id)
        index = (*cell[1:], cell[0]) if self.layouts[layer_id] == "maps_last" else tuple(cell)
        if len(index) != len(shape) or any(not 0 <= at < size for at, size in zip(index, shape, strict=True)):
            raise IndexError(
                f"{self.document.layer(layer_id).path} gives {shape_text(shape)}; it has no cell {cell}"
            )
        return index

    @property
    def ends_in_softmax(self) -> bool:
        """Whether the output are probabilities already."""
        return self.document.layer(self.output).type == "softmax"

    @property
    def scored(self) -> int:
        """Id of the layer that gives the scores before softmax."""
        if self.ends_in_softmax:
            return self.document.sources_of(self.output)[0]
        return self.output

    @property
    def num_classes(self) -> int:
        """How many scores the network gives."""
        return product(self.shape(self.output))

    def class_name(self, index: int) -> str:
        """Return a class's name, or its number where names are not known."""
        labels = self.document.info.labels
        return labels[index] if index < len(labels) else str(index)

    def check_class(self, index: int) -> None:
        """Check that there is a class.

        Raises:
            GraphError: there is none of that number.
        """
        if not 0 <= index < self.num_classes:
            raise GraphError(
                f"There is no class {index}: this network has {self.num_classes:,} classes, 0 to {self.num_classes - 1}."
            )

    # --------------------------------------------------------------------------------------------------- the image

    def prepare(self, file: Path) -> np.ndarray:
        """Read an image file as the network gets it, uint8 [C, H, W], prepared as in training.

        Raises:
            DataError: it is no image that can be read.
        """
        from cnn_studio.datasets.decode import read_image

        channels, height, width = self.input_shape
        return read_image(file, height, width, channels, self.document.info.preprocessing)

    def normalised(self, image: np.ndarray) -> Tensor:
        """Return an image as the first layer gets it, float32 [1, C, H, W].

        Args:
            image: uint8 [C, H, W].

        Raises:
            DataError: it is of another size than the network's input.
        """
        if image.dtype != np.uint8 or image.shape != self.input_shape:
            raise DataError(
                f"The image is {shape_text(image.shape)} ({image.dtype}), but this network's input is "
                f"{shape_text(self.input_shape)} (uint8). Prepare it for this network."
            )
        return normalise(torch.from_numpy(image[None].copy()), *self.normalisation)

    # ---------------------------------------------------------------------------------------------------- looking

    def look(self, image: np.ndarray, *, only: Collection[int] | None = None, budget: int = BUDGET) -> Look:
        """Return what every layer gives for an image.

        Args:
            image: uint8 [C, H, W], see `prepare`.
            only: ids of the layers wanted; all that lead to the output if None.
            budget: bytes that their values may take together. What does not fit is left out, the largest layers first,
                which are those near the image.

        Raises:
            DataError: the image is of another size than the network's input.
            GraphError: one of `only` does not lead to the output.
        """
        images = self.normalised(image)
        kept, left_out = self._choose(only, budget)
        with torch.inference_mode():
            values = self.runner.run(images, {*kept, self.output})
        layers = {layer_id: self._layer(layer_id, values[layer_id]) for layer_id in kept}
        return Look(self, image, layers, left_out, values[self.output][0].float())

    def _layer(self, layer_id: int, value: Tensor) -> LayerLook:
        layer = self.document.layer(layer_id)
        return LayerLook(layer_id, layer.path, layer.type, self.layouts[layer_id], value[0])

    def _choose(self, only: Collection[int] | None, budget: int) -> tuple[list[int], dict[int, str]]:
        """Return which layers are kept, in order, and why the others are not."""
        computed = self.runner.layers
        left_out: dict[int, str] = {}
        for layer_id, layer in self.document.layers.items():
            if layer_id not in computed:
                left_out[layer_id] = (
                    f"{layer.path} leads nowhere: the output does not depend on it, so it is not computed."
                )
        for layer_id in only or ():
            if layer_id in left_out:
                raise GraphError(left_out[layer_id])
        wanted = [layer_id for layer_id in computed if only is None or layer_id in only]
        sizes = {layer_id: BYTES_PER_NUMBER * product(self.shape(layer_id)) for layer_id in wanted}
        free, kept = budget, set()
        for layer_id in sorted(wanted, key=lambda i: (sizes[i], i)):
            if sizes[layer_id] <= free:
                kept.add(layer_id)
                free -= sizes[layer_id]
            else:
                left_out[layer_id] = (
                    f"{self.document.layer(layer_id).path} gives {shape_text(self.shape(layer_id))}, "
                    f"{sizes[layer_id] / 1e6:,.1f} MB, which do not fit into the {budget / 1e6:,.1f} MB for all layers. Look "
                    "at it alone."
                )
        return [layer_id for layer_id in wanted if layer_id in kept], left_out


def _lowered(document: NetworkDocument, weights: Weights | None, seed: int) -> fx.GraphModule:
    if not weights:
        return lower(document, seed=seed)
    tensors = {key: _own(value) for key, value in weights.items()}
    module = lower(document, device="meta")
    own = module.state_dict()
    if all(key in tensors and _is_like(tensors[key], value) for key, value in own.items()):
        # nothing is to be drawn: the tensors are taken as they are, in no time
        module.load_state_dict({key: tensors[key] for key in own}, assign=True)
        return module
    return lower(document, weights=tensors, seed=seed)


def _is_like(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and one.dtype == other.dtype


def _own(value: np.ndarray | Tensor) -> Tensor:
    """Return a tensor that nobody else writes into; arrays are not copied, for weight sets never change."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True)
    if value.flags.writeable and value.flags.c_contiguous:
        return torch.from_numpy(value)
    return torch.tensor(value)
