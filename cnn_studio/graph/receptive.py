"""The receptive field: which part of the image one value of a layer depends on, layer by layer.

Sizes follow from each layer's reach: going through a layer of span f and stride s, a field of r cells whose
neighbours lie j cells apart grows to r + (f − 1) j, and j becomes j s. Source: A. Araujo, W. Norris and J. Sim,
Computing receptive fields of convolutional neural networks (2019), equations 2 and 3.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction

from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Reach, product


@dataclass(frozen=True, slots=True)
class Field:
    """The receptive field of a layer's values along one axis, in cells of the image.

    Attributes:
        size: cells from the first to the last that one value may depend on; padding counts, so that it can be
            larger than the image.
        stride: effective stride, the distance between the fields of two neighbouring values.
    """

    size: Fraction
    stride: Fraction

    def through(self, reach: Reach) -> Field:
        """Return the field behind a layer of that reach."""
        return Field(self.size + (reach.span - 1) * self.stride, self.stride * reach.stride)

    @property
    def cells(self) -> int:
        """The size, rounded up: behind an enlarged map it may end between two cells."""
        return -(-self.size.numerator // self.size.denominator)


_PIXEL = Field(Fraction(1), Fraction(1))


def receptive_fields(report: ShapeReport) -> Mapping[int, tuple[Field, Field]]:
    """Return the fields of rows and columns by layer id, for all layers with a known shape.

    A layer that joins branches sees what the widest of them sees; branches that are shifted against each other
    can see a few cells more together. Its stride is that of the branch with the most cells: what scales maps, as
    in squeeze-and-excitation, does not set their places.
    """
    document, found = report.document, dict[int, tuple[Field, Field]]()
    for layer_id in report.order:
        layer, state = document.layer(layer_id), report.states[layer_id]
        if layer.spec is None or state.shape is None:
            continue
        sources = document.sources_of(layer_id)
        if not sources:
            found[layer_id] = (_PIXEL, _PIXEL)
            continue
        reach = layer.spec.reach(layer.params, state.inputs)
        before = [found[source] for source in sources]
        main = before[max(range(len(before)), key=lambda port: product(state.inputs[port]))]
        rows, columns = (
            Field(max(fields[axis].size for fields in before), main[axis].stride).through(reach[axis])
            for axis in (0, 1)
        )
        found[layer_id] = (rows, columns)
    return found
