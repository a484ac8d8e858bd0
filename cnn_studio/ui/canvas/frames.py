"""The frames around all unfolded blocks of a canvas, kept around their cards and wires."""

from __future__ import annotations

from collections.abc import Collection, Container
from typing import TYPE_CHECKING

from cnn_studio.graph.document import Link
from cnn_studio.graph.edits import STEP
from cnn_studio.ui.canvas.card_index import BoxIndex
from cnn_studio.ui.canvas.folding import name_within
from cnn_studio.ui.canvas.frame import FrameItem, frame_box
from cnn_studio.ui.canvas.geometry import Box

if TYPE_CHECKING:
    from cnn_studio.ui.canvas.scene import NetworkScene
    from cnn_studio.ui.canvas.wire import WireItem


_NEAR = 2 * STEP  # a wire from farther away passes other cards before it enters a frame


class Frames:
    """The frames of one scene, by the path of the block."""

    def __init__(self, scene: NetworkScene) -> None:
        self._scene = scene
        self.items: dict[str, FrameItem] = {}
        self._had_frames = False

    def clear(self) -> None:
        """Take all frames away."""
        for item in self.items.values():
            self._scene.removeItem(item)
        self.items.clear()

    def at(self, x: float, y: float) -> FrameItem | None:
        """Return the frame whose mark or name is at a place, the innermost one."""
        found = [item for item in self.items.values() if item.header_at(x, y)]
        return max(found, key=lambda item: item.path.count("."), default=None)

    def follow(self, scene: NetworkScene, keys: Collection[int] | None = None) -> None:
        """Add, remove and fit the frames to the scene's cards as they stand, and clear the texts of wires.

        Args:
            scene: the scene.
            keys: the cards that moved, if nothing else changed.
        """
        self._fit(scene, keys)
        self.clear_labels(scene)

    def _fit(self, scene: NetworkScene, keys: Collection[int] | None) -> None:
        shown = scene.picture.open
        for path in self.items.keys() - shown.keys():
            scene.removeItem(self.items.pop(path))
        if not shown and not self._had_frames:
            return
        self._had_frames = bool(shown)
        if not shown:
            return
        if keys is not None and not any(not set(cards).isdisjoint(keys) for cards in shown.values()):
            return
        for path, box in _boxes(scene).items():
            item = self.items.get(path)
            if item is None:
                item = self.items[path] = FrameItem(path)
                scene.addItem(item)
            item.set_box(box, name_within(path, _outer(path, shown)))

    def clear_labels(self, scene: NetworkScene) -> None:
        """Hide the texts of wires that would stand on the names of frames, or that other wires run through."""
        labels = {link: box for link, wire in scene.wires.items() if (box := wire.label_box) is not None}
        headers = BoxIndex()
        for n, item in enumerate(self.items.values()):
            headers.put_box(n, item.header_box())
        hidden = scene.wiring.crossed(labels)
        for link, box in labels.items():
            scene.wires[link].set_label_shown(link not in hidden and not headers.inside(box))


def _outer(path: str, shown: Container[str]) -> str:
    """Return the innermost block shown around a block; empty if there is none."""
    outer = path.rpartition(".")[0]
    while outer and outer not in shown:
        outer = outer.rpartition(".")[0]
    return outer


def _boxes(scene: NetworkScene) -> dict[str, Box]:
    """Return the frame of each unfolded block: around its cards, the wires between them, and the frames in it."""
    picture, index = scene.picture, scene.index
    shown = picture.open
    inner: dict[str, list[Box]] = {path: [index.box(key) for key in cards] for path, cards in shown.items()}
    outer = picture.outer
    for link, wire in scene.wires.items():
        path = _common(outer.get(link.source, ""), outer.get(link.target, ""))
        if wire.route is not None and wire.route.lane is not None:
            at = wire.pos()
            if path in inner:
                inner[path].append(wire.extent.moved(at.x(), at.y()))
            _take_in(scene, inner, link, wire, path)
    boxes: dict[str, Box] = {}
    for path in reversed(inner):
        lefts, tops, rights, bottoms = zip(*inner[path], strict=True)
        boxes[path] = box = frame_box(Box(min(lefts), min(tops), max(rights), max(bottoms)))
        around = _outer(path, inner)
        if around:
            inner[around].append(box)
    return boxes


def _take_in(
    scene: NetworkScene, inner: dict[str, list[Box]], link: Link, wire: WireItem, common: str
) -> None:
    """Widen the frames that a wire enters from right before them, so that it does not run on their edges.

    A residual block's shortcut is such a wire: it begins at the block before, and runs beside the cards of its own.
    """
    is_down = scene.picture.direction == "down"
    path = scene.picture.outer.get(link.target, "")
    extent, start = wire.extent, scene.index.box(link.source)
    while path and path != common:
        if path in inner:
            first = min(box.top if is_down else box.left for box in inner[path])
            if first - (start.bottom if is_down else start.right) < _NEAR:
                last = scene.index.box(link.target)
                if is_down:
                    inner[path].append(Box(extent.left, last.top, extent.right, last.bottom))
                else:
                    inner[path].append(Box(last.left, extent.top, last.right, extent.bottom))
        path = path.rpartition(".")[0]


def _common(one: str, other: str) -> str:
    """Return the innermost block that two blocks are or lie in; empty if there is none."""
    while one != other:
        if len(one) >= len(other):
            one = one.rpartition(".")[0]
        else:
            other = other.rpartition(".")[0]
    return one
