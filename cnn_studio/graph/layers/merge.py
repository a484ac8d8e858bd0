"""Layers that join several inputs: value by value, or channel behind channel."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from cnn_studio.graph.layers.meeting import equalising, stackable
from cnn_studio.graph.spec import (
    Family,
    Finding,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Shape,
    failed,
    product,
    shape_text,
)


def _listed(inputs: tuple[Shape, ...]) -> str:
    return " and ".join(shape_text(shape) for shape in dict.fromkeys(inputs))


def _broadcast(inputs: tuple[Shape, ...]) -> Shape | None:
    """Return the maps (C, H, W) to which (C, 1, 1) and (1, H, W) among the inputs can be repeated, or None.

    PyTorch repeats any size of 1; here one input must be the whole map, so that each result is a value of that
    map joined with one number per channel or one per place.
    """
    if any(len(shape) != 3 for shape in inputs):
        return None
    channels, height, width = (max(sizes) for sizes in zip(*inputs, strict=True))
    whole = (channels, height, width)
    if whole not in inputs:
        return None
    allowed = {whole, (channels, 1, 1), (1, height, width)}
    return whole if all(shape in allowed for shape in inputs) else None


def _elementwise_shape(name: str, params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    first = inputs[0]
    if all(shape == first for shape in inputs):
        return Inferred(first)
    whole = _broadcast(inputs)
    if whole is None:
        return _mismatch(name, inputs)
    if name == "Multiply":
        return Inferred(whole)  # a gate: the usual way to use it
    smaller = next(shape for shape in inputs if shape != whole)
    message = (
        f"{name} repeats the {shape_text(smaller)} input over {shape_text(whole)}, so that the shapes agree. If it should be "
        "a whole map, check the branch it comes from."
    )
    return Inferred(whole, (Finding("repeated_input", "note", message, data={"input": list(smaller)}),))


def _mismatch(name: str, inputs: tuple[Shape, ...]) -> Inferred:
    ranks = {len(shape) for shape in inputs}
    where = "channels" if ranks == {3} and len({shape[1:] for shape in inputs}) == 1 else "size"
    joins = name == "Add" and where == "channels"
    how = (
        "."
        if ranks != {3}
        else f", for example with a 1 × 1 convolution on the shortcut{', or join the maps with Concatenate' if joins else ''}."
    )

    def fixes() -> tuple[FixSpec, ...]:
        found = equalising(inputs)
        return (*found, FixSpec("Change to Concatenate", replace="concat")) if joins else found

    return failed(
        "merge_mismatch",
        f"{name} needs inputs of one shape, but gets {_listed(inputs)}. Make the {where} equal{how}",
        fixes,
        inputs=[list(shape) for shape in inputs],
    )


def _products(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per value of the result and input after the first."""
    return (len(inputs) - 1) * product(output)


def _no_products(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    return 0


def _elementwise(
    id_: str,
    title: str,
    help_: str,
    subtitle: str,
    keywords: tuple[str, ...],
    macs: Callable[[Params, tuple[Shape, ...], Shape], int] = _no_products,
    max_inputs: int | None = None,
) -> LayerSpec:
    return LayerSpec(
        id=id_,
        family=Family.MERGE,
        title=title,
        help=help_,
        infer=partial(_elementwise_shape, title),
        min_inputs=2,
        max_inputs=max_inputs,
        macs=macs,
        subtitle=lambda params: subtitle,
        keywords=keywords,
    )


ADD = _elementwise(
    "add",
    "Add",
    "Adds its inputs value by value: the end of a residual block, y = F(x) + x. All inputs need one shape; one number "
    "per channel or per place is repeated.",
    "F(x) + x",
    ("residual", "shortcut", "sum", "plus", "skip", "additionlayer"),
)

MULTIPLY = _elementwise(
    "multiply",
    "Multiply",
    "Multiplies its inputs value by value. With one number per channel as the second input it is a gate: the end of a "
    "squeeze-excitation block, which turns maps up or down.",
    "x · gate",
    ("gate", "attention", "squeeze", "excitation", "product", "scale", "multiplicationlayer"),
    _products,
)

SUBTRACT = _elementwise(
    "subtract",
    "Subtract",
    "Takes the second input from the first, value by value: what changed between them.",
    "first − second",
    ("minus", "difference"),
    max_inputs=2,
)

MAXIMUM = _elementwise(
    "maximum",
    "Maximum",
    "Keeps the largest of its inputs, value by value: the strongest branch wins at each place (maxout).",
    "the largest",
    ("max", "maxout", "largest"),
)


def _concat_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    first = inputs[0]
    if any(len(shape) != len(first) or shape[1:] != first[1:] for shape in inputs):
        return failed(
            "concat_mismatch",
            f"Concatenate stacks channels, so height and width must be equal, but it gets {_listed(inputs)}. Give "
            "the branches the same stride and padding.",
            lambda: stackable(inputs),
            inputs=[list(shape) for shape in inputs],
        )
    return Inferred((sum(shape[0] for shape in inputs), *first[1:]))


CONCAT = LayerSpec(
    id="concat",
    family=Family.MERGE,
    title="Concatenate",
    help="Stacks the channels of its inputs, in the order of their links, as in Inception and DenseNet. Height and "
    "width must be equal.",
    infer=_concat_shape,
    min_inputs=2,
    max_inputs=None,
    subtitle=lambda params: "stacks channels",
    keywords=("cat", "join", "inception", "densenet", "depthconcatenationlayer"),
)

LAYERS = (ADD, CONCAT, MULTIPLY, SUBTRACT, MAXIMUM)
