"""Small documents for tests: chains, branches, damaged ones."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.problems import Problem
from cnn_studio.graph.records import to_record
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.shapes import infer_shapes
from cnn_studio.graph.starters import STARTERS, ChainBuilder

SMALL_STARTERS = [starter for starter in STARTERS if starter.classes == 10]
"""Those that run in an instant; the others are made for ImageNet."""

Step = tuple[str, str, dict[str, Any]]


def chain(size: tuple[int, int, int], *steps: Step, name: str = "Chain") -> NetworkDocument:
    """An input of (C, H, W), then a layer per step (path, type, params); the last one is the output."""
    channels, height, width = size
    builder = ChainBuilder(name).add("input", "input", channels=channels, height=height, width=width)
    for path, type_id, params in steps:
        builder.add(path, type_id, **params)
    return builder.finish()


def join(document: NetworkDocument, path: str, type_id: str, sources: Iterable[str], **params: Any) -> Layer:
    """Add a layer that reads from the layers of those paths, in that order."""
    spec = get_spec(type_id)
    values = {param.key: param.parse(params.get(param.key, param.default)) for param in spec.params}
    layer = Layer(document.next_id, path, type_id, values)
    document.put_layer(layer)
    for port, source in enumerate(sources):
        document.put_link(Link(document.paths[source], layer.id, port))
    return layer


def tiny_classifier(classes: int = 10) -> NetworkDocument:
    """A convolution, pooling and a classifier on 1 × 8 × 8, with 3 × 3 filters."""
    return chain(
        (1, 8, 8),
        ("conv1", "conv2d", {"out_channels": 4, "kernel_size": 3, "padding": 1}),
        ("relu1", "relu", {}),
        ("pool1", "max_pool2d", {}),
        ("flatten", "flatten", {}),
        ("fc1", "linear", {"out_features": classes}),
        name="Tiny",
    )


def looped() -> NetworkDocument:
    """A network whose layers a and b feed each other, as no edit but only a file can make it."""
    document = chain((1, 4, 4), ("a", "concat", {}), ("b", "identity", {}), ("out", "flatten", {}))
    document.put_link(Link(document.paths["b"], document.paths["a"], 1))
    return document


def content(document: NetworkDocument) -> dict[str, Any]:
    """The document's record without the counter of ids, which undo leaves where it is."""
    record = to_record(document)
    del record["next_id"]
    return record


def problems(document: NetworkDocument, code: str | None = None) -> list[Problem]:
    """The problems of a document, all or those of one code."""
    return [p for p in infer_shapes(document).problems if code is None or p.code == code]


def codes(document: NetworkDocument) -> list[str]:
    """The codes of all problems of a document, in their order."""
    return [p.code for p in problems(document)]
