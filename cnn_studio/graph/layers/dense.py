"""Flatten and fully connected."""

from __future__ import annotations

from cnn_studio.core.params import Choice, Flag, Integer
from cnn_studio.graph.layers.common import activation_param, count_text
from cnn_studio.graph.spec import (
    ONE_CELL,
    Family,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Reach,
    Shape,
    Tensor,
    failed,
    product,
    shape_text,
    whole_map,
)


def _flatten_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    return Inferred((product(inputs[0]),))


FLATTEN = LayerSpec(
    id="flatten",
    family=Family.DENSE,
    title="Flatten",
    help="Lays the maps out as one vector, row after row and map after map, so that fully connected layers can "
    "read them. It has nothing to train.",
    infer=_flatten_shape,
    reach_rule=whole_map,
    subtitle=lambda params: "maps to a vector",
    keywords=("reshape", "vector"),
)


def _linear_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    if len(shape) == 1 or params["over"] == "last":
        return Inferred((*shape[:-1], params["out_features"]))
    return failed(
        "missing_flatten",
        f"A fully connected layer reads a vector, but gets maps of {shape_text(shape)}. Put a Flatten layer before "
        f"it: {shape_text(shape)} becomes {product(shape):,} numbers.",
        lambda: (FixSpec(f"Insert Flatten → {product(shape):,}", insert="flatten"),),
        input=list(shape),
    )


def _linear_tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    units = params["out_features"]
    found = {"weight": Tensor((units, inputs[0][-1]))}
    if params["bias"]:
        found["bias"] = Tensor((units,))
    return found


def _linear_macs(params: Params, inputs: tuple[Shape, ...], output: Shape) -> int:
    """Count one product per weight and place; a vector is one place."""
    return product(inputs[0]) * int(params["out_features"])


def _linear_reach(params: Params, inputs: tuple[Shape, ...]) -> tuple[Reach, Reach]:
    return (ONE_CELL, ONE_CELL) if params["over"] == "last" else whole_map(params, inputs)


def _linear_subtitle(params: Params) -> str:
    units = count_text(params["out_features"], "unit")
    return units if params["activation"] == "none" else f"{units} · {params['activation']}"


def _linear_sentence(params: Params, inputs: tuple[Shape, ...]) -> str:
    units, values = params["out_features"], inputs[0][-1]
    where = f" at each of the {product(inputs[0][:-1]):,} places" if len(inputs[0]) > 1 else ""
    return f"Every one of the {count_text(units, 'unit')} reads all {values:,} values{where}: {units * values:,} weights."


LINEAR = LayerSpec(
    id="linear",
    family=Family.DENSE,
    title="Fully connected",
    help="Every unit is joined to every input: one weight per input value and unit. It classifies what the "
    "convolutions found; most weights of AlexNet and VGG are here.",
    infer=_linear_shape,
    params=(
        Integer(
            "out_features",
            "Units",
            "Size of the output vector; in the last layer, the number of classes.",
            10,
            maximum=1_000_000,
        ),
        activation_param("none"),
        Flag("bias", "Bias", "Adds one trainable number per unit.", True, advanced=True),
        Choice(
            "over",
            "Reads",
            "A whole vector, or the last axis at each place of maps of H × W × C, as ConvNeXt does: the same as a 1 × 1 "
            "convolution on C × H × W.",
            "vector",
            advanced=True,
            options=(("vector", "A vector"), ("last", "The last axis, place by place")),
        ),
    ),
    tensors=_linear_tensors,
    macs=_linear_macs,
    reach_rule=_linear_reach,
    subtitle=_linear_subtitle,
    sentence=_linear_sentence,
    keywords=("dense", "linear", "fc", "classifier", "fullyconnectedlayer"),
)

LAYERS = (FLATTEN, LINEAR)
