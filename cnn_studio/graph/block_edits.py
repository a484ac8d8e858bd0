"""Edits of blocks: group, ungroup, rename, repeat, duplicate. Each returns one command, nothing is changed.

Names stay readable state-dict keys: ``layer1.0`` is repeated as ``layer1.1``, ``block1`` as ``block2``, ``stem`` as
``stem2``. The links, ids and places of layers are untouched by grouping, ungrouping and renaming.
"""

from __future__ import annotations

from collections.abc import Collection, Container, Mapping
from dataclasses import replace

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.blocks import BlockEnds, BlockTree, block_ends, find_block
from cnn_studio.graph.commands import (
    AddLayer,
    AddLink,
    AnyCommand,
    Macro,
    MoveLayers,
    RemoveLink,
    RenameLayers,
    SetOutput,
)
from cnn_studio.graph.document import NetworkDocument
from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP, add_part, part_of
from cnn_studio.graph.layout import Direction
from cnn_studio.graph.paths import beside_layers, check_path, common_block, free_path, prefixes
from cnn_studio.graph.shapes import ShapeReport, infer_shapes
from cnn_studio.graph.spec import shape_text

MAX_COPIES = 200
_GAP = STEP - CARD_HEIGHT


def group(document: NetworkDocument, ids: Collection[int], name: str = "") -> RenameLayers:
    """Return the edit that puts layers into a new block, inside the innermost block that holds all of them.

    Args:
        document: the network.
        ids: the layers; whole blocks among them stay blocks within the new one.
        name: the new block's own name; a free one such as ``block1`` if empty.

    Raises:
        GraphError: there is nothing to group, or the name is taken or no legal one.
    """
    chosen = [layer for layer in document.layers.values() if layer.id in ids]
    if not chosen:
        raise GraphError("Select the layers that are to become a block first.")
    parent = common_block([layer.path for layer in chosen])
    if parent and len(find_block(document, parent).members) == len(chosen):
        parent = parent.rpartition(".")[0]  # the whole block was chosen: put a block around it
    start = f"{parent}." if parent else ""
    block = f"{start}{name}" if name else free_path(f"{start}block1", _Paths(document))
    check_path(block)
    paths = {layer.id: f"{block}.{layer.path[len(start) :]}" for layer in chosen}
    _check_block_free(document, block, paths)
    return RenameLayers(paths=paths, text=f"group into {block}")


def ungroup(document: NetworkDocument, path: str) -> RenameLayers:
    """Return the edit that dissolves a block: its layers and inner blocks move up by one level.

    Names that are taken there get a number; names that are numbers keep the block's name before them
    (``features.0`` becomes ``features_0``).

    Raises:
        GraphError: there is no such block.
    """
    block = find_block(document, path)
    start = f"{block.parent}." if block.parent else ""
    own = path[len(start) :]
    taken = _Paths(document, without=block.members)
    heads: dict[str, str] = {}
    paths: dict[int, str] = {}
    for layer_id in block.members:
        head, dot, rest = document.layer(layer_id).path[len(path) + 1 :].partition(".")
        if head not in heads:
            wanted = f"{own}_{head}" if head.isdigit() else head
            heads[head] = free_path(f"{start}{wanted}", taken)
            taken.reserve(heads[head])
        paths[layer_id] = f"{heads[head]}{dot}{rest}"
    return RenameLayers(paths=paths, text=f"ungroup {path}")


def rename_block(document: NetworkDocument, path: str, new: str) -> RenameLayers:
    """Return the edit that gives a block another path, and with it all layers under it.

    Raises:
        GraphError: there is no such block, or the new path is taken or no legal name.
    """
    block = find_block(document, path)
    check_path(new)
    paths = {i: f"{new}{document.layer(i).path[len(path) :]}" for i in block.members}
    _check_block_free(document, new, paths)
    return RenameLayers(paths=paths, text=f"rename to {new}")


def duplicate(document: NetworkDocument, ids: Collection[int], dx: float, dy: float) -> Macro:
    """Return the edit that adds copies of layers with the links among them, moved by (dx, dy).

    Blocks that are copied as a whole get a new name as a whole: ``layer1.0.conv1`` becomes ``layer1.1.conv1``.
    """
    return paste(document, part_of(document, ids), BlockTree(document).of_layers(ids), dx, dy)


def paste(
    document: NetworkDocument, part: NetworkDocument, blocks: Collection[str], dx: float, dy: float
) -> Macro:
    """Return the edit that adds the layers of `part`; its `blocks` keep together under a name that is free."""
    taken = _Paths(document)
    renamed: dict[int, str] = {}
    for path in blocks:
        if not part.is_block(path):
            continue
        new = next_path(path, taken)
        taken.reserve(new)
        for layer in part.layers.values():
            if layer.path.startswith(f"{path}."):
                renamed[layer.id] = new + layer.path[len(path) :]
    named = part.copy()
    named.rename_layers(renamed)
    return add_part(document, named, dx, dy)


def repeat_block(report: ShapeReport, path: str, copies: int, direction: Direction = "down") -> Macro:
    """Return the edit that chains copies of a block behind it; what followed it is fed by the last copy.

    Args:
        report: shapes of the document as it is now.
        path: the block, which must have one input and one output.
        copies: how many copies are added.
        direction: where the network runs to; what comes behind is moved on to make room.

    Raises:
        GraphError: there is no such block, it has not one input and one output, or its output does not fit its
            input.
    """
    document = report.document
    block = find_block(document, path)
    if not 1 <= copies <= MAX_COPIES:
        raise GraphError(f"A block can be repeated 1 to {MAX_COPIES} times at once, not {copies}.")
    ends = block_ends(document, block.members)
    _check_closed(document, path, ends)
    names = _copy_names(document, path, copies)
    macro = _chained(document, path, block.members, ends, names, direction)
    _check_fits(report, path, ends, macro, copies)
    return macro


def next_path(path: str, taken: Container[str]) -> str:
    """Return `path` if it is free, else with the next number that is: ``layer1.0`` leads to ``layer1.1``."""
    path = beside_layers(path, taken)
    if path not in taken:
        return path
    head, dot, last = path.rpartition(".")
    stem = last.rstrip("0123456789")
    number = int(last[len(stem) :] or 1) + 1
    while f"{head}{dot}{stem}{number}" in taken:
        number += 1
    return f"{head}{dot}{stem}{number}"


# ------------------------------------------------------------------------------------------------------------- names


class _Paths:
    """The paths that are not free for a new block, as a container."""

    def __init__(self, document: NetworkDocument, without: Collection[int] = ()) -> None:
        gone = set(without)
        self._taken: set[str] = set()
        self._layers: set[str] = set()
        for layer in document.layers.values():
            if layer.id not in gone:
                self._layers.add(layer.path)
                self._taken.update((layer.path, *prefixes(layer.path)))

    def reserve(self, path: str) -> None:
        """Count a path as taken too."""
        self._taken.update((path, *prefixes(path)))

    def __contains__(self, path: object) -> bool:
        return isinstance(path, str) and (path in self._taken or not self._layers.isdisjoint(prefixes(path)))


def _check_block_free(document: NetworkDocument, block: str, paths: Mapping[int, str]) -> None:
    for layer in document.layers.values():
        if layer.id in paths:
            continue
        if layer.path == block or layer.path.startswith(f"{block}."):
            kind = "layer" if layer.path == block else "block"
            raise GraphError(f"There already is a {kind} {block!r}; choose another name for this block.")


def _copy_names(document: NetworkDocument, path: str, copies: int) -> list[str]:
    taken = _Paths(document)
    names: list[str] = []
    for _ in range(copies):
        names.append(next_path(names[-1] if names else path, taken))
        taken.reserve(names[-1])
    return names


# ------------------------------------------------------------------------------------------------------------ repeat


def _check_closed(document: NetworkDocument, path: str, ends: BlockEnds) -> None:
    if not ends.is_closed:
        ways_in, ways_out = _names(document, ends.sources), _names(document, ends.results)
        found = f"it is fed by {ways_in or 'nothing'} and its results are {ways_out or 'none'}"
        raise GraphError(
            f"{path} cannot be repeated, because copies can be chained only where a block has one input and one "
            f"output: {found}."
        )


def _names(document: NetworkDocument, ids: Collection[int]) -> str:
    paths = [document.layer(layer_id).path for layer_id in ids]
    return ", ".join(paths if len(paths) <= 3 else [*paths[:3], f"{len(paths) - 3} more"])


def _chained(
    document: NetworkDocument,
    path: str,
    members: Collection[int],
    ends: BlockEnds,
    names: list[str],
    direction: Direction,
) -> Macro:
    step = _extent(document, members, direction)
    along = (0.0, step) if direction == "down" else (step, 0.0)
    result = ends.results[0]
    order = {layer_id: n for n, layer_id in enumerate(members)}
    commands: list[AnyCommand] = []
    last = result
    for n, name in enumerate(names, start=1):
        ids = {i: document.next_id + (n - 1) * len(members) + place for i, place in order.items()}
        for layer_id in members:
            layer = document.layer(layer_id)
            tied = layer.tied_to if layer.tied_to is None else ids.get(layer.tied_to, layer.tied_to)
            copy = replace(
                layer,
                id=ids[layer_id],
                path=name + layer.path[len(path) :],
                x=layer.x + n * along[0],
                y=layer.y + n * along[1],
                tied_to=tied,
            )
            commands.append(AddLayer.of(copy))
        for layer_id in members:
            for link in document.inputs_of(layer_id):
                source = ids.get(link.source, last)
                commands.append(AddLink(source=source, target=ids[layer_id], port=link.port))
        last = ids[result]
    for link in ends.exits:
        commands.append(RemoveLink(**link._asdict()))
        commands.append(AddLink(source=last, target=link.target, port=link.port))
    if document.info.output == result:
        commands.append(SetOutput(id=last))
    behind = _behind(document, members, ends)
    if behind:
        shift = (along[0] * len(names), along[1] * len(names))
        places = {i: (document.layer(i).x + shift[0], document.layer(i).y + shift[1]) for i in behind}
        commands.append(MoveLayers(places=places))
    return Macro(text=f"repeat {path}", commands=tuple(commands))


def _extent(document: NetworkDocument, members: Collection[int], direction: Direction) -> float:
    """Return how far one copy lies behind the other."""
    layers = [document.layer(layer_id) for layer_id in members]
    if direction == "down":
        return max(layer.y for layer in layers) - min(layer.y for layer in layers) + STEP
    gap = CARD_WIDTH + 3 * _GAP
    return max(layer.x for layer in layers) - min(layer.x for layer in layers) + gap


def _behind(document: NetworkDocument, members: Collection[int], ends: BlockEnds) -> set[int]:
    """Return the layers that the block leads to."""
    found: set[int] = set()
    waiting = [link.target for link in ends.exits]
    while waiting:
        here = waiting.pop()
        if here not in found:
            found.add(here)
            waiting += [link.target for link in document.outputs_of(here)]
    return found.difference(members)


def _check_fits(report: ShapeReport, path: str, ends: BlockEnds, macro: Macro, copies: int) -> None:
    """Refuse copies in which a layer fails; that the layers behind no longer fit is for the user to mend."""
    document = report.document
    taken, made = report.states[ends.sources[0]].shape, report.states[ends.results[0]].shape
    if taken is None or made is None:
        return  # the block has a problem of its own, which its copies share
    trial = document.copy()
    macro.apply(trial)
    after = infer_shapes(trial)
    for layer_id in range(document.next_id, trial.next_id):
        errors = [found for found in after.states[layer_id].findings if found.severity == "error"]
        if errors:
            times = f" {copies} times" if copies > 1 else ""
            raise GraphError(
                f"{path} cannot be repeated{times}: it makes {shape_text(made)} out of {shape_text(taken)}, and that "
                f"does not fit the input of a copy. {trial.layer(layer_id).path}: {errors[0].message}"
            )
