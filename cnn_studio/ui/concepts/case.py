"""What a concept picture is about: a layer type with its parameters and shapes, and how it is drawn and said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.spec import LayerSpec, Params, Shape
from cnn_studio.ui.concepts.sketch import Sketch


@dataclass(frozen=True, slots=True)
class Case:
    """One layer whose picture is wanted.

    Attributes:
        type_id: a registered layer type.
        params: its canonical parameter values.
        inputs: shapes of its inputs, never empty where the type takes any.
        output: shape of its result; None where the parameters do not fit the inputs.
        step: which of the positions is shown, for pictures that have several.
        is_example: the inputs are made up, because the real ones are unknown or do not fit.
    """

    type_id: str
    params: Params
    inputs: tuple[Shape, ...]
    output: Shape | None
    step: int = 0
    is_example: bool = False

    @property
    def spec(self) -> LayerSpec:
        """The layer type."""
        return get_spec(self.type_id)

    @property
    def shape(self) -> Shape:
        """Shape of the first input, or of the output of a layer that takes none."""
        return self.inputs[0] if self.inputs else self.output or (1,)


def small_map(params: Params) -> tuple[Shape, ...]:
    """Return an example input that suits most layers: a small map of a few channels."""
    return ((6, 8, 8),)


@dataclass(frozen=True, slots=True)
class Concept:
    """How the picture of a layer type is drawn, and what it says in words.

    Attributes:
        paint: draws a case; it must cope with an output that is None.
        say: the picture in one or two sentences, for those who cannot see it.
        example: input shapes that suit some parameters, for layers whose inputs are unknown.
        draws: whether inputs that the layer refuses can be drawn all the same.
        steps: whether `Case.step` chooses among several positions.
    """

    paint: Callable[[Sketch, Case], None]
    say: Callable[[Case], str]
    example: Callable[[Params], tuple[Shape, ...]] = small_map
    draws: Callable[[Params, tuple[Shape, ...]], bool] = lambda params, inputs: False
    steps: bool = False
