"""What the canvas shows of a document while some blocks are folded: which cards, where, and which wires. No Qt.

The document keeps the places of all layers as if nothing were folded. The picture is worked out from it: a folded
block is one card at the head of its layers' area, and the room that its other rows took is closed, but not where
another card stands beside it. So unfolding brings everything back exactly where it was.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field

from cnn_studio.graph.blocks import Block, BlockTree, block_ends
from cnn_studio.graph.document import Link, NetworkDocument
from cnn_studio.graph.edits import CARD_HEIGHT, CARD_WIDTH, STEP
from cnn_studio.graph.layout import FRAME_BOTTOM, FRAME_SIDE, FRAME_TOP, RIGHT_STEP, Direction
from cnn_studio.graph.paths import prefixes

Span = tuple[float, float]


class Squeeze:
    """A coordinate of the document as one of the canvas: ranges that folding emptied are taken out.

    Args:
        emptied: ranges that folding emptied.
        kept: ranges in which cards stand.
    """

    def __init__(self, emptied: Iterable[Span] = (), kept: Iterable[Span] = ()) -> None:
        self._starts: list[float] = []  # of the ranges taken out, in the document
        self._ends: list[float] = []
        self._seams: list[float] = []  # where they were, on the canvas
        self._sums: list[float] = [0.0]
        for low, high in _without(_merged(emptied), _merged(kept)):
            self._seams.append(low - self._sums[-1])
            self._starts.append(low)
            self._ends.append(high)
            self._sums.append(self._sums[-1] + high - low)

    def to_view(self, value: float) -> float:
        """Return where a coordinate of the document is on the canvas."""
        count = bisect_left(self._starts, value)
        if count and value < self._ends[count - 1]:
            return self._seams[count - 1]
        return value - self._sums[count]

    def to_document(self, value: float) -> float:
        """Return a coordinate that is shown at `value`: the one behind the range where one was taken out there."""
        return value + self._sums[bisect_right(self._seams, value)]


def _merged(spans: Iterable[Span]) -> list[Span]:
    found: list[Span] = []
    for low, high in sorted(spans):
        if found and low <= found[-1][1]:
            found[-1] = (found[-1][0], max(high, found[-1][1]))
        elif high > low:
            found.append((low, high))
    return found


def _without(spans: list[Span], holes: list[Span]) -> list[Span]:
    found: list[Span] = []
    n = 0
    for low, high in spans:
        while n < len(holes) and holes[n][1] <= low:
            n += 1
        at = n
        while at < len(holes) and holes[at][0] < high:
            if holes[at][0] > low:
                found.append((low, holes[at][0]))
            low = max(low, holes[at][1])
            at += 1
        if high > low:
            found.append((low, high))
    return found


@dataclass(slots=True)
class Picture:
    """The cards and wires to show.

    Cards have the ids of their layers as keys; those of folded blocks have negative numbers.

    Attributes:
        faces: the card that stands for each layer.
        places: the centre of each card on the canvas.
        folded: the folded blocks by the keys of their cards.
        open: the blocks that are unfolded and show at least two cards, outer ones first, with those cards.
        wires: the links that each wire stands for; a wire is named by the keys of the cards it joins.
        outer: the innermost of the `open` blocks that each card lies in; those in none are left out.
    """

    faces: dict[int, int] = field(default_factory=dict)
    places: dict[int, tuple[float, float]] = field(default_factory=dict)
    folded: dict[int, Block] = field(default_factory=dict)
    open: dict[str, tuple[int, ...]] = field(default_factory=dict)
    wires: dict[Link, tuple[Link, ...]] = field(default_factory=dict)
    outer: dict[int, str] = field(default_factory=dict)
    squeeze: Squeeze = field(default_factory=Squeeze)
    direction: Direction = "down"

    def members(self, key: int) -> tuple[int, ...]:
        """Return the layers that a card stands for."""
        return self.folded[key].members if key in self.folded else (key,)

    def wire_of(self, link: Link) -> Link | None:
        """Return the wire that stands for a link; None if it runs inside of a folded block."""
        source, target = self.faces.get(link.source, link.source), self.faces.get(link.target, link.target)
        if source == link.source and target == link.target:
            return link
        return None if source == target else Link(source, target, 0)

    def to_view(self, x: float, y: float) -> tuple[float, float]:
        """Return where a place of the document is on the canvas."""
        if self.direction == "down":
            return x, self.squeeze.to_view(y)
        return self.squeeze.to_view(x), y

    def to_document(self, x: float, y: float) -> tuple[float, float]:
        """Return the place of the document that is shown at a place of the canvas."""
        if self.direction == "down":
            return x, self.squeeze.to_document(y)
        return self.squeeze.to_document(x), y

    def moved(
        self, document: NetworkDocument, keys: Collection[int], dx: float, dy: float
    ) -> dict[int, tuple[float, float]]:
        """Return where the layers of cards are in the document after their cards were moved on the canvas."""
        along, across = (dy, dx) if self.direction == "down" else (dx, dy)
        axis = 1 if self.direction == "down" else 0
        others = sorted(at[axis] for key, at in self.places.items() if key not in keys)
        found: dict[int, tuple[float, float]] = {}
        for key in keys:
            here = self.places[key][axis]
            by = along
            # past another card, the room that folding took out there is passed too
            if bisect_left(others, max(here, here + along)) > bisect_right(others, min(here, here + along)):
                by = self.squeeze.to_document(here + along) - self.squeeze.to_document(here)
            for layer_id in self.members(key):
                layer = document.layers[layer_id]
                x, y = (across, by) if axis else (by, across)
                found[layer_id] = layer.x + x, layer.y + y
        return found


def name_within(path: str, outer: str) -> str:
    """Return how a layer or block is called inside of the frame of a block that it lies in.

    A number alone would say nothing, so ``layer1.0`` keeps its name in the frame of ``layer1``.
    """
    if not outer:
        return path
    rest = path[len(outer) + 1 :]
    return f"{outer.rpartition('.')[2]}.{rest}" if rest[0].isdigit() else rest


class Folder:
    """Makes the pictures of one canvas; folded blocks keep their keys from one picture to the next."""

    def __init__(self) -> None:
        self._keys: dict[str, int] = {}

    def key_of(self, path: str) -> int:
        """Return the key of a folded block's card."""
        return self._keys.setdefault(path, -len(self._keys) - 1)

    def picture(
        self,
        document: NetworkDocument,
        tree: BlockTree,
        folded: Collection[str],
        direction: Direction = "down",
    ) -> Picture:
        """Return what a document looks like.

        Args:
            document: the network.
            tree: its blocks.
            folded: paths of folded blocks; those that do not exist are ignored.
            direction: where the network runs to.
        """
        faces: dict[int, int] = {}
        picture = Picture(faces, direction=direction)
        shown: dict[str, list[int]] = {path: [] for path in tree}
        keys: dict[str, int] = {}
        for path in tree:
            if path in folded and not any(outer in keys for outer in prefixes(path)):
                block = tree[path]
                key = keys[path] = self.key_of(path)
                picture.folded[key] = block
                faces.update(dict.fromkeys(block.members, key))
        for layer_id, layer in document.layers.items():
            if layer_id not in faces:
                faces[layer_id] = layer_id
                for outer in prefixes(layer.path):
                    shown[outer].append(layer_id)
        for path, key in keys.items():
            for outer in prefixes(path):
                shown[outer].append(key)
        picture.open = {
            path: tuple(cards) for path, cards in shown.items() if path not in keys and len(cards) > 1
        }
        for path, cards in picture.open.items():  # outer ones first
            picture.outer.update(dict.fromkeys(cards, path))
        self._wire(document, picture)
        place(document, picture)
        return picture

    def _wire(self, document: NetworkDocument, picture: Picture) -> None:
        if not picture.folded:
            picture.wires = {link: (link,) for link in document.links()}
            return
        wires: dict[Link, list[Link]] = {}
        for link in document.links():
            wire = picture.wire_of(link)
            if wire is not None:
                wires.setdefault(wire, []).append(link)
        picture.wires = {wire: tuple(links) for wire, links in wires.items()}


def place(document: NetworkDocument, picture: Picture) -> None:
    """Work out anew where the cards of a picture are, after layers were moved."""
    layers = document.layers
    if not picture.folded:
        picture.squeeze = Squeeze()
        picture.places = {layer_id: (layer.x, layer.y) for layer_id, layer in layers.items()}
        return
    is_down = picture.direction == "down"
    half = (CARD_HEIGHT if is_down else CARD_WIDTH) / 2
    gap = (STEP if is_down else RIGHT_STEP) - 2 * half
    places: dict[int, tuple[float, float]] = {}
    emptied: list[Span] = []
    before, behind = (FRAME_TOP, FRAME_BOTTOM) if is_down else (FRAME_SIDE, FRAME_SIDE)
    for key, block in picture.folded.items():
        x, y, end = _head(document, block.members, is_down=is_down)
        places[key] = x, y
        start = y if is_down else x
        # the frames of the block and of those in it are gone as well
        first, last = (
            _frames(document, block, start, is_down=is_down),
            _frames(document, block, end, is_down=is_down),
        )
        emptied.append((start - half - gap - first * before, start - half - gap))
        emptied.append((start + half, end + half + last * behind))
    for layer_id, face in picture.faces.items():
        if layer_id == face:
            layer = layers[layer_id]
            places[layer_id] = layer.x, layer.y
    along = 1 if is_down else 0
    kept = [(at[along] - half - gap, at[along] + half) for at in places.values()]
    picture.squeeze = Squeeze(emptied, kept)
    picture.places = {key: picture.to_view(*at) for key, at in places.items()}


def _head(
    document: NetworkDocument, members: tuple[int, ...], *, is_down: bool
) -> tuple[float, float, float]:
    """Return where a folded block's card is, in the document, and the last row of the block.

    Across the way of the network it stands in line with its result, so that the wires around it run straight.
    """
    layers = [document.layers[layer_id] for layer_id in members]
    results = block_ends(document, members).results
    lead = [document.layers[results[0]]] if len(results) == 1 else layers
    if is_down:
        rows, across = [layer.y for layer in layers], [layer.x for layer in lead]
    else:
        rows, across = [layer.x for layer in layers], [layer.y for layer in lead]
    center = (min(across) + max(across)) / 2
    return (center, min(rows), max(rows)) if is_down else (min(rows), center, max(rows))


def _frames(document: NetworkDocument, block: Block, row: float, *, is_down: bool) -> int:
    """Return how many frames lie around the cards of one row of a block, its own included."""
    layers = (document.layers[layer_id] for layer_id in block.members)
    return (
        max(layer.path.count(".") for layer in layers if (layer.y if is_down else layer.x) == row)
        - block.depth
        + 1
    )
