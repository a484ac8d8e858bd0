"""The network as a document: layers, links, positions, output mark, labels and preprocessing.

The document only holds what is there and keeps it consistent. It is changed by the commands of
`cnn_studio.graph.commands` alone, on one thread; everybody else reads it and listens to `changed`. Whether the
network makes sense is the business of `cnn_studio.graph.shapes`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from psygnal import Signal

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.paths import check_path, prefixes
from cnn_studio.graph.preprocessing import Preprocessing
from cnn_studio.graph.registry import find_spec
from cnn_studio.graph.spec import LayerSpec

Scores = Literal["logits", "margins"]


class Link(NamedTuple):
    """The output of layer `source` goes into input number `port` of layer `target`."""

    source: int
    target: int
    port: int = 0


@dataclass(frozen=True, slots=True)
class Layer:
    """One layer of a network.

    Attributes:
        id: identity for good; never used again after the layer is gone.
        path: unique dotted name, such as ``layer1.0.conv1``.
        type: id of the layer type; of an unknown one too, whose `params` are then kept as they were read.
        params: canonical parameter values by key.
        x, y: centre of the card on the canvas, in cards' own units at 100 %.
        title: free text for people; empty shows the path.
        trainable: False freezes the layer: parameters and buffers stay bit-identical in training.
        lr_factor: the layer's learning rate is the run's times this.
        keep_statistics: a trainable batch norm keeps its running statistics instead of adapting them.
        tied_to: id of the layer whose weights this one shares, or None.
    """

    id: int
    path: str
    type: str
    params: Mapping[str, Any] = field(default_factory=dict)
    x: float = 0.0
    y: float = 0.0
    title: str = ""
    trainable: bool = True
    lr_factor: float = 1.0
    keep_statistics: bool = False
    tied_to: int | None = None

    @property
    def spec(self) -> LayerSpec | None:
        """The layer's type, or None where this version does not know it."""
        return find_spec(self.type)


@dataclass(frozen=True, slots=True)
class Info:
    """What a document says of itself besides layers and links.

    Attributes:
        name: the network's name.
        output: id of the layer whose result is the network's, or None.
        labels: class names in the order of the output; empty until known.
        scores: what the output gives: ``logits``, of which softmax makes probabilities, or ``margins`` of a linear SVM,
            of which it would make none.
    """

    name: str = "Untitled"
    output: int | None = None
    labels: tuple[str, ...] = ()
    preprocessing: Preprocessing = field(default_factory=Preprocessing)
    scores: Scores = "logits"


@dataclass(slots=True)
class DocumentChange:
    """What one edit (or one macro) touched, as sets of layer ids."""

    added: set[int] = field(default_factory=set)
    removed: set[int] = field(default_factory=set)
    edited: set[int] = field(default_factory=set)
    renamed: set[int] = field(default_factory=set)  # a part of the edited ones
    moved: set[int] = field(default_factory=set)
    relinked: set[int] = field(default_factory=set)  # layers whose inputs changed
    info: bool = False

    def __bool__(self) -> bool:
        return bool(self.added or self.removed or self.edited or self.moved or self.relinked or self.info)


class NetworkDocument:
    """The layers and links of one network.

    Attributes:
        changed: emitted once per edit with a `DocumentChange`, after the document is consistent again.
    """

    changed = Signal(DocumentChange)

    def __init__(self) -> None:
        self._layers: dict[int, Layer] = {}
        self._paths: dict[str, int] = {}
        self._blocks: Counter[str] = Counter()
        self._inputs: dict[int, dict[int, int]] = {}  # target -> port -> source
        self._outputs: dict[int, dict[Link, None]] = {}  # source -> links, in the order they were made
        self._info = Info()
        self._next_id = 1
        self._depth = 0
        self._change = DocumentChange()

    # ------------------------------------------------------------------------------------------------- reading

    @property
    def layers(self) -> Mapping[int, Layer]:
        """All layers by id, in the order they were added."""
        return self._layers

    @property
    def info(self) -> Info:
        """Name, output mark, labels and preprocessing."""
        return self._info

    @property
    def next_id(self) -> int:
        """The id that the next new layer gets."""
        return self._next_id

    @property
    def paths(self) -> Mapping[str, int]:
        """Layer ids by path."""
        return self._paths

    def is_block(self, path: str) -> bool:
        """Return whether some layer's path begins with `path` and a dot."""
        return self._blocks[path] > 0

    def layer_at(self, path: str) -> Layer:
        """Return the layer of that path.

        Raises:
            GraphError: there is none.
        """
        if path not in self._paths:
            raise GraphError(f"There is no layer {path!r} in this network.")
        return self._layers[self._paths[path]]

    def inputs_of(self, layer_id: int) -> list[Link]:
        """Return the links into a layer, by port."""
        ports = self._inputs[layer_id]
        return [Link(ports[port], layer_id, port) for port in sorted(ports)]

    def sources_of(self, layer_id: int) -> list[int]:
        """Return the ids of the layers that feed a layer, by port."""
        ports = self._inputs[layer_id]
        if len(ports) < 2:
            return list(ports.values())
        return [ports[port] for port in sorted(ports)]

    def outputs_of(self, layer_id: int) -> list[Link]:
        """Return the links out of a layer, oldest first."""
        return list(self._outputs[layer_id])

    def links(self) -> Iterator[Link]:
        """Yield all links, by target in layer order and by port."""
        for layer_id in self._layers:
            yield from self.inputs_of(layer_id)

    def is_taken(self, path: str) -> bool:
        """Return whether no new layer may have this path: a layer or a block has it, or a layer is above it."""
        return path in self._paths or self.is_block(path) or any(p in self._paths for p in prefixes(path))

    def copy(self) -> NetworkDocument:
        """Return an independent document with the same content and no listeners (a snapshot for a job)."""
        twin = NetworkDocument()
        twin._layers = dict(self._layers)
        twin._paths = dict(self._paths)
        twin._blocks = Counter(self._blocks)
        twin._inputs = {target: dict(ports) for target, ports in self._inputs.items()}
        twin._outputs = {source: dict(links) for source, links in self._outputs.items()}
        twin._info = self._info
        twin._next_id = self._next_id
        return twin

    # ----------------------------------------------------------------------------- editing, for commands alone

    @contextmanager
    def editing(self) -> Iterator[None]:
        """Collect the changes of several edits and emit them as one when the outermost block ends."""
        self._depth += 1
        try:
            yield
        finally:
            self._depth -= 1
            if self._depth == 0 and self._change:
                change, self._change = self._change, DocumentChange()
                self.changed.emit(change)

    def put_layer(self, layer: Layer) -> None:
        """Add a layer, without links.

        Raises:
            GraphError: its id or path is taken, or the path is no legal name.
        """
        if layer.id in self._layers:
            raise GraphError(f"There are two layers with the number {layer.id}; numbers must be unique.")
        self._check_free(layer.path)
        with self.editing():
            self._layers[layer.id] = layer
            self._inputs[layer.id] = {}
            self._outputs[layer.id] = {}
            self._add_path(layer.path, layer.id)
            self._next_id = max(self._next_id, layer.id + 1)
            self._change.removed.discard(layer.id)
            self._change.added.add(layer.id)

    def drop_layer(self, layer_id: int) -> Layer:
        """Take a layer out; its links must be gone already.

        Raises:
            GraphError: there is no such layer, or it is still linked.
        """
        layer = self.layer(layer_id)
        if self._inputs[layer_id] or self._outputs[layer_id]:
            raise GraphError(f"{layer.path} still has links; they must be removed first.")
        with self.editing():
            del self._layers[layer_id], self._inputs[layer_id], self._outputs[layer_id]
            self._remove_path(layer.path)
            for ids in (self._change.added, self._change.edited, self._change.moved, self._change.relinked):
                ids.discard(layer_id)
            self._change.removed.add(layer_id)
        return layer

    def change_layer(self, layer_id: int, **values: Any) -> Layer:
        """Replace attributes of a layer and return what it was before.

        Raises:
            GraphError: there is no such layer, or the new path is taken or no legal name.
        """
        before = self.layer(layer_id)
        path = values.get("path", before.path)
        if path != before.path:
            self._remove_path(before.path)
            try:
                self._check_free(path)
            except GraphError:
                self._add_path(before.path, layer_id)
                raise
            self._add_path(path, layer_id)
        with self.editing():
            self._layers[layer_id] = replace(before, **values)
            moved_only = values.keys() <= {"x", "y"}
            (self._change.moved if moved_only else self._change.edited).add(layer_id)
            if path != before.path:
                self._change.renamed.add(layer_id)
        return before

    def rename_layers(self, paths: Mapping[int, str]) -> dict[int, str]:
        """Give several layers other paths at once and return those before; only the outcome must be legal.

        Raises:
            GraphError: there is no such layer, or a new path is taken or no legal name; nothing is changed.
        """
        before = {layer_id: self.layer(layer_id).path for layer_id in paths}
        for path in before.values():
            self._remove_path(path)
        added: list[str] = []
        try:
            for layer_id, path in paths.items():
                self._check_free(path)
                self._add_path(path, layer_id)
                added.append(path)
        except GraphError:
            for path in added:
                self._remove_path(path)
            for layer_id, path in before.items():
                self._add_path(path, layer_id)
            raise
        with self.editing():
            for layer_id, path in paths.items():
                self._layers[layer_id] = replace(self._layers[layer_id], path=path)
            self._change.edited.update(paths)
            self._change.renamed.update(paths)
        return before

    def put_link(self, link: Link, place: int | None = None) -> None:
        """Add a link; `cnn_studio.graph.legality` says beforehand whether it is allowed.

        Args:
            link: the link.
            place: position among the links of its source; the last one if None.

        Raises:
            GraphError: an end does not exist, or the port is taken.
        """
        source, target = self.layer(link.source), self.layer(link.target)
        if link.port in self._inputs[target.id]:
            raise GraphError(f"Input {link.port + 1} of {target.path} is already linked.")
        with self.editing():
            self._inputs[target.id][link.port] = source.id
            order = list(self._outputs[source.id])
            order.insert(len(order) if place is None else place, link)
            self._outputs[source.id] = dict.fromkeys(order)
            self._change.relinked.add(target.id)

    def drop_link(self, link: Link) -> None:
        """Take a link out.

        Raises:
            GraphError: there is no such link.
        """
        if self._inputs.get(link.target, {}).get(link.port) != link.source:
            raise GraphError("There is no such link in this network.")
        with self.editing():
            del self._inputs[link.target][link.port]
            del self._outputs[link.source][link]
            self._change.relinked.add(link.target)

    def change_info(self, **values: Any) -> Info:
        """Replace name, output mark, labels or preprocessing and return what they were before."""
        before = self._info
        with self.editing():
            self._info = replace(before, **values)
            self._change.info = True
        return before

    def reserve_ids(self, next_id: int) -> None:
        """Give new layers ids from `next_id` on at least, so that ids of layers long gone stay unused."""
        self._next_id = max(self._next_id, next_id)

    def layer(self, layer_id: int) -> Layer:
        """Return a layer by id.

        Raises:
            GraphError: there is none.
        """
        if layer_id not in self._layers:
            raise GraphError(f"There is no layer with the number {layer_id} in this network.")
        return self._layers[layer_id]

    # -------------------------------------------------------------------------------------------------- paths

    def _check_free(self, path: str) -> None:
        check_path(path)
        if path in self._paths:
            raise GraphError(f"There already is a layer {path!r}; every layer needs a name of its own.")
        if self.is_block(path):
            raise GraphError(f"{path!r} is a block of layers, so no layer can have that name.")
        for block in prefixes(path):
            if block in self._paths:
                raise GraphError(
                    f"{path!r} cannot be a layer's name, because {block!r} is a layer and no block."
                )

    def _add_path(self, path: str, layer_id: int) -> None:
        self._paths[path] = layer_id
        self._blocks.update(prefixes(path))

    def _remove_path(self, path: str) -> None:
        del self._paths[path]
        self._blocks.subtract(prefixes(path))
