"""Layers that lay the same numbers out in another shape: reshape and permute."""

from __future__ import annotations

from cnn_studio.core.lists import Integers
from cnn_studio.graph.spec import (
    ONE_CELL,
    Family,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Reach,
    Shape,
    failed,
    product,
    shape_text,
    whole_map,
)

MAX_AXES = 6


def _reshape_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    wanted, values = params["shape"], product(inputs[0])
    if wanted.count(-1) > 1 or 0 in wanted:
        return failed(
            "shape_not_clear",
            f"The shape {', '.join(map(str, wanted))} is no shape: all numbers must be 1 or more, and at most one may be "
            "−1, which stands for whatever is left.",
            lambda: (FixSpec("A vector", {"shape": (-1,)}),),
            shape=list(wanted),
        )
    known = product(tuple(n for n in wanted if n != -1))
    if known == values or (-1 in wanted and values % known == 0):
        return Inferred(tuple(values // known if n == -1 else n for n in wanted))
    return failed(
        "reshape_mismatch",
        f"{shape_text(inputs[0])} is {values:,} numbers, which do not fill the shape "
        f"{' × '.join('?' if n == -1 else str(n) for n in wanted)}"
        + (f" of {known:,}" if -1 not in wanted else f": {values:,} cannot be divided by {known:,}")
        + ". Change the numbers, or let one of them be −1.",
        lambda: _reshape_fixes(wanted, values),
        values=values,
        shape=list(wanted),
    )


def _reshape_fixes(wanted: tuple[int, ...], values: int) -> tuple[FixSpec, ...]:
    found = []
    if -1 not in wanted:
        for axis in range(len(wanted)):
            changed = (*wanted[:axis], -1, *wanted[axis + 1 :])
            if values % product(tuple(n for n in changed if n != -1)) == 0:
                found.append(FixSpec(f"Shape {', '.join(map(str, changed))}", {"shape": changed}))
    return (*found, FixSpec("A vector", {"shape": (-1,)}))


RESHAPE = LayerSpec(
    id="reshape",
    family=Family.SHAPE,
    title="Reshape",
    help="Lays the same numbers out in another shape, in the same order: a vector of 784 becomes a map of 1 × 28 × 28. "
    "The number of values must agree; −1 stands for whatever is left.",
    infer=_reshape_shape,
    params=(
        Integers(
            "shape",
            "New shape",
            "Sizes for one image, such as 16, 4, 4; one of them may be −1. Type -1 with a plain hyphen.",
            (-1,),
            minimum=-1,
            maximum=1_000_000,
            most=MAX_AXES,
        ),
    ),
    reach_rule=whole_map,
    subtitle=lambda params: " × ".join("?" if n == -1 else str(n) for n in params["shape"]),
    keywords=("view", "unflatten", "shape", "layout"),
)


def _permute_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape, order = inputs[0], params["order"]
    if sorted(order) == list(range(len(shape))):
        return Inferred(tuple(shape[axis] for axis in order))
    fixes = {3: ((1, 2, 0), (2, 0, 1), (0, 2, 1)), 1: ((0,),)}.get(len(shape), (tuple(range(len(shape))),))
    return failed(
        "order_does_not_fit",
        f"The order {', '.join(map(str, order))} does not name each axis of {shape_text(shape)} once. The axes are "
        f"counted from 0 to {len(shape) - 1}; write each of them once.",
        lambda: tuple(FixSpec(f"Order {', '.join(map(str, new))}", {"order": new}) for new in fixes),
        order=list(order),
        input=list(shape),
    )


_TURNS = {(0, 1, 2), (1, 2, 0), (2, 0, 1)}
"""Orders that keep height before width, whether channels stood first or last."""


def _permute_reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    # where rows become columns, no number of cells along an axis is right: say the whole map
    return (ONE_CELL, ONE_CELL) if params["order"] in _TURNS else whole_map(params, inputs)


PERMUTE = LayerSpec(
    id="permute",
    family=Family.SHAPE,
    title="Permute axes",
    help="Changes the order of the axes: 1, 2, 0 turns maps of C × H × W into H × W × C, so that a layer along the last "
    "axis sees the channels; 2, 0, 1 turns them back. ConvNeXt does so around its fully connected layers.",
    infer=_permute_shape,
    params=(
        Integers(
            "order",
            "Order",
            "Which old axis stands at each place, counted from 0: channels 0, height 1, width 2.",
            (1, 2, 0),
            minimum=0,
            maximum=MAX_AXES - 1,
            most=MAX_AXES,
        ),
    ),
    reach_rule=_permute_reach,
    subtitle=lambda params: "order " + ", ".join(map(str, params["order"])),
    keywords=("transpose", "axes", "swap", "channels last", "nhwc", "moveaxis"),
)

LAYERS = (RESHAPE, PERMUTE)
