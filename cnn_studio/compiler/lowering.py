"""Document -> `torch.fx.GraphModule` whose submodules sit at the layers' paths."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import fx, nn

from cnn_studio.compiler.builders import BUILDERS
from cnn_studio.compiler.initialise import initialise
from cnn_studio.compiler.modules import BlockParameter
from cnn_studio.core.errors import NetworkError
from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.topology import ancestors, execution_order


def lower(
    document: NetworkDocument,
    *,
    weights: Mapping[str, torch.Tensor] | None = None,
    seed: int = 0,
    device: str = "cpu",
) -> fx.GraphModule:
    """Build the network of a document.

    The state-dict keys are the layers' paths plus the names of their tensors; a tensor without a name is a
    parameter of the block that the layer lies in, and its key is the path itself. Layers that do not lead to the
    output are left out. Nothing is drawn from PyTorch's process-wide random state, and no weights are allocated
    twice: modules are made on the meta device first.

    Args:
        document: a network without errors.
        weights: tensors by state-dict key to start from; those that fit in name and shape are copied in, every
            other one is drawn anew.
        seed: seed of the first weights.
        device: ``cpu`` for a module to use, ``meta`` for one without memory.

    Returns:
        A module that maps float tensors [B, C, H, W] to scores [B, N].

    Raises:
        NetworkError: the network has errors; the message is that of the first.
    """
    report = infer_shapes(document)
    output = document.info.output
    if not report.ok or output is None:
        first = next(problem for problem in report.problems if problem.severity == "error")
        raise NetworkError(first.message)
    used = ancestors(document, output)
    order = [document.layer(layer_id) for layer_id in execution_order(document) if layer_id in used]
    root, graph = nn.Module(), fx.Graph()
    values: dict[int, fx.Node] = {}
    built: dict[int, nn.Module] = {}
    for layer in order:
        if layer.type == "input":
            values[layer.id] = graph.placeholder("image")
            continue
        owner = layer if layer.tied_to is None else document.layer(layer.tied_to)
        if owner.id not in built:
            # the owner of shared weights may run later, or not at all
            built[owner.id] = _build(owner, report, seed, device)
            _attach(root, owner.path, built[owner.id])
        inputs = tuple(values[source] for source in document.sources_of(layer.id))
        values[layer.id] = _call(graph, owner.path, built[owner.id], inputs)
        values[layer.id].meta["layer_id"] = layer.id
    graph.output(values[output])
    module = fx.GraphModule(root, graph, class_name="Network")
    if weights is not None:
        _load(module, weights)
    return module


def _build(layer: Layer, report: ShapeReport, seed: int, device: str) -> nn.Module:
    with torch.device("meta"):
        module = BUILDERS[layer.type](layer.params, report.states[layer.id].inputs)
    if device == "meta":
        return module
    module.to_empty(device="cpu")
    initialise(module, seed, layer.id)
    return module


def _attach(root: nn.Module, path: str, module: nn.Module) -> None:
    *blocks, name = path.split(".")
    here = root
    for block in blocks:
        below = getattr(here, block, None)
        if below is None:
            below = nn.Module()
            here.add_module(block, below)
        here = below
    if isinstance(module, BlockParameter):
        here.register_parameter(name, module.weight)
    else:
        here.add_module(name, module)


def _call(graph: fx.Graph, path: str, module: nn.Module, inputs: tuple[fx.Node, ...]) -> fx.Node:
    if isinstance(module, BlockParameter):
        return graph.call_function(module.combine, (*inputs, graph.get_attr(path)))
    return graph.call_module(path, inputs)


def _load(module: nn.Module, weights: Mapping[str, torch.Tensor]) -> None:
    own = module.state_dict()
    fitting = {key: value for key, value in weights.items() if key in own and own[key].shape == value.shape}
    module.load_state_dict(fitting, strict=False)
