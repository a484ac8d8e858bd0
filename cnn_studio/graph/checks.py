"""Problems of the network as a whole: its input, its output, and layers that lead nowhere."""

from __future__ import annotations

from collections.abc import Mapping

from cnn_studio.graph.commands import AddLink, AnyCommand, Macro, SetInfo, SetOutput, SetParams
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.edits import STEP, new_layer, remove_and_heal, untie
from cnn_studio.graph.problems import Fix, Problem, problem_at
from cnn_studio.graph.spec import Family, Finding, FixSpec, Shape, shape_text
from cnn_studio.graph.topology import ancestors

_KEEPS_WIDTH = frozenset({Family.ACTIVATION, Family.NORMALISATION, Family.REGULARISATION})
_TO_ONE_CELL = frozenset({"global_avg_pool", "global_max_pool", "spatial_mean"})


def structural_problems(document: NetworkDocument) -> list[Problem]:
    """Return what is wrong with the network's input, output mark and links, whatever the shapes are."""
    if not document.layers:
        message = "The network is empty. Drag a layer from the palette onto the canvas, or open a starter."
        return [Problem("empty", "error", None, "", message)]
    found = _input_problems(document)
    output = document.info.output
    if output is None:
        return found + _no_output(document)
    return found + _unused(document, output) + _softmax(document, output)


def output_problems(document: NetworkDocument, shape: Shape | None) -> list[Problem]:
    """Return what is wrong with the shape of the network's output, (N,) being one score per class."""
    output = document.info.output
    return [] if output is None or shape is None else _output_shape(document, output, shape)


def normalisation_problems(document: NetworkDocument) -> list[Problem]:
    """Return what is wrong with a given mean and deviation: there must be one of each per channel."""
    given = document.info.preprocessing
    if given.measured or given.mean is None or given.std is None:
        return []
    counts = (len(given.mean), len(given.std))
    entry = next((layer for _, layer in sorted(document.layers.items()) if layer.type == "input"), None)
    if entry is None or counts == (entry.params["channels"],) * 2:
        return []
    channels = entry.params["channels"]
    message = (
        f"The images of {entry.path} have {channels} channel{'' if channels == 1 else 's'}, but the network's mean and deviation are "
        f"given for {counts[0]} and {counts[1]}. Give one of each per channel, or let every run measure them."
    )

    def measure() -> tuple[Fix, ...]:
        measured = given.model_copy(update={"measured": True, "mean": None, "std": None})
        return (Fix("Measure them from the images", SetInfo(preprocessing=measured)),)

    return [Problem("normalisation_mismatch", "error", entry.id, entry.path, message, {}, measure)]


def tie_problems(document: NetworkDocument, inputs: Mapping[int, tuple[Shape, ...]]) -> list[Problem]:
    """Return what keeps layers from sharing the weights of the layers that they are tied to.

    Args:
        document: the network.
        inputs: input shapes by layer id; empty where unknown.
    """
    found = []
    for layer in document.layers.values():
        reason = None if layer.tied_to is None else _broken_tie(document, layer, inputs)
        if reason is None:
            continue
        message = f"{layer.path} shares the weights of {reason}. Give it weights of its own."

        def fixes(layer: Layer = layer) -> tuple[Fix, ...]:
            return (Fix("Own weights", untie(document, layer.id)),)

        found.append(Problem("broken_tie", "error", layer.id, layer.path, message, {}, fixes))
    return found


def _broken_tie(
    document: NetworkDocument, layer: Layer, inputs: Mapping[int, tuple[Shape, ...]]
) -> str | None:
    owner = document.layers.get(layer.tied_to or 0)
    if owner is None:
        return "a layer that is gone"
    if owner.id == layer.id:
        return "itself"
    if owner.tied_to is not None:
        return f"{owner.path}, which has none of its own"
    if owner.type != layer.type or layer.spec is None:
        return f"{owner.path}, a layer of another type"
    if owner.params != layer.params:
        return f"{owner.path}, which has other sizes or settings"
    mine, theirs = inputs.get(layer.id), inputs.get(owner.id)
    if not mine or not theirs:
        return None
    if layer.spec.tensors(layer.params, mine) != layer.spec.tensors(owner.params, theirs):
        return f"{owner.path}, whose weights have other sizes, because its input has"
    return None


def _input_problems(document: NetworkDocument) -> list[Problem]:
    # by id, not in the order of adding: a file forgets that order, and undo changes it
    inputs = [layer for _, layer in sorted(document.layers.items()) if layer.type == "input"]
    if not inputs:

        def add_input() -> tuple[Fix, ...]:
            return (Fix("Add an input", _add_input(document)),)

        message = "The network has no input layer, so no image can enter. Drag an Input from the palette."
        return [Problem("no_input", "error", None, "", message, {}, add_input)]
    return [
        problem_at(
            document,
            extra.id,
            Finding(
                "several_inputs",
                "error",
                f"{extra.path} is a second input. A network reads one image; it enters at {inputs[0].path}. Remove "
                "one of them.",
                lambda: (FixSpec("Remove this input", remove=True),),
            ),
        )
        for extra in inputs[1:]
    ]


def _add_input(document: NetworkDocument) -> AnyCommand:
    waiting = [i for i in sorted(document.layers) if not document.sources_of(i)]
    first = document.layer(waiting[0] if waiting else min(document.layers))
    new = new_layer(document, "input", first.x, first.y - STEP)
    links = tuple(AddLink(source=new.id, target=i) for i in waiting)
    return Macro(text="add an input", commands=(new, *links))


def _no_output(document: NetworkDocument) -> list[Problem]:
    def mark() -> tuple[Fix, ...]:
        ends = [layer for _, layer in sorted(document.layers.items()) if not document.outputs_of(layer.id)]
        return tuple(Fix(f"Mark {layer.path} as output", SetOutput(id=layer.id)) for layer in ends[:5])

    message = "No layer is marked as the network's output. Mark the one that gives the class scores."
    return [Problem("no_output", "error", None, "", message, {}, mark)]


def _unused(document: NetworkDocument, output: int) -> list[Problem]:
    used = ancestors(document, output)
    found = []
    for layer in document.layers.values():
        if layer.id in used:
            continue
        is_end = layer.type != "input" and not document.outputs_of(layer.id)
        message = f"The result of {layer.path} is not used: no link leads from it to the output."

        def fixes(layer: Layer = layer, is_end: bool = is_end) -> tuple[Fix, ...]:
            offered = [Fix("Remove this layer", remove_and_heal(document, [layer.id]))]
            if is_end:
                offered.insert(0, Fix("Make it the output", SetOutput(id=layer.id)))
            return tuple(offered)

        found.append(Problem("unused_layer", "warning", layer.id, layer.path, message, {}, fixes))
    return found


def _softmax(document: NetworkDocument, output: int) -> list[Problem]:
    if document.layer(output).type != "softmax":
        return []
    message = (
        "Softmax before the loss: the cross-entropy loss applies softmax itself, so here it would act twice, and "
        "the gradients would be small. Remove it; predictions still show probabilities."
    )
    fix = FixSpec("Remove softmax", remove=True)
    return [problem_at(document, output, Finding("softmax_before_loss", "warning", message, lambda: (fix,)))]


def _output_shape(document: NetworkDocument, output: int, shape: Shape) -> list[Problem]:
    layer = document.layer(output)
    if len(shape) != 1:
        message = (
            f"The output {layer.path} gives maps of {shape_text(shape)}, but the loss needs one score per class: a "
            "vector. Put Flatten or a fully connected layer behind it."
        )
        fix = FixSpec("Append Flatten", append="flatten")
        return [
            problem_at(
                document,
                output,
                Finding("output_not_vector", "error", message, lambda: (fix,), {"output": list(shape)}),
            )
        ]
    wanted = len(document.info.labels)
    if not wanted or shape[0] == wanted:
        return []
    message = (
        f"The output {layer.path} gives {shape[0]} scores, but there are {wanted} classes. The last layer needs "
        "one unit per class."
    )

    def widen() -> tuple[Fix, ...]:
        change = fit_output(document, wanted)
        if change is None:
            return ()
        return (Fix(f"Give {document.layer(change.id).path} {wanted} {_unit(document, change)}", change),)

    data = {"outputs": shape[0], "classes": wanted}
    return [Problem("output_width", "error", output, layer.path, message, data, widen)]


def _unit(document: NetworkDocument, change: SetParams) -> str:
    return "filters" if document.layer(change.id).type == "conv2d" else "units"


def fit_output(document: NetworkDocument, num_classes: int) -> SetParams | None:
    """Return the command that gives the last layer with weights one unit per class.

    None if it has as many already, or if the network ends in something else.
    """
    output = document.info.output
    found = None if output is None else sets_width(document, output)
    if found is None or found[0].params[found[1]] == num_classes:
        return None
    return SetParams(id=found[0].id, changes={found[1]: num_classes})


def sets_width(document: NetworkDocument, output: int) -> tuple[Layer, str] | None:
    """Return the layer and its parameter that decide the number of outputs, or None if it is not that simple."""
    here, pooled = document.layer(output), False
    while _keeps_width(here) or here.type in _TO_ONE_CELL:
        pooled = pooled or here.type in _TO_ONE_CELL
        sources = document.sources_of(here.id)
        if len(sources) != 1:
            return None
        here = document.layer(sources[0])
    if here.type == "linear" and here.params["over"] == "vector" and not pooled:
        return here, "out_features"
    if here.type == "conv2d" and pooled and here.params["groups"] == 1:
        return here, "out_channels"  # one map per class, each brought to one number
    return None


def _keeps_width(layer: Layer) -> bool:
    family = None if layer.spec is None else layer.spec.family
    return family in _KEEPS_WIDTH or layer.type in {"identity", "flatten", "scale_shift"}
