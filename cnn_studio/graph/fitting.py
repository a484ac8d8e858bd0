"""Whether a layer type or a block would work behind a layer, by its shape rules alone: nothing is inserted or copied.

Palette and quick search ask this of everything that they offer, so it must be cheap.
"""

from __future__ import annotations

from typing import NamedTuple

from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.spec import Finding, Inferred, LayerSpec, Shape, shape_text
from cnn_studio.graph.topology import execution_order


class PartShapes(NamedTuple):
    """What becomes of an input in a block.

    Attributes:
        num_params: trainable numbers of all layers that could be inferred.
        output: shape of the block's result, or None.
        fault: path of the first layer that fails and what its rule says, or None.
    """

    num_params: int
    output: Shape | None
    fault: tuple[str, Finding] | None


def type_misfit(spec: LayerSpec, path: str, shape: Shape) -> str:
    """Return why a new layer of a type would fail behind a layer; empty if it would work.

    A layer that joins several inputs waits for the others by nature and is never refused.

    Args:
        spec: the type; its parameters are the defaults.
        path: the layer before, for the sentence.
        shape: what that layer gives.
    """
    if spec.max_inputs == 0 or spec.min_inputs > 1:
        return ""
    fault = _fault(spec.infer(spec.default_params(), (shape,)))
    return "" if fault is None else _reason(fault, path, shape)


def part_misfit(part: NetworkDocument, entry: int, path: str, shape: Shape) -> str:
    """Return why a block would fail behind a layer; empty if it would work.

    Args:
        part: the block as a document of its own.
        entry: id of the layer in it that stands for what comes before.
        path: the layer before, for the sentence.
        shape: what that layer gives.
    """
    fault = part_shapes(part, entry, shape).fault
    if fault is None:
        return ""
    inner, finding = fault
    is_first = any(part.layers[link.target].path == inner for link in part.outputs_of(entry))
    if is_first or (finding.code == "needs_map" and len(shape) == 1):
        return _reason(finding, path, shape)
    return f"{inner}: {finding.message}"


def part_shapes(part: NetworkDocument, entry: int, shape: Shape | None) -> PartShapes:
    """Return what becomes of an input of a shape in a block; see `part_misfit` for the arguments."""
    shapes: dict[int, Shape] = {} if shape is None else {entry: shape}
    num_params = 0
    fault: tuple[str, Finding] | None = None
    for layer_id in execution_order(part):
        layer = part.layers[layer_id]
        sources = part.sources_of(layer_id)
        spec = layer.spec
        if layer_id == entry or spec is None or any(source not in shapes for source in sources):
            continue
        if len(sources) < spec.min_inputs:
            continue
        inputs = tuple(shapes[source] for source in sources)
        inferred = spec.infer(layer.params, inputs)
        if inferred.shape is None:
            failed = _fault(inferred)
            if fault is None and failed is not None:
                fault = layer.path, failed
            continue
        shapes[layer_id] = inferred.shape
        if layer.tied_to is None:
            num_params += spec.num_params(layer.params, inputs)
    output = part.info.output
    return PartShapes(num_params, shapes.get(output) if output is not None else None, fault)


def _fault(inferred: Inferred) -> Finding | None:
    return next((finding for finding in inferred.findings if finding.severity == "error"), None)


def _reason(finding: Finding, path: str, shape: Shape) -> str:
    if finding.code == "needs_map":
        gives = (
            f"a vector of {shape[0]:,} numbers" if len(shape) == 1 else f"{shape_text(shape)}, in other axes"
        )
        return f"works on maps, but {path} gives {gives}."
    if finding.code == "missing_flatten":
        return f"works on a vector, but {path} gives maps of {shape_text(shape)}. A Flatten layer belongs between."
    return finding.message
