"""Normalisation: batch norm and AlexNet's local response norm."""

from __future__ import annotations

from cnn_studio.core.params import Flag, Integer, Real
from cnn_studio.graph.layers.common import need_map, one_product_each
from cnn_studio.graph.spec import (
    Family,
    FixSpec,
    Inferred,
    LayerSpec,
    Params,
    Shape,
    Tensor,
    failed,
    shape_text,
)


def _batch_norm_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    shape = inputs[0]
    if len(shape) in {1, 3}:
        return Inferred(shape)
    return failed(
        "needs_map_or_vector",
        f"Batch norm works on maps or on a vector, but gets {shape_text(shape)}. Flatten its input first.",
        lambda: (FixSpec("Insert Flatten", insert="flatten"),),
        input=list(shape),
    )


def _batch_norm_tensors(params: Params, inputs: tuple[Shape, ...]) -> dict[str, Tensor]:
    channels = (inputs[0][0],)
    found: dict[str, Tensor] = {}
    if params["affine"]:
        found |= {"weight": Tensor(channels), "bias": Tensor(channels)}
    return found | {
        "running_mean": Tensor(channels, True),
        "running_var": Tensor(channels, True),
        "num_batches_tracked": Tensor((), True),
    }


BATCH_NORM = LayerSpec(
    id="batch_norm",
    family=Family.NORMALISATION,
    title="Batch norm",
    help="Brings every channel to mean 0 and variance 1 over the batch, then scales and shifts it by two trained "
    "numbers. Keeps running statistics for prediction. Lets deep networks train with larger steps.",
    infer=_batch_norm_shape,
    params=(
        Real(
            "eps",
            "Epsilon",
            "Added to the variance so that nothing is divided by zero.",
            1e-5,
            minimum=0.0,
            maximum=1.0,
            above_minimum=True,
            advanced=True,
        ),
        Real(
            "momentum",
            "Momentum",
            "Share of the new batch in the running mean and variance.",
            0.1,
            minimum=0.0,
            maximum=1.0,
            advanced=True,
        ),
        Flag("affine", "Scale and shift", "Trains a factor and an offset per channel.", True, advanced=True),
    ),
    tensors=_batch_norm_tensors,
    macs=one_product_each,
    subtitle=lambda params: "per channel",
    keywords=("bn", "batchnorm", "normalization"),
)


def _lrn_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    return need_map("Local response norm", inputs[0]) or Inferred(inputs[0])


LOCAL_RESPONSE_NORM = LayerSpec(
    id="local_response_norm",
    family=Family.NORMALISATION,
    title="Local response norm",
    help="AlexNet's normalisation: divides each value by the strength of neighbouring maps at the same place, so "
    "that strong features damp their neighbours.",
    infer=_lrn_shape,
    params=(
        Integer("size", "Neighbouring maps", "How many maps around each one count.", 5, maximum=4_096),
        Real("alpha", "Alpha", "Strength of the damping.", 1e-4, maximum=1e3, advanced=True),
        Real("beta", "Beta", "Exponent of the damping.", 0.75, maximum=1e3, advanced=True),
        Real("k", "k", "Constant added before the power.", 2.0, minimum=1e-6, maximum=1e3, advanced=True),
    ),
    subtitle=lambda params: f"over {params['size']} maps",
    keywords=("lrn", "alexnet", "normalization"),
)

LAYERS = (BATCH_NORM, LOCAL_RESPONSE_NORM)
