"""Parts of a network cut out as documents of their own, to be kept and inserted elsewhere like presets.

Such a part has an input layer that stands for what comes before, and its output mark is on what goes on.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import Any

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.blocks import block_ends
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.edits import part_of
from cnn_studio.graph.layout import arrange
from cnn_studio.graph.paths import common_block, free_path
from cnn_studio.graph.presets import entry_of
from cnn_studio.graph.registry import get_spec
from cnn_studio.graph.shapes import ShapeReport
from cnn_studio.graph.spec import Shape

_LARGEST_INPUT = 4096


def cut_out(report: ShapeReport, ids: Collection[int]) -> tuple[NetworkDocument, Shape | None]:
    """Return some layers behind an input of their own, and the shape of what feeds them, or None.

    Where several layers outside feed them, the first one is what the part will be put behind; the inputs from the
    others stay open. Names lose the blocks that all of the layers lie in; how they were trained, or frozen, stays
    behind.

    Args:
        report: shapes of the network.
        ids: the layers.

    Raises:
        GraphError: there are no layers.
    """
    document = report.document
    members = [layer_id for layer_id in document.layers if layer_id in ids]
    if not members:
        raise GraphError("Select the block or the layers that are to be kept first.")
    ends = block_ends(document, members)
    shape = report.states[ends.sources[0]].shape if ends.sources else None
    inside = part_of(document, members)
    above = common_block([document.layer(layer_id).path for layer_id in members])
    start = len(above) + 1 if above else 0
    part = NetworkDocument()
    numbers = {layer_id: n for n, layer_id in enumerate(members, start=2)}
    paths = {layer_id: inside.layer(layer_id).path[start:] for layer_id in members}
    if len(members) == 1:
        paths = {members[0]: paths[members[0]].rpartition(".")[2]}
    params: dict[str, Any] = dict(get_spec("input").default_params())
    if (
        shape is not None
        and len(shape) == 3
        and shape[0] <= _LARGEST_INPUT
        and max(shape[1:]) <= _LARGEST_INPUT
    ):
        params.update(zip(("channels", "height", "width"), shape, strict=True))
    tops = {path.partition(".")[0] for path in paths.values()}
    part.put_layer(Layer(1, free_path("input", tops), "input", params))
    for layer_id in members:
        layer = inside.layer(layer_id)
        tied = None if layer.tied_to is None else numbers[layer.tied_to]
        part.put_layer(
            replace(
                layer,
                id=numbers[layer_id],
                path=paths[layer_id],
                tied_to=tied,
                trainable=True,
                lr_factor=1.0,
                keep_statistics=False,
            )
        )
    for link in inside.links():
        part.put_link(Link(numbers[link.source], numbers[link.target], link.port))
    for link in ends.entries:
        if link.source == ends.sources[0]:
            part.put_link(Link(1, numbers[link.target], link.port))
    part.change_info(output=numbers[(ends.results or members)[-1]])
    for layer_id, (x, y) in arrange(part).items():
        part.change_layer(layer_id, x=x, y=y)
    return part, shape


def prefixed(part: NetworkDocument, stem: str) -> NetworkDocument:
    """Return a part with all of its layers under one name; a single layer gets the name itself.

    Raises:
        GraphError: a name gets too long.
    """
    entry = entry_of(part).id
    inner = [layer for layer in part.layers.values() if layer.id != entry]
    named = part.copy()
    taken = {f"{stem}.{layer.path}" for layer in inner}
    paths = {entry: free_path("input", [stem, *taken])}
    for layer in inner:
        paths[layer.id] = stem if len(inner) == 1 else f"{stem}.{layer.path}"
    named.rename_layers(paths)
    return named
