"""Runs a lowered network layer by layer: from the image or from any layer, up to any layer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping

from torch import Tensor, fx, nn

_NOTHING: Mapping[int, Tensor] = {}


class Runner:
    """Computes the values of chosen layers of a lowered network, and of nothing that they do not need.

    Args:
        module: as `cnn_studio.compiler.lower` gives it. It belongs to the runner from now on: it is put into evaluation
            mode, and none of its parameters wants a gradient.
        image: id of the input layer.
    """

    def __init__(self, module: fx.GraphModule, image: int) -> None:
        module.eval().requires_grad_(False)
        self._module = module
        self._image = image
        self._nodes = [node for node in module.graph.nodes if node.op != "output"]
        self._parts: dict[int, nn.Module] = {}
        self._node_of: dict[int, fx.Node] = {}
        for node in self._nodes:
            layer_id = image if node.op == "placeholder" else node.meta.get("layer_id")
            if layer_id is None:
                continue  # a parameter that a function takes
            self._node_of[layer_id] = node
            if node.op == "call_module":
                self._parts[layer_id] = module.get_submodule(str(node.target))
        self._layer_of = {node: layer_id for layer_id, node in self._node_of.items()}

    @property
    def module(self) -> fx.GraphModule:
        """The network."""
        return self._module

    @property
    def layers(self) -> tuple[int, ...]:
        """Ids of all layers that are computed, the input among them, in order."""
        return tuple(self._node_of)

    def part(self, layer_id: int) -> nn.Module | None:
        """Return a layer's module; None for the input and for layers that are a parameter of their block."""
        return self._parts.get(layer_id)

    def parameter(self, layer_id: int) -> Tensor | None:
        """Return the parameter of a layer that is one of its block, or None."""
        for node in self._node_of[layer_id].args:
            if isinstance(node, fx.Node) and node.op == "get_attr":
                return self._attribute(str(node.target))
        return None

    def tensors(self, layer_id: int) -> dict[str, Tensor]:
        """Return a layer's parameters and buffers by name."""
        part = self.part(layer_id)
        if part is not None:
            return dict(part.state_dict())
        own = self.parameter(layer_id) if layer_id != self._image else None
        return {} if own is None else {"": own}

    def apply(self, layer_id: int, *inputs: Tensor) -> Tensor:
        """Compute one layer from its inputs."""
        return self._call(self._node_of[layer_id], list(inputs))

    def run(
        self,
        images: Tensor | None,
        wanted: Collection[int],
        *,
        given: Mapping[int, Tensor] = _NOTHING,
        visit: Callable[[int, Tensor], None] | None = None,
    ) -> dict[int, Tensor]:
        """Return the values of the wanted layers, by id.

        No layer writes in place, so that a value stays what its layer gave. Whatever is neither wanted nor needed any more
        is let go of.

        Args:
            images: normalised, [B, C, H, W]; None where all paths begin at given layers.
            wanted: ids of layers.
            given: values of layers that are not to be computed.
            visit: called with each value right after it was computed.
        """
        values: dict[fx.Node, Tensor] = {self._node_of[layer_id]: value for layer_id, value in given.items()}
        targets = [self._node_of[layer_id] for layer_id in wanted]
        needed = _needed(targets, values.keys())
        uses: Counter[fx.Node] = Counter(source for node in needed for source in node.all_input_nodes)
        uses.update(targets)
        for node in self._nodes:
            if node not in needed:
                continue
            if node.op == "placeholder":
                if images is None:
                    raise ValueError("a wanted layer depends on the image, which was not given")
                values[node] = images
            elif node.op == "get_attr":
                values[node] = self._attribute(str(node.target))
            else:
                inputs = [values[source] for source in node.args if _is_value(source)]
                values[node] = self._call(node, inputs)
            for source in node.all_input_nodes:
                uses[source] -= 1
                if not uses[source]:
                    del values[source]
            layer_id = self._layer_of.get(node)
            if visit is not None and layer_id is not None:
                visit(layer_id, values[node])
        return {layer_id: values[self._node_of[layer_id]] for layer_id in wanted}

    def _call(self, node: fx.Node, inputs: list[Tensor]) -> Tensor:
        if node.op == "call_module":
            found: Tensor = self._parts[self._layer_of[node]](*inputs)
            return found
        if len(inputs) < len(node.args):
            own = self.parameter(self._layer_of[node])
            inputs = inputs if own is None else [*inputs, own]
        applied: Tensor = node.target(*inputs)  # type: ignore[operator]  # a function, as `lower` builds it
        return applied

    def _attribute(self, path: str) -> Tensor:
        here, _, name = path.rpartition(".")
        found: Tensor = getattr(self._module.get_submodule(here), name)
        return found


def _is_value(source: object) -> bool:
    return isinstance(source, fx.Node)


def _needed(targets: Collection[fx.Node], given: Collection[fx.Node]) -> set[fx.Node]:
    waiting, seen = [node for node in targets if node not in given], set[fx.Node]()
    while waiting:
        node = waiting.pop()
        if node in seen:
            continue
        seen.add(node)
        waiting += [source for source in node.all_input_nodes if source not in given]
    return seen
