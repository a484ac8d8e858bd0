"""Live shape inference: after each edit only what lies downstream is inferred again.

Inference never stops at the first fault: every layer has a shape, or an error, or waits for a layer that has one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from cnn_studio.graph.checks import (
    normalisation_problems,
    output_problems,
    structural_problems,
    tie_problems,
)
from cnn_studio.graph.document import DocumentChange, Layer, NetworkDocument
from cnn_studio.graph.habits import MOST_BYTES, Habits, memory_problems
from cnn_studio.graph.legality import reaches
from cnn_studio.graph.problems import Problem, problem_at
from cnn_studio.graph.spec import BYTES_PER_NUMBER, Finding, FixSpec, Shape, product
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
        self._order: tuple[int, ...] | None = None
        self._dirty: set[int] = set(document.layers)
        self._reorder = True
        self._with_findings: set[int] = set()
        self._activations = 0  # numbers that all layers give for one image
        self._habits = Habits()
        self._structural: list[Problem] | None = None
        self._report: ShapeReport | None = None
        document.changed.connect(self._note_change)  # psygnal holds bound methods weakly

    def _note_change(self, change: DocumentChange) -> None:
        self._report = None
        self._habits.note(change)
        self._dirty |= change.added | change.edited | change.relinked
        if change.renamed or change.info:
            self._structural = None  # names and marks stand in the messages
        if change.added or change.removed or change.relinked:
            self._structural = self._order = None
            for layer_id in change.removed:
                self._activations -= _count(self._states.pop(layer_id, _UNKNOWN))
                self._rank.pop(layer_id, None)
                self._dirty.discard(layer_id)
                self._with_findings.discard(layer_id)
            self._reorder = self._reorder or not self._extend_order(change)

    def _extend_order(self, change: DocumentChange) -> bool:
        """Put new layers at the end of the order; return whether every link then still points forwards."""
        rank = self._rank
        end = max(rank.values(), default=-1) + 1
        rank.update({layer_id: end + n for n, layer_id in enumerate(sorted(change.added))})
        touched = change.relinked | change.added
        if not touched <= rank.keys():
            return False  # a layer was on or behind a cycle, which may have been cut
        return all(
            rank.get(source, _LAST) < rank[layer_id]
            for layer_id in touched
            for source in self._document.sources_of(layer_id)
        )

    def report(self) -> ShapeReport:
        """Return shapes and problems of the document as it is now; it holds until the next change."""
        if self._report is None:
            self._update()
            if self._order is None:
                self._order = tuple(sorted(self._document.layers, key=self._place))
            self._report = ShapeReport(self._document, self._order, self._states, self._problems())
        return self._report

    def _place(self, layer_id: int) -> tuple[int, int]:
        """Return where a layer stands in the order; those on or behind a cycle come last, by their ids."""
        return self._rank.get(layer_id, _LAST), layer_id

    def _problems(self) -> tuple[Problem, ...]:
        document = self._document
        if self._structural is None:
            self._structural = structural_problems(document)
        output = document.info.output
        shape = self._states[output].shape if output is not None else None
        found = [
            problem_at(document, layer_id, finding)
            for layer_id in self._with_findings
            for finding in self._states[layer_id].findings
        ]
        found += self._structural
        found += output_problems(document, shape)
        found += normalisation_problems(document)
        found += tie_problems(document, {i: state.inputs for i, state in self._states.items()})
        found += self._habits.problems(document)
        if BYTES_PER_NUMBER * self._activations > MOST_BYTES:
            found += memory_problems(document, {i: state.shape for i, state in self._states.items()})
        found.sort(key=lambda p: (_LAST + 1, 0) if p.layer_id is None else self._place(p.layer_id))
        return tuple(found)

    def _update(self) -> None:
        if self._reorder:
            self._set_order()
        rank, states, document = self._rank, self._states, self._document
        waiting = [(rank[layer_id], layer_id) for layer_id in self._dirty if layer_id in rank]
        for layer_id in self._dirty - rank.keys():
            self._put(layer_id, self._unordered(layer_id))  # its name stands in the message
        self._dirty.clear()
        heapify(waiting)
        last = -1
        while waiting:
            _, layer_id = heappop(waiting)
            if layer_id == last:
                continue
            last = layer_id
            before = states.get(layer_id, _UNKNOWN)
            after = self._infer(document.layers[layer_id])
            self._put(layer_id, after)
            if after.shape != before.shape or after.waits_for != before.waits_for:
                for link in document.outputs_of(layer_id):
                    if link.target in rank:
                        heappush(waiting, (rank[link.target], link.target))

    def _set_order(self) -> None:
        """Work out the order anew; layers on or behind a cycle get their error or wait here."""
        self._rank = {layer_id: n for n, layer_id in enumerate(execution_order(self._document))}
        self._reorder, self._order = False, None
        for layer_id in self._document.layers:
            if layer_id not in self._rank:
                self._put(layer_id, self._unordered(layer_id))
                self._dirty.discard(layer_id)
            elif layer_id in self._states and self._states[layer_id].shape is None:
                self._dirty.add(layer_id)  # the cycle that it waited for may be gone

    def _put(self, layer_id: int, state: LayerState) -> None:
        self._activations += _count(state) - _count(self._states.get(layer_id, _UNKNOWN))
        self._states[layer_id] = state
        if state.findings:
            self._with_findings.add(layer_id)
        else:
            self._with_findings.discard(layer_id)

    def _infer(self, layer: Layer) -> LayerState:
        spec = layer.spec
        if spec is None:
            return LayerState((), None, (_unknown_type(layer),))
        sources = self._document.sources_of(layer.id)
        if len(sources) < spec.min_inputs:
            return LayerState(
                (), None, (_too_few_inputs(self._document, layer, len(sources), spec.min_inputs),)
            )
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
_LAST = 1 << 60


def _count(state: LayerState) -> int:
    return 0 if state.shape is None else product(state.shape)


def _unknown_type(layer: Layer) -> Finding:
    return Finding(
        "unknown_layer",
        "error",
        f"{layer.path} is of the type {layer.type!r}, which this version does not know. It is kept as it is, but "
        "the network cannot run. Update the program, or remove the layer.",
        lambda: (FixSpec("Remove this layer", remove=True),),
    )


def _too_few_inputs(document: NetworkDocument, layer: Layer, count: int, needed: int) -> Finding:
    def fixes() -> tuple[FixSpec, ...]:
        links = tuple(
            FixSpec(f"Link from {end.path}", source=end.id) for end in _loose_ends(document, layer.id)
        )
        return (*links, FixSpec("Remove this layer", remove=True))

    if count == 0:
        message = f"{layer.path} has no input. Drag from the lower edge of another layer to it."
        return Finding("unconnected", "error", message, fixes)
    message = f"{layer.path} joins at least {needed} inputs, but only {count} is linked. Link another, or remove it."
    return Finding("too_few_inputs", "error", message, fixes)


def _loose_ends(document: NetworkDocument, target: int) -> list[Layer]:
    """Return the layers whose results go nowhere and could go into `target`, at most three."""
    found = [
        layer
        for layer_id, layer in sorted(document.layers.items())
        if layer_id not in (target, document.info.output)
        and not document.outputs_of(layer_id)
        and not reaches(document, target, layer_id)
    ]
    return found[:3]


def infer_shapes(document: NetworkDocument) -> ShapeReport:
    """Return shapes and problems of a document once, without keeping them up to date."""
    return ShapeEngine(document).report()
