"""Live shape inference: after each edit only what lies downstream is inferred again.

Inference never stops at the first fault: every layer has a shape, or an error, or waits for a layer that has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from cnn_studio.graph.checks import network_problems
from cnn_studio.graph.document import DocumentChange, Layer, NetworkDocument
from cnn_studio.graph.problems import Problem, problem_at
from cnn_studio.graph.spec import Finding, FixSpec, Shape, product
from cnn_studio.graph.topology import execution_order, on_cycle


class LayerState(NamedTuple):
    """What is known of one layer.

    Attributes:
        inputs: shapes of its inputs; empty while one of them is unknown.
        shape: its output shape, or None.
        findings: what its rule has to say.
        waits_for: id of the layer whose error keeps this one from having a shape, or None.
    """

    inputs: tuple[Shape, ...]
    shape: Shape | None
    findings: tuple[Finding, ...] = ()
    waits_for: int | None = None


@dataclass(frozen=True, slots=True)
class ShapeReport:
    """Shapes and problems of a whole network at one moment.

    Attributes:
        order: layer ids in execution order; layers on or behind a cycle come last.
        states: what is known of each layer.
        problems: all problems, those of layers in the order of the layers, then those of the network.
    """

    document: NetworkDocument = field(repr=False)
    order: tuple[int, ...]
    states: Mapping[int, LayerState] = field(repr=False)
    problems: tuple[Problem, ...]

    @property
    def ok(self) -> bool:
        """Whether the network can run: no problem is an error."""
        return not any(problem.severity == "error" for problem in self.problems)

    def count(self, severity: str) -> int:
        """Return the number of problems of a severity."""
        return sum(problem.severity == severity for problem in self.problems)

    def num_params(self, layer_id: int) -> int | None:
        """Return the trainable numbers of a layer, or None while its inputs are unknown."""
        layer, state = self.document.layer(layer_id), self.states[layer_id]
        if layer.spec is None or state.shape is None or layer.tied_to is not None:
            return 0 if layer.tied_to is not None else None
        return layer.spec.num_params(layer.params, state.inputs)

    def macs(self, layer_id: int) -> int | None:
        """Return the multiply-accumulate operations of a layer for one image, or None while unknown."""
        layer, state = self.document.layer(layer_id), self.states[layer_id]
        if layer.spec is None or state.shape is None:
            return None
        return layer.spec.macs(layer.params, state.inputs, state.shape)

    def activations(self) -> int:
        """Return the number of activations of one image over all layers with a known shape."""
        return sum(product(state.shape) for state in self.states.values() if state.shape is not None)

    def output_shape(self) -> Shape | None:
        """Return the shape of the network's result, or None while unknown."""
        output = self.document.info.output
        return None if output is None else self.states[output].shape


class ShapeEngine:
    """Keeps the shapes of one document up to date."""

    def __init__(self, document: NetworkDocument) -> None:
        self._document = document
        self._states: dict[int, LayerState] = {}
        self._rank: dict[int, int] = {}
        self._dirty: set[int] = set(document.layers)
        self._reorder = True
        self._report: ShapeReport | None = None
        document.changed.connect(self._note_change)  # psygnal holds bound methods weakly

    def _note_change(self, change: DocumentChange) -> None:
        self._report = None
        for layer_id in change.removed:
            self._states.pop(layer_id, None)
            self._rank.pop(layer_id, None)
            self._dirty.discard(layer_id)
        self._dirty |= change.added | change.edited | change.relinked
        if self._reorder:
            return
        for layer_id in sorted(change.added):
            self._rank[layer_id] = len(self._rank) + self._document.next_id  # behind all the others
        # the order stays valid as long as every new link points forwards in it
        self._reorder = any(
            self._rank.get(source, -1) >= self._rank[layer_id] or source not in self._rank
            for layer_id in change.relinked | change.added
            for source in self._document.sources_of(layer_id)
            if layer_id in self._rank
        ) or any(layer_id not in self._rank for layer_id in change.relinked)

    def report(self) -> ShapeReport:
        """Return shapes and problems of the document as it is now."""
        if self._report is None:
            self._update()
            order = sorted(self._document.layers, key=lambda i: self._rank.get(i, 1 << 60))
            found = [
                problem_at(self._document, layer_id, finding)
                for layer_id in order
                for finding in self._states[layer_id].findings
            ]
            found += network_problems(self._document, {i: s.shape for i, s in self._states.items()})
            place = {layer_id: n for n, layer_id in enumerate(order)}
            found.sort(key=lambda p: place[p.layer_id] if p.layer_id is not None else len(place))
            self._report = ShapeReport(self._document, tuple(order), dict(self._states), tuple(found))
        return self._report

    def _update(self) -> None:
        if self._reorder:
            order = execution_order(self._document)
            self._rank = {layer_id: n for n, layer_id in enumerate(order)}
            self._reorder = False
            for layer_id in self._document.layers:
                if layer_id not in self._rank:
                    self._states[layer_id] = self._unordered(layer_id)
                    self._dirty.discard(layer_id)
                elif self._states.get(layer_id, _UNKNOWN).waits_for is not None:
                    self._dirty.add(layer_id)  # a cycle it waited for may be gone
        waiting = [(self._rank[layer_id], layer_id) for layer_id in self._dirty if layer_id in self._rank]
        self._dirty.clear()
        heapify(waiting)
        while waiting:
            _, layer_id = heappop(waiting)
            while waiting and waiting[0][1] == layer_id:
                heappop(waiting)
            before = self._states.get(layer_id, _UNKNOWN)
            after = self._infer(self._document.layers[layer_id])
            self._states[layer_id] = after
            if after.shape != before.shape or after.waits_for != before.waits_for or before is _UNKNOWN:
                for link in self._document.outputs_of(layer_id):
                    if link.target in self._rank:
                        heappush(waiting, (self._rank[link.target], link.target))

    def _infer(self, layer: Layer) -> LayerState:
        spec = layer.spec
        if spec is None:
            return LayerState((), None, (_unknown_type(layer),))
        sources = self._document.sources_of(layer.id)
        if len(sources) < spec.min_inputs:
            return LayerState((), None, (_too_few_inputs(layer, len(sources), spec.min_inputs),))
        shapes = []
        for source in sources:
            state = self._states[source]
            if state.shape is None:
                return LayerState((), None, (), state.waits_for or source)
            shapes.append(state.shape)
        inputs = tuple(shapes)
        inferred = spec.infer(layer.params, inputs)
        return LayerState(inputs, inferred.shape, inferred.findings)

    def _unordered(self, layer_id: int) -> LayerState:
        document = self._document
        if on_cycle(document, layer_id):
            path = document.layer(layer_id).path
            message = (
                f"{path} runs in a circle: its result leads back into itself, so it can never be computed. Remove "
                "one of the links of the circle."
            )
            return LayerState(
                (),
                None,
                (Finding("cycle", "error", message, lambda: (FixSpec("Cut the link into it", cut=True),)),),
            )
        culprit = next((s for s in document.sources_of(layer_id) if s not in self._rank), layer_id)
        return LayerState((), None, (), culprit)


_UNKNOWN = LayerState((), None)


def _unknown_type(layer: Layer) -> Finding:
    return Finding(
        "unknown_layer",
        "error",
        f"{layer.path} is of the type {layer.type!r}, which this version does not know. It is kept as it is, but "
        "the network cannot run. Update the program, or remove the layer.",
        lambda: (FixSpec("Remove this layer", remove=True),),
    )


def _too_few_inputs(layer: Layer, count: int, needed: int) -> Finding:
    if count == 0:
        message = f"{layer.path} has no input. Drag from the lower edge of another layer to it."
        return Finding("unconnected", "error", message, lambda: (FixSpec("Remove this layer", remove=True),))
    message = f"{layer.path} joins at least {needed} inputs, but only {count} is linked. Link another, or remove it."
    return Finding("too_few_inputs", "error", message, lambda: (FixSpec("Remove this layer", remove=True),))


def infer_shapes(document: NetworkDocument) -> ShapeReport:
    """Return shapes and problems of a document once, without keeping them up to date."""
    return ShapeEngine(document).report()
