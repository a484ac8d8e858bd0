"""What is said of a cell that is written out: its kind of picture, its channels, and the lines of its sum.

Numbers and words alone; the painting is in the other files of this name.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np

from cnn_studio.insight.arithmetic import CellArithmetic
from cnn_studio.insight.written import MINUS

if TYPE_CHECKING:
    from cnn_studio.insight.maps import Look

Kind = Literal["filter", "window", "weights", "powers", "function", "merge", "values", "note"]
"""How a cell is drawn: patch × filter, patch alone, sorted contributions, exponentials, x → f(x), some inputs, many
values, or in words."""

_WORDS = {
    "bias": "+ bias",
    "sum and bias": "= sum and bias",
    "scaled sum and bias": "= scaled sum and bias",
    "scaled and shifted": "= scaled and shifted",
    "β": "+ β",
    "relu": "= relu of that",
    "tanh": "= tanh of that",
    "sigmoid": "= sigmoid of that",
}
_CURVED = (
    "relu", "relu6", "tanh", "sigmoid", "gelu", "silu", "mish", "hardswish", "hardsigmoid", "selu", "leaky_relu", "elu",
    "softplus", "hardtanh", "scaled_tanh",
)  # fmt: skip


_TINY = 0.0005


class Bar(NamedTuple):
    """One of many contributions.

    Attributes:
        name: which one.
        detail: the numbers it comes from.
        value: how much it is.
        is_own: whether it is the cell's own.
    """

    name: str
    detail: str
    value: float
    is_own: bool = False


@dataclass(frozen=True)
class Facts:
    """A cell of a look, written out."""

    look: Look
    done: CellArithmetic

    @cached_property
    def kind(self) -> Kind:
        """How it is drawn."""
        done, type_ = self.done, self.look.layers[self.done.layer_id].type
        if not done.patches:
            return "note"
        if len(done.patches) > 1:
            return "merge"
        if type_ == "softmax":
            return "powers"
        if done.weights is not None:
            return "weights" if type_ == "linear" else "filter"
        shape = done.patches[0].values.shape
        if shape == (1, 1, 1):
            return "function"
        return "window" if shape[0] == 1 else "values"

    @property
    def depth(self) -> int:
        """Through how many channels the patch goes, where they are shown one at a time; else 1."""
        return len(self.done.patches[0].channels) if self.kind in ("filter", "window") else 1

    @cached_property
    def channel_sums(self) -> np.ndarray:
        """What each channel adds to the sum, float64 [depth]; empty where nothing is multiplied."""
        if self.kind != "filter" or self.done.products is None:
            return np.zeros(0)
        found: np.ndarray = np.nan_to_num(self.done.products).sum(axis=(1, 2))
        return found

    @property
    def strongest(self) -> int:
        """Place of the channel that adds or takes away most."""
        return int(np.abs(self.channel_sums).argmax()) if len(self.channel_sums) else 0

    @property
    def decimals(self) -> int:
        """How many decimals all numbers of the sum are given with, so that one sees them add up."""
        return decimals_for([self.done.value, *(step.value for step in self.done.steps)])

    @property
    def value_text(self) -> str:
        """The cell as it stands under its sum."""
        return plain_number(self.done.value, self.decimals)

    def lines(self) -> list[tuple[str, str]]:
        """Return the sum line by line: what, and how much."""
        found = [
            (_WORDS.get(step.text, step.text), plain_number(step.value, self.decimals))
            for step in self.done.steps
        ]
        if self.kind == "filter" and found:
            depth, height, width = self.done.patches[0].values.shape
            if depth > 1 and self.done.products is not None:
                cells = f" × {height * width:,} products" if height * width > 1 else ""
                found[0] = (f"sum over {depth:,} channels{cells}", found[0][1])
        return found

    def text(self) -> str:
        """Return the lines below each other, the numbers in one column."""
        lines = self.lines()
        label = max((len(text) for text, _ in lines), default=0)
        number = max((len(text) for _, text in lines), default=0)
        return "\n".join(f"{text:<{label}}  {value:>{number}}" for text, value in lines)

    @property
    def adds_up(self) -> bool:
        """Whether the arithmetic gives what the network computed, but for the rounding of 32-bit numbers."""
        total, value = self.done.total, self.done.value
        if total is None:
            return False
        if not (math.isfinite(total) and math.isfinite(value)):
            return str(total) == str(value)
        size = 1.0 if self.done.products is None else max(1.0, float(np.abs(self.done.products).sum()))
        return abs(total - value) <= 1e-4 * max(size, abs(value))

    @property
    def result(self) -> str:
        """The sentence below the sum; empty where there is no sum."""
        if self.done.total is None:
            return ""
        if self.adds_up:
            return f"{self.value_text} adds up to the cell shown."
        return f"The network computed {self.value_text}; the difference is the rounding of 32-bit numbers."

    @property
    def title(self) -> str:
        """Which cell of which layer."""
        look = self.look.layers[self.done.layer_id]
        return f"{look.path}, {cell_text(self.done.cell)}"

    def contributions(self, most: int) -> list[Bar]:
        """Return what adds or takes away most, the strongest first; the last one is all others together."""
        done = self.done
        if done.products is None or done.weights is None:
            return []
        patch, products, weights = done.patches[0], done.products.reshape(-1), done.weights.reshape(-1)
        order = np.argsort(-np.abs(products), kind="stable")
        shown = order if len(order) <= most else order[: most - 1]
        values = patch.values.reshape(-1)
        bars = [
            Bar(
                f"element {patch.channels[at]:,}",
                f"{short_number(values[at])} × {short_number(weights[at])}",
                float(products[at]),
            )
            for at in shown
        ]
        if len(shown) < len(order):
            rest = float(products[order[len(shown) :]].sum())
            bars.append(Bar(f"other {len(order) - len(shown):,}", "together", rest))
        return bars

    def powers(self, most: int) -> list[Bar]:
        """Return the exponentials that softmax divides by their sum, the largest first, the cell's own always."""
        values, channels = self.done.patches[0].values.reshape(-1), self.done.patches[0].channels
        shift = float(values.max())
        found = np.exp(values - shift)
        own = self.done.cell[0]
        order = np.argsort(-found, kind="stable")
        if len(order) > most:
            shown = list(order[:most])
            if own not in channels[shown]:
                shown[-1] = int(np.flatnonzero(channels == own)[0])
        else:
            shown = list(range(len(found)))
        network = self.look.network
        is_output = self.done.layer_id == network.output
        return [
            Bar(
                network.class_name(int(channels[at])) if is_output else f"element {channels[at]:,}",
                f"e^{short_number(float(values[at]) - shift)}",
                float(found[at]),
                int(channels[at]) == own,
            )
            for at in shown
        ]

    def inputs(self) -> list[Bar]:
        """Return the values that a merge joins, one per input."""
        document, won = self.look.network.document, self.done.winner
        return [
            Bar(
                document.layer(patch.source).path,
                "",
                float(patch.values[0, 0, 0]),
                won is not None and won.port == port,
            )
            for port, patch in enumerate(self.done.patches)
        ]

    @property
    def has_curve(self) -> bool:
        """Whether the layer is one curve for all its cells."""
        return self.look.layers[self.done.layer_id].type in _CURVED

    def curve(self, low: float, high: float, count: int = 97) -> tuple[np.ndarray, np.ndarray] | None:
        """Return points of the activation between two numbers; None where the layer is not one curve for all cells."""
        import torch

        module = self.look.network.runner.part(self.done.layer_id)
        if not self.has_curve or module is None:
            return None
        x = torch.linspace(low, high, count, dtype=torch.float64)
        with torch.inference_mode():
            return x.numpy(), module(x[None])[0].numpy()


def cell_text(cell: tuple[int, ...]) -> str:
    """Return a cell's name."""
    if len(cell) == 3:
        return f"map {cell[0]}, row {cell[1]}, column {cell[2]}"
    return f"element {cell[0]}"


def decimals_for(values: Iterable[float]) -> int:
    """Return with how many decimals the largest of some numbers shows five digits."""
    top = max((abs(value) for value in values if math.isfinite(value)), default=0.0)
    return 4 if top == 0 else min(7, max(0, 4 - math.floor(math.log10(top))))


def plain_number(value: float, decimals: int) -> str:
    """Return a number with so many decimals, or in powers of ten where they would make it 0."""
    if not math.isfinite(value):
        return str(value)
    text = f"{abs(value):,.{decimals}f}"
    if value and not any(digit in text for digit in "123456789"):
        text = f"{abs(value):.1e}"
    return f"{MINUS}{text}" if value < 0 else text


def short_number(value: float, decimals: int | None = None) -> str:
    """Return a number in few signs, for cells and bars."""
    value = float(value)
    if not math.isfinite(value):
        return str(value)
    if decimals is None:
        size = abs(value)
        if 0 < size < _TINY:
            return f"{MINUS if value < 0 else ''}{size:.0e}"
        decimals = 0 if size >= 100 else 1 if size >= 10 else 2 if size >= 0.1 or not size else 3
    text = f"{abs(value):.{decimals}f}"
    return f"{MINUS}{text}" if value < 0 and any(digit in text for digit in "123456789") else text
