"""Layers that join several inputs."""

from __future__ import annotations

from cnn_studio.graph.spec import Family, FixSpec, Inferred, LayerSpec, Params, Shape, failed, shape_text


def _listed(inputs: tuple[Shape, ...]) -> str:
    return " and ".join(shape_text(shape) for shape in dict.fromkeys(inputs))


def _add_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    first = inputs[0]
    if all(shape == first for shape in inputs):
        return Inferred(first)
    ranks = {len(shape) for shape in inputs}
    where = "channels" if ranks == {3} and len({shape[1:] for shape in inputs}) == 1 else "size"
    return failed(
        "add_mismatch",
        f"Add needs inputs of one shape, but gets {_listed(inputs)}. Make the {where} equal, for example with a "
        "1 × 1 convolution on the shortcut"
        + (
            ", or join the maps with Concatenate instead."
            if where == "channels"
            else " at the same stride as the block."
        ),
        lambda: (FixSpec("Change to Concatenate", replace="concat"),) if where == "channels" else (),
        inputs=[list(shape) for shape in inputs],
    )


def _concat_shape(params: Params, inputs: tuple[Shape, ...]) -> Inferred:
    first = inputs[0]
    if any(len(shape) != len(first) or shape[1:] != first[1:] for shape in inputs):
        return failed(
            "concat_mismatch",
            f"Concatenate stacks channels, so height and width must be equal, but it gets {_listed(inputs)}. Give "
            "the branches the same stride and padding.",
            inputs=[list(shape) for shape in inputs],
        )
    return Inferred((sum(shape[0] for shape in inputs), *first[1:]))


ADD = LayerSpec(
    id="add",
    family=Family.MERGE,
    title="Add",
    help="Adds its inputs value by value: the end of a residual block, y = F(x) + x. All inputs need one shape.",
    infer=_add_shape,
    min_inputs=2,
    max_inputs=None,
    subtitle=lambda params: "F(x) + x",
    keywords=("residual", "shortcut", "sum", "plus", "skip"),
)

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
    keywords=("cat", "join", "inception", "densenet"),
)

LAYERS = (ADD, CONCAT)
