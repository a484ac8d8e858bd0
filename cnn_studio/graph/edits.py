"""Edits made of several commands: insert, append, delete and heal. Each returns one `Macro`, nothing is changed.

Plans are made here, as data, so that the canvas, the fixes of problems and tests make the same ones.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

from cnn_studio.graph.commands import (
    AddLayer,
    AddLink,
    AnyCommand,
    Macro,
    MoveLayers,
    RemoveLayer,
    RemoveLink,
    RestoreLink,
    SetOutput,
)
from cnn_studio.graph.document import Layer, Link, NetworkDocument
from cnn_studio.graph.legality import LinkError, check_link, free_port, reaches
from cnn_studio.graph.paths import common_block, free_path, prefixes
from cnn_studio.graph.registry import get_spec

CARD_WIDTH, CARD_HEIGHT = 214.0, 50.0
STEP = 78.0
"""Distance from one card's centre to the next one's down a chain, in canvas units."""

_STEMS = {
    "conv2d": "conv", "max_pool2d": "pool", "avg_pool2d": "pool", "sum_pool2d": "pool", "subsampling": "pool",
    "linear": "fc", "batch_norm": "bn", "local_response_norm": "lrn", "adaptive_avg_pool2d": "avgpool",
    "global_avg_pool": "avgpool", "leaky_relu": "relu", "relu6": "relu", "conv_transpose2d": "upconv",
    "connection_conv2d": "conv", "lp_pool2d": "pool", "adaptive_max_pool2d": "maxpool", "global_max_pool": "maxpool",
    "spatial_mean": "mean", "group_norm": "norm", "instance_norm": "norm", "layer_norm": "norm", "dropout2d": "dropout",
    "stochastic_depth": "drop_path", "pad2d": "pad", "crop2d": "crop", "channel_shuffle": "shuffle",
    "channel_slice": "slice", "scale_shift": "scale",
}  # fmt: skip


def new_layer(
    document: NetworkDocument,
    type_id: str,
    x: float,
    y: float,
    params: Mapping[str, Any] | None = None,
    block: str = "",
) -> AddLayer:
    """Return the command that adds a layer of a type under a free name, such as ``conv3``, in a block if one is named."""
    get_spec(type_id)
    stem = f"{block}." * bool(block) + _STEMS.get(type_id, type_id)
    taken = TakenPaths(document)
    path = stem if type_id == "input" and stem not in taken else free_path(f"{stem}1", taken)
    return AddLayer(id=document.next_id, path=path, type=type_id, params=dict(params or {}), x=x, y=y)


class TakenPaths:
    """The paths that are not free, as a container."""

    def __init__(self, document: NetworkDocument) -> None:
        self._document = document
        self._reserved: set[str] = set()
        self._blocks: set[str] = set()

    def reserve(self, path: str) -> None:
        """Count a path as taken that the same edit is going to give to a layer."""
        self._reserved.add(path)
        self._blocks.update(prefixes(path))

    def __contains__(self, path: object) -> bool:
        if not isinstance(path, str):
            return False
        if path in self._reserved or path in self._blocks or not self._reserved.isdisjoint(prefixes(path)):
            return True
        return self._document.is_taken(path)


def insert_on_link(
    document: NetworkDocument, link: Link, type_id: str, params: Mapping[str, Any] | None = None
) -> Macro:
    """Return the edit that puts a new layer into a link and moves what lies below down to make room.

    It is part of the innermost block that both ends of the link lie in.

    Raises:
        LinkError: the type takes no input.
    """
    source, target = document.layer(link.source), document.layer(link.target)
    y = source.y + STEP
    x = source.x if abs(source.x - target.x) < 1 else (source.x + target.x) / 2
    new = new_layer(document, type_id, x, y, params, common_block([source.path, target.path]))
    _check_takes_input(document, new, link.source)
    commands: list[AnyCommand] = [
        new,
        _cut(link),
        AddLink(source=link.source, target=new.id),
        AddLink(source=new.id, target=link.target, port=link.port),
    ]
    gap = target.y - y
    if 0 <= gap < STEP or target.y < y <= target.y + STEP:
        commands += make_room(document, target.id, STEP - gap)
    return Macro(text=f"insert {new.path}", commands=tuple(commands))


def insert_on_links(document: NetworkDocument, links: Sequence[Link], type_id: str) -> Macro:
    """Return the edit that puts one new layer into several links of one source, as where a block begins.

    Raises:
        LinkError: the links have different sources, or the type takes no input.
    """
    first, *others = links
    if any(link.source != first.source for link in others):
        raise LinkError(
            "Several results run through this wire. Unfold the block and choose one of its wires."
        )
    macro = insert_on_link(document, first, type_id)
    commands = list(macro.commands)
    for link in others:
        commands += [_cut(link), AddLink(source=document.next_id, target=link.target, port=link.port)]
    return Macro(text=macro.text, commands=tuple(commands))


def append_after(
    document: NetworkDocument, layer_id: int, type_id: str, params: Mapping[str, Any] | None = None
) -> Macro:
    """Return the edit that puts a new layer behind another: into its only link, or as a new end.

    The output mark moves along if it was there.

    Raises:
        LinkError: the type takes no input.
    """
    links = document.outputs_of(layer_id)
    if len(links) == 1 and document.info.output != layer_id:
        return insert_on_link(document, links[0], type_id, params)
    layer = document.layer(layer_id)
    new = new_layer(document, type_id, layer.x, layer.y + STEP, params)
    _check_takes_input(document, new, layer_id)
    commands: list[AnyCommand] = [
        new,
        *(_cut(link) for link in links),
        AddLink(source=layer_id, target=new.id),
    ]
    commands += [AddLink(source=new.id, target=link.target, port=link.port) for link in links]
    if document.info.output == layer_id:
        commands.append(SetOutput(id=new.id))
    return Macro(text=f"append {new.path}", commands=tuple(commands))


def remove_and_heal(document: NetworkDocument, layer_ids: Collection[int]) -> Macro:
    """Return the edit that deletes layers with their links and joins what was before to what was behind.

    A chain is healed where the deleted part has one way in; the output mark moves to the layer before.
    """
    gone = set(layer_ids)
    commands: list[AnyCommand] = []
    touched = dict.fromkeys(
        link for layer_id in gone for link in (*document.inputs_of(layer_id), *document.outputs_of(layer_id))
    )
    commands += [_cut(link) for link in touched]
    scratch = document.copy()
    for link in touched:
        scratch.drop_link(link)
    for link in touched:
        if link.target not in gone and link.source in gone:
            source = _way_in(document, link.source, gone)
            # in a network that runs in a circle the way in may come from the target itself
            if source is not None and not reaches(scratch, link.target, source):
                healed = Link(source, link.target, link.port)
                scratch.put_link(healed)
                commands.append(AddLink(**healed._asdict()))
    output = document.info.output
    if output in gone and output is not None:
        commands.append(SetOutput(id=_way_in(document, output, gone)))
    commands += [RemoveLayer(id=layer_id) for layer_id in document.layers if layer_id in gone]
    first = document.layer(next(iter(layer_ids)))
    return Macro(
        text=f"delete {first.path}" if len(gone) == 1 else f"delete {len(gone)} layers",
        commands=tuple(commands),
    )


def replace_type(document: NetworkDocument, layer_id: int, type_id: str) -> Macro:
    """Return the edit that puts a layer of another type in a layer's place.

    It keeps the name, the links and the parameters that both types know.
    """
    layer = document.layer(layer_id)
    keys = {param.key for param in get_spec(type_id).params}
    params = {key: value for key, value in layer.params.items() if key in keys}
    links = [*document.inputs_of(layer_id), *document.outputs_of(layer_id)]
    new = AddLayer(id=document.next_id, path=layer.path, type=type_id, params=params, x=layer.x, y=layer.y)
    commands: list[AnyCommand] = [_cut(link) for link in links]
    commands += [RemoveLayer(id=layer_id), new]
    for link in links:
        source = new.id if link.source == layer_id else link.source
        target = new.id if link.target == layer_id else link.target
        commands.append(AddLink(source=source, target=target, port=link.port))
    if document.info.output == layer_id:
        commands.append(SetOutput(id=new.id))
    return Macro(text=f"change {layer.path} to {get_spec(type_id).title}", commands=tuple(commands))


def untie(document: NetworkDocument, layer_id: int) -> Macro:
    """Return the edit that gives a layer weights of its own; everything else about it stays, its id included."""
    layer = document.layer(layer_id)
    links = [*document.inputs_of(layer_id), *document.outputs_of(layer_id)]
    links = list(dict.fromkeys(links))  # a link from the layer to itself would stand in both
    places = {link: document.outputs_of(link.source).index(link) for link in links}
    commands: list[AnyCommand] = [_cut(link) for link in links]
    commands += [RemoveLayer(id=layer_id), AddLayer.of(replace(layer, tied_to=None))]
    commands += [RestoreLink(**link._asdict(), place=places[link]) for link in links]
    if document.info.output == layer_id:
        commands.append(SetOutput(id=layer_id))
    return Macro(text=f"untie {layer.path}", commands=tuple(commands))


def connect(document: NetworkDocument, source: int, target: int) -> AddLink:
    """Return the command that links two layers at the first free input of the second.

    Raises:
        LinkError: the link cannot be made; says why.
    """
    link = Link(source, target, free_port(document, target))
    check_link(document, link)
    return AddLink(source=source, target=target, port=link.port)


def move_link(document: NetworkDocument, link: Link, source: int, target: int) -> Macro:
    """Return the edit that takes a link off and links `source` to `target` instead, one of them a new end.

    Raises:
        LinkError: the new link cannot be made; says why.
        GraphError: an end does not exist.
    """
    scratch = document.copy()
    scratch.drop_link(link)
    port = link.port if target == link.target else free_port(scratch, target)
    check_link(scratch, Link(source, target, port))
    label = f"link {document.layer(source).path} to {document.layer(target).path}"
    return Macro(text=label, commands=(_cut(link), AddLink(source=source, target=target, port=port)))


def part_of(document: NetworkDocument, layer_ids: Collection[int]) -> NetworkDocument:
    """Return some layers of a document, with the links among them, as a document of its own (to be copied)."""
    part = NetworkDocument()
    for layer in document.layers.values():
        if layer.id in layer_ids:
            tied = layer.tied_to if layer.tied_to in layer_ids else None
            part.put_layer(replace(layer, tied_to=tied))
    for link in document.links():
        if link.source in part.layers and link.target in part.layers:
            part.put_link(link)
    return part


def add_part(document: NetworkDocument, part: NetworkDocument, dx: float, dy: float) -> Macro:
    """Return the edit that adds copies of all layers and links of `part`, moved by (dx, dy).

    Names that are taken get a number; the ids of the copies follow on from `document.next_id`, in the order of
    the part's layers.
    """
    ids = {layer_id: document.next_id + n for n, layer_id in enumerate(part.layers)}
    taken = TakenPaths(document)
    commands: list[AnyCommand] = []
    for layer in part.layers.values():
        path = free_path(layer.path, taken)
        taken.reserve(path)
        tied = None if layer.tied_to is None else ids.get(layer.tied_to)
        x, y = layer.x + dx, layer.y + dy
        commands.append(AddLayer.of(replace(layer, id=ids[layer.id], path=path, x=x, y=y, tied_to=tied)))
    commands += [
        AddLink(source=ids[link.source], target=ids[link.target], port=link.port) for link in part.links()
    ]
    count = len(part.layers)
    return Macro(text="paste layer" if count == 1 else f"paste {count} layers", commands=tuple(commands))


def _cut(link: Link) -> RemoveLink:
    return RemoveLink(source=link.source, target=link.target, port=link.port)


def _check_takes_input(document: NetworkDocument, new: AddLayer, source: int) -> None:
    if get_spec(new.type).max_inputs == 0:
        scratch = NetworkDocument()
        scratch.put_layer(document.layer(source))
        scratch.put_layer(
            Layer(new.id, "_" if new.path == document.layer(source).path else new.path, new.type)
        )
        check_link(scratch, Link(source, new.id))


def _way_in(document: NetworkDocument, layer_id: int, gone: Collection[int]) -> int | None:
    """Return the layer outside `gone` that the first inputs from `layer_id` upwards lead to."""
    here: int | None = layer_id
    seen: set[int] = set()
    while here is not None and here in gone and here not in seen:
        seen.add(here)
        sources = document.sources_of(here)
        here = sources[0] if sources else None
    return None if here in gone else here


def make_room(document: NetworkDocument, layer_id: int, distance: float) -> list[MoveLayers]:
    """Return the move that shifts a layer and all behind it down by a distance in canvas units."""
    waiting, seen = [layer_id], {layer_id}
    while waiting:
        for link in document.outputs_of(waiting.pop()):
            if link.target not in seen:
                seen.add(link.target)
                waiting.append(link.target)
    places = {i: (document.layer(i).x, document.layer(i).y + distance) for i in seen}
    return [MoveLayers(places=places)]
