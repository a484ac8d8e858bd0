"""Blocks: the groups of layers that share a path prefix, with their wires to the outside and their totals.

A block is nothing of its own in the document: ``layer1.0`` is there as long as some path begins with it. Edits of
whole blocks are made in `cnn_studio.graph.block_edits`.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cnn_studio.core.errors import GraphError
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.freeze_tree import stateful
from cnn_studio.graph.paths import prefixes
from cnn_studio.graph.shapes import ShapeReport


@dataclass(frozen=True, slots=True)
class Block:
    """All layers under one path prefix.

    Attributes:
        path: the prefix, such as ``layer1.0``.
        members: ids of all layers under it, at any depth, in the order of the document.
        children: paths of the blocks right under it, in the order of their first layers.
    """

    path: str
    members: tuple[int, ...]
    children: tuple[str, ...]

    @property
    def depth(self) -> int:
        """How deep it lies: 1 for a block that is in no other."""
        return self.path.count(".") + 1

    @property
    def parent(self) -> str | None:
        """Path of the block it lies in, or None."""
        return self.path.rpartition(".")[0] or None


@dataclass(frozen=True, slots=True)
class BlockEnds:
    """The links of a group of layers to layers outside of it.

    Attributes:
        entries: links from outside into members, by member.
        exits: links from members to the outside, by member.
        sources: the layers outside that feed it.
        results: the members that are read outside, or are the network's output, or are read by nobody.
    """

    entries: tuple[Link, ...]
    exits: tuple[Link, ...]
    sources: tuple[int, ...]
    results: tuple[int, ...]

    @property
    def is_closed(self) -> bool:
        """Whether it is like one layer: fed by one layer, with one result."""
        return len(self.sources) == 1 and len(self.results) == 1


@dataclass(frozen=True, slots=True)
class Totals:
    """What the layers of a block come to.

    Attributes:
        num_layers: their number.
        num_params: trainable numbers of the layers whose shapes are known.
        macs: multiply-accumulate operations of those for one image.
        is_complete: whether all shapes are known.
        frozen: how many are frozen of the layers that hold parameters or buffers; of all, if none does.
    """

    num_layers: int
    num_params: int
    macs: int
    is_complete: bool
    frozen: Literal["none", "some", "all"]


class BlockTree(Mapping[str, Block]):
    """The blocks of a document at one moment, by path; outer ones come before those in them."""

    def __init__(self, document: NetworkDocument) -> None:
        self._num_layers = len(document.layers)
        members: dict[str, list[int]] = {}
        children: dict[str, dict[str, None]] = {}
        self._top: dict[str, None] = {}
        for layer in document.layers.values():
            if "." not in layer.path:
                continue
            above = prefixes(layer.path)
            for n, block in enumerate(above):
                if block not in members:
                    members[block] = []
                    children[block] = {}
                    (children[above[n - 1]] if n else self._top)[block] = None
                members[block].append(layer.id)
        self._blocks = {
            path: Block(path, tuple(ids), tuple(children[path]))
            for path, ids in sorted(members.items(), key=lambda item: item[0].count("."))
        }

    def __getitem__(self, path: str) -> Block:
        return self._blocks[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._blocks)

    def __len__(self) -> int:
        return len(self._blocks)

    @property
    def top(self) -> tuple[str, ...]:
        """Paths of the blocks that lie in no other."""
        return tuple(self._top)

    def to_depth(self, depth: int) -> frozenset[str]:
        """Return the blocks to fold so that blocks are seen down to `depth`: 1 shows ``layer1`` as one card.

        Those further in are folded too, so that an outer one that is unfolded shows its blocks. Blocks of one layer
        are left out; folding them would hide a card behind a card.
        """
        found = ((path, block) for path, block in self._blocks.items() if block.depth >= depth)
        return frozenset(path for path, block in found if len(block.members) > 1)

    def to_look_at(self, least: int = 8, most: int = 60) -> frozenset[str]:
        """Return the blocks to fold for a first look: of the depths with `least` to `most` cards the smallest.

        ResNet shows its stages; where all layers lie in one or two outer blocks, as in DenseNet, it shows theirs.
        """
        deepest = max((block.depth for block in self._blocks.values()), default=0)
        for depth in range(1, deepest + 1):
            folded = self.to_depth(depth)
            outermost = [path for path in folded if not any(above in folded for above in prefixes(path))]
            hidden = sum(len(self._blocks[path].members) for path in outermost)
            cards = self._num_layers - hidden + len(outermost)
            if cards > most:
                break
            if cards >= least:
                return folded
        return self.to_depth(1)

    def of_layers(self, ids: Collection[int]) -> tuple[str, ...]:
        """Return the outermost blocks whose layers are all among `ids`."""
        wanted, found = set(ids), list[str]()
        waiting = list(self._top)
        while waiting:
            block = self._blocks[waiting.pop(0)]
            if wanted.issuperset(block.members):
                found.append(block.path)
            else:
                waiting += block.children
        return tuple(found)


def find_block(document: NetworkDocument, path: str) -> Block:
    """Return a block by its path.

    Raises:
        GraphError: there is none.
    """
    if not document.is_block(path):
        raise GraphError(f"There is no block {path!r} in this network.")
    return BlockTree(document)[path]


def block_ends(document: NetworkDocument, members: Collection[int]) -> BlockEnds:
    """Return how a group of layers hangs together with the rest of the network."""
    inside = set(members)
    entries = [
        link for layer_id in members for link in document.inputs_of(layer_id) if link.source not in inside
    ]
    exits = [
        link for layer_id in members for link in document.outputs_of(layer_id) if link.target not in inside
    ]
    read = {link.source for link in exits}
    output = document.info.output
    results = [
        layer_id
        for layer_id in members
        if layer_id in read or layer_id == output or not document.outputs_of(layer_id)
    ]
    sources = dict.fromkeys(link.source for link in entries)
    return BlockEnds(tuple(entries), tuple(exits), tuple(sources), tuple(results))


def totals(report: ShapeReport, members: Collection[int]) -> Totals:
    """Return what a group of layers comes to."""
    params = [report.num_params(layer_id) for layer_id in members]
    macs = [report.macs(layer_id) for layer_id in members]
    held = stateful(report, members)
    frozen = sum(not report.document.layer(layer_id).trainable for layer_id in held)
    return Totals(
        num_layers=len(members),
        num_params=sum(count or 0 for count in params),
        macs=sum(count or 0 for count in macs),
        is_complete=None not in params and None not in macs,
        frozen="none" if not frozen else "all" if frozen == len(held) else "some",
    )
