"""The records in which a cell is written out, and what the rules that write it get."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from torch import nn

from cnn_studio.graph.document import Layer
from cnn_studio.graph.spec import Shape
from cnn_studio.insight.regions import Cell, Region
from cnn_studio.insight.windows import Box

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look

MINUS = "−"


class Step(NamedTuple):
    """One line of a cell written out, such as ``sum of 75 products`` = 1.25."""

    text: str
    value: float


@dataclass(frozen=True)
class Patch:
    """What a cell reads of one input of its layer.

    Attributes:
        source: id of the layer that is read.
        channels: which of its channels, int64 [c]; of a vector, which elements.
        rows, columns: which rows and columns of its maps, int64 [h] and [w]; below 0 or behind the last one stands padding.
            Dilation leaves gaps. One row and one column, both 0, for a vector.
        values: what is there, padding filled in, float64 [c, h, w].
        is_padding: bool [h, w].
    """

    source: int
    channels: np.ndarray = field(repr=False)
    rows: np.ndarray = field(repr=False)
    columns: np.ndarray = field(repr=False)
    values: np.ndarray = field(repr=False)
    is_padding: np.ndarray = field(repr=False)

    @property
    def box(self) -> Box:
        """The rectangle of rows and columns, padding included."""
        return Box(
            int(self.rows.min()),
            int(self.columns.min()),
            int(self.rows.max()) + 1,
            int(self.columns.max()) + 1,
        )


class Winner(NamedTuple):
    """Which value became the cell: input number `port`, and the cell of its layer."""

    port: int
    cell: Cell


@dataclass(frozen=True)
class Written:
    """A cell's arithmetic without the cell; the attributes are those of `CellArithmetic`."""

    formula: str
    patches: tuple[Patch, ...]
    steps: tuple[Step, ...]
    total: float | None
    weights: np.ndarray | None = field(default=None, repr=False)
    products: np.ndarray | None = field(default=None, repr=False)
    bias: float | None = None
    divisor: float | None = None
    winner: Winner | None = None
    note: str = ""


@dataclass(frozen=True)
class CellArithmetic:
    """How one cell of a layer comes about.

    Attributes:
        layer_id, cell: which cell.
        value: the number that the network computed.
        region: the cells of the image that it depends on, through all layers and branches between.
        written: the arithmetic.
    """

    layer_id: int
    cell: Cell
    value: float
    region: Region
    written: Written = field(repr=False)

    @property
    def formula(self) -> str:
        """The rule in letters, such as ``Σ x·w + b``; empty where there is no written-out form."""
        return self.written.formula

    @property
    def note(self) -> str:
        """What to know besides, or why there is no written-out form; mostly empty."""
        return self.written.note

    @property
    def patches(self) -> tuple[Patch, ...]:
        """What is read of each input."""
        return self.written.patches

    @property
    def weights(self) -> np.ndarray | None:
        """The filter through its whole depth, float64 of the first patch's shape, where the layer has one."""
        return self.written.weights

    @property
    def products(self) -> np.ndarray | None:
        """First patch times weights, element by element."""
        return self.written.products

    @property
    def bias(self) -> float | None:
        """What is added to the sum of the products; None where there is none."""
        return self.written.bias

    @property
    def divisor(self) -> float | None:
        """By how many cells an average divides."""
        return self.written.divisor

    @property
    def winner(self) -> Winner | None:
        """Which of the values read became the cell: the maximum's place, or where the value was taken over from."""
        return self.written.winner

    @property
    def steps(self) -> tuple[Step, ...]:
        """The arithmetic line by line; the last one is the cell. Empty where there is no written-out form."""
        return self.written.steps

    @property
    def total(self) -> float | None:
        """What the arithmetic gives, in float64; None where there is no written-out form."""
        return self.written.total


@dataclass(frozen=True)
class Reading:
    """What a rule gets: the layer, the cell, and the values that the layer read.

    Attributes:
        cell: (channel, row, column), or (element,).
        index: the same in the values as the network has them.
    """

    look: Look
    layer: Layer
    cell: Cell
    index: tuple[int, ...]

    @property
    def params(self) -> dict[str, Any]:
        """The layer's parameters."""
        return dict(self.layer.params)

    @cached_property
    def sources(self) -> list[int]:
        """Ids of the layers read."""
        return self.look.network.document.sources_of(self.layer.id)

    @cached_property
    def inputs(self) -> tuple[Shape, ...]:
        """Shapes of the inputs, as the network has them."""
        return self.look.network.report.states[self.layer.id].inputs

    @property
    def module(self) -> nn.Module | None:
        """The layer's module."""
        return self.look.network.runner.part(self.layer.id)

    @cached_property
    def tensors(self) -> dict[str, np.ndarray]:
        """Parameters and buffers as the network has them; a rule widens the few numbers that it reads."""
        found = self.look.network.runner.tensors(self.layer.id)
        return {name: tensor.detach().numpy() for name, tensor in found.items()}

    def raw(self, port: int = 0) -> np.ndarray:
        """Return an input's values as the network has them, float32."""
        found: np.ndarray = self.look.layers[self.sources[port]].raw.numpy()
        return found

    def is_last(self, port: int = 0) -> bool:
        """Whether an input has its channels last."""
        return self.look.network.layouts[self.sources[port]] == "maps_last"

    def cell_of(self, index: tuple[int, ...], port: int = 0) -> Cell:
        """Return as a cell what an index into an input's values means."""
        at = tuple(int(n) for n in index)
        return (at[-1], *at[:-1]) if self.is_last(port) else at

    def one(self, index: tuple[int, ...], port: int = 0) -> Patch:
        """Return a single value of an input as a patch."""
        channel, row, column = (*self.cell_of(index, port), 0, 0)[:3]
        value = float(self.raw(port)[tuple(index)])
        return self.patch(
            port, np.array([channel]), np.array([row]), np.array([column]), np.full((1, 1, 1), value)
        )

    def patch(
        self,
        port: int,
        channels: np.ndarray,
        rows: np.ndarray,
        columns: np.ndarray,
        values: np.ndarray,
        is_padding: np.ndarray | None = None,
    ) -> Patch:
        """Return a patch of an input."""
        if is_padding is None:
            is_padding = np.zeros(values.shape[1:], bool)
        return Patch(self.sources[port], channels, rows, columns, values.astype(np.float64), is_padding)


def number(value: float) -> str:
    """Return a number as it stands in a formula."""
    text = f"{abs(value):.4g}"
    return f"{MINUS}{text}" if value < 0 else text
