"""Where a network can be cut for transfer, and the network up to a cut with a new head behind it.

The result of a layer, for one image, is its *code* there. All layers here give one tensor, so that a cut is possible
behind every layer that leads to the output; a block is cut behind its one result.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from cnn_studio.core.errors import GraphError
from cnn_studio.core.params import parse_values
from cnn_studio.graph.blocks import BlockTree, block_ends
from cnn_studio.graph.checks import sets_width
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.edits import STEP, TakenPaths, part_of
from cnn_studio.graph.freeze_tree import FreezeFacts
from cnn_studio.graph.paths import free_path
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.spec import Shape, product, shape_text
from cnn_studio.graph.topology import ancestors

Pooling = Literal["average", "none"]
"""What becomes of maps at a cut: the mean of each map, or all of their cells."""

_TOP_OF_A_HEAD = "head"


class Head(BaseModel):
    """What is put behind the cut: a linear layer with one output per class, or a hidden layer before it.

    Attributes:
        pooling: of maps at the cut.
        hidden: units of the hidden layer; 0 for none.
        dropout: share of the hidden units (of the code, where there are none) that is dropped in training.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    pooling: Pooling = "average"
    hidden: int = Field(0, ge=0, le=65_536)
    dropout: float = Field(0.0, ge=0, lt=1)


LINEAR = Head()
"""One linear layer on the mean of each map."""


@dataclass(frozen=True, slots=True)
class CutPoint:
    """A layer behind which the network can be cut.

    Attributes:
        id, path: of the layer.
        shape: what it gives for one image.
        position: its place among the layers with weights on the way from the image, from 0 (generic) to 1 (specific).
    """

    id: int
    path: str
    shape: Shape
    position: float

    def code_size(self, pooling: Pooling = "average") -> int:
        """Return how many numbers an image's code has here."""
        return self.shape[0] if len(self.shape) == 3 and pooling == "average" else product(self.shape)


def list_cuts(report: ShapeReport) -> tuple[CutPoint, ...]:
    """Return where a network can be cut, from the image to the classifier, which is not cut behind.

    Raises:
        GraphError: the network has no output, or no layer with weights.
    """
    document = report.document
    classifier = find_classifier(report)
    before = ancestors(document, classifier) - {classifier}
    weighted = [i for i in report.order if i in before and (report.num_params(i) or 0) > 0]
    found, seen = [], 0
    for layer_id in report.order:
        if layer_id not in before:
            continue
        seen += layer_id in weighted
        layer, shape = document.layer(layer_id), report.states[layer_id].shape
        if layer.type != "input" and shape is not None:
            found.append(CutPoint(layer_id, layer.path, shape, seen / max(1, len(weighted))))
    return tuple(found)


def find_classifier(report: ShapeReport) -> int:
    """Return the id of the layer that turns the code into one score per class.

    It is the one that decides how many scores there are, or where that is not one layer's affair the last convolution
    or fully connected layer on the way to the output.

    Raises:
        GraphError: there is none.
    """
    document, output = report.document, report.document.info.output
    if output is None:
        raise GraphError(
            "No layer is marked as the network's output, so it is not known which layer is its classifier."
        )
    simple = sets_width(document, output)
    if simple is not None:
        return simple[0].id
    used = ancestors(document, output)
    for layer_id in reversed(FreezeFacts(report).counted):
        if layer_id in used:
            return layer_id
    raise GraphError("This network has no layer with weights that could be its classifier.")


def find_cut(report: ShapeReport, path: str = "") -> CutPoint:
    """Return the place that a path names; an empty path stands for the code before the classifier.

    Args:
        report: shapes of the network.
        path: of a layer, or of a block with one result.

    Raises:
        GraphError: there is no such place; names near ones.
    """
    document = report.document
    cuts = {cut.id: cut for cut in list_cuts(report)}
    if not cuts:
        raise GraphError(
            "The classifier is this network's only layer, so there is nothing before it to transfer."
        )
    if not path:
        sources = document.sources_of(find_classifier(report))
        if len(sources) == 1 and sources[0] in cuts:
            return cuts[sources[0]]
        return list(cuts.values())[-1]
    if document.is_block(path):
        layer_id = _result_of(document, path)
    elif path in document.paths:
        layer_id = document.paths[path]
    else:
        near = difflib.get_close_matches(path, [cut.path for cut in cuts.values()], n=3, cutoff=0.5)
        hint = f" Near it there are {', '.join(near)}." if near else ""
        raise GraphError(f"This network has no layer {path!r} to cut behind.{hint}")
    if layer_id not in cuts:
        reason = (
            "is the image itself"
            if document.layer(layer_id).type == "input"
            else "belongs to the classifier or leads nowhere"
        )
        raise GraphError(f"{path} {reason}: cut behind a layer between the image and the classifier.")
    return cuts[layer_id]


def _result_of(document: NetworkDocument, block: str) -> int:
    results = block_ends(document, BlockTree(document)[block].members).results
    if len(results) == 1:
        return results[0]
    names = ", ".join(document.layer(layer_id).path for layer_id in results[:4])
    raise GraphError(
        f"{block} has {len(results)} results ({names}), and a code is one tensor. Name one of these layers instead."
    )


def front_of(report: ShapeReport, cut: CutPoint) -> NetworkDocument:
    """Return the network up to a cut as a document of its own; layers keep ids, names and how they train."""
    document = report.document
    part = part_of(document, _needed(document, cut.id))
    info = document.info
    part.change_info(name=info.name, output=cut.id, preprocessing=info.preprocessing)
    part.reserve_ids(document.next_id)
    return part


def _needed(document: NetworkDocument, layer_id: int) -> set[int]:
    """Return what a layer's result depends on, and the layers whose weights these share."""
    used = ancestors(document, layer_id)
    return used | {owner for i in used if (owner := document.layer(i).tied_to) is not None}


def code_network(report: ShapeReport, cut: CutPoint, pooling: Pooling = "average") -> NetworkDocument:
    """Return the network from the image to its code at a cut, one vector per image."""
    document = front_of(report, cut)
    builder = _HeadBuilder(document, cut.id)
    builder.add_code(cut, pooling)
    document.change_info(output=builder.last)
    return document


def with_head(
    report: ShapeReport, cut: CutPoint, labels: tuple[str, ...], head: Head = LINEAR
) -> NetworkDocument:
    """Return the network up to a cut with a new head for some classes.

    All layers of the head are new, with ids of their own, so that no weights of the old classifier fit them. A single
    linear layer takes the old classifier's name where that is free; otherwise the head is the block ``head``.

    Args:
        report: shapes of the network; it stays as it is.
        cut: where the code is taken.
        labels: the class names.
        head: what comes behind.

    Raises:
        GraphError: there are fewer than two classes.
    """
    if len(labels) < 2:
        raise GraphError("A classifier needs two classes or more. Add images of another class.")
    old = report.document.layer(find_classifier(report))
    document = front_of(report, cut)
    builder = _HeadBuilder(document, cut.id)
    builder.add_code(cut, head.pooling)
    if head.hidden:
        builder.add("hidden", "linear", out_features=head.hidden)
        builder.add("relu", "relu")
    if head.dropout:
        builder.add("dropout", "dropout", p=head.dropout)
    name = old.path if builder.is_empty and old.type == "linear" else ""
    builder.add("fc", "linear", name, out_features=len(labels))
    document.change_info(output=builder.last, labels=labels)
    return document


class _HeadBuilder:
    def __init__(self, document: NetworkDocument, after: int) -> None:
        self.document = document
        self.last = after
        self.is_empty = True
        self._top = free_path(_TOP_OF_A_HEAD, TakenPaths(document))
        self._y = max(layer.y for layer in document.layers.values())

    def add_code(self, cut: CutPoint, pooling: Pooling) -> None:
        if len(cut.shape) > 1:
            if pooling == "average" and len(cut.shape) == 3:
                self.add("pool", "global_avg_pool")
            self.add("flatten", "flatten")

    def add(self, name: str, type_id: str, path: str = "", **params: Any) -> None:
        document, taken = self.document, TakenPaths(self.document)
        path = path if path and path not in taken else free_path(f"{self._top}.{name}", taken)
        values: Mapping[str, Any] = parse_values(
            get_spec(type_id).params, params, f"Layer {path} ({type_id})"
        )
        self._y += STEP
        new = Layer(document.next_id, path, type_id, values, document.layer(self.last).x, self._y)
        document.put_layer(new)
        document.put_link(Link(self.last, new.id))
        self.last, self.is_empty = new.id, False


def describe_cut(cut: CutPoint, pooling: Pooling = "average") -> str:
    """Return a cut in words, such as ``features.3 gives 192 × 13 × 13, a code of 192 numbers``."""
    size = cut.code_size(pooling)
    code = f"a code of {size:,} numbers" + (" (the mean of each map)" if size != product(cut.shape) else "")
    return (
        f"{cut.path} gives {shape_text(cut.shape)}, {code}" if len(cut.shape) > 1 else f"{cut.path}, {code}"
    )


def shapes_of(document: NetworkDocument) -> ShapeReport:
    """Return a network's shapes, which must be without errors.

    Raises:
        GraphError: the network has errors; the message is that of the first.
    """
    report = infer_shapes(document)
    for problem in report.problems:
        if problem.severity == "error":
            raise GraphError(problem.message)
    return report
