"""Flatten and fully connected."""

from __future__ import annotations

from cnn_studio.core.params import Flag, Integer
from cnn_studio.graph.layers.common import activation_param, count_text
from cnn_studio.graph.spec import (
    Family,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Shape,
    Tensor,
    failed,
    product,
    shape_text,
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
    subtitle=lambda params: "maps to a vector",
    keywords=("reshape", "vector"),
)


def _linear_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    if len(shape) == 1:
        return Inferred((params["out_features"],))

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
    return int(inputs[0][-1]) * int(params["out_features"])


def _linear_subtitle(params: Params) -> str:
    units = count_text(params["out_features"], "unit")
    return units if params["activation"] == "none" else f"{units} · {params['activation']}"


def _linear_sentence(params: Params, inputs: tuple[Shape, ...]) -> str:
    units, values = params["out_features"], inputs[0][-1]
    return f"Every one of the {count_text(units, 'unit')} reads all {values:,} values: {units * values:,} weights."


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
    ),
    tensors=_linear_tensors,
    macs=_linear_macs,
    subtitle=_linear_subtitle,
    sentence=_linear_sentence,
    keywords=("dense", "linear", "fc", "classifier"),
)

LAYERS = (FLATTEN, LINEAR)
