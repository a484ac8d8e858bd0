"""A layer in the user's numbers: the formula of its output size, ready to be shown."""

from __future__ import annotations

from dataclasses import dataclass

from cnn_studio.graph.spec import LayerSpec, Params, Shape
from cnn_studio.graph.tiling import decimal, padding_term
from cnn_studio.graph.window import Axis


@dataclass(frozen=True, slots=True)
class Formula:
    """O = (I − f + 2p)/s + 1 for one axis.

    Attributes:
        axis: ``height``, ``width``, or empty where both are the same.
        letters: the formula in letters.
        numbers: the same in this layer's numbers.
        result: its value, such as ``5.5``.
        tiles: whether the value is a whole number of at least 1.
    """

    axis: str
    letters: str
    numbers: str
    result: str
    tiles: bool


def formulas(spec: LayerSpec, params: Params, shape: Shape) -> tuple[Formula, ...]:
    """Return the formula of a layer on a map of the given shape: once if both axes agree, else per axis.

    Layers that slide no window, and inputs that are no maps, have none.
    """
    if spec.window is None or len(shape) != 3:
        return ()
    rows, columns = spec.window(params, shape)
    if rows == columns:
        return (_formula("", rows),)
    return _formula("height", rows), _formula("width", columns)


def _formula(name: str, axis: Axis) -> Formula:
    # with dilation the cells of a filter stand apart: f is then the distance it spans
    span = "f" if axis.dilation == 1 else "(d(f − 1) + 1)"
    padding = "2p" if axis.before == axis.after else "p₁ + p₂"
    numbers = f"({axis.size} − {axis.span} + {padding_term(axis)}) / {axis.stride} + 1"
    tiles = axis.exact.denominator == 1 and axis.output >= 1
    return Formula(name, f"(I − {span} + {padding}) / s + 1", numbers, decimal(axis), tiles)
