"""What a layer type is: one frozen description that palette, inspector, files, compiler and tests all read."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from fractions import Fraction
from typing import Any, Literal, NamedTuple

from cnn_studio.core.params import Param, Value
from cnn_studio.graph.window import Window

Shape = tuple[int, ...]
"""Size of one image's activations without the batch: (C, H, W) for maps, (N,) for a vector."""

Params = Mapping[str, Any]
"""Canonical parameter values of a layer by key; the layer type's descriptions say of which type each is."""

BYTES_PER_NUMBER = 4
"""Of a float32."""

Severity = Literal["error", "warning", "note"]


class Family(Enum):
    """The groups of the palette; each has a colour of its own."""

    IO = ("io", "Input and output")
    CONVOLUTION = ("convolution", "Convolution")
    POOLING = ("pooling", "Pooling")
    ACTIVATION = ("activation", "Activation")
    NORMALISATION = ("normalisation", "Normalisation")
    DENSE = ("dense", "Fully connected")
    MERGE = ("merge", "Merge")
    REGULARISATION = ("regularisation", "Regularisation")
    SHAPE = ("shape", "Shape")

    def __init__(self, key: str, title: str) -> None:
        self.key = key
        self.title = title


@dataclass(frozen=True, slots=True)
class FixSpec:
    """A way out of a finding, before it is tied to a layer of a document.

    Attributes:
        label: what the button says.
        changes: parameter values to set on the layer itself.
        input_size: (height, width) to set on the network's input, where the layer reads it directly.
        insert: layer type to insert before the layer.
        insert_params: parameters of what is inserted, by key; the others take their defaults.
        port: which of the layer's inputs it is inserted into, counted from 0.
        append: layer type to put behind the layer.
        replace: layer type that takes the layer's place, with the parameters that both know.
        remove: take the layer out and heal the chain.
        remove_before: take out the layer that feeds it, if that is of this type.
        cut: remove the last link into the layer.
        source: id of a layer to link into the first free input.
    """

    label: str
    changes: Mapping[str, Value] = field(default_factory=dict)
    input_size: tuple[int, int] | None = None
    insert: str | None = None
    insert_params: Mapping[str, Value] = field(default_factory=dict)
    port: int = 0
    append: str | None = None
    replace: str | None = None
    remove: bool = False
    remove_before: str | None = None
    cut: bool = False
    source: int | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something a shape rule has to say about a layer.

    Attributes:
        code: stable name of the kind of problem, such as ``not_tiling``.
        message: the sentence in the user's numbers.
        fixes: called only when somebody looks, because finding good fixes tries many parameter values.
        data: the numbers behind the sentence.
    """

    code: str
    severity: Severity
    message: str
    fixes: Callable[[], tuple[FixSpec, ...]] = tuple
    data: Mapping[str, Any] = field(default_factory=dict)


class Inferred(NamedTuple):
    """Result of a shape rule: the output shape, or None with at least one error among the findings."""

    shape: Shape | None
    findings: tuple[Finding, ...] = ()


def failed(
    code: str, message: str, fixes: Callable[[], tuple[FixSpec, ...]] = tuple, **data: Any
) -> Inferred:
    """Return the result of a rule that cannot give a shape."""
    return Inferred(None, (Finding(code, "error", message, fixes, data),))


class Tensor(NamedTuple):
    """A parameter or buffer of a layer: its shape, and whether training moves it."""

    shape: Shape
    is_buffer: bool = False


class Reach(NamedTuple):
    """How far one output cell of a layer sees along one axis of its input.

    Attributes:
        span: input cells from the first to the last that it sees, gaps of dilation included.
        stride: distance in input cells between what two neighbouring output cells see; below 1 where the layer
            makes maps larger.
    """

    span: int
    stride: Fraction


ONE_CELL = Reach(1, Fraction(1))
"""The reach of layers that work on each place by itself."""


def whole_map(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    """Reach of layers whose every result depends on the whole map."""
    shape = inputs[0]
    if len(shape) != 3:
        return ONE_CELL, ONE_CELL
    return Reach(shape[1], Fraction(shape[1])), Reach(shape[2], Fraction(shape[2]))


def _no_tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    return {}


def _no_macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    return 0


def _no_sentence(params: Params, inputs: tuple[Shape, ...]) -> str:
    return ""


def _no_caption(params: Params) -> str:
    return ""


@dataclass(frozen=True, slots=True)
class LayerSpec:
    """One layer type.

    Attributes:
        id: stable name in files, PyTorch's where there is one.
        title: name in the palette and the inspector.
        help: what the layer does and when one uses it, in two or three sentences.
        infer: shape rule, (params, input shapes) -> `Inferred`; called with legal parameters only.
        tensors: parameters and buffers by state-dict name, in PyTorch's order.
        macs: multiply-accumulate operations for one image.
        window: for layers that slide a window: its geometry on a map of the given shape.
        reach_rule: how far an output cell sees, where `window` does not say it; see `reach`.
        caption: the short right-hand text of the card, such as ``Conv 5×5``; the title if empty.
        subtitle: the second line of the card, such as ``6 filters · stride 1``.
        sentence: what the layer does with these parameters on these inputs, in numbers; `help` where it is empty.
        min_inputs, max_inputs: number of links it takes; None means any number.
        keywords: further words the search finds it by.
        icon: name of its drawing; that of its id if empty.
    """

    id: str
    family: Family
    title: str
    help: str
    infer: Callable[[Params, tuple[Shape, ...]], Inferred]
    params: tuple[Param, ...] = ()
    tensors: Callable[[Params, tuple[Shape, ...]], dict[str, Tensor]] = _no_tensors
    macs: Callable[[Params, tuple[Shape, ...], Shape], int] = _no_macs
    window: Callable[[Params, Shape], Window] | None = None
    reach_rule: Callable[[Params, tuple[Shape, ...]], tuple[Reach, Reach]] | None = None
    caption: Callable[[Params], str] = _no_caption
    subtitle: Callable[[Params], str] = _no_caption
    sentence: Callable[[Params, tuple[Shape, ...]], str] = _no_sentence
    min_inputs: int = 1
    max_inputs: int | None = 1
    keywords: tuple[str, ...] = ()
    icon: str = ""

    @property
    def may_hold_state(self) -> bool:
        """Whether layers of this type have parameters or buffers, for some settings at least."""
        return self.tensors is not _no_tensors

    def num_params(self, params: Params, inputs: tuple[Shape, ...]) -> int:
        """Return the number of trainable numbers for the given input shapes."""
        return sum(product(t.shape) for t in self.tensors(params, inputs).values() if not t.is_buffer)

    def reach(self, params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
        """Return how far one output cell sees along the rows and the columns of the input maps, in prediction.

        A vector has no rows and columns: a layer that reads one adds nothing to what its elements have seen. In
        maps of H × W × C, as a permutation of the axes makes them, rows and columns are still those of the image.
        """
        if self.reach_rule is not None:
            return self.reach_rule(params, inputs)
        if self.window is None or len(inputs[0]) != 3:
            return ONE_CELL, ONE_CELL
        rows, columns = self.window(params, inputs[0])
        return Reach(rows.span, Fraction(rows.stride)), Reach(columns.span, Fraction(columns.stride))

    def default_params(self) -> dict[str, Value]:
        """Return the parameter values of a new layer."""
        return {param.key: param.default for param in self.params}

    def describe(self) -> dict[str, Any]:
        """Return the description as a JSON-able record."""
        return {
            "id": self.id,
            "family": self.family.key,
            "title": self.title,
            "help": self.help,
            "icon": self.icon or self.id,
            "inputs": [self.min_inputs, self.max_inputs],
            "params": [param.describe() for param in self.params],
        }


def product(shape: Shape) -> int:
    """Return the number of elements of a shape."""
    total = 1
    for size in shape:
        total *= size
    return total


def shape_text(shape: Shape) -> str:
    """Return a shape as the screen writes it, such as ``6×28×28`` or ``2,048×7×7``."""
    return "×".join(f"{size:,}" for size in shape)
