"""Which layers train, block by block: states, parameter counts, how far from the image, and what training them costs.

The document is the only truth; a tree is what it says at one moment. The edits are in `cnn_studio.graph.freezing`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from cnn_studio.graph.document import Layer, NetworkDocument
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Family, product
from cnn_studio.graph.topology import ancestors

State = Literal["trains", "partly", "frozen"]

Statistics = Literal["", "kept", "adapt", "mixed"]
"""What becomes of the running statistics of batch norms; empty where there are none."""

_COUNTED = (Family.CONVOLUTION, Family.DENSE)


@dataclass(frozen=True, slots=True)
class FreezeNode:
    """A layer with parameters or buffers, or a block that holds some.

    Attributes:
        path: dotted path; empty for the network itself.
        layer_id: the layer, or None for a block.
        ids: all layers with parameters or buffers in it, in execution order; of a layer itself alone.
        state: whether these train.
        params: trainable numbers in it, frozen or not; those of shared weights count where they are kept.
        trainable: how many of them a run moves.
        start, end: place of its first and its last layer on the way from the image, 0 (generic) to 1 (specific).
        lr_factor: learning rate factor of what trains in it; None where factors differ or nothing trains.
        statistics: what its batch norms do with their running statistics.
        children: what is right in it, in execution order.
    """

    path: str
    layer_id: int | None
    ids: tuple[int, ...]
    state: State
    params: int
    trainable: int
    start: float
    end: float
    lr_factor: float | None
    statistics: Statistics
    children: tuple[FreezeNode, ...] = field(default=(), repr=False)

    @property
    def name(self) -> str:
        """The last part of the path."""
        return self.path.rpartition(".")[2]


class FreezeFacts:
    """What there is to freeze in a network, and what is frozen.

    Attributes:
        layers: ids of the layers with parameters or buffers, in execution order.
        counted: those of them that count as depth: convolutions and fully connected layers with weights.
    """

    def __init__(self, report: ShapeReport) -> None:
        document = self.document = report.document
        self.report = report
        self.layers = tuple(i for i in report.order if holds_state(report, i))
        self.counted = tuple(i for i in self.layers if _is_counted(report, document.layer(i)))
        self._frozen = frozen_layers(document)

    def trains(self, layer_id: int) -> bool:
        """Return whether a run trains a layer: neither it nor one that shares its weights is frozen."""
        return layer_id not in self._frozen

    @cached_property
    def ranks(self) -> Mapping[int, int]:
        """How many counted layers lie on the way up to a layer, itself included, in execution order.

        A norm or a trained activation has the rank of the layer that it follows: it belongs to it.
        """
        number = {layer_id: n for n, layer_id in enumerate(self.counted, 1)}
        found: dict[int, int] = {}
        for layer_id in self.report.order:
            before = max((found.get(s, 0) for s in self.document.sources_of(layer_id)), default=0)
            found[layer_id] = number.get(layer_id, before)
        return found

    def position(self, layer_id: int) -> float:
        """Return how far from the image a layer lies, from 0 (generic) to 1 (specific)."""
        return (max(1, self.ranks[layer_id]) - 1) / max(1, len(self.counted) - 1)

    @cached_property
    def used(self) -> frozenset[int]:
        """Layers that a run builds: those that lead to the output, and the owners of their weights."""
        return used_layers(self.document)

    def params(self, ids: Iterable[int]) -> tuple[int, int]:
        """Return how many parameters layers have, and how many of them a run moves."""
        total = moved = 0
        for layer_id in ids:
            count = (self.report.num_params(layer_id) or 0) if layer_id in self.used else 0
            total += count
            moved += count if self.trains(layer_id) else 0
        return total, moved


def holds_state(report: ShapeReport, layer_id: int) -> bool:
    """Return whether a layer has parameters or buffers, so that freezing it makes a difference."""
    spec, state = report.document.layer(layer_id).spec, report.states[layer_id]
    if spec is None:
        return False
    if state.shape is None:
        return spec.may_hold_state
    return bool(spec.tensors(report.document.layer(layer_id).params, state.inputs))


def stateful(report: ShapeReport, ids: Collection[int]) -> Collection[int]:
    """Return those layers that have parameters or buffers; all of them where none does, so that marks can be told."""
    return [layer_id for layer_id in ids if holds_state(report, layer_id)] or ids


def _is_counted(report: ShapeReport, layer: Layer) -> bool:
    return layer.spec is not None and layer.spec.family in _COUNTED


def used_layers(document: NetworkDocument) -> frozenset[int]:
    """Return the layers that lead to the output with the owners of their weights; all where no output is marked."""
    output = document.info.output
    if output is None:
        return frozenset(document.layers)
    found = ancestors(document, output)
    owners = (document.layer(layer_id).tied_to for layer_id in found)
    return frozenset(found).union(owner for owner in owners if owner is not None)


def sharing(document: NetworkDocument, ids: Collection[int]) -> set[int]:
    """Return layers with all those that share weights with them."""
    layers = document.layers
    owners = {layers[i].tied_to or i for i in ids}
    return set(ids) | {i for i, layer in layers.items() if i in owners or layer.tied_to in owners}


def frozen_layers(document: NetworkDocument) -> frozenset[int]:
    """Return the layers that no run trains: those that are marked, and those that share weights with one."""
    layers = document.layers
    frozen = {i for i, layer in layers.items() if not layer.trainable}
    if any(layer.tied_to is not None for layer in layers.values()):
        used = used_layers(document)
        owners = {layers[i].tied_to or i for i in frozen if i in used}
        frozen |= {i for i, layer in layers.items() if (layer.tied_to or i) in owners}
    return frozenset(frozen)


def freeze_tree(report: ShapeReport) -> FreezeNode:
    """Return the blocks and layers of a network that can be frozen; the root stands for the network itself."""
    facts = FreezeFacts(report)
    leaves = {i: _leaf(facts, i) for i in facts.layers}
    root: dict[str, _Branch] = {}
    for layer_id in facts.layers:
        here = root
        *blocks, name = report.document.layer(layer_id).path.split(".")
        for block in blocks:
            here = here.setdefault(block, _Branch()).below
        here.setdefault(name, _Branch()).leaf = leaves[layer_id]
    return _join("", _children("", root))


class _Branch:
    def __init__(self) -> None:
        self.leaf: FreezeNode | None = None
        self.below: dict[str, _Branch] = {}


def _children(path: str, below: Mapping[str, _Branch]) -> tuple[FreezeNode, ...]:
    found = []
    for name, branch in below.items():
        here = f"{path}.{name}" if path else name
        found.append(branch.leaf or _join(here, _children(here, branch.below)))
    return tuple(found)


def _leaf(facts: FreezeFacts, layer_id: int) -> FreezeNode:
    layer, trains, place = facts.document.layer(layer_id), facts.trains(layer_id), facts.position(layer_id)
    params, trainable = facts.params((layer_id,))
    statistics: Statistics = ""
    if layer.type == "batch_norm":
        statistics = "adapt" if trains and not layer.keep_statistics else "kept"
    factor = layer.lr_factor if trains and params else None
    state: State = "trains" if trains else "frozen"
    return FreezeNode(
        layer.path, layer_id, (layer_id,), state, params, trainable, place, place, factor, statistics
    )


def _join(path: str, children: tuple[FreezeNode, ...]) -> FreezeNode:
    states = {child.state for child in children}
    factors = {child.lr_factor for child in children if child.trainable}
    statistics = {child.statistics for child in children if child.statistics}
    return FreezeNode(
        path=path,
        layer_id=None,
        ids=tuple(i for child in children for i in child.ids),
        state=states.pop() if len(states) == 1 else "partly" if states else "trains",
        params=sum(child.params for child in children),
        trainable=sum(child.trainable for child in children),
        start=min((child.start for child in children), default=0.0),
        end=max((child.end for child in children), default=0.0),
        lr_factor=factors.pop() if len(factors) == 1 else None,
        statistics="" if not statistics else statistics.pop() if len(statistics) == 1 else "mixed",
        children=children,
    )


def training_passes(report: ShapeReport) -> float | None:
    """Return what a training step costs in forward passes, counted in multiplications; None while that is unknown.

    The forward pass runs through all layers: F. On the way back each layer that trains costs its own operations once
    more for the gradient of its weights, and each layer behind the first that trains once more for the gradient that
    goes on towards it; layers before that one cost nothing. So (F + W + G) / F is a little under 3 where all layers
    train, and close to 1 where the last one alone does.
    """
    facts = FreezeFacts(report)
    weighted, reached = set(facts.layers), set[int]()  # reached: layers that a gradient has to come to
    forward = back = 0
    for layer_id in report.order:
        if layer_id not in facts.used:
            continue
        macs = report.macs(layer_id)
        if macs is None:
            return None
        is_behind = any(source in reached for source in report.document.sources_of(layer_id))
        trains = layer_id in weighted and facts.trains(layer_id)
        forward += macs
        back += macs * (is_behind + trains)
        if is_behind or trains:
            reached.add(layer_id)
    return 1 + back / forward if forward else None


def front_share(report: ShapeReport, per_value: float = 0.0) -> float:
    """Return the share of the work that lies before everything that trains; its results never change.

    Args:
        report: shapes of the network.
        per_value: multiplications for which a value of a result counts, beside those that made it.
    """
    facts = FreezeFacts(report)
    weighted, reached = set(facts.layers), set[int]()
    forward = front = 0.0
    for layer_id in report.order:
        if layer_id not in facts.used:
            continue
        trains = layer_id in weighted and facts.trains(layer_id)
        if trains or any(source in reached for source in report.document.sources_of(layer_id)):
            reached.add(layer_id)
        work = (report.macs(layer_id) or 0) + per_value * product(report.states[layer_id].shape or ())
        forward += work
        front += 0 if layer_id in reached else work
    return front / forward if forward else 0.0
